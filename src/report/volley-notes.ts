/** What volleys show of how much is worked on at once, where no load followed that could prove a queue. */
import type { Measures } from '../analysis/measures.ts';
import { concurrencyLimit } from '../analysis/waves.ts';
import { responseTimeUs } from '../model/exchange.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../model/route.ts';

/** One sentence for each member whose volleys came back in waves; for the gateway only where no member's did. None where a burst or a ramp judged it. */
export function volleyNotes(measures: Measures): readonly string[] {
  const isJudged = measures.experiments.some(({ planned }) => planned.kind === 'burst' || planned.kind === 'ramp');
  if (isJudged) return [];
  const direct = measures.members.flatMap((member) => noteOf(directTo(member), measures));
  return direct.length > 0 ? direct : noteOf(GATEWAY, measures);
}

function noteOf(route: RouteId, measures: Measures): readonly string[] {
  const byVolley = Map.groupBy(
    measures
      .exchanges({ experimentKind: 'volley', route, cohorts: ['ok'] })
      .filter(({ tag }) => tag?.kind === 'volley'),
    ({ experimentId, tag }) => (tag?.kind === 'volley' ? `${experimentId} ${tag.size} ${tag.round}` : ''),
  );
  if (byVolley.size === 0) return [];
  const volleys = [...byVolley.values()].map((volley) => volley.map(responseTimeUs));
  const estimate = concurrencyLimit(volleys);
  if (estimate.kind !== 'limit') return [];
  const largest = volleys.reduce((most, volley) => (volley.length > most.length ? volley : most));
  const who = memberOf(route) ?? 'the gateway';
  const last = formatDuration(Math.max(...largest));
  return [
    `Of requests that came at one instant ${who} worked on ${formatNumber(estimate.limit)} at a time, each for about ${formatDuration(estimate.periodUs)}: the last of ${largest.length} was answered after ${last}. Whether its users meet that limit is told by load: add \`burst: { rate: …, for: 5s }\`.`,
  ];
}
