/** Members that are worse than others, applications that are bad on all, gateways that hide or hold back. */
import type { Threshold } from '../../../src/model/profile.ts';
import type { Recording } from '../../../src/model/recording.ts';
import { GATEWAY } from '../../../src/model/route.ts';
import {
  type Ask,
  type FullReply,
  fails,
  makeRecording,
  OK,
  type Reply,
  type Responder,
  refused,
  replyOf,
  sometimes,
} from '../../helpers/make-recording.ts';
import { MEMBERS, MS, type Noise, type Row, SEC } from './row.ts';

type Odd = Readonly<Record<string, Responder>>;

/** Members at 10 ms but for the odd ones; the gateway asks each in turn. */
function farm(seed: number, noise: Noise, member: Odd, durationUs = 30 * SEC): Recording {
  return makeRecording({ seed, noise, members: MEMBERS }).compare({ member, durationUs }).build();
}

const alone = (member: Odd = {}): Recording =>
  makeRecording({ members: ['web1'] })
    .compare({ member, durationUs: 10 * SEC })
    .build();
const nobody = (): Recording =>
  makeRecording({ members: [] })
    .compare({ durationUs: 10 * SEC })
    .build();

const everyNth =
  (n: number, bad: Reply, well: Reply = 10_000): Responder =>
  ({ index }) =>
    index % n === n - 3 ? bad : well;

const BROKEN = fails(5_000, 500);
const onAll = (responder: Responder): Odd => Object.fromEntries(MEMBERS.map((name) => [name, responder]));

const memberErrors: Row = {
  cause: 'member/errors',
  good: {
    make: (seed, noise) => farm(seed, noise, { web3: sometimes(0.15, BROKEN, 10_000) }),
    scope: { route: 'direct', member: 'web3' },
    severity: 'error',
    measured: { errorRatio: { value: 0.15, within: 0.4 } },
  },
  healthy: (seed, noise) => farm(seed, noise, {}, 10 * SEC),
  borderline: {
    below: (seed) => farm(seed, 1, { web2: everyNth(200, BROKEN) }),
    above: (seed) => farm(seed, 1, { web2: everyNth(30, BROKEN) }, 60 * SEC),
  },
  tooLittle: { recording: () => farm(1, 0, { web2: BROKEN }, 500 * MS), need: /requests/ },
  notApplicable: { recording: () => alone({ web1: BROKEN }), reason: /./ },
};

const memberSlow: Row = {
  cause: 'member/slow',
  good: {
    make: (seed, noise) => farm(seed, noise, { web2: 60_000 }),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { ratio: { value: 6, within: 0.2 } },
  },
  healthy: (seed, noise) => farm(seed, noise, {}, 10 * SEC),
  borderline: {
    // By more than anybody needs to feel it, and less than twice as long.
    below: (seed) => farm(seed, 1, { web1: 30_000, web2: 55_000, web3: 30_000 }),
    above: (seed) => farm(seed, 1, { web1: 30_000, web2: 66_000, web3: 30_000 }),
  },
  tooLittle: { recording: () => farm(1, 0, { web2: 60_000 }, SEC), need: /20 warm answers/ },
  notApplicable: { recording: () => alone({ web1: 60_000 }), reason: /./ },
};

/** Answers name their member, drawn with these weights. */
function weighted(...weights: readonly number[]): Responder {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const upTo = weights.map((_, i) => weights.slice(0, i + 1).reduce((sum, weight) => sum + weight, 0));
  return ({ random }) => {
    const at = random.next() * total;
    const index = upTo.findIndex((end) => at < end);
    return { us: 12_000, outcome: OK, facts: { answeredBy: `web${index + 1}` } };
  };
}

const skewed = (seed: number, noise: Noise, ...weights: readonly number[]): Recording =>
  makeRecording({ seed, noise, members: MEMBERS })
    .compare({ gateway: weighted(...weights), durationUs: 25 * SEC })
    .build();

const memberSkew: Row = {
  cause: 'member/skew',
  good: {
    make: (seed, noise) => skewed(seed, noise, 6, 2, 2),
    scope: { route: 'gateway', member: 'web1' },
    severity: 'info',
    measured: { share: { value: 0.6, within: 0.15 } },
  },
  healthy: (seed, noise) => skewed(seed, noise, 1, 1, 1),
  borderline: {
    below: (seed) => skewed(seed, 1, 36, 32, 32),
    above: (seed) => skewed(seed, 1, 56, 22, 22),
  },
  tooLittle: {
    recording: () =>
      makeRecording({ members: MEMBERS })
        .compare({ durationUs: 5 * SEC })
        .build(),
    need: /memberId/,
  },
  notApplicable: { recording: () => alone(), reason: /two members/ },
};

