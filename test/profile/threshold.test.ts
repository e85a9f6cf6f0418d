import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Threshold } from '../../src/model/profile.ts';
import { parseThreshold } from '../../src/profile/threshold.ts';
import { THRESHOLD_EXAMPLES, THRESHOLD_PATTERN } from '../../src/profile/threshold-words.ts';

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

const REACH: readonly Case[] = [
  [
    'phase connect p99 < 50ms during burst',
    {
      subject: gateway,
      phase: 'connect',
      metric: { kind: 'quantile', p: 0.99 },
      comparison: '<',
      limit: 50_000,
      during: 'burst',
    },
  ],
  [
    'gateway phase wait max <= 2s of home',
    { subject: gateway, phase: 'wait', metric: { kind: 'max' }, comparison: '<=', limit: 2_000_000, request: 'home' },
  ],
  [
    'direct web2 phase tls p50 < 5ms',
    {
      subject: { kind: 'direct', member: 'web2' },
      phase: 'tls',
      metric: { kind: 'quantile', p: 0.5 },
      comparison: '<',
      limit: 5_000,
    },
  ],
  [
    'direct phase wait p50 < 5ms',
    { subject: { kind: 'direct' }, phase: 'wait', metric: { kind: 'quantile', p: 0.5 }, comparison: '<', limit: 5_000 },
  ],
  [
    'gateway errors < 1 % during ramp-2 of home',
    { subject: gateway, metric: errors, comparison: '<', limit: 0.01, request: 'home', during: 'ramp-2' },
  ],
  [
    'change p95 < 10%',
    {
      subject: { kind: 'change', route: 'gateway' },
      metric: { kind: 'quantile', p: 0.95 },
      comparison: '<',
      limit: 0.1,
      isRelative: true,
    },
  ],
  [
    'change gateway p50 <= 250 % of home',
    {
      subject: { kind: 'change', route: 'gateway' },
      metric: { kind: 'quantile', p: 0.5 },
      comparison: '<=',
      limit: 2.5,
      isRelative: true,
      request: 'home',
    },
  ],
  [
    'change direct web1 p99 < 20ms',
    {
      subject: { kind: 'change', route: 'direct', member: 'web1' },
      metric: { kind: 'quantile', p: 0.99 },
      comparison: '<',
      limit: 20_000,
    },
  ],
  [
    'change direct errors < 0.1%',
    { subject: { kind: 'change', route: 'direct' }, metric: errors, comparison: '<', limit: 0.001 },
  ],
];

for (const [text, expected] of [...VALID, ...REACH]) {
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
  ['gatewy p50 < 1s', 0, 'gateway, direct, overhead, phase or change'],
  ['phase conect p99 < 1s', 6, 'one of dns, connect'],
  ['phase', 5, 'one of dns, connect'],
  ['phase connect errors < 1%', 14, 'a quantile'],
  ['phase connect p99 < 1%', 20, 'a duration'],
  ['gateway p99 < 1s during', 23, 'one of compare'],
  ['gateway p99 < 1s during bursts', 24, 'one of compare'],
  ['gateway p99 < 1s during burst-0', 24, 'one of compare'],
  ['gateway p99 < 1s during timeout', 24, 'one of compare'],
  ['gateway p99 < 1s during burst during ramp', 30, 'the end, or of <request>'],
  ['gateway p99 < 1s of a of b', 22, 'the end, or during <experiment>'],
  ['overhead p50 < 1s during burst', 18, 'the end'],
  ['change p95 < 10% during burst', 17, 'the end'],
  ['change p90 < 10%', 7, 'gateway, direct, or one of p50, p95'],
  ['change max < 10%', 7, 'gateway, direct, or one of p50, p95'],
  ['change direct web1 p90 < 10%', 19, 'one of p50, p95'],
  ['change p95 > 10%', 11, '< or <='],
  ['change p95 < 10', 13, 'a share such as 10%'],
  ['change p95 <', 12, 'a share such as 10%'],
  ['change errors < 10ms', 16, 'a share'],
  ['change errors < 101%', 16, 'a share from 0% to 100%'],
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

test('a slip is answered with the word that was meant', () => {
  for (const [text, hint] of [
    ['phase conect p99 < 1s', 'Did you mean connect?'],
    ['chnge p95 < 10%', 'Did you mean change?'],
    ['gateway p99 < 1s during brust', 'Did you mean burst?'],
    ['gateway eror < 1%', 'Did you mean errors?'],
    ['gateway p99 < 1s drring burst', 'Did you mean during?'],
    ['change gatway p95 < 10%', 'Did you mean gateway?'],
  ] as const) {
    const parsed = parseThreshold(text);
    assert.ok(!parsed.ok);
    assert.equal(parsed.hint, hint, text);
  }
});

test('what the parser takes, the pattern for editors takes; slips it underlines', () => {
  const pattern = new RegExp(`^(?:${THRESHOLD_PATTERN})$`, 'u');
  for (const [text] of [...VALID, ...REACH]) assert.match(text, pattern);
  for (const text of THRESHOLD_EXAMPLES) {
    assert.match(text, pattern);
    assert.ok(parseThreshold(text).ok, text);
  }
  for (const text of [
    'gatewy p50 < 1s',
    'gateway p42 < 1s',
    'phase conect p99 < 1s',
    'change max < 1%',
    'gateway p50 < 1',
  ])
    assert.doesNotMatch(text, pattern);
});

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
    'during',
    'phase',
    'connect',
    'change',
    'burst',
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
