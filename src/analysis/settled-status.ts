/** What each route answers to a request as a rule: to see whether the gateway and its members do the same work at all. */
import { type RouteId, routesTo } from '../model/route.ts';
import type { Measures } from './measures.ts';

/** Fewer answers show no rule. */
const LEAST_ANSWERS = 5;
/** A redirect or an error page now and then is an application's; nearly always the same one is a matter of address or host name. */
const LEAST_RATIO = 0.95;
/** From here on an answer is a failure, and another's to explain. */
const FIRST_FAILURE = 500;

export type SettledStatus = {
  readonly route: RouteId;
  readonly status: number;
  /** `Location` of a kept answer of this status. */
  readonly location?: string;
};
export type RequestStatuses = { readonly requestName: string; readonly statuses: readonly SettledStatus[] };

/** By request of the profile; a route that answers too little or now so, now so is left out. Failures are not looked at. */
export function settledStatuses(measures: Measures): readonly RequestStatuses[] {
  const routes = routesTo(measures.members);
  return measures.profile.requests.map(({ name }) => ({
    requestName: name,
    statuses: routes.flatMap((route) => settled(measures, route, name) ?? []),
  }));
}

function settled(measures: Measures, route: RouteId, requestName: string): SettledStatus | undefined {
  const byStatus = new Map<number, number>();
  for (const [outcome, count] of Object.entries(measures.counts({ route, requestName }).outcomes)) {
    const status = Number.parseInt(outcome, 10);
    if (status < FIRST_FAILURE) byStatus.set(status, (byStatus.get(status) ?? 0) + count);
  }
  const answers = [...byStatus.values()].reduce((sum, count) => sum + count, 0);
  const [status, count] = [...byStatus].sort((a, b) => b[1] - a[1])[0] ?? [0, 0];
  if (answers < LEAST_ANSWERS || count < LEAST_RATIO * answers) return undefined;
  const location = measures
    .exchanges({ route, requestName })
    .flatMap(({ outcome, answer }) =>
      outcome.kind === 'response' && outcome.status === status ? (answer?.headers['location'] ?? []) : [],
    )[0];
  return { route, status, ...(location === undefined ? {} : { location }) };
}