/** All members closed from one moment on, for so long. */
function closed(seed: number, noise: Noise, forUs: number): Recording {
  const isClosed = (atUs: number): boolean => atUs >= 5 * SEC && atUs < 5 * SEC + forUs;
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({
      durationUs: 30 * SEC,
      member: ({ atUs }) => (isClosed(atUs) ? refused() : 10_000),
      gateway: ({ atUs }) => (isClosed(atUs) ? fails(1_000, 503) : 12_000),
    })
    .build();
}

const noneAvailable: Row = {
  cause: 'member/none-available',
  good: {
    make: (seed, noise) =>
      makeRecording({ seed, noise, members: MEMBERS })
        .compare({ durationUs: 20 * SEC, member: refused(), gateway: fails(1_000, 503) })
        .build(),
    scope: { route: 'gateway' },
    severity: 'critical',
    measured: { refusedRatio: { value: 1, within: 0.02 } },
    beside: MEMBERS.map((name) => `connection/refused@${name}`),
  },
  healthy: (seed, noise) => farm(seed, noise, {}, 10 * SEC),
  borderline: { below: (seed) => closed(seed, 1, 350 * MS), above: (seed) => closed(seed, 1, 8 * SEC) },
  tooLittle: {
    recording: () =>
      makeRecording({ members: MEMBERS })
        .compare({ durationUs: 350 * MS, member: refused(), gateway: fails(1_000, 503) })
        .build(),
    need: /8 requests/,
  },
  notApplicable: {
    never: 'a gateway without members in the profile may have none as well; it is asked by its own answers',
  },
};

const applicationError: Row = {
  cause: 'application/error',
  good: {
    make: (seed, noise) => farm(seed, noise, onAll(sometimes(0.1, BROKEN, 10_000))),
    scope: { route: 'direct' },
    severity: 'error',
    measured: { errorRatio: { value: 0.1, within: 0.3 } },
  },
  healthy: (seed, noise) => farm(seed, noise, {}, 10 * SEC),
  borderline: {
    below: (seed) => farm(seed, 1, onAll(everyNth(300, BROKEN))),
    above: (seed) => farm(seed, 1, onAll(everyNth(25, BROKEN))),
  },
  tooLittle: {
    recording: () =>
      makeRecording({ members: MEMBERS })
        .compare({ durationUs: 50 * MS, member: BROKEN })
        .build(),
    need: /5 direct requests/,
  },
  notApplicable: { recording: nobody, reason: /no members/ },
};

function agreed(limitUs: number, p = 0.95): Threshold {
  return {
    text: `gateway p95 < ${limitUs / MS}ms`,
    subject: { kind: 'gateway' },
    metric: { kind: 'quantile', p },
    comparison: '<',
    limit: limitUs,
  };
}

function against(thresholds: readonly Threshold[], us: number, seed = 1, noise: Noise = 1, seconds = 30): Recording {
  return makeRecording({ seed, noise, members: MEMBERS, profile: { thresholds } })
    .compare({ member: us, durationUs: seconds * SEC })
    .build();
}

const applicationSlow: Row = {
  cause: 'application/slow',
  good: {
    make: (seed, noise) => against([agreed(150_000)], 400_000, seed, noise),
    scope: { route: 'direct' },
    severity: 'warning',
  },
  healthy: (seed, noise) => against([agreed(150_000)], 50_000, seed, noise, 25),
  borderline: {
    below: (seed) => against([agreed(150_000)], 140_000, seed, 0),
    above: (seed) => against([agreed(150_000)], 160_000, seed, 0),
  },
  tooLittle: { recording: () => against([agreed(150_000)], 400_000, 1, 1, 1), need: /enough direct answers/ },
  notApplicable: { recording: () => against([], 400_000), reason: /nothing says how fast/ },
};

const overheadIs = (limitUs: number): Threshold => ({
  ...agreed(limitUs, 0.5),
  text: `overhead p50 < ${limitUs / MS}ms`,
  subject: { kind: 'overhead' },
});

function adding(us: number, seed: number, noise: Noise = 1, seconds = 30): Recording {
  return makeRecording({ seed, noise, members: MEMBERS, profile: { thresholds: [overheadIs(10_000)] } })
    .compare({ gateway: 10_000 + us, durationUs: seconds * SEC })
    .build();
}

