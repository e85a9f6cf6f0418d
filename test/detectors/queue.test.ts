import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { gatewayQueue, memberQueue, volleyLimit } from '../../src/detectors/queue.ts';
import { burstScatter, openBursts, slopeOf } from '../../src/detectors/queue-points.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import {
  type Ask,
  balanced,
  makeRecording,
  plus,
  queueOf,
  type RecordingBuilder,
  type RecordingOptions,
  type Responder,
  replyOf,
} from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertPresentable,
  assertSilent,
  candidatesOf,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const BURST = { durationUs: 4 * SEC, canaryPerSec: 10 };

function quiet(options: RecordingOptions, member: Responder = 10_000, gateway: Responder = 12_000): RecordingBuilder {
  return makeRecording(options).compare({ durationUs: 20 * SEC, member, gateway });
}

/** Marks the answers of a gateway with the member that made them. */
function told(name: string, responder: Responder): Responder {
  return (ask: Ask) => {
    const reply = replyOf(responder, ask);
    return { ...reply, facts: { answeredBy: name } };
  };
}

for (const noise of NOISES) {
  test(`a member that works off less than it is offered is named with its rate (noise ${noise})`, () => {
    // Two at a time for 50 ms each: 40/s. Offered: half of 100/s and the canary's 10/s.
    const queue = queueOf({ servers: 2, serviceUs: 50_000 });
    const gateway = balanced(12_000, plus(2_000, queue));
    const member = { web1: 10_000, web2: queue };
    const recording = quiet({ seed: 2, noise }, 50_000)
      .burst({ ...BURST, ratePerSec: 100, gateway, member })
      .build();
    const candidate = onlyCandidate(memberQueue, recording);
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'direct', member: 'web2' });
    assert.equal(candidate.severity, 'warning');
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    assertNear(candidate.measured['ratePerSec'], 40, 0.1);
    assertNear(candidate.measured['waitUs'], 2 * SEC, 0.25);
    assert.ok(candidate.explains.size >= 30, 'its canaries');
    assertClear(gatewayQueue, recording);
  });

  test(`where answers tell the member, its real share of the load is used (noise ${noise})`, () => {
    const queue = queueOf({ servers: 1, serviceUs: 20_000 });
    const behind = plus(2_000, queue);
    // web2 gets three of four: 75/s, and the canary's 10/s, for 50/s.
    const gateway = balanced(told('web1', 12_000), told('web2', behind), told('web2', behind), told('web2', behind));
    const recording = quiet({ seed: 3, noise }, 20_000)
      .burst({ ...BURST, ratePerSec: 100, gateway, member: { web1: 20_000, web2: queue } })
      .build();
    const candidate = onlyCandidate(memberQueue, recording);
    assert.equal(candidate.scope.member, 'web2');
    assertNear(candidate.measured['ratePerSec'], 50, 0.1);
    assert.ok(candidate.explains.size > 300, 'canaries and load that it answered');
  });

  test(`a gateway that passes on less than it is offered (noise ${noise})`, () => {
    const gateway = queueOf({ servers: 4, serviceUs: 50_000 });
    const recording = quiet({ seed: 4, noise }, 10_000, 50_000)
      .burst({ ...BURST, ratePerSec: 160, gateway })
      .volley({ sizes: [4, 8, 16], gateway: queueOf({ servers: 4, serviceUs: 50_000 }) })
      .build();
    const candidate = onlyCandidate(gatewayQueue, recording);
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.ok(candidate.p < ALPHA);
    assertNear(candidate.measured['ratePerSec'], 80, 0.1);
    assertNear(candidate.measured['waitUs'], 4 * SEC, 0.1);
    assertNear(candidate.measured['concurrencyLimit'], 4, 0.01);
    assert.deepEqual(
      candidate.exhibits.map(({ id }) => id),
      ['burst-scatter-burst-1', 'volley-gateway'],
    );
    assertClear(memberQueue, recording);
  });

  test(`both members in a queue are both named, the gateway is not (noise ${noise})`, () => {
    const queues = [queueOf({ servers: 1, serviceUs: 25_000 }), queueOf({ servers: 1, serviceUs: 25_000 })] as const;
    const recording = quiet({ seed: 5, noise }, 25_000)
      .burst({
        ...BURST,
        ratePerSec: 140,
        gateway: balanced(plus(2_000, queues[0]), plus(2_000, queues[1])),
        member: { web1: queues[0], web2: queues[1] },
      })
      .build();
    const candidates = candidatesOf(memberQueue, recording);
    assert.deepEqual(
      candidates.map(({ scope }) => scope.member),
      ['web1', 'web2'],
    );
    for (const { measured } of candidates) assertNear(measured['ratePerSec'], 40, 0.1);
    assertSilent(gatewayQueue, recording);
  });

  test(`room for everything is clear (noise ${noise})`, () => {
    const recording = quiet({ seed: 6, noise })
      .burst({ ...BURST, ratePerSec: 100 })
      .build();
    assertClear(memberQueue, recording);
    assertClear(gatewayQueue, recording);
  });

  test(`slow, but not slower with every second, is no queue (noise ${noise})`, () => {
    const recording = quiet({ seed: 7, noise })
      .burst({ ...BURST, ratePerSec: 100, member: 80_000, gateway: 82_000 })
      .build();
    assertClear(memberQueue, recording);
    assertClear(gatewayQueue, recording);
  });
}

