import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalidReasons, latenessLimitUs, probeSaturated } from '../../src/detectors/probe.ts';
import type { ProbeQuality } from '../../src/model/recording.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import { GOOD_QUALITY } from '../helpers/synthetic-frame.ts';
import { assertClear, assertInsufficient, detect, NOISES, onlyCandidate, SEC } from './expectation.ts';

const late = (p50: number, p99: number) => ({ latenessUs: { p50, p99, p999: p99, max: p99 } });

const CASES: readonly (readonly [what: string, quality: Partial<ProbeQuality>, reason: RegExp | undefined])[] = [
  ['good', {}, undefined],
  ['5 ms late, at the floor', late(20, 5_000), undefined],
  ['6 ms late', late(20, 6_000), /1 % of requests left 6 ms/],
  ['6 ms late where answers take 50 ms', { ...late(20, 6_000), medianServiceUs: 50_000 }, undefined],
  ['11 ms late where answers take 50 ms', { ...late(20, 11_000), medianServiceUs: 50_000 }, /limit 10 ms/],
  ['one hiccup in few requests', { ...late(20, 80_000), latenessCount: 298 }, undefined],
  ['one in a hundred of just enough requests', { ...late(20, 80_000), latenessCount: 299 }, /1 % of requests/],
  ['half of few requests', { ...late(9_000, 80_000), latenessCount: 40 }, /half of requests left 9 ms/],
  ['busy at the limit', { busyRatio: 0.85 }, undefined],
  ['busy beyond the limit', { busyRatio: 0.9 }, /busy 90 %/],
  ['one port missing', { portShortages: 1 }, /no local port left/],
  ['a pause of 100 ms', { gcPauseMaxUs: 100_000 }, undefined],
  ['a pause of 150 ms', { gcPauseMaxUs: 150_000 }, /Memory collection .* 150 ms/],
  ['a loop delay of 20 ms', { loopDelayP99Us: 20_000 }, undefined],
  ['a loop delay of 21 ms', { loopDelayP99Us: 21_000 }, /came back to its connections 21 ms late .* lay unread/],
  ['a loop delay of 21 ms in few requests', { loopDelayP99Us: 21_000, latenessCount: 298 }, undefined],
  ['a loop delay of 21 ms where answers take 1 s', { loopDelayP99Us: 21_000, medianServiceUs: SEC }, undefined],
  ['a pause of 150 ms where answers take 1 s', { gcPauseMaxUs: 150_000, medianServiceUs: SEC }, undefined],
];

for (const [what, quality, reason] of CASES) {
  test(`a probe with ${what} ${reason === undefined ? 'is valid' : 'is not valid'}`, () => {
    const reasons = invalidReasons({ ...GOOD_QUALITY, ...quality });
    assert.equal(reasons.length, reason === undefined ? 0 : 1, reasons.join('\n'));
    if (reason !== undefined) assert.match(reasons[0] ?? '', reason);
    const recording = makeRecording({ quality }).compare({ durationUs: SEC }).build();
    assert.equal(detect(probeSaturated, recording).state, reason === undefined ? 'clear' : 'candidates');
  });
}

test('all reasons are given, in one finding about the probe', () => {
  const quality = { ...late(20, 90_000), busyRatio: 0.95, portShortages: 3, gcPauseMaxUs: 400_000 };
  assert.equal(invalidReasons({ ...GOOD_QUALITY, ...quality }).length, 4);
  const candidate = onlyCandidate(probeSaturated, makeRecording({ quality }).compare({ durationUs: SEC }).build());
  assert.deepEqual(candidate.scope, { route: 'probe' });
  assert.equal(candidate.p, 0);
  assert.equal(candidate.measured['latenessP99Us']?.value, 90_000);
  assert.equal(candidate.measured['busyRatio']?.value, 0.95);
});

test('a slow or noisy target does not make the probe guilty', () => {
  for (const noise of NOISES)
    assertClear(
      probeSaturated,
      makeRecording({ noise })
        .compare({ member: 2 * SEC })
        .build(),
    );
});

test('nothing sent, nothing judged', () => {
  const nothing = makeRecording({ quality: { latenessCount: 0 } }).build();
  assertInsufficient(probeSaturated, nothing, /open-loop requests/, /none/);
});

test('the limit of lateness grows with what is measured, from 5 ms on', () => {
  const limit = (medianServiceUs: number) => latenessLimitUs({ ...GOOD_QUALITY, medianServiceUs });
  assert.deepEqual([limit(0), limit(25_000), limit(100_000)], [5_000, 5_000, 20_000]);
});
