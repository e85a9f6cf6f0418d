/** Slow requests take members out for everyone: one that waits k timers, or one for each member; then instant failures for all, then recovery. */
import { median } from '../analysis/medians.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { afterSendUs, backgroundFailureRatio } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** Fewer in a row can be chance or one member; nginx keeps its members out for 10 s, so at any useful rate there are many. */
const LEAST_RUN = 8;
/** Instant: no member was asked. nginx answers "no live upstreams" in about 0 ms (measured); a busy probe adds some. */
const INSTANT_US = 100_000;
/** The slow failure ends within this time before the first instant one (measured: at once). */
const BEFORE_US = 1_500_000;
const LEAST_WAIT_US = 300_000;

type Run = { readonly failures: readonly Exchange[]; readonly recoveredAtUs: number | undefined };

/** Stretches in which every request through the gateway failed at once. */
function instantRuns(exchanges: readonly Exchange[]): readonly Run[] {
  const runs: Run[] = [];
  let current: Exchange[] = [];
  for (const exchange of exchanges) {
    if (isFailure(exchange) && afterSendUs(exchange) <= INSTANT_US) current.push(exchange);
    else if (!isFailure(exchange)) {
      if (current.length >= LEAST_RUN) runs.push({ failures: current, recoveredAtUs: exchange.dueUs });
      current = [];
    }
  }
  if (current.length >= LEAST_RUN) runs.push({ failures: current, recoveredAtUs: undefined });
  return runs;
}

/** nginx leaves a member out for 10 s. */
const HOLD_US = 10_000_000;
/** Timers fire 1 to 8 ms late (measured on five gateways): an answer must come later than that to outlast one. */
const MULTIPLE_SLACK = 0.02;

/**
 * One timer within the waits of the slow requests, each of which tried some members in turn, one timer each. One alone tried all.
 * Of several, that were under way together and took members from each other, the longest tried all and the others fewer: their
 * waits are whole multiples of one timer, with no common divisor. Undefined: the number of tries is not known, or some answer
 * to the same request took longer than the timer and came through.
 */
