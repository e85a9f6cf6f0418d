import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { createRandom } from '../../src/model/random.ts';
import type { HistoryFile } from '../../src/store/history.ts';
import { keepUsOf } from '../../src/store/retention.ts';
import { DAY_US, HOUR_US, MINUTE_US, MONDAY_US, randomRound } from './rounds.ts';
import { withHistory } from './with-history.ts';

const END_US = MONDAY_US + 20 * DAY_US;
const ALL = { profile: 'shop', fromAtUs: MONDAY_US - DAY_US, toAtUs: END_US + DAY_US };

function fill(
  history: HistoryFile,
  { profile = 'shop', everyUs = HOUR_US, failureRatio = 0.1, days = 20, isMaintained = false } = {},
): void {
  const random = createRandom(61);
  for (let atUs = MONDAY_US; atUs < MONDAY_US + days * DAY_US; atUs += everyUs) {
    const { round, kept } = randomRound(random, atUs, { members: 1, failureRatio, profile });
    assert.equal(history.append(round, kept), undefined);
    if (isMaintained && atUs % DAY_US === 0) assert.equal(history.maintain(atUs), undefined);
  }
}

function countOf(history: HistoryFile, level: '10s' | '5m' | '1h' | '1d', profile = 'shop'): number {
  return history.intervals({ ...ALL, profile, level }).reduce((sum, { count }) => sum + count, 0);
}

test('each profile keeps each level for its own time; coarser levels keep what finer ones lose', () =>
  withHistory(
    (history) => {
      fill(history);
      fill(history, { profile: 'other' });
      assert.equal(history.maintain(END_US), undefined);
      const total = 20 * 24 * 2;
      assert.deepEqual(
        [countOf(history, '10s'), countOf(history, '5m'), countOf(history, '1d')],
        [2 * 24 * 2, 14 * 24 * 2, total],
      );
      assert.deepEqual([countOf(history, '10s', 'other'), countOf(history, '5m', 'other')], [14 * 24 * 2, total]);
      assert.ok(history.kept(ALL).every(({ atUs }) => atUs >= END_US - 5 * DAY_US));
      assert.ok(history.kept({ ...ALL, profile: 'other' }).some(({ atUs }) => atUs < END_US - 15 * DAY_US));
      assert.deepEqual(history.check(), []);
      // 15 minutes of what the finest levels have lost.
      const old = { profile: 'shop', fromAtUs: MONDAY_US, toAtUs: MONDAY_US + 15 * MINUTE_US };
      assert.deepEqual([...new Set(history.intervals(old).map(({ level }) => level))], ['1h']);
      const recent = { profile: 'shop', fromAtUs: END_US - HOUR_US, toAtUs: END_US - 45 * MINUTE_US };
      assert.deepEqual([...new Set(history.intervals(recent).map(({ level }) => level))], ['10s']);
    },
    {
      settingsOf: (profile) =>
        profile === 'shop'
          ? { levelsUs: { '10s': 2 * DAY_US, '5m': 14 * DAY_US }, exchangesUs: 5 * DAY_US }
          : undefined,
    },
  ));

test('a clock that jumps years ahead deletes nothing that is young', () =>
  withHistory((history) => {
    fill(history);
    assert.equal(history.maintain(END_US + 3_000 * DAY_US), undefined);
    assert.equal(countOf(history, '1h'), 20 * 24 * 2);
    assert.ok(countOf(history, '10s') >= 12 * 24 * 2, 'as if it were a day after the last round');
    // Time goes on where it was; all levels still agree.
    fill(history, { days: 1 });
    assert.equal(countOf(history, '1d'), 21 * 24 * 2);
    assert.deepEqual(history.check(), []);
  }));

test('above the size cap the oldest of the largest goes, days and events never', () =>
  withHistory(
    (history) => {
      fill(history, { everyUs: 5 * MINUTE_US, isMaintained: true });
      const event = { id: 'a', profile: 'shop', kind: 'failing', severity: 'error', facts: {} } as const;
      history.putEvent({ ...event, fromAtUs: MONDAY_US, toAtUs: MONDAY_US + 1, title: 'old' });
      for (let i = 0; i < 3; i++) assert.equal(history.maintain(END_US), undefined);
      const { intervals, kept } = history.size();
      assert.equal(countOf(history, '1d'), 20 * 288 * 2);
      assert.ok(kept > 0 && intervals['10s'] > 0, 'not all of one kind');
      const newest = Math.max(...history.kept(ALL).map(({ atUs }) => atUs));
      assert.ok(newest > END_US - DAY_US, 'the oldest, not the newest');
      assert.equal(history.events(ALL).length, 1);
      assert.deepEqual(history.check(), []);
      const pages = statSync(history.file).size;
      assert.ok(pages < 1.5 * 1_000_000, `${pages} bytes`);
    },
    { maxBytes: 1_000_000 },
  ));

test('keep is above all', () => {
  assert.equal(keepUsOf('1d', { keepUs: DAY_US }), DAY_US);
  assert.equal(keepUsOf('10s', { keepUs: 300 * DAY_US }), 14 * DAY_US);
  assert.equal(keepUsOf('kept', { exchangesUs: 7 * DAY_US }), 7 * DAY_US);
  assert.equal(keepUsOf('10s', { levelsUs: { '10s': 30 * DAY_US }, keepUs: 20 * DAY_US }), 20 * DAY_US);
  assert.equal(keepUsOf('event'), 3_650 * DAY_US);
});

test('prune deletes what is older of one profile alone, and tells of what goes on', () =>
  withHistory((history) => {
    fill(history);
    fill(history, { profile: 'other' });
    const event = {
      profile: 'shop',
      kind: 'failing',
      severity: 'error',
      facts: {},
      fromAtUs: MONDAY_US,
      title: 'x',
    } as const;
    history.putEvent({ ...event, id: 'over', toAtUs: MONDAY_US + 1 });
    history.putEvent({ ...event, id: 'open' });
    assert.equal(history.prune(END_US, 5 * DAY_US, 'shop'), undefined);
    assert.deepEqual([countOf(history, '10s'), countOf(history, '1d')], [5 * 24 * 2, 5 * 24 * 2]);
    assert.deepEqual([countOf(history, '10s', 'other'), countOf(history, '1d', 'other')], [20 * 24 * 2, 20 * 24 * 2]);
    assert.deepEqual(
      history.events(ALL).map(({ id }) => id),
      ['open'],
    );
    assert.equal(history.rounds(ALL).length, 5 * 24);
    assert.deepEqual(history.check(), []);
  }));
