import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';
import { hasDelay, longestDelayUs, type Profile, type TimeoutSpec } from '../model/profile.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { packSchedule } from '../traffic/schedule.ts';
import { type Experiment, type ExperimentContext, type ExperimentEnd, endOf } from './experiment.ts';
import { waitForRetry } from './retry-pause.ts';

type DelayPurpose = 'beyond' | 'below' | 'above' | 'ladder' | 'direct' | 'control';
type Step = {
  readonly route: RouteId;
  readonly delayUs: number;
  readonly purpose: DelayPurpose;
  readonly limitUs: number;
};

/** Room for the answer itself beyond the delay that was asked for. */
const ANSWER_ROOM_US = 2_000_000;
/** The confirming requests stay this far from the timer on either side (methods C.1: the larger of 2 % and 200 ms). */
function marginUs(timeoutUs: number): number {
  return Math.max(0.02 * timeoutUs, 200_000);
}
/**
 * Steps of the gentle ladder: a timer lies between a step that failed and the one before, so our own limit for a step
 * stays below twice the step before. Then it comes before a gateway that tries a second member has tried it for a whole
 * timer. 1.7 leaves room for this with long delays; short ones grow more slowly, because the limit's room is fixed.
 */
const LADDER_FACTOR = 1.7;
const LADDER_FIRST_US = 250_000;
/** The limit of a step: 10 % and 150 ms for the answer itself. */
const GENTLE_LIMIT = { factor: 1.1, roomUs: 150_000 } as const;
/** Of two timers; the rest is for a gateway that is slow to hand on. */
const TWO_TIMERS = 1.95;

function nextStepUs(delayUs: number): number {
  const safeUs = (TWO_TIMERS * delayUs - GENTLE_LIMIT.roomUs) / GENTLE_LIMIT.factor;
  return Math.round(Math.min(LADDER_FACTOR * delayUs, safeUs) / 1_000) * 1_000;
}

function ladder(upToUs: number): readonly number[] {
  const delays: number[] = [];
  for (let delayUs = LADDER_FIRST_US; delayUs < upToUs; delayUs = nextStepUs(delayUs)) delays.push(delayUs);
  return [...delays, upToUs];
}

/** One request after the other, also where none of them takes its time. */
const MOST_PER_SEC = 1;

function paceOf({ limits }: Profile): number {
  return Math.min(MOST_PER_SEC, limits.maxRatePerSec);
}

function allowed(spec: TimeoutSpec, { limits }: Profile): TimeoutSpec {
  return { ...spec, upToUs: Math.min(spec.upToUs, longestDelayUs(limits)) };
}

export const timeout: Experiment<TimeoutSpec> = {
  kind: 'timeout',
  loop: () => 'open',
  plan(asked, profile, id) {
    const spec = allowed(asked, profile);
    const request = delayRequest(spec, profile);
    const base = { id, kind: 'timeout', spec: asked, peakRatePerSec: paceOf(profile), peakInFlight: 1 } as const;
    if (request === undefined) {
      return {
        ...base,
        requestsPerRoute: {},
        durationUs: 0,
        describe: ['no request of its own: the timeout is read from what the other experiments saw'],
      };
    }
    const steps = ladder(spec.upToUs);
    const gentle = mayHaveSeveral(profile);
    return {
      ...base,
      requestsPerRoute: {
        gateway: gentle ? steps.length + 2 : 3,
        ...(profile.members[0] === undefined ? {} : { [directTo(profile.members[0].name)]: 1 }),
      },
      durationUs: gentle
        ? Math.max(
            steps.reduce((sum, delayUs) => sum + delayUs, 0),
            3 * spec.upToUs,
          )
        : 3 * spec.upToUs,
      describe: [
        `3 requests ${request.name} through the gateway with a delay up to ${formatDuration(spec.upToUs)}: one that is longer than any timer, one just below the timer found, one just above; and one directly`,
        ...(gentle
          ? [
              `where this gateway takes members out for slow answers, they are sent only if ${request.name} is marked safe: true, in growing steps that touch at most one member (${steps.length} requests)`,
            ]
          : []),
        ...(spec.upToUs < asked.upToUs
          ? [
              `limits.requestTimeout lowers the longest delay from ${formatDuration(asked.upToUs)} to ${formatDuration(spec.upToUs)}`,
            ]
          : []),
      ],
    };
  },
  async run(planned, asked, context) {
    const spec = allowed(asked, context.profile);
    const request = delayRequest(spec, context.profile);
    if (request === undefined)
      return {
        stop: 'completed',
        notes: ['no request with {delayMs}: the timeout is read from what the other experiments saw'],
      };
    const guard = context.guard();
    if (!mayHaveSeveral(context.profile) || guard.slowRequest === 'never')
      return threeRequests(planned.id, request.name, spec, context);
    if (!request.safe) {
      return {
        stop: 'guard',
        stopReason: `not sent: ${guard.because}. Mark request ${request.name} with safe: true to allow it in steps that take out at most one member for a moment`,
      };
    }
    return gentleLadder(planned.id, request.name, spec, context);
  },
};

/** A profile without members does not say how many there are behind the gateway. */
function mayHaveSeveral({ members }: Profile): boolean {
  return members.length !== 1;
}

function delayRequest(spec: TimeoutSpec, profile: Profile) {
  return spec.request === undefined
    ? profile.requests.find(hasDelay)
    : profile.requests.find(({ name }) => name === spec.request);
}

