import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  distinctTimeouts,
  idleTimeout,
  longestReuseGapUs,
  reuseSteps,
  sweepOf,
} from '../../src/analysis/keep-alive.ts';
import type { Exchange, ExchangeTag, HeldFacts, Outcome } from '../../src/model/exchange.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';

const WEB1 = directTo('web1');
const OK: Outcome = { kind: 'response', status: 200, bodyBytes: 1, complete: true, bodyDigest: 0 };
const BAD: Outcome = { ...OK, status: 502 };
const CLOSED: Outcome = { kind: 'connection-error', phase: 'wait', code: 'closed', detail: '', bytesReceived: 0 };
const REFUSED: Outcome = { kind: 'connection-error', phase: 'connect', code: 'refused', detail: '', bytesReceived: 0 };
const RANGE = { value: 5_000_000, low: 4_999_000, high: 5_001_000 };

function exchange(more: Partial<Exchange>): Exchange {
  const base = { seq: 0, requestId: '0', experimentId: 'k', route: GATEWAY, requestName: 'home', outcome: OK };
  return { ...base, dueUs: 0, sentUs: 0, endUs: 20_000, ...more };
}

function tag(part: 'pool' | 'sweep' | 'control', step: 'fill' | 'probe', gapUs = 0): ExchangeTag {
  return { kind: 'keep-alive', part, step, gapUs, round: 0 };
}

function held(...facts: readonly HeldFacts[]): readonly Exchange[] {
  return facts.map((one) => exchange({ route: WEB1, held: one }));
}

describe('idle timeouts', () => {
  test('the median of those that were closed, with how, and what was promised', () => {
    const three = held(
      { idleUs: 6_000_000, closedBy: 'fin', advertisedUs: 5_000_000 },
      { idleUs: 6_010_000, closedBy: 'rst' },
      { idleUs: 6_002_000, closedBy: 'fin' },
    );
    assert.deepEqual(idleTimeout(WEB1, three), {
      route: WEB1,
      timeoutUs: { value: 6_002_000, low: 6_000_000, high: 6_010_000 },
      heldCount: 3,
      finCount: 2,
      rstCount: 1,
      waitedUs: 6_010_000,
      advertisedUs: 5_000_000,
    });
    assert.equal(idleTimeout(GATEWAY, three).heldCount, 0);
  });

  test('one close alone is no timeout', () => {
    const one = held({ idleUs: 1_000, closedBy: 'fin' }, { idleUs: 9_000 }, { idleUs: 9_000 });
    assert.equal(idleTimeout(WEB1, one).timeoutUs, undefined);
    assert.equal(idleTimeout(WEB1, one).waitedUs, 9_000);
  });

  test('closes that do not agree are no timer; one that does not agree is left out', () => {
    const of = (...idleUs: readonly number[]) =>
      idleTimeout(WEB1, held(...idleUs.map((us) => ({ idleUs: us, closedBy: 'fin' as const })))).timeoutUs;
    assert.deepEqual(of(300_000, 242_000, 301_000, 303_000, 299_000), {
      value: 300_500,
      low: 299_000,
      high: 303_000,
    });
    assert.equal(of(1_000_000, 3_000_000, 9_000_000, 200_000, 20_000_000), undefined);
    assert.equal(of(130_100_000, 130_900_000, 131_000_000)?.value, 130_900_000);
  });

  test('a server without keep-alive closes after the answer, which is no idle timeout', () => {
    const at = (idleUs: number) => ({ idleUs, closedBy: 'fin' as const });
    const { timeoutUs, heldCount } = idleTimeout(WEB1, held(at(300), at(2_000), at(900)));
    assert.equal(timeoutUs, undefined);
    assert.equal(heldCount, 0);
  });

  test('members with the same timeout are one case, the shortest first', () => {
    const of = (name: string, value: number) => ({
      ...idleTimeout(directTo(name), []),
      timeoutUs: { value, low: value - 1_000, high: value + 1_000 },
    });
    const cases = distinctTimeouts([of('a', 6_000_000), of('b', 2_000_000), of('c', 6_100_000), idleTimeout(WEB1, [])]);
    assert.deepEqual(
      cases.map(({ routes, timeout }) => [routes, timeout.low, timeout.high]),
      [
        [[directTo('b')], 1_999_000, 2_001_000],
        [[directTo('a'), directTo('c')], 5_999_000, 6_101_000],
      ],
    );
  });
});

