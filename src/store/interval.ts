/** One interval of one series while it is worked with: what a row of the file holds. Pure. */
import { cohortOf, type Exchange, isFailure, outcomeKey, responseTimeUs, serviceTimeUs } from '../model/exchange.ts';
import type { Round, SeriesKey } from '../model/history.ts';
import type { Buckets } from '../recording/hdr-bytes.ts';
import { connectionOf } from '../recording/windows.ts';
import { bucketsOfValues, mergeBuckets } from './packed-histogram.ts';

/** What is counted; it adds up. Histograms hold answers that are ok only: how long a failure took says nothing of a good answer. */
export type Tally = {
  readonly count: number;
  readonly failed: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly response: Buckets;
  readonly service: Buckets;
  readonly maxResponseUs: number;
  readonly maxServiceUs: number;
};

/** Exact: the same as if all of it had been counted at once. */
export function mergeTallies(parts: readonly Tally[]): Tally {
  const [only] = parts;
  if (only !== undefined && parts.length === 1) return only;
  // Without a prototype: an outcome may be called anything.
  const outcomes: Record<string, number> = Object.create(null);
  let count = 0;
  let failed = 0;
  let maxResponseUs = 0;
  let maxServiceUs = 0;
  for (const part of parts) {
    count += part.count;
    failed += part.failed;
    maxResponseUs = Math.max(maxResponseUs, part.maxResponseUs);
    maxServiceUs = Math.max(maxServiceUs, part.maxServiceUs);
    for (const key in part.outcomes) outcomes[key] = (outcomes[key] ?? 0) + (part.outcomes[key] as number);
  }
  return {
    count,
    failed,
    outcomes: { ...outcomes },
    response: mergeBuckets(parts.map(({ response }) => response)),
    service: mergeBuckets(parts.map(({ service }) => service)),
    maxResponseUs,
    maxServiceUs,
  };
}

export type SlotTally = { readonly key: SeriesKey; readonly slot: number; readonly tally: Tally };

/**
 * The exchanges of a round by series and interval of `lengthUs`. An exchange belongs to the interval that it was due in, whenever
 * it ended; one without a usable due time to that of the round's begin.
 */
export function talliesOfRound(round: Round, lengthUs: number): readonly SlotTally[] {
  const groups = new Map<string, { readonly key: SeriesKey; readonly slot: number; readonly exchanges: Exchange[] }>();
  for (const exchange of round.exchanges) {
    const { route, requestName, dueUs } = exchange;
    const connection = connectionOf(exchange);
    const slot = Math.floor((round.startedAtUs + (Number.isFinite(dueUs) ? dueUs : 0)) / lengthUs);
    const name = `${slot}\n${route}\n${requestName}\n${connection}`;
    const group = groups.get(name);
    if (group !== undefined) group.exchanges.push(exchange);
    else
      groups.set(name, {
        key: { profile: round.profile, route, requestName, connection },
        slot,
        exchanges: [exchange],
      });
  }
  return [...groups.values()].map(({ key, slot, exchanges }) => ({ key, slot, tally: tallyOf(exchanges) }));
}

function tallyOf(exchanges: readonly Exchange[]): Tally {
  const outcomes = new Map<string, number>();
  for (const { outcome } of exchanges) {
    const key = outcomeKey(outcome);
    outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
  }
  const ok = exchanges.filter((exchange) => cohortOf(exchange) === 'ok');
  const responsesUs = ok.map(responseTimeUs);
  const servicesUs = ok.flatMap((exchange) => serviceTimeUs(exchange) ?? []);
  return {
    count: exchanges.length,
    failed: exchanges.filter(isFailure).length,
    outcomes: Object.fromEntries(outcomes),
    response: bucketsOfValues(responsesUs),
    service: bucketsOfValues(servicesUs),
    maxResponseUs: largestUs(responsesUs),
    maxServiceUs: largestUs(servicesUs),
  };
}

/** The exact maximum stands beside each histogram, which knows only its bucket. */
function largestUs(valuesUs: readonly number[]): number {
  let maxUs = 0;
  for (const valueUs of valuesUs) if (valueUs > maxUs && Number.isFinite(valueUs)) maxUs = Math.round(valueUs);
  return maxUs;
}
