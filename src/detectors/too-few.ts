/** Failures that agree in their elapsed time, too few to tell a timer from chance. */
import { agreement } from '../analysis/cluster.ts';
import { formatDuration } from '../model/quantity.ts';
import { type Detection, insufficient } from './detector.ts';

/** Five that agree within 25 ms are no chance in any span of 2 s or more (scan statistic below 1e-3): what then speaks against a timer stands. */
const SURE_COUNT = 5;

/** Undefined: no three agree, or so many that chance is not the reason why they were not taken for a timer. */
export function tooFewAgree(elapsedUs: readonly number[]): Detection | undefined {
  const agreeing = agreement(elapsedUs);
  if (agreeing === undefined || agreeing.count >= SURE_COUNT) return undefined;
  return insufficient(
    'more failures at one elapsed time: run longer, or name a slow path with {delayMs} for the timeout experiment',
    `${agreeing.count} at ${formatDuration(agreeing.medianUs)}, which may be chance`,
  );
}
