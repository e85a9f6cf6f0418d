import type { RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { startLongWay } from './long-way.ts';
import { createBody, endConnection, sendAnswer, sendCutAnswer, sendGarbage, sendQueueFull } from './member-answer.ts';
import { startFullBacklog } from './member-backlog.ts';
import type { Fate } from './member-fate.ts';
import { createFates } from './member-fate.ts';
import type { Entry, Journal } from './member-journal.ts';
import { openJournal } from './member-journal.ts';
import type { Delays } from './member-service.ts';
import { createDelays } from './member-service.ts';
import { createWorkers } from './member-workers.ts';
import type { MemberOptions } from './options.ts';

const HOST = '127.0.0.1';

/** The connection time-out of an IIS site by default. */
const KEEP_ALIVE_MS = 120_000;

export type Running = { readonly port: number; stop(): Promise<void> };

/** Sends what fate has settled and writes it down. */
function carryOut(options: MemberOptions, fate: Fate, path: string, response: ServerResponse, entry: Entry): void {
  const socket = response.socket;
  const { ending } = fate;
  const status = 'status' in ending ? ending.status : 200;
  if (socket === null || response.closed) {
    entry.answered(status, true);
    return;
  }
  const memberName = options.memberHeader ? options.name : undefined;
  switch (ending.kind) {
    case 'answer':
      response.once('finish', () => entry.answered(status, false));
      response.once('close', () => entry.answered(status, true));
      sendAnswer(response, status, createBody(path, status, fate.bytes), memberName);
      break;
    case 'cut':
      entry.ended('Connection_Dropped');
      sendCutAnswer(response, { ...ending, body: createBody(path, status, fate.bytes) }, memberName);
      break;
    case 'drop':
      entry.ended('Connection_Abandoned_By_ReqQueue');
      endConnection(socket, ending.by);
      break;
    case 'garbage':
      entry.answered(status, false);
      sendGarbage(socket);
      break;
  }
}

function createHandler(options: MemberOptions, journal: Journal, delays: Delays): RequestListener {
  const fates = createFates(options);
  const workers = createWorkers(options, delays);
  const connections = new WeakMap<Socket, number>();
  let accepted = 0;
  return (request, response) => {
    if (options.connectionHeader === true) {
      const number = connections.get(request.socket) ?? ++accepted;
      connections.set(request.socket, number);
      response.setHeader('X-Connection', `${options.name}-${number}`);
    }
    const [path = '/', ...rest] = (request.url ?? '/').split('?');
    const query = rest.join('?');
    const entry = journal.begin(request, path, query);
    const fate = fates(path, new URLSearchParams(query));
    request.socket.setTimeout(0);
    request.resume();
    const work = (release: () => void): void => {
      delays.after(fate.serviceMs, () => {
        carryOut(options, fate, path, response, entry);
        release();
      });
    };
    if (options.unlimitedPaths?.includes(path) === true) {
      work(() => {});
      return;
    }
    const place = workers.enter(work);
    if (place === undefined) {
      entry.ended('QueueFull', 503);
      sendQueueFull(response);
      return;
    }
    response.once('close', () => {
      // Who leaves while waiting never reaches the application; who leaves later is only noticed at the end of the work.
      if (place.leave()) entry.ended('Client_Reset');
    });
  };
}

/** Idle connections end exactly after the keep-alive time, also those that never sent a request. */
function limitIdling(server: Server, keepAliveMs: number, journal: Journal): void {
  server.keepAliveTimeout = keepAliveMs;
  server.keepAliveTimeoutBuffer = 0;
  server.headersTimeout = 0;
  server.requestTimeout = 0;
  server.on('connection', (socket) => socket.setTimeout(keepAliveMs));
  server.on('timeout', (socket: Socket) => {
    journal.idle(socket);
    socket.destroy();
  });
}

/** Blocks the whole process for `lengthMs` at every multiple of `everyMs` from now, as a collector pause does. */
function startStalls(stall: NonNullable<MemberOptions['stall']>, delays: Delays): void {
  const beginMs = performance.now();
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const next = (round: number): void => {
    const dueMs = beginMs + round * stall.everyMs;
    delays.after(dueMs - performance.now(), () => {
      Atomics.wait(cell, 0, 0, Math.max(0, dueMs + stall.lengthMs - performance.now()));
      setImmediate(next, Math.max(round + 1, Math.ceil((performance.now() - beginMs) / stall.everyMs)));
    });
  };
  next(1);
}

/** Node accepts everything that waits before it does anything else: what one connection costs keeps the next ones waiting in the system's queue. */
function slowDownAccepting(server: Server, acceptMs: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  server.on('connection', () => Atomics.wait(cell, 0, 0, acceptMs));
}

function listen(server: Server, port: number, backlog: number | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: HOST, ...(backlog === undefined ? {} : { backlog }) }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/**
 * Starts a programmable member on the loopback: an HTTP server that behaves, and misbehaves, as its options say, with the
 * logs that IIS would write. `stall` blocks the whole process: start such a member through `member-process.ts`.
 * `stop` breaks off what is under way and resolves when the logs are written. Rejects when the port cannot be had.
 */
export async function startMember(options: MemberOptions): Promise<Running> {
  if (options.fullBacklog === true) return startFullBacklog(options.port, HOST);
  const delays = createDelays();
  const journal = openJournal(options.logFolder);
  const server = createServer({ noDelay: true }, createHandler(options, journal, delays));
  limitIdling(server, options.keepAliveMs ?? KEEP_ALIVE_MS, journal);
  const { oneWayMs, slowAccept } = options;
  if (slowAccept !== undefined) slowDownAccepting(server, slowAccept.acceptMs);
  const ownPort = await listen(server, oneWayMs === undefined ? options.port : 0, slowAccept?.backlog);
  const way =
    oneWayMs === undefined
      ? undefined
      : await startLongWay({ host: HOST, port: options.port, targetPort: ownPort, oneWayMs }).catch((error) => {
          server.close();
          throw error;
        });
  if (options.stall !== undefined) startStalls(options.stall, delays);
  return {
    port: way?.port ?? ownPort,
    stop: async () => {
      delays.stop();
      // Written first: what breaks because we stop is not what the member did.
      await journal.stop();
      await way?.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
