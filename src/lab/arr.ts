/**
 * A gateway that behaves towards the outside as IIS Application Request Routing does: its headers, its timers and error
 * pages, its log. It is an emulator, made from documentation and logs, not ARR itself.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createRotation, type FarmServer, type Rotation } from './arr-farm.ts';
import { detailedPage, FAILURES, type Failure, shortPage } from './arr-pages.ts';
import { type LogFile, openW3cLog, w3cValues } from './iis-log.ts';
import type { GatewayOptions } from './options.ts';

/** ARR and http.sys keep a client's idle connection for two minutes. */
const CLIENT_KEEP_ALIVE_MS = 120_000;
/** Headers that belong to one connection (RFC 9110 §7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'upgrade',
  'transfer-encoding',
]);
/** win32 code of a client that has left (ERROR_NETNAME_DELETED). */
const CLIENT_GONE = 64;

type Handling = {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly logId: string;
  readonly beganMs: number;
};
type LogResult = {
  readonly status: number;
  readonly substatus: number;
  readonly win32Status: number;
  readonly serverStatus?: number;
};

export async function startGateway(options: GatewayOptions): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const rotation = createRotation(options);
  const log = options.logFolder === undefined ? undefined : openW3cLog(options.logFolder);
  const server = http.createServer({ keepAliveTimeout: CLIENT_KEEP_ALIVE_MS }, (request, response) => {
    handle({ request, response, logId: randomUUID(), beganMs: performance.now() }, options, rotation, log);
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      rotation.stop();
      server.close();
      server.closeAllConnections();
      await log?.close();
    },
  };
}

async function handle(
  handling: Handling,
  options: GatewayOptions,
  rotation: Rotation,
  log: LogFile | undefined,
): Promise<void> {
  const { request, response } = handling;
  // A client that leaves is logged as such; the error itself is of no interest.
  response.on('error', () => {});
  const server = rotation.choose(request.headers.cookie);
  if (server === undefined) return refuse(handling, FAILURES.noServer, options, log);
  await rotation.enter(server);
  const result = await forward(handling, server, options);
  rotation.leave(server);
  if ('failure' in result) refuse(handling, result.failure, options, log);
  else write(handling, log, result);
}

function refuse(handling: Handling, failure: Failure, options: GatewayOptions, log: LogFile | undefined): void {
  const { request, response } = handling;
  const page = options.errorPages === 'detailed' ? detailedPage(failure, request.url ?? '/') : shortPage();
  if (!response.destroyed) {
    response.writeHead(502, {
      'Content-Type': page.contentType,
      Server: 'Microsoft-IIS/10.0',
      'X-Powered-By': 'ARR/3.0',
      'Content-Length': page.body.length,
    });
    response.end(page.body);
  }
  write(handling, log, { status: 502, substatus: failure.substatus, win32Status: failure.winHttp });
}

type Forwarded = LogResult | { readonly failure: Failure };

