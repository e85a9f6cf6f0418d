import type { Measures, Selection } from '../analysis/measures.ts';
import { type Exchange, outcomeKey } from '../model/exchange.ts';

/**
 * Requests that ended by themselves, one by one as far as they were kept, and how many there really were. A long run
 * keeps every failure up to a cap but only a sample of what went well: a share of kept exchanges would be far too high.
 */
export type Tally = {
  readonly kept: readonly Exchange[];
  readonly ended: number;
  /** How many there were of which these were kept. */
  countOf(exchanges: readonly Exchange[]): number;
};

export function tallyOf(measures: Measures, selection: Selection): Tally {
  const kept = measures
    .exchanges(selection)
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
  const { sent, outcomes } = measures.counts(selection);
  const keptOf = new Map<string, number>();
  for (const { outcome } of kept) keptOf.set(outcomeKey(outcome), (keptOf.get(outcomeKey(outcome)) ?? 0) + 1);
  return {
    kept,
    ended: sent - (outcomes['aborted'] ?? 0),
    countOf(exchanges) {
      let count = 0;
      for (const { outcome } of exchanges) {
        const key = outcomeKey(outcome);
        // A key that is split by substatus had all its exchanges kept: each stands for itself.
        count += Math.max(1, (outcomes[key] ?? 0) / (keptOf.get(key) ?? 1));
      }
      return Math.round(count);
    },
  };
}
