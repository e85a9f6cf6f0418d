/**
 * A gateway that behaves towards the outside as IIS Application Request Routing does: its headers, its timers and error
 * pages, its log. It is an emulator, made from documentation and logs, not ARR itself.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRotation, type FarmServer, type Rotation } from './arr-farm.ts';
import { forward, type Outcome } from './arr-forwarding.ts';
import { GATEWAY_MARKS } from './arr-headers.ts';
import { type GatewayLog, type LogResult, openGatewayLog } from './arr-log.ts';
import { detailedPage, FAILURES, type Failure, shortPage } from './arr-pages.ts';
import type { GatewayOptions } from './options.ts';

/** http.sys keeps a client's idle connection for two minutes. */
const CLIENT_KEEP_ALIVE_MS = 120_000;

/**
 * Starts the gateway on the loopback. `stop` writes the log, breaks off what is under way and resolves when all connections are
 * closed. Rejects when the port cannot be had; `stop` rejects when the log could not be written.
 */
export async function startGateway(options: GatewayOptions): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = http.createServer({ keepAliveTimeout: CLIENT_KEEP_ALIVE_MS, keepAliveTimeoutBuffer: 0 });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const rotation = createRotation(options);
  const log = openGatewayLog(options.logFolder);
  server.on('request', (request, response) => {
    handle(request, response, options, rotation, log);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      // Written first: what breaks because we stop says nothing about the farm.
      await log.stop().finally(() => {
        server.closeAllConnections();
        rotation.stop();
      });
      await closed;
    },
  };
}

async function handle(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  options: GatewayOptions,
  rotation: Rotation,
  log: GatewayLog,
): Promise<void> {
  const logId = randomUUID();
  const write = log.begin(request, logId);
  const closed = new Promise((resolve) => response.once('close', resolve));
  // A client that leaves is seen by `close`; the error itself is of no interest.
  response.on('error', () => {});
  const server = rotation.choose(request.headers.cookie);
  const outcome: Outcome =
    server === undefined
      ? { kind: 'failed', failure: FAILURES.noServer }
      : await forwardInTurn(request, response, logId, server, options, rotation);
  if (outcome.kind === 'failed') sendErrorPage(request, response, outcome.failure, options);
  // A cut answer is over at once; its connection lasts until the client has seen it.
  if (outcome.kind !== 'cut') await closed;
  write(logResult(outcome, outcome.kind !== 'cut' && !response.writableFinished));
}

async function forwardInTurn(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  logId: string,
  server: FarmServer,
  options: GatewayOptions,
  rotation: Rotation,
): Promise<Outcome> {
  if (!(await rotation.enter(server, response))) return { kind: 'client-left', status: undefined };
  try {
    const isPinned = request.headers.cookie?.includes(server.affinity) === true;
    const cookie = options.affinity && !isPinned ? affinityCookie(server, request.headers.host) : undefined;
    return await forward({ request, response, logId, cookie }, server, options);
  } finally {
    rotation.leave(server);
  }
}

function affinityCookie({ affinity }: FarmServer, host = '127.0.0.1'): string {
  return `ARRAffinity=${affinity};Path=/;Domain=${host.replace(/:\d+$/, '')}`;
}

function sendErrorPage(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  failure: Failure,
  { errorPages }: GatewayOptions,
): void {
  if (response.destroyed) return;
  const { contentType, body } =
    errorPages === 'detailed' ? detailedPage(failure, request.url ?? '/', request.headers.host) : shortPage();
  response.removeHeader('Connection');
  const headers = ['Content-Type', contentType, ...GATEWAY_MARKS, 'Content-Length', String(body.length)];
  response.writeHead(502, 'Bad Gateway', headers);
  response.end(body);
}

function logResult(outcome: Outcome, clientLeft: boolean): LogResult {
  switch (outcome.kind) {
    case 'answered':
      return { status: outcome.status, substatus: 0, win32Status: 0, serverStatus: outcome.status, clientLeft };
    case 'cut': {
      // The status had been sent before the answer broke off.
      const { status, failure } = outcome;
      return { status, substatus: 0, win32Status: failure.winHttp, serverStatus: status, clientLeft };
    }
    case 'failed': {
      const { substatus, winHttp } = outcome.failure;
      return { status: 502, substatus, win32Status: winHttp, serverStatus: undefined, clientLeft };
    }
    case 'client-left': {
      const { status } = outcome;
      const sent = status === undefined ? { status: 502, substatus: 3 } : { status, substatus: 0 };
      return { ...sent, win32Status: 0, serverStatus: status, clientLeft: true };
    }
  }
}
