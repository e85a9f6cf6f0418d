/** How long the gateway reuses connections to members: a search by the identity of the members' connections. */
import { longestReuseGapUs, reuseSteps } from '../analysis/keep-alive.ts';
import { formatDuration } from '../model/quantity.ts';
import { GATEWAY } from '../model/route.ts';
import type { ExperimentContext } from './experiment.ts';
import { fillsFor, runRound } from './keep-alive-round.ts';

/** The first rungs are almost no pause and almost the whole; six more halve what is between to less than 2 % of it. */
export const POOL_RUNGS = 8;
const FIRST_GAP_US = 20_000;

export type Reuse = {
  /** The gateway gave up a connection before the member closed it. */
  readonly isGivenUp: boolean;
  readonly note: string;
};

/** Looks between no pause and just below `limitUs`, where the member itself closes. */
export async function measureReuse(
  id: string,
  request: string,
  limitUs: number,
  context: ExperimentContext,
): Promise<Reuse> {
  const members = context.profile.members.length;
  let number = 0;
  const isReused = async (gapUs: number): Promise<boolean | undefined> => {
    const fills = fillsFor(members, context.live.ofExperiment(id));
    const known = reuseSteps(context.live.ofExperiment(id)).length;
    await runRound({ id, request, part: 'pool', gapUs, number: number++, fills }, context);
    const steps = reuseSteps(context.live.ofExperiment(id)).slice(known);
    return steps.length === 0 ? undefined : steps.some((step) => step.isReused);
  };
  const topUs = longestReuseGapUs(limitUs, context.live.medianServiceUs(GATEWAY) ?? 0);
  const first = await isReused(Math.min(FIRST_GAP_US, Math.round(topUs / 2)));
  if (first === undefined)
    return {
      isGivenUp: false,
      note: 'no answer had the connectionHeader: how long the gateway reuses connections is unknown',
    };
  if (!first) return { isGivenUp: true, note: 'the gateway used a new connection for each request' };
  if (context.signal.aborted || (await isReused(topUs)) === true)
    return { isGivenUp: false, note: `the gateway still reused connections after ${formatDuration(topUs)}` };
  let low = Math.min(FIRST_GAP_US, Math.round(topUs / 2));
  let high = topUs;
  while (number < POOL_RUNGS && !context.signal.aborted) {
    const middle = Math.round((low + high) / 2);
    if ((await isReused(middle)) === true) low = middle;
    else high = middle;
  }
  return {
    isGivenUp: true,
    note: `the gateway reused connections after ${formatDuration(low)}, and no longer after ${formatDuration(high)}`,
  };
}
