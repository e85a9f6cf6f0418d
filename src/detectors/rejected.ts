/** Immediate refusals above a level of concurrency: a queue that is full. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { fisherExact } from '../analysis/proportion.ts';
import { type Exchange, isFailure, outcomeKey, serviceTimeUs } from '../model/exchange.ts';
import type { Estimate } from '../model/finding.ts';
import { formatNumber, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { announcesRate, heldAtRefusals, isConcurrencyLimited, isTooMany } from './refusal.ts';

/** What servers answer when they take no more: 503 everywhere, 429 and 529 by choice. */
const REFUSING = new Set([503, 429, 529]);
/** A refusal costs no work: not longer than an ordinary answer, with room for a busy machine. */
const FAST_RATIO = 1.5;
const FAST_FLOOR_US = 50_000;
const LEAST_EVENTS = 3;
/** A member takes the blame from the gateway when its own refusals are no chance: the level at which the judge lets a warning stand. */
const MEMBER_P = 1e-4;

function refusals(exchanges: readonly Exchange[], ordinaryUs: number): readonly Exchange[] {
  const limitUs = Math.max(FAST_FLOOR_US, FAST_RATIO * ordinaryUs);
  return exchanges.filter(
    (exchange) =>
      exchange.outcome.kind === 'response' &&
      REFUSING.has(exchange.outcome.status) &&
      !announcesRate(exchange) &&
      (serviceTimeUs(exchange) ?? Number.POSITIVE_INFINITY) <= limitUs,
  );
}

/** Load in which we know all that is under way; undefined where only canaries were refused, which see a limit but cannot count. */
function limitOf(loaded: readonly Exchange[], refused: readonly Exchange[]): Estimate | undefined {
  const counted = (exchange: Exchange): boolean => exchange.tag?.kind !== 'canary';
  const levels = heldAtRefusals(loaded.filter(counted), new Set(refused.filter(counted)));
  return levels.length === 0
    ? undefined
    : { value: Math.round(median(levels)), low: Math.min(...levels), high: Math.max(...levels) };
}

function candidateFor(route: RouteId, measures: Measures): Candidate | undefined {
  const quiet = measures.exchanges({ route, roles: ['slot'] }).filter(({ sentUs }) => sentUs !== undefined);
  // A canary asks a member directly while the load comes through the gateway: it meets the member's limit, not ours.
  const loaded = measures
    .exchanges({ route, roles: ['load', 'volley', 'canary'] })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
  const answered = quiet.filter((exchange) => !isFailure(exchange)).map((exchange) => serviceTimeUs(exchange) ?? 0);
  const ordinaryUs = answered.length === 0 ? 0 : median(answered);
  const refused = refusals(loaded, ordinaryUs);
  if (refused.length < LEAST_EVENTS) return undefined;
  // Without a common level of concurrency 429 means what it says: too many requests in a time.
  if (refused.every(isTooMany) && !isConcurrencyLimited(measures)) return undefined;
  const quietRefused = refusals(quiet, ordinaryUs).length;
  const p = fisherExact(
    refused.length,
    loaded.length - refused.length,
    quietRefused,
    quiet.length - quietRefused,
    'greater',
  );
  const limit = limitOf(loaded, refused);
  const member = memberOf(route);
  const who = member ?? 'the gateway';
  return {
    cause: 'queue/rejected',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: 'error',
    confidence: 'likely',
    p,
    title: `Under load requests ${member === undefined ? 'through the gateway' : `to ${member}`} are refused at once (${outcomeKey((refused[0] as Exchange).outcome)})${limit === undefined ? ', asked directly as well' : ` while about ${formatNumber(limit.value)} others are under way`}.`,
    meaning: `${refused.length} of ${loaded.length} requests ${member === undefined ? 'of the burst or volleys' : 'sent directly under load'} were refused without any work (${formatRatio(refused.length / loaded.length)}); with little load ${quietRefused} of ${quiet.length} were. A queue or a limit of ${who} is full.`,
    measured: {
      ...(limit === undefined ? {} : { concurrencyLimit: limit }),
      refusedRatio: { value: refused.length / loaded.length },
    },
    exhibits: [
      exchangesExhibit(
        `rejected-${route.replace(':', '-')}`,
        'Refused requests',
        'Answered at once, while others were being worked on.',
        refused,
      ),
    ],
    rivals: [{ cause: 'application/error', whyNot: 'the same request succeeds with little load' }],
    affected: { count: refused.length, of: loaded.length },
    explains: seqsOf(refused),
  };
}

export const rejected: Detector = {
  cause: 'queue/rejected',
  detect({ measures }): Detection {
    if (measures.exchanges({ roles: ['load', 'volley'] }).length === 0)
      return insufficient('a burst, a ramp or volleys', 'no load');
    const direct = measures.members
      .map((member) => candidateFor(directTo(member), measures))
      .filter((candidate) => candidate !== undefined);
    const gateway = candidateFor(GATEWAY, measures);
    const proven = direct.filter(({ p }) => p <= MEMBER_P);
    // What a member refuses comes through the gateway as well; the member is named.
    const candidates =
      proven.length > 0 && gateway !== undefined
        ? proven.map((candidate) => ({ ...candidate, explains: new Set([...candidate.explains, ...gateway.explains]) }))
        : gateway === undefined
          ? direct
          : [gateway];
    return candidatesOr(candidates, 'no request was refused under load that succeeds without');
  },
};
