/** Refusals: by a full queue, which counts what is under way, or by a limiter, which counts what came in a time. */
import type { Measures } from '../analysis/measures.ts';
import type { Exchange } from '../model/exchange.ts';
import { type RouteId, routesTo } from '../model/route.ts';

/** Substatus of IIS's Dynamic IP Restrictions: too many requests at once (501) or in a time (502), as 403 or hidden as 404. */
const IIS_LIMITS = new Set([501, 502]);
/** Headers by which limiters tell their client the rule; Retry-After counts on a 429 only, a full queue sends it as well. */
const RATE_HEADER = /^(?:ratelimit|x-ratelimit|x-rate-limit|x-envoy-ratelimited)/i;
/** A queue refuses at one level of concurrency, give or take the moment of arrival; a limiter at any. */
const LEVEL_SPREAD = 0.25;
const LEAST_LEVEL = 2;
/** Fewer agree by chance. */
const LEAST_LEVELS = 5;

/** 429 says "too many" (RFC 6585 §4), but not of what: most limiters count by time, some by concurrency. */
export function isTooMany({ outcome }: Exchange): boolean {
  return outcome.kind === 'response' && outcome.status === 429;
}

/** The answer itself says that it is about how often one client asks. */
export function announcesRate(exchange: Exchange): boolean {
  const { outcome, answer } = exchange;
  if (outcome.kind !== 'response') return false;
  if ((outcome.status === 403 || outcome.status === 404) && IIS_LIMITS.has(outcome.substatus ?? 0)) return true;
  const names = Object.keys(answer?.headers ?? {});
  return isTooMany(exchange) && names.some((name) => RATE_HEADER.test(name) || /^retry-after$/i.test(name));
}

/**
 * Whether 429 answers came at one level of concurrency, on every route that was under load: then they are a full queue's. Canaries do
 * not count, what else is under way at a member is not known.
 */
export function isConcurrencyLimited(measures: Measures): boolean {
  const levelsOf = (route: RouteId): readonly number[] => {
    const loaded = measures
      .exchanges({ route, roles: ['load', 'volley'] })
      .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
    return heldAtRefusals(loaded, new Set(loaded.filter((one) => isTooMany(one) && !announcesRate(one))));
  };
  const levels = routesTo(measures.members)
    .map(levelsOf)
    .filter(({ length }) => length > 0);
  return levels.length > 0 && levels.every(isOneLevel);
}

function isOneLevel(levels: readonly number[]): boolean {
  const sorted = [...levels].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  if (sorted.length < LEAST_LEVELS || at(0.5) < LEAST_LEVEL) return false;
  return at(0.9) - at(0.1) <= Math.max(1, LEVEL_SPREAD * at(0.5));
}

/**
 * Requests that held a place when each refusal came: under way at its end, refused ones not counted. Requests of a
 * volley leave within a fraction of a millisecond and arrive in any order, so the order of sending says nothing.
 */
export function heldAtRefusals(loaded: readonly Exchange[], refused: ReadonlySet<Exchange>): readonly number[] {
  const events = loaded
    .flatMap((exchange) => {
      const { sentUs, endUs } = exchange;
      if (sentUs === undefined) return [];
      if (refused.has(exchange)) return [{ atUs: endUs, step: 0 }];
      return [
        { atUs: sentUs, step: 1 },
        { atUs: endUs, step: -1 },
      ];
    })
    .sort((a, b) => a.atUs - b.atUs || a.step - b.step);
  const levels: number[] = [];
  let level = 0;
  for (const { step } of events) {
    level += step;
    if (step === 0) levels.push(level);
  }
  return levels;
}
