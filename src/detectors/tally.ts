import type { Measures, Selection } from '../analysis/measures.ts';
import { type Exchange, isFailure, outcomeKey, responseTimeUs } from '../model/exchange.ts';

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

/** A recording keeps so many of the slowest of each experiment and route for sure (`recording/kept-exchanges.ts`). */
const SURELY_KEPT = 200;

/**
 * How many exchanges these kept ones of one route stand for: a long run keeps failures and the slowest answers, and a sample of
 * the rest, so a share of slow ones among the kept would be too high.
 */
export function weightsOf(measures: Measures, selection: Selection): (exchanges: readonly Exchange[]) => number {
  const answers = measures
    .exchanges(selection)
    .filter((exchange) => exchange.sentUs !== undefined && !isFailure(exchange));
  const { ok } = measures.counts(selection);
  const sampleSize = answers.length - SURELY_KEPT;
  const weight = sampleSize <= 0 ? 1 : Math.max(1, (ok - SURELY_KEPT) / sampleSize);
  if (weight === 1) return (exchanges) => exchanges.length;
  const sample = answers.sort((a, b) => responseTimeUs(b) - responseTimeUs(a)).slice(SURELY_KEPT);
  const sampled = new Set(sample.map(({ seq }) => seq));
  return (exchanges) => Math.round(exchanges.reduce((sum, { seq }) => sum + (sampled.has(seq) ? weight : 1), 0));
}
