/** Immediate refusals above a level of concurrency: a queue that is full. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { fisherExact } from '../analysis/proportion.ts';
import { type Exchange, isFailure, outcomeKey, serviceTimeUs } from '../model/exchange.ts';
import { formatNumber, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** What servers answer when they take no more: 503 everywhere, 429 and 529 by choice. */
const REFUSING = new Set([503, 429, 529]);
/** A refusal costs no work: not longer than an ordinary answer, with room for a busy machine. */
const FAST_RATIO = 1.5;
const FAST_FLOOR_US = 50_000;
const LEAST_EVENTS = 3;

function refusals(exchanges: readonly Exchange[], ordinaryUs: number): readonly Exchange[] {
  const limitUs = Math.max(FAST_FLOOR_US, FAST_RATIO * ordinaryUs);
  return exchanges.filter(
    (exchange) =>
      exchange.outcome.kind === 'response' &&
      REFUSING.has(exchange.outcome.status) &&
      (serviceTimeUs(exchange) ?? Number.POSITIVE_INFINITY) <= limitUs,
  );
}

/** Requests under way when each was sent, itself included. */
function inFlightAt(exchanges: readonly Exchange[]): ReadonlyMap<number, number> {
  const events = exchanges
    .flatMap(({ sentUs, endUs, seq }) =>
      sentUs === undefined
        ? []
        : [
            { atUs: sentUs, step: 1, seq },
            { atUs: endUs, step: -1, seq },
          ],
    )
    .sort((a, b) => a.atUs - b.atUs || a.step - b.step);
  const levels = new Map<number, number>();
  let level = 0;
  for (const { step, seq } of events) {
    level += step;
    if (step > 0) levels.set(seq, level);
  }
  return levels;
}

function candidateFor(route: RouteId, measures: Measures): Candidate | undefined {
  const quiet = measures.exchanges({ route, roles: ['slot'] }).filter(({ sentUs }) => sentUs !== undefined);
  const loaded = measures
    .exchanges({ route, roles: ['load', 'volley'] })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
  const answered = quiet.filter((exchange) => !isFailure(exchange)).map((exchange) => serviceTimeUs(exchange) ?? 0);
  const ordinaryUs = answered.length === 0 ? 0 : median(answered);
  const refused = refusals(loaded, ordinaryUs);
  if (refused.length < LEAST_EVENTS) return undefined;
  const quietRefused = refusals(quiet, ordinaryUs).length;
  const p = fisherExact(
    refused.length,
    loaded.length - refused.length,
    quietRefused,
    quiet.length - quietRefused,
    'greater',
  );
  const levels = inFlightAt(loaded);
  const refusedLevels = refused.map(({ seq }) => levels.get(seq) ?? 0).sort((a, b) => a - b);
  const servedLevels = loaded.filter((exchange) => !isFailure(exchange)).map(({ seq }) => levels.get(seq) ?? 0);
  const limit = {
    value: Math.max(1, (refusedLevels[0] as number) - 1),
    low: Math.max(0, (refusedLevels[0] as number) - 2),
    high: Math.max(refusedLevels[0] as number, ...servedLevels),
  };
  const member = memberOf(route);
  const who = member ?? 'the gateway';
  return {
    cause: 'queue/rejected',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: 'error',
    confidence: 'likely',
    p,
    title: `${member === undefined ? 'Under load requests through the gateway' : `Under load requests to ${member}`} are refused at once (${outcomeKey((refused[0] as Exchange).outcome)}): the first with ${formatNumber(refusedLevels[0] as number)} under way.`,
    meaning: `${refused.length} of ${loaded.length} requests of the burst or volleys were refused without any work (${formatRatio(refused.length / loaded.length)}); with little load ${quietRefused} of ${quiet.length} were. A queue or a limit of ${who} is full.`,
    measured: { concurrencyLimit: limit, refusedRatio: { value: refused.length / loaded.length } },
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
    // What a member refuses comes through the gateway as well; the member is named.
    const candidates =
      direct.length > 0 && gateway !== undefined
        ? direct.map((candidate) => ({ ...candidate, explains: new Set([...candidate.explains, ...gateway.explains]) }))
        : [...direct, ...(gateway === undefined ? [] : [gateway])];
    return candidatesOr(candidates, 'no request was refused under load that succeeds without');
  },
};
