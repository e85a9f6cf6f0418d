import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../../src/logs/format.ts';
import { type CollectorOptions, createCollector } from '../../../src/logs/join/collector.ts';
import { countDurations } from '../../../src/logs/join/duration-counts.ts';
import { isSampleSecond, secondsAround } from '../../../src/logs/join/seconds.ts';
import type { PlacedEntry } from '../../../src/model/log.ts';
import { createRandom } from '../../../src/model/random.ts';
import { line, NOON, SEC } from './lines.ts';

type Fed = Partial<Row> & {
  readonly isProbe?: boolean;
  readonly isNewBlock?: boolean;
  readonly entry?: Partial<PlacedEntry>;
};

function collect(rows: Iterable<Fed>, more: Partial<CollectorOptions> = {}) {
  const collector = createCollector({
    source: 0,
    random: createRandom(1),
    format: 'iis-w3c',
    stamp: 'end',
    isDetails: false,
    maxBytes: 50e6,
    ...more,
  });
  let number = 0;
  for (const { isProbe = false, isNewBlock = false, entry = {}, ...fields } of rows) {
    number++;
    const row: Row = { atUs: NOON, status: 200, substatus: 0, win32: 0, durationUs: 10_000, ...fields };
    if (collector.row(row, number, isProbe, isNewBlock))
      collector.entry(
        line(0, row.atUs, row.durationUs, {
          atUs: row.atUs,
          status: row.status,
          win32: row.win32,
          line: number,
          ...entry,
        }),
      );
  }
  return collector.end();
}

function* many(count: number, of: (i: number) => Fed): Generator<Fed> {
  for (let i = 0; i < count; i++) yield of(i);
}

test('counts are exact, whatever is kept', () => {
  const { classes, counted, kept, minutes } = collect(
    many(100_000, (i) => ({
      atUs: NOON + i * 20_000,
      status: i % 10 === 0 ? 502 : 200,
      substatus: i % 10 === 0 ? 3 : 0,
      win32: i % 20 === 0 ? 12_002 : 0,
    })),
  );
  const count = (status: number, win32: number) =>
    classes.find((one) => one.status === status && one.win32 === win32)?.count;
  assert.deepEqual([counted, count(200, 0), count(502, 12_002), count(502, 0)], [100_000, 90_000, 5_000, 5_000]);
  assert.equal(
    minutes.reduce((sum, one) => sum + one.count, 0),
    100_000,
  );
  assert.equal(
    minutes.reduce((sum, one) => sum + one.failed, 0),
    10_000,
  );
  assert.equal(kept.filter(({ why }) => why === 'failed').length, 1_200);
});

test('of a class every line has the same chance, and the seed decides', () => {
  const rows = () => many(30_000, (i) => ({ atUs: NOON + i * 1_000, status: 500 }));
  const chosen = (seed: number) => collect(rows(), { random: createRandom(seed) }).kept.map(({ entry }) => entry.line);
  assert.deepEqual(chosen(7), chosen(7));
  assert.notDeepEqual(chosen(7), chosen(8));
  const thirds = [0, 0, 0];
  for (let seed = 1; seed <= 10; seed++)
    for (const one of chosen(seed))
      thirds[Math.floor((one - 1) / 10_000)] = (thirds[Math.floor((one - 1) / 10_000)] ?? 0) + 1;
  // 6000 lines in three parts: 2000 each, with a standard deviation of 37.
  for (const part of thirds) assert.ok(Math.abs(part - 2_000) < 160, String(thirds));
});

test('memory has a limit: lines with long texts and many classes do not pass it', () => {
  const { kept, classes } = collect(
    many(40_000, (i) => ({
      atUs: NOON + i * 1_000,
      status: 500 + (i % 400),
      substatus: i % 7,
      entry: { query: 'q'.repeat(20_000) },
    })),
    { maxBytes: 4e6 },
  );
  const bytes = kept.reduce((sum, { entry }) => sum + (entry.query ?? '').length, 0);
  // Ten of each class are kept in any case: 200 classes of 20 kB lines.
  assert.ok(bytes < 45e6, `${bytes}`);
  assert.equal(
    classes.reduce((sum, { count }) => sum + count, 0),
    40_000,
  );
  assert.equal(classes.length, 201);
});