test('reuse is told by the identity of the connection, with the pause that it had', () => {
  const at = (sentUs: number, memberConnection: string | undefined, one: ExchangeTag): Exchange =>
    exchange({ sentUs, endUs: sentUs + 10, tag: one, ...(memberConnection === undefined ? {} : { memberConnection }) });
  assert.deepEqual(
    reuseSteps([
      at(0, 'c1', tag('pool', 'fill')),
      at(1_010, 'c1', tag('pool', 'probe', 1_000)),
      at(2_000, 'c1', tag('pool', 'fill')),
      at(9_000, 'c2', tag('pool', 'probe', 6_990)),
      at(9_500, undefined, tag('pool', 'probe', 100)),
      at(9_600, 'c2', tag('control', 'probe')),
    ]),
    [
      { gapUs: 1_000, isReused: true },
      { gapUs: 6_990, isReused: false },
    ],
  );
});

test('reuse is looked at well before the close', () => {
  assert.equal(longestReuseGapUs(5_000_000, 1_000), 4_750_000);
  assert.equal(longestReuseGapUs(200_000, 25_000), 162_500);
  assert.equal(longestReuseGapUs(20_000, 25_000), 10_000);
});

describe('the sweep', () => {
  const controls = Array.from({ length: 10 }, (_, i) =>
    exchange({ tag: tag('control', 'probe'), endUs: 20_000 + (i % 2) * 100 }),
  );
  const probe = (beforeUs: number, elapsedUs: number, outcome: Outcome, more: Partial<Exchange> = {}): Exchange =>
    exchange({ tag: tag('sweep', 'probe', RANGE.value - beforeUs), endUs: elapsedUs, outcome, ...more });
  for (const [what, one, kind] of [
    ['a 502 at the close', probe(8_000, 8_200, BAD), 'lost'],
    ['a connection closed at the close', probe(8_000, 7_900, CLOSED), 'lost'],
    ['a 502 that has nothing to do with it', probe(8_000, 19_000, BAD), 'other-failure'],
    ['a refused connection', probe(8_000, 8_000, REFUSED), 'other-failure'],
    ['an answer later by the wait for the close', probe(8_000, 28_300, OK), 'masked'],
    ['an answer later by something else', probe(2_000, 60_000, OK), 'clean'],
    ['an ordinary answer', probe(8_000, 20_100, OK), 'clean'],
    ['a request that left late', probe(9_000, 8_200, BAD, { sentUs: 1_000, endUs: 9_000 }), 'lost'],
    [
      'connecting belongs to the pause',
      probe(9_000, 9_000, BAD, { phasesUs: { connect: 1_000 }, endUs: 9_100 }),
      'lost',
    ],
  ] as const) {
    test(`${what}: ${kind}`, () => assert.equal(sweepOf([...controls, one], RANGE, 1).points[0]?.kind, kind));
  }

  test('what was sent around another timeout does not belong to it', () => {
    assert.deepEqual(sweepOf([...controls, probe(900_000, 10, BAD)], RANGE, 1).points, []);
  });

  test('a member that is not punctual widens the tolerance', () => {
    assert.equal(sweepOf(controls, RANGE, 1).toleranceUs, 3_000);
    assert.equal(sweepOf(controls, { ...RANGE, high: 5_019_000 }, 1).toleranceUs, 10_000);
    assert.equal(sweepOf(controls, RANGE, 1).baseUs, 20_050);
  });
});
