import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { afterSendUs, backgroundFailureRatio, gatewayOverhead } from '../../src/detectors/elapsed.ts';
import { gatewayResponseTimeout } from '../../src/detectors/timeout.ts';
import { gatewayConnectTimeout } from '../../src/detectors/timeout-connect.ts';
import { timeoutWall } from '../../src/detectors/timeout-wall.ts';
import type { Recording } from '../../src/model/recording.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import {
  type Ask,
  balanced,
  fails,
  makeRecording,
  type Reply,
  type Responder,
  refused,
  reset,
  sometimes,
  timesOut,
} from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertNotApplicable,
  assertPresentable,
  assertSilent,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

/** A timer of the gateway, 2 ms of way included. */
function cut(afterUs: number, status = 502, substatus?: number): Reply {
  return { ...fails(afterUs + 2_000, status, substatus), exact: true };
}

/** One in fifty requests takes `slowUs`; a gateway with a timer cuts it. */
function slowPage(slowUs: number, timer: Responder, ratio = 0.02) {
  return { member: sometimes(ratio, slowUs, 10_000), gateway: sometimes(ratio, timer, 12_000) };
}

for (const noise of NOISES) {
  test(`ordinary failures at 30 s, while members take 45 s, are a response timer (noise ${noise})`, () => {
    const recording = makeRecording({ seed: 2, noise })
      .compare(slowPage(45 * SEC, cut(30 * SEC, 502, 3)))
      .build();
    const candidate = onlyCandidate(gatewayResponseTimeout, recording);
    assertPresentable(candidate);
    assert.equal(candidate.severity, 'error');
    assert.equal(candidate.confidence, 'likely');
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.ok(candidate.p < ALPHA);
    assertNear(candidate.measured['timeoutUs'], 30 * SEC, 0.005);
    assert.ok((candidate.measured['directLongestUs']?.value ?? 0) > 30 * SEC);
    assert.ok((candidate.suggestedUs ?? 0) > (candidate.measured['directLongestUs']?.value ?? 0));
    assert.equal(candidate.requestPath, '/');
    assert.equal(candidate.affected?.count, candidate.explains.size);
    assert.ok(candidate.explains.size > 10);
    assert.deepEqual(
      candidate.exhibits.map(({ kind }) => kind),
      ['xy', 'exchanges'],
    );
  });

  test(`the three-request proof confirms a timer that no ordinary request met (noise ${noise})`, () => {
    const recording = makeRecording({ seed: 3, noise })
      .compare({ durationUs: 20 * SEC })
      .timeout({ gatewayTimeoutUs: 30 * SEC, status: 502, substatus: 3 })
      .build();
    const candidate = onlyCandidate(gatewayResponseTimeout, recording);
    assertPresentable(candidate);
    assert.deepEqual([candidate.severity, candidate.confidence], ['warning', 'confirmed']);
    assertNear(candidate.measured['timeoutUs'], 30 * SEC, 0.005);
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    assert.equal(candidate.requestPath, '/report');
    assert.equal(candidate.explains.size, 2);
    assert.equal(candidate.affected, undefined);
  });

  test(`a gateway that waits long enough is clear (noise ${noise})`, () => {
    const healthy = makeRecording({ seed: 4, noise })
      .compare({ durationUs: 20 * SEC, member: sometimes(0.02, 5 * SEC, 10_000) })
      .timeout({})
      .build();
    assertClear(gatewayResponseTimeout, healthy);
    assertNotApplicable(gatewayConnectTimeout, healthy, /accepts connections/);
  });

  test(`a hanging connect is the connect timer's, not the response timer's (noise ${noise})`, () => {
    const hanging: Responder = timesOut(10 * SEC, 'connect');
    const recording = makeRecording({ seed: 5, noise })
      .compare({
        durationUs: 20 * SEC,
        ratePerSec: 5,
        gateway: balanced(12_000, cut(3 * SEC, 504)),
        member: { web2: hanging },
      })
      .build();
    const candidate = onlyCandidate(gatewayConnectTimeout, recording);
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'gateway', member: 'web2' });
    assertNear(candidate.measured['timeoutUs'], 3 * SEC, 0.005);
    assert.ok(candidate.p < ALPHA);
    assert.deepEqual(candidate.affected, { count: 50, of: 100 });
    assertSilent(gatewayResponseTimeout, recording);
  });
}

test('a late answer to the same request refutes a timer', () => {
  const afterwards: Responder = ({ index }: Ask) => (index === 300 ? 40 * SEC : 12_000);
  const gateway = sometimes(0.02, cut(30 * SEC), afterwards);
  const recording = makeRecording({ seed: 2, noise: 1 })
    .compare({ gateway, member: sometimes(0.02, 45 * SEC, 10_000) })
    .build();
  assertClear(gatewayResponseTimeout, recording);
});

test('what fails whatever it is asked for met no timer for the answer, though one page takes longer', () => {
  const make = (home: Responder): Recording => {
    const recording = makeRecording({ seed: 8, noise: 1 }).compare({
      durationUs: 30 * SEC,
      ratePerSec: 5,
      // A third member is gone: the gateway tries to reach it three times, a second apart.
      gateway: balanced(12_000, 12_000, cut(3 * SEC, 503)),
      member: home,
    });
    for (let i = 0; i < 12; i++) {
      recording
        .exchange({
          ...{
            route: GATEWAY,
            requestName: 'report',
            dueUs: i * SEC,
            us: 3 * SEC + 2_000,
            tag: { kind: 'slot', arm: 'warm' },
          },
          outcome: { kind: 'response', status: 503, bodyBytes: 0, bodyDigest: 0, complete: true },
        })
        .exchange({
          ...{
            route: directTo('web1'),
            requestName: 'report',
            dueUs: i * SEC,
            us: 4 * SEC,
            tag: { kind: 'slot', arm: 'warm' },
          },
        });
    }
    return recording.build();
  };
  assertSilent(gatewayResponseTimeout, make(10_000));
  // Where it takes as long directly now and then, the failures may well be a timer's.
  onlyCandidate(gatewayResponseTimeout, make(sometimes(0.2, 4 * SEC, 10_000)));
});

