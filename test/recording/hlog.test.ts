import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HistogramLogReader, listTags } from 'hdr-histogram-js';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Recording } from '../../src/model/recording.ts';
import { hlogLines, writeHlog } from '../../src/recording/hlog.ts';
import { memoryRecording } from '../../src/recording/memory.ts';
import { BAD_GATEWAY, exchange, experimentRecord, FRAME, MANIFEST, temporaryFolder } from './traffic.ts';

const FRAME_WITH_LOOPS = {
  ...FRAME,
  experiments: [experimentRecord('compare-1'), experimentRecord('ramp-1'), experimentRecord('burst-1', 'closed')],
};

/** 400 slots on two routes over 4 s; the gateway takes 5 to 45 ms, the member 1 to 5 ms. */
const SLOTS: readonly Exchange[] = Array.from({ length: 800 }, (_, seq) => {
  const dueUs = Math.floor(seq / 2) * 10_000;
  const isGateway = seq % 2 === 0;
  return exchange(seq, {
    dueUs,
    endUs: dueUs + (isGateway ? 5_000 + seq * 50 : 1_000 + seq * 5),
    route: isGateway ? 'gateway' : 'direct:web1',
    experimentId: seq < 400 ? 'compare-1' : 'ramp-1',
    tag: seq < 400 ? { kind: 'slot', arm: 'warm' } : { kind: 'load' },
  });
});

type Read = {
  readonly tag: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
  readonly p50: number;
  readonly max: number;
};

function readBack(text: string): Read[] {
  const reader = new HistogramLogReader(text);
  const intervals: Read[] = [];
  for (let next = reader.nextIntervalHistogram(); next !== null; next = reader.nextIntervalHistogram()) {
    intervals.push({
      tag: next.tag,
      startMs: Math.round(next.startTimeStampMsec),
      endMs: Math.round(next.endTimeStampMsec),
      count: next.totalCount,
      p50: next.getValueAtPercentile(50),
      max: next.maxValue,
    });
  }
  return intervals;
}

const logOf = (recording: Recording): string => [...hlogLines(recording)].join('');

test('the standard reader gets one histogram per route and second, in order, with absolute times', () => {
  const intervals = readBack(logOf(memoryRecording(FRAME_WITH_LOOPS, SLOTS.toReversed())));
  const startMs = Date.parse(MANIFEST.startedAt);
  assert.deepEqual(
    intervals.map(({ tag, startMs: at, endMs, count }) => [tag, at - startMs, endMs - at, count]),
    [0, 1_000, 2_000, 3_000].flatMap((at) => [
      ['direct:web1', at, 1_000, 100],
      ['gateway', at, 1_000, 100],
    ]),
  );
  const gateway = intervals.filter(({ tag }) => tag === 'gateway');
  for (const [second, { p50, max }] of gateway.entries()) {
    const exact = SLOTS.filter((one) => one.route === 'gateway' && Math.floor(one.dueUs / 1e6) === second).map(
      (one) => one.endUs - one.dueUs,
    );
    assert.ok(Math.abs(p50 - (exact[49] as number)) <= p50 * 0.001);
    assert.ok(Math.abs(max - (exact[99] as number)) <= max * 0.001);
  }
  assert.deepEqual(listTags(logOf(memoryRecording(FRAME_WITH_LOOPS, SLOTS))).sort(), ['direct:web1', 'gateway']);
});

test('the text is that of the format', () => {
  const lines = logOf(memoryRecording(FRAME_WITH_LOOPS, SLOTS.slice(0, 2))).split('\n');
  assert.equal(lines[0], '#[Histogram log format version 1.3]');
  assert.ok(lines.includes('#[StartTime: 1772600767.800 (seconds since epoch), 2026-03-04T05:06:07.800Z]'));
  assert.ok(lines.includes('#[BaseTime: 1772600767.800 (seconds since epoch)]'));
  assert.ok(lines.includes('"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"'));
  const [direct, gateway, end] = lines.slice(-3);
  assert.match(direct ?? '', /^Tag=direct:web1,0\.000,1\.000,1\.005,HIST[A-Za-z0-9+/]+=*$/);
  assert.match(gateway ?? '', /^Tag=gateway,0\.000,1\.000,5\.000,HIST[A-Za-z0-9+/]+=*$/);
  assert.equal(end, '');
});

for (const { name, changes } of [
  { name: 'failures', changes: { outcome: BAD_GATEWAY } },
  { name: 'new connections', changes: { connection: { id: 2, isNew: true, ageUs: 0, idleUs: 0 } } },
  { name: 'closed-loop bursts', changes: { experimentId: 'burst-1' } },
  {
    name: 'answers that are slow on purpose',
    changes: { tag: { kind: 'delay', delayUs: 5, purpose: 'ladder' } } as const,
  },
  { name: 'first requests after a gap', changes: { tag: { kind: 'idle', gapUs: 5, repeat: 0, order: 0 } } as const },
]) {
  test(`leaves out ${name}`, () => {
    assert.deepEqual(readBack(logOf(memoryRecording(FRAME_WITH_LOOPS, [exchange(1, changes)]))), []);
  });
}

test('a tag has neither spaces nor commas', () => {
  const recording = memoryRecording(FRAME_WITH_LOOPS, [exchange(1, { route: 'direct:web, one' })]);
  assert.deepEqual(
    readBack(logOf(recording)).map(({ tag }) => tag),
    ['direct:web%2C%20one'],
  );
});

test('writes latency.hlog, or says why not', async (context) => {
  const folder = temporaryFolder(context);
  const recording = memoryRecording(FRAME_WITH_LOOPS, SLOTS);
  await writeHlog(folder, recording);
  assert.equal(readFileSync(join(folder, 'latency.hlog'), 'utf8'), logOf(recording));
  const blocked = join(folder, 'a-file');
  writeFileSync(blocked, '');
  await assert.rejects(writeHlog(blocked, recording), /latency\.hlog cannot be written/);
});
