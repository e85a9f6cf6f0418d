import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MIN_HISTORY_RUNS, runHistory } from '../../src/analysis/run-history.ts';
import { createRandom } from '../../src/model/random.ts';
import type { HistoryRun, LevelChange } from '../../src/model/run-history.ts';
import { normal } from './noise.ts';

type Course = {
  readonly runs?: number;
  /** Factor from this run on (from 1). */
  readonly from?: number;
  readonly factor?: number;
  readonly memberFactor?: number;
  readonly noise?: number;
};

/** Runs whose p50 and p95 scatter by `noise`, the gateway's and the member's alike. */
function runsOf(seed: number, { runs = 40, from = 0, factor = 1, memberFactor = 1, noise = 0.05 }: Course = {}) {
  const random = createRandom(seed);
  return Array.from({ length: runs }, (_, at): HistoryRun => {
    const isAfter = from > 0 && at + 1 >= from;
    const scatter = (): number => Math.exp(noise * normal(random));
    return {
      name: `shop-${String(at + 1).padStart(3, '0')}`,
      startedAt: new Date(Date.UTC(2026, 9, 1 + at, 2)).toISOString(),
      levelsUs: {
        'gateway p50': 42_000 * (isAfter ? factor : 1) * scatter(),
        'gateway p95': 60_000 * (isAfter ? factor : 1) * scatter(),
        'direct:web1 p95': 55_000 * (isAfter ? memberFactor : 1) * scatter(),
      },
    };
  });
}

function changesOf(runs: readonly HistoryRun[], id: string): readonly LevelChange[] {
  return runHistory('shop', runs)?.series.find((series) => series.id === id)?.changes ?? [];
}

test('a change is found at its run, with its size and what the members did', () => {
  let hits = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const from = 10 + (seed % 20);
    const changes = changesOf(runsOf(seed, { from, factor: 1.18 }), 'gateway p95');
    const [change] = changes;
    if (changes.length === 1 && Math.abs((change?.number ?? 0) - from) <= 1) hits++;
    if (change === undefined) continue;
    assert.ok(Math.abs(change.changeRatio - 0.18) < 0.08, `seed ${seed}: ${change.changeRatio}`);
    assert.ok(Math.abs(change.membersRatio ?? 1) < 0.08, `seed ${seed}: ${change.membersRatio}`);
    assert.equal(change.run.name, `shop-${String(change.number).padStart(3, '0')}`);
  }
  assert.ok(hits >= 38, `${hits} of 40`);
});

test('200 courses without a change: at most 5 % are told to have one', () => {
  let told = 0;
  for (let seed = 1; seed <= 200; seed++) {
    const runs = runsOf(1_000 + seed, { runs: 25 + (seed % 20), noise: seed % 2 === 0 ? 0.05 : 0.2 });
    if (changesOf(runs, 'gateway p95').length > 0) told++;
  }
  assert.ok(told <= 10, `${told} of 200`);
});

test('changes of members are theirs, and are said beside the gateway’s', () => {
  const runs = runsOf(3, { from: 23, factor: 1.3, memberFactor: 1.3 });
  const [gateway] = changesOf(runs, 'gateway p95');
  assert.ok(Math.abs((gateway?.membersRatio ?? 0) - 0.3) < 0.1, `${gateway?.membersRatio}`);
  const [member] = changesOf(runs, 'direct:web1 p95');
  assert.equal(member?.membersRatio, undefined);
  assert.ok(Math.abs((member?.number ?? 0) - 23) <= 1);
});

test('a certain change below 5 % is none', () => {
  assert.deepEqual(changesOf(runsOf(1, { runs: 60, from: 30, factor: 1.03, noise: 0.002 }), 'gateway p95'), []);
  assert.equal(changesOf(runsOf(1, { runs: 60, from: 30, factor: 1.08, noise: 0.002 }), 'gateway p95').length, 1);
});

test('twenty runs are no history; runs that lack a quantile are left out of its course', () => {
  assert.equal(runHistory('shop', runsOf(1, { runs: MIN_HISTORY_RUNS - 1 })), undefined);
  const runs = runsOf(1, { runs: 30 }).map((run, at) => {
    const { 'gateway p95': _, ...rest } = run.levelsUs;
    return at < 12 ? { ...run, levelsUs: rest } : run;
  });
  const history = runHistory('shop', runs.toReversed());
  assert.deepEqual(
    history?.series.map(({ id, points }) => [id, points.length, points[0]?.[0]]),
    [
      ['gateway p50', 30, 1],
      ['direct:web1 p95', 30, 1],
    ],
  );
});

test('the same runs give the same answer', () => {
  const runs = runsOf(5, { from: 12, factor: 1.3 });
  assert.deepEqual(runHistory('shop', runs), runHistory('shop', runs));
});
