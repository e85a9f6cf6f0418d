import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectionRefused } from '../../src/detectors/connection.ts';
import { noneAvailable } from '../../src/detectors/member.ts';
import { arr } from '../../src/gateways/arr.ts';
import { GATEWAY } from '../../src/model/route.ts';
import {
  type Ask,
  balanced,
  fails,
  makeRecording,
  type RecordingOptions,
  type Reply,
  type Responder,
  refused,
  reset,
} from '../helpers/make-recording.ts';
import { ALPHA, assertInterval, candidatesOf, detect, NOISES, onlyCandidate } from './candidates.ts';

const SEC = 1_000_000;

function farm(
  gateway: Responder,
  member: Responder,
  options: RecordingOptions & { readonly durationUs?: number; readonly ratePerSec?: number } = {},
) {
  const { durationUs = 30 * SEC, ratePerSec = 20, ...recording } = options;
  return makeRecording({ noise: 1, ...recording })
    .compare({ gateway, member, durationUs, ratePerSec })
    .build();
}

/** Something else between two moments of the experiment. */
function during(fromUs: number, toUs: number, within: Reply, otherwise: Reply): (ask: Ask) => Reply {
  return ({ atUs }) => (atUs >= fromUs && atUs < toUs ? within : otherwise);
}

for (const noise of NOISES) {
  test(`all members are closed, noise ${noise}`, () => {
    const recording = farm(fails(1_000, 503), refused(), { noise });
    const candidate = onlyCandidate(noneAvailable, recording);
    assert.equal(candidate.severity, 'critical');
    assert.equal(candidate.confidence, 'confirmed');
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.ok(candidate.p < ALPHA);
    assert.match(candidate.title, /^No member answers.* all 2 fail directly as well; 100 % of requests fail\.$/);
    assert.equal(candidate.measured['membersAnswering']?.value, 0);
    assertInterval(candidate, 'refusedRatio', 1);
    assert.equal(candidate.explains.size, recording.exchanges.filter(({ route }) => route === GATEWAY).length);
  });

  test(`members answer all the same, noise ${noise}`, () => {
    const candidate = onlyCandidate(noneAvailable, farm(fails(1_000, 502), 10_000, { noise }));
    assert.equal(candidate.confidence, 'likely');
    assert.match(candidate.title, /although 2 of 2 members answer directly: 100 % of requests fail\.$/);
    assert.ok(candidate.p < ALPHA);
  });
}

test('an outage of ten seconds within a minute, with its length', () => {
  const gateway = during(20 * SEC, 30 * SEC, fails(1_000, 503), 12_000);
  const member = during(20 * SEC, 30 * SEC, refused(), 10_000);
  const recording = farm(gateway, member, { durationUs: 60 * SEC });
  const candidate = onlyCandidate(noneAvailable, recording);
  assert.match(candidate.title, /for \d+(\.\d+)? s nearly every request failed\.$/);
  const outageUs = candidate.measured['outageUs']?.value ?? 0;
  assert.ok(Math.abs(outageUs - 10 * SEC) < 0.2 * SEC, String(outageUs));
  assert.ok(candidate.p < ALPHA);
  for (const { explains } of candidatesOf(detect(connectionRefused, recording)))
    for (const seq of explains) assert.ok(!candidate.explains.has(seq));
});

test('HAProxy answers after its retries of 3 s', () => {
  const candidate = onlyCandidate(noneAvailable, farm(fails(3_010_000, 503), refused(), { ratePerSec: 2 }));
  assert.equal(candidate.confidence, 'confirmed');
});

test('one member answers errors, the other answers: the view of the gateway is wrong, perhaps', () => {
  const recording = makeRecording({ noise: 1 })
    .compare({ gateway: fails(1_000, 503), member: { web1: fails(5_000, 503) }, durationUs: 30 * SEC })
    .build();
  const candidate = onlyCandidate(noneAvailable, recording);
  assert.equal(candidate.confidence, 'possible');
  assert.match(candidate.title, /although 1 of 2 members answer directly/);
});

test("the gateway's own words: 502.4 of ARR", () => {
  const answer = {
    status: 502,
    headers: { server: 'Microsoft-IIS/10.0' },
    bodyStart:
      '<title>IIS 10.0 Detailed Error - 502.4 - Bad Gateway</title> Module ApplicationRequestRouting <th>Error Code</th><td>0x80072ee7</td>',
  };
  const candidate = onlyCandidate(noneAvailable, farm(fails(1_000, 502, 4, answer), 10_000), arr);
  assert.match(candidate.expected ?? '', /server|member|farm/i);
});

describe('without direct requests', () => {
  const gateway = fails(1_000, 503);
  test('no members in the profile', () => {
    const candidate = onlyCandidate(noneAvailable, farm(gateway, 10_000, { members: [] }));
    assert.equal(candidate.confidence, 'possible');
    assert.match(candidate.title, /as if it had no member.* Members were not asked directly\.$/);
    assert.equal(candidate.measured['membersAnswering'], undefined);
  });
});

describe('not this cause', () => {
  const cases: readonly { title: string; gateway: Responder; member: Responder }[] = [
    { title: 'healthy', gateway: 12_000, member: 10_000 },
    { title: 'one of two fails in turn', gateway: balanced(12_000, fails(1_000, 502)), member: 10_000 },
    { title: 'members answer the errors themselves', gateway: fails(6_000, 503), member: fails(5_000, 503) },
    { title: 'members take connections and hang up', gateway: fails(6_000, 502), member: reset(5_000) },
    { title: 'a timer of the gateway', gateway: fails(1_000_000, 502), member: 1_400_000 },
    { title: 'a long timer of the gateway', gateway: fails(30_000_000, 502), member: 10_000 },
    { title: 'the gateway refuses requests that are wrong', gateway: fails(1_000, 404), member: 10_000 },
    { title: 'the gateway does not answer at all', gateway: refused(), member: 10_000 },
  ];
  for (const { title, gateway, member } of cases) {
    test(title, () => assert.equal(detect(noneAvailable, farm(gateway, member, { ratePerSec: 2 })).state, 'clear'));
  }

  test('a page of the application that the gateway passes on', () => {
    const byMember = { ...arr, wroteIt: () => false };
    assert.equal(detect(noneAvailable, farm(fails(1_000, 503), 10_000), byMember).state, 'clear');
  });

  test('too few requests', () => {
    assert.deepEqual(detect(noneAvailable, farm(fails(1_000, 503), refused(), { durationUs: 0.35 * SEC })), {
      state: 'insufficient-data',
      need: '8 requests through the gateway in a compare',
      have: '7',
    });
  });

  test('sixteen in a row among a thousand requests may be chance, and p says so', () => {
    const gateway = during(10 * SEC, 10.8 * SEC, fails(1_000, 502), 12_000);
    assert.ok(onlyCandidate(noneAvailable, farm(gateway, 10_000, { durationUs: 60 * SEC })).p > ALPHA);
  });

  test('40 healthy runs, also with a few failures', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const noise = seed % 2 === 0 ? 1 : 10;
      const gateway: Responder = (ask) => (ask.random.next() < 0.01 * (seed % 4) ? fails(2_000, 502) : 12_000);
      const recording = farm(gateway, 10_000, { seed, noise, durationUs: 20 * SEC });
      assert.equal(detect(noneAvailable, recording).state, 'clear', String(seed));
    }
  });
});
