/** Joins what was measured with what was logged: the same cause, seen twice, is confirmed; a cause that the logs contradict is taken back. */
import type { CauseId } from '../model/causes.ts';
import {
  type Candidate,
  clear,
  type Detection,
  type Detector,
  type DetectorContext,
  insufficient,
  notApplicable,
} from './detector.ts';
import { unexplainedRequests } from './log-balance.ts';
import { type Decided, decidedJourneys } from './log-decisions.ts';
import { linesExhibit } from './log-exhibits.ts';
import { loggedCandidates } from './logged-candidates.ts';

/** Decisions that speak for a cause, where they have another name than the cause itself. */
const SUPPORTED_BY: Readonly<Partial<Record<CauseId, readonly CauseId[]>>> = {
  'queue/member': ['application/slow'],
  'cold-start/idle': ['application/slow', 'cold-start/recycle'],
  'member/slow': ['application/slow'],
  'member/errors': ['application/error'],
  'queue/rejected': ['application/error', 'gateway/overloaded', 'member/none-available'],
  'connection/refused': ['member/none-available'],
  'gateway/cascade': ['member/none-available', 'timeout/gateway-response', 'connection/dropped-before-response'],
};
/** Causes between which logs can decide, because each leaves other lines. */
const TELLING: readonly CauseId[] = [
  'timeout/gateway-response',
  'timeout/gateway-read',
  'timeout/gateway-connect',
  'timeout/gateway-queue',
  'timeout/middlebox',
  'connection/refused',
  'connection/dropped-before-response',
  'connection/dropped-mid-response',
  'connection/invalid-response',
  'member/none-available',
  'application/error',
  'dns/failed',
  'tls/failed',
];
/** Of the requests behind a finding whose lines decide, this share must agree for it to be confirmed, and to be taken back. */
const AGREE_RATIO = 0.6;
const REFUTE_RATIO = 0.9;
/** And lines must decide this share of all its requests: of the others the logs say nothing. */
const COVERED_RATIO = 0.5;
/** Of the agreeing ones this share must be proved by both sides, as in findings out of logs alone. */
const PROVED_RATIO = 0.1;
/**
 * Lines alone leave open what else could hold a request between gateway and member: a slow client, a full backlog of the member.
 * Measured traffic excludes both: the probe reads at once, and requests sent straight to the members stayed quick meanwhile.
 */
const PROVED_TOGETHER: readonly CauseId[] = ['queue/gateway'];
/** Fewer lines than this refute nothing. */
const MIN_REFUTING = 5;

export function withLogs(detector: Detector): Detector {
  return {
    cause: detector.cause,
    detect: (context) => (context.measures.logs === undefined ? detector.detect(context) : merge(detector, context)),
  };
}

/** A cause that only logs can show. */
export function fromLogs(cause: CauseId): Detector {
  return {
    cause,
    detect: (context) => {
      if (context.measures.logs === undefined)
        return notApplicable('only logs of the gateway and the members can show it, and none were given');
      const candidates = loggedCandidates(cause, context);
      return candidates.length > 0 ? { state: 'candidates', candidates } : nothingLogged(context);
    },
  };
}

/** A cause that a history shows, and lines as well; a run alone does not. */
export function fromHistoryOrLogs(detector: Detector): Detector {
  const [logged, both] = [fromLogs(detector.cause), withLogs(detector)];
  return {
    cause: detector.cause,
    detect: (context) =>
      context.measures.history === undefined && context.measures.logs !== undefined
        ? logged.detect(context)
        : both.detect(context),
  };
}

function merge(detector: Detector, context: DetectorContext): Detection {
  const detection = detector.detect(context);
  const logged = loggedCandidates(detector.cause, context);
  if (detection.state !== 'candidates')
    return logged.length > 0 ? { state: 'candidates', candidates: logged } : cleared(detection, context);
  const bySeq = new Map(
    decidedJourneys(context).flatMap((item) =>
      item.journey.client === undefined ? [] : [[item.journey.client.seq, item] as const],
    ),
  );
  const candidates = detection.candidates.flatMap((candidate) => settle(candidate, bySeq, context));
  const more = logged.filter(
    ({ scope }) =>
      !detection.candidates.some(
        (own) => own.scope.member === undefined || scope.member === undefined || own.scope.member === scope.member,
      ),
  );
  const all = [...candidates, ...more];
  return all.length > 0
    ? { state: 'candidates', candidates: all }
    : clear('the logs show another cause for these requests');
}

/** Without experiments the logs are all there is: what they do not show is clear, as far as they reach. */
function cleared(detection: Detection, context: DetectorContext): Detection {
  return context.measures.experiments.length === 0 ? nothingLogged(context) : detection;
}

/** Errors that nobody could explain may be of this cause as well. */
function nothingLogged(context: DetectorContext): Detection {
  const unexplained = unexplainedRequests(context);
  const count = Math.round(unexplained.reduce((sum, one) => sum + one.count, 0));
  if (count === 0) return clear('no line in the logs points at it');
  return insufficient(
    'lines that say what became of every error',
    `${count} errors that stay unexplained: ${unexplained[0]?.because ?? 'their lines do not say more'}`,
  );
}

function settle(
  candidate: Candidate,
  bySeq: ReadonlyMap<number, Decided>,
  context: DetectorContext,
): readonly Candidate[] {
  const decided = [...candidate.explains]
    .flatMap((seq) => bySeq.get(seq) ?? [])
    .filter(({ decision }) => decision.cause !== undefined);
  if (decided.length === 0) return [candidate];
  const supporting = [candidate.cause, ...(SUPPORTED_BY[candidate.cause] ?? [])];
  const agreeing = decided.filter(
    ({ decision }) => decision.cause !== undefined && supporting.includes(decision.cause),
  );
  const proving = agreeing.filter(
    ({ decision, facts }) =>
      decision.confidence === 'confirmed' || (PROVED_TOGETHER.includes(candidate.cause) && facts.isSameRequest),
  );
  const against = decided.filter(
    ({ decision }) =>
      !agreeing.some((one) => one.decision === decision) &&
      decision.confidence === 'confirmed' &&
      TELLING.includes(decision.cause ?? 'log/unjoined'),
  );
  if (
    TELLING.includes(candidate.cause) &&
    agreeing.length === 0 &&
    against.length >= MIN_REFUTING &&
    against.length >= REFUTE_RATIO * decided.length &&
    against.length >= COVERED_RATIO * candidate.explains.size
  )
    return [];
  if (agreeing.length < AGREE_RATIO * decided.length) return [candidate];
  const isProved = proving.length > 0 && proving.length >= PROVED_RATIO * agreeing.length;
  const exhibit = linesExhibit(
    `${candidate.cause.replace('/', '-')}-${candidate.scope.member ?? 'all'}-lines`,
    isProved ? proving : agreeing,
    context,
  );
  return [
    {
      ...candidate,
      confidence: isProved ? 'confirmed' : candidate.confidence,
      // What lines of both sides show is no chance, however few requests it were.
      p: isProved ? 0 : candidate.p,
      meaning: isProved ? `${candidate.meaning} The logs of both sides prove it.` : candidate.meaning,
      exhibits: [...candidate.exhibits, exhibit],
    },
  ];
}
