/** Runs one detector over a synthetic recording and asserts on what it came to. */
import assert from 'node:assert/strict';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { Candidate, Detection, Detector } from '../../src/detectors/detector.ts';
import type { Gateway } from '../../src/gateways/gateway.ts';
import { generic } from '../../src/gateways/generic.ts';
import type { Estimate } from '../../src/model/finding.ts';
import type { Recording } from '../../src/model/recording.ts';

export const SEC = 1_000_000;
export const NOISES = [0, 1, 10] as const;
/** What a candidate may cost before the judge takes its warning away. */
export const ALPHA = 1e-4;

export function detect(detector: Detector, recording: Recording, gateway: Gateway = generic): Detection {
  return detector.detect({ measures: createMeasures(recording), gateway });
}

/** The candidates, or a failure that says what came instead. */
export function candidatesOf(detector: Detector, recording: Recording): readonly Candidate[] {
  const detection = detect(detector, recording);
  if (detection.state !== 'candidates') assert.fail(`no candidate: ${JSON.stringify(detection)}`);
  return detection.candidates;
}

export function onlyCandidate(detector: Detector, recording: Recording): Candidate {
  const candidates = candidatesOf(detector, recording);
  assert.equal(candidates.length, 1, candidates.map(({ title }) => title).join('\n'));
  return candidates[0] as Candidate;
}

export function assertClear(detector: Detector, recording: Recording, message?: string): void {
  const detection = detect(detector, recording);
  assert.equal(detection.state, 'clear', `${message ?? detector.cause}: ${summary(detection)}`);
}

/** Nothing is said, be it because nothing is there or because the run could not tell. */
export function assertSilent(detector: Detector, recording: Recording, message?: string): void {
  const detection = detect(detector, recording);
  assert.notEqual(detection.state, 'candidates', `${message ?? detector.cause}: ${summary(detection)}`);
}

export function assertInsufficient(detector: Detector, recording: Recording, need: RegExp, have: RegExp): void {
  const detection = detect(detector, recording);
  if (detection.state !== 'insufficient-data') assert.fail(summary(detection));
  assert.match(detection.need, need);
  assert.match(detection.have, have);
}

export function assertNotApplicable(detector: Detector, recording: Recording, reason: RegExp): void {
  const detection = detect(detector, recording);
  if (detection.state !== 'not-applicable') assert.fail(summary(detection));
  assert.match(detection.reason, reason);
}

/** The estimate is there, near `value`, and its interval holds its own value. */
export function assertNear(estimate: Estimate | undefined, value: number, toleranceRatio: number): void {
  assert.ok(estimate !== undefined, 'not measured');
  assert.ok(
    Math.abs(estimate.value - value) <= toleranceRatio * value,
    `${JSON.stringify(estimate)} is not near ${value}`,
  );
  const { low = estimate.value, high = estimate.value } = estimate;
  assert.ok(low <= estimate.value && estimate.value <= high, JSON.stringify(estimate));
}

/** What every candidate owes its reader. */
export function assertPresentable(candidate: Candidate): void {
  assert.match(candidate.title, /^\S.*\.$/);
  assert.doesNotMatch(candidate.title + candidate.meaning, /NaN|undefined|Infinity/);
  assert.ok(candidate.meaning.length > 40);
  assert.ok(candidate.exhibits.length > 0, 'no exhibit');
  for (const exhibit of candidate.exhibits) {
    assert.ok(exhibit.reading.length > 20, exhibit.id);
    if (exhibit.kind === 'exchanges') assert.ok(exhibit.rows.length > 0 && exhibit.total >= exhibit.rows.length);
    if (exhibit.kind === 'xy')
      assert.ok(
        exhibit.series.some(({ points }) => points.length > 0),
        exhibit.id,
      );
  }
  assert.ok(candidate.rivals.length > 0, 'no rival excluded');
  assert.ok(candidate.p >= 0 && candidate.p <= 1, `p ${candidate.p}`);
}

function summary(detection: Detection): string {
  return detection.state === 'candidates'
    ? detection.candidates.map(({ title, p }) => `${title} p=${p}`).join('\n')
    : JSON.stringify(detection);
}
