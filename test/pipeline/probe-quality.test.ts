import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeChecks } from '../../src/detectors/probe-checks.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { probeQuality } from '../../src/pipeline/probe-quality.ts';
import { createRecorder } from '../../src/recording/recorder.ts';
import { GOOD_MACHINE } from '../detectors/instrument-facts.ts';
import { makeRecording } from '../helpers/make-recording.ts';

const THREAD = {
  busyRatio: 0.1,
  busyRatioMax: 0.2,
  gcPauseMaxUs: 1_000,
  gcTotalUs: 5_000,
  loopDelayP99Us: 900,
  portShortages: 2,
};

const REUSE = [{ route: GATEWAY, asked: 9, replacedAfterAnswer: 0, replacedIdle: 1 }];

/** Records what a run would; the sink loses every `lost`-th exchange on the way. */
function qualityWith(lost: number, logins = 0) {
  const exchanges = makeRecording().compare().build().exchanges;
  const recorder = createRecorder({ seed: 1 });
  recorder.record(exchanges.filter((_, index) => lost === 0 || index % lost !== 0));
  const launched = exchanges.length + logins;
  return probeQuality(
    { ...THREAD, launched, blankUs: 90, blankAfterUs: 95, reuse: REUSE },
    recorder.finish(),
    logins,
    GOOD_MACHINE,
    1,
  );
}

const stateOf = (quality: ReturnType<typeof qualityWith>): string | undefined =>
  probeChecks(quality).find(({ id }) => id === 'books')?.state;

test('all that was launched is in the books, logins among it', () => {
  const quality = qualityWith(0, 2);
  assert.equal(stateOf(quality), 'good');
  assert.equal(quality.portShortages, 2);
  assert.equal(quality.instrument?.blankUs, 90);
  assert.equal(quality.instrument?.blankAfterUs, 95);
  assert.deepEqual(quality.instrument?.reuse, REUSE);
  assert.ok(quality.instrument?.bias?.every(({ responseUs, serviceUs }) => responseUs >= serviceUs));
});

test('exchanges lost between thread and recording make a run not valid', () => {
  assert.equal(stateOf(qualityWith(20)), 'invalid');
});
