/** What makes answers late on their way or after a rest: pauses, acknowledgements, losses, sleep; and the probe itself. */
import type { ExchangeTag } from '../../../src/model/exchange.ts';
import type { Recording } from '../../../src/model/recording.ts';
import { directTo, memberOf } from '../../../src/model/route.ts';
import {
  balanced,
  fails,
  type IdleOptions,
  type LooseExchange,
  makeRecording,
  plus,
  type RecordingOptions,
  type Responder,
  refused,
  replyOf,
} from '../../helpers/make-recording.ts';
import { MEMBERS, type Noise, type Row, SEC } from './row.ts';

type Farm = { readonly member?: Responder | Readonly<Record<string, Responder>>; readonly gateway?: Responder };

function farm(seed: number, noise: Noise, run: Farm = {}, sec = 20, options: RecordingOptions = {}): Recording {
  return makeRecording({ seed, noise, members: MEMBERS, ...options })
    .compare({ durationUs: sec * SEC, ...run })
    .build();
}

/** Nothing ends within a pause, nothing begins. */
function pausing(work: Responder, everyUs: number, lengthUs: number): Responder {
  const outUs = (atUs: number): number => {
    const phase = (atUs + 0.5 * everyUs) % everyUs;
    return phase < lengthUs ? atUs + lengthUs - phase : atUs;
  };
  return (ask) => {
    const reply = replyOf(work, ask);
    return { ...reply, us: Math.round(outUs(outUs(ask.atUs) + reply.us) - ask.atUs), exact: true };
  };
}

/** Work of 20 ms that scatters as `noise` says, and who did it. */
function worker(name: string, noise: Noise): Responder {
  return ({ random }) => ({
    us: 20_000 * Math.exp(noise * 0.03 * (random.next() + random.next() + random.next() - 1.5)),
    exact: true,
    facts: { answeredBy: name },
  });
}

function stalling(seed: number, noise: Noise, lengthUs: number, everyUs = 1_730_000): Recording {
  const web2 = lengthUs === 0 ? worker('web2', noise) : pausing(worker('web2', noise), everyUs, lengthUs);
  const member = { web1: worker('web1', noise), web2, web3: worker('web3', noise) };
  return makeRecording({ seed, noise: 0, members: MEMBERS })
    .compare({ member, durationUs: 12 * SEC, gateway: plus(1_500, balanced(...Object.values(member))) })
    .build();
}

const stall: Row = {
  cause: 'stall/pause',
  good: {
    make: (seed, noise) => stalling(seed, noise, 320_000),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { pauseUs: { value: 320_000, within: 0.1 }, periodUs: { value: 1_730_000, within: 0.04 } },
  },
  healthy: (seed, noise) => stalling(seed, noise, 0),
  borderline: { below: (seed) => stalling(seed, 1, 60_000), above: (seed) => stalling(seed, 1, 270_000) },
  tooLittle: { recording: () => farm(1, 0, {}, 1), need: /30 requests of a compare/ },
  notApplicable: { never: 'the gateway can stand still as well, with or without members' },
};

/** Pieces wait for an acknowledgement in a share of the answers on reused connections. */
function inPieces(name: string, noise: Noise, ratio: number): Responder {
  return ({ connection, random }) => {
    const isWaiting = connection === 'warm' && random.next() < ratio;
    const restUs = Math.round(isWaiting ? 40_000 + 5_000 * random.next() : 300 * random.next());
    const wait = Math.round(12_000 * (1 + 0.03 * noise * random.next()));
    const phasesUs = { send: 20, wait, receive: restUs };
    return { us: wait + 20 + restUs, exact: true, facts: { answeredBy: name, phasesUs } };
  };
}

function acknowledged(seed: number, noise: Noise, ratio: number, sec = 8): Recording {
  const member = Object.fromEntries(MEMBERS.map((name) => [name, inPieces(name, noise, name === 'web2' ? ratio : 0)]));
  const gateway = plus(1_000, balanced(...MEMBERS.map((name) => inPieces(name, noise, 0))));
  return makeRecording({ seed, noise: 0, members: MEMBERS })
    .compare({ member, gateway, durationUs: sec * SEC })
    .build();
}

const delayedAck: Row = {
  cause: 'path/delayed-ack',
  good: {
    make: (seed, noise) => acknowledged(seed, noise, 0.4),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { affectedRatio: { value: 0.4, within: 0.3 } },
  },
  healthy: (seed, noise) => acknowledged(seed, noise, 0),
  borderline: { below: (seed) => acknowledged(seed, 1, 0.01), above: (seed) => acknowledged(seed, 1, 0.2) },
  tooLittle: { recording: () => acknowledged(1, 0, 0.4, 0.5), need: /answers of a compare on reused connections/ },
  notApplicable: { never: 'whoever sends answers can send them in pieces' },
};

/** Each packet is lost with this probability and sent again after 200 ms, then 400 ms, then 800 ms. */
function lossy(ratio: number, us: number): Responder {
  return ({ random }) => {
    let tookUs = us + 2_000 * random.next();
    for (let timerUs = 200_000; random.next() < ratio && timerUs < 1_600_000; timerUs *= 2)
      tookUs += timerUs + 4_000 * random.next();
    return { us: Math.round(tookUs), exact: true };
  };
}

/** Loss between the probe and the gateway; what `noise` adds is the members' own. */
function losing(seed: number, noise: Noise, ratio: number, sec = 40): Recording {
  return farm(seed, noise, { gateway: lossy(ratio, 13_000), member: lossy(0, 12_000) }, sec);
}

