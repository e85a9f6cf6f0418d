/** Connections that are refused, lost, cut off, garbled, raced, forgotten, used up. */
import type { ConnectionErrorCode } from '../../../src/model/exchange.ts';
import type { Recording } from '../../../src/model/recording.ts';
import { GATEWAY } from '../../../src/model/route.ts';
import {
  balanced,
  type FullReply,
  fails,
  type IdleOptions,
  makeRecording,
  OK,
  type Reply,
  type Responder,
  refused,
  reset,
  sometimes,
  truncated,
} from '../../helpers/make-recording.ts';
import { type KeepAliveOptions, keepAliveExchanges } from '../../helpers/synthetic-keep-alive.ts';
import { MEMBERS, type Noise, type Row, SEC } from './row.ts';

/** web2 is the odd one; the gateway asks each in turn. */
function farm(seed: number, noise: Noise, web2: Responder = 10_000, gateway?: Responder, sec = 30): Recording {
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({ member: { web2 }, durationUs: sec * SEC, ...(gateway === undefined ? {} : { gateway }) })
    .build();
}

const nobody = (): Recording =>
  makeRecording({ members: [] })
    .compare({ durationUs: 5 * SEC })
    .build();
const few = (): Recording => farm(1, 0, 10_000, undefined, 0.05);

const now =
  (n: number, bad: Reply): Responder =>
  ({ index }) =>
    index % n === n - 7 ? bad : 10_000;

function unreachableBy(code: ConnectionErrorCode): FullReply {
  return { us: 2_000, outcome: { kind: 'connection-error', phase: 'connect', code, detail: code, bytesReceived: 0 } };
}

const WEB2 = { route: 'direct', member: 'web2' } as const;

type Broken = { readonly bad: Responder; readonly ratio: number; readonly below: Responder; readonly above: Responder };

/** What the four kinds of a member's broken connections have in common. */
function brokenRow(cause: Row['cause'], { bad, ratio, below, above }: Broken): Row {
  return {
    cause,
    good: {
      make: (seed, noise) => farm(seed, noise, bad),
      scope: WEB2,
      severity: 'error',
      measured: { errorRatio: { value: ratio, within: ratio === 1 ? 0.02 : 0.4 } },
    },
    healthy: (seed, noise) => farm(seed, noise, 10_000, undefined, 10),
    borderline: { below: (seed) => farm(seed, 1, below), above: (seed) => farm(seed, 1, above) },
    tooLittle: { recording: few, need: /5 direct requests to a member/ },
    notApplicable: { recording: nobody, reason: /no members/ },
  };
}

const connectionRefused = brokenRow('connection/refused', {
  bad: refused(),
  ratio: 1,
  below: ({ index }) => (index === 40 || index === 41 ? refused() : 10_000),
  above: now(25, refused()),
});
const connectionUnreachable = brokenRow('connection/unreachable', {
  bad: unreachableBy('unreachable'),
  ratio: 1,
  below: ({ index }) => (index === 40 || index === 41 ? unreachableBy('unreachable') : 10_000),
  above: now(25, unreachableBy('unreachable')),
});
const droppedBefore = brokenRow('connection/dropped-before-response', {
  bad: sometimes(0.15, reset(8_000), 10_000),
  ratio: 0.15,
  below: ({ index }) => (index === 40 || index === 60 ? reset(8_000) : 10_000),
  above: now(25, reset(8_000)),
});
const droppedMid = brokenRow('connection/dropped-mid-response', {
  bad: sometimes(0.15, truncated(8_000), 10_000),
  ratio: 0.15,
  below: ({ index }) => (index === 40 || index === 60 ? truncated(8_000) : 10_000),
  above: now(25, truncated(8_000)),
});

const GARBAGE: FullReply = {
  us: 10_000,
  outcome: {
    kind: 'connection-error',
    phase: 'receive',
    code: 'parse',
    detail: 'Response does not match the HTTP/1.1 protocol (Expected HTTP/, RTSP/ or ICE/)',
    bytesReceived: 0,
  },
};
const passingOn = (ratio: number): Responder => balanced(12_000, sometimes(ratio, fails(12_000, 502), 12_000), 12_000);

