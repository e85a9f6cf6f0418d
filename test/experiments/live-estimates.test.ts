import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLiveEstimates, type LiveEstimates } from '../../src/experiments/live-estimates.ts';
import type { Exchange, ExchangeTag, Outcome } from '../../src/model/exchange.ts';
import { createRandom } from '../../src/model/random.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';

const status = (code: number): Outcome => ({
  kind: 'response',
  status: code,
  bodyBytes: 0,
  complete: true,
  bodyDigest: 0,
});
let seq = 0;
function exchange(outcome: Outcome, more: Partial<Exchange> = {}): Exchange {
  const base = {
    requestId: '',
    experimentId: 'x',
    route: GATEWAY,
    requestName: 'home',
    dueUs: 0,
    sentUs: 0,
    endUs: 1_000,
  };
  return { seq: seq++, ...base, outcome, ...more };
}

/** Feeds exchanges with this share of failures until a reason is given; how many it took, or undefined. */
function countUntilStop(live: LiveEstimates, share: number, most: number, seed: number): number | undefined {
  const random = createRandom(seed);
  const reason = live.watch();
  for (let i = 1; i <= most; i++) {
    live.add([exchange(status(random.next() < share ? 503 : 200))]);
    if (reason() !== undefined) return i;
  }
  return undefined;
}

/** So many ordinary exchanges before the watch, so many of them failed. */
function withBaseline(count: number, failed: number): LiveEstimates {
  const live = createLiveEstimates();
  for (let i = 0; i < count; i++) live.add([exchange(status(i < failed ? 500 : 200))]);
  return live;
}

const SEEDS = Array.from({ length: 100 }, (_, i) => i + 1);
const stopsOf = (share: number, baseline: () => LiveEstimates): readonly (number | undefined)[] =>
  SEEDS.map((seed) => countUntilStop(baseline(), share, 300, seed));

describe('the abort rule', () => {
  test('stops when everything fails, after a few and not after one', () => {
    const stop = countUntilStop(withBaseline(100, 0), 1, 50, 1);
    assert.ok(stop !== undefined && stop >= 2 && stop <= 5, `${stop}`);
  });

  test('stops at half failing within some dozens, whatever the order', () => {
    const stops = stopsOf(0.5, () => withBaseline(100, 0));
    assert.ok(
      stops.every((stop) => stop !== undefined && stop <= 60),
      `${stops}`,
    );
  });

  test('does not stop at the baseline: at most one in twenty series of 300', () => {
    for (const [share, failed] of [
      [0, 0],
      [0.01, 1],
      [0.1, 10],
    ] as const) {
      const stopped = stopsOf(share, () => withBaseline(100, failed)).filter((stop) => stop !== undefined);
      assert.ok(stopped.length <= 5, `${share}: ${stopped.length} of ${SEEDS.length}`);
    }
  });

  test('what failed before is not held against the load: 40 % is no reason where 40 % failed all along', () => {
    const stopped = stopsOf(0.4, () => withBaseline(200, 80)).filter((stop) => stop !== undefined);
    assert.ok(stopped.length <= 5, `${stopped.length}`);
    assert.equal(stopsOf(0.4, () => withBaseline(200, 0)).filter((stop) => stop === undefined).length, 0);
  });

  test('a long quiet start does not buy credit: failures that begin late are seen as fast', () => {
    const live = withBaseline(100, 0);
    const reason = live.watch();
    live.add(Array.from({ length: 5_000 }, () => exchange(status(200))));
    live.add(Array.from({ length: 6 }, () => exchange(status(503))));
    assert.match(reason() ?? '', /^[2-6] of 500[2-6] requests failed/);
  });

  test('keeps the first reason; a new watch starts anew', () => {
    const live = withBaseline(100, 0);
    const first = live.watch();
    live.add(Array.from({ length: 20 }, () => exchange(status(503))));
    const words = first();
    live.add(Array.from({ length: 20 }, () => exchange(status(503))));
    assert.ok(words !== undefined);
    assert.equal(first(), words);
    const second = live.watch();
    assert.equal(second(), undefined);
  });

  const NOBODYS: readonly [string, Outcome, ExchangeTag?][] = [
    ['not sent', { kind: 'not-sent', reason: 'cap' }],
    ['aborted', { kind: 'aborted' }],
    ['deliberately slow', status(504), { kind: 'delay', delayUs: 1, purpose: 'beyond' }],
  ];
  for (const [name, outcome, tag] of NOBODYS) {
    test(`${name}: nobody's failure`, () => {
      const live = createLiveEstimates();
      const many = Array.from({ length: 50 }, () => exchange(outcome, tag === undefined ? {} : { tag }));
      live.add(many);
      assert.equal(live.failureRatio(), 0);
      const reason = live.watch();
      live.add(many);
      assert.equal(reason(), undefined);
    });
  }
});

describe('estimates', () => {
  test('the ratio of failures counts ordinary traffic before the watch', () => {
    const live = withBaseline(10, 3);
    assert.equal(live.failureRatio(), 0.3);
    live.watch();
    live.add([exchange(status(500))]);
    assert.equal(live.failureRatio(), 0.3);
    assert.equal(createLiveEstimates().failureRatio(), 0);
  });

  test('the median of ok answers per route; failures and what was not sent do not count', () => {
    const live = createLiveEstimates();
    assert.equal(live.medianServiceUs(GATEWAY), undefined);
    const timed = (endUs: number, outcome = status(200), route = GATEWAY): Exchange =>
      exchange(outcome, { endUs, route });
    live.add([timed(300), timed(100), timed(200), timed(9_000, status(500)), timed(9_000, { kind: 'aborted' })]);
    live.add([timed(7, status(200), directTo('a'))]);
    assert.equal(live.medianServiceUs(GATEWAY), 200);
    assert.equal(live.medianServiceUs(directTo('a')), 7);
  });

  test('gives the exchanges of one experiment in order', () => {
    const live = createLiveEstimates();
    const mine = [exchange(status(200), { experimentId: 'a' }), exchange(status(500), { experimentId: 'a' })];
    live.add([mine[0] as Exchange, exchange(status(200))]);
    live.add([mine[1] as Exchange]);
    assert.deepEqual(live.ofExperiment('a'), mine);
    assert.deepEqual(live.ofExperiment('none'), []);
  });
});