/** One try on one member: ARR does not ask another one after a failure. */
function forward(
  { request, response, logId }: Handling,
  server: FarmServer,
  options: GatewayOptions,
): Promise<Forwarded> {
  const { timers } = options;
  return new Promise((resolve) => {
    const beganMs = performance.now();
    let failure: Failure | undefined;
    let answer: http.IncomingMessage | undefined;
    const upstream = http.request({
      host: server.host,
      port: server.port,
      method: request.method,
      path: request.url,
      headers: forwardedHeaders(request, logId),
      agent: server.agent,
    });
    const giveUp = (): void => {
      failure = FAILURES.timeout;
      upstream.destroy();
      answer?.destroy();
    };
    let timer = setTimeout(giveUp, timers.connectMs);
    const rearm = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, ms);
    };
    const settle = (result: Forwarded): void => {
      clearTimeout(timer);
      resolve(result);
    };
    upstream.on('socket', (socket: Socket) => {
      if (!socket.connecting) rearm(timers.responseMs);
      else socket.once('connect', () => rearm(timers.responseMs));
    });
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      if (answer !== undefined) return;
      const known = failure ?? failureOf(error);
      // WinHTTP repeats a refused SYN: the answer comes about a second later.
      const restMs = known === FAILURES.refused ? options.refusedMs - (performance.now() - beganMs) : 0;
      clearTimeout(timer);
      setTimeout(() => settle({ failure: known }), Math.max(0, restMs));
    });
    upstream.on('response', (received) => {
      answer = received;
      rearm(timers.responseMs);
      response.writeHead(received.statusCode ?? 502, answerHeaders(received, server, options));
      received.on('data', (chunk: Buffer) => {
        rearm(timers.responseMs);
        response.write(chunk);
      });
      received.on('end', () => {
        if (!received.complete) return;
        response.end();
        const status = received.statusCode ?? 0;
        settle({ status, substatus: 0, win32Status: 0, serverStatus: status });
      });
      received.on('close', () => {
        if (received.complete) return;
        // What the member cut is cut for the client as well.
        response.destroy();
        settle({
          status: received.statusCode ?? 502,
          substatus: 0,
          win32Status: (failure ?? FAILURES.invalid).winHttp,
          serverStatus: received.statusCode ?? 0,
        });
      });
      received.on('error', () => {});
    });
    response.on('close', () => {
      if (!response.writableEnded) upstream.destroy();
    });
    request.pipe(upstream);
  });
}

function failureOf(error: NodeJS.ErrnoException): Failure {
  if (error.code === 'ECONNREFUSED') return FAILURES.refused;
  if (error.code === 'ETIMEDOUT' || error.code === 'EHOSTUNREACH') return FAILURES.timeout;
  return error.code?.startsWith('HPE_') === true ? FAILURES.invalid : FAILURES.dropped;
}

function forwardedHeaders(request: http.IncomingMessage, logId: string): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(request.headers))
    if (!HOP_BY_HOP.has(name) && value !== undefined) headers[name] = value;
  const client = `${request.socket.remoteAddress}:${request.socket.remotePort}`;
  const before = request.headers['x-forwarded-for'];
  headers['x-forwarded-for'] = before === undefined ? client : `${String(before)}, ${client}`;
  headers['max-forwards'] = '10';
  headers['x-arr-ssl'] = '';
  headers['x-arr-log-id'] = logId;
  headers['x-original-url'] = request.url ?? '/';
  return headers;
}

function answerHeaders(
  received: http.IncomingMessage,
  server: FarmServer,
  options: GatewayOptions,
): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(received.headers))
    if (!HOP_BY_HOP.has(name) && value !== undefined) headers[name] = value;
  headers['server'] = 'Microsoft-IIS/10.0';
  headers['x-powered-by'] = 'ARR/3.0';
  if (options.affinity)
    headers['set-cookie'] = [
      ...(received.headers['set-cookie'] ?? []),
      `ARRAffinity=${server.affinity};Path=/;Domain=127.0.0.1`,
    ];
  return headers;
}

/** ARR appends its marks to the query in its own log; SERVER-STATUS is missing where no member answered. */
function write({ request, response, logId, beganMs }: Handling, log: LogFile | undefined, result: LogResult): void {
  if (log === undefined) return;
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  const marks = [
    query,
    'X-ARR-CACHE-HIT=0',
    `X-ARR-LOG-ID=${logId}`,
    ...(result.serverStatus === undefined ? [] : [`SERVER-STATUS=${result.serverStatus}`]),
  ];
  const gone = request.socket.destroyed && !response.writableFinished;
  log.write(
    w3cValues({
      method: request.method ?? 'GET',
      path,
      query: marks.filter((mark) => mark !== '').join('&'),
      serverPort: request.socket.localPort ?? 80,
      clientIp: request.socket.remoteAddress ?? '-',
      userAgent: request.headers['user-agent'],
      referer: request.headers.referer,
      status: result.status,
      substatus: result.substatus,
      win32Status: gone ? CLIENT_GONE : result.win32Status,
      bytesSent: gone ? 0 : request.socket.bytesWritten,
      bytesReceived: request.socket.bytesRead,
      takenMs: performance.now() - beganMs,
    }),
  );
}