const retransmission: Row = {
  cause: 'path/retransmission',
  good: {
    make: (seed, noise) => losing(seed, noise, 0.07, 100),
    scope: { route: 'gateway' },
    severity: 'warning',
    measured: { affectedRatio: { value: 0.07, within: 0.4 } },
  },
  healthy: (seed, noise) => losing(seed, noise, 0, 6),
  borderline: { below: (seed) => losing(seed, 1, 0.004), above: (seed) => losing(seed, 1, 0.08, 60) },
  tooLittle: { recording: () => losing(1, 0, 0.1, 3), need: /answers of a compare/ },
  notApplicable: { never: 'packets can be lost on every way' },
};

const MINUTE = 60 * SEC;
const GAPS = [MINUTE, 5 * MINUTE, 15 * MINUTE, 21 * MINUTE, 30 * MINUTE];

function resting(seed: number, noise: Noise, idle: IdleOptions, more: readonly LooseExchange[] = []): Recording {
  const recording = makeRecording({ seed, noise, members: MEMBERS })
    .compare({ durationUs: 20 * SEC, newConnectionRatio: 0.25 })
    .idle({ gapsUs: GAPS, ...idle });
  return more.length === 0 ? recording.build() : recording.experiment('idle', more).build();
}

const asleep: IdleOptions['isCold'] = ({ route, gapUs }) => memberOf(route) === 'web2' && gapUs > 20 * MINUTE;

const coldIdle: Row = {
  cause: 'cold-start/idle',
  good: {
    make: (seed, noise) => resting(seed, noise, { isCold: asleep }),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    // Between 15 and 21 min; the time of a start is as noisy as everything.
    measured: { idleThresholdUs: { value: 20 * MINUTE, within: 0.25 }, penaltyUs: { value: 3 * SEC, within: 0.9 } },
  },
  healthy: (seed, noise) => resting(seed, noise, {}),
  borderline: {
    below: (seed) => resting(seed, 1, { isCold: asleep, coldUs: 80_000 }),
    above: (seed) => resting(seed, 1, { isCold: asleep, coldUs: 140_000 }),
  },
  tooLittle: { recording: () => farm(1, 0, {}, 5), need: /idle ladder/ },
  notApplicable: { never: 'without an idle ladder it says that one is missing: anything may fall asleep' },
};

/** First requests after an hour that spend so long in TLS. */
function connectingSlowly(tlsUs: number): LooseExchange[] {
  return Array.from({ length: 4 }, (_, repeat) => {
    const tag: ExchangeTag = { kind: 'idle', gapUs: 60 * MINUTE, repeat, order: 0 };
    const connection = { id: 5_000 + repeat, isNew: true, ageUs: 0, idleUs: 0 };
    const phasesUs = { connect: 400, tls: tlsUs, send: 20, wait: 9_000, receive: 100 };
    return { route: directTo('web1'), dueUs: (repeat + 1) * 60 * MINUTE, us: tlsUs + 9_520, tag, phasesUs, connection };
  });
}

const coldConnection: Row = {
  cause: 'cold-start/connection',
  good: {
    make: (seed, noise) => resting(seed, noise, {}, connectingSlowly(2 * SEC)),
    scope: { route: 'direct', member: 'web1' },
    severity: 'warning',
    measured: { penaltyUs: { value: 2 * SEC, within: 0.01 } },
  },
  healthy: (seed, noise) => resting(seed, noise, {}),
  borderline: {
    below: (seed) => resting(seed, 1, {}, connectingSlowly(80_000)),
    above: (seed) => resting(seed, 1, {}, connectingSlowly(140_000)),
  },
  tooLittle: { recording: () => farm(1, 0, {}, 5), need: /idle ladder/ },
  notApplicable: { never: 'without an idle ladder it says that one is missing: any connection may be slow to open' },
};

const late = (p99: number): RecordingOptions => ({ quality: { latenessUs: { p50: 20, p99, p999: p99, max: p99 } } });

const saturated: Row = {
  cause: 'probe/saturated',
  good: {
    make: (seed, noise) => farm(seed, noise, {}, 5, late(90_000)),
    scope: { route: 'probe' },
    severity: 'error',
    measured: { latenessP99Us: { value: 90_000, within: 0 } },
  },
  healthy: (seed, noise) => farm(seed, noise, { member: 400_000 }, 5),
  borderline: {
    below: (seed) => farm(seed, 1, {}, 5, late(5_000)),
    above: (seed) => farm(seed, 1, {}, 5, late(6_000)),
  },
  tooLittle: { recording: () => makeRecording({ quality: { latenessCount: 0 } }).build(), need: /open-loop requests/ },
  notApplicable: { never: 'there is always a probe' },
};

const unreachable: Row = {
  cause: 'gateway/unreachable',
  good: {
    make: (seed, noise) => farm(seed, noise, { gateway: refused() }),
    scope: { route: 'gateway' },
    severity: 'critical',
  },
  healthy: (seed, noise) => farm(seed, noise, { gateway: fails(2_000, 404) }, 5),
  borderline: {
    below: (seed) => farm(seed, 1, { gateway: ({ index }) => (index % 5 === 0 ? 12_000 : refused()) }, 10),
    above: (seed) => farm(seed, 1, { gateway: refused() }, 0.2),
  },
  tooLittle: { recording: () => farm(1, 0, { gateway: refused() }, 0.1), need: /3 requests to the gateway/ },
  notApplicable: { never: 'there is always a gateway' },
};

export const PATH_ROWS: readonly Row[] = [
  stall,
  delayedAck,
  retransmission,
  coldIdle,
  coldConnection,
  saturated,
  unreachable,
];