/** One request beyond any timer shows the timer; one below must succeed, one above must fail at the same moment. */
async function threeRequests(
  id: string,
  request: string,
  spec: TimeoutSpec,
  context: ExperimentContext,
): Promise<ExperimentEnd> {
  const limitUs = spec.upToUs + ANSWER_ROOM_US;
  const found = await ask(id, request, { route: GATEWAY, delayUs: spec.upToUs, purpose: 'beyond', limitUs }, context);
  await askDirect(id, request, Math.min(spec.upToUs, (elapsed(found) ?? 0) * 1.25 + 300_000), context);
  const timeoutUs = timerOf(found, spec.upToUs);
  if (timeoutUs === undefined)
    return {
      ...endOf(context),
      notes: [`a request of ${formatDuration(spec.upToUs)} came back: no timer of the gateway is shorter`],
    };
  await waitForRetry(found, context);
  await confirm(id, request, timeoutUs, () => limitUs, context);
  return endOf(context);
}

/** How long to wait before a second deliberate failure where the gateway does not tell how long it leaves a member out (nginx: 10 s). */
const UNKNOWN_HOLD_US = 30_000_000;
/** A member that is put back is asked with the next request, not at the very moment. */
const HOLD_ROOM_US = 1_000_000;

/**
 * For gateways that try the next member or take one out: delays grow by less than two, and our own limit ends a request
 * before a second member has waited for a whole timer. At most one member is out for a moment; the confirming failure
 * waits until it is back.
 */
async function gentleLadder(
  id: string,
  request: string,
  spec: TimeoutSpec,
  context: ExperimentContext,
): Promise<ExperimentEnd> {
  const guard = context.guard();
  for (const delayUs of ladder(spec.upToUs)) {
    if (context.signal.aborted) return endOf(context);
    const exchange = await ask(
      id,
      request,
      { route: GATEWAY, delayUs, purpose: 'ladder', limitUs: gentleLimitUs(delayUs) },
      context,
    );
    if (exchange !== undefined && !isFailure(exchange)) continue;
    const notes = [
      `sent in growing steps, because ${guard.because} Ended at the first failure (${formatDuration(delayUs)})`,
    ];
    await askDirect(id, request, delayUs, context);
    const timeoutUs = timerOf(exchange, delayUs);
    if (timeoutUs === undefined)
      return {
        ...endOf(context),
        notes: [...notes, 'the gateway had not answered by then: it may be trying another member'],
      };
    await context.clock.sleep((guard.holdUs || UNKNOWN_HOLD_US) + HOLD_ROOM_US, context.signal);
    await confirm(id, request, timeoutUs, (us) => Math.min(gentleLimitUs(us), TWO_TIMERS * timeoutUs), context);
    return { ...endOf(context), notes };
  }
  return {
    ...endOf(context),
    notes: [`a request of ${formatDuration(spec.upToUs)} came back: no timer of the gateway is shorter`],
  };
}

function gentleLimitUs(delayUs: number): number {
  return Math.round(delayUs * GENTLE_LIMIT.factor) + GENTLE_LIMIT.roomUs;
}

/** One request just below the timer must succeed, one just above must fail at the same moment. */
async function confirm(
  id: string,
  request: string,
  timeoutUs: number,
  limitUs: (delayUs: number) => number,
  context: ExperimentContext,
): Promise<void> {
  const margin = marginUs(timeoutUs);
  for (const [purpose, delayUs] of [
    ['below', timeoutUs - margin],
    ['above', timeoutUs + margin],
  ] as const) {
    if (context.signal.aborted || delayUs <= 0) continue;
    await ask(id, request, { route: GATEWAY, delayUs, purpose, limitUs: limitUs(delayUs) }, context);
  }
}

async function askDirect(id: string, request: string, delayUs: number, context: ExperimentContext): Promise<void> {
  const member = context.profile.members[0];
  if (member === undefined || context.signal.aborted) return;
  await ask(
    id,
    request,
    { route: directTo(member.name), delayUs, purpose: 'direct', limitUs: delayUs + ANSWER_ROOM_US },
    context,
  );
}

async function ask(id: string, request: string, step: Step, context: ExperimentContext): Promise<Exchange | undefined> {
  const { profile, clock, signal } = context;
  const startUs = clock.nowUs();
  const before = context.live.ofExperiment(id).length;
  const delayUs = Math.round(step.delayUs / 1_000) * 1_000;
  await context.sender.fire(
    id,
    packSchedule([
      {
        dueUs: 0,
        route: step.route,
        request,
        connection: 'new',
        tag: { kind: 'delay', delayUs, purpose: step.purpose },
        delayMs: delayUs / 1_000,
        limitUs: Math.round(Math.min(step.limitUs, profile.limits.requestTimeoutUs)),
      },
    ]),
  );
  await clock.sleep(startUs + US_PER_SEC / paceOf(profile) - clock.nowUs(), signal);
  return context.live.ofExperiment(id)[before];
}

function elapsed(exchange: Exchange | undefined): number | undefined {
  return exchange === undefined ? undefined : serviceTimeUs(exchange);
}

/** The elapsed time of a failure that came before the delay was over; undefined when the answer came, or our own limit ended it. */
function timerOf(exchange: Exchange | undefined, delayUs: number): number | undefined {
  const elapsedUs = elapsed(exchange);
  if (exchange === undefined || elapsedUs === undefined || !isFailure(exchange) || exchange.outcome.kind === 'timeout')
    return undefined;
  return elapsedUs < delayUs ? elapsedUs : undefined;
}
