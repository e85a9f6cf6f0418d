/** Rows 7-15, 38: the gateway stopped waiting. */
import { formatDuration } from '../model/quantity.ts';
import {
  at,
  type Decision,
  fromFrontAlone,
  HIGH,
  is,
  isAbsent,
  isExact,
  kernelSays,
  LOW,
  MEDIUM,
  mayBe,
  says,
  type TableRow,
  withAbsence,
  withLine,
} from './decision.ts';
import { type Facts, toleranceUs } from './log-facts.ts';

/** Kernel reasons that say: it waited in the queue of the application pool and was never handed to a worker. */
const NEVER_DISPATCHED = /^(?:Timer_AppPool|Timer_ReqQueue|Client_Reset|QueueFull)$/;
/** A worker went away with the request in it, or its queue was closed over it. */
const ABANDONED = /^Connection_Abandoned_By_(?:AppPool|ReqQueue)$/;
/** What is quicker than a second is no timer of a gateway. */
const LEAST_TIMER_US = 1_000_000;
/** That many requests of a member cut in one second are the end of its worker, whatever the event log holds. */
const CUT_TOGETHER = 3;

function waitedUs(f: Facts): number | undefined {
  const us = f.reading?.waitedUs ?? f.frontUs;
  return us === undefined || us <= 0 ? undefined : us;
}

function isTimeout(f: Facts): boolean {
  if (is(f, 'response/timeout')) return true;
  if (!mayBe(f, 'response/timeout') || !f.isSameRequest || !hasOutlasted(f)) return false;
  return !is(f, 'client/abort') || isTimerOfAll(f);
}

/** A client that leaves cuts the member's work as a timer does, but each at a time of its own: a timer is the same for most of them. */
function isTimerOfAll(f: Facts): boolean {
  const { agreeing, of } = f.context.leftAlike(f.journey);
  return of <= 1 || agreeing > 0.5 * of;
}

/** One that left proves nothing alone. */
function isLoneGuess(f: Facts): boolean {
  return is(f, 'client/abort') && f.context.leftAlike(f.journey).agreeing <= 1;
}

/** A line that says nothing but 5xx, while the member found out later that the gateway had gone: it had stopped waiting. */
function hasLeftUntold(f: Facts): boolean {
  const waited = waitedUs(f);
  return (
    is(f, 'unknown', 'gateway/backend-fetch-failed') &&
    (f.frontLine?.status ?? 0) >= 500 &&
    f.memberLine === 'aborted' &&
    f.isSameRequest &&
    waited !== undefined &&
    waited >= LEAST_TIMER_US &&
    (f.memberUs ?? 0) >= waited + toleranceUs(waited)
  );
}

/** The member was at work for as long as the gateway waited. */
function hasOutlasted(f: Facts): boolean {
  const waited = waitedUs(f);
  return f.memberUs !== undefined && waited !== undefined && f.memberUs >= waited - toleranceUs(waited);
}

/** Together with the time that passed before the member's clock began; the clocks must agree better than that. */
function hasOutlastedWithDelay({ lateUs, memberUs, ...f }: Facts, waited: number | undefined): boolean {
  if (memberUs === undefined || lateUs === undefined || waited === undefined || f.isAmbiguous) return false;
  const isLate = lateUs.value > Math.max(250_000, 2 * lateUs.error);
  return isLate && lateUs.value + lateUs.error + memberUs >= waited - toleranceUs(waited);
}

/** Began in time, as far as the clocks can tell that from the wait. */
function isInTime({ lateUs }: Facts, waited: number | undefined): boolean {
  if (lateUs === undefined || waited === undefined) return false;
  return lateUs.error <= 0.25 * waited && Math.abs(lateUs.value) <= 0.25 * waited + lateUs.error;
}

function timedOut(f: Facts, rest: Omit<Decision, 'row' | 'waitedUs'>): Omit<Decision, 'row'> {
  const us = waitedUs(f);
  return { ...rest, ...(us === undefined ? {} : { waitedUs: us }) };
}

