/** Answers from a seed: put together from right and odd parts, then damaged. */
import type { Random } from '../../../src/model/time.ts';
import { SAMPLES } from './corpus.ts';

export type Made = { readonly bytes: Buffer; readonly method: 'GET' | 'HEAD'; readonly cuts: readonly number[] };

const STATUS_LINES = [
  ...[
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK',
    'HTTP/1.1 502 Bad Gateway',
    'HTTP/1.0 200 OK',
    'HTTP/1.1 204 No',
    'HTTP/1.1 304',
  ],
  ...['HTTP/1.1 404 ', 'HTTP/1.1 099 Odd', 'HTTP/2.0 200 OK', 'HTTP/1.1 101 Up', 'HTTP/0.9 200 OK', 'HTTP/1.1 20 OK'],
];
const INTERIM = [
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Hints\r\nLink: a\r\n\r\n',
  'HTTP/1.1 102\r\nContent-Length: 3\r\n\r\n',
];
const HEADERS = [
  ...[
    'Server: x',
    'Date: Sat, 21 Nov 2026 10:00:00 GMT',
    'Set-Cookie: a=1',
    'Set-Cookie: b=2',
    'Connection: close',
    'X-Empty:',
  ],
  ...[
    'Connection: keep-alive, x',
    'Keep-Alive: timeout=5',
    'X-Tab:\ta\t',
    'Transfer-Encoding: gzip',
    'Content-Length: 3',
    'X: a\r\n b',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'transfer-encoding: CHUNKED',
    'Content-Length: 0',
    'X : y',
    'Content-Length: 1e1',
    'Upgrade: h2c',
  ],
];
const EXTENSIONS = ['', '', '', ';a', ';a=b', ';a="b c"', ';', ';a=', ';=', ' ;a', ';a="\\""', ';a;b=c'];
const TRAILERS = [
  '',
  '',
  'X: 1\r\n',
  'X: 1\r\nY: 2\r\n',
  'Content-Length: 1\r\n',
  'X\r\n',
  'Transfer-Encoding: chunked\r\n',
];
/** Bytes that decide something. */
const TELLING = [...'\r\n\r\n\0 \t:;,="\\09afAFxX-+HTP/.1\x7f\x80\xff'].map((one) => one.charCodeAt(0));

export function makeAnswer(random: Random): Made {
  const below = (count: number): number => Math.floor(random.next() * count);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const whole = random.next() < 0.3 ? pick(SAMPLES).text : compose(random, below, pick);
  let bytes: Buffer = Buffer.from(whole, 'latin1');
  // Half of them stay as they are made.
  const damages = random.next() < 0.5 ? 0 : 1 + below(3);
  for (let i = 0; i < damages; i++) bytes = damage(bytes, below, pick);
  const cuts = Array.from({ length: below(4) }, () => below(bytes.length + 1)).sort((a, b) => a - b);
  return { bytes, method: random.next() < 0.9 ? 'GET' : 'HEAD', cuts };
}

function compose(random: Random, below: (count: number) => number, pick: <T>(list: readonly T[]) => T): string {
  let text = random.next() < 0.1 ? pick(INTERIM) : '';
  text += `${random.next() < 0.7 ? 'HTTP/1.1 200 OK' : pick(STATUS_LINES)}\r\n`;
  for (let i = below(4); i > 0; i--) text += `${pick(HEADERS)}\r\n`;
  const body = 'abcdefghij'.repeat(below(4)).slice(below(3));
  const form = below(4);
  if (form === 0) return `${text}\r\n${body}`;
  if (form < 3) return `${text}Content-Length: ${body.length}\r\n\r\n${body}`;
  text += 'Transfer-Encoding: chunked\r\n\r\n';
  for (let i = below(3); i > 0; i--) {
    const part = body.slice(0, 1 + below(body.length));
    if (part !== '') text += `${part.length.toString(16)}${pick(EXTENSIONS)}\r\n${part}\r\n`;
  }
  return `${text}0${pick(EXTENSIONS)}\r\n${pick(TRAILERS)}\r\n${random.next() < 0.1 ? 'more' : ''}`;
}

function damage(bytes: Buffer, below: (count: number) => number, pick: <T>(list: readonly T[]) => T): Buffer {
  const at = below(bytes.length + 1);
  const until = at + below(8);
  switch (below(5)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([pick(TELLING)]), bytes.subarray(at)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([pick(TELLING)]), bytes.subarray(at + 1)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(until)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, until), bytes.subarray(at)]);
    default:
      return bytes.subarray(0, at);
  }
}
