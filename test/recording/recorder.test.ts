import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { type AnswerRows, exchangesOfRows, ROW_LENGTH } from '../../src/model/answer-rows.ts';
import { type Exchange, isFailure, type Outcome } from '../../src/model/exchange.ts';
import { createRandom, shuffled } from '../../src/model/random.ts';
import type { Window } from '../../src/model/recording.ts';
import type { RouteId } from '../../src/model/route.ts';
import { createRecorder, type RecordedTraffic } from '../../src/recording/recorder.ts';
import { mergeWindows } from '../../src/recording/windows.ts';
import { ANSWER, BAD_GATEWAY, exchange, NOT_SENT, OK, TIMEOUT, temporaryFolder } from './traffic.ts';

const total = (windows: Iterable<Window>): number => [...windows].reduce((sum, { count }) => sum + count, 0);

test('streams windows while the run goes on, and counts every due request', (context) => {
  const folder = temporaryFolder(context);
  const recorder = createRecorder({ folder, seed: 1, graceUs: 2_000_000 });
  const outcomes: readonly Outcome[] = [OK, BAD_GATEWAY, NOT_SENT, { kind: 'aborted' }, TIMEOUT];
  const all = Array.from({ length: 1_000 }, (_, seq) => exchange(seq, { outcome: outcomes[seq % 5] ?? OK }));
  recorder.record(all.slice(0, 500));
  const file = join(folder, 'recording', 'windows.jsonl');
  const early = statSync(file).size;
  assert.ok(early > 0, 'the first windows are on disk before the end');
  recorder.record(all.slice(500));
  assert.deepEqual(recorder.counts('compare-1'), { due: 1_000, sent: 800 });
  assert.deepEqual(recorder.counts('ramp-1'), { due: 0, sent: 0 });
  const { windows, windowsOnDisk, exchanges, exchangeCount, experiments, quality, warnings } = recorder.finish();
  assert.ok(statSync(file).size > early);
  assert.equal(total(windows()), 1_000);
  assert.deepEqual([windowsOnDisk, exchangeCount, exchanges.length, warnings], [true, 1_000, 1_000, []]);
  assert.deepEqual([...experiments], [['compare-1', { due: 1_000, sent: 800, kept: 1_000 }]]);
  assert.equal(quality.notSentCap, 200);
  const byCohort = Map.groupBy(windows(), ({ cohort }) => cohort);
  assert.deepEqual(
    [...byCohort].map(([cohort, members]) => [cohort, total(members)]).sort(),
    ['aborted', 'error', 'not-sent', 'ok', 'timeout'].map((cohort) => [cohort, 200]),
  );
});

test('the order of arrival changes nothing', (context) => {
  const folder = temporaryFolder(context);
  const all = Array.from({ length: 400 }, (_, seq) =>
    exchange(seq, { dueUs: seq * 50_000, endUs: seq * 50_000 + 100 + ((seq * 7_919) % 6_000_000) }),
  );
  const results = [all, all.toReversed(), shuffled(all, createRandom(4))].map((exchanges, index) => {
    const recorder = createRecorder({
      folder: join(folder, `${index}`),
      seed: 1,
      graceUs: 1_000_000,
      caps: { others: 100, slowest: 10 },
    });
    for (const one of exchanges) recorder.record([one]);
    return recorder.finish();
  });
  const [first, ...others] = results.map((result) => [mergeWindows(result.windows()), result.exchanges]);
  for (const other of others) assert.deepEqual(other, first);
});

test('lateness and median service time come from open-loop exchanges that were sent', () => {
  const recorder = createRecorder({ seed: 1, isOpenLoop: (id) => id === 'compare-1' });
  const late = Array.from({ length: 1_000 }, (_, seq) => exchange(seq, { sentUs: seq * 10_000 + seq }));
  recorder.record([
    ...late,
    exchange(2_000, { experimentId: 'burst-1', dueUs: 0, sentUs: 900_000 }),
    exchange(2_001, { outcome: NOT_SENT }),
    exchange(2_002, { dueUs: 100, sentUs: 97 }),
    ...Array.from({ length: 2_000 }, (_, n) =>
      exchange(3_000 + n, { dueUs: 0, sentUs: 500, outcome: TIMEOUT, endUs: 120_000_000 }),
    ),
    exchange(2_004, {
      outcome: { kind: 'connection-error', phase: 'connect', code: 'ports', detail: 'EADDRNOTAVAIL', bytesReceived: 0 },
    }),
  ]);
  const { quality } = recorder.finish();
  assert.equal(quality.latenessCount, 3_002);
  assert.equal(quality.latenessUs.p50, 500);
  assert.ok(Math.abs(quality.latenessUs.p99 - 969) <= 3, `${quality.latenessUs.p99}`);
  assert.equal(quality.latenessUs.max, 999);
  assert.ok(Math.abs(quality.medianServiceUs - 5_000) <= 5, `${quality.medianServiceUs}`);
  assert.equal(quality.portShortages, 1);
});

