import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { Finding } from '../../src/model/finding.ts';
import { knownOfFailures } from '../../src/report/failure-facts.ts';
import { fails, makeRecording, type Reply, type Responder } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

/** A timer or a number of attempts, which no noise makes longer. */
const TIMED = { ...fails(3 * SEC, 503), exact: true };

/** Every second request through the gateway fails so. */
const half =
  (bad: (index: number) => Reply): Responder =>
  ({ index }) =>
    index % 2 === 0 ? bad(index) : 12_000;

function known(gateway: Responder, member: Responder = 10_000, findings: readonly Finding[] = [], seconds = 20) {
  const recording = makeRecording({ seed: 2, noise: 1 })
    .compare({ ratePerSec: 2, durationUs: seconds * SEC, gateway, member })
    .build();
  return knownOfFailures(createMeasures(recording), findings).join(' ');
}

test('failures that only the gateway has, all after the same time', () => {
  assert.match(
    known(half(() => TIMED)),
    /^Members asked directly .* did not fail .* its own log says which\. Nearly all of them took 3(?:\.\d+)? s\.$/,
  );
});

test('times that differ, and failures without a wait, tell no time', () => {
  assert.doesNotMatch(known(half((index) => fails((1 + (index % 5)) * SEC, 503))), /Nearly all/);
  assert.doesNotMatch(known(half(() => fails(2_000, 503))), /Nearly all/);
});

test('members that fail as well are no sign of the gateway', () => {
  const both = half(() => TIMED);
  assert.match(known(both, both), /^Nearly all of them took 3(?:\.\d+)? s\.$/);
});

test('a few failures have nothing in common but chance', () => {
  assert.equal(
    known(
      half(() => TIMED),
      10_000,
      [],
      3,
    ),
    '',
  );
});

test('a note that fits half of them is the nearest', () => {
  const note: Finding = {
    cause: 'member/none-available',
    scope: { route: 'gateway' },
    severity: 'info',
    confidence: 'possible',
    title: 'The gateway has no member to send to.',
    meaning: '',
    measured: {},
    rivals: [],
    exhibits: [],
    affected: { count: 15, of: 40 },
    remedy: { steps: [], commands: [], howToVerify: '' },
  };
  const gateway = half(() => fails(2_000, 503));
  assert.match(known(gateway, 10_000, [note]), /^Nearest comes a note, .*: The gateway has no member to send to\./);
  assert.doesNotMatch(known(gateway, 10_000, [{ ...note, affected: { count: 3, of: 40 } }]), /Nearest/);
});
