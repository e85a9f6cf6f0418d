/** The rows of the decision, in the order in which they are asked. The first that proposes a step within the budget is taken. */
import type { CauseId } from '../../model/causes.ts';
import { type ExperimentSpec, hasDelay, longestDelayUs } from '../../model/profile.ts';
import { formatDuration, formatNumber } from '../../model/quantity.ts';
import { directTo, memberOf, type RouteId } from '../../model/route.ts';
import { US_PER_SEC } from '../../model/time.ts';
import { BURST_FACTOR, burstFrame } from './burst-frame.ts';
import { nextGaps } from './idle-gaps.ts';
import { type AutoState, isFirm, type Row, requestsLeft, type StepKind } from './next-step.ts';
import { routeWords } from './symptoms.ts';

/** As a run without `experiments` asks: a comparison needs time more than rate. */
const MAX_SLOTS_PER_SEC = 5;
/** 32 slots are clean by the sequential test; some more let one early failure be outweighed or come again. */
const BASELINE_SLOTS = 40;
/**
 * Four events in 80 are evidence enough for the judge, who divides what he allows by his looks: one in twenty is still
 * found. Where that many do not fit into the budget, 60 find one in twelve.
 */
const DIRECT_SLOTS = [80, 60] as const;
/** Together with the warm slots of the baseline as many as the detector of slow members asks for. */
const MEMBER_SLOTS = 24;
/** Two failures that agree with the first: no more than it takes. */
const REPEAT_SLOTS = 3;
/** `timeout` sends one request beyond the timer, one below and one above it, and one directly. */
const PROOF_REQUESTS = 4;
/** Twice the time of the failures, and a second: a gateway that tries a second member is seen to. */
const PROOF_FACTOR = 2;
/** The ladder up to a third of the budget takes two thirds of it; the rest is for other steps. */
const MOST_SILENCE_RATIO = 1 / 3;
const VOLLEY_SIZES = [2, 4, 8];

function ratePerSec(routes: number, { profile }: AutoState): number {
  return Math.min(MAX_SLOTS_PER_SEC, profile.limits.maxRatePerSec / 2 / routes);
}

function slots(state: AutoState, count: number, routes: readonly RouteId[] | undefined): number {
  const number = routes?.length ?? state.profile.members.length + 1;
  return Math.ceil((count * US_PER_SEC) / ratePerSec(number, state));
}

function wasDone(state: AutoState, kind: StepKind): boolean {
  return state.done.some((step) => step.kind === kind);
}

/** Causes that make a member's direct failures, or the gateway's quick ones. */
const EXPLAIN_FAILURES =
  /^(connection|member|application|gateway|dns|tls)\/|^queue\/rejected$|^timeout\/(member|probe|gateway-connect)$/;

function isExplained(state: AutoState, causes: RegExp, member?: string): boolean {
  return state.findings.some(
    (finding) =>
      isFirm(finding) &&
      causes.test(finding.cause) &&
      (member === undefined || finding.scope.member === undefined || finding.scope.member === member),
  );
}

const baseline: Row = {
  kind: 'baseline',
  propose(state) {
    if (state.done.length > 0) return undefined;
    const rate = ratePerSec(state.profile.members.length + 1, state);
    return {
      kind: 'step',
      spec: {
        kind: 'compare',
        ratePerSec: rate,
        durationUs: slots(state, BASELINE_SLOTS, undefined),
        newConnectionRatio: 0.25,
        arrival: 'uniform',
        chosen: { until: 'baseline' },
      },
      what: 'baseline: the same requests through the gateway and directly to each member',
      why: 'Nothing is known yet.',
      deliberate: 0,
    };
  },
};

function directSlots(state: AutoState, routes: number): number {
  const [most, least] = DIRECT_SLOTS;
  return most * routes <= requestsLeft(state) ? most : least;
}

/** A finding of the gateway alone needs no more direct requests; a member that fails needs some of its own. */
const direct: Row = {
  kind: 'direct',
  propose(state) {
    if (wasDone(state, 'direct') || state.profile.members.length === 0) return undefined;
    const { symptoms } = state;
    const failing = symptoms.members.filter(
      ({ member, failed }) => failed > 0 && !isExplained(state, EXPLAIN_FAILURES, member),
    );
    const isFast = symptoms.gatewayFast > 0 && failing.length === 0 && !isExplained(state, EXPLAIN_FAILURES);
    if (failing.length === 0 && !isFast) return undefined;
    // A clean peer beside the failing ones tells the member's own fault from the application's.
    const peer = symptoms.members.find(({ failed }) => failed === 0);
    const names = isFast
      ? symptoms.members.map(({ member }) => member)
      : [...failing.map(({ member }) => member), ...(peer === undefined ? [] : [peer.member])];
    const routes = names.map(directTo);
    const why = isFast
      ? `${symptoms.gatewayFast} of ${symptoms.gatewaySent} requests through the gateway failed at once, and no member did so directly so far.`
      : `${failing.map(({ member, failed, sent }) => `${member} failed ${failed} of ${sent} direct requests`).join(', ')}: too few to be sure.`;
    return {
      kind: 'step',
      spec: {
        kind: 'compare',
        ratePerSec: ratePerSec(routes.length, state),
        durationUs: slots(state, directSlots(state, routes.length), routes),
        newConnectionRatio: 0.25,
        arrival: 'uniform',
        chosen: { until: 'evidence', routes },
      },
      what: `direct requests to ${names.join(', ')}, past the gateway`,
      why,
      deliberate: 0,
    };
  },
};

