import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DriftFacts, driftStatistic } from '../../src/model/instrument.ts';
import { createRandom } from '../../src/model/random.ts';
import type { Random } from '../../src/model/time.ts';
import { createDriftWatch } from '../../src/traffic/arrival-drift.ts';
import { arrivals, rampArrivals } from '../../src/traffic/schedule.ts';

/** What is seen of a plan of which each request leaves at the time that `leaves` gives, or not at all. */
function seen(
  plan: Iterable<number>,
  leaves: (dueUs: number, random: Random) => number | undefined,
  startUs = 7_000_000,
): DriftFacts | undefined {
  const watch = createDriftWatch();
  const random = createRandom(3);
  for (const at of plan) {
    const sentUs = leaves(at, random);
    watch.launched(startUs + at, sentUs === undefined ? undefined : startUs + sentUs);
  }
  return watch.end();
}

const even = (ratePerSec: number, seconds: number, seed = 1): Iterable<number> =>
  arrivals('poisson', ratePerSec, seconds * 1e6, createRandom(seed));

/** A value that chance exceeds once in 10,000 times. */
const RARE = 2.23;

test('what leaves as it was due does not stray, whatever the length of the firing', () => {
  for (const seconds of [1, 10, 100, 3_000]) {
    const facts = seen(even(200, seconds), (at) => at + 300);
    assert.ok(facts !== undefined);
    assert.equal(facts.sent, facts.due);
    assert.ok(driftStatistic(facts) < 0.5, `${seconds} s: ${driftStatistic(facts)}`);
  }
});

test('requests that are dropped at random do not stray: forty seeds', () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = createRandom(100 + seed);
    const facts = seen(even(200, 20, seed), (at) => (random.next() < 0.05 ? undefined : at));
    assert.ok(facts !== undefined);
    assert.ok(driftStatistic(facts) < RARE, `${seed}: ${driftStatistic(facts)}`);
  }
});

test('a rate that falls by half in the middle strays there', () => {
  const facts = seen(even(200, 20), (at, random) => (at > 10e6 && random.next() < 0.5 ? undefined : at));
  assert.ok(facts !== undefined);
  assert.ok(driftStatistic(facts) > RARE, String(driftStatistic(facts)));
  assert.ok(Math.abs(facts.atUs - 10e6) < 1e6, String(facts.atUs));
  assert.equal(facts.sentBefore, facts.dueBefore);
  const late = (facts.sent - facts.sentBefore) / (facts.due - facts.dueBefore);
  assert.ok(Math.abs(late - 0.5) < 0.1, String(late));
});

test('a pace that becomes slower and slower strays although every request leaves', () => {
  const facts = seen(even(200, 20), (at) => at * 1.2);
  assert.ok(facts !== undefined);
  assert.equal(facts.sent, facts.due);
  assert.ok(driftStatistic(facts) > RARE);
});

test('a plan that is not even, or too small, is not asked', () => {
  const late = (at: number): number => at * 1.3;
  assert.equal(seen(rampArrivals(10, 200, 20e6), late), undefined, 'a ramp');
  assert.equal(seen(arrivals('burst', 200, 10e6, createRandom(1)), late), undefined, 'crowds');
  assert.equal(
    seen(
      Array.from({ length: 300 }, () => 0),
      late,
    ),
    undefined,
    'all at once',
  );
  assert.equal(seen(arrivals('uniform', 99, 1e6, createRandom(1)), late), undefined, 'few');
  assert.equal(
    seen(even(200, 2), () => undefined),
    undefined,
    'nothing left',
  );
  assert.equal(createDriftWatch().end(), undefined, 'no firing');
});

test('one firing leaves nothing to the next', () => {
  const watch = createDriftWatch();
  const fire = (factor: number, startUs: number): DriftFacts | undefined => {
    for (const at of even(200, 20)) watch.launched(startUs + at, startUs + at * factor);
    return watch.end();
  };
  const first = fire(1, 0);
  fire(1.5, 30e6);
  assert.deepEqual(fire(1, 90e6), first);
});
