/** Which of the limits that volleys leave open is meant: what is worked off, times what one request takes (Little's law). */
import type { ConcurrencyEstimate } from '../analysis/waves.ts';
import type { Estimate } from '../model/finding.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { US_PER_SEC } from '../model/time.ts';

type Limit = Extract<ConcurrencyEstimate, { readonly kind: 'limit' }>;

/** The product settles an integer that is so close. */
const CLOSE = 0.25;
/** What stands in for the time in the place also holds what is done around it: the product was up to 4 % beside the limit (14 gateways and members with 2 to 6 at a time, measured). */
const SERVICE_RATIO = 0.05;

/**
 * The one limit within the interval of `estimate` that rate and time agree on, with the sentence that says so;
 * undefined where the volleys are exact already, no time is known, or the product with all its uncertainty could be
 * another integer. `rate` in 1/s; `insideUs`: one request alone, without the way to it.
 */
export function settleByRate(
  estimate: Limit,
  rate: Estimate,
  insideUs: number | undefined,
): (Pick<Limit, 'limit' | 'low' | 'high' | 'leftOut'> & { readonly note: string }) | undefined {
  const { low, high } = estimate;
  if (insideUs === undefined || low === high) return undefined;
  const atOnce = (perSec: number): number => (perSec * insideUs) / US_PER_SEC;
  const product = atOnce(rate.value);
  const limit = Math.round(product);
  if (Math.abs(product - limit) > CLOSE || limit < low || limit > (high ?? limit)) return undefined;
  const least = Math.round(atOnce(rate.low ?? rate.value) * (1 - SERVICE_RATIO));
  const most = Math.round(atOnce(rate.high ?? rate.value) * (1 + SERVICE_RATIO));
  if (least !== limit || most !== limit) return undefined;
  const open = high === undefined ? `${low} or more` : `${low} to ${high}`;
  return {
    limit,
    low: limit,
    high: limit,
    note: ` Volleys alone leave ${open} at a time open; ${formatNumber(rate.value)}/s of ${formatDuration(Math.round(insideUs))} each are ${limit} (Little's law).`,
  };
}
