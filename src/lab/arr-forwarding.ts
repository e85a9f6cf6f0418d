/** One request on its way to one member and back: ARR does not ask another one after a failure. */
import http from 'node:http';
import { isIP, type Socket } from 'node:net';
import { createDeadline, type Deadline } from './arr-deadline.ts';
import type { FarmServer } from './arr-farm.ts';
import { clientHeaders, memberHeaders } from './arr-headers.ts';
import { FAILURES, type Failure } from './arr-pages.ts';
import type { GatewayOptions } from './options.ts';

/** maxResponseHeaderSize of ARR by default. */
const MAX_HEADER_BYTES = 65_536;

/** How it ended. What has begun to answer has a status. */
export type Outcome =
  | { readonly kind: 'answered'; readonly status: number }
  /** Nothing was sent to the client yet. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** The member's answer broke off, and so did ours. */
  | { readonly kind: 'cut'; readonly status: number; readonly failure: Failure }
  | { readonly kind: 'client-left'; readonly status: number | undefined };

export type Forwarding = {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly logId: string;
  /** `Set-Cookie` of the gateway for this answer. */
  readonly cookie: string | undefined;
};

/** Sends the request on, and passes the answer to the client as it comes. Never rejects. */
export function forward(forwarding: Forwarding, server: FarmServer, options: GatewayOptions): Promise<Outcome> {
  const { request, response, logId } = forwarding;
  return new Promise((resolve) => {
    const beganMs = performance.now();
    const { host, port, agent } = server;
    const { method, url: path } = request;
    const headers = memberHeaders(request, logId);
    const upstream = http.request({ host, port, method, path, headers, agent, maxHeaderSize: MAX_HEADER_BYTES });
    let answer: http.IncomingMessage | undefined;
    let failure: Failure | undefined;
    const deadline = createDeadline(() => {
      // Only the rest of a refused connect is waited for after a failure.
      if (failure !== undefined) return settle({ kind: 'failed', failure });
      failure = FAILURES.timeout;
      upstream.destroy(new Error(failure.text));
    });
    const settle = (outcome: Outcome): void => {
      deadline.end();
      response.off('close', leave);
      if (!upstream.writableFinished) {
        request.removeAllListeners('data').resume();
        upstream.destroy();
      }
      resolve(outcome);
    };
    const leave = (): void => {
      upstream.destroy();
      settle({ kind: 'client-left', status: answer?.statusCode });
    };
    response.once('close', leave);
    upstream.on('socket', (socket: Socket) => {
      watchConnect(socket, host, deadline, options, () => {
        send(request, upstream, deadline, options, () => answer === undefined);
      });
    });
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      if (answer !== undefined) return;
      failure ??= failureOf(error);
      // WinHTTP repeats a refused SYN: the answer comes about a second later.
      const restMs = failure === FAILURES.refused ? options.refusedMs - (performance.now() - beganMs) : 0;
      if (restMs > 0) deadline.set(restMs);
      else settle({ kind: 'failed', failure });
    });
    upstream.on('response', (received) => {
      answer = received;
      passOn(received, forwarding, deadline, options, (isComplete) => {
        const status = received.statusCode ?? 0;
        settle(
          isComplete ? { kind: 'answered', status } : { kind: 'cut', status, failure: failure ?? FAILURES.invalid },
        );
      });
    });
  });
}

/** Sets the timers of the name and of the connect, neither of which a pooled connection needs. */
function watchConnect(
  socket: Socket,
  host: string,
  deadline: Deadline,
  { timers }: GatewayOptions,
  connected: () => void,
): void {
  if (!socket.connecting) {
    connected();
    return;
  }
  deadline.set(isIP(host) === 0 ? timers.resolveMs : timers.connectMs);
  socket.once('lookup', () => deadline.set(timers.connectMs));
  socket.once('connect', connected);
}

/** The send timer runs while the member does not take what we have, not while the client is slow to send; the response timer follows. */
function send(
  request: http.IncomingMessage,
  upstream: http.ClientRequest,
  deadline: Deadline,
  { timers }: GatewayOptions,
  isAwaited: () => boolean,
): void {
  deadline.clear();
  request.on('data', (chunk: Buffer) => {
    if (upstream.write(chunk)) return;
    request.pause();
    if (isAwaited()) deadline.set(timers.sendMs);
  });
  upstream.on('drain', () => {
    request.resume();
    if (isAwaited()) deadline.clear();
  });
  upstream.once('finish', () => {
    if (isAwaited()) deadline.set(timers.responseMs);
  });
  const end = (): void => {
    if (isAwaited()) deadline.set(timers.sendMs);
    upstream.end();
  };
  if (request.readableEnded) end();
  else request.once('end', end);
}

/** The response timer runs for each read, but not while the client is slow to take what we have. */
function passOn(
  received: http.IncomingMessage,
  { response, cookie }: Forwarding,
  deadline: Deadline,
  { timers }: GatewayOptions,
  done: (isComplete: boolean) => void,
): void {
  deadline.set(timers.responseMs);
  // http.sys does not announce that it keeps connections, nor for how long.
  response.removeHeader('Connection');
  response.writeHead(received.statusCode ?? 0, received.statusMessage, clientHeaders(received, cookie));
  response.on('drain', () => {
    deadline.set(timers.responseMs);
    received.resume();
  });
  received.on('data', (chunk: Buffer) => {
    deadline.set(timers.responseMs);
    if (response.write(chunk)) return;
    deadline.clear();
    received.pause();
  });
  received.on('error', () => {});
  received.on('close', () => {
    if (received.complete) response.end();
    // What has been received is sent, then the connection ends in the middle of the answer.
    else response.req.socket.destroySoon();
    done(received.complete);
  });
}

function failureOf({ code = '' }: NodeJS.ErrnoException): Failure {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return FAILURES.noName;
    case 'ECONNREFUSED':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return FAILURES.refused;
    case 'ETIMEDOUT':
      return FAILURES.timeout;
    default:
      return code.startsWith('HPE_') ? FAILURES.invalid : FAILURES.dropped;
  }
}
