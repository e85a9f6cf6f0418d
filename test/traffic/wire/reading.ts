/** How our parser and Node's read the same bytes, in one form that can be compared. */
import http from 'node:http';
import { Duplex } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { ParseProblem } from '../../../src/traffic/wire/parse-problem.ts';
import {
  completesAtClose,
  createResponseParser,
  expectAnswer,
  feed,
  headersOf,
  nextEvent,
  type ResponseParser,
} from '../../../src/traffic/wire/response-parser.ts';

export const LIMITS = { maxHeadBytes: 64 * 1024, maxBodyBytes: 1_000_000 };

/** `cut`: the bytes ended before the answer did. */
export type Reading = {
  readonly end: 'complete' | 'cut' | 'problem';
  /** Known once the head was complete. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly bodyBytes?: number;
  readonly bodyDigest?: number;
  readonly problem?: ParseProblem | string;
  /** Our parser only. */
  readonly beyond?: number;
};

/** Feeds the bytes in pieces that end at `cuts`, each through the same buffer that is overwritten afterwards. */
export function readOurs(
  bytes: Buffer,
  method = 'GET',
  cuts: readonly number[] = [],
  parser: ResponseParser = createResponseParser(LIMITS),
): Reading {
  const shared = Buffer.alloc(bytes.length + 1);
  const state = { status: 0, digest: 0, bodyBytes: 0 };
  let headers: Reading['headers'];
  const withHead = (): Partial<Reading> =>
    state.status === 0
      ? {}
      : {
          status: state.status,
          ...(headers === undefined ? {} : { headers }),
          bodyBytes: state.bodyBytes,
          bodyDigest: state.digest,
        };
  feed(parser, shared, 0);
  expectAnswer(parser, method);
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    shared.fill(0xff);
    bytes.copy(shared, 0, from, to);
    feed(parser, shared, to - from);
    from = to;
    for (let event = nextEvent(parser); event !== 'more'; event = nextEvent(parser)) {
      if (event === 'head') state.status = parser.head.status;
      else if (event === 'body') {
        state.bodyBytes += parser.bodyTo - parser.bodyFrom;
        state.digest = crc32(shared.subarray(parser.bodyFrom, parser.bodyTo), state.digest);
      } else if (event === 'end') {
        headers = headersOf(parser);
        return { end: 'complete', ...withHead(), beyond: bytes.length - (to - (parser.to - parser.at)) };
      } else {
        if (state.status > 0) headers = headersOf(parser);
        return { end: 'problem', ...withHead(), problem: parser.problem ?? 'none' };
      }
    }
    // Headers must outlive the chunk they came in.
    if (state.status > 0) {
      shared.fill(0xfe);
      headers = headersOf(parser);
    }
  }
  return { end: completesAtClose(parser) ? 'complete' : 'cut', ...withHead(), beyond: 0 };
}

/** Node's client before a made-up socket that gives the bytes and closes. */
export function readNodes(bytes: Buffer, method = 'GET'): Promise<Reading> {
  return new Promise((resolve) => {
    let given = false;
    const socket = new Duplex({
      read() {
        if (given) return;
        given = true;
        setImmediate(() => {
          this.push(bytes);
          this.push(null);
        });
      },
      write: (_chunk, _encoding, done) => done(),
    });
    let answer: http.IncomingMessage | undefined;
    let digest = 0;
    let bodyBytes = 0;
    let problem: string | undefined;
    const request = http.request({
      method,
      createConnection: () => socket as never,
      insecureHTTPParser: false,
      maxHeaderSize: LIMITS.maxHeadBytes,
    });
    const settle = (): void => {
      const head = answer === undefined ? {} : { status: answer.statusCode ?? 0, bodyBytes, bodyDigest: digest };
      if (answer?.complete === true) resolve({ end: 'complete', ...head, headers: answer.headersDistinct as never });
      else if (problem === undefined || problem === 'ECONNRESET') resolve({ end: 'cut', ...head });
      else resolve({ end: 'problem', ...head, problem });
    };
    request.on('error', (error: NodeJS.ErrnoException) => {
      problem ??= error.code ?? error.message;
    });
    request.on('upgrade', (_response, upgraded) => {
      problem = 'upgrade';
      upgraded.destroy();
    });
    request.on('response', (response) => {
      answer = response;
      response.on('error', (error: NodeJS.ErrnoException) => {
        problem ??= error.code ?? error.message;
      });
      response.on('data', (chunk: Buffer) => {
        bodyBytes += chunk.length;
        digest = crc32(chunk, digest);
      });
    });
    // The socket closes last, whatever happened; what is read but not yet given out follows within two turns.
    request.on('close', () => setImmediate(() => setImmediate(settle)));
    request.end();
  });
}
