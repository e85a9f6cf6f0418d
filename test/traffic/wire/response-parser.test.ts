import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crc32 } from 'node:zlib';
import {
  bytesBeyond,
  createResponseParser,
  expectAnswer,
  feed,
  headerOf,
  headersOf,
  nextEvent,
  staysOpen,
} from '../../../src/traffic/wire/response-parser.ts';
import { LARGE_SAMPLES, SAMPLES, type Sample } from './corpus.ts';
import { disagreement } from './differences.ts';
import { LIMITS, type Reading, readNodes, readOurs } from './reading.ts';

function assertReading(reading: Reading, { complete, cut, problem, name }: Sample): void {
  const text = JSON.stringify(reading);
  if (problem !== undefined) {
    assert.deepEqual([reading.end, reading.problem], ['problem', problem], `${name}: ${text}`);
    return;
  }
  const body = complete ?? cut;
  assert.equal(reading.end, complete === undefined ? 'cut' : 'complete', `${name}: ${text}`);
  if (body === null || body === undefined) assert.equal(reading.status, undefined, `${name}: ${text}`);
  else assert.deepEqual([reading.bodyBytes, reading.bodyDigest], [body.length, crc32(body)], `${name}: ${text}`);
}

describe('the parser', () => {
  for (const sample of [...SAMPLES, ...LARGE_SAMPLES]) {
    const ending = sample.problem ?? (sample.complete === undefined ? 'cut' : 'complete');
    test(`${sample.name}: ${ending}; Node's agrees or is known to be laxer`, async () => {
      const bytes = Buffer.from(sample.text, 'latin1');
      const ours = readOurs(bytes, sample.method);
      assertReading(ours, sample);
      assert.equal(disagreement(ours, await readNodes(bytes, sample.method), sample.text), undefined);
    });
  }

  test('cut anywhere, every sample reads the same', () => {
    const parser = createResponseParser(LIMITS);
    for (const { text, method, name } of SAMPLES.filter((sample) => sample.text.length < 2_000)) {
      const bytes = Buffer.from(text, 'latin1');
      const whole = readOurs(bytes, method);
      for (let cut = 0; cut <= bytes.length; cut++)
        assert.deepEqual(readOurs(bytes, method, [cut], parser), whole, `${name}, cut at ${cut}`);
      const everywhere = Array.from(bytes.keys());
      assert.deepEqual(readOurs(bytes, method, everywhere, parser), whole, `${name}, byte by byte`);
    }
  });

  test('cut into pieces of odd sizes, large samples read the same', () => {
    for (const { text, name } of LARGE_SAMPLES) {
      const bytes = Buffer.from(text, 'latin1');
      const whole = readOurs(bytes);
      for (const size of [1_021, 4_099, 65_536]) {
        const cuts = Array.from({ length: Math.floor(bytes.length / size) }, (_, i) => (i + 1) * size);
        assert.deepEqual(readOurs(bytes, 'GET', cuts), whole, `${name}, every ${size} bytes`);
      }
    }
  });
});

describe('headers', () => {
  const text = 'HTTP/1.1 200 OK\r\nX-One:  a b \t\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nX-\u00fc: no\r\n';
  const right = `${text.replace(/X-\u00fc.*\r\n/, '')}X-Word: gr\u00fcn\r\n__proto__: x\r\nContent-Length: 2\r\n\r\nok`;
  const bytes = Buffer.from(right, 'utf8');

  test('are read by name, whatever their case; repeated ones as a list, text as UTF-8', () => {
    const parser = createResponseParser(LIMITS);
    expectAnswer(parser, 'GET');
    feed(parser, bytes, bytes.length);
    assert.equal(nextEvent(parser), 'head');
    assert.equal(headerOf(parser, 'x-one'), 'a b');
    assert.deepEqual(headerOf(parser, 'set-cookie'), ['a=1', 'b=2']);
    assert.equal(headerOf(parser, 'x-word'), 'gr\u00fcn');
    assert.equal(headerOf(parser, 'x-on'), undefined);
    assert.deepEqual(Object.entries(headersOf(parser)), [
      ['x-one', 'a b'],
      ['set-cookie', ['a=1', 'b=2']],
      ['x-word', 'gr\u00fcn'],
      ['__proto__', 'x'],
      ['content-length', '2'],
    ]);
  });

  test('outlive the bytes they came in until the answer is at its end', () => {
    const parser = createResponseParser(LIMITS);
    const shared = Buffer.alloc(bytes.length);
    expectAnswer(parser, 'GET');
    bytes.copy(shared, 0, 0, bytes.length - 1);
    feed(parser, shared, bytes.length - 1);
    assert.deepEqual([nextEvent(parser), nextEvent(parser), nextEvent(parser)], ['head', 'body', 'more']);
    shared.fill(0);
    bytes.copy(shared, 0, bytes.length - 1);
    feed(parser, shared, 1);
    assert.deepEqual([nextEvent(parser), nextEvent(parser)], ['body', 'end']);
    assert.equal(headerOf(parser, 'x-word'), 'gr\u00fcn');
  });
});

describe('the connection after an answer', () => {
  const CASES: readonly (readonly [head: string, open: boolean])[] = [
    ['HTTP/1.1 200 OK\r\n', true],
    ['HTTP/1.1 200 OK\r\nConnection: close\r\n', false],
    ['HTTP/1.1 200 OK\r\nConnection: x , CLOSE\r\n', false],
    ['HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close\r\n', false],
    ['HTTP/1.1 200 OK\r\nConnection: closed\r\n', true],
    ['HTTP/1.0 200 OK\r\n', false],
    ['HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n', true],
    ['HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\n', false],
  ];
  for (const [head, open] of CASES) {
    test(`${JSON.stringify(head)}: ${open ? 'stays' : 'ends'}`, () => {
      const parser = createResponseParser(LIMITS);
      const bytes = Buffer.from(`${head}Content-Length: 0\r\n\r\nHTTP`);
      expectAnswer(parser, 'GET');
      feed(parser, bytes, bytes.length);
      assert.deepEqual([nextEvent(parser), nextEvent(parser)], ['head', 'end']);
      assert.equal(staysOpen(parser), open);
      assert.equal(bytesBeyond(parser), 4);
    });
  }
});

test('one parser reads answer after answer, whatever the one before was', () => {
  const parser = createResponseParser(LIMITS);
  for (let round = 0; round < 2; round++) {
    for (const sample of SAMPLES) {
      const bytes = Buffer.from(sample.text, 'latin1');
      assertReading(readOurs(bytes, sample.method, [Math.floor(bytes.length / 2)], parser), sample);
    }
  }
});