test('a queue that a burst hardly outruns is not mentioned; one that it clearly outruns is', () => {
  const at = (ratePerSec: number) => {
    const gateway = queueOf({ servers: 1, serviceUs: 10_000 });
    return quiet({ seed: 8, noise: 1 }, 10_000, 10_000)
      .burst({ ...BURST, ratePerSec, gateway })
      .build();
  };
  assertClear(gatewayQueue, at(95));
  assertClear(gatewayQueue, at(103));
  assertNear(onlyCandidate(gatewayQueue, at(125)).measured['ratePerSec'], 100, 0.05);
});

test('random work at 60 % of the capacity makes waits, but no growth', () => {
  const gateway = queueOf({ servers: 2, serviceUs: 20_000, isRandom: true });
  const recording = quiet({ seed: 9, noise: 1 }, 10_000, 20_000)
    .burst({ ...BURST, ratePerSec: 60, gateway })
    .build();
  assertClear(gatewayQueue, recording);
});

test('too few canaries, no quiet level, no burst: each says what it needs', () => {
  const sparse = quiet({ seed: 10 }).burst({ durationUs: SEC, canaryPerSec: 2 }).build();
  assertInsufficient(memberQueue, sparse, /burst/, /8 canary requests/);
  assertInsufficient(gatewayQueue, sparse, /canary on every member/, /fewer than 4/);
  const noQuiet = makeRecording({ seed: 11 }).burst(BURST).build();
  assertClear(memberQueue, noQuiet);
  assertInsufficient(gatewayQueue, noQuiet, /compare/, /no compare/);
  const closed = quiet({ seed: 12 })
    .burst({ ...BURST, connections: 4 })
    .build();
  for (const detector of [memberQueue, gatewayQueue]) assertInsufficient(detector, closed, /open-loop burst/, /none/);
});

test('a burst that ended early is judged by a few canaries, in a gateway and in a member', () => {
  const short = { ratePerSec: 120, durationUs: 1.5 * SEC, canaryPerSec: 4 };
  const jam = () => queueOf({ servers: 4, serviceUs: 45_000 });
  const inGateway = quiet({ seed: 17, noise: 1 }, 45_000, 46_000)
    .burst({ ...short, gateway: jam(), member: 45_000 })
    .build();
  assertNear(onlyCandidate(gatewayQueue, inGateway).measured['ratePerSec'], 89, 0.05);
  const member = jam();
  const inMember = quiet({ seed: 18, noise: 1, members: ['web1'] }, 45_000, 46_000)
    .burst({ ...short, gateway: plus(1_000, member), member })
    .build();
  assertClear(gatewayQueue, inMember);
});

test('of two bursts the clearer one is shown per member', () => {
  const jam = () => queueOf({ servers: 1, serviceUs: 20_000 });
  const [first, second] = [jam(), jam()];
  const recording = quiet({ seed: 13, noise: 1, members: ['web1'] }, 20_000)
    .burst({ ...BURST, durationUs: SEC, ratePerSec: 80, gateway: plus(2_000, first), member: first })
    .burst({ ...BURST, ratePerSec: 80, gateway: plus(2_000, second), member: second })
    .build();
  const candidate = onlyCandidate(memberQueue, recording);
  assert.equal(candidate.exhibits[0]?.id, 'burst-scatter-burst-2');
});

