import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { HistoryEvent, HistoryLevel } from '../../src/model/history.ts';
import { createRandom } from '../../src/model/random.ts';
import { decodeHistogram } from '../../src/recording/histogram.ts';
import { openHistory } from '../../src/store/history.ts';
import {
  type Answer,
  DAY_US,
  exchangeOf,
  FAILED,
  HOUR_US,
  MINUTE_US,
  MONDAY_US,
  randomRound,
  roundOf,
  SECOND_US,
} from './rounds.ts';
import { withHistory } from './with-history.ts';

const WEEK = { profile: 'shop', fromAtUs: MONDAY_US, toAtUs: MONDAY_US + 7 * DAY_US };

test('a round is counted by route, connection and interval; good answers alone have times', () =>
  withHistory((history) => {
    const answers: readonly Answer[] = [
      { route: 'gateway', elapsedUs: 20_000, latenessUs: 1_000 },
      { route: 'gateway', elapsedUs: 30_000, dueUs: 9_999_999 },
      { route: 'gateway', elapsedUs: 40_000, dueUs: 10_000_000 },
      { route: 'gateway', elapsedUs: 2_000_000, outcome: FAILED },
      { route: 'gateway', elapsedUs: 50_000, isNew: true },
      { route: 'direct:web1', elapsedUs: 1, outcome: { kind: 'not-sent', reason: 'cap' } },
    ];
    assert.equal(history.append(roundOf(MONDAY_US, answers), []), undefined);
    const intervals = history.intervals({ ...WEEK, level: '10s' });
    assert.deepEqual(
      intervals.map(({ route, connection, startAtUs, count, failed, outcomes, maxResponseUs, maxServiceUs }) => [
        route,
        connection,
        (startAtUs - MONDAY_US) / SECOND_US,
        count,
        failed,
        outcomes,
        maxResponseUs,
        maxServiceUs,
      ]),
      [
        ['gateway', 'warm', 0, 3, 1, { 200: 2, 502: 1 }, 30_000, 30_000],
        ['gateway', 'new', 0, 1, 0, { 200: 1 }, 50_000, 50_000],
        ['direct:web1', 'warm', 0, 1, 0, { 'not-sent:cap': 1 }, 0, 0],
        ['gateway', 'warm', 10, 1, 0, { 200: 1 }, 40_000, 40_000],
      ],
    );
    const [first, , unsent] = intervals;
    assert.deepEqual(
      decodeHistogram(first?.response ?? '').map(([us]) => us),
      [20_008, 30_008],
    );
    assert.deepEqual(
      decodeHistogram(first?.service ?? '').map(([us]) => us),
      [19_000, 30_008],
    );
    assert.deepEqual([unsent?.response, unsent?.service], ['', '']);
    assert.deepEqual(history.profiles(), ['shop']);
    assert.deepEqual(history.intervals({ ...WEEK, profile: 'other' }), []);
  }));

test('confirming bursts and experiments are no sample of the farm: only their exchanges are kept', () =>
  withHistory((history) => {
    const answers: readonly Answer[] = [{ route: 'gateway', elapsedUs: 5, outcome: FAILED }];
    for (const kind of ['confirm', 'experiment'] as const) {
      const exchange = exchangeOf(1, { route: 'gateway', elapsedUs: 5, outcome: FAILED });
      history.append(roundOf(MONDAY_US, answers, { kind }), [
        { profile: 'shop', atUs: MONDAY_US, reason: 'failure', exchange },
      ]);
    }
    assert.deepEqual(history.intervals(WEEK), []);
    assert.equal(history.kept(WEEK).length, 2);
  }));

/** What a dashboard asks, and the level that it gets. */
const LEVELS: readonly { readonly spanUs: number; readonly limit?: number; readonly level: HistoryLevel }[] = [
  { spanUs: 15 * MINUTE_US, level: '10s' },
  { spanUs: HOUR_US, level: '10s' },
  { spanUs: 24 * HOUR_US, level: '5m' },
  { spanUs: 7 * DAY_US, level: '1h' },
  { spanUs: 30 * DAY_US, level: '1d' },
  { spanUs: 365 * DAY_US, level: '1d' },
  { spanUs: 15 * MINUTE_US, limit: 90, level: '10s' },
  { spanUs: 15 * MINUTE_US, limit: 4, level: '5m' },
];

for (const { spanUs, limit, level } of LEVELS) {
  test(`${spanUs / MINUTE_US} minutes in at most ${limit ?? 'the usual number of'} intervals: level ${level}`, () =>
    withHistory((history) => {
      for (let atUs = MONDAY_US; atUs < MONDAY_US + HOUR_US; atUs += 5 * MINUTE_US)
        history.append(roundOf(atUs, [{ route: 'gateway', elapsedUs: 5_000 }]), []);
      const query = { profile: 'shop', fromAtUs: MONDAY_US + 1, toAtUs: MONDAY_US + spanUs + 1 };
      const found = history.intervals(limit === undefined ? query : { ...query, limit });
      assert.ok(found.length > 0);
      assert.deepEqual([...new Set(found.map((interval) => interval.level))], [level]);
      assert.ok(
        found.every(
          ({ startAtUs }) => startAtUs % { '10s': 10e6, '5m': 300e6, '1h': 3_600e6, '1d': 86_400e6 }[level] === 0,
        ),
      );
    }));
}

