/** Errors in the logs that no row of the table explains, with the reason. */
import type { DetectorContext } from './detector.ts';
import { decidedJourneys } from './log-decisions.ts';

export type Unexplained = { readonly because: string; readonly count: number };

/** Requests that ended with 5xx and stay undecided, by reason, the most frequent first. */
export function unexplainedRequests(context: DetectorContext): readonly Unexplained[] {
  const groups = new Map<string, { because: string; count: number }>();
  for (const { decision, facts, journey, weight } of decidedJourneys(context)) {
    const member = journey.members.find(({ access }) => access.length > 0)?.access[0];
    const status = facts.frontLine?.status ?? member?.status ?? 0;
    if (decision.undecided !== true || status < 500) continue;
    // Durations in the sentence differ from request to request; reading and presence do not.
    const key = `${decision.row} ${facts.reading?.outcome ?? ''} ${facts.reading?.code ?? ''} ${facts.memberPresence}`;
    const group = groups.get(key) ?? { because: decision.because, count: 0 };
    group.count += weight;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}
