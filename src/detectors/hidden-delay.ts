/** What it costs users that the gateway hides a member that cannot be reached: it waits for that member before it asks another. */
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import type { DetectorContext } from './detector.ts';
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { LEAST_TIMER_US } from './outage.ts';
import { weightsOf } from './tally.ts';

/** Longest ok answer per request, asked directly. A failure that came sooner may have been made by a timer: it is left to that cause. */
export function directLongest({ measures }: DetectorContext): ReadonlyMap<string, number> {
  const longest = new Map<string, number>();
  for (const member of measures.members) {
    for (const exchange of measures.exchanges({ route: directTo(member), roles: ORDINARY_ROLES, cohorts: ['ok'] })) {
      longest.set(exchange.requestName, Math.max(longest.get(exchange.requestName) ?? 0, afterSendUs(exchange)));
    }
  }
  return longest;
}

type Hidden = {
  readonly member: string;
  readonly isClosed: boolean;
  readonly isTotal: boolean;
  readonly leastEvents: number;
};

/** What stands behind the title of a member's fault that no request through the gateway met. */
export function hidingWords(context: DetectorContext, { member, isClosed, isTotal, leastEvents }: Hidden): string {
  const { measures } = context;
  // A gateway that answers nobody hides nothing.
  if (measures.counts({ route: GATEWAY }).ok === 0) return '';
  const isSpared = measures.members.some(
    (other) => other !== member && measures.counts({ route: directTo(other) }).ok > 0,
  );
  // Nobody else could have answered in its place: the gateway takes what the probe does not.
  if (isTotal && !isSpared) return ' Through the gateway no request failed for it.';
  const words = isClosed ? delayWords(context, leastEvents) : ' The gateway hides it so far';
  return `${words}${isTotal ? ': redundancy is lost.' : '.'}`;
}

/** Good answers through the gateway that took longer than any direct one, by so much that it tried somebody else first. */
export function delayWords(context: DetectorContext, leastEvents: number): string {
  const { measures } = context;
  const longest = directLongest(context);
  const selection = { route: GATEWAY, roles: ['slot'], cohorts: ['ok'] } as const;
  const beyondUs = (exchange: Parameters<typeof afterSendUs>[0]): number =>
    afterSendUs(exchange) - (longest.get(exchange.requestName) ?? Number.POSITIVE_INFINITY);
  const late = measures
    .exchanges(selection)
    .filter((exchange) => beyondUs(exchange) >= LEAST_TIMER_US)
    .sort((a, b) => beyondUs(a) - beyondUs(b));
  const typical = late[Math.floor(late.length / 2)];
  if (typical === undefined || late.length < leastEvents) return ' The gateway hides it so far';
  const count = formatNumber(weightsOf(measures, { route: GATEWAY, roles: ['slot'] })(late));
  const of = formatNumber(measures.counts({ route: GATEWAY, roles: ['slot'] }).ok);
  return ` The gateway hides it so far, at the price of about ${formatDuration(beyondUs(typical))} for ${count} of ${of} requests`;
}
