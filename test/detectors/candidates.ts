import assert from 'node:assert/strict';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { Candidate, Detection, Detector } from '../../src/detectors/detector.ts';
import type { Gateway } from '../../src/gateways/gateway.ts';
import { generic } from '../../src/gateways/generic.ts';
import type { Recording } from '../../src/model/recording.ts';

export const NOISES = [0, 1, 10] as const;
/** What the judge asks of a finding at warning or above. */
export const ALPHA = 1e-4;

export function detect(detector: Detector, recording: Recording, gateway: Gateway = generic): Detection {
  return detector.detect({ measures: createMeasures(recording), gateway });
}

/** Empty unless there are candidates. */
export function candidatesOf(detection: Detection): readonly Candidate[] {
  return detection.state === 'candidates' ? detection.candidates : [];
}

/** The one candidate, after checks of what every candidate must be. */
export function onlyCandidate(detector: Detector, recording: Recording, gateway?: Gateway): Candidate {
  const detection = detect(detector, recording, gateway);
  const candidates = candidatesOf(detection);
  assert.equal(candidates.length, 1, JSON.stringify(detection));
  const candidate = candidates[0] as Candidate;
  assert.equal(candidate.cause, detector.cause);
  assert.ok(candidate.p >= 0 && candidate.p <= 1, `p ${candidate.p}`);
  for (const text of [candidate.title, candidate.meaning]) {
    assert.doesNotMatch(text, /NaN|undefined|Infinity|\bnull\b/);
    assert.match(text, /[.]$/);
  }
  const seqs = new Set(recording.exchanges.map(({ seq }) => seq));
  for (const seq of candidate.explains) assert.ok(seqs.has(seq));
  return candidate;
}

export function assertInterval(candidate: Candidate, name: string, truth: number): void {
  const estimate = candidate.measured[name];
  assert.ok(estimate !== undefined, name);
  const { value, low = value, high = value } = estimate;
  assert.ok(low <= value && value <= high, `${name}: ${low} ${value} ${high}`);
  assert.ok(low <= truth && truth <= high, `${name}: ${truth} is not within ${low}…${high}`);
}
