import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CauseId } from '../../../src/model/causes.ts';
import type { Truth } from './scenario.ts';
import { type Found, parameterErrors, ratesOf, type Scored, scoreAll, scoreCase } from './score.ts';

function found(cause: CauseId, more: Partial<Found> = {}): Found {
  return { cause, severity: 'error', confidence: 'likely', measured: {}, ...more };
}

function question(truth: readonly Truth[], tolerated: readonly CauseId[] = []) {
  return { truth, tolerated, isNegative: truth.length === 0 };
}

const REFUSED: Truth = { cause: 'connection/refused', member: 'web2' };
const TIMEOUT: Truth = { cause: 'timeout/gateway-response', measured: { timeoutMs: 2_000 } };

const CASES: readonly {
  readonly name: string;
  readonly truth: readonly Truth[];
  readonly tolerated?: readonly CauseId[];
  readonly found: readonly Found[];
  /** Hits, misses, wrong. */
  readonly want: readonly [number, number, number];
}[] = [
  {
    name: 'the cause with its member',
    truth: [REFUSED],
    found: [found('connection/refused', { member: 'web2' })],
    want: [1, 0, 0],
  },
  {
    name: 'the cause at another member is missed and false',
    truth: [REFUSED],
    found: [found('connection/refused', { member: 'web1' })],
    want: [0, 1, 1],
  },
  {
    name: 'no member where one is to be named',
    truth: [REFUSED],
    found: [found('connection/refused')],
    want: [0, 1, 1],
  },
  {
    name: 'a rule that names no members is not asked for one',
    truth: [REFUSED],
    found: [found('connection/refused', { anyMember: true })],
    want: [1, 0, 0],
  },
  {
    name: 'a member more than was asked for',
    truth: [TIMEOUT],
    found: [found('timeout/gateway-response', { member: 'web1' })],
    want: [1, 0, 0],
  },
  {
    name: 'a second timer beside the true one is false',
    truth: [TIMEOUT],
    found: [
      found('timeout/gateway-response', { measured: { timeoutMs: { value: 3_000, low: 2_990, high: 3_010 } } }),
      found('timeout/gateway-response', { measured: { timeoutMs: { value: 2_001 } } }),
    ],
    want: [1, 0, 1],
  },
  {
    name: 'the same truth said twice counts once',
    truth: [TIMEOUT],
    found: [found('timeout/gateway-response', { member: 'web1' }), found('timeout/gateway-response')],
    want: [1, 0, 0],
  },
  {
    name: 'info is no claim',
    truth: [TIMEOUT],
    found: [found('timeout/gateway-response', { severity: 'info' })],
    want: [0, 1, 0],
  },
  {
    name: 'possible is no claim',
    truth: [],
    found: [found('member/slow', { confidence: 'possible' })],
    want: [0, 0, 0],
  },
  { name: 'a false alarm', truth: [], found: [found('member/slow')], want: [0, 0, 1] },
  {
    name: 'tolerated is neither right nor wrong',
    truth: [TIMEOUT],
    tolerated: ['member/none-available'],
    found: [found('member/none-available')],
    want: [0, 1, 0],
  },
  {
    name: 'an equally right cause',
    truth: [{ cause: 'member/flapping', or: ['connection/refused'], member: 'web2' }],
    found: [found('connection/refused', { member: 'web2' })],
    want: [1, 0, 0],
  },
  {
    name: 'a rule that cannot tell two causes apart',
    truth: [{ cause: 'queue/gateway' }],
    found: [found('member/none-available', { or: ['queue/gateway'] })],
    want: [1, 0, 0],
  },
  {
    name: 'two faults, one found, one invented',
    truth: [TIMEOUT, REFUSED],
    found: [found('timeout/gateway-response'), found('cold-start/idle')],
    want: [1, 1, 1],
  },
];

for (const one of CASES) {
  test(`score: ${one.name}`, () => {
    const { hits, misses, wrong } = scoreCase(question(one.truth, one.tolerated), one.found);
    assert.deepEqual([hits.length, misses.length, wrong.length], one.want);
  });
}

test('rates of nothing are unknown, not zero', () => {
  assert.deepEqual(ratesOf(0, 0, 0), {
    ...{ right: 0, wrong: 0, missed: 0, precision: undefined, recall: undefined, f1: undefined },
  });
  assert.deepEqual(ratesOf(3, 1, 2), { right: 3, wrong: 1, missed: 2, precision: 0.75, recall: 0.6, f1: 6 / 9 });
});

function scored(family: string, truth: readonly Truth[], findings: readonly Found[]): Scored {
  return { ...question(truth), family, found: findings };
}

test('all cases together', () => {
  const scores = scoreAll([
    scored('F', [TIMEOUT], [found('timeout/gateway-response')]),
    scored('M', [REFUSED], [found('member/slow', { member: 'web2' })]),
    scored('M', [REFUSED], []),
    scored('Z', [], []),
    scored('Z', [], [found('member/slow'), found('queue/member')]),
  ]);
  assert.equal(scores.cases, 5);
  assert.equal(scores.negatives, 2);
  assert.equal(scores.exactRatio, 2 / 5);
  assert.equal(scores.falsePer100Negatives, 100);
  assert.deepEqual(scores.exactPerFamily, {
    F: { exact: 1, cases: 1 },
    M: { exact: 0, cases: 2 },
    Z: { exact: 1, cases: 2 },
  });
  assert.equal(scores.overall.right, 1);
  assert.equal(scores.overall.wrong, 3);
  assert.equal(scores.overall.missed, 2);
  // The causes that are there: one always found, one never. What was only invented is in the precision.
  assert.equal(scores.macroF1, 0.5);
  assert.deepEqual(scores.confusion, {
    'timeout/gateway-response': { 'timeout/gateway-response': 1 },
    'connection/refused': { 'member/slow': 1, nothing: 1 },
    nothing: { nothing: 1, 'member/slow': 1, 'queue/member': 1 },
  });
});

test('a true finding and a false one beside it stand in the confusion table as both', () => {
  const { confusion } = scoreAll([scored('F', [TIMEOUT], [found('timeout/gateway-response'), found('member/slow')])]);
  assert.deepEqual(confusion, {
    'timeout/gateway-response': { 'timeout/gateway-response': 1 },
    nothing: { 'member/slow': 1 },
  });
});

test('the right cause at another member is not on the diagonal', () => {
  const { confusion } = scoreAll([scored('M', [REFUSED], [found('connection/refused', { member: 'web1' })])]);
  assert.deepEqual(confusion, { 'connection/refused': { 'connection/refused (another member)': 1 } });
});

test('measured values beside what was set', () => {
  const score = (measured: Found['measured']) =>
    parameterErrors('c', scoreCase(question([TIMEOUT]), [found('timeout/gateway-response', { measured })]));
  assert.deepEqual(score({ timeoutMs: { value: 2_020, low: 1_990, high: 2_030 } }), [
    {
      ...{ caseId: 'c', cause: 'timeout/gateway-response', name: 'timeoutMs', set: 2_000, measured: 2_020 },
      ...{ errorRatio: 0.01, isCovered: true },
    },
  ]);
  assert.equal(score({ timeoutMs: { value: 1_000, low: 900, high: 1_100 } })[0]?.isCovered, false);
  assert.equal(score({ timeoutMs: { value: 1_000, low: 900 } })[0]?.isCovered, true);
  assert.equal(score({ timeoutMs: { value: 1_000 } })[0]?.isCovered, undefined);
  assert.equal(score({})[0]?.measured, undefined);
});
