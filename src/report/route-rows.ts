/** Rows and columns that the tables of every writer share. */
import type { QuantileTable, Report, RouteSummary } from '../model/report.ts';
import { isFromLogs } from './log-wording.ts';

/** `gateway`, or `web1, direct`; `web1` where its log says what came through the gateway. */
export function routeName(route: Pick<RouteSummary, 'route' | 'member'>, report: Pick<Report, 'logs'>): string {
  if (route.route === 'gateway') return 'gateway';
  const member = route.member ?? 'members';
  return isFromLogs(report) ? member : `${member}, direct`;
}

/** Every quantile that any of the tables has, in rising order. */
export function quantileNames(tables: readonly QuantileTable[]): readonly string[] {
  const names = new Set(tables.flatMap((table) => Object.keys(table)));
  return [...names].sort((a, b) => quantileOf(a) - quantileOf(b));
}

/** Requests that were sent and not stopped by us: those that could fail. */
export function sentCount({ outcomes }: Pick<RouteSummary, 'outcomes'>): number {
  return sentOutcomes(outcomes).reduce((sum, [, count]) => sum + count, 0);
}

/** Requests that failed: answers of 500 and above, cut answers, timeouts, connection errors. Not sent and aborted are nobody's failure. */
export function failedCount(route: Pick<RouteSummary, 'outcomes' | 'count' | 'failureRatio'>): number {
  // The share knows the profile's expectations, which the outcome alone does not.
  if (route.failureRatio !== undefined) return Math.round(route.failureRatio.value * sentCount(route));
  return sentOutcomes(route.outcomes)
    .filter(([key]) => !/^[1-4]\d\d(\.\d+)?$/.test(key))
    .reduce((sum, [, count]) => sum + count, 0);
}

function sentOutcomes(outcomes: RouteSummary['outcomes']): (readonly [string, number])[] {
  return Object.entries(outcomes).filter(([key]) => !key.startsWith('not-sent') && key !== 'aborted');
}

function quantileOf(name: string): number {
  return Number(`0.${name.slice(1)}`);
}
