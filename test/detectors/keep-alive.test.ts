import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { keepAliveRace } from '../../src/detectors/keep-alive.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import { type KeepAliveOptions, keepAliveExchanges } from '../helpers/synthetic-keep-alive.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNotApplicable,
  assertPresentable,
  assertSilent,
  detect,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const T = 5 * SEC;

function recording(options: KeepAliveOptions, members = ['web1', 'web2']) {
  return makeRecording({ members })
    .experiment('keep-alive', keepAliveExchanges({ timeoutUs: T, members, ...options }))
    .build();
}

function assertTimeout(candidate: ReturnType<typeof onlyCandidate>): void {
  const idle = candidate.measured['memberIdleTimeoutUs'];
  assert.ok(idle !== undefined && Math.abs(idle.value - T) < 50_000, JSON.stringify(idle));
  assert.ok((idle.low ?? 0) <= T + 2_000 && (idle.high ?? 0) >= T - 2_000, JSON.stringify(idle));
}

for (const noise of NOISES) {
  describe(`noise ${noise}`, () => {
    test('requests lost just before the close are a race', () => {
      const run = recording({ noise, seed: 3 });
      const candidate = onlyCandidate(keepAliveRace, run);
      assertPresentable(candidate);
      assertTimeout(candidate);
      assert.equal(candidate.severity, 'error');
      assert.equal(candidate.confidence, 'confirmed');
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      assert.match(candidate.title, /web1, web2 are just closing as idle after 5 s: 3 requests/);
      const failed = run.exchanges.filter(({ outcome }) => outcome.kind === 'response' && outcome.status === 502);
      assert.deepEqual(
        [...candidate.explains],
        failed.map(({ seq }) => seq),
      );
    });

    test('the connection closed without an answer is the same race (HAProxy)', () => {
      const candidate = onlyCandidate(keepAliveRace, recording({ noise, seed: 3, loss: 'closed' }));
      assert.equal(candidate.confidence, 'confirmed');
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      assert.match(candidate.meaning, /closed our connection without an answer, as HAProxy does/);
    });

    test('no race where the gateway gives connections up first', () => {
      const run = recording({ noise, poolUs: 2 * SEC, tellsConnections: true, distancesUs: [] });
      assertClear(keepAliveRace, run);
    });

    test('no race, only failures at any moment: not this cause', () => {
      for (const seed of [1, 2, 3, 4, 5]) {
        const run = recording({ noise, seed, poolUs: SEC, failingRatio: 0.2 });
        assertSilent(keepAliveRace, run, `seed ${seed}`);
      }
    });
  });
}

for (const noise of [0, 1] as const) {
  test(`a repeated request shows as a delay that falls with the pause (noise ${noise})`, () => {
    const candidate = onlyCandidate(keepAliveRace, recording({ noise, loss: 'repeated', seed: 5 }));
    assertPresentable(candidate);
    assertTimeout(candidate);
    assert.equal(candidate.severity, 'warning');
    assert.equal(candidate.confidence, 'confirmed');
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    assert.match(candidate.meaning, /slope -(0\.\d\d|1\.\d\d)/);
  });
}

test('a delay that drowns in the noise of ordinary answers is not claimed', () => {
  assertSilent(keepAliveRace, recording({ noise: 10, loss: 'repeated', seed: 5 }));
});

test('how long the gateway reuses connections is said where members tell them', () => {
  const run = recording({ poolUs: 3 * SEC, tellsConnections: true, distancesUs: [] });
  assertClear(keepAliveRace, run);
  const raced = onlyCandidate(keepAliveRace, recording({ tellsConnections: true }));
  assert.equal(raced.measured['gatewayIdleTimeoutUs'], undefined);
  assert.match(raced.meaning, /at least as long as the member: it still reused them after 4\.75 s/);
});

test('only possible: reuse until the close is seen, and nothing was lost', () => {
  const far = recording({ tellsConnections: true, distancesUs: [30_000, 40_000] });
  const candidate = onlyCandidate(keepAliveRace, far);
  assertPresentable(candidate);
  assert.equal(candidate.confidence, 'possible');
  assert.equal(candidate.severity, 'info');
  assert.match(candidate.title, /A keep-alive race is possible/);
  assert.match(candidate.meaning, /so short .* that the probe cannot aim at that moment/);
});