test('a run without exchanges', () => {
  const { windows, exchanges, exchangeCount, quality, warnings } = createRecorder({ seed: 1 }).finish();
  assert.deepEqual([[...windows()], exchanges, exchangeCount, warnings], [[], [], 0, []]);
  assert.deepEqual(quality.latenessUs, { p50: 0, p99: 0, p999: 0, max: 0 });
});

test('after the end nothing changes any more', () => {
  const recorder = createRecorder({ seed: 1 });
  recorder.record([exchange(1)]);
  const result = recorder.finish();
  recorder.record([exchange(2)]);
  assert.equal(recorder.finish(), result);
  assert.equal(total(result.windows()), 1);
});

test('a disk that refuses: never an error, a warning, and all is measured in bounded memory', (context) => {
  const blocked = join(temporaryFolder(context), 'a-file');
  writeFileSync(blocked, '');
  const recorder = createRecorder({ folder: blocked, seed: 1, graceUs: 0, maxHeldWindows: 30 });
  for (let seq = 0; seq < 20_000; seq++) recorder.record([exchange(seq)]);
  const { windows, windowsOnDisk, exchangeCount, warnings } = recorder.finish();
  const held = [...windows()];
  assert.ok(held.length <= 30);
  assert.equal(total(held), 20_000);
  assert.deepEqual([windowsOnDisk, exchangeCount, warnings.length], [false, 20_000, 1]);
});

test('times that are no times become a warning', () => {
  const recorder = createRecorder({ seed: 1 });
  recorder.record([exchange(1, { endUs: Number.NaN }), exchange(2, { dueUs: 0, endUs: 4_000_000_000 })]);
  const { windows, warnings } = recorder.finish();
  assert.equal(total(windows()), 2);
  assert.deepEqual(warnings, [
    '2 times were negative or not a number and stand in no histogram.',
    '1 response times above 1 h stand in histograms as 1 h.',
  ]);
});

