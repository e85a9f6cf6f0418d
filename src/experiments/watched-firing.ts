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
  return (await watched(context, () => context.sender.fire(experimentId, schedule))).end;
}

/** Runs what `start` starts, under the abort rules, open or closed loop alike. */
export async function watched<T>(
  context: ExperimentContext,
  start: () => Promise<T>,
): Promise<{ readonly end: ExperimentEnd; readonly result: T }> {
  const reasonToStop = context.live.watch();
  let done = false;
  const running = start().finally(() => {
    done = true;
  });
  // What runs ends by itself on an interruption; this loop ends with it.
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
  const result = await running;
  // A volley that is refused at once is over before it is asked about.
  return { end: endOf(context, (await watching) ?? reasonToStop()), result };
}
