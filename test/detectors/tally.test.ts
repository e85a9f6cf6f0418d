import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { applicationError } from '../../src/detectors/application.ts';
import { connectionRefused, droppedBeforeResponse, droppedMidResponse } from '../../src/detectors/connection.ts';
import type { Detector } from '../../src/detectors/detector.ts';
import { memberErrors, noneAvailable } from '../../src/detectors/member.ts';
import { gatewayUnreachable, probeTimeout } from '../../src/detectors/reachability.ts';
import { tallyOf, weightsOf } from '../../src/detectors/tally.ts';
import { isFailure } from '../../src/model/exchange.ts';
import type { Recording } from '../../src/model/recording.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import {
  type FullReply,
  fails,
  makeRecording,
  notSent,
  refused,
  reset,
  timesOut,
  truncated,
} from '../helpers/make-recording.ts';
import { detect, onlyCandidate } from './candidates.ts';

/** As a long run is kept: failures, and one in a hundred of what went well. */
function thinned(recording: Recording, failuresEvery = 1): Recording {
  let failures = 0;
  return {
    ...recording,
    exchanges: recording.exchanges.filter((exchange, i) =>
      isFailure(exchange) ? failures++ % failuresEvery === 0 : i % 100 === 0,
    ),
  };
}

/** 1 in 25 of web1's direct requests, or of those through the gateway. */
function rarely(reply: FullReply, where: 'web1' | 'gateway'): Recording {
  const responder = (ask: { index: number }): FullReply | number => (ask.index % 25 === 3 ? reply : 10_000);
  return makeRecording({ noise: 1 })
    .compare({
      durationUs: 250_000_000,
      newConnectionRatio: 1,
      ...(where === 'web1' ? { member: { web1: responder }, gateway: 12_000 } : { gateway: responder }),
    })
    .build();
}

const RATIOS: readonly { readonly detector: Detector; readonly reply: FullReply }[] = [
  { detector: connectionRefused, reply: refused() },
  { detector: droppedBeforeResponse, reply: reset(4_000) },
  { detector: droppedMidResponse, reply: truncated(4_000) },
  { detector: memberErrors, reply: fails(4_000, 500) },
];
for (const { detector, reply } of RATIOS) {
  for (const failuresEvery of [1, 4]) {
    test(`${detector.cause}: the ratio is of all requests, kept or not (1 in ${failuresEvery} failures kept)`, () => {
      const candidate = onlyCandidate(detector, thinned(rarely(reply, 'web1'), failuresEvery));
      const { value = 0, low = 0, high = 0 } = candidate.measured['errorRatio'] ?? {};
      assert.ok(Math.abs(value - 0.04) < 0.001, String(value));
      assert.ok(low > 0.03 && high < 0.05, `${low} ${high}`);
      assert.deepEqual(candidate.affected, { count: 200, of: 5_000 });
    });
  }
}

test('kept failures among few kept answers are no outage', () => {
  assert.equal(detect(noneAvailable, thinned(rarely(fails(2_000, 502), 'gateway'))).state, 'clear');
  assert.equal(detect(gatewayUnreachable, thinned(rarely(refused(), 'gateway'))).state, 'clear');
});

test('an outage of the whole run is found in what was kept of it', () => {
  const recording = makeRecording({ noise: 1 })
    .compare({ durationUs: 100_000_000, gateway: fails(2_000, 502) })
    .build();
  const candidate = onlyCandidate(noneAvailable, thinned(recording, 10));
  assert.match(candidate.title, /100 % of requests fail/);
  assert.equal(candidate.measured['refusedRatio']?.value, 1);
});

test('errors of the application on all members, and what the probe gave up on', () => {
  const every = (ask: { index: number }): FullReply | number => (ask.index % 25 === 3 ? fails(4_000, 500) : 10_000);
  const errors = thinned(makeRecording().compare({ durationUs: 100_000_000, member: every }).build(), 2);
  assert.ok(Math.abs((onlyCandidate(applicationError, errors).measured['errorRatio']?.value ?? 0) - 0.04) < 0.002);
  const late = thinned(rarely(timesOut(1_000_000), 'gateway'), 2);
  assert.deepEqual(onlyCandidate(probeTimeout, late).affected, { count: 200, of: 15_000 });
});

test('what never left, and what was stopped, did not end by itself', () => {
  const recording = makeRecording()
    .experiment('compare', [
      { route: GATEWAY },
      { route: GATEWAY, outcome: { kind: 'aborted' } },
      { route: GATEWAY, outcome: fails(1, 502, 3).outcome ?? assert.fail() },
      { route: GATEWAY, outcome: fails(1, 502).outcome ?? assert.fail() },
      { route: directTo('web1') },
    ])
    .burst({ durationUs: 1, gateway: notSent(), canaryPerSec: 0 })
    .build();
  const tally = tallyOf(createMeasures(recording), { route: GATEWAY });
  assert.equal(tally.ended, 3);
  assert.equal(tally.kept.length, 3);
  assert.equal(tally.countOf(tally.kept), 3);
});

test('slow answers are all kept and quick ones in a sample: kept ones stand for as many as there were', () => {
  const slow = ({ index }: { index: number }) => (index % 25 === 3 ? 300_000 : 10_000);
  const full = makeRecording({ noise: 0 }).compare({ durationUs: 200_000_000, gateway: slow }).build();
  const isSlow = ({ endUs, sentUs = 0 }: { endUs: number; sentUs?: number }) => endUs - sentUs > 200_000;
  const selection = { experimentKind: 'compare', route: GATEWAY, roles: ['slot'] } as const;
  const kept = { ...full, exchanges: full.exchanges.filter((exchange, i) => isSlow(exchange) || i % 10 === 0) };
  for (const recording of [full, kept]) {
    const measures = createMeasures(recording);
    const exchanges = measures.exchanges(selection);
    const weigh = weightsOf(measures, selection);
    assert.equal(
      weigh(exchanges.filter(isSlow)),
      full.exchanges.filter((one) => one.route === GATEWAY && isSlow(one)).length,
    );
    assert.ok(Math.abs(weigh(exchanges) - measures.counts(selection).ok) <= 1, String(weigh(exchanges)));
  }
});
