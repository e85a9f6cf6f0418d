import type { Schedule } from '../traffic/schedule.ts';
import type { ExperimentContext, ExperimentEnd } from './experiment.ts';
import { endOf } from './experiment.ts';

/** How often the abort rules are asked; design: dispatch stops within 100 ms. */
const WATCH_US = 50_000;

/** Fires a schedule and stops it when an abort rule speaks. What was not sent by then is recorded as aborted. */
export async function fireWatched(
  experimentId: string,
  schedule: Schedule,
  context: ExperimentContext,
): Promise<ExperimentEnd> {
  const reasonToStop = context.live.watch();
  let done = false;
  const firing = context.sender.fire(experimentId, schedule).finally(() => {
    done = true;
  });
  // The firing itself ends on an interruption; this loop ends with it.
  const watching = (async () => {
    while (!done && !context.signal.aborted) {
      const reason = reasonToStop();
      if (reason !== undefined) {
        context.sender.stop('aborted');
        return reason;
      }
      await context.clock.sleep(WATCH_US, context.signal);
    }
    return undefined;
  })();
  await firing;
  return endOf(context, await watching);
}
