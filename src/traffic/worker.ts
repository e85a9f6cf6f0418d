/** The sending thread: sends what is due when the pacing thread wakes it, and reports every exchange. */
import { parentPort, workerData } from 'node:worker_threads';
import { runChain } from './chain.ts';
import { createClock } from './clock.ts';
import { EMPTY_RESULT, runClosedLoop } from './closed-loop.ts';
import { loadHttp2, numberConnections } from './connection.ts';
import { createDepartureLog } from './departures.ts';
import type { Command, FiringResult, Reply, SenderSetup } from './protocol.ts';
import { createQualityWatch, TICK_MS } from './quality.ts';
import { createSending } from './sending.ts';
import { warmUp } from './warm-up.ts';

const setup = workerData as SenderSetup;
const port = parentPort;
if (port === null) throw new Error('traffic/worker.ts runs as a thread only');
const post = (reply: Reply): void => port.postMessage(reply);

const { place } = setup;
/** Among several threads the gaps between requests are nothing that one of them can judge. */
const departures = place === undefined ? undefined : createDepartureLog();
if (place !== undefined) numberConnections(place.number + 1, place.count);
const quality = createQualityWatch(createClock(setup.epoch), departures);
const sending = createSending(setup, quality);
let blankUs: number | undefined;
/** So many exchanges are told of at once, or those of so many ticks: telling keeps the thread from its answers, a few as long as some. */
const TOLD_TOGETHER = 16;
const TOLD_EVERY_TICKS = 4;

const tellRows = (): void => {
  const rows = sending.takeRows();
  if (rows === undefined) return;
  const reply: Reply = { type: 'rows', rows, inFlight: sending.inFlight() };
  port.postMessage(reply, [rows.values.buffer as ArrayBuffer]);
};
const tellExchanges = (): void => {
  const exchanges = sending.takeFinished();
  quality.seen(exchanges);
  if (exchanges.length > 0) post({ type: 'exchanges', exchanges, inFlight: sending.inFlight() });
};
let ticks = 0;
const timer = setInterval(() => {
  quality.tick();
  tellRows();
  if (++ticks % TOLD_EVERY_TICKS === 0 || sending.untold() >= TOLD_TOGETHER) tellExchanges();
}, TICK_MS);

/** Before it is told to be over, everything of it has been reported. */
function end(firing: number, result: FiringResult): void {
  tellRows();
  tellExchanges();
  const left = departures?.take();
  post({
    type: 'done',
    firing,
    result,
    nextSeq: sending.nextSeq(),
    ...(left === undefined ? {} : { departures: left }),
  });
}

async function obey(command: Command): Promise<void> {
  switch (command.type) {
    case 'fire':
      return end(command.firing, await sending.fire(command));
    case 'closed':
      return end(command.firing, await runClosedLoop(command, setup, sending));
    case 'chain':
      return end(command.firing, await runChain(command, sending));
    case 'prepare':
      await sending.prepare(command.route, command.connections);
      return end(command.firing, EMPTY_RESULT);
    case 'cookies':
      return sending.setCookie(command.route, command.cookie);
    case 'stop':
      return sending.stop(command.reason, command.graceUs);
    case 'quiet':
      return sending.closeIdle();
    case 'close': {
      clearInterval(timer);
      sending.close();
      const blankAfterUs = await warmUp(setup, sending.clock);
      // What the close ended is settled some turns later.
      tellRows();
      tellExchanges();
      const reuse = sending.reuse();
      const measured = {
        ...quality.finish(),
        launched: sending.launched(),
        ...(blankUs === undefined ? {} : { blankUs }),
        ...(blankAfterUs === undefined ? {} : { blankAfterUs }),
        ...(reuse.length === 0 ? {} : { reuse }),
      };
      post({ type: 'closed', quality: measured, histograms: quality.histograms(), stray: sending.stray() });
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