test('failures that do not agree in their time are no timer', () => {
  const scattered: Responder = ({ random }: Ask) => fails(1 * SEC + random.next() * 50 * SEC, 502);
  assertSilent(
    gatewayResponseTimeout,
    makeRecording({ seed: 6 })
      .compare(slowPage(60 * SEC, scattered))
      .build(),
  );
});

test('fast failures agree without any timer', () => {
  for (const reply of [fails(3_000, 502), reset(3_000), refused()]) {
    const recording = makeRecording({ seed: 7, noise: 1 })
      .compare({ gateway: sometimes(0.05, reply, 12_000) })
      .timeout({})
      .build();
    assertClear(gatewayResponseTimeout, recording);
  }
});

test('members that never take longer than the failures show no work cut off', () => {
  const recording = makeRecording({ seed: 8, noise: 1 })
    .compare({ gateway: sometimes(0.02, cut(30 * SEC), 12_000) })
    .build();
  assertSilent(gatewayResponseTimeout, recording);
});

test('the own limit of the probe is not a timer of the gateway', () => {
  const recording = makeRecording({ seed: 9, noise: 1 })
    .compare(slowPage(45 * SEC, timesOut(30 * SEC)))
    .build();
  assertSilent(gatewayResponseTimeout, recording);
});

test('two failures that agree are too few to be a timer, four are enough', () => {
  const withFailures = (count: number) =>
    makeRecording({ seed: 10, noise: 1 })
      .compare({
        gateway: ({ index }) => (index % 100 === 50 && index < count * 100 ? cut(30 * SEC) : 12_000),
        member: sometimes(0.02, 45 * SEC, 10_000),
      })
      .build();
  assertSilent(gatewayResponseTimeout, withFailures(2));
  const four = onlyCandidate(gatewayResponseTimeout, withFailures(4));
  assert.equal(four.explains.size, 4);
  assertNear(four.measured['timeoutUs'], 30 * SEC, 0.005);
});

test('a provoked failure alone, without the proof below and above, is not confirmed', () => {
  const recording = makeRecording({ seed: 11, noise: 1 })
    .compare({ durationUs: 20 * SEC })
    .experiment('timeout', [
      {
        route: GATEWAY,
        requestName: 'report',
        tag: { kind: 'delay', delayUs: 60 * SEC, purpose: 'beyond' },
        us: 30_002_000,
        outcome: fails(0, 504).outcome ?? assert.fail(),
      },
      {
        route: directTo('web1'),
        requestName: 'report',
        tag: { kind: 'delay', delayUs: 60 * SEC, purpose: 'direct' },
        us: 60_010_000,
      },
    ])
    .build();
  assert.notEqual(onlyCandidate(gatewayResponseTimeout, recording).confidence, 'confirmed');
});

test('a run of fast answers says what it lacks', () => {
  assertInsufficient(
    gatewayResponseTimeout,
    makeRecording({ seed: 12, noise: 1 })
      .compare({ durationUs: 10 * SEC })
      .build(),
    /delayMs/,
    /longest answer took/,
  );
  assertNotApplicable(
    gatewayResponseTimeout,
    makeRecording()
      .experiment('compare', [{ route: directTo('web1') }])
      .build(),
    /through the gateway/,
  );
});

test('the wall shows both ways and the timer', () => {
  const recording = makeRecording({ seed: 2 })
    .compare(slowPage(45 * SEC, cut(30 * SEC)))
    .build();
  const wall = timeoutWall(createMeasures(recording), new Set(['home']), { value: 30 * SEC });
  assert.ok(wall.kind === 'xy');
  assert.deepEqual(
    wall.series.map(({ role }) => role),
    ['direct', 'gateway', 'failure'],
  );
  assert.deepEqual(
    wall.marks?.map(({ value }) => value),
    [30 * SEC],
  );
  for (const { points } of wall.series) {
    assert.ok(points.every(([x, y], i) => y >= 0 && y <= 1 && x >= (points[i - 1]?.[0] ?? 0)));
    assert.equal(points.at(-1)?.[1], 1);
  }
  const last = (role: string) =>
    Math.max(...(wall.series.find((series) => series.role === role)?.points ?? []).map(([x]) => x));
  assert.ok(last('direct') > 44 * SEC && last('gateway') < 31 * SEC);
  const none = timeoutWall(createMeasures(recording), new Set(['other']), { value: SEC });
  assert.deepEqual(none.kind === 'xy' && none.series, []);
});

test('elapsed times leave out our own connecting, and the background is never zero', () => {
  const recording = makeRecording()
    .compare({ durationUs: 5 * SEC, newConnectionRatio: 0.5 })
    .build();
  const measures = createMeasures(recording);
  const elapsed = new Set(measures.exchanges({ route: GATEWAY }).map(afterSendUs));
  assert.deepEqual([...elapsed], [12_000 - 20]);
  assert.equal(backgroundFailureRatio(measures.exchanges({ route: GATEWAY })), 1 / 102);
  assert.equal(backgroundFailureRatio([]), 0.5);
  assert.equal(gatewayOverhead(measures).quantile(0.5), 2_000);
  const without = makeRecording({ members: [] }).compare({ durationUs: SEC, gateway: 9_000 }).build();
  assert.equal(gatewayOverhead(createMeasures(without)).quantile(0.5), 0);
});
