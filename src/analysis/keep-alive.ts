/** What a keep-alive experiment measured: idle timeouts, how long connections are reused, and requests that met a close. */
import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';
import { GATEWAY, type RouteId } from '../model/route.ts';
import { median } from './medians.ts';
import { fisherExact } from './proportion.ts';

/** Connections of one route that were held idle. */
export type IdleTimeout = {
  readonly route: RouteId;
  /** Undefined: fewer than two were closed after the same time while they were watched, so that nothing is known but `waitedUs`. */
  readonly timeoutUs?: { readonly value: number; readonly low: number; readonly high: number };
  readonly heldCount: number;
  readonly finCount: number;
  readonly rstCount: number;
  /** The longest time that one was held. */
  readonly waitedUs: number;
  /** What the `Keep-Alive` header promised. */
  readonly advertisedUs?: number;
};

/** One close may be chance: a restart, a limit on requests. */
const LEAST_CLOSED = 2;
/** What a busy machine adds to a timer, and what coarse timers do (Kestrel looks once a second, and closes after 130 s): closes that differ by more are not one timer's. */
const ALIKE = { us: 20_000, ratio: 0.05 } as const;

function alikeUs(us: number): number {
  return Math.max(ALIKE.us, ALIKE.ratio * us);
}

/** Those that agree with the median; none where most do not. */
function alike(closed: readonly number[]): readonly number[] {
  if (closed.length === 0) return [];
  const middle = median(closed);
  const agreeing = closed.filter((us) => Math.abs(us - middle) <= alikeUs(middle));
  return 2 * agreeing.length > closed.length ? agreeing : [];
}

/** What is closed sooner was closed after the answer, as a server without keep-alive does; it never rested. */
const LEAST_IDLE_US = 20_000;

export function idleTimeout(route: RouteId, exchanges: readonly Exchange[]): IdleTimeout {
  const held = exchanges
    .flatMap((exchange) => (exchange.route === route ? (exchange.held ?? []) : []))
    .filter(({ closedBy, idleUs }) => closedBy === undefined || idleUs >= LEAST_IDLE_US);
  const closed = alike(held.filter(({ closedBy }) => closedBy !== undefined).map(({ idleUs }) => idleUs));
  const advertisedUs = held.find((facts) => facts.advertisedUs !== undefined)?.advertisedUs;
  return {
    route,
    ...(closed.length < LEAST_CLOSED
      ? {}
      : {
          timeoutUs: { value: Math.round(median(closed)), low: Math.min(...closed), high: Math.max(...closed) },
        }),
    heldCount: held.length,
    finCount: held.filter(({ closedBy }) => closedBy === 'fin').length,
    rstCount: held.filter(({ closedBy }) => closedBy === 'rst').length,
    waitedUs: Math.max(0, ...held.map(({ idleUs }) => idleUs)),
    ...(advertisedUs === undefined ? {} : { advertisedUs }),
  };
}

export type TimeoutRange = NonNullable<IdleTimeout['timeoutUs']>;

/** Different idle timeouts of members with the routes that have them, shortest first. */
export function distinctTimeouts(
  members: readonly IdleTimeout[],
): readonly { readonly timeout: TimeoutRange; readonly routes: readonly RouteId[] }[] {
  const known = members
    .flatMap(({ route, timeoutUs }) => (timeoutUs === undefined ? [] : [{ timeout: timeoutUs, routes: [route] }]))
    .sort((a, b) => a.timeout.value - b.timeout.value);
  const distinct: { timeout: TimeoutRange; routes: readonly RouteId[] }[] = [];
  for (const { timeout, routes } of known) {
    const last = distinct.at(-1);
    if (last === undefined || timeout.value > last.timeout.value + alikeUs(last.timeout.value)) {
      distinct.push({ timeout, routes });
      continue;
    }
    const low = Math.min(last.timeout.low, timeout.low);
    const high = Math.max(last.timeout.high, timeout.high);
    last.timeout = {
      value: Math.round((last.timeout.value * last.routes.length + timeout.value) / (last.routes.length + 1)),
      low,
      high,
    };
    last.routes = [...last.routes, ...routes];
  }
  return distinct;
}

/** Ordinary requests are this many times shorter than the stretch before the close in which reuse is not looked at: there the race itself shows as a new connection. */
const RACE_STRETCH = 1.5;

/** The longest pause at which reuse of connections can be told from their close, at most 95 % of the member's timeout. */
export function longestReuseGapUs(timeoutUs: number, ordinaryUs: number): number {
  return Math.round(Math.max(timeoutUs / 2, Math.min(0.95 * timeoutUs, timeoutUs - RACE_STRETCH * ordinaryUs)));
}

