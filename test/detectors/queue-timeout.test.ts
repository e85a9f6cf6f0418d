import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayQueue } from '../../src/detectors/queue.ts';
import { gatewayQueueTimeout } from '../../src/detectors/queue-timeout.ts';
import { rejected } from '../../src/detectors/rejected.ts';
import { gatewayResponseTimeout } from '../../src/detectors/timeout.ts';
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
  sometimes,
} from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNear,
  assertPresentable,
  assertSilent,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const SERVICE_US = 60_000;
const BURST = { durationUs: 3 * SEC, ratePerSec: 60, canaryPerSec: 4 };

/** A queue that fails who would wait for longer than its timer, after exactly that time (and up to 3 ms, as measured). */
function timedQueue(servers: number, timerUs: number, status = 503, serviceUs = SERVICE_US): (ask: Ask) => Reply {
  const freeAtUs = new Array<number>(servers).fill(0);
  return ({ dueUs, random }) => {
    const slot = freeAtUs.indexOf(Math.min(...freeAtUs));
    const startUs = Math.max(dueUs, freeAtUs[slot] as number);
    if (startUs - dueUs > timerUs) return { ...fails(timerUs + 500 + 2_500 * random.next(), status), exact: true };
    freeAtUs[slot] = startUs + serviceUs;
    return { us: startUs + serviceUs - dueUs, exact: true };
  };
}

function quiet(options: RecordingOptions, gatewayUs = SERVICE_US + 1_000) {
  return makeRecording(options).compare({ durationUs: 10 * SEC, member: SERVICE_US, gateway: gatewayUs });
}

for (const noise of NOISES) {
  test(`the timer of the gateway's queue, with its value (noise ${noise})`, () => {
    for (const [timerUs, status] of [
      [400_000, 503],
      [1_000_000, 502],
    ] as const) {
      const recording = quiet({ seed: 2, noise })
        .burst({ ...BURST, durationUs: 5 * SEC, member: SERVICE_US, gateway: timedQueue(2, timerUs, status) })
        .build();
      const candidate = onlyCandidate(gatewayQueueTimeout, recording);
      assertPresentable(candidate);
      assert.deepEqual(candidate.scope, { route: 'gateway' });
      assert.equal(candidate.severity, 'error');
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      const timeout = candidate.measured['timeoutUs'];
      assertNear(timeout, timerUs, 0.02);
      assert.ok((timeout?.low ?? 0) <= timerUs && timerUs <= (timeout?.high ?? 0), JSON.stringify(timeout));
      assert.match(candidate.title, new RegExp(`${status}`));
      // Neither the response timer nor a refusal may claim the same requests.
      assertSilent(gatewayResponseTimeout, recording);
      assertSilent(rejected, recording);
    }
  });

  test(`a queue in a member that ends with errors is not the gateway's timer (noise ${noise})`, () => {
    const queue = timedQueue(2, 400_000);
    const recording = quiet({ seed: 3, noise })
      .burst({
        ...BURST,
        ratePerSec: 120,
        gateway: balanced(SERVICE_US, plus(1_000, queue)),
        member: { web1: SERVICE_US, web2: queue },
      })
      .build();
    assertSilent(gatewayQueueTimeout, recording);
  });

  test(`errors of equal length without a queue, and errors of any length, are none (noise ${noise})`, () => {
    for (const late of [fails(400_000, 503), ({ random }: Ask) => fails(100_000 + 900_000 * random.next(), 503)]) {
      const recording = quiet({ seed: 4, noise })
        .burst({ ...BURST, member: SERVICE_US, gateway: sometimes(0.2, late, SERVICE_US) })
        .build();
      assertSilent(gatewayQueueTimeout, recording);
    }
  });

  test(`a queue without a timer is clear (noise ${noise})`, () => {
    const recording = quiet({ seed: 5, noise })
      .burst({ ...BURST, member: SERVICE_US, gateway: queueOf({ servers: 2, serviceUs: SERVICE_US }) })
      .build();
    assertClear(gatewayQueueTimeout, recording);
  });
}

test('who waited for longer than the timer shows that there is none', () => {
  const queue = queueOf({ servers: 2, serviceUs: SERVICE_US });
  const gateway: Responder = (ask) => (ask.index % 10 === 9 ? fails(400_000, 503) : queue(ask));
  const recording = quiet({ seed: 6, noise: 1 })
    .burst({ ...BURST, member: SERVICE_US, gateway })
    .build();
  assertSilent(gatewayQueueTimeout, recording);
  onlyCandidate(gatewayQueue, recording);
});

test('volleys show it as well, with volleys at the members as witnesses', () => {
  const recording = quiet({ seed: 7, noise: 1 })
    .volley({ sizes: [8, 32], everyUs: 5 * SEC, member: SERVICE_US, gateway: timedQueue(2, 300_000) })
    .build();
  const candidate = onlyCandidate(gatewayQueueTimeout, recording);
  assertNear(candidate.measured['timeoutUs'], 300_000, 0.02);
});

test('without load, without canaries, without a quiet level: what is missing is said', () => {
  assertInsufficient(gatewayQueueTimeout, quiet({ seed: 8 }).build(), /burst.*canary/, /no load/);
  const blind = quiet({ seed: 9, noise: 1 })
    .burst({ ...BURST, canaryPerSec: 0, member: SERVICE_US, gateway: timedQueue(2, 400_000) })
    .build();
  assertInsufficient(gatewayQueueTimeout, blind, /canary/, /fewer than three/);
  const few = quiet({ seed: 10, noise: 1 })
    .burst({ ...BURST, durationUs: 500_000, member: SERVICE_US, gateway: timedQueue(2, 400_000) })
    .build();
  assertSilent(gatewayQueueTimeout, few);
});

test('40 healthy farms under load: nothing', () => {
  for (let seed = 100; seed < 140; seed++) {
    const recording = quiet({ seed, noise: ([0, 1, 10] as const)[seed % 3] ?? 1 })
      .burst({ ...BURST, member: SERVICE_US, gateway: SERVICE_US + 1_000 })
      .volley({ member: SERVICE_US, gateway: SERVICE_US + 1_000 })
      .build();
    assertClear(gatewayQueueTimeout, recording, `seed ${seed}`);
  }
});