test('a gateway that takes members out, and no request marked safe: what was not tried is not claimed', () => {
  const untried = onlyCandidate(keepAliveRace, recording({ tellsConnections: true, distancesUs: [] }));
  assert.equal(untried.confidence, 'possible');
  assert.equal(untried.severity, 'info');
  assert.match(untried.meaning, /no request was sent at that moment \(the notes/);
  assertInsufficient(keepAliveRace, recording({ distancesUs: [] }), /connectionHeader/, /no request was sent/);
});

test('a member that fails at any moment, often or seldom: never more than a possibility', () => {
  for (let seed = 200; seed < 240; seed++) {
    const noise = NOISES[seed % 3] ?? 1;
    for (const failingRatio of [0.02, 0.1, 0.3]) {
      const run = recording({ seed, noise, poolUs: SEC, failingRatio });
      const detection = detect(keepAliveRace, run);
      const claimed = detection.state === 'candidates' ? detection.candidates.filter(({ p }) => p < ALPHA) : [];
      assert.deepEqual(claimed, [], `seed ${seed}, ${failingRatio}`);
    }
  }
});

test('a few failures without a pause do not hide the race, and make it less certain', () => {
  const candidate = onlyCandidate(keepAliveRace, recording({ seed: 8, failingRatio: 0.02 }));
  assert.equal(candidate.confidence, 'likely');
  assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
});

test('40 healthy farms: nothing, whether members keep connections for longer than the gateway or than is waited', () => {
  for (let seed = 100; seed < 140; seed++) {
    const noise = NOISES[seed % 3] ?? 1;
    const patient = makeRecording({ members: ['web1', 'web2'] })
      .experiment('keep-alive', keepAliveExchanges({ seed, noise, upToUs: 10 * SEC }))
      .build();
    assertClear(keepAliveRace, patient, `seed ${seed}`);
    const early = { seed, noise, poolUs: (seed % 4) * SEC + SEC / 2 };
    assertClear(keepAliveRace, recording({ ...early, tellsConnections: true }), `seed ${seed}, gateway first`);
    assertSilent(keepAliveRace, recording(early), `seed ${seed}, reuse unknown`);
    const slow = { seed, noise, serviceUs: 60_000, roundTripUs: 40_000 };
    assertSilent(keepAliveRace, recording({ ...slow, poolUs: SEC }), `seed ${seed}, slow answers`);
  }
});

test('two losses are seen, and left to the judge where there are too few others', () => {
  const few = onlyCandidate(keepAliveRace, recording({ distancesUs: [3_000, 4_000], controls: 5 }));
  assert.ok(few.p > ALPHA, `p ${few.p}`);
  assertSilent(keepAliveRace, recording({ distancesUs: [3_000] }), 'one loss is none');
});

test('a close of our own connection after the same time is no evidence', () => {
  assertSilent(keepAliveRace, recording({ loss: 'closed', frontUs: T }));
  assert.equal(onlyCandidate(keepAliveRace, recording({ loss: 'closed', frontUs: 2 * T })).confidence, 'confirmed');
  assert.equal(onlyCandidate(keepAliveRace, recording({ loss: '502', frontUs: T })).confidence, 'confirmed');
});

test('on a single member the finding names it', () => {
  assert.deepEqual(onlyCandidate(keepAliveRace, recording({}, ['web1'])).scope, { route: 'gateway', member: 'web1' });
});

test('what cannot be told is said', () => {
  assertInsufficient(keepAliveRace, makeRecording().compare().build(), /keep-alive: \{ upTo/, /none in this run/);
  assertInsufficient(keepAliveRace, recording({ poolUs: SEC }), /connectionHeader/, /none of 16 requests|cannot aim/);
  const patient = makeRecording()
    .experiment('keep-alive', keepAliveExchanges({ upToUs: 10 * SEC }))
    .build();
  assertClear(keepAliveRace, patient);
  const alone = makeRecording({ members: [] })
    .experiment('keep-alive', keepAliveExchanges({ members: [] }))
    .build();
  assertNotApplicable(keepAliveRace, alone, /no members/);
});
