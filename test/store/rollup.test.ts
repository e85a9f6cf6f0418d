import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  HISTORY_LEVELS,
  type HistoryInterval,
  type HistoryLevel,
  LEVEL_US,
  type Round,
} from '../../src/model/history.ts';
import { createRandom } from '../../src/model/random.ts';
import { decodeHistogram } from '../../src/recording/histogram.ts';
import type { HistoryFile } from '../../src/store/history.ts';
import { talliesOfRound } from '../../src/store/interval.ts';
import { countOf } from '../../src/store/packed-histogram.ts';
import { type Answer, DAY_US, FAILED, HOUR_US, MINUTE_US, MONDAY_US, OK, randomRound, roundOf } from './rounds.ts';
import { withHistory } from './with-history.ts';

const SPAN_US = 3 * DAY_US;
const ALL = { profile: 'shop', fromAtUs: MONDAY_US - 2 * DAY_US, toAtUs: MONDAY_US + SPAN_US + 2 * DAY_US };

/** What history does with the rounds, one after the other: keep one, or maintain at a time that may lie anywhere. */
type Step = { readonly round: Round } | { readonly maintainAtUs: number };

const answers = fc.array(
  fc.record({
    route: fc.constantFrom('gateway' as const, 'direct:web1' as const),
    elapsedUs: fc.oneof(fc.nat(3_000), fc.nat(70_000_000), fc.constant(4_000_000_000)),
    dueUs: fc.nat(30_000_000),
    latenessUs: fc.nat(500),
    isNew: fc.boolean(),
    outcome: fc.constantFrom(OK, OK, FAILED),
  }),
  { minLength: 1, maxLength: 6 },
);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        round: fc.tuple(fc.nat(SPAN_US), answers).map(([at, some]) => roundOf(MONDAY_US + at, some)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ maintainAtUs: fc.nat(SPAN_US).map((at) => MONDAY_US + at) }) },
  ),
  { minLength: 1, maxLength: 40 },
);

function apply(history: HistoryFile, all: readonly Step[]): void {
  for (const step of all) {
    const problem = 'round' in step ? history.append(step.round, []) : history.maintain(step.maintainAtUs);
    assert.equal(problem, undefined);
  }
}

/** Merged from the raw exchanges, in the simplest way there is. */
function expected(rounds: readonly Round[], level: HistoryLevel): readonly string[] {
  const sums = new Map<string, { count: number; failed: number; maxUs: number; values: Map<number, number> }>();
  for (const { key, slot, tally } of rounds.flatMap((round) => talliesOfRound(round, LEVEL_US[level]))) {
    const name = `${slot} ${key.route} ${key.connection}`;
    const sum = sums.get(name) ?? { count: 0, failed: 0, maxUs: 0, values: new Map() };
    sums.set(name, sum);
    sum.count += tally.count;
    sum.failed += tally.failed;
    sum.maxUs = Math.max(sum.maxUs, tally.maxResponseUs);
    for (let i = 0; i < tally.response.length; i += 2) {
      const index = tally.response[i] as number;
      sum.values.set(index, (sum.values.get(index) ?? 0) + (tally.response[i + 1] as number));
    }
  }
  return [...sums]
    .map(([name, sum]) => textOf(name, sum.count, sum.failed, sum.maxUs, [...sum.values.values()]))
    .sort();
}

function textOf(name: string, count: number, failed: number, maxUs: number, times: readonly number[]): string {
  return `${name}: ${count} ${failed} ${maxUs} ${[...times].sort((a, b) => a - b).join(',')}`;
}

function found(intervals: readonly HistoryInterval[], level: HistoryLevel): readonly string[] {
  return intervals
    .map(({ startAtUs, route, connection, count, failed, maxResponseUs, response }) => {
      const times = decodeHistogram(response).map(([, number]) => number);
      return textOf(`${startAtUs / LEVEL_US[level]} ${route} ${connection}`, count, failed, maxResponseUs, times);
    })
    .sort();
}

test('every level is the sum of the raw exchanges, whenever and in whatever order history is maintained', () => {
  fc.assert(
    fc.property(steps, (all) =>
      withHistory((history) => {
        apply(history, all);
        const rounds = all.flatMap((step) => ('round' in step ? [step.round] : []));
        for (const level of HISTORY_LEVELS)
          assert.deepEqual(found(history.intervals({ ...ALL, level }), level), expected(rounds, level), level);
        assert.deepEqual(history.check(), []);
      }),
    ),
    { seed: 21, numRuns: 60 },
  );
});

