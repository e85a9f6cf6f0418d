import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadStarvation } from '../../src/detectors/thread-starvation.ts';
import {
  type Ask,
  balanced,
  fails,
  makeRecording,
  plus,
  queueOf,
  type RecordingOptions,
  type Reply,
  type Responder,
  replyOf,
  sometimes,
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

const SERVICE_US = 200_000;
const BURST = { durationUs: 6 * SEC, ratePerSec: 90, canaryPerSec: 4 };

/** First come, first served; a worker more each `1 / perSec` seconds since the first had to wait. */
function growing(initial: number, perSec: number, serviceUs: (atUs: number, ask: Ask) => number = () => SERVICE_US) {
  const freeAtUs = new Array<number>(initial).fill(0);
  let waitsSinceUs: number | undefined;
  return (ask: Ask): Reply => {
    const earliest = (): number => freeAtUs.indexOf(Math.min(...freeAtUs));
    for (;;) {
      const startUs = Math.max(ask.dueUs, freeAtUs[earliest()] as number);
      if (startUs > ask.dueUs) waitsSinceUs ??= ask.dueUs;
      const added = freeAtUs.length - initial;
      const nextUs =
        waitsSinceUs === undefined ? Number.POSITIVE_INFINITY : waitsSinceUs + ((added + 1) * SEC) / perSec;
      if (nextUs > startUs) break;
      freeAtUs.push(nextUs);
    }
    const slot = earliest();
    const startUs = Math.max(ask.dueUs, freeAtUs[slot] as number);
    freeAtUs[slot] = startUs + serviceUs(startUs, ask);
    return { us: (freeAtUs[slot] as number) - ask.dueUs, exact: true };
  };
}

function told(name: string, responder: Responder): Responder {
  return (ask) => ({ ...replyOf(responder, ask), facts: { answeredBy: name } });
}

function quiet(options: RecordingOptions) {
  return makeRecording(options).compare({ durationUs: 10 * SEC, member: SERVICE_US, gateway: SERVICE_US + 1_000 });
}

/** A burst over two members; answers tell who made them unless `isTold` is false. */
function burstOf(options: RecordingOptions, web1: Responder, web2: Responder, isTold = true, changes = {}) {
  const through = (name: string, responder: Responder): Responder =>
    isTold ? told(name, plus(1_000, responder)) : plus(1_000, responder);
  return quiet(options)
    .burst({
      ...BURST,
      gateway: balanced(through('web1', web1), through('web2', web2)),
      member: { web1, web2 },
      ...changes,
    })
    .build();
}

for (const noise of NOISES) {
  test(`the member whose threads grow slowly is named with its rate (noise ${noise})`, () => {
    for (const [initial, perSec] of [
      [3, 0.7],
      [4, 1.2],
      [5, 2.2],
    ] as const) {
      const spread = (us: number, { random }: Ask): number => us * (1 + 0.02 * noise * (random.next() - 0.5));
      const recording = burstOf(
        { seed: 2, noise },
        growing(initial, perSec, (_, ask) => spread(SERVICE_US, ask)),
        SERVICE_US,
      );
      const candidate = onlyCandidate(threadStarvation, recording);
      assertPresentable(candidate);
      assert.deepEqual(candidate.scope, { route: 'direct', member: 'web1' });
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      const rate = candidate.measured['threadsPerSec'];
      assertNear(rate, perSec, 0.1);
      assert.ok((rate?.low ?? 0) <= perSec && perSec <= (rate?.high ?? 0), JSON.stringify(rate));
      assert.ok(Math.abs((candidate.measured['firstThreads']?.value ?? 0) - initial) <= 1);
      assert.ok(candidate.explains.size > 100);
    }
  });

  test(`a fixed number of threads is not (noise ${noise})`, () => {
    for (const isRandom of [false, true]) {
      const queue = () => queueOf({ servers: 4, serviceUs: SERVICE_US, isRandom });
      assertClear(threadStarvation, burstOf({ seed: 3, noise }, queue(), queue()));
    }
  });

  test(`a queue in the gateway that lets more and more through is not a member's (noise ${noise})`, () => {
    const recording = quiet({ seed: 4, noise })
      .burst({ ...BURST, member: SERVICE_US, gateway: growing(6, 2) })
      .build();
    assertSilent(threadStarvation, recording);
  });
}

test('where answers do not tell their member, all that wait are named with their share', () => {
  const recording = burstOf({ seed: 5, noise: 1 }, growing(4, 1.5), growing(4, 1.5), false);
  const candidates = candidatesOf(threadStarvation, recording);
  assert.deepEqual(
    candidates.map(({ scope }) => scope.member),
    ['web1', 'web2'],
  );
  for (const { measured } of candidates) assertNear(measured['threadsPerSec'], 1.5, 0.1);
});

test('what looks alike: a step, a swing, code that warms up, a scaler', () => {
  const rivals: Record<string, () => Responder> = {
    // Slow for two seconds of the burst, then as before.
    deploy: () => growing(5, 0.001, (atUs) => (atUs < 13.5 * SEC ? 2 * SERVICE_US : SERVICE_US)),
    lateStep: () => growing(5, 0.001, (atUs) => (atUs < 15.5 * SEC ? 2 * SERVICE_US : SERVICE_US)),
    swing: () => growing(5, 0.001, (atUs) => SERVICE_US * (1 + 0.5 * Math.sin((2 * Math.PI * atUs) / (2.6 * SEC)))),
    warming: () =>
      growing(5, 0.001, (atUs) => SERVICE_US * (1 + 3 * Math.exp(-Math.max(0, atUs - 11 * SEC) / (0.7 * SEC)))),
    scaler: () => growing(4, 20),
  };
  for (const [name, rival] of Object.entries(rivals))
    assertSilent(threadStarvation, burstOf({ seed: 6, noise: 1 }, rival(), SERVICE_US), name);
});

test('without a burst, with one that is too short, or with many failures', () => {
  assertInsufficient(threadStarvation, quiet({ seed: 7 }).build(), /burst.*canary/, /none/);
  const short = burstOf({ seed: 8, noise: 1 }, growing(3, 1), SERVICE_US, true, { durationUs: SEC });
  assertSilent(threadStarvation, short);
  const failing = burstOf({ seed: 9, noise: 1 }, sometimes(0.5, fails(1_000, 503), growing(3, 1)), SERVICE_US);
  assertInsufficient(threadStarvation, failing, /answered/, /none of the bursts/);
  const noQuiet = makeRecording({ seed: 10 }).burst(BURST).build();
  assertInsufficient(threadStarvation, noQuiet, /compare/, /none of the bursts/);
});

test('40 healthy farms under load: nothing', () => {
  for (let seed = 100; seed < 140; seed++) {
    const noise = ([0, 1, 10] as const)[seed % 3] ?? 1;
    assertClear(threadStarvation, burstOf({ seed, noise }, SERVICE_US, SERVICE_US), `seed ${seed}`);
  }
});
