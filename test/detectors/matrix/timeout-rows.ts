/** Timers: of the gateway, of the members, of something between, and the probe's own limit. */
import type { Recording } from '../../../src/model/recording.ts';
import {
  type Ask,
  balanced,
  type FullReply,
  fails,
  makeRecording,
  OK,
  type Reply,
  type Responder,
  reset,
  sometimes,
  timesOut,
  truncated,
} from '../../helpers/make-recording.ts';
import { MEMBERS, MS, type Noise, type Row, SEC } from './row.ts';

const T = 30 * SEC;
/** The way from the gateway to the probe. */
const WAY_US = 2_000;

type Farm = { readonly member?: Responder | Readonly<Record<string, Responder>>; readonly gateway?: Responder };

function farm(seed: number, noise: Noise, { member = 10_000, gateway = 12_000 }: Farm = {}, sec = 40): Recording {
  return makeRecording({ seed, noise, members: MEMBERS, recognised: { kind: 'nginx', certainty: 0.95 } })
    .compare({ member, gateway, durationUs: sec * SEC })
    .build();
}

const nobody = (): Recording =>
  makeRecording({ members: [] })
    .compare({ durationUs: 5 * SEC })
    .build();
const nothingSent = (): Recording => makeRecording().experiment('compare', []).build();

const exact = (reply: FullReply): FullReply => ({ ...reply, exact: true });
const cutAt = (us: number, status = 504): FullReply => exact(fails(us + WAY_US, status));
const at =
  (indexes: readonly number[], bad: Reply, well: Reply): Responder =>
  ({ index }) =>
    indexes.includes(index) ? bad : well;
/** Answers of all lengths up to `us`: a timer cuts off what is longer, an ordinary distribution has no edge. */
const slowPages = sometimes(0.03, 45 * SEC, 10_000);
/** So many indexes, evenly spread over a run of 40 s. */
const spread = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => 40 + i * 50);

const gatewayResponse: Row = {
  cause: 'timeout/gateway-response',
  good: {
    make: (seed, noise) => farm(seed, noise, { member: slowPages, gateway: sometimes(0.03, cutAt(T), 12_000) }),
    scope: { route: 'gateway' },
    severity: 'error',
    measured: { timeoutUs: { value: T, within: 0.005 } },
  },
  healthy: (seed, noise) =>
    makeRecording({ seed, noise, members: MEMBERS })
      .compare({ durationUs: 10 * SEC, member: sometimes(0.02, 5 * SEC, 10_000) })
      .timeout({})
      .build(),
  borderline: {
    below: (seed) => farm(seed, 1, { member: slowPages, gateway: at(spread(2), cutAt(T), 12_000) }),
    above: (seed) => farm(seed, 1, { member: slowPages, gateway: at(spread(5), cutAt(T), 12_000) }),
  },
  tooLittle: { recording: () => farm(1, 1, {}, 10), need: /delayMs/ },
  notApplicable: { recording: nothingSent, reason: /through the gateway/ },
};

const CUT = exact(truncated(2 * SEC));
const longBodies = sometimes(0.05, 5 * SEC, 10_000);

const gatewayRead: Row = {
  cause: 'timeout/gateway-read',
  good: {
    make: (seed, noise) => farm(seed, noise, { member: longBodies, gateway: sometimes(0.05, CUT, 12_000) }),
    scope: { route: 'gateway' },
    severity: 'error',
    measured: { timeoutUs: { value: 2 * SEC, within: 0.05 } },
  },
  healthy: (seed, noise) => farm(seed, noise, {}, 10),
  borderline: {
    below: (seed) => farm(seed, 1, { member: longBodies, gateway: at(spread(2), CUT, 12_000) }),
    above: (seed) => farm(seed, 1, { member: longBodies, gateway: at(spread(8), CUT, 12_000) }),
  },
  tooLittle: {
    recording: () => farm(6, 0, { gateway: at(spread(3), CUT, 12_000) }),
    need: /more failures at one elapsed time/,
  },
  notApplicable: { recording: nobody, reason: /no members/ },
};

/** web2 does not answer attempts to connect; the gateway gives up after `us`. */
function hanging(seed: number, noise: Noise, gateway: Responder, sec = 20): Recording {
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ durationUs: sec * SEC, ratePerSec: 5, gateway, member: { web2: timesOut(10 * SEC, 'connect') } })
    .build();
}