/** A request after a pause, and whether it came to the member on a connection that had been used before. */
export type ReuseStep = { readonly gapUs: number; readonly isReused: boolean };

/** Steps by identity of the members' connections; none where members do not tell it. */
export function reuseSteps(exchanges: readonly Exchange[]): readonly ReuseStep[] {
  const lastEndUs = new Map<string, number>();
  const steps: ReuseStep[] = [];
  for (const exchange of exchanges) {
    const { tag, memberConnection, answeredBy = '', sentUs } = exchange;
    if (tag?.kind !== 'keep-alive' || tag.part === 'hold' || memberConnection === undefined || sentUs === undefined)
      continue;
    const key = `${answeredBy}\n${memberConnection}`;
    const beforeUs = lastEndUs.get(key);
    // Between fills there is no pause that would tell anything.
    if (tag.step === 'probe' && tag.part !== 'control')
      steps.push({ gapUs: beforeUs === undefined ? tag.gapUs : sentUs - beforeUs, isReused: beforeUs !== undefined });
    lastEndUs.set(key, exchange.endUs);
  }
  return steps;
}

/** A probe of the sweep. `lost`: the gateway failed because of a close; `masked`: it repeated the request, which took longer by the wait for the close. */
export type SweepPoint = {
  readonly exchange: Exchange;
  /** Idle time on our side of the gateway: from the end of the answer before to the moment at which the request leaves. */
  readonly gapUs: number;
  /** Without connecting. */
  readonly elapsedUs: number;
  /** Elapsed time beyond that of an ordinary request. */
  readonly excessUs: number;
  readonly kind: 'lost' | 'masked' | 'other-failure' | 'clean';
};

export type Sweep = {
  readonly points: readonly SweepPoint[];
  /** Requests without a pause before them. */
  readonly controls: readonly Exchange[];
  /** Median time of an ordinary request through the gateway. */
  readonly baseUs: number;
  /** How far gap + elapsed of a lost request may be from the idle timeout; the noise of ordinary answers is not in it. */
  readonly toleranceUs: number;
  /** An answer stands out from the noise when it took so much longer than an ordinary one. */
  readonly slowUs: number;
};

/** Timers of event loops are late by about a millisecond; three of it on each side (methods C.3: 3 δ). */
const LEAST_TOLERANCE_US = 3_000;
/** What is slower than this many deviations stands out: one ordinary answer in 160, and how many controls do is in the chance. */
const SLOW_SIGMA = 2.5;
/** The normal deviation in units of the median absolute one. */
const MAD_TO_SIGMA = 1.4826;

/**
 * Of requests near the idle timeout of a member: which of them met its close. Methods C.3: gap + elapsed is constant.
 * `members`: how many the gateway may ask in turn, so that a connection rests for so many requests.
 */
export function sweepOf(exchanges: readonly Exchange[], timeout: TimeoutRange, members: number): Sweep {
  const sent = exchanges.filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
  const tagged = (wanted: 'sweep' | 'control', step: 'fill' | 'probe'): readonly Exchange[] =>
    sent.filter(({ tag }) => tag?.kind === 'keep-alive' && tag.part === wanted && tag.step === step);
  // Not those that fill connections: they may meet one to another member that has rested since the round before.
  const all = tagged('control', 'probe');
  const allTimes = all.filter((exchange) => !isFailure(exchange)).map(elapsedUs);
  const ordinaryUs = allTimes.length === 0 ? 0 : median(allTimes);
  // On a busy machine one may have come so late that it met a close itself.
  const rests = restsOf(sent, members);
  const controls = all.filter((exchange) => (rests.get(exchange) ?? 0) < timeout.low - ordinaryUs);
  const times = controls.filter((exchange) => !isFailure(exchange)).map(elapsedUs);
  const baseUs = times.length === 0 ? 0 : median(times);
  const noiseUs = times.length === 0 ? 0 : MAD_TO_SIGMA * median(times.map((us) => Math.abs(us - baseUs)));
  const toleranceUs = Math.round(Math.max(LEAST_TOLERANCE_US, (timeout.high - timeout.low) / 2));
  const slowUs = Math.round(Math.max(LEAST_TOLERANCE_US / 2, SLOW_SIGMA * noiseUs));
  const frame = { baseUs, toleranceUs, slowUs };
  const points = tagged('sweep', 'probe')
    .map((exchange) => pointOf(exchange, timeout.value, frame))
    // Around another member's timeout.
    .filter(({ gapUs }) => gapUs <= timeout.high + toleranceUs && gapUs >= timeout.low - 3 * baseUs - toleranceUs);
  return { points, controls, ...frame };
}