const invalidResponse: Row = {
  cause: 'connection/invalid-response',
  good: {
    make: (seed, noise) => farm(seed, noise, sometimes(0.3, GARBAGE, 10_000), passingOn(0.3)),
    scope: WEB2,
    severity: 'error',
    measured: { errorRatio: { value: 0.3, within: 0.3 } },
  },
  healthy: (seed, noise) => farm(seed, noise, 10_000, undefined, 10),
  borderline: {
    below: (seed) => farm(seed, 1, ({ index }) => (index === 40 || index === 60 ? GARBAGE : 10_000), 12_000),
    above: (seed) => farm(seed, 1, now(25, GARBAGE), passingOn(0.05)),
  },
  tooLittle: {
    recording: () =>
      makeRecording({ members: MEMBERS })
        .experiment('compare', [{ route: GATEWAY, us: 4_000 }])
        .build(),
    need: /5 direct requests/,
  },
  notApplicable: { never: 'a gateway that is asked alone can break answers as well' },
};

const IDLE_US = 5 * SEC;

function raced(
  seed: number,
  noise: Noise,
  options: KeepAliveOptions = {},
  members: readonly string[] = MEMBERS,
): Recording {
  return makeRecording({ seed, noise, members })
    .experiment('keep-alive', keepAliveExchanges({ seed, noise, members, timeoutUs: IDLE_US, ...options }))
    .build();
}