function timerWithin(slow: readonly Exchange[], exchanges: readonly Exchange[], members: number): number | undefined {
  const waits = slow.map(afterSendUs);
  const timerUs = Math.max(...waits) / members;
  const tries = waits.map((us) => Math.round(us / timerUs));
  const isWhole = waits.every((us, i) => Math.abs(us - (tries[i] ?? 0) * timerUs) <= MULTIPLE_SLACK * us);
  const isKnown = slow.length === 1 || (isWhole && tries.reduce(greatestDivisor) === 1);
  const names = new Set(slow.map(({ requestName }) => requestName));
  const isOutlasted = exchanges.some(
    (exchange) =>
      names.has(exchange.requestName) && !isFailure(exchange) && afterSendUs(exchange) > timerUs * (1 + MULTIPLE_SLACK),
  );
  return isOutlasted || !isKnown || timerUs < LEAST_WAIT_US ? undefined : Math.round(timerUs);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/**
 * The slow failures that may have taken members out: those shortly before took them out one by one, with fewer tries each (nginx
 * counts a timeout also where it does not try another member: measured), those still under way shared the members with the last.
 */
function slowOnes(trigger: Exchange, exchanges: readonly Exchange[]): readonly Exchange[] {
  return exchanges.filter(
    (exchange) =>
      isFailure(exchange) &&
      afterSendUs(exchange) >= LEAST_WAIT_US &&
      (exchange.sentUs ?? exchange.dueUs) < trigger.endUs &&
      exchange.endUs > trigger.endUs - HOLD_US,
  );
}

type Words = { readonly title: string; readonly tried: string; readonly reading: string };

function wordsOf(slow: readonly Exchange[]): Words {
  const names = [...new Set(slow.map(({ requestName }) => requestName))].join(', ');
  const waited = formatDuration(Math.max(...slow.map(afterSendUs)));
  if (slow.length === 1)
    return {
      title: `One slow request (${names}, ${waited})`,
      tried: 'The gateway tried the slow request on one member after another and counted each as failed.',
      reading: 'The first row waited for every member in turn; the rows after it were refused at once.',
    };
  const ends = slow.map(({ endUs }) => endUs);
  const within = formatDuration(Math.max(...ends) - Math.min(...ends));
  return {
    title: `${slow.length} slow requests within ${within} (${names}, up to ${waited})`,
    tried:
      'For each of these requests the gateway counted a failure of the member that it had asked, or of several in turn.',
    reading: `The first ${slow.length} rows waited for members; the rows after them were refused at once.`,
  };
}

export const cascade: Detector = {
  cause: 'gateway/cascade',
  detect({ measures }): Detection {
    if (measures.members.length < 2)
      return { state: 'not-applicable', reason: 'one member: there is no other to take out' };
    const exchanges = measures
      .exchanges({ route: GATEWAY })
      .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
    if (exchanges.length < LEAST_RUN)
      return insufficient(`${LEAST_RUN} requests through the gateway`, String(exchanges.length));
    const byDue = [...exchanges].sort((a, b) => a.dueUs - b.dueUs);
    for (const run of instantRuns(byDue)) {
      const first = run.failures[0] as Exchange;
      const trigger = byDue.find(
        (exchange) =>
          isFailure(exchange) &&
          afterSendUs(exchange) >= LEAST_WAIT_US &&
          // The answer of the slow one and the first refusal leave the gateway at one moment and may overtake each other.
          exchange.endUs <= first.endUs + INSTANT_US &&
          exchange.endUs >= first.dueUs - BEFORE_US,
      );
      const lastUs = run.recoveredAtUs ?? (run.failures.at(-1) as Exchange).endUs;
      const directDuring = measures.members
        .flatMap((member) => measures.exchanges({ route: directTo(member) }))
        .filter(({ dueUs, sentUs }) => sentUs !== undefined && dueUs >= first.dueUs && dueUs <= lastUs);
      const directFailed = directDuring.filter(isFailure).length;
      if (trigger === undefined || directDuring.length < 3 || directFailed > 0.2 * directDuring.length) continue;
      const slow = slowOnes(trigger, byDue);
      const words = wordsOf(slow);
      const timeoutUs = timerWithin(slow, byDue, measures.members.length);
      const others = exchanges.filter((exchange) => !run.failures.includes(exchange));
      return candidatesOr(
        [
          {
            cause: 'gateway/cascade',
            scope: { route: 'gateway' },
            severity: 'critical',
            confidence: 'likely',
            p: backgroundFailureRatio(others) ** (run.failures.length - 1),
            title: `${words.title} made the gateway take all members out: then every request failed at once for ${formatDuration(lastUs - first.dueUs)}.`,
            meaning: `${words.tried} With no member left it refused ${run.failures.length} requests of all kinds in a row (median ${formatDuration(median(run.failures.map(afterSendUs)))}), while ${directDuring.length - directFailed} of ${directDuring.length} direct requests to the members succeeded.`,
            measured: {
              ...(timeoutUs === undefined ? {} : { timeoutUs: { value: timeoutUs } }),
              outageUs: { value: lastUs - first.dueUs },
            },
            exhibits: [
              exchangesExhibit(
                'cascade-exchanges',
                slow.length === 1 ? 'The slow request and what followed' : 'The slow requests and what followed',
                words.reading,
                [...slow, ...run.failures],
              ),
            ],
            rivals: [
              {
                cause: 'member/none-available',
                whyNot:
                  'the members answered directly all the while, and the outage began at the end of a request that had waited',
              },
            ],
            affected: { count: run.failures.length, of: exchanges.length },
            explains: seqsOf([trigger, ...run.failures]),
          },
        ],
        '',
      );
    }
    return candidatesOr([], 'no stretch in which every request through the gateway failed at once');
  },
};