/** How long before each request through the gateway the one ended that may have left the connection behind. */
function restsOf(sent: readonly Exchange[], members: number): ReadonlyMap<Exchange, number> {
  const through = sent.filter(
    ({ route, tag }) => route === GATEWAY && tag?.kind === 'keep-alive' && tag.part !== 'hold',
  );
  return new Map(
    through.flatMap((exchange, i) => {
      const before = through[i - Math.max(1, members)];
      return before === undefined ? [] : [[exchange, (exchange.sentUs ?? exchange.dueUs) - before.endUs] as const];
    }),
  );
}

function pointOf(
  exchange: Exchange,
  timeoutUs: number,
  { baseUs, toleranceUs, slowUs }: Pick<Sweep, 'baseUs' | 'toleranceUs' | 'slowUs'>,
): SweepPoint {
  const { tag, sentUs = 0, dueUs, phasesUs = {} } = exchange;
  const elapsed = elapsedUs(exchange);
  const { dns = 0, connect = 0, tls = 0 } = phasesUs;
  const gapUs = (tag?.kind === 'keep-alive' ? tag.gapUs : 0) + sentUs - dueUs + dns + connect + tls;
  const excessUs = elapsed - baseUs;
  const point = { exchange, gapUs, elapsedUs: elapsed, excessUs };
  if (isFailure(exchange)) {
    const isAtClose = Math.abs(gapUs + elapsed - timeoutUs) <= toleranceUs;
    return { ...point, kind: isAtClose && isLoss(exchange) ? 'lost' : 'other-failure' };
  }
  const isMasked = excessUs > slowUs && isMaskedAt(gapUs + excessUs - timeoutUs, baseUs, toleranceUs + slowUs);
  return { ...point, kind: isMasked ? 'masked' : 'clean' };
}

/** The second attempt may have to connect first, which takes a part of what an ordinary request takes. */
function isMaskedAt(deviationUs: number, baseUs: number, toleranceUs: number): boolean {
  return deviationUs >= -toleranceUs && deviationUs <= toleranceUs + baseUs;
}

/** A gateway that meets a close says 502 or 503, or closes as well (HAProxy). */
function isLoss({ outcome }: Exchange): boolean {
  if (outcome.kind === 'connection-error')
    return (outcome.code === 'closed' || outcome.code === 'reset') && outcome.bytesReceived === 0;
  return outcome.kind === 'response' && (outcome.status === 502 || outcome.status === 503);
}

/** Without connecting. */
export function elapsedUs(exchange: Exchange): number {
  const { dns = 0, connect = 0, tls = 0 } = exchange.phasesUs ?? {};
  return (serviceTimeUs(exchange) ?? 0) - dns - connect - tls;
}

/**
 * Probability that as many of the requests near the close were lost if they were lost no more often than the controls
 * (Fisher, exact), and each within the tolerance of the close, any other moment in the time of a request being as likely
 * (methods C.3).
 */
export function chanceOfLosses(lost: readonly SweepPoint[], sweep: Sweep, timeout: TimeoutRange): number {
  const placeRatio = Math.min(1, (2 * sweep.toleranceUs) / Math.max(1, sweep.baseUs));
  const failed = sweep.controls.filter(isFailure).length;
  return chanceOf(lost, sweep, timeout.value, failed) * placeRatio ** lost.length;
}

/** The same for requests that were slow there. What comes closer to the close than slow is cannot be told from what comes after it. */
export function chanceOfRepeats(masked: readonly SweepPoint[], sweep: Sweep, timeout: TimeoutRange): number {
  const slow = sweep.controls.filter((exchange) => elapsedUs(exchange) - sweep.baseUs > sweep.slowUs).length;
  return chanceOf(masked, sweep, timeout.value - sweep.slowUs, slow);
}

function chanceOf(
  hits: readonly SweepPoint[],
  { points, toleranceUs, controls }: Sweep,
  toUs: number,
  elsewhere: number,
): number {
  if (hits.length === 0) return 1;
  const fromUs = Math.min(...hits.map(({ gapUs }) => gapUs)) - toleranceUs;
  const near = points.filter(({ gapUs }) => gapUs >= fromUs && gapUs <= toUs).length;
  const inside = Math.max(near, hits.length);
  return fisherExact(hits.length, inside - hits.length, elsewhere, Math.max(0, controls.length - elsewhere), 'greater');
}
