import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settleTies } from '../../../src/logs/join/tied-details.ts';
import type { PlacedEntry } from '../../../src/model/log.ts';
import { detail, NOON } from './lines.ts';

const REFUSED = 'connect() failed (111: Connection refused) while connecting to upstream';
const NONE = 'no live upstreams while connecting to upstream';

/** Error lines by the connection that each is of, all fitting `asks` requests equally; which request each line went to. */
function ownersOf(asks: number, lines: readonly (readonly [connection: string, message: string])[], isFailed = true) {
  const details = lines.map(
    ([local, message], at): PlacedEntry => ({ ...detail(1, NOON, { message, ids: { local } }), line: at }),
  );
  const pairs = details.flatMap((one) => Array.from({ length: asks }, (_, ask) => ({ ask, detail: one, apartUs: 0 })));
  // The last request is the first in the log.
  const settled = settleTies(pairs, (ask) => ({ isFailed, endUs: 0, line: asks - ask }));
  return details.map((one) => settled.filter((pair) => pair.detail === one).map(({ ask }) => ask));
}

test('as many connections as requests: each has its lines, in the order of the logs', () => {
  const lines = [
    ['86', REFUSED],
    ['86', REFUSED],
    ['89', NONE],
  ] as const;
  assert.deepEqual(ownersOf(2, lines), [[1], [1], [0]]);
  assert.deepEqual(ownersOf(2, lines, false), [[1], [1], [0]]);
});

test('more of one than of the other: failures get lines that all say the same, and nobody gets others', () => {
  const alike = [
    ['1', REFUSED],
    ['2', REFUSED],
  ] as const;
  const different = [
    ['1', REFUSED],
    ['2', NONE],
  ] as const;
  assert.deepEqual(ownersOf(3, alike), [[2], [1]]);
  assert.deepEqual(ownersOf(3, different), [[], []]);
  assert.deepEqual(
    ownersOf(3, alike, false),
    [[], []],
    'which of three good answers was the second attempt, nobody knows',
  );
  assert.deepEqual(ownersOf(2, [...alike, ['3', REFUSED]]), [[1], [0], []]);
});

test('a kept connection that had several of the failures: each gets a line of its own', () => {
  const kept = [
    ['1', REFUSED],
    ['1', REFUSED],
    ['2', REFUSED],
  ] as const;
  assert.deepEqual(ownersOf(3, kept), [[2], [1], [0]]);
  assert.deepEqual(ownersOf(4, kept), [[3], [2], [1]]);
  assert.deepEqual(ownersOf(2, kept), [[1], [1], [0]], 'more lines than requests are attempts of one request');
  assert.deepEqual(ownersOf(3, [...kept.slice(0, 2), ['2', NONE]]), [[], [], []]);
});

test('where one request fits better than all others it keeps its lines', () => {
  const one = detail(1, NOON, { message: REFUSED });
  const pairs = [5, 4, 6].map((apartUs, ask) => ({ ask, detail: one, apartUs }));
  assert.deepEqual(
    settleTies(pairs, () => ({ isFailed: true, endUs: 0, line: 0 })),
    pairs,
  );
});
