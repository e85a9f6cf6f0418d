/** Rows and columns that the tables of every writer share. */
import type { QuantileTable, RouteSummary } from '../model/report.ts';

/** `gateway`, or `web1, direct`. */
export function routeName(route: Pick<RouteSummary, 'route' | 'member'>): string {
  return route.route === 'gateway' ? 'gateway' : `${route.member ?? 'members'}, direct`;
}

/** Every quantile that any of the tables has, in rising order. */
export function quantileNames(tables: readonly QuantileTable[]): readonly string[] {
  const names = new Set(tables.flatMap((table) => Object.keys(table)));
  return [...names].sort((a, b) => quantileOf(a) - quantileOf(b));
}

/** Requests that failed: answers of 500 and above, cut answers, timeouts, connection errors. Not sent and aborted are nobody's failure. */
export function failedCount(route: Pick<RouteSummary, 'outcomes' | 'count' | 'failureRatio'>): number {
  const sent = Object.entries(route.outcomes).filter(([key]) => !key.startsWith('not-sent') && key !== 'aborted');
  const sentCount = sent.reduce((sum, [, count]) => sum + count, 0);
  // The share knows the profile's expectations, which the outcome alone does not.
  if (route.failureRatio !== undefined) return Math.round(route.failureRatio.value * sentCount);
  return sent.filter(([key]) => !/^[1-4]\d\d(\.\d+)?$/.test(key)).reduce((sum, [, count]) => sum + count, 0);
}

function quantileOf(name: string): number {
  return Number(`0.${name.slice(1)}`);
}