function outlasted(f: Facts): string {
  const line = f.member?.access[0];
  const taken = formatDuration(f.memberUs ?? 0);
  return f.memberLine === 'aborted'
    ? `${says(f)}; the member logged ${line?.status ?? 'an answer'} after ${taken} to a gateway that had gone`
    : `${says(f)}; the member took ${taken} for it`;
}

/** Lost before the member's clock began: in the gateway where it says so, while connecting where that took long. */
function lostBefore(f: Facts): Pick<Decision, 'cause' | 'confidence'> {
  const late = f.lateUs?.value ?? 0;
  const connectUs = f.frontLine?.upstream?.at(-1)?.connectUs ?? 0;
  const cause = connectUs > 0.5 * late ? 'queue/listen-backlog' : 'queue/gateway';
  return { cause, confidence: withLine(f, true) };
}

const WAITED_ROWS: readonly TableRow[] = [
  {
    row: '13',
    when: (f) => is(f, 'pool/queue-timeout'),
    decide: (f) => timedOut(f, { cause: 'timeout/gateway-queue', confidence: withAbsence(f), because: says(f) }),
  },
  {
    row: '7',
    when: (f) => isTimeout(f) && hasOutlasted(f) && f.memberLine !== 'none',
    decide: (f) =>
      timedOut(f, {
        cause: 'timeout/gateway-response',
        confidence: f.isAmbiguous || isLoneGuess(f) ? fromFrontAlone(f) : HIGH,
        because: outlasted(f),
        ...at(f),
      }),
  },
  {
    row: '7',
    when: hasLeftUntold,
    decide: (f) =>
      timedOut(f, { cause: 'timeout/gateway-response', confidence: MEDIUM, because: outlasted(f), ...at(f) }),
  },
  {
    row: '8',
    when: (f) => isTimeout(f) && hasOutlastedWithDelay(f, waitedUs(f)),
    decide: (f) =>
      timedOut(f, {
        ...lostBefore(f),
        because: `${says(f)}; the member began ${formatDuration(f.lateUs?.value ?? 0)} later than usual and took ${formatDuration(f.memberUs ?? 0)}: the time was lost before it`,
        ...at(f),
      }),
  },
  {
    row: '9',
    when: (f) => isTimeout(f) && f.memberLine === 'ok' && f.isSameRequest && isInTime(f, waitedUs(f)),
    decide: (f) =>
      timedOut(f, {
        cause: 'path/retransmission',
        confidence: LOW,
        because: `${says(f)}; the member began in time and logged a whole answer after ${formatDuration(f.memberUs ?? 0)}, which the gateway did not get`,
        ...at(f),
      }),
  },
  {
    row: '45',
    // Another request's quick answer says nothing, and the gateway's words stand; this request's own contradicts them.
    when: (f) => isTimeout(f) && f.memberLine === 'ok' && f.memberUs !== undefined && f.isSameRequest,
    decide: (f) =>
      timedOut(f, {
        confidence: LOW,
        undecided: true,
        because: `${says(f)}; the member logged a quick, whole answer, and the clocks do not tell whether it began late or the answer was lost`,
      }),
  },
];

