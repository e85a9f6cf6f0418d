/** Requests at the moment at which a member closes its idle connection. */
import { chanceOfLosses, elapsedUs, type Sweep, sweepOf, type TimeoutRange } from '../analysis/keep-alive.ts';
import { median } from '../analysis/medians.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { RequestSpec } from '../model/profile.ts';
import { formatDuration } from '../model/quantity.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { Chain } from '../traffic/protocol.ts';
import type { ExperimentContext } from './experiment.ts';
import { fillsFor, pauseUs, runRound } from './keep-alive-round.ts';
import { waitForRetry } from './retry-pause.ts';

export type SweepTask = {
  readonly id: string;
  readonly request: RequestSpec;
  readonly timeout: TimeoutRange;
  /** After this time it ends with what it has. */
  readonly budgetUs: number;
};

/** Two losses find it (methods C.3), the third confirms at the same pause: two alone chance makes too often (p above 1e-4). */
const ENOUGH_LOST = 3;
/** Where the way is short, few of those sent into the window meet the close: then more losses are needed to exclude chance, and no more than these are made. */
const MOST_LOST = 8;
/** A tenth of what the judge asks for, because the controls that follow may be worse than those before. */
const ENOUGH_CHANCE = 1e-5;
/** A line needs more points than a place does; fewer where each takes a member out for a while. */
const ENOUGH_MASKED = 9;
const ENOUGH_MASKED_EJECTED = 5;
/** Requests without a pause, half of them before and half after: what fails or is slow among them is another cause. */
export const CONTROLS = 100;
const PASSES = 2;
const LINEAR = 8;
const FINEST_US = 500;
/** Above the time of an ordinary request through the gateway no window reaches: the round trip to the member is a part of it. */
const BEYOND = 1.25;
/** Geometric steps up to a second, and the linear ones, in each pass. */
export const SWEEP_ROUNDS = PASSES * (LINEAR + 11) + MOST_LOST;
/** A member's long timeout makes each round long. What all sweeps of an experiment share, and what each has of its own, in units of the longest idle time. */
export const SWEEP_BUDGET = { sharedUs: 60 * US_PER_SEC, perUpTo: 2 } as const;
/** How long a member is taken to be out after a failure where the gateway does not say. */
const UNKNOWN_HOLD_US = 10 * US_PER_SEC;
const HOLD_ROOM_US = 500_000;

/**
 * How long before the close the requests are sent. The window is one round trip between gateway and member, which nobody
 * outside can measure; it is shorter than an ordinary request. So steps double from the finest that timers can
 * tell up to that, and equal ones fill the rest.
 */
export function distancesUs(ordinaryUs: number): readonly number[] {
  const mostUs = Math.max(2 * FINEST_US, ordinaryUs * BEYOND);
  const geometric: number[] = [];
  for (let us = FINEST_US; us < mostUs && geometric.length < 11; us *= 2) geometric.push(us);
  const linear = Array.from({ length: LINEAR }, (_, i) => Math.round((mostUs * (i + 1)) / LINEAR));
  const mixed = Array.from({ length: Math.max(geometric.length, LINEAR) }, (_, i) => [linear[i], geometric[i]]);
  return [...new Set(mixed.flat().filter((us) => us !== undefined))];
}

