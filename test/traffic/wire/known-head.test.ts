import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../../src/model/random.ts';
import {
  beginsWithKnown,
  createKnownHead,
  dropKnown,
  type KnownHead,
  keepKnown,
} from '../../../src/traffic/wire/known-head.ts';
import { createResponseParser } from '../../../src/traffic/wire/response-parser.ts';
import { SAMPLES } from './corpus.ts';
import { LIMITS, readOurs } from './reading.ts';

/** One head after the other as a parser meets them; true where it was the one before. */
function meet(known: KnownHead, head: string): boolean {
  const bytes = Buffer.from(`${head}body`, 'latin1');
  if (beginsWithKnown(known, bytes, 0, bytes.length)) {
    known.misses = 0;
    return true;
  }
  dropKnown(known);
  keepKnown(known, bytes, 0, head.length);
  return false;
}

test('the same head is known from its third time on, another one is not', () => {
  const known = createKnownHead();
  const met = ['a', 'a', 'a', 'a', 'b', 'b', 'b', 'a'].map((name) =>
    meet(known, `HTTP/1.1 200 OK\r\nX: ${name}\r\n\r\n`),
  );
  // The first of a connection, and the first of a second, may be alone.
  assert.deepEqual(met, [false, false, true, true, false, false, true, false]);
});

test('heads that never come again are seldom kept any more, until one does', () => {
  const known = createKnownHead();
  let kept = 0;
  for (let id = 0; id < 200; id++) {
    assert.equal(meet(known, `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\n\r\n`), false);
    if (id > 20 && known.length > 0) kept++;
  }
  assert.ok(kept >= 1 && kept <= 4, `${kept}`);
  const met = Array.from({ length: 100 }, () => meet(known, 'HTTP/1.1 200 OK\r\n\r\n'));
  assert.equal(met.at(-1), true);
});

test('a head that is longer than what came, or than is kept, is read', () => {
  const known = createKnownHead();
  const head = Buffer.from('HTTP/1.1 200 OK\r\n\r\n');
  for (const _ of [1, 2]) {
    dropKnown(known);
    keepKnown(known, head, 0, head.length);
  }
  assert.equal(beginsWithKnown(known, head, 0, head.length - 1), false);
  assert.equal(beginsWithKnown(known, head, 1, head.length), false);
  assert.equal(beginsWithKnown(known, head, 0, head.length), true);
  const long = `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(2_000)}\r\n\r\n`;
  for (const _ of [1, 2, 3]) assert.equal(meet(createKnownHead(), long), false);
});

test('a parser that knows heads reads each answer as one that knows none', () => {
  const random = createRandom(20261121);
  const samples = SAMPLES.filter(({ text }) => text.length < 2_000);
  const parser = createResponseParser(LIMITS);
  let same = 0;
  for (let round = 0; round < 300; round++) {
    const { text, method, name } = samples[Math.floor(random.next() * samples.length)]!;
    const bytes = Buffer.from(text, 'latin1');
    const expected = readOurs(bytes, method);
    // Runs of the same head are what it is for; between them everything else, whole and in two pieces.
    const times = 1 + Math.floor(random.next() * 5);
    for (let time = 0; time < times; time++) {
      const cuts = random.next() < 0.7 ? [] : [Math.floor(random.next() * bytes.length)];
      const isKnown = beginsWithKnown(parser.known, bytes, 0, bytes.length);
      if (isKnown) same++;
      assert.deepEqual(readOurs(bytes, method, cuts, parser), expected, `${name}, time ${time}`);
    }
  }
  assert.ok(same > 30, `${same} heads were known`);
});

test('the same head with another body, and after an interim answer, belongs to its own answer', () => {
  const parser = createResponseParser(LIMITS);
  const head = 'HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: 2\r\n\r\n';
  const answers = [
    `${head}ab`,
    `${head}cd`,
    `${head}ef`,
    `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${head}gh`,
    `${head}ij`,
  ];
  for (const answer of answers) {
    const bytes = Buffer.from(answer, 'latin1');
    assert.deepEqual(readOurs(bytes, 'GET', [], parser), readOurs(bytes, 'GET'));
  }
});