const gatewayOverhead: Row = {
  cause: 'gateway/overhead',
  good: {
    make: (seed, noise) => adding(25_000, seed, noise),
    scope: { route: 'gateway' },
    severity: 'warning',
    measured: { overheadUs: { value: 25_000, within: 0.25 } },
  },
  healthy: (seed, noise) => adding(2_000, seed, noise, 6),
  borderline: { below: (seed) => adding(9_000, seed), above: (seed) => adding(11_500, seed) },
  tooLittle: {
    recording: () =>
      makeRecording({
        members: MEMBERS,
        noise: 1,
        profile: { thresholds: [{ ...overheadIs(10_000), metric: { kind: 'quantile', p: 0.99 } }] },
      })
        .compare({ gateway: 40_000, durationUs: SEC })
        .build(),
    need: /more slots/,
  },
  notApplicable: { recording: () => farm(1, 0, {}, SEC), reason: /no threshold on overhead/ },
};

/** First byte after `wait`, the rest within `receive`; both vary by a tenth. */
function pieces(wait: number, receive: number): Responder {
  return ({ random }): FullReply => {
    const swing = 0.95 + 0.1 * random.next();
    const phasesUs = { send: 20, wait: Math.round(wait * swing), receive: Math.round(receive * swing) };
    const answer = { status: 200, headers: { 'content-type': 'text/event-stream' } };
    return { us: phasesUs.wait + phasesUs.receive + 20, exact: true, outcome: OK, answer, facts: { phasesUs } };
  };
}

const streamed = (seed: number, noise: Noise, receive: number, gateway: Responder): Recording =>
  makeRecording({ seed, noise, members: MEMBERS })
    .compare({ member: pieces(20_000, receive), gateway, durationUs: 15 * SEC })
    .build();

const gatewayBuffering: Row = {
  cause: 'gateway/buffering',
  good: {
    make: (seed, noise) => streamed(seed, noise, 900_000, pieces(925_000, 2_000)),
    scope: { route: 'gateway' },
    severity: 'warning',
    measured: { heldUs: { value: 900_000, within: 0.06 } },
  },
  healthy: (seed, noise) => streamed(seed, noise, 900_000, pieces(22_000, 905_000)),
  borderline: {
    below: (seed) => streamed(seed, 1, 100_000, pieces(121_000, 1_000)),
    above: (seed) => streamed(seed, 1, 400_000, pieces(421_000, 1_000)),
  },
  tooLittle: {
    recording: () =>
      makeRecording()
        .experiment('compare', [{ route: GATEWAY, us: 3_000 }])
        .build(),
    need: /8 answers/,
  },
  notApplicable: { recording: nobody, reason: /no members/ },
};

/** Round robin; what fails at a member is asked of the next one where `retries`. Answers name their member. */
function retrying(members: Odd, retries: boolean, isNamed: boolean): Responder {
  let turn = 0;
  return (ask: Ask) => {
    for (let attempt = 0; ; attempt++) {
      const name = MEMBERS[turn++ % MEMBERS.length] as string;
      const reply = replyOf(members[name] ?? 10_000, ask);
      const isBad = reply.outcome?.kind === 'response' && reply.outcome.status >= 500;
      if (!isBad || !retries)
        return isNamed ? { ...reply, outcome: reply.outcome ?? OK, facts: { answeredBy: name } } : reply;
      if (attempt > 0) return fails(9_000, 502);
    }
  };
}

type Hiding = {
  readonly ratio?: number;
  readonly retries?: boolean;
  readonly isNamed?: boolean;
  readonly sec?: number;
};

function hiding(seed: number, noise: Noise, options: Hiding = {}): Recording {
  const { ratio = 0.15, retries = true, isNamed = true, sec = 40 } = options;
  const member: Odd = { web1: 10_000, web2: 10_000, web3: sometimes(ratio, fails(8_000, 500), 10_000) };
  const gateway = retrying(member, retries, isNamed);
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ ratePerSec: 10, durationUs: sec * SEC, newConnectionRatio: 0.5, member, gateway })
    .build();
}

const retryDuplicate: Row = {
  cause: 'gateway/retry-duplicate',
  good: {
    make: (seed, noise) => hiding(seed, noise),
    scope: { route: 'gateway', member: 'web3' },
    severity: 'info',
    measured: { errorRatio: { value: 0.15, within: 0.45 } },
    beside: ['member/errors@web3'],
  },
  healthy: (seed, noise) => hiding(seed, noise, { ratio: 0, sec: 12 }),
  borderline: {
    below: (seed) => hiding(seed, 1, { ratio: 0.03, sec: 10 }),
    above: (seed) => hiding(seed, 1, { ratio: 0.2, sec: 30 }),
  },
  tooLittle: { recording: () => hiding(7, 1, { isNamed: false }), need: /memberId/ },
  notApplicable: { recording: () => alone(), reason: /two members/ },
};

export const FARM_ROWS: readonly Row[] = [
  memberErrors,
  memberSlow,
  memberSkew,
  noneAvailable,
  applicationError,
  applicationSlow,
  gatewayOverhead,
  gatewayBuffering,
  retryDuplicate,
];