test('a level is merged from the one below to the bucket', () => {
  fc.assert(
    fc.property(steps, (all) =>
      withHistory((history) => {
        apply(history, all);
        const valuesOf = (level: HistoryLevel): string => {
          const counts = new Map<number, number>();
          for (const { response } of history.intervals({ ...ALL, level }))
            for (const [us, count] of decodeHistogram(response)) counts.set(us, (counts.get(us) ?? 0) + count);
          return JSON.stringify([...counts].sort((a, b) => a[0] - b[0]));
        };
        const [first, ...others] = HISTORY_LEVELS.map(valuesOf);
        for (const other of others) assert.equal(other, first);
      }),
    ),
    { seed: 22, numRuns: 25 },
  );
});

test('what is complete is rolled up, what is not is merged when it is asked for', () =>
  withHistory((history) => {
    const random = createRandom(3);
    for (let atUs = MONDAY_US; atUs < MONDAY_US + 26 * HOUR_US; atUs += 5 * MINUTE_US)
      history.append(randomRound(random, atUs, { members: 2 }).round, []);
    assert.deepEqual(history.size().intervals, { '10s': 936, '5m': 0, '1h': 0, '1d': 0 });
    history.maintain(MONDAY_US + 25.5 * HOUR_US);
    assert.deepEqual(history.size().intervals, { '10s': 936, '5m': 306 * 3, '1h': 25 * 3, '1d': 3 });
    const days = history.intervals({ ...ALL, level: '1d' });
    assert.deepEqual(
      days.map(({ count }) => count),
      [288, 288, 288, 24, 24, 24],
    );
    // A request of the first day that ended late, or a round that waited for room on the disk.
    const late: Answer = { route: 'gateway', elapsedUs: 60_000_000 };
    history.append(roundOf(MONDAY_US + HOUR_US, [late]), []);
    for (const level of HISTORY_LEVELS) {
      const [first] = history.intervals({ ...ALL, route: 'gateway', fromAtUs: MONDAY_US + HOUR_US, level });
      assert.equal(first?.maxResponseUs, 60_000_000, level);
    }
    assert.deepEqual(history.check(), []);
  }));

test('a month without a monitor is passed over, and a clock that goes back does no harm', () =>
  withHistory((history) => {
    const one = (atUs: number) => history.append(roundOf(atUs, [{ route: 'gateway', elapsedUs: 5_000 }]), []);
    one(MONDAY_US);
    history.maintain(MONDAY_US + 30 * DAY_US);
    one(MONDAY_US + 30 * DAY_US);
    history.maintain(MONDAY_US - DAY_US);
    one(MONDAY_US + 29 * DAY_US);
    history.maintain(MONDAY_US + 31 * DAY_US);
    const days = history.intervals({
      profile: 'shop',
      fromAtUs: MONDAY_US,
      toAtUs: MONDAY_US + 40 * DAY_US,
      level: '1d',
    });
    assert.deepEqual(
      days.map(({ startAtUs, count }) => [(startAtUs - MONDAY_US) / DAY_US, count]),
      [
        [0, 1],
        [29, 1],
        [30, 1],
      ],
    );
    assert.deepEqual(history.check(), []);
  }));

test('a round yields one tally for each series and interval, and counts all', () => {
  const { round } = randomRound(createRandom(5), MONDAY_US + 123, { failureRatio: 0.5 });
  const tallies = talliesOfRound(round, LEVEL_US['10s']);
  assert.equal(tallies.length, 9);
  const failed = tallies.reduce((sum, { tally }) => sum + tally.failed, 0);
  assert.ok(failed > 0);
  for (const { tally } of tallies) assert.equal(countOf(tally.response), tally.count - tally.failed);
  const [odd] = talliesOfRound(roundOf(MONDAY_US, [{ route: 'gateway', elapsedUs: 1, dueUs: Number.NaN }]), 10_000_000);
  assert.deepEqual([odd?.slot, odd?.tally.count, odd?.tally.response], [MONDAY_US / 10_000_000, 1, []]);
});
