import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayResponseTimeout } from '../../src/detectors/timeout.ts';
import { memberTimeout } from '../../src/detectors/timeout-member.ts';
import { gatewayReadTimeout } from '../../src/detectors/timeout-read.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { fails, makeRecording, type Reply, sometimes, truncated } from '../helpers/make-recording.ts';
import { ALPHA, assertClear, assertInsufficient, assertNear, assertSilent, onlyCandidate, SEC } from './expectation.ts';

const CUT: Reply = { ...truncated(2 * SEC), exact: true };

test('answers that began and were cut at one time are the read timer, never the response timer', () => {
  const recording = makeRecording({ seed: 2, noise: 1 })
    .compare({ member: sometimes(0.05, 5 * SEC, 10_000), gateway: sometimes(0.05, CUT, 12_000) })
    .build();
  assertSilent(gatewayResponseTimeout, recording);
  const candidate = onlyCandidate(gatewayReadTimeout, recording);
  assert.ok(candidate.p < ALPHA);
  const { low = 0, high = 0 } = candidate.measured['timeoutUs'] ?? { value: 0 };
  assert.ok(low < 2 * SEC && high >= 2 * SEC, `${low} ${high}`);
});

test('cut directly as well, or followed by a later whole answer: no read timer', () => {
  const direct = makeRecording({ seed: 3 })
    .compare({ member: sometimes(0.05, CUT, 3 * SEC), gateway: sometimes(0.05, CUT, 12_000) })
    .build();
  const later = makeRecording({ seed: 3 })
    .compare({ member: sometimes(0.05, 5 * SEC, 10_000), gateway: sometimes(0.05, CUT, 4 * SEC) })
    .build();
  assertSilent(gatewayReadTimeout, direct);
  assertSilent(gatewayReadTimeout, later);
});

test('three that agree may be chance, and that is said; two are nothing', () => {
  const cutAt = (...indexes: number[]) =>
    makeRecording({ seed: 6 })
      .compare({ member: 10_000, gateway: ({ index }) => (indexes.includes(index) ? CUT : 12_000) })
      .build();
  assertInsufficient(gatewayReadTimeout, cutAt(40, 90, 170), /more failures at one elapsed time/, /3 at 2 s/);
  assertClear(gatewayReadTimeout, cutAt(40, 90));
});

const GAVE_UP: Reply = { ...fails(763_000, 500), exact: true };

test('the same error at the same time on both ways is a timer of the members', () => {
  const answers = ({ random }: { random: { next(): number } }): number => 50_000 + random.next() * 700_000;
  const recording = makeRecording({ seed: 4 })
    .compare({ member: sometimes(0.3, GAVE_UP, answers), gateway: sometimes(0.3, GAVE_UP, answers) })
    .build();
  assertSilent(gatewayResponseTimeout, recording);
  const candidate = onlyCandidate(memberTimeout, recording);
  assert.equal(candidate.confidence, 'confirmed');
  assertNear(candidate.measured['timeoutUs'], 763_000, 0.005);
});

test('errors of work that always takes that long are no timer', () => {
  const recording = makeRecording({ seed: 5 })
    .compare({ member: sometimes(0.3, GAVE_UP, 763_000), gateway: 765_000 })
    .build();
  assertSilent(memberTimeout, recording);
});

test('a first provoked failure that took a second try does not hide the two that agree', () => {
  const delayed = (delayUs: number, us: number, purpose: 'beyond' | 'below' | 'above') =>
    ({
      route: GATEWAY,
      requestName: 'report',
      tag: { kind: 'delay', delayUs, purpose },
      us,
      outcome: fails(0, 504).outcome ?? assert.fail(),
    }) as const;
  const recording = makeRecording({ seed: 6 })
    .compare({ durationUs: 20 * SEC })
    .experiment('timeout', [
      delayed(4 * SEC, 3_321_000, 'beyond'),
      {
        route: directTo('web1'),
        requestName: 'report',
        tag: { kind: 'delay', delayUs: 4 * SEC, purpose: 'direct' },
        us: 4_003_000,
      },
      delayed(3_122_000, 1_763_000, 'below'),
      delayed(3_522_000, 1_761_000, 'above'),
    ])
    .build();
  assertNear(onlyCandidate(gatewayResponseTimeout, recording).measured['timeoutUs'], 1_760_000, 0.005);
});