const NO_LINE_ROWS: readonly TableRow[] = [
  {
    row: '10',
    when: (f) => isTimeout(f) && f.memberLine === 'none' && kernelSays(f, NEVER_DISPATCHED) !== undefined,
    decide: (f) =>
      timedOut(f, {
        cause: 'queue/member',
        confidence: HIGH,
        because: `${says(f)}; HTTPERR of the member says ${kernelSays(f, NEVER_DISPATCHED)}: the request waited in its queue and no worker took it`,
        ...at(f),
      }),
  },
  {
    row: '11',
    when: (f) =>
      isTimeout(f) &&
      f.memberLine === 'none' &&
      (f.crash !== undefined ||
        (kernelSays(f, ABANDONED) !== undefined && f.context.cutTogether(f.journey) >= CUT_TOGETHER)),
    decide: (f) =>
      timedOut(f, {
        cause: 'connection/dropped-before-response',
        confidence: kernelSays(f, ABANDONED) === undefined ? MEDIUM : HIGH,
        because: `${says(f)}; ${f.crash === undefined ? `HTTPERR of the member has ${f.context.cutTogether(f.journey)} abandoned requests in that second` : `the member’s process ended then: ${f.crash.what}`}`,
        ...at(f),
      }),
  },
  {
    row: '10',
    when: (f) => isTimeout(f) && f.memberLine === 'none' && kernelSays(f, ABANDONED) !== undefined,
    decide: (f) =>
      timedOut(f, {
        cause: 'queue/member',
        confidence: MEDIUM,
        because: `${says(f)}; HTTPERR of the member says ${kernelSays(f, ABANDONED)}: its worker had the request and never answered`,
        ...at(f),
      }),
  },
  {
    row: '7',
    when: (f) => isTimeout(f) && f.memberLine === 'none' && f.kernel.includes('Connection_Dropped'),
    decide: (f) =>
      timedOut(f, {
        cause: 'timeout/gateway-response',
        confidence: HIGH,
        because: `${says(f)}; HTTPERR of the member says Connection_Dropped: it was at work when the gateway left`,
        ...at(f),
      }),
  },
  {
    row: '12',
    when: (f) => is(f, 'connect/timeout', 'tls/handshake-timeout'),
    decide: (f) =>
      timedOut(f, { cause: 'timeout/gateway-connect', confidence: withAbsence(f), because: says(f), ...at(f) }),
  },
  {
    row: '14',
    when: (f) => isTimeout(f) && isAbsent(f) && isExact(f) && f.isReused === true,
    decide: (f) =>
      timedOut(f, {
        cause: 'connection/silent-idle-drop',
        confidence: MEDIUM,
        because: `${says(f)} on a connection that was used before, and the member never saw the request`,
        ...at(f),
      }),
  },
  {
    row: '15',
    when: (f) => isTimeout(f) && isAbsent(f),
    decide: (f) =>
      timedOut(f, {
        cause: 'queue/listen-backlog',
        confidence: isExact(f) ? MEDIUM : LOW,
        because: `${says(f)}; the member has no line of the request: it hangs, or never accepted it`,
        ...at(f),
      }),
  },
];

const ONE_SIDED_ROWS: readonly TableRow[] = [
  {
    row: '7',
    when: (f) => is(f, 'response/timeout'),
    decide: (f) =>
      timedOut(f, { cause: 'timeout/gateway-response', confidence: fromFrontAlone(f), because: says(f), ...at(f) }),
  },
  {
    row: '38',
    when: (f) => is(f, 'response/stalled'),
    decide: (f) =>
      timedOut(f, {
        cause: 'timeout/gateway-read',
        confidence: withLine(f, f.memberLine === 'aborted' && hasOutlasted(f)),
        because: says(f),
        ...at(f),
      }),
  },
  {
    row: '38',
    when: (f) => is(f, 'gateway/local-timeout'),
    decide: (f) => timedOut(f, { cause: 'timeout/gateway-total', confidence: fromFrontAlone(f), because: says(f) }),
  },
  {
    row: '7',
    when: (f) => is(f, 'request/send-timeout'),
    decide: (f) =>
      timedOut(f, { cause: 'timeout/gateway-send', confidence: fromFrontAlone(f), because: says(f), ...at(f) }),
  },
  {
    row: '25',
    when: (f) => is(f, 'dns/timeout'),
    decide: (f) => timedOut(f, { cause: 'timeout/gateway-resolve', confidence: withAbsence(f), because: says(f) }),
  },
];

export const DECISIONS_TIMEOUT: readonly TableRow[] = [...WAITED_ROWS, ...NO_LINE_ROWS, ...ONE_SIDED_ROWS];
