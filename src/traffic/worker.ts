/** The sending thread: sends what is due when the pacing thread wakes it, and reports every exchange. */
import { parentPort, workerData } from 'node:worker_threads';
import { runChain } from './chain.ts';
import { createClock } from './clock.ts';
import { EMPTY_RESULT, runClosedLoop } from './closed-loop.ts';
import { loadHttp2 } from './connection.ts';
import type { Command, Reply, SenderSetup } from './protocol.ts';
import { createQualityWatch } from './quality.ts';
import { createSending } from './sending.ts';
import { warmUp } from './warm-up.ts';

const setup = workerData as SenderSetup;
const port = parentPort;
if (port === null) throw new Error('traffic/worker.ts runs as a thread only');
const post = (reply: Reply): void => port.postMessage(reply);

/** How often exchanges go to the main thread: seldom enough to cost little, often enough for live progress and abort rules. */
const FLUSH_MS = 25;

const quality = createQualityWatch(createClock(setup.epoch));
const sending = createSending(setup, quality);
let blankUs: number | undefined;
const flush = (): void => {
  const exchanges = sending.takeFinished();
  const rows = sending.takeRows();
  quality.seen(exchanges);
  if (rows !== undefined) {
    const reply: Reply = { type: 'rows', rows, inFlight: sending.inFlight() };
    port.postMessage(reply, [rows.values.buffer as ArrayBuffer]);
  }
  if (exchanges.length > 0) post({ type: 'exchanges', exchanges, inFlight: sending.inFlight() });
};
const flushTimer = setInterval(flush, FLUSH_MS);

async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case 'fire': {
      const result = await sending.fire(command);
      flush();
      return post({ type: 'done', firing: command.firing, result });
    }
    case 'closed': {
      const result = await runClosedLoop(command, setup, sending);
      flush();
      return post({ type: 'done', firing: command.firing, result });
    }
    case 'chain': {
      const result = await runChain(command, sending);
      flush();
      return post({ type: 'done', firing: command.firing, result });
    }
    case 'prepare':
      await sending.prepare(command.route, command.connections);
      return post({ type: 'done', firing: command.firing, result: EMPTY_RESULT });
    case 'cookies':
      return sending.setCookie(command.route, command.cookie);
    case 'stop':
      return sending.stop(command.reason, command.graceUs);
    case 'quiet':
      return sending.closeIdle();
    case 'close': {
      clearInterval(flushTimer);
      sending.close();
      const blankAfterUs = await warmUp(setup, sending.clock);
      // What the close ended is settled some turns later.
      flush();
      const reuse = sending.reuse();
      const measured = {
        ...quality.finish(),
        launched: sending.launched(),
        ...(blankUs === undefined ? {} : { blankUs }),
        ...(blankAfterUs === undefined ? {} : { blankAfterUs }),
        ...(reuse.length === 0 ? {} : { reuse }),
      };
      post({ type: 'closed', quality: measured, stray: sending.stray() });
      return port?.close();
    }
    default:
      command satisfies never;
  }
}

const crash = (error: unknown): void =>
  post({ type: 'crash', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
port.on('message', (command: Command) => obey(command).catch(crash));
process.on('uncaughtException', crash);
// The pacing thread takes some tens of ms to start: what was due before would leave late.
const http2 = setup.routes.some(({ target }) => target.http === 2) ? loadHttp2() : undefined;
[blankUs] = await Promise.all([warmUp(setup, sending.clock), sending.ready, http2]);
post({ type: 'ready' });
