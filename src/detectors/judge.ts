/** From candidates to findings: excludes the probe, controls the error over all detectors, settles rivals, adds remedies. */

import type { Measures } from '../analysis/measures.ts';
import type { Gateway } from '../gateways/gateway.ts';
import { remedyFor } from '../gateways/remedies.ts';
import { CAUSES, type CauseId } from '../model/causes.ts';
import type { Finding, Rival, Verdict } from '../model/finding.ts';
import { compareSeverity, isAtLeast } from '../model/severity.ts';
import { withDeclarations } from './declarations.ts';
import type { Candidate, Detection, Detector, DetectorContext } from './detector.ts';
import { EXPLAINED_BY } from './explained-by.ts';
import { surroundingsOf } from './surroundings.ts';

export type Judgement = {
  readonly findings: readonly Finding[];
  readonly detectors: readonly { readonly id: CauseId; readonly title: string; readonly verdict: Verdict }[];
};

/**
 * A finding at warning or above must be this improbable without its cause (design). Each candidate's p is already
 * corrected for what its detector searched; 20 detectors at 1e-4 keep the whole report below the 1 % of methods C.0.
 */
const ALPHA = 1e-4;

/** What a candidate of warning may cost at each of so many looks, together `ALPHA` (union bound: the looks share their data). */
export function alphaOfLook(looks: number): number {
  return ALPHA / Math.max(1, looks);
}
/** A candidate of which this share is already explained by stronger ones has no evidence of its own left. */
const EXPLAINED_RATIO = 0.8;

/** Strongest first: what is seen by itself goes before what is inferred from what is left. */
const PRECEDENCE: readonly CauseId[] = [
  'probe/saturated',
  'gateway/unreachable',
  'dns/failed',
  'tls/failed',
  'connection/refused',
  'connection/unreachable',
  // Before what it looks like while it lasts: no member can be reached.
  'connection/port-exhaustion',
  'gateway/cascade',
  'member/none-available',
  // Before what it looks like in a log: the moment at which a request is lost tells the race.
  'connection/keep-alive-race',
  'connection/dropped-before-response',
  'connection/dropped-mid-response',
  'connection/invalid-response',
  'connection/silent-idle-drop',
  'timeout/gateway-response',
  'timeout/gateway-read',
  'timeout/gateway-connect',
  'timeout/gateway-queue',
  'timeout/gateway-send',
  'timeout/gateway-resolve',
  'timeout/gateway-total',
  'timeout/member',
  'timeout/middlebox',
  'cold-start/idle',
  'cold-start/recycle',
  'cold-start/connection',
  'probe/rate-limited',
  'queue/rejected',
  'application/error',
  'member/flapping',
  'member/errors',
  'queue/thread-starvation',
  'queue/member',
  'queue/gateway',
  'queue/listen-backlog',
  'gateway/overloaded',
  'gateway/retry-duplicate',
  'timeout/probe',
  'stall/pause',
  'path/delayed-ack',
  'tls/certificate-expiring',
  'dns/slow',
  'connection/syn-loss',
  'tls/slow',
  'member/skew',
  'gateway/buffering',
  'member/slow',
  'application/slow',
  'path/retransmission',
  'gateway/overhead',
  'change/errors',
  'change/latency',
  'log/unjoined',
];

/** `looks`: how often at most the data of this run is judged while it grows. Whoever looks again and again sees chance at its best. */
export function judge(
  detectors: readonly Detector[],
  gateways: readonly Gateway[],
  context: DetectorContext,
  looks = 1,
): Judgement {
  const detections = detectors.map((detector) => ({ detector, detection: detectSafely(detector, context) }));
  const saturated = detections.find(
    ({ detector, detection }) => detector.cause === 'probe/saturated' && detection.state === 'candidates',
  );
  if (saturated !== undefined) return invalidJudgement(detections, gateways, context.measures);

  const all = detections.flatMap(({ detection }) => (detection.state === 'candidates' ? detection.candidates : []));
  const settled = settleRivals(all.map((candidate) => demoteImprobable(candidate, looks)));
  const findings = settled.kept.map(({ candidate, rivals }) =>
    findingOf(candidate, rivals, gateways, context.measures),
  );
  findings.sort(
    (a, b) => compareSeverity(b.severity, a.severity) || PRECEDENCE.indexOf(a.cause) - PRECEDENCE.indexOf(b.cause),
  );
  return {
    findings,
    detectors: detections.map(({ detector, detection }) => ({
      id: detector.cause,
      title: CAUSES[detector.cause].title,
      verdict: verdictOf(detector, detection, findings, settled.dropped),
    })),
  };
}

type Settled = {
  readonly kept: { candidate: Candidate; rivals: Rival[] }[];
  readonly dropped: ReadonlyMap<CauseId, string>;
};

function settleRivals(candidates: readonly Candidate[]): Settled {
  const byStrength = [...candidates].sort((a, b) => PRECEDENCE.indexOf(a.cause) - PRECEDENCE.indexOf(b.cause));
  const kept: { candidate: Candidate; rivals: Rival[] }[] = [];
  const dropped = new Map<CauseId, string>();
  for (const candidate of byStrength) {
    const winner = explainedBy(
      candidate,
      kept.map(({ candidate: other }) => other),
    );
    if (winner === undefined) {
      kept.push({ candidate, rivals: [...candidate.rivals] });
      continue;
    }
    const { title } = CAUSES[winner.cause];
    dropped.set(candidate.cause, `explained by ${winner.cause}: ${winner.because}`);
    const stronger = kept.find(({ candidate: other }) => other.cause === winner.cause);
    if (stronger !== undefined && !stronger.rivals.some(({ cause }) => cause === candidate.cause))
      stronger.rivals.push({ cause: candidate.cause, whyNot: `${winner.because} (${title})` });
  }
  return { kept, dropped };
}