/** Slow failures through the gateway that no firm and proven timer explains. */
function unprovenTimer(
  state: AutoState,
): { readonly elapsedUs: number; readonly requests: readonly string[] } | undefined {
  const isProven = state.findings.some(
    ({ cause, confidence }) => cause.startsWith('timeout/') && confidence === 'confirmed',
  );
  // A gateway may wait for a member that accepts no connection (ARR: 1 s); that time is another cause's.
  return isProven ||
    isExplained(
      state,
      /^(gateway\/(unreachable|cascade)|member\/none-available|connection\/(refused|unreachable)|timeout\/member)$/,
    )
    ? undefined
    : state.symptoms.gatewaySlow;
}

/** What keeps deliberately slow or failing requests from this gateway; undefined where they harm nobody. */
function harm({ profile, guard }: AutoState): string | undefined {
  // A profile without members does not say how many there are.
  if (profile.members.length === 1 || guard.slowRequest === 'never') return undefined;
  return `${guard.because} A run that chooses by itself does not risk it.`;
}

const timeoutProof: Row = {
  kind: 'timeout-proof',
  propose(state) {
    const symptom = unprovenTimer(state);
    const request = state.profile.requests.find(hasDelay);
    if (symptom === undefined || request === undefined || wasDone(state, 'timeout-proof')) return undefined;
    const what = `proof of a timer: one request ${request.name} beyond it, one just below, one just above, one directly`;
    const because = harm(state);
    if (because !== undefined) return { kind: 'forbidden', what, because };
    const upToUs = Math.min(PROOF_FACTOR * symptom.elapsedUs + US_PER_SEC, longestDelayUs(state.profile.limits));
    return {
      kind: 'step',
      spec: { kind: 'timeout', request: request.name, upToUs },
      what,
      why: `Requests through the gateway failed after ${formatDuration(symptom.elapsedUs)}, as a timer makes them.`,
      deliberate: PROOF_REQUESTS,
    };
  },
};

