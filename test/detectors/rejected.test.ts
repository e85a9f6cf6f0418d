import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejected } from '../../src/detectors/rejected.ts';
import {
  balanced,
  fails,
  makeRecording,
  notSent,
  plus,
  queueOf,
  type RecordingOptions,
  type Responder,
  sometimes,
} from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertPresentable,
  assertSilent,
  detect,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const BURST = { durationUs: 3 * SEC, ratePerSec: 100, canaryPerSec: 10 };

function quiet(options: RecordingOptions, farm: { gateway?: Responder; member?: Responder } = {}) {
  return makeRecording(options).compare({ durationUs: 20 * SEC, ...farm });
}

/** Four at work and eight waiting are twelve under way; the thirteenth is refused. */
function full(status = 503): Responder {
  return queueOf({ servers: 4, serviceUs: 200_000, maxWaiting: 8, full: fails(1_000, status) });
}

for (const noise of NOISES) {
  test(`a full queue of the gateway, with its place count (noise ${noise})`, () => {
    const recording = quiet({ seed: 2, noise })
      .burst({ ...BURST, gateway: full() })
      .build();
    const candidate = onlyCandidate(rejected, recording);
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.equal(candidate.severity, 'error');
    assert.ok(candidate.p < ALPHA);
    assertNear(candidate.measured['concurrencyLimit'], 12, 0.1);
    assert.match(candidate.title, /503/);
    assert.equal(candidate.affected?.of, 300);
    assertNear(candidate.measured['refusedRatio'], candidate.explains.size / 300, 0);
    assert.ok(candidate.explains.size > 200);
  });

  test(`what a member refuses is the member's, and explains what came through the gateway (noise ${noise})`, () => {
    const queue = full(429);
    const recording = quiet({ seed: 3, noise })
      .burst({ ...BURST, gateway: balanced(12_000, plus(2_000, queue)), member: { web1: 10_000, web2: queue } })
      .build();
    const candidate = onlyCandidate(rejected, recording);
    assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    assert.equal(candidate.measured['concurrencyLimit'], undefined, 'canaries cannot count what is under way');
    assert.match(candidate.title, /web2 .*429.*directly/);
    assert.ok(candidate.explains.size > (candidate.affected?.count ?? 0), 'those of the gateway as well');
  });

  test(`volleys are load, too (noise ${noise})`, () => {
    const recording = quiet({ seed: 4, noise })
      .volley({ sizes: [4, 8, 16, 32], gateway: full() })
      .build();
    const candidate = onlyCandidate(rejected, recording);
    assert.equal(candidate.affected?.count, 4 + 20);
    assertNear(candidate.measured['concurrencyLimit'], 12, 0.01);
  });

  test(`nothing refused is clear (noise ${noise})`, () => {
    assertClear(rejected, quiet({ seed: 5, noise }).burst(BURST).volley({}).build());
  });

  test(`an application that always answers 503 at that rate is not a full queue (noise ${noise})`, () => {
    const gateway = sometimes(0.05, fails(1_000, 503), 12_000);
    const recording = quiet({ seed: 6, noise }, { gateway })
      .burst({ ...BURST, gateway })
      .build();
    const detection = detect(rejected, recording);
    if (detection.state === 'candidates') for (const { p } of detection.candidates) assert.ok(p > ALPHA, `p ${p}`);
  });
}

test('a ramp tells the rate from which on it refuses', () => {
  // 4 at a time for 50 ms: 80/s.
  const gateway = queueOf({ servers: 4, serviceUs: 50_000, maxWaiting: 4 });
  const recording = quiet({ seed: 5, noise: 1 })
    .ramp({ fromPerSec: 20, toPerSec: 160, durationUs: 10 * SEC, canaryPerSec: 0, gateway })
    .build();
  const candidate = onlyCandidate(rejected, recording);
  const { value = 0, low = 0, high = 0 } = candidate.measured['refusedFromPerSec'] ?? {};
  assert.ok(value >= 78 && value <= 95 && low <= value && value <= high, JSON.stringify(candidate.measured));
  assert.match(candidate.title, /others are under way, from \d+(\.\d+)?\/s on\.$/);
});

test('what a member refuses now and then, also when quiet, does not hide a limit of the gateway', () => {
  const member = sometimes(0.2, fails(1_000, 503), 10_000);
  const recording = quiet({ seed: 10, noise: 1 }, { member, gateway: 12_000 })
    .burst({ ...BURST, member, gateway: full() })
    .build();
  const candidate = onlyCandidate(rejected, recording);
  assert.deepEqual(candidate.scope, { route: 'gateway' });
  assert.ok(candidate.p < ALPHA);
});