test('the newest intervals are kept where a limit is below the time', () =>
  withHistory((history) => {
    for (let i = 0; i < 12; i++)
      history.append(roundOf(MONDAY_US + i * 10 * SECOND_US, [{ route: 'gateway', elapsedUs: 5 }]), []);
    const query = { profile: 'shop', fromAtUs: MONDAY_US, toAtUs: MONDAY_US + 2 * MINUTE_US, level: '10s' as const };
    assert.equal(history.intervals(query).length, 12);
    assert.deepEqual(
      history.intervals({ ...query, limit: 3 }).map(({ startAtUs }) => (startAtUs - MONDAY_US) / SECOND_US),
      [90, 100, 110],
    );
  }));

test('kept exchanges, quiet spans, events and findings come back as they were told', () =>
  withHistory((history) => {
    const { round, kept } = randomRound(createRandom(1), MONDAY_US, { failureRatio: 1 });
    history.append(round, kept);
    assert.deepEqual(history.kept(WEEK), kept);
    assert.deepEqual(
      history.kept({ ...WEEK, route: 'direct:web3', limit: 5 }).map(({ exchange }) => exchange.route),
      ['direct:web3'],
    );
    assert.deepEqual(history.kept({ ...WEEK, limit: 2 }), kept.slice(-2));
    assert.deepEqual(history.kept({ ...WEEK, toAtUs: MONDAY_US }), []);

    const span = {
      profile: 'shop',
      route: 'direct:web1',
      fromAtUs: MONDAY_US,
      toAtUs: MONDAY_US + HOUR_US,
      why: 'nightly',
    } as const;
    history.addQuiet({ ...span, toAtUs: MONDAY_US + MINUTE_US });
    history.addQuiet(span);
    assert.deepEqual(history.quiet(WEEK), [span]);
    assert.deepEqual(history.quiet({ ...WEEK, fromAtUs: span.toAtUs }), []);

    const event: HistoryEvent = {
      id: 'failing-1',
      profile: 'shop',
      kind: 'failing',
      severity: 'error',
      fromAtUs: MONDAY_US + HOUR_US,
      route: 'gateway',
      title: 'gateway fails',
      facts: { requestIds: ['a', 'b'] },
    };
    history.putEvent({ ...event, id: 'moment', toAtUs: event.fromAtUs, kind: 'alert' });
    history.putEvent(event);
    const later = { ...WEEK, fromAtUs: MONDAY_US + 2 * HOUR_US };
    assert.deepEqual(history.events(later), [event], 'one that goes on overlaps all that comes after');
    const closed = { ...event, toAtUs: MONDAY_US + HOUR_US + 5 };
    history.putEvent(closed);
    assert.deepEqual(history.events(later), []);
    assert.deepEqual(
      history.events({ ...WEEK, fromAtUs: event.fromAtUs }).map(({ id }) => id),
      ['failing-1', 'moment'],
    );
    assert.deepEqual(
      history.events({ ...WEEK, kinds: ['alert'] }).map(({ id }) => id),
      ['moment'],
    );
    assert.deepEqual(history.event('failing-1'), closed);
    assert.equal(history.event('none'), undefined);
  }));

test('two connections see each other, and one that only reads changes nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-store-'));
  const first = openHistory(folder);
  const second = openHistory(folder);
  const reader = openHistory(join(folder, 'history.sqlite'), { isReadOnly: true });
  try {
    first.append(roundOf(MONDAY_US, [{ route: 'gateway', elapsedUs: 5_000 }]), []);
    second.append(roundOf(MONDAY_US, [{ route: 'gateway', elapsedUs: 7_000 }]), []);
    assert.deepEqual(
      reader.intervals(WEEK).map(({ count }) => count),
      [2],
    );
    const refused = reader.append(roundOf(MONDAY_US, [{ route: 'gateway', elapsedUs: 1 }]), []);
    assert.equal(refused?.reason, 'broken');
    assert.equal(reader.size().intervals['10s'], 1);
    assert.deepEqual(reader.check(), []);
  } finally {
    for (const history of [reader, second, first]) history.close();
    rmSync(folder, { recursive: true });
  }
});

test('a data folder that is not there yet is made, with the file in it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-history-'));
  try {
    const history = openHistory(join(folder, 'data', 'monitor'));
    history.close();
    assert.equal(history.file, join(folder, 'data', 'monitor', 'history.sqlite'));
    assert.ok(statSync(history.file).isFile());
    const other = openHistory(join(folder, 'mine.sqlite'));
    other.close();
    assert.equal(other.file, join(folder, 'mine.sqlite'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