const keepAliveRace: Row = {
  cause: 'connection/keep-alive-race',
  good: {
    make: (seed, noise) => raced(seed, noise),
    scope: { route: 'gateway' },
    severity: 'error',
    measured: { memberIdleTimeoutUs: { value: IDLE_US, within: 0.01 } },
  },
  healthy: (seed, noise) => raced(seed, noise, { poolUs: 2 * SEC, tellsConnections: true, distancesUs: [] }),
  borderline: {
    below: (seed) => raced(seed, 1, { distancesUs: [3_000] }),
    above: (seed) => raced(seed, 1, { distancesUs: [3_000, 500, 26_000, 1_000, 30_000] }),
  },
  tooLittle: { recording: () => makeRecording().compare({ durationUs: SEC }).build(), need: /keep-alive: \{ upTo/ },
  notApplicable: { recording: () => raced(1, 0, {}, []), reason: /no members/ },
};

const MINUTE = 60 * SEC;
const FORGET_US = 4 * MINUTE;
const GAPS = [30 * SEC, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE];

/** The gateway's way forgets after four minutes: the next request hangs until the gateway's timer. */
function forgetting(
  seed: number,
  noise: Noise,
  isCold: IdleOptions['isCold'],
  members: readonly string[] = MEMBERS,
): Recording {
  const coldReply: Responder = { ...fails(2 * SEC, 504), exact: true };
  return makeRecording({ seed, noise, members })
    .compare({ durationUs: 30 * SEC })
    .idle({ gapsUs: GAPS, coldReply, ...(isCold === undefined ? {} : { isCold }) })
    .build();
}

const isForgotten: IdleOptions['isCold'] = ({ route, gapUs }) => route === GATEWAY && gapUs > FORGET_US;

const silentIdleDrop: Row = {
  cause: 'connection/silent-idle-drop',
  good: {
    make: (seed, noise) => forgetting(seed, noise, isForgotten),
    scope: { route: 'gateway' },
    severity: 'error',
    // Somewhere between the longest pause that was survived and the shortest that was not.
    measured: { idleLimitUs: { value: FORGET_US, within: 0.5 }, hangUs: { value: 2 * SEC, within: 0.01 } },
  },
  healthy: (seed, noise) => forgetting(seed, noise, undefined),
  borderline: {
    below: (seed) => forgetting(seed, 1, (what) => isForgotten(what) && what.gapUs > 5 * MINUTE && what.repeat === 0),
    above: (seed) => forgetting(seed, 1, (what) => isForgotten(what) && what.gapUs > 5 * MINUTE),
  },
  tooLittle: { recording: () => farm(1, 0), need: /idle ladder/ },
  notApplicable: { recording: () => forgetting(1, 0, undefined, []), reason: /no members/ },
};

/** A gateway with so many ports, each of which is free again a minute after its request. */
function ports(count: number): Responder {
  let taken: number[] = [];
  return ({ dueUs }) => {
    taken = taken.filter((atUs) => atUs + MINUTE > dueUs);
    if (taken.length >= count) return fails(2_000, 502);
    taken.push(dueUs);
    return { us: 12_000, outcome: OK };
  };
}

function loaded(seed: number, noise: Noise, portCount: number, afterSec = 90): Recording {
  const gateway = ports(portCount);
  return makeRecording({ seed, noise, members: MEMBERS, recognised: { kind: 'haproxy', certainty: 1 } })
    .burst({ ratePerSec: 50, durationUs: 6 * SEC, gateway })
    .compare({ ratePerSec: 1, durationUs: afterSec * SEC, gateway })
    .build();
}

const portExhaustion: Row = {
  cause: 'connection/port-exhaustion',
  good: {
    make: (seed, noise) => loaded(seed, noise, 250),
    scope: { route: 'gateway' },
    severity: 'warning',
    measured: { recoveryUs: { value: MINUTE, within: 0.05 }, ratePerSec: { value: 50, within: 0.05 } },
  },
  healthy: (seed, noise) => loaded(seed, noise, 1_000, 30),
  borderline: { below: (seed) => loaded(seed, 1, 400), above: (seed) => loaded(seed, 1, 285) },
  tooLittle: { recording: () => loaded(1, 0, 250, 30), need: /./ },
  notApplicable: { recording: () => farm(1, 0), reason: /./ },
};

/** New connections take a second or three longer in so many of them. */
function lossy(ratio: number): Responder {
  return ({ connection, random }): Reply => {
    if (connection !== 'new') return 10_000;
    const isLost = random.next() < ratio;
    const connect = 400 + (isLost ? Math.round((random.next() < 0.8 ? 1.01 : 3.03) * SEC) : 0);
    return { us: 10_000 + connect, exact: true, facts: { phasesUs: { connect, send: 20, wait: 9_000, receive: 100 } } };
  };
}

function connecting(seed: number, noise: Noise, web2: Responder, sec = 60): Recording {
  const whole = lossy(0);
  return makeRecording({ seed, noise, members: MEMBERS })
    .compare({
      durationUs: sec * SEC,
      newConnectionRatio: 0.5,
      member: { web1: whole, web2, web3: whole },
      gateway: whole,
    })
    .build();
}

/** Exactly so many attempts to connect are lost, evenly spread. */
function losing(count: number): Responder {
  let opened = 0;
  const [lost, whole] = [lossy(1), lossy(0)] as const;
  return (ask) => {
    const isLost = ask.connection === 'new' && ++opened % 60 === 0 && opened <= 60 * count;
    const responder = isLost ? lost : whole;
    return typeof responder === 'function' ? responder(ask) : responder;
  };
}

const synLoss: Row = {
  cause: 'connection/syn-loss',
  good: {
    make: (seed, noise) => connecting(seed, noise, lossy(0.05)),
    scope: WEB2,
    severity: 'warning',
    measured: { lossRatio: { value: 0.05, within: 0.6 } },
  },
  healthy: (seed, noise) => connecting(seed, noise, lossy(0), 15),
  borderline: {
    below: (seed) => connecting(seed, 1, losing(2)),
    above: (seed) => connecting(seed, 1, losing(8)),
  },
  tooLittle: {
    recording: () =>
      makeRecording({ members: MEMBERS })
        .experiment('compare', [{ route: GATEWAY, us: 3_000 }])
        .build(),
    need: /20 new/,
  },
  notApplicable: { never: 'a probe that connects at all can lose an attempt, to the gateway as well' },
};

export const CONNECTION_ROWS: readonly Row[] = [
  connectionRefused,
  connectionUnreachable,
  droppedBefore,
  droppedMid,
  invalidResponse,
  keepAliveRace,
  silentIdleDrop,
  portExhaustion,
  synLoss,
];