test('windows, counts and outcomes agree for any traffic', () => {
  const traffic = fc.array(
    fc.record({
      dueUs: fc.nat(30_000_000),
      durationUs: fc.nat(15_000_000),
      outcome: fc.constantFrom(OK, BAD_GATEWAY, TIMEOUT, NOT_SENT),
      experimentId: fc.constantFrom('compare-1', 'ramp-2'),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(traffic, fc.nat(3_000_000), (parts, graceUs) => {
      const recorder = createRecorder({ seed: 1, graceUs });
      const all = parts.map(({ dueUs, durationUs, outcome, experimentId }, seq) =>
        exchange(seq, { dueUs, outcome, experimentId, endUs: dueUs + durationUs }),
      );
      for (const one of all) recorder.record([one]);
      const { windows, experiments, exchanges } = recorder.finish();
      assert.equal(total(windows()), all.length);
      assert.deepEqual(exchanges, all);
      for (const [id, { due, sent, kept }] of experiments) {
        const mine = all.filter(({ experimentId }) => experimentId === id);
        assert.deepEqual([due, kept], [mine.length, mine.length]);
        assert.equal(sent, mine.filter(({ sentUs }) => sentUs !== undefined).length);
        const counted = [...windows()].filter(({ experimentId }) => experimentId === id);
        assert.equal(total(counted), due);
        assert.equal(
          counted.reduce((sum, { outcomes }) => sum + Object.values(outcomes).reduce((a, b) => a + b, 0), 0),
          due,
        );
      }
    }),
    { numRuns: 50 },
  );
});

const LONG_RUN = 300_000;
const ROUTES: readonly RouteId[] = ['gateway', 'direct:web1', 'direct:web2', 'direct:web3'];

/** 300 s at 1000/s: 5 % answered 502 with a body, 2 % timeouts, a canary each second. */
function longRun(folder: string): RecordedTraffic {
  const random = createRandom(6);
  const recorder = createRecorder({ folder, seed: 11 });
  for (let start = 0; start < LONG_RUN; start += 1_000) {
    const batch: Exchange[] = [];
    for (let seq = start; seq < start + 1_000; seq++) {
      const chance = random.next();
      const dueUs = seq * 1_000;
      batch.push(
        exchange(seq, {
          dueUs,
          endUs: dueUs + 2_000 + Math.floor(20_000 * random.next()),
          experimentId: `burst-${1 + (seq % 3)}`,
          route: ROUTES[seq % 4] ?? 'gateway',
          tag: { kind: seq % 1_000 === 500 ? 'canary' : 'load' },
          outcome: chance < 0.05 ? { ...BAD_GATEWAY } : chance < 0.07 ? { ...TIMEOUT } : { ...OK },
          ...(chance < 0.05 ? { answer: { ...ANSWER, bodyStart: `${seq}`.padEnd(4_096, 'x') } } : {}),
        }),
      );
    }
    recorder.record(batch);
  }
  return recorder.finish();
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

test('a long run: caps hold, memory is bounded, canaries stay, and the seed repeats the choice', (context) => {
  const folder = temporaryFolder(context);
  const before = heapBytes();
  const first = longRun(join(folder, 'a'));
  // All 300 000 would take more than 200 MB.
  assert.ok(heapBytes() - before < 60e6, `${heapBytes() - before} bytes`);
  assert.equal(first.exchangeCount, LONG_RUN);
  assert.equal(total(first.windows()), LONG_RUN);
  assert.ok(first.exchanges.length > 20_000 && first.exchanges.length <= 25_000, `${first.exchanges.length}`);
  assert.equal(first.exchanges.filter(isFailure).length, 5_000);
  assert.ok(first.exchanges.filter(({ answer }) => answer !== undefined).length <= 2_000 + 12 * 20);
  assert.equal(first.exchanges.filter(({ tag }) => tag?.kind === 'canary').length, LONG_RUN / 1_000);
  assert.ok(JSON.stringify(first.exchanges).length < 60e6);
  const second = longRun(join(folder, 'b'));
  assert.deepEqual(
    second.exchanges.map(({ seq }) => seq),
    first.exchanges.map(({ seq }) => seq),
  );
  const windowsFile = join('recording', 'windows.jsonl');
  assert.ok(readFileSync(join(folder, 'a', windowsFile)).equals(readFileSync(join(folder, 'b', windowsFile))));
});

/** A closed loop's rows: connections that open and go on, several statuses and members, over some seconds. */
function loopRows(count: number): AnswerRows {
  const random = createRandom(9);
  const values = new Float64Array(count * ROW_LENGTH);
  for (let i = 0; i < count; i++) {
    const sentUs = i * 900 + Math.floor(400 * random.next());
    const isNew = i % 50 < 3;
    const waitUs = 300 + Math.floor(5_000 * random.next() ** 4);
    const row = [i, sentUs, sentUs + 20, sentUs + 20 + waitUs, sentUs + 60 + waitUs, i % 97 === 0 ? 404 : 200, 120, 7];
    const connection = [1 + (i % 8), 40_000 + (i % 8), isNew ? sentUs - 250 : 0, isNew ? -1 : 700, isNew ? 250 : NaN];
    values.set([...row, ...connection, NaN, i % 3 === 0 ? 1 : 0, 1], i * ROW_LENGTH);
  }
  const about = { runId: '0123456789abcdef0123456789abcdef', experimentId: 'burst-1', route: 'gateway' as const };
  return { ...about, requestName: 'home', count, values, members: ['web1', 'web2'] };
}

test('rows of a closed loop are recorded as the exchanges that they stand for', () => {
  const caps = { others: 200 };
  const recorders = [0, 1].map(() => createRecorder({ seed: 3, isOpenLoop: () => false, caps }));
  const [byRows, one] = recorders as [ReturnType<typeof createRecorder>, ReturnType<typeof createRecorder>];
  const rows = loopRows(6_000);
  byRows.recordRows(rows);
  for (const exchanges of exchangesOfRows(rows)) one.record(exchanges);
  assert.deepEqual(byRows.counts('burst-1'), one.counts('burst-1'));
  const [left, right] = [byRows.finish(), one.finish()];
  const keyOf = ({ startUs, cohort, connection }: Window): string => `${startUs} ${cohort} ${connection}`;
  const windowsOf = ({ windows }: RecordedTraffic): readonly Window[] =>
    [...windows()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  assert.deepEqual(windowsOf(left), windowsOf(right));
  assert.deepEqual(left.exchanges, right.exchanges);
  assert.ok(left.exchanges.length < 6_000, 'not all are kept: the choice is the same');
  for (const field of ['exchangeCount', 'quality', 'instrument', 'warnings'] as const)
    assert.deepEqual(left[field], right[field], field);
  assert.deepEqual([...left.experiments], [...right.experiments]);
  assert.ok((left.instrument.newConnectionsPerMinute ?? 0) >= 360);
});
