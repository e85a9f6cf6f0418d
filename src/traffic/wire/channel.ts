/** What one connection receives, and who is asking on it at the moment. */
import type net from 'node:net';
import type { TLSSocket } from 'node:tls';
import { closedError, parseError } from '../failure.ts';
import { describeProblem, limitOf } from './parse-problem.ts';
import {
  bytesBeyond,
  completesAtClose,
  createResponseParser,
  expectAnswer,
  feed,
  headStart,
  isOnlyInterim,
  nextEvent,
  type ParserLimits,
  type ResponseParser,
  staysOpen,
} from './response-parser.ts';

/** Called while an answer arrives. Exactly one of `onEnd` and `onFailed` is the last. */
export type AnswerHandler = {
  /** Before all else, as soon as something was read: so many bytes, or none when the other side closed in order. */
  onRead(bytes: number): void;
  /** What was read was no part of the answer: an interim one (1xx), whole. */
  onInterim(): void;
  /** Headers may be read from the parser until `onEnd` or `onFailed` has returned. */
  onHead(status: number): void;
  /** The bytes are overwritten once it has returned. */
  onBody(bytes: Buffer, from: number, to: number): void;
  onEnd(): void;
  onFailed(error: unknown): void;
};

/** Mutable. */
export type Channel = {
  readonly socket: net.Socket;
  readonly parser: ResponseParser;
  handler: AnswerHandler | undefined;
  /** No request may follow: the answer said so, or did not end where its framing says, or bytes came that nobody had asked for. */
  isSpent: boolean;
  /** A long request is still on its way out: an answer may come before. */
  isSending: boolean;
  /** Bytes received while nobody was asking, or behind the end of an answer. */
  strayBytes: number;
  /** Told of these bytes as they come. */
  onStray: ((bytes: number, isBehindAnswer: boolean) => void) | undefined;
};

/** Where a plain socket puts what it reads. */
export type Inlet = { channel: Channel | undefined };

/** As much as the system hands over in one read. */
const READ_BYTES = 64 * 1024;
/** The least that a system keeps for sending: 16 KiB by default on Linux, more elsewhere (tcp(7), tcp_wmem). */
export const SEND_BUFFER_BYTES = 16 * 1024;
/** All plain sockets of the thread read into the same room: what is in it is used up before the next read. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** For `net.connect`: reading without streams and without making anything. */
export function inletOption(inlet: Inlet): net.OnReadOpts {
  return {
    buffer: shared,
    callback: (length, bytes) => {
      if (inlet.channel !== undefined) takeChunk(inlet.channel, bytes as Buffer, length);
      return true;
    },
  };
}

/** For a connected socket. With an inlet it reads by that, else (TLS, or behind a forward proxy) as a stream. */
export function createChannel(socket: net.Socket | TLSSocket, inlet: Inlet | undefined, limits: ParserLimits): Channel {
  const channel: Channel = {
    socket,
    parser: createResponseParser(limits),
    handler: undefined,
    isSpent: false,
    isSending: false,
    strayBytes: 0,
    onStray: undefined,
  };
  if (inlet === undefined) socket.on('data', (chunk: Buffer) => takeChunk(channel, chunk, chunk.length)).resume();
  else inlet.channel = channel;
  socket.on('end', () => takeEnd(channel));
  socket.on('error', (error) => stop(channel)?.onFailed(error));
  socket.on('close', () => stop(channel)?.onFailed(closedError()));
  return channel;
}

/** Sends a request with one write; the handler hears of the answer. `onWritten` is called later where a body goes out. */
export function ask(
  channel: Channel,
  request: string | Buffer,
  method: string,
  handler: AnswerHandler,
  onWritten: () => void,
): void {
  const { socket, parser } = channel;
  expectAnswer(parser, method);
  channel.handler = handler;
  // Without a body it fits into the system's buffer: it is there when `write` returns.
  if (typeof request === 'string') socket.write(request, 'latin1');
  else {
    // TLS tells a turn of the loop later that something was written; for what the buffer holds that is of no interest.
    channel.isSending = request.length > SEND_BUFFER_BYTES;
    socket.write(request, () => {
      channel.isSending = false;
      onWritten();
    });
  }
}

/** The same for bytes that the caller writes over for its next request: no more than `SEND_BUFFER_BYTES`, and only when the last one is out. */
export function askAgain(channel: Channel, request: Buffer, method: string, handler: AnswerHandler): void {
  expectAnswer(channel.parser, method);
  channel.handler = handler;
  channel.socket.write(request);
}

/** Nobody is interested in the rest any more. */
export function forget(channel: Channel): void {
  channel.handler = undefined;
  channel.isSpent = true;
}

function stop(channel: Channel): AnswerHandler | undefined {
  const { handler } = channel;
  channel.handler = undefined;
  return handler;
}

function takeChunk(channel: Channel, bytes: Buffer, length: number): void {
  const { parser, handler } = channel;
  if (handler === undefined) {
    takeStray(channel, length, false);
    channel.isSpent = true;
    return;
  }
  handler.onRead(length);
  feed(parser, bytes, length);
  // The handler may end the exchange at any of these.
  while (channel.handler === handler) {
    switch (nextEvent(parser)) {
      case 'head':
        handler.onHead(parser.head.status);
        break;
      case 'body':
        handler.onBody(bytes, parser.bodyFrom, parser.bodyTo);
        break;
      case 'end':
        takeAnswered(channel);
        return;
      case 'problem':
        takeProblem(channel);
        return;
      default:
        if (isOnlyInterim(parser)) handler.onInterim();
        return;
    }
  }
}

function takeStray(channel: Channel, bytes: number, isBehindAnswer: boolean): void {
  channel.strayBytes += bytes;
  channel.onStray?.(bytes, isBehindAnswer);
}

function takeAnswered(channel: Channel): void {
  const { parser } = channel;
  const beyond = bytesBeyond(parser);
  if (beyond > 0) takeStray(channel, beyond, true);
  if (beyond > 0 || !staysOpen(parser)) channel.isSpent = true;
  stop(channel)?.onEnd();
}

function takeProblem(channel: Channel): void {
  const { parser } = channel;
  const { problem } = parser;
  channel.isSpent = true;
  if (problem === undefined) return;
  const began = problem === 'not-http' ? headStart(parser) : undefined;
  stop(channel)?.onFailed(parseError(describeProblem(problem), limitOf(problem), began));
}

/** The other side closed in order. */
function takeEnd(channel: Channel): void {
  channel.isSpent = true;
  const handler = stop(channel);
  if (handler === undefined) return;
  handler.onRead(0);
  if (completesAtClose(channel.parser)) handler.onEnd();
  else handler.onFailed(closedError());
}
