/** Few ordinary failures, too spread to pile up by themselves, and a proof of three requests that meets them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayResponseTimeout } from '../../src/detectors/timeout.ts';
import { fails, makeRecording } from '../helpers/make-recording.ts';
import { ALPHA, onlyCandidate, SEC } from './expectation.ts';

/** Twelve rounds; the gateway's failures come after the given times, the member answers in 2.4 s. */
function recordingOf(failedUs: readonly number[]) {
  return makeRecording({ seed: 1, profile: {} })
    .compare({
      ratePerSec: 1,
      durationUs: 12 * SEC,
      gateway: ({ index }) => {
        const us = failedUs[index];
        return us === undefined ? 900_000 : { ...fails(us, 502), exact: true };
      },
      member: ({ index }) => (index % 2 === 0 ? 2_400_000 : 900_000),
    })
    .timeout({ gatewayTimeoutUs: 1_510_000, upToUs: 4 * SEC, status: 502, requestName: 'slow' })
    .build();
}

test('they are the same timer: ordinary requests met it, and it is proven', () => {
  const candidate = onlyCandidate(gatewayResponseTimeout, recordingOf([1_504_000, 1_518_000, 1_532_000]));
  assert.ok(candidate.p < ALPHA, `${candidate.p}`);
  assert.equal(candidate.severity, 'error');
  assert.equal(candidate.confidence, 'confirmed');
  assert.equal(candidate.affected?.count, 3);
});

test('failures at other times stay outside, and do not make the proof stronger', () => {
  const alone = onlyCandidate(gatewayResponseTimeout, recordingOf([]));
  const other = onlyCandidate(gatewayResponseTimeout, recordingOf([400_000, 650_000, 1_100_000]));
  assert.equal(other.severity, 'warning');
  assert.equal(other.affected, undefined);
  assert.ok(other.p >= alone.p);
});
