/** A limiter that does not say so: refusals that follow from the time since the requests before (nginx `limit_req` answers 503 unless told otherwise). */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { type BucketFit, fitBucket } from '../analysis/token-bucket.ts';
import { type Exchange, outcomeKey, serviceTimeUs } from '../model/exchange.ts';
import { formatNumber } from '../model/quantity.ts';
import { directTo, memberOf, type RouteId, routesTo } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { Candidate } from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** What limiters answer: 503 by nginx, 429 by most, 403 by IIS and firewalls. */
const REFUSING: ReadonlySet<number> = new Set([503, 429, 403]);
/** With fewer a bucket fits by chance, or by an outage. */
const LEAST_EACH = 10;
/** Share of arrivals that the bucket may tell wrongly: the way there takes some ms more or less, and other clients may take tokens. */
const MOST_WRONG_RATIO = 0.1;
/** A rule of order (round robin, an outage) must be wrong at least so many times as often. */
const ORDER_FACTOR = 2;
/** A refill must take so many times as long as an answer: else the limit may be one of requests under way at once. */
const REFILL_FACTOR = 3;
/** Other failures beside the refusals: then the farm has more than one trouble, and this is not told apart. */
const MOST_OTHERS_RATIO = 0.1;

type Limited = {
  readonly route: RouteId;
  readonly fit: BucketFit;
  readonly refused: readonly Exchange[];
  readonly of: number;
};

/** The route whose refusals are told best by a bucket, the gateway's before a member's; undefined where none is. */
export function limitedByTime(measures: Measures): Candidate | undefined {
  const routes = routesTo(measures.members);
  for (const route of routes) {
    const limited = limitedOn(route, measures);
    if (limited !== undefined) return candidateOf(limited, measures, routes.length);
  }
  return undefined;
}

function limitedOn(route: RouteId, measures: Measures): Limited | undefined {
  const sent = measures
    .exchanges({ route })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted')
    .sort((a, b) => (a.sentUs ?? 0) - (b.sentUs ?? 0));
  // Where some were not kept one by one, the times between them are unknown.
  if (sent.length < measures.counts({ route }).sent) return undefined;
  const key = commonestRefusal(sent);
  const refused = sent.filter(({ outcome }) => outcomeKey(outcome) === key);
  const passed = sent.filter(
    ({ outcome }) => outcome.kind === 'response' && outcome.status < 500 && outcomeKey(outcome) !== key,
  );
  const others = sent.length - refused.length - passed.length;
  if (refused.length < LEAST_EACH || passed.length < LEAST_EACH || others > MOST_OTHERS_RATIO * sent.length)
    return undefined;
  const isRefused = new Set(refused);
  const fit = fitBucket(sent.map((one) => ({ atUs: one.sentUs ?? 0, isRefused: isRefused.has(one) })));
  if (fit === undefined || fit.mismatches > MOST_WRONG_RATIO * sent.length) return undefined;
  if (ORDER_FACTOR * fit.mismatches >= fit.byOrder) return undefined;
  const answerUs = median(passed.map((one) => serviceTimeUs(one) ?? 0));
  if (US_PER_SEC / fit.ratePerSec < REFILL_FACTOR * answerUs) return undefined;
  return { route, fit, refused, of: sent.length };
}

function commonestRefusal(sent: readonly Exchange[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { outcome } of sent) {
    if (outcome.kind !== 'response' || !REFUSING.has(outcome.status)) continue;
    counts.set(outcomeKey(outcome), (counts.get(outcomeKey(outcome)) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

function candidateOf({ route, fit, refused, of }: Limited, measures: Measures, looks: number): Candidate {
  const member = memberOf(route);
  const who = member ?? 'The gateway';
  const status = outcomeKey((refused[0] as Exchange).outcome);
  const rate = formatNumber(Number(fit.ratePerSec.toPrecision(2)));
  const direct = measures.members.reduce((sum, one) => sum + measures.counts({ route: directTo(one) }).ok, 0);
  const directly = member === undefined && direct > 0 ? ` Asked directly, members answered ${direct} times.` : '';
  return {
    cause: 'probe/rate-limited',
    scope: { route: 'probe' },
    severity: 'warning',
    confidence: 'likely',
    p: Math.min(1, looks * fit.p),
    title: `${who} lets through about ${rate} requests a second from the probe and refuses the others at once (${status}): ${refused.length} of ${of}. It is a limiter, though it does not say so.`,
    meaning: `A limiter that lets ${fit.capacity} through at once and is filled at ${rate}/s tells the fate of ${of - fit.mismatches} of ${of} requests from their times alone; a rule that goes by their order (round robin, an outage) is wrong ${fit.byOrder} times.${directly} Most limiters count by the client’s address: users behind one address share the limit. What was refused says nothing about the farm.`,
    measured: {
      limitPerSec: { value: fit.ratePerSec, low: fit.lowPerSec, high: fit.highPerSec },
      burstLimit: { value: fit.capacity },
      limitedRatio: { value: refused.length / of },
    },
    exhibits: [
      exchangesExhibit(
        'limited-by-time',
        'Requests refused by the limiter',
        'Answered at once, too soon after those before.',
        refused,
      ),
    ],
    rivals: [
      { cause: 'queue/rejected', whyNot: 'answers are long over before the limiter lets the next one through' },
      { cause: 'member/none-available', whyNot: 'it depends on the time since the requests before, not on a member' },
      { cause: 'application/error', whyNot: 'the same request succeeds when it comes later' },
    ],
    affected: { count: refused.length, of },
    explains: seqsOf(refused),
  };
}