function explainedBy(
  candidate: Candidate,
  stronger: readonly Candidate[],
): { cause: CauseId; because: string } | undefined {
  for (const rule of EXPLAINED_BY) {
    if (rule.loser !== candidate.cause) continue;
    const winner = stronger.find(
      (other) =>
        other.cause === rule.winner &&
        (!rule.sameMember || other.scope.member === candidate.scope.member) &&
        (rule.when?.(candidate, other) ?? true) &&
        other.severity !== 'info',
    );
    if (winner !== undefined) return { cause: winner.cause, because: rule.because };
  }
  // Causes seen by themselves stand beside each other; only failures inferred from what came through are explained away.
  if (candidate.explains.size === 0) return undefined;
  const others = stronger.filter((other) => other.cause !== candidate.cause && other.severity !== 'info');
  const explained = [...candidate.explains].filter((seq) => others.some((other) => other.explains.has(seq))).length;
  if (explained < EXPLAINED_RATIO * candidate.explains.size) return undefined;
  const main = others.reduce((best, other) => (overlap(other, candidate) > overlap(best, candidate) ? other : best));
  return { cause: main.cause, because: 'the same requests are explained by a cause with stronger evidence' };
}

function overlap(a: Candidate, b: Candidate): number {
  let count = 0;
  for (const seq of b.explains) if (a.explains.has(seq)) count++;
  return count;
}

/** Evidence that chance makes too easily is shown as information, never as a warning. */
function demoteImprobable(candidate: Candidate, looks: number): Candidate {
  if (candidate.p <= alphaOfLook(looks) || !isAtLeast(candidate.severity, 'warning')) return candidate;
  const demoted = { ...candidate, severity: 'info', confidence: 'possible' } as const;
  if (candidate.p > ALPHA) return demoted;
  const why = `This run judged itself after every step, up to ${looks} times, and chance has as many occasions: a run of a fixed length with this evidence would have called it a warning.`;
  return { ...demoted, meaning: `${candidate.meaning} ${why}` };
}

/** Where nothing was sent there is no experiment to run again. */
const VERIFY_BY_LOGS =
  'Change it, let it serve for as long as these logs cover, and explain the new ones: this class must be gone. A run (gateprobe run <profile>) shows it at once.';

function findingOf(
  candidate: Candidate,
  rivals: readonly Rival[],
  gateways: readonly Gateway[],
  measures: Measures,
): Finding {
  const { p: _p, explains: _explains, requestPath, suggestedUs, refusedBy, ...rest } = candidate;
  const member = candidate.scope.member;
  const memberUrl = measures.profile.members.find(({ name }) => name === member)?.url;
  const remedy = remedyFor(gateways, measures.gateway.kind, {
    cause: candidate.cause,
    ...(member === undefined ? {} : { member }),
    ...(memberUrl === undefined ? {} : { memberUrl }),
    ...(requestPath === undefined ? {} : { requestPath }),
    measured: candidate.measured,
    ...(suggestedUs === undefined ? {} : { suggestedUs }),
    ...(refusedBy === undefined ? {} : { refusedBy }),
    ...surroundingsOf(measures),
  });
  const shown = measures.experiments.length > 0 ? remedy : { ...remedy, howToVerify: VERIFY_BY_LOGS };
  return withDeclarations({ ...rest, rivals, remedy: shown }, measures);
}

function verdictOf(
  detector: Detector,
  detection: Detection | { state: 'failed'; error: string },
  findings: readonly Finding[],
  dropped: ReadonlyMap<CauseId, string>,
): Verdict {
  if (detection.state !== 'candidates') return detection;
  const count = findings.filter(({ cause }) => cause === detector.cause).length;
  return count > 0
    ? { state: 'found', count }
    : { state: 'clear', checked: dropped.get(detector.cause) ?? 'settled in favour of another cause' };
}

function detectSafely(detector: Detector, context: DetectorContext): Detection | { state: 'failed'; error: string } {
  try {
    return detector.detect(context);
  } catch (error) {
    // A detector with a bug must not take the others' verdicts with it; the report shows it as failed.
    return { state: 'failed', error: error instanceof Error ? error.message : String(error) };
  }
}

function invalidJudgement(
  detections: readonly { detector: Detector; detection: Detection | { state: 'failed'; error: string } }[],
  gateways: readonly Gateway[],
  measures: Measures,
): Judgement {
  const own = detections.flatMap(({ detector, detection }) =>
    detector.cause === 'probe/saturated' && detection.state === 'candidates' ? detection.candidates : [],
  );
  return {
    findings: own.map((candidate) => findingOf(candidate, candidate.rivals, gateways, measures)),
    detectors: detections.map(({ detector }) => ({
      id: detector.cause,
      title: CAUSES[detector.cause].title,
      verdict:
        detector.cause === 'probe/saturated'
          ? { state: 'found', count: own.length }
          : { state: 'not-applicable', reason: 'the run is not valid, so no verdict about the target is given' },
    })),
  };
}
