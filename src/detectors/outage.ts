/** A stretch of time in which the gateway had nobody to send to: shared by the causes that explain it. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { binomialTail } from '../analysis/proportion.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import type { DetectorContext } from './detector.ts';
import { isRefused } from './down-spells.ts';
import { afterSendUs } from './elapsed.ts';
import { type Tally, tallyOf } from './tally.ts';

/** "No server" is said at once, or after the turn-around of a refused connect: WinHTTP 1 s, HAProxy 3 s of retries. */
export const TURNAROUND_US = 3_500_000;
/** Failures sooner than this are no timer's: none that we know is set below. */
export const LEAST_TIMER_US = 300_000;
/** Nearly all: a health test that lets one request through now and then does not end an outage. */
const OUTAGE_RATIO = 0.9;
/** One of two members that fails in turn makes half of the requests fail: what an outage must be told from. */
const HALF = 0.5;
/** Fewer cannot be told from one failing member whatever their order (0.5^8 = 0.4 %). */
export const LEAST_REFUSED = 8;

export type Outage = {
  readonly refused: readonly Exchange[];
  /** How many there were; `refused` may hold fewer. */
  readonly count: number;
  /** Requests through the gateway within the stretch. */
  readonly asked: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly isWholeRun: boolean;
  /** That so many in a row fail if each failed by itself, over all stretches of the run. */
  readonly p: number;
};

/** Whether the gateway itself answered 502 or 503 without having waited for a timer, as far as the answer tells. */
export function refusedByGateway(exchange: Exchange, { gateway }: DetectorContext): boolean {
  const { outcome, answer } = exchange;
  if (outcome.kind !== 'response' || !isFailure(exchange) || afterSendUs(exchange) > TURNAROUND_US) return false;
  return (
    (outcome.status === 502 || outcome.status === 503) && (answer === undefined || gateway.wroteIt(answer) !== false)
  );
}

/** Requests through the gateway at a steady rate; in a burst a full queue answers so as well. */
export function steadyTally(measures: Measures): Tally {
  return tallyOf(measures, { route: GATEWAY, roles: ['slot'] });
}

/**
 * The longest stretch in which at least 90 % of the requests through the gateway were refused by it. Where a long run
 * kept only a sample of them, order says nothing: then it is the whole run or nothing.
 */
export function findOutage(context: DetectorContext): Outage | undefined {
  const tally = steadyTally(context.measures);
  const inOrder = [...tally.kept].sort((a, b) => a.dueUs - b.dueUs);
  const isRefused = inOrder.map((exchange) => refusedByGateway(exchange, context));
  const isSampled = inOrder.length < tally.ended;
  const [from, to] = isSampled
    ? [0, inOrder.length]
    : densest(isRefused.map((is) => (is ? 1 - OUTAGE_RATIO : -OUTAGE_RATIO)));
  const within = inOrder.slice(from, to);
  const refused = within.filter((_, i) => isRefused[from + i]);
  const count = tally.countOf(refused);
  const asked = isSampled ? tally.ended : within.length;
  const [first, last] = [refused[0], refused.at(-1)];
  if (first === undefined || last === undefined || refused.length < LEAST_REFUSED) return undefined;
  if (count < OUTAGE_RATIO * asked || isTimer(refused, context.measures)) return undefined;
  if (isTried(refused, first.dueUs, last.endUs, context.measures)) return undefined;
  const failedElsewhere = inOrder.filter((exchange, i) => (i < from || i >= to) && isFailure(exchange)).length;
  const isWholeRun = asked >= OUTAGE_RATIO * tally.ended;
  const background = isWholeRun ? HALF : Math.max(HALF, (failedElsewhere + 1) / (inOrder.length - within.length + 2));
  const stretches = isWholeRun ? 1 : tally.ended;
  return {
    refused,
    count,
    asked,
    startUs: first.dueUs,
    endUs: last.endUs,
    isWholeRun,
    p: Math.min(1, stretches * binomialTail(count, asked, background)),
  };
}

/**
 * The gateway waited before it refused, as for attempts to connect, while one member took no connections and another answered: it has
 * members, and sends to the wrong one (a session that sticks to it, say). That nobody is left it would have said at once.
 */
function isTried(refused: readonly Exchange[], startUs: number, endUs: number, measures: Measures): boolean {
  if (median(refused.map(afterSendUs)) < LEAST_TIMER_US) return false;
  const during = measures.members.map((member) =>
    measures
      .exchanges({ route: directTo(member), roles: ['slot'] })
      .filter(({ sentUs, dueUs }) => sentUs !== undefined && dueUs >= startUs && dueUs <= endUs),
  );
  const isClosed = during.some((own) => own.length > 0 && own.every(isRefused));
  return isClosed && during.some((own) => own.length > 0 && own.every((exchange) => !isFailure(exchange)));
}

/** Bounds of the part with the largest sum (Kadane): with these scores, the longest in which nearly all are refused. */
function densest(scores: readonly number[]): readonly [from: number, to: number] {
  let best = 0;
  let bounds: readonly [number, number] = [0, 0];
  let sum = 0;
  let from = 0;
  scores.forEach((score, i) => {
    if (sum <= 0) {
      sum = 0;
      from = i;
    }
    sum += score;
    if (sum > best) {
      best = sum;
      bounds = [from, i + 1];
    }
  });
  return bounds;
}

/** The gateway waited, and members asked directly take at least about as long: a timer shorter than the work. */
function isTimer(refused: readonly Exchange[], measures: Measures): boolean {
  const waitedUs = median(refused.map(afterSendUs));
  if (waitedUs < LEAST_TIMER_US) return false;
  const answered = measures.members.flatMap((member) =>
    measures.exchanges({ route: directTo(member), roles: ['slot'], cohorts: ['ok'] }).map(afterSendUs),
  );
  return answered.length > 0 && median(answered) >= 0.8 * waitedUs;
}
