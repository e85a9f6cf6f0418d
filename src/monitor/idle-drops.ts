/**
 * Drops on kept connections. One drop is chance as well as a timer: a member that ends connections at random ends kept ones
 * too. A timer shows in several drops after the same idle time, where connections were used again after many. Pure.
 */
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { RouteId } from '../model/route.ts';

/** The other side ends connections of this route after so much idle time. */
export type IdleClose = {
  /** Drops that share the idle time; and its range. */
  readonly drops: number;
  readonly lowUs: number;
  readonly highUs: number;
  /** Requests on new connections meanwhile: none was dropped. */
  readonly newConnections: number;
  /** Probability of idle times so alike if drops did not depend on them. */
  readonly p: number;
};

export type IdleDrops = {
  add(exchange: Exchange): void;
  /** Undefined: drops on this route may be chance. */
  closeOf(route: RouteId): IdleClose | undefined;
};

/**
 * A kept connection that was closed or reset before any byte of the answer, as it was used again. Every client can meet a
 * close at that very moment (RFC 9112 §9.3.1), and sends the request again; the probe does not, it counts it.
 */
export function isDropOfKept({ outcome, connection }: Exchange): boolean {
  return isDrop(outcome) && connection !== undefined && !connection.isNew;
}

function isDrop(outcome: Exchange['outcome']): boolean {
  return (
    outcome.kind === 'connection-error' && ['closed', 'reset'].includes(outcome.code) && outcome.bytesReceived === 0
  );
}

/** Uses remembered of each kind: some hours of rounds every 30 s. */
export const USES_REMEMBERED = 400;
/** Two alike are a pair by chance too often, whatever the test below says of few uses. */
const LEAST_DROPS = 3;
/** Silent new connections are evidence only where there were some: with 20 a share of 15 % would have shown (0.85^20 = 4 %). */
const LEAST_NEW = 20;
/** What coarse timers differ by: Kestrel looks once a second. */
const ALIKE_US = 1_000_000;
/** Asked again with every drop on every route: some ten times a day at worst. */
const MOST_P = 1e-3;

type Uses = { readonly kept: { readonly idleUs: number; readonly isDrop: boolean }[]; readonly fresh: boolean[] };

export function createIdleDrops(): IdleDrops {
  const uses = new Map<RouteId, Uses>();
  return {
    add(exchange) {
      const { route, outcome, connection } = exchange;
      // Other failures say nothing about who ends connections.
      if (connection === undefined || (isFailure(exchange) && !isDrop(outcome))) return;
      const own = uses.get(route) ?? { kept: [], fresh: [] };
      uses.set(route, own);
      if (connection.isNew) own.fresh.push(isDrop(outcome));
      else own.kept.push({ idleUs: connection.idleUs, isDrop: isDrop(outcome) });
      if (own.fresh.length > USES_REMEMBERED) own.fresh.shift();
      if (own.kept.length > USES_REMEMBERED) own.kept.shift();
    },
    closeOf(route) {
      const own = uses.get(route);
      return own === undefined ? undefined : closeOf(own);
    },
  };
}

/**
 * The first drop names the idle time; under the null the others are any of the uses, so that the probability that all of
 * them are alike is hypergeometric. Where all idle times are alike anyway (a cron line) it is 1, and nothing is claimed.
 */
function closeOf({ kept, fresh }: Uses): IdleClose | undefined {
  const drops = kept.filter((use) => use.isDrop).map(({ idleUs }) => idleUs);
  const [first] = drops;
  if (first === undefined || drops.length < LEAST_DROPS) return undefined;
  if (fresh.length < LEAST_NEW || fresh.some((isDropped) => isDropped)) return undefined;
  const isAlike = (idleUs: number): boolean => Math.abs(idleUs - first) <= ALIKE_US;
  if (!drops.every(isAlike)) return undefined;
  const alike = kept.filter(({ idleUs }) => isAlike(idleUs)).length - 1;
  let p = 1;
  for (let i = 0; i < drops.length - 1; i++) p *= (alike - i) / (kept.length - 1 - i);
  if (p >= MOST_P) return undefined;
  return {
    drops: drops.length,
    lowUs: Math.min(...drops),
    highUs: Math.max(...drops),
    newConnections: fresh.length,
    p,
  };
}