/** Ends when enough has met the close. The note says what was done. */
export async function sweepAround(task: SweepTask, context: ExperimentContext): Promise<string> {
  const { clock, live, signal, profile } = context;
  const { id, timeout } = task;
  const request = task.request.name;
  if (ejects(context) && !task.request.safe)
    return `no request was sent at the moment at which members close: ${context.guard().because} Mark request ${request} with safe: true to allow it; members that were taken out are waited for`;
  let ordinaryUs = ordinaryTimeUs(await sendControls(task, CONTROLS / 2, context));
  if (ordinaryUs === undefined && ejects(context)) {
    // What went before may have taken all members out.
    await letMembersReturn(context);
    ordinaryUs = ordinaryTimeUs(await sendControls(task, CONTROLS / 2, context));
  }
  if (ordinaryUs === undefined) return 'no request through the gateway was answered: there was nothing to sweep';
  const endUs = clock.nowUs() + task.budgetUs;
  const distances = distancesUs(ordinaryUs).filter((us) => us < timeout.value / 2);
  const waiting = Array.from({ length: PASSES }, () => distances).flat();
  let number = 0;
  while (waiting.length > 0 && number < SWEEP_ROUNDS && !signal.aborted && clock.nowUs() + timeout.value < endUs) {
    const distanceUs = waiting.shift() ?? 0;
    const gapUs = timeout.value - distanceUs;
    const fills = fillsFor(profile.members.length, live.ofExperiment(id));
    const before = hitsOf(task, context);
    const round = await runRound({ id, request, part: 'sweep', gapUs, number: number++, fills }, context);
    if (round.length === 0 || round.some(({ outcome }) => outcome.kind === 'not-sent')) break;
    await waitForRetry(round.find(isFailure), context);
    const after = hitsOf(task, context);
    if (isEnough(after, ejects(context))) break;
    // A line needs different pauses, a loss is confirmed at the same one. A first request that failed leaves its pause untried.
    if (after.lost > before.lost || !round.some(isProbe)) waiting.unshift(distanceUs);
    if (after.masked > before.masked || round.some(isFailure)) await letMembersReturn(context);
  }
  await sendControls(task, CONTROLS / 2, context);
  const { lost, masked } = hitsOf(task, context);
  return `${number} rounds of ${request} through the gateway, each after a pause of about ${formatDuration(timeout.value)}: ${lost} met the close of the member's connection and failed, ${masked} met it and were repeated by the gateway`;
}

type Hits = { readonly lost: number; readonly masked: number; readonly lossChance: number };

function hitsOf({ id, timeout }: SweepTask, { live, profile }: ExperimentContext): Hits {
  const sweep: Sweep = sweepOf(live.ofExperiment(id), timeout, profile.members.length);
  const lost = sweep.points.filter(({ kind }) => kind === 'lost');
  return {
    lost: lost.length,
    masked: sweep.points.filter(({ kind }) => kind === 'masked').length,
    lossChance: chanceOfLosses(lost, sweep, timeout),
  };
}

/** Each costs a gateway that takes members out one of them for a while: there fewer must do. */
function isEnough({ lost, masked, lossChance }: Hits, isEjecting: boolean): boolean {
  const isLost = lost >= ENOUGH_LOST && (isEjecting || lossChance <= ENOUGH_CHANCE || lost >= MOST_LOST);
  return isLost || masked >= (isEjecting ? ENOUGH_MASKED_EJECTED : ENOUGH_MASKED);
}

/** A gateway that takes a member out after a failure would soon have none left for anybody. */
function ejects({ guard, profile }: ExperimentContext): boolean {
  return profile.members.length > 1 && guard().slowRequest !== 'never';
}

async function letMembersReturn(context: ExperimentContext): Promise<void> {
  if (!ejects(context)) return;
  await context.clock.sleep((context.guard().holdUs || UNKNOWN_HOLD_US) + HOLD_ROOM_US, context.signal);
}

function isProbe({ tag }: Exchange): boolean {
  return tag?.kind === 'keep-alive' && tag.step === 'probe';
}

/** Without connecting; undefined where none was answered. */
function ordinaryTimeUs(exchanges: readonly Exchange[]): number | undefined {
  const times = exchanges.filter((exchange) => !isFailure(exchange)).map(elapsedUs);
  return times.length === 0 ? undefined : median(times);
}

/** Every other one on a new connection of ours. The first ones find connections of the gateway that have rested, and are none. */
async function sendControls(
  { id, request }: SweepTask,
  count: number,
  { sender, profile, signal, live }: ExperimentContext,
): Promise<readonly Exchange[]> {
  if (signal.aborted) return [];
  const before = live.ofExperiment(id).length;
  const betweenUs = Math.max(
    pauseUs(profile.limits),
    Math.ceil((2 * US_PER_SEC) / profile.limits.maxNewConnectionsPerSec),
  );
  const first = profile.members.length;
  const steps = Array.from({ length: first + count }, (_, i): Chain['steps'][number] => ({
    shape: {
      route: GATEWAY,
      request: request.name,
      connection: i % 2 === 0 ? 'warm' : 'new',
      tag: { kind: 'keep-alive', part: 'control', step: i < first ? 'fill' : 'probe', gapUs: 0, round: i },
    },
    ...(i === 0 ? {} : { after: { step: i - 1, gapUs: betweenUs } }),
  }));
  await sender.chain(id, { steps, endsAtFailure: false });
  return live.ofExperiment(id).slice(before).filter(isProbe);
}
