import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { type RampReading, rampLoad, rampOnset, readRamp } from '../../src/analysis/ramp-reading.ts';
import { parseThreshold } from '../../src/profile/threshold.ts';
import { fails, makeRecording, queueOf, type RecordingOptions, type Responder } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

function measuresOf(gateway: Responder, options: RecordingOptions = {}, quietSec = 10, toPerSec = 200) {
  const recording = makeRecording({ seed: 3, noise: 1, ...options })
    .compare({ durationUs: quietSec * SEC, gateway: 20_000, member: 18_000 })
    .ramp({ fromPerSec: 5, toPerSec, durationUs: 12 * SEC, canaryPerSec: 0, gateway })
    .build();
  return createMeasures(recording);
}

function readingOf(measures: ReturnType<typeof measuresOf>): RampReading | undefined {
  const record = measures.experiments.find(({ planned }) => planned.kind === 'ramp');
  return record === undefined ? undefined : readRamp(measures, record);
}

describe('a ramp', () => {
  test('that meets a queue tells the rate that is let through, and the one that keeps its time', () => {
    const reading = readingOf(measuresOf(queueOf({ servers: 2, serviceUs: 20_000 })));
    const { value = 0, low = 0, high = 0 } = reading?.knee?.ratePerSec ?? {};
    assert.ok(Math.abs(value - 100) <= 5 && low <= 100 && high >= 95, JSON.stringify(reading?.knee?.ratePerSec));
    assert.equal(reading?.objective?.from, 'quiet');
    const held = reading?.heldPerSec;
    // Past the knee, where the wait has grown to three times the quiet p99.
    assert.ok(held !== undefined && held.value >= 90 && held.value <= 125, JSON.stringify(held));
    assert.ok((held.low ?? 0) <= held.value && (held.high ?? 0) >= held.value);
  });

  test('keeps the threshold on gateway p99, where there is one', () => {
    const parsed = parseThreshold('gateway p99 < 500ms');
    assert.ok('value' in parsed);
    const threshold = { ...parsed.value, text: 'gateway p99 < 500ms' };
    const measures = measuresOf(queueOf({ servers: 2, serviceUs: 20_000 }), { profile: { thresholds: [threshold] } });
    const reading = readingOf(measures);
    assert.deepEqual(reading?.objective, { limitUs: 500_000, from: 'threshold' });
    assert.ok((reading?.heldPerSec?.value ?? 0) > 115, JSON.stringify(reading?.heldPerSec));
  });

  for (const noise of [0, 1, 10] as const)
    test(`that meets no limit reaches neither, by 40 seeds (noise ${noise})`, () => {
      for (let seed = 1; seed <= 40; seed++) {
        const reading = readingOf(measuresOf(20_000, { seed, noise }, 6, 80));
        assert.ok(reading !== undefined && reading.topPerSec > 70);
        assert.equal(reading.knee, undefined, `seed ${seed}`);
        assert.equal(reading.heldPerSec, undefined, `seed ${seed}`);
      }
    });

  test('of few requests tells nothing', () => {
    assert.equal(readingOf(measuresOf(20_000, {}, 6, 10)), undefined);
  });

  test('with few quiet answers has no objective, and still a knee', () => {
    const reading = readingOf(measuresOf(queueOf({ servers: 1, serviceUs: 20_000 }), {}, 1, 50));
    assert.equal(reading?.objective, undefined);
    assert.equal(reading?.heldPerSec, undefined);
  });

  test('tells the rate from which on requests are refused', () => {
    const measures = measuresOf(queueOf({ servers: 2, serviceUs: 20_000, maxWaiting: 2, full: fails(1_000, 503) }));
    const record = measures.experiments.find(({ planned }) => planned.kind === 'ramp');
    assert.ok(record !== undefined);
    const from = rampOnset(
      rampLoad(measures, record) ?? [],
      ({ outcome }) => outcome.kind === 'response' && outcome.status === 503,
    );
    assert.ok(from !== undefined && from.value >= 95 && from.value <= 125, JSON.stringify(from));
    assert.ok((from.low ?? 0) <= from.value && from.value <= (from.high ?? 0));
    assert.equal(
      rampOnset(rampLoad(measures, record) ?? [], () => false),
      undefined,
    );
  });
});
