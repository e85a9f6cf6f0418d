/** Answers of a rate limiter: what they say about latency and errors is the limiter's, not the farm's. */
import type { Measures } from '../analysis/measures.ts';
import { type Exchange, outcomeKey } from '../model/exchange.ts';
import { formatNumber, formatRatio } from '../model/quantity.ts';
import { memberOf } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  type DetectorContext,
  insufficient,
} from './detector.ts';
import { ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { limitedByTime } from './limited-by-time.ts';
import { announcesRate, isConcurrencyLimited, isTooMany } from './refusal.ts';
import { tallyOf } from './tally.ts';

/** A single one may have come from another client's use of the same quota. */
const LEAST_EVENTS = 2;
/** Below one in a hundred the run is hardly disturbed (effect floor of methods C.0). */
const DISTURBING_RATIO = 0.01;

/** Answers that announce a rate, and 429 where it does not come at one level of concurrency: that is a queue's. */
function limitedOf(measures: Measures): readonly Exchange[] {
  const isQueue = isConcurrencyLimited(measures);
  return measures
    .exchanges({ roles: ORDINARY_ROLES })
    .filter(
      (exchange) =>
        exchange.sentUs !== undefined &&
        (announcesRate(exchange) || (!isQueue && (isTooMany(exchange) || saysTooMany(exchange)))),
    );
}

/** Limiters that answer with another status say it in the body. Only at an ordinary rate: under load a full queue says so as well. */
function saysTooMany({ outcome, answer, tag }: Exchange): boolean {
  if (outcome.kind !== 'response' || (outcome.status !== 503 && outcome.status !== 403) || tag?.kind !== 'slot')
    return false;
  return /\btoo many requests\b|\brate[ -]limit|\brequest rate\b|\bthrottl(?:ed|ing)\b/i.test(answer?.bodyStart ?? '');
}

export const rateLimited: Detector = {
  cause: 'probe/rate-limited',
  detect(context): Detection {
    const tally = tallyOf(context.measures, { roles: ORDINARY_ROLES });
    if (tally.ended === 0) return insufficient('ordinary requests', 'none were sent');
    const limited = limitedOf(context.measures);
    if (limited.length < LEAST_EVENTS) {
      const silent = limitedByTime(context.measures);
      return candidatesOr(
        silent === undefined ? [] : [silent],
        'no answer said, or showed by its time, that there were too many requests',
      );
    }
    const count = tally.countOf(limited);
    return candidatesOr([candidateOf(limited, count, tally.ended, context)], '');
  },
};

/** Requests sent on all routes in the second before the first refusal: the rate at which it began. */
function rateAtFirst(limited: readonly Exchange[], { measures }: DetectorContext): number {
  const firstUs = Math.min(...limited.map(({ sentUs = Number.POSITIVE_INFINITY }) => sentUs));
  const [first] = limited.filter(({ sentUs }) => sentUs === firstUs);
  const route = first === undefined ? {} : { route: first.route };
  return measures
    .exchanges(route)
    .filter(({ sentUs }) => sentUs !== undefined && sentUs <= firstUs && sentUs > firstUs - US_PER_SEC).length;
}

function candidateOf(limited: readonly Exchange[], count: number, of: number, context: DetectorContext): Candidate {
  const keys = [...new Set(limited.map(labelOf))].join(', ');
  const who = [...new Set(limited.map(({ route }) => memberOf(route) ?? 'the gateway'))].join(', ');
  const paused = context.measures.counts({ roles: ORDINARY_ROLES }).outcomes['not-sent:retry-after'] ?? 0;
  const ratePerSec = rateAtFirst(limited, context);
  return {
    cause: 'probe/rate-limited',
    scope: { route: 'probe' },
    severity: count >= DISTURBING_RATIO * of ? 'warning' : 'info',
    confidence: 'confirmed',
    // Said by the answers themselves.
    p: 0,
    title: `The target limited the probe: ${count} of ${of} requests were refused as too many (${keys}), the first at ${formatNumber(ratePerSec)} requests per second.`,
    meaning: `Refused on the way to ${who}. It is a rule about how often one client may ask, not a fault: refused requests say nothing about the farm (${formatRatio(count / of)} of this run).${paused > 0 ? ` ${paused} more were not sent because the answers asked for a pause (Retry-After).` : ''}`,
    measured: { limitedRatio: { value: count / of }, ratePerSec: { value: ratePerSec } },
    exhibits: [
      exchangesExhibit(
        'rate-limited',
        'Requests refused as too many',
        'Answered by a limiter at once; ordinary clients below its limit do not meet it.',
        limited,
      ),
    ],
    rivals: [
      {
        cause: 'queue/rejected',
        whyNot: 'the refusals do not come at one level of concurrency, or say themselves that they count by time',
      },
      { cause: 'application/error', whyNot: 'it begins at a rate, and requests before it succeeded' },
    ],
    affected: { count, of },
    explains: seqsOf(limited),
  };
}

function labelOf({ outcome }: Exchange): string {
  return outcome.kind === 'response' && outcome.substatus !== undefined
    ? `${outcome.status}.${outcome.substatus}`
    : outcomeKey(outcome);
}