test('the slowest lines are kept, ordinary ones only as a sample', () => {
  const { kept } = collect(
    many(50_000, (i) => ({ atUs: NOON + 200 * SEC + i, durationUs: i === 40_000 ? 90 * SEC : 300_000 + i })),
  );
  const slow = kept.filter(({ why }) => why === 'slow');
  assert.ok(slow.some(({ entry }) => entry.durationUs === 90 * SEC));
  assert.ok(slow.length <= 300 + 500 && slow.length >= 300, `${slow.length}`);
});

test('a pause is told with the request that ended it and the next one', () => {
  const { afterGaps } = collect([
    { atUs: NOON },
    { atUs: NOON + 1_300 * SEC, durationUs: 9 * SEC },
    { atUs: NOON + 1_301 * SEC, durationUs: 20_000 },
    { atUs: NOON + 1_400 * SEC, durationUs: 30_000 },
    { atUs: NOON + 2_400 * SEC, durationUs: 8 * SEC },
    { atUs: NOON + 9_400 * SEC, durationUs: 30_000 },
  ]);
  assert.deepEqual(
    afterGaps.map(({ gapUs, nextUs }) => [gapUs / SEC, nextUs]),
    [
      [1_291, 20_000],
      [992, undefined],
      [7_000 - 0.03, undefined],
    ],
  );
  const blocks = collect([
    { atUs: NOON, isNewBlock: true },
    { atUs: NOON + 10 * SEC, durationUs: 9 * SEC, isNewBlock: true },
    { atUs: NOON + 11 * SEC, durationUs: 20_000 },
    { atUs: NOON + 2_000 * SEC, durationUs: 8 * SEC, isNewBlock: true },
  ]);
  assert.deepEqual(
    blocks.afterGaps.map(({ gapUs, nextUs, isNewBlock }) => [gapUs / SEC, nextUs, isNewBlock]),
    [
      [1, 20_000, true],
      [1_981, undefined, true],
    ],
  );
  const byStart = collect([{ atUs: NOON, durationUs: 500 * SEC }, { atUs: NOON + 510 * SEC }], { stamp: 'start' });
  assert.deepEqual(byStart.afterGaps, []);
});

test('what has no time or another time is not counted', () => {
  const rows: Fed[] = [
    { atUs: Number.NaN },
    { atUs: NOON - 1 },
    { atUs: NOON },
    { atUs: NOON + 5 },
    { atUs: NOON + 6 },
  ];
  assert.equal(collect(rows, { sinceUs: NOON, untilUs: NOON + 5 }).counted, 2);
  assert.equal(collect(rows).counted, 4);
});

test('minutes become wider in a long log, and say so', () => {
  const { minutes } = collect(many(10_000, (i) => ({ atUs: NOON + i * 60 * SEC })));
  assert.ok(minutes.length <= 2_160);
  assert.equal(
    minutes.reduce((sum, { count }) => sum + count, 0),
    10_000,
  );
  assert.ok(minutes.every(({ lengthUs }) => lengthUs === 480 * SEC));
  const absurd = collect([{ atUs: -8e18 }, ...many(3_000, (i) => ({ atUs: i * 60 * SEC })), { atUs: 8e18 }]);
  assert.equal(
    absurd.minutes.reduce((sum, { count }) => sum + count, 0),
    3_002,
  );
});

test('durations: quantiles are right within 1.2 %, the largest is exact', () => {
  const counts = countDurations();
  for (let us = 1; us <= 100_000; us++) counts.add(us * 10);
  for (const p of [0.5, 0.9, 0.99]) {
    const off = counts.quantile(p) / (p * 1_000_000) - 1;
    assert.ok(Math.abs(off) < 0.012, `${p}: ${off}`);
  }
  assert.equal(counts.maxUs, 1_000_000);
  assert.equal(countDurations().quantile(0.5), 0);
  const above = counts.above(500_000);
  assert.ok(Math.abs(above - 50_000) < 600, `${above}`);
});