const gatewayConnect: Row = {
  cause: 'timeout/gateway-connect',
  good: {
    make: (seed, noise) => hanging(seed, noise, balanced(12_000, cutAt(3 * SEC), 12_000)),
    scope: { route: 'gateway', member: 'web2' },
    severity: 'error',
    measured: { timeoutUs: { value: 3 * SEC, within: 0.005 } },
    beside: ['connection/unreachable@web2'],
  },
  // Members that cannot be reached, and a gateway that asks others at once.
  healthy: (seed, noise) => hanging(seed, noise, 12_000, 10),
  borderline: {
    below: (seed) => hanging(seed, 1, at([20, 50], cutAt(3 * SEC), 12_000)),
    above: (seed) => hanging(seed, 1, at([20, 32, 44, 56, 68, 80], cutAt(3 * SEC), 12_000)),
  },
  tooLittle: {
    never: 'a timer needs its failures to agree; what is too few for that is clear, and said so by the response timer',
  },
  notApplicable: { recording: () => farm(1, 0, {}, 5), reason: /accepts connections/ },
};

const SERVICE_US = 60_000;

/** A queue that fails who would wait for longer than its timer. */
function timedQueue(servers: number, timerUs: number): (ask: Ask) => Reply {
  const freeAtUs = new Array<number>(servers).fill(0);
  return ({ dueUs, random }) => {
    const slot = freeAtUs.indexOf(Math.min(...freeAtUs));
    const startUs = Math.max(dueUs, freeAtUs[slot] as number);
    if (startUs - dueUs > timerUs) return exact(fails(timerUs + 500 + 2_500 * random.next(), 503));
    freeAtUs[slot] = startUs + SERVICE_US;
    return { us: startUs + SERVICE_US - dueUs, exact: true };
  };
}

type Burst = {
  readonly timerUs?: number;
  readonly ratePerSec?: number;
  readonly canaryPerSec?: number;
  readonly sec?: number;
};

function queued(
  seed: number,
  noise: Noise,
  { timerUs = 1_000_000, ratePerSec = 60, canaryPerSec = 4, sec = 5 }: Burst = {},
): Recording {
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ durationUs: 10 * SEC, member: SERVICE_US, gateway: SERVICE_US + 1_000 })
    .burst({ durationUs: sec * SEC, ratePerSec, canaryPerSec, member: SERVICE_US, gateway: timedQueue(2, timerUs) })
    .build();
}

const gatewayQueueTimer: Row = {
  cause: 'timeout/gateway-queue',
  good: {
    make: (seed, noise) => queued(seed, noise),
    scope: { route: 'gateway' },
    severity: 'error',
    measured: { timeoutUs: { value: SEC, within: 0.02 } },
    beside: ['queue/gateway@gateway'],
  },
  healthy: (seed, noise) => queued(seed, noise, { ratePerSec: 20, sec: 3 }),
  borderline: {
    // 60/s for 33/s: the first waits for a second after 1.25 s.
    below: (seed) => queued(seed, 1, { sec: 1.28 }),
    above: (seed) => queued(seed, 1, { sec: 1.7 }),
  },
  tooLittle: { recording: () => queued(9, 1, { canaryPerSec: 0 }), need: /canary/ },
  notApplicable: { never: 'without load it says that load is missing: any gateway may have a queue' },
};

const GAVE_UP = exact(fails(763_000, 500));
const upTo = ({ random }: Ask): number => 50_000 + random.next() * 700_000;

const memberTimer: Row = {
  cause: 'timeout/member',
  good: {
    make: (seed, noise) =>
      makeRecording({ seed, noise, members: MEMBERS })
        .compare({
          durationUs: 30 * SEC,
          ratePerSec: 10,
          member: sometimes(0.3, GAVE_UP, { us: 400_000, exact: true }),
          gateway: sometimes(0.3, GAVE_UP, { us: 402_000, exact: true }),
        })
        .build(),
    scope: { route: 'direct' },
    severity: 'error',
    measured: { timeoutUs: { value: 763_000, within: 0.005 } },
  },
  healthy: (seed, noise) => farm(seed, noise, { member: upTo, gateway: upTo }, 10),
  borderline: {
    below: (seed) => farm(seed, 0, { member: { web1: at([50, 300], GAVE_UP, 300_000) }, gateway: 300_000 }),
    above: (seed) => farm(seed, 0, { member: at(spread(6), GAVE_UP, 300_000), gateway: 300_000 }),
  },
  tooLittle: {
    never: 'errors that do not agree in their time are another cause, and too few to agree are told by that one',
  },
  notApplicable: { recording: nobody, reason: /no members/ },
};

