/** Immediate refusals above a level of concurrency: a queue that is full. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { fisherExact } from '../analysis/proportion.ts';
import { rampLoad, rampOnset } from '../analysis/ramp-reading.ts';
import { mannWhitney } from '../analysis/rank.ts';
import { chiSquareTail } from '../analysis/special.ts';
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
/** One member's refusals count together with the others' from here on. */
const MEMBER_ALONE_P = 1e-3;

/**
 * How many others of the probe were under way when each was sent, on whatever route: what came through the gateway
 * loads the members. A volley leaves at one instant and arrives in any order: each of it met all the others.
 */
function crowdOf(exchanges: readonly Exchange[], all: readonly Exchange[]): readonly number[] {
  const starts = all.map(({ sentUs = 0 }) => sentUs).sort((a, b) => a - b);
  const ends = all.map(({ endUs }) => endUs).sort((a, b) => a - b);
  return exchanges.map(({ tag, sentUs = 0 }) =>
    tag?.kind === 'volley' ? tag.size - 1 : countBelow(starts, sentUs) - countBelow(ends, sentUs),
  );
}

/** Values below a bound in a sorted list. */
function countBelow(sorted: readonly number[], bound: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Experiments in which the target named a time to wait (Retry-After) and the probe waited. With 429 that is the agreed rate's doing: nothing is full. */
function pausedExperiments(measures: Measures): ReadonlySet<string> {
  const paused = measures
    .exchanges({ cohorts: ['not-sent'] })
    .filter(({ outcome }) => outcome.kind === 'not-sent' && outcome.reason === 'retry-after');
  return new Set(paused.map(({ experimentId }) => experimentId));
}

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

/** Of a volley that was refused in part, what was taken is the limit: all of it was there at once. */
function takenOfVolleys(loaded: readonly Exchange[], refused: ReadonlySet<Exchange>): readonly number[] {
  const volleys = Map.groupBy(
    loaded.filter(({ tag }) => tag?.kind === 'volley'),
    ({ tag, experimentId }) => (tag?.kind === 'volley' ? `${experimentId} ${tag.size} ${tag.round}` : ''),
  );
  return [...volleys.values()].flatMap((volley) => {
    const count = volley.filter((exchange) => refused.has(exchange)).length;
    return count === 0 || count === volley.length ? [] : [volley.length - count];
  });
}

/** Load in which we know all that is under way; undefined where only canaries were refused, which see a limit but cannot count. */
function limitOf(loaded: readonly Exchange[], refused: readonly Exchange[]): Estimate | undefined {
  const taken = takenOfVolleys(loaded, new Set(refused));
  if (taken.length > 0)
    return { value: Math.round(median([...taken])), low: Math.min(...taken), high: Math.max(...taken) };
  const counted = (exchange: Exchange): boolean => exchange.tag?.kind !== 'canary';
  const levels = heldAtRefusals(loaded.filter(counted), new Set(refused.filter(counted)));
  return levels.length === 0
    ? undefined
    : { value: Math.round(median(levels)), low: Math.min(...levels), high: Math.max(...levels) };
}

/** The rate of a ramp from which on it was refused; undefined without a ramp, or where it never was. */
function refusedFrom(measures: Measures, refused: readonly Exchange[]): Estimate | undefined {
  const isRefused = new Set(refused.map(({ seq }) => seq));
  return measures.experiments
    .filter(({ planned }) => planned.kind === 'ramp')
    .map((record) => rampOnset(rampLoad(measures, record) ?? [], ({ seq }) => isRefused.has(seq)))
    .find((estimate) => estimate !== undefined);
}

/**
 * Refusals without a limit would come as often when quiet as under load (Fisher), and as often to requests that met few
 * others as to those that met many (Mann-Whitney); the better of two tests, counted as two.
 */
function improbability(
  quiet: readonly Exchange[],
  loaded: readonly Exchange[],
  refused: readonly Exchange[],
  quietRefused: number,
  measures: Measures,
): number {
  const byLoad = fisherExact(
    refused.length,
    loaded.length - refused.length,
    quietRefused,
    quiet.length - quietRefused,
    'greater',
  );
  const all = measures.exchanges({}).filter(({ sentUs }) => sentUs !== undefined);
  const isRefused = new Set([...refused, ...quiet.filter((exchange) => refusals([exchange], 0).length > 0)]);
  const both = [...quiet, ...loaded];
  const crowd = crowdOf(both, all);
  const of = (wanted: boolean): readonly number[] =>
    crowd.filter((_, i) => isRefused.has(both[i] as Exchange) === wanted);
  return Math.min(1, 2 * Math.min(byLoad, mannWhitney(of(true), of(false)).p));
}

function candidateFor(route: RouteId, measures: Measures): Candidate | undefined {
  const quiet = measures.exchanges({ route, roles: ['slot'] }).filter(({ sentUs }) => sentUs !== undefined);
  // A canary asks a member directly while the load comes through the gateway: it meets the member's limit, not ours.
  const paused = pausedExperiments(measures);
  const loaded = measures
    .exchanges({ route, roles: ['load', 'volley', 'canary'] })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted')
    .filter(
      ({ experimentId, outcome }) =>
        !(paused.has(experimentId) && outcome.kind === 'response' && outcome.status === 429),
    );
  const answered = quiet.filter((exchange) => !isFailure(exchange)).map((exchange) => serviceTimeUs(exchange) ?? 0);
  const ordinaryUs = answered.length === 0 ? 0 : median(answered);
  const refused = refusals(loaded, ordinaryUs);
  if (refused.length < LEAST_EVENTS) return undefined;
  // Without a common level of concurrency 429 means what it says: too many requests in a time.
  if (refused.every(isTooMany) && !isConcurrencyLimited(measures)) return undefined;
  const quietRefused = refusals(quiet, ordinaryUs).length;
  const p = improbability(quiet, loaded, refused, quietRefused, measures);
  const limit = limitOf(loaded, refused);
  const from = route === GATEWAY ? refusedFrom(measures, refused) : undefined;
  const member = memberOf(route);
  const who = member ?? 'the gateway';
  return {
    cause: 'queue/rejected',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: 'error',
    confidence: 'likely',
    p,
    title: `Under load requests ${member === undefined ? 'through the gateway' : `to ${member}`} are refused at once (${outcomeKey((refused[0] as Exchange).outcome)})${limit === undefined ? ', asked directly as well' : ` while about ${formatNumber(limit.value)} others are under way`}${from === undefined ? '' : `, from ${formatNumber(from.value)}/s on`}.`,
    meaning: `${refused.length} of ${loaded.length} requests ${member === undefined ? 'of the burst or volleys' : 'sent directly under load'} were refused without any work (${formatRatio(refused.length / loaded.length)}); with little load ${quietRefused} of ${quiet.length} were. A queue or a limit of ${who} is full.`,
    measured: {
      ...(limit === undefined ? {} : { concurrencyLimit: limit }),
      ...(from === undefined ? {} : { refusedFromPerSec: from }),
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

/**
 * Members whose refusals are no chance. Each met its own volleys at its own time, so that their evidence adds up
 * (Fisher's method) where each alone makes it improbable; counted once for every member that could have been left out.
 */
function provenTogether(direct: readonly Candidate[]): readonly Candidate[] {
  const improbable = direct.filter(({ p }) => p <= MEMBER_ALONE_P);
  const statistic = improbable.reduce((sum, { p }) => sum - 2 * Math.log(Math.max(p, Number.MIN_VALUE)), 0);
  const together = Math.min(1, direct.length * chiSquareTail(statistic, 2 * improbable.length));
  return improbable
    .map((candidate) => ({ ...candidate, p: Math.min(candidate.p, together) }))
    .filter(({ p }) => p <= MEMBER_P);
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
    const proven = provenTogether(direct);
    // What a member refuses comes through the gateway as well; the member is named.
    const named = proven.map((candidate) => ({
      ...candidate,
      explains: new Set([...candidate.explains, ...(gateway?.explains ?? [])]),
    }));
    const unproven = gateway === undefined ? direct : [gateway];
    const candidates = named.length > 0 ? named : unproven;
    return candidatesOr(candidates, 'no request was refused under load that succeeds without');
  },
};
