import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Unit } from '../../src/model/finding.ts';
import {
  formatAffected,
  formatCount,
  formatEstimate,
  formatInterval,
  formatQuantile,
  humanTime,
  plural,
  quantileLabel,
  readQuantityName,
  routeLabel,
  wallTime,
} from '../../src/report/format.ts';

const NAMES: readonly (readonly [name: string, label: string, unit: Unit])[] = [
  ['timeoutUs', 'timeout', 'us'],
  ['memberIdleTimeoutUs', 'member idle timeout', 'us'],
  ['errorRatio', 'error share', 'ratio'],
  ['capacityPerSec', 'capacity', 'perSec'],
  ['headerBytes', 'header', 'bytes'],
  ['concurrencyLimit', 'concurrency limit', 'count'],
  ['directP99Us', 'direct p99', 'us'],
  ['Us', 'us', 'count'],
];
for (const [name, label, unit] of NAMES) {
  test(`${name} is read as "${label}" in ${unit}`, () => assert.deepEqual(readQuantityName(name), { label, unit }));
}

const INTERVALS: readonly (readonly [
  estimate: { low?: number; high?: number },
  unit: Unit,
  text: string | undefined,
])[] = [
  [{ low: 12_100, high: 12_900 }, 'us', '12.1 to 12.9 ms'],
  [{ low: 900, high: 1_100 }, 'us', '900 µs to 1.1 ms'],
  [{ low: 12_100 }, 'us', 'at least 12.1 ms'],
  [{ high: 12_100 }, 'us', 'at most 12.1 ms'],
  [{ low: 12_100, high: Number.POSITIVE_INFINITY }, 'us', 'at least 12.1 ms'],
  [{}, 'us', undefined],
  [{ low: 5, high: 5 }, 'count', undefined],
  [{ low: 244, high: 261 }, 'perSec', '244 to 261/s'],
  [{ low: 0.001, high: 0.04 }, 'ratio', '0.1 to 4 %'],
  [{ low: 3, high: 8 }, 'count', '3 to 8'],
];
for (const [estimate, unit, text] of INTERVALS) {
  test(`interval ${JSON.stringify(estimate)} ${unit}`, () => assert.equal(formatInterval(estimate, unit), text));
}

test('an estimate without interval is its value', () => {
  assert.equal(formatEstimate({ value: 2_000_000 }, 'us'), '2 s');
  assert.equal(formatEstimate({ value: 2_010_000, low: 2_000_000, high: 2_020_000 }, 'us'), '2.01 s (2 to 2.02 s)');
});

test('a quantile that the sample does not support says what is missing', () => {
  const missing = { state: 'n/a', need: 3_688, have: 210 } as const;
  assert.equal(formatQuantile(missing, 'with interval'), 'n/a, need 3,688, have 210');
  assert.equal(formatQuantile(missing, 'value only'), 'n/a');
  assert.equal(formatQuantile(undefined, 'with interval'), '–');
  assert.equal(
    formatQuantile({ state: 'known', value: 13_000, low: 12_000 }, 'with interval'),
    '13 ms (at least 12 ms)',
  );
});

test('counts are exact', () => {
  assert.equal(formatCount(1_234_567), '1,234,567');
  assert.equal(plural(1, 'finding'), '1 finding');
  assert.equal(plural(0, 'finding'), '0 findings');
  assert.equal(formatAffected({ count: 34, of: 1_200 }), '34 of 1,200 requests (2.83 %)');
  assert.equal(formatAffected({ count: 0, of: 0 }), '0 of 0 requests');
});

test('names of quantiles and routes', () => {
  assert.deepEqual(['p50', 'p99', 'p999', 'p9999'].map(quantileLabel), ['p50', 'p99', 'p99.9', 'p99.99']);
  assert.deepEqual(['gateway', 'direct:web1'].map(routeLabel), ['gateway', 'web1, direct']);
});

test('offsets become wall time with milliseconds', () => {
  assert.equal(wallTime('2026-03-02T09:15:04.250Z', 1_500_400), '2026-03-02T09:15:05.750Z');
  assert.equal(wallTime('not a time', 5), 'not a time');
  assert.equal(humanTime('2026-03-02T09:15:04.250Z'), '2 March 2026, 09:15:04 UTC');
});