test('lines of the probe are kept where their id is asked for', () => {
  const rows: Fed[] = ['a', 'b', 'c'].map((probe) => ({ isProbe: true, entry: { ids: { probe } } }));
  const asked = collect(rows, { probeIds: new Set(['b']) });
  assert.deepEqual(
    asked.kept.map(({ entry, why }) => [entry.ids.probe, why]),
    [['b', 'probe']],
  );
  assert.equal(asked.probeLines, 3);
  assert.equal(collect(rows).kept.length, 3);
});

test('the probe’s traceparent tells the request where it was passed on untouched', () => {
  const run = 'abcdef0123456789abcdef0123456789';
  const row = (span: string): Fed => ({ entry: { ids: { trace: run }, raw: `x 00-${run}-${span}-01 y` } });
  const { kept } = collect([row('abcdef0100000007'), row('1234567812345678')]);
  assert.deepEqual(
    kept.map(({ entry }) => entry.ids),
    [{ probe: 'abcdef0100000007' }, { trace: run }],
  );
});

test('near a failure lines of its path are kept, and only what was looked at is covered', () => {
  const at = NOON + 5_000 * SEC;
  const near = secondsAround([{ fromUs: at, toUs: at + 10 * SEC }], 3);
  const { kept, covers } = collect(
    many(20_000, (i) => ({ atUs: NOON + i * 500_000, entry: { path: i % 2 === 0 ? '/a' : '/b' } })),
    { near, nearPaths: new Set(['/a']) },
  );
  const own = kept.filter(({ why }) => why === 'near');
  assert.equal(own.length, 17);
  assert.ok(own.every(({ entry }) => entry.path === '/a'));
  assert.equal(covers(at, at + 10 * SEC, '/a'), true);
  assert.equal(covers(at, at + 10 * SEC, '/b'), false);
  assert.equal(covers(at, at + 20 * SEC, '/a'), false);
  assert.equal(covers(NOON, NOON + 100 * SEC, '/b'), true, 'the first 500 lines are all kept');
  assert.equal(covers(NOON, NOON + 400 * SEC, '/b'), false);
});

test('where failed lines were left out, nothing is covered but what is near', () => {
  const at = NOON + 100 * SEC;
  const rows = () => many(5_000, (i) => ({ atUs: NOON + i * 100_000, status: 500 }));
  const far = collect(rows());
  assert.equal(far.covers(NOON, NOON + SEC, '/a'), false);
  const near = collect(rows(), { near: secondsAround([{ fromUs: at, toUs: at }], 3) });
  assert.equal(near.covers(at, at, '/a'), true);
  assert.equal(near.kept.filter(({ why }) => why === 'near').length, 70);
});

test('too many lines near a failure: what comes behind is not covered', () => {
  const { covers, dropped } = collect(
    many(30_000, (i) => ({ atUs: NOON + i * 1_000 })),
    { near: secondsAround([{ fromUs: NOON, toUs: NOON + 60 * SEC }], 3) },
  );
  assert.ok((dropped.near ?? 0) > 0);
  assert.equal(covers(NOON, NOON + 5 * SEC, '/a'), true);
  assert.equal(covers(NOON + 20 * SEC, NOON + 25 * SEC, '/a'), false);
});

test('error logs and lines without status or duration are details; HAProxy’s -1 is a request that failed', () => {
  const error = collect([{ status: -1, durationUs: -1 }], { isDetails: true });
  assert.deepEqual([error.kept[0]?.why, error.classes.length, error.minutes.length], ['detail', 0, 0]);
  const cut = collect([{ status: -1, durationUs: 5_000 }], { format: 'haproxy' });
  assert.deepEqual([cut.kept[0]?.why, cut.minutes[0]?.failed], ['failed', 1]);
  const bare = collect([{ status: -1, durationUs: 5_000 }]);
  assert.deepEqual([bare.kept[0]?.why, bare.minutes[0]?.failed], ['sample', 0]);
});

test('sample seconds are the same on hosts in different time zones', () => {
  const own = Array.from({ length: 900 }, (_, second) => second).filter(isSampleSecond);
  assert.equal(own.length, 18);
  for (const shift of [3_600, -5 * 3_600 - 1_800, 20_700])
    assert.deepEqual(
      own.filter((second) => !isSampleSecond(900_000 + second + shift)),
      [],
    );
});
