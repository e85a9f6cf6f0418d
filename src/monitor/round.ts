/** What a round asks. Pure. */
import { hasDelay, type Profile, type RequestSpec } from '../model/profile.ts';
import { shuffled } from '../model/random.ts';
import { type RouteId, routesTo } from '../model/route.ts';
import { type Random, US_PER_SEC } from '../model/time.ts';
import type { RoundOrder } from '../pipeline/watch-round.ts';

export function routesOf(profile: Profile): readonly RouteId[] {
  return routesTo(profile.members.map(({ name }) => name));
}

/** Steps of the golden ratio spread evenly over [0, 1) however many there are: each request gets its share early. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** One request for a whole round, so that routes compare; over rounds each by its weight. Not those whose delay we control. */
export function requestOfRound(profile: Profile, number: number): RequestSpec {
  const ordinary = profile.requests.filter((request) => !hasDelay(request));
  const requests = ordinary.length > 0 ? ordinary : profile.requests;
  // Connections alternate with rounds: both of a pair ask the same.
  let left = (((Math.floor(number / 2) + 0.5) * GOLDEN) % 1) * requests.reduce((sum, { weight }) => sum + weight, 0);
  for (const request of requests) {
    left -= request.weight;
    if (left < 0) return request;
  }
  return requests[requests.length - 1] as RequestSpec;
}

export function connectionOfRound(number: number): 'new' | 'warm' {
  return number % 2 === 0 ? 'new' : 'warm';
}

/** Every route once, in random order, the same request, all on new or all on kept connections. */
export function scheduledOrder(
  profile: Profile,
  number: number,
  routes: readonly RouteId[],
  random: Random,
): RoundOrder {
  const { name: requestName } = requestOfRound(profile, number);
  const connection = connectionOfRound(number);
  return {
    kind: 'scheduled',
    requests: shuffled(routes.slice(0, profile.limits.maxRequests), random).map((route) => ({
      route,
      requestName,
      connection,
      tag: { kind: 'slot', arm: connection },
    })),
    longestUs: profile.limits.requestTimeoutUs,
  };
}

/** The first requests after a silence of `gapUs`, on new connections: what was kept is closed. */
export function firstsOrder(profile: Profile, gaps: ReadonlyMap<RouteId, number>): RoundOrder {
  const { name: requestName } = idleRequest(profile);
  return {
    // Not a fair sample of the farm: it does not go into intervals.
    kind: 'experiment',
    requests: [...gaps].map(([route, gapUs]) => ({
      route,
      requestName,
      connection: 'new',
      tag: { kind: 'idle', gapUs, repeat: 0, order: 0 },
    })),
    longestUs: profile.limits.requestTimeoutUs,
  };
}

/** What is asked after a silence: always the same, the heaviest by weight, so that nights compare. */
export function idleRequest(profile: Profile): RequestSpec {
  const ordinary = profile.requests.filter((request) => !hasDelay(request));
  return (ordinary.length > 0 ? ordinary : profile.requests).reduce((best, one) =>
    one.weight > best.weight ? one : best,
  );
}

/**
 * Five per route: with none of them failing a route fails less than half the time (0.5^5 = 3 %), and nine routes are done
 * within seconds at 20 per second.
 */
const CONFIRM_PASSES = 5;
/** Who has not answered by then is down for whoever is on call. */
const CONFIRM_LIMIT_US = 10 * US_PER_SEC;
/** A burst in which everything hangs ends all the same. */
const CONFIRM_LONGEST_US = 60 * US_PER_SEC;

/** The request that failed, on every route in turn, again and again, on new and kept connections alternately. */
export function confirmOrder(profile: Profile, requestName: string, routes: readonly RouteId[]): RoundOrder {
  const passes = Math.max(1, Math.min(CONFIRM_PASSES, Math.floor(profile.limits.maxRequests / routes.length)));
  return {
    kind: 'confirm',
    requests: Array.from({ length: passes }, (_, pass) =>
      routes.map((route) => {
        const connection = connectionOfRound(pass);
        return { route, requestName, connection, tag: { kind: 'slot' as const, arm: connection } };
      }),
    )
      .flat()
      .slice(0, profile.limits.maxRequests),
    limitUs: CONFIRM_LIMIT_US,
    longestUs: CONFIRM_LONGEST_US,
  };
}