const named = (server: string): FullReply => ({
  us: 12_000,
  outcome: OK,
  answer: { status: 200, headers: { server } },
});
/** Made by something that calls itself `edge`, in front of nginx. */
const edge: FullReply = exact(
  fails(T + WAY_US, 504, undefined, { status: 504, headers: { server: 'edge' }, bodyStart: 'edge: origin timeout\n' }),
);

function inFront(seed: number, noise: Noise, timer: Responder): Recording {
  return farm(seed, noise, { member: slowPages, gateway: sometimes(0.03, timer, named('nginx/1.22.1')) });
}

const middlebox: Row = {
  cause: 'timeout/middlebox',
  good: {
    make: (seed, noise) => inFront(seed, noise, edge),
    scope: { route: 'gateway' },
    severity: 'error',
    measured: { timeoutUs: { value: T, within: 0.005 } },
  },
  healthy: (seed, noise) => farm(seed, noise, { gateway: named('nginx/1.22.1') }, 10),
  borderline: {
    // Half of the failures carry the gateway's own mark: nobody else's timer then.
    below: (seed) =>
      inFront(
        seed,
        1,
        sometimes(
          0.5,
          edge,
          exact(
            fails(T + WAY_US, 504, undefined, {
              status: 504,
              headers: { server: 'nginx/1.22.1' },
              bodyStart: '<hr><center>nginx/1.22.1</center>',
            }),
          ),
        ),
      ),
    above: (seed) =>
      farm(seed, 1, {
        member: slowPages,
        gateway: at(spread(6), exact({ ...reset(T + WAY_US, 'fin') }), named('nginx/1.22.1')),
      }),
  },
  tooLittle: { never: 'too few failures that agree are no timer, whoever’s: that is said by the response timer' },
  notApplicable: { recording: nothingSent, reason: /nothing was sent/ },
};

const givesUp = (ratio: number): Responder => sometimes(ratio, timesOut(2 * SEC), 10_000);

const probeTimer: Row = {
  cause: 'timeout/probe',
  good: {
    make: (seed, noise) => farm(seed, noise, { member: givesUp(0.05), gateway: givesUp(0.05) }, 20),
    scope: { route: 'probe' },
    severity: 'warning',
    measured: { timeoutUs: { value: 2 * SEC, within: 0 } },
  },
  healthy: (seed, noise) => farm(seed, noise, { member: 1.9 * SEC, gateway: 1.9 * SEC }, 10),
  borderline: {
    below: (seed) => farm(seed, 0, { member: 1.99 * SEC, gateway: 1.99 * SEC }, 5),
    above: (seed) => farm(seed, 0, { gateway: at([30], timesOut(2 * SEC), 1.99 * SEC), member: 1.99 * SEC }, 5),
  },
  tooLittle: { recording: () => makeRecording().build(), need: /./ },
  notApplicable: { never: 'the probe always has a limit of its own' },
};

/** At 5 s one request waits for each of the members in turn; then all fail at once for a while. */
function takenOut(
  seed: number,
  noise: Noise,
  outageUs: number,
  members: readonly string[] = ['web1', 'web2'],
): Recording {
  const gateway: Responder = ({ index, atUs }) => {
    if (index === 100) return exact(fails(6 * SEC, 504));
    return atUs >= 11 * SEC && atUs < 11 * SEC + outageUs ? fails(300, 502) : 12_000;
  };
  return makeRecording({ seed, noise, members })
    .compare({ gateway, durationUs: 30 * SEC })
    .build();
}

const cascade: Row = {
  cause: 'gateway/cascade',
  good: {
    make: (seed, noise) => takenOut(seed, noise, 10 * SEC),
    scope: { route: 'gateway' },
    severity: 'critical',
    measured: { timeoutUs: { value: 3 * SEC, within: 0.001 }, outageUs: { value: 10 * SEC, within: 0.02 } },
  },
  healthy: (seed, noise) => farm(seed, noise, { gateway: sometimes(0.01, cutAt(6 * SEC), 12_000) }, 10),
  borderline: {
    below: (seed) => takenOut(seed, 1, 7 * 50 * MS),
    above: (seed) => takenOut(seed, 1, 8 * 50 * MS),
  },
  tooLittle: { recording: () => farm(1, 0, {}, 0.25), need: /8 requests/ },
  notApplicable: { recording: () => takenOut(1, 0, 10 * SEC, ['web1']), reason: /one member/ },
};

export const TIMEOUT_ROWS: readonly Row[] = [
  gatewayResponse,
  gatewayRead,
  gatewayConnect,
  gatewayQueueTimer,
  memberTimer,
  middlebox,
  probeTimer,
  cascade,
];