test('volleys tell how many are worked on at a time, and nothing where all are', () => {
  const of = (gateway: Responder) => createMeasures(makeRecording({ seed: 14 }).volley({ gateway }).build());
  for (const servers of [1, 5, 12]) {
    const volley = volleyLimit(of(queueOf({ servers, serviceUs: 300_000 })), GATEWAY);
    assert.equal(volley?.limit.value, servers);
    assert.ok(volley.exhibit.kind === 'xy' && volley.exhibit.series.every(({ points }) => points.length >= 16));
  }
  assert.equal(volleyLimit(of(300_000), GATEWAY), undefined);
  assert.equal(volleyLimit(of(300_000), directTo('nobody')), undefined);
});

test('volleys that are all larger than the limit do not pass for twice the limit: the quiet time decides', () => {
  // The least median of such a volley is two or four service times.
  for (const noise of [1, 10] as const)
    for (const [servers, sizes] of [
      [2, [8, 16]],
      [8, [32, 64]],
      [17, [64]],
    ] as const) {
      const gateway = queueOf({ servers, serviceUs: 60_000 });
      const recording = quiet({ seed: 16, noise }, 60_000, 60_000)
        .volley({ sizes, gateway, everyUs: 2 * SEC })
        .build();
      const limit = volleyLimit(createMeasures(recording), GATEWAY)?.limit;
      assert.equal(limit?.value, servers, `noise ${noise}`);
      assert.deepEqual([limit?.low, limit?.high], [servers, servers]);
    }
});

test('a volley that something else disturbed is left out of the count, and the text says so', () => {
  const jam = () => queueOf({ servers: 4, serviceUs: 50_000 });
  const volleys = jam();
  let asked = 0;
  const disturbed: Responder = (ask) => replyOf(++asked <= 8 ? plus(45_000, volleys) : volleys, ask);
  const recording = quiet({ seed: 21, noise: 1 }, 10_000, 50_000)
    .burst({ ...BURST, ratePerSec: 160, gateway: jam() })
    .volley({ sizes: [8, 16], rounds: 2, gateway: disturbed, everyUs: 2 * SEC })
    .build();
  const candidate = onlyCandidate(gatewayQueue, recording);
  assert.deepEqual(candidate.measured['concurrencyLimit'], { value: 4, low: 4, high: 4 });
  assert.match(candidate.meaning, /One volley of 8 was left out of the count: .* the others agree on 4\./);
  assertPresentable(candidate);
});

test('the points of a burst: load, canaries while it ran, quiet levels, and their picture', () => {
  const recording = quiet({ seed: 15 })
    .burst({ ...BURST, ratePerSec: 50 })
    .build();
  const [burst, ...more] = openBursts(createMeasures(recording));
  assert.ok(burst !== undefined && more.length === 0);
  assert.equal(burst.load.arrivalUs.length, 200);
  assert.equal(burst.loadToUs - burst.loadFromUs, 199 * 20_000);
  assert.deepEqual(
    [...burst.quietUs],
    [
      ['web1', 10_000],
      ['web2', 10_000],
    ],
  );
  assert.equal(burst.quietGatewayUs, 12_000);
  for (const [, points] of burst.canaries) {
    assert.ok(points.arrivalUs.length >= 39);
    assert.ok(points.arrivalUs.every((us) => us >= burst.loadFromUs && us <= burst.loadToUs));
    assert.equal(slopeOf(points)?.slope, 0);
  }
  const few = { arrivalUs: [1, 2, 3], elapsedUs: [1, 2, 3], exchanges: [] };
  assert.equal(slopeOf(few), undefined);
  const picture = burstScatter(burst, 'web2');
  assert.ok(picture.kind === 'xy');
  assert.deepEqual(
    picture.series.map(({ role }) => role),
    ['gateway', 'canary', 'failure'],
  );
  assert.deepEqual(picture.series[0]?.points[0], [0, 12_000]);
});

test('a ramp of the same run adds its knee and the rate that keeps its time', () => {
  const gateway = () => queueOf({ servers: 4, serviceUs: 50_000 });
  const recording = quiet({ seed: 4, noise: 1 }, 10_000, 50_000)
    .burst({ ...BURST, ratePerSec: 160, gateway: gateway() })
    .ramp({ fromPerSec: 20, toPerSec: 160, durationUs: 10 * SEC, canaryPerSec: 0, gateway: gateway() })
    .build();
  const { measured } = onlyCandidate(gatewayQueue, recording);
  assertNear(measured['kneePerSec'], 80, 0.05);
  assertNear(measured['heldPerSec'], 90, 0.15);
});
