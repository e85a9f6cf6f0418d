import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Threshold } from '../../src/model/profile.ts';
import { parseThreshold } from '../../src/profile/threshold.ts';

type Case = readonly [string, Omit<Threshold, 'text'>];
const gateway = { kind: 'gateway' } as const;
const errors = { kind: 'errors' } as const;

const VALID: readonly Case[] = [
  ['gateway p99 < 800ms', { subject: gateway, metric: { kind: 'quantile', p: 0.99 }, comparison: '<', limit: 800_000 }],
  [
    'direct web2 errors < 0.1%',
    { subject: { kind: 'direct', member: 'web2' }, metric: errors, comparison: '<', limit: 0.001 },
  ],
  [
    'direct p50 < 30ms',
    { subject: { kind: 'direct' }, metric: { kind: 'quantile', p: 0.5 }, comparison: '<', limit: 30_000 },
  ],
  [
    'overhead p50 < 15ms',
    { subject: { kind: 'overhead' }, metric: { kind: 'quantile', p: 0.5 }, comparison: '<', limit: 15_000 },
  ],
  ['gateway max < 5s', { subject: gateway, metric: { kind: 'max' }, comparison: '<', limit: 5_000_000 }],
  [
    'gateway p90 <= 1m30s',
    { subject: gateway, metric: { kind: 'quantile', p: 0.9 }, comparison: '<=', limit: 90_000_000 },
  ],
  ['gateway p95 > 1ms', { subject: gateway, metric: { kind: 'quantile', p: 0.95 }, comparison: '>', limit: 1_000 }],
  ['gateway p99.9>=1 ms', { subject: gateway, metric: { kind: 'quantile', p: 0.999 }, comparison: '>=', limit: 1_000 }],
  [
    'gateway p99.99<1s',
    { subject: gateway, metric: { kind: 'quantile', p: 0.9999 }, comparison: '<', limit: 1_000_000 },
  ],
  ['gateway errors <= 0 %', { subject: gateway, metric: errors, comparison: '<=', limit: 0 }],
  [
    'gateway p50 < 120ms of home',
    { subject: gateway, metric: { kind: 'quantile', p: 0.5 }, comparison: '<', limit: 120_000, request: 'home' },
  ],
  // A request may be called as a unit is: what follows "of" is a name.
  ['gateway errors < 1% of s', { subject: gateway, metric: errors, comparison: '<', limit: 0.01, request: 's' }],
  // A member may be called as a misspelt metric is.
  [
    'direct p9 p50 < 1s',
    {
      subject: { kind: 'direct', member: 'p9' },
      metric: { kind: 'quantile', p: 0.5 },
      comparison: '<',
      limit: 1_000_000,
    },
  ],
];

for (const [text, expected] of VALID) {
  test(`"${text}" is read`, () => {
    const parsed = parseThreshold(text);
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.value, { text, ...expected });
  });
}

test('says where names stand, for messages', () => {
  const parsed = parseThreshold('  direct  web1 p50 < 1s of home');
  assert.ok(parsed.ok);
  assert.deepEqual(
    [parsed.memberOffset, parsed.requestOffset, parsed.value.text],
    [10, 27, 'direct  web1 p50 < 1s of home'],
  );
});

const INVALID: readonly [unknown, number | undefined, string][] = [
  ['gatewy p50 < 1s', 0, 'gateway, direct or overhead'],
  ['gateway', 7, 'one of p50'],
  ['gateway p42 < 1s', 8, 'one of p50'],
  ['gateway p50', 11, '<, <=, > or >='],
  ['gateway p50 == 1s', 12, '<, <=, > or >='],
  ['gateway p50 <', 13, 'a duration such as 800ms'],
  ['gateway errors <', 16, 'a share such as 0.1%'],
  ['gateway p50 < 1', 14, 'a duration with a unit'],
  ['gateway p50 < 1 fortnight', 14, 'a duration with a unit'],
  ['gateway errors < 0.1', 17, 'a share'],
  ['gateway errors < 101%', 17, 'a share from 0% to 100%'],
  ['overhead errors < 1%', 9, 'a quantile'],
  ['gateway p50 < 1s of', 19, 'the name of a request'],
  ['gateway p50 < 1s of a b', 22, 'the end'],
  ['direct < 1s', 7, 'a member or one of'],
  ['', undefined, 'a threshold such as'],
  [5, undefined, 'a threshold such as'],
  ['x'.repeat(201), undefined, 'a threshold such as'],
];

for (const [text, offset, expected] of INVALID) {
  test(`${JSON.stringify(text).slice(0, 40)} is refused at ${offset}: ${expected}`, () => {
    const parsed = parseThreshold(text);
    assert.ok(!parsed.ok);
    assert.equal(parsed.offset, offset);
    assert.ok(parsed.expected.startsWith(expected), parsed.expected);
  });
}

test('no text makes it throw', () => {
  const word = fc.constantFrom(
    'gateway',
    'direct',
    'overhead',
    'p50',
    'errors',
    'max',
    '<',
    '>=',
    '1s',
    '1',
    '%',
    'of',
    'web1',
    ' ',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word).map((words) => words.join(' ')),
      ),
      (text) => void parseThreshold(text),
    ),
  );
});