const repeat: Row = {
  kind: 'repeat',
  propose(state) {
    const symptom = unprovenTimer(state);
    if (symptom === undefined || state.profile.requests.some(hasDelay) || wasDone(state, 'repeat')) return undefined;
    if (isExplained(state, /^timeout\//)) return undefined;
    const [name] = symptom.requests;
    if (name === undefined) return undefined;
    const what = `${name} ${REPEAT_SLOTS} more times through the gateway and directly`;
    const because = harm(state);
    if (because !== undefined) return { kind: 'forbidden', what, because };
    return {
      kind: 'step',
      spec: {
        kind: 'compare',
        ratePerSec: Math.min(1, ratePerSec(state.profile.members.length + 1, state)),
        durationUs: Math.ceil(
          (REPEAT_SLOTS * US_PER_SEC) / Math.min(1, ratePerSec(state.profile.members.length + 1, state)),
        ),
        newConnectionRatio: 0.25,
        arrival: 'uniform',
        requests: [name],
        chosen: { until: 'all' },
      },
      what,
      why: `It failed through the gateway after ${formatDuration(symptom.elapsedUs)}, and no request with {delayMs} is there to prove a timer.`,
      deliberate: REPEAT_SLOTS,
    };
  },
};

const keepAlive: Row = {
  kind: 'keep-alive',
  propose(state) {
    const { gatewayFast, gatewaySent, members, staleLosses } = state.symptoms;
    if (!wasDone(state, 'direct') || wasDone(state, 'keep-alive') || isExplained(state, EXPLAIN_FAILURES))
      return undefined;
    const isGatewayAlone = gatewayFast > 0 && members.every(({ failed }) => failed === 0);
    if (!isGatewayAlone && staleLosses === 0) return undefined;
    const what = 'a sweep over idle times of connections, for the keep-alive race';
    if (state.keepAlive === undefined)
      return { kind: 'forbidden', what, because: 'this version has no keep-alive experiment' };
    const why = isGatewayAlone
      ? `${gatewayFast} of ${gatewaySent} requests through the gateway failed at once, and the members fail none directly.`
      : `${staleLosses} requests were lost on reused connections, and none on new ones.`;
    return { kind: 'step', spec: state.keepAlive, what, why, deliberate: 0 };
  },
};

const idle: Row = {
  kind: 'idle',
  propose(state) {
    const { coldFirst, pauses } = state.symptoms;
    if (coldFirst === undefined || isExplained(state, /^cold-start\//)) return undefined;
    const gaps = nextGaps(pauses);
    if (gaps === undefined) return undefined;
    const what = `silence of ${gaps.spec.gapsUs.map(formatDuration).join(' and ')}${gaps.spec.repeats > 1 ? `, ${gaps.spec.repeats} times each` : ''}, then requests on every route`;
    if (Math.max(...gaps.spec.gapsUs) > state.budget.durationUs * MOST_SILENCE_RATIO)
      return {
        kind: 'forbidden',
        what,
        because: `one silence would take more than a third of --budget (${formatDuration(state.budget.durationUs)})`,
      };
    return {
      kind: 'step',
      spec: { kind: 'idle', ...gaps.spec },
      what,
      why:
        gaps.why ??
        `The first request on ${routeWords(coldFirst.route)} took ${formatDuration(coldFirst.firstUs)}, later ones ${formatDuration(coldFirst.usualUs)}.`,
      deliberate: 0,
    };
  },
};

const SLOW_CAUSES: readonly CauseId[] = ['member/slow', 'queue/member', 'cold-start/idle'];

const compareMembers: Row = {
  kind: 'compare-members',
  propose(state) {
    const { slowMember } = state.symptoms;
    if (slowMember === undefined || wasDone(state, 'compare-members')) return undefined;
    const isKnown = state.findings.some(
      (finding) => isFirm(finding) && SLOW_CAUSES.includes(finding.cause) && finding.scope.member === slowMember.member,
    );
    if (isKnown) return undefined;
    return {
      kind: 'step',
      spec: {
        kind: 'compare',
        ratePerSec: ratePerSec(state.profile.members.length + 1, state),
        durationUs: slots(state, MEMBER_SLOTS, undefined),
        newConnectionRatio: 0.25,
        arrival: 'uniform',
        requests: [slowMember.requestName],
        chosen: { until: 'all' },
      },
      what: `${slowMember.requestName} side by side on every member`,
      why: `${slowMember.member} took ${formatNumber(slowMember.ratio)} times as long as its peers for it.`,
      deliberate: 0,
    };
  },
};

/** Load is looked into only where little load showed no fault: else it would be mixed with it. */
function isQuietlyFine(state: AutoState): boolean {
  const { gatewayFailed, members } = state.symptoms;
  return gatewayFailed === 0 && members.every(({ failed }) => failed === 0) && !state.findings.some(isFirm);
}

const volley: Row = {
  kind: 'volley',
  propose(state) {
    if (!state.isCurious || wasDone(state, 'volley') || !isQuietlyFine(state)) return undefined;
    return {
      kind: 'step',
      spec: { kind: 'volley', sizes: VOLLEY_SIZES },
      what: `volleys of ${VOLLEY_SIZES.join(', ')} requests at one instant`,
      why: 'Nothing failed one by one; whether requests wait for each other shows only together.',
      deliberate: 0,
    };
  },
};

const load: Row = {
  kind: 'burst',
  propose(state) {
    const [first] = state.symptoms.waves;
    if (first === undefined || wasDone(state, 'burst') || isExplained(state, /^queue\//)) return undefined;
    const { profile } = state;
    const isMember = memberOf(first.route) !== undefined;
    const capacity = first.ratePerSec;
    const rate = Math.ceil(BURST_FACTOR * capacity * (isMember ? profile.members.length : 1));
    const { canariesPerSec, durationUs } = burstFrame(profile);
    const what = `a burst of ${formatNumber(rate)}/s through the gateway, watched by direct requests`;
    const needed = rate + canariesPerSec * profile.members.length;
    if (needed > profile.limits.maxRatePerSec) {
      return {
        kind: 'forbidden',
        what,
        because: `with its canaries it needs ${formatNumber(needed)}/s, above limits.maxRate ${formatNumber(profile.limits.maxRatePerSec)}/s`,
      };
    }
    const spec: ExperimentSpec = {
      kind: 'burst',
      load: { loop: 'open', ratePerSec: rate },
      durationUs,
      arrival: 'uniform',
    };
    return {
      kind: 'step',
      spec,
      what,
      why: `Volleys to ${routeWords(first.route)} came back ${first.words}. That is about ${formatNumber(capacity)}/s; where the others wait shows only under more.`,
      deliberate: 0,
    };
  },
};

export const ROWS: readonly Row[] = [
  baseline,
  direct,
  timeoutProof,
  repeat,
  keepAlive,
  idle,
  compareMembers,
  volley,
  load,
];
