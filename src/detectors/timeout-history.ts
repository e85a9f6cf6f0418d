/** How long answers took, where a time of history is judged: ordinary ones are not kept one by one, but every interval has its longest. */
import type { Measures } from '../analysis/measures.ts';
import type { Exchange } from '../model/exchange.ts';
import { LEVEL_US } from '../model/history.ts';
import type { RouteId } from '../model/route.ts';
import { afterSendUs } from './elapsed.ts';

/**
 * The longest ok answer of these routes to these requests, from its sending; 0 where there is none. `near`: in a history,
 * only what was asked within one interval of one of these failures: another hour had other work.
 */
export function longestAnswerUs(
  measures: Measures,
  routes: readonly RouteId[],
  names: ReadonlySet<string> | undefined,
  near?: readonly Exchange[],
): number {
  const kept = routes
    .flatMap((route) => measures.exchanges({ route, cohorts: ['ok'] }))
    .filter(({ requestName }) => names === undefined || names.has(requestName))
    .map(afterSendUs);
  return [...kept, ...intervalMaxima(measures, routes, names, near)].reduce((a, b) => Math.max(a, b), 0);
}

function intervalMaxima(
  { history }: Measures,
  routes: readonly RouteId[],
  names: ReadonlySet<string> | undefined,
  near: readonly Exchange[] | undefined,
): readonly number[] {
  if (history === undefined) return [];
  const lengthUs = LEVEL_US[history.level];
  const slots = near?.map(({ dueUs }) => Math.floor((history.fromAtUs + dueUs) / lengthUs));
  const wanted = slots === undefined ? undefined : new Set(slots.flatMap((slot) => [slot - 1, slot, slot + 1]));
  return routes.flatMap((route) => {
    const own = history.series.filter(
      (series) => series.route === route && (names === undefined || names.has(series.requestName)),
    );
    // Times on new connections hold the connecting, which no timer of the gateway sees.
    const warm = own.filter(({ connection }) => connection === 'warm');
    return (warm.length > 0 ? warm : own)
      .flatMap(({ intervals }) => intervals)
      .filter(({ startAtUs }) => wanted?.has(startAtUs / lengthUs) ?? true)
      .map(({ maxServiceUs }) => maxServiceUs);
  });
}
