/** First requests after a pause: what cold starts and forgotten connections are read from alike. */
import { median } from '../analysis/medians.ts';
import { type Exchange, serviceTimeUs } from '../model/exchange.ts';

/** Waits that a timer ends are alike within 25 ms at 2 s (what a timer's mark is wide); the start of an application is not. */
const TIMER_SPREAD_RATIO = 0.0125;

/** The one request of a pause that ended it, where it was sent at all. */
export function isFirstAfterPause({ tag, sentUs }: Exchange): boolean {
  return tag?.kind === 'idle' && tag.order === 0 && sentUs !== undefined;
}

/** Name lookup, connect and TLS. */
export function connectingUs({ phasesUs }: Exchange): number {
  const { dns = 0, connect = 0, tls = 0 } = phasesUs ?? {};
  return dns + connect + tls;
}

/** Without connecting: the probe's own connection is not what is asked about. */
export function waitUs(exchange: Exchange): number {
  return (serviceTimeUs(exchange) ?? 0) - connectingUs(exchange);
}

/** Whether waits are as equal as only a timer makes them; `ordinarySpreadUs` is what the answers that come after it differ by. */
export function areAlike(waitsUs: readonly number[], leastUs = 0, ordinarySpreadUs = 0): boolean {
  const spreadUs = Math.max(...waitsUs) - Math.min(...waitsUs);
  return spreadUs <= Math.max(leastUs, TIMER_SPREAD_RATIO * Math.abs(median(waitsUs))) + ordinarySpreadUs;
}