test('answers that are refused by choice (429) hold no place', () => {
  const recording = quiet({ seed: 11, noise: 1 })
    .volley({ sizes: [8, 32], gateway: full(429) })
    .build();
  const candidate = onlyCandidate(rejected, recording);
  assert.deepEqual(candidate.measured['concurrencyLimit'], { value: 12, low: 12, high: 12 });
  assert.match(candidate.title, /429.*12 others/);
});

test('the limit of a member is exact from the volleys that it refused in part', () => {
  for (const [servers, waiting] of [
    [2, 1],
    [4, 4],
    [3, 14],
    [16, 48],
  ] as const) {
    const member = () => queueOf({ servers, serviceUs: 60_000, maxWaiting: waiting, full: fails(1_000, 503) });
    const limit = servers + waiting;
    // As live: the largest volley of a route is its last one, after it failures are too many.
    const recording = quiet({ seed: 12, noise: 1 }, { member: 60_000 })
      .volley({
        sizes: [limit, 2 * limit],
        rounds: 1,
        member: { web1: member(), web2: 60_000 },
        gateway: 60_000,
        everyUs: 5 * SEC,
      })
      .build();
    const candidate = onlyCandidate(rejected, recording);
    assert.equal(candidate.scope.member, 'web1');
    if (limit > 3) assert.ok(candidate.p < ALPHA, `limit ${limit}: p ${candidate.p}`);
    assert.deepEqual(candidate.measured['concurrencyLimit'], { value: limit, low: limit, high: limit });
  }
});

test('few refusals of each of two members count together', () => {
  const member = () => queueOf({ servers: 4, serviceUs: 60_000, maxWaiting: 4, full: fails(1_000, 503) });
  const of = (members: Record<string, Responder>) =>
    makeRecording({ seed: 13, noise: 1 })
      .compare({ durationUs: SEC, member: 60_000 })
      .volley({ sizes: [4, 16], rounds: 1, member: members, gateway: 60_000, everyUs: 5 * SEC })
      .build();
  const alone = onlyCandidate(rejected, of({ web1: member(), web2: 60_000 }));
  assert.ok(alone.p > ALPHA && alone.p < 1e-3, `p ${alone.p}`);
  const both = detect(rejected, of({ web1: member(), web2: member() }));
  assert.ok(both.state === 'candidates');
  assert.deepEqual(
    both.candidates.map(({ scope, p }) => [scope.member, p < ALPHA]),
    [
      ['web1', true],
      ['web2', true],
    ],
  );
});

test('a 429 with a time to wait is the agreed rate, not a full queue', () => {
  const limited: Responder = ({ index }) =>
    index < 40 ? 12_000 : index < 60 ? fails(1_000, 429) : notSent('retry-after');
  assertClear(
    rejected,
    quiet({ seed: 14, noise: 1 })
      .burst({ ...BURST, gateway: limited })
      .build(),
  );
});

test('40 healthy farms under load: nothing', () => {
  for (let seed = 100; seed < 140; seed++) {
    const noise = ([0, 1, 10] as const)[seed % 3] ?? 1;
    assertClear(rejected, quiet({ seed, noise }).burst(BURST).volley({}).build(), `seed ${seed}`);
  }
});

test('errors that took work, and errors of another kind, are not refusals', () => {
  for (const reply of [fails(2 * SEC, 503), fails(1_000, 500), fails(1_000, 404)]) {
    const gateway = sometimes(0.5, reply, 12_000);
    assertClear(
      rejected,
      quiet({ seed: 7, noise: 1 })
        .burst({ ...BURST, gateway })
        .build(),
    );
  }
});

test('two refusals are silence; three under a hundred loaded requests are no warning', () => {
  const refusing = (count: number) =>
    quiet({ seed: 8, noise: 1 })
      .burst({ ...BURST, gateway: ({ index }) => (index >= 100 && index < 100 + count ? fails(1_000, 503) : 12_000) })
      .build();
  assertSilent(rejected, refusing(2));
  assert.ok(onlyCandidate(rejected, refusing(3)).p > ALPHA);
  assert.ok(onlyCandidate(rejected, refusing(40)).p < ALPHA);
});

test('without load nothing can be said', () => {
  assertInsufficient(rejected, quiet({ seed: 9, noise: 1 }).idle({}).build(), /burst.*ramp.*volleys/, /no load/);
});
