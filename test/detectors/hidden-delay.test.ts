import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { gatewayOf } from '../../src/catalog.ts';
import { delayWords, hidingWords } from '../../src/detectors/hidden-delay.ts';
import { judged } from '../helpers/judged.ts';
import { makeRecording, type Responder, timesOut } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

function farm(gateway: Responder, seconds = 30) {
  return makeRecording({ seed: 5, noise: 1, members: ['web1', 'web2', 'web3'] })
    .compare({
      ratePerSec: 2,
      durationUs: seconds * SEC,
      gateway,
      member: { web1: 10_000, web2: timesOut(3 * SEC, 'connect'), web3: 10_000 },
    })
    .build();
}

/** Every third request meets the dead member first, and waits for the gateway's connect timer. */
const retried: Responder = ({ index }) => (index % 3 === 0 ? { us: 1_012_000, exact: true } : 12_000);

test('what it costs that the gateway asks another member after a wait', () => {
  const { findings } = judged(farm(retried));
  const finding = findings.find(({ cause }) => cause === 'connection/unreachable');
  assert.match(
    finding?.title ?? '',
    /The gateway hides it so far, at the price of about [\d.]+.{1,3}s for 20 of 60 requests: redundancy is lost\.$/,
  );
});

for (const [what, gateway, seconds] of [
  ['a gateway that takes it out at once', 12_000, 30],
  ['two late answers are a chance', retried, 3],
] as const satisfies readonly (readonly [string, Responder, number])[])
  test(`no price is told: ${what}`, () => {
    const recording = farm(gateway, seconds);
    const context = { measures: createMeasures(recording), gateway: gatewayOf('unknown') };
    assert.equal(delayWords(context, 3), ' The gateway hides it so far');
  });

test('nothing is hidden where no other member could have answered', () => {
  const recording = makeRecording({ seed: 5, members: ['web1', 'web2'] })
    .compare({
      ratePerSec: 2,
      durationUs: 20 * SEC,
      gateway: 12_000,
      member: { web1: timesOut(3 * SEC, 'connect'), web2: timesOut(3 * SEC, 'connect') },
    })
    .build();
  const context = { measures: createMeasures(recording), gateway: gatewayOf('unknown') };
  const words = hidingWords(context, { member: 'web1', isClosed: false, isTotal: true, leastEvents: 3 });
  assert.equal(words, ' Through the gateway no request failed for it.');
});
