import { type Exchange, responseTimeUs } from '../model/exchange.ts';
import { GATEWAY } from '../model/route.ts';

/** A member that answers less than half as often as the best one is down: waiting for it would leave no slots. */
const MIN_ANSWER_RATIO = 0.5;

/**
 * Per slot the gateway's response time minus the mean of the members', in order of slots. Used are slots in which the
 * gateway and every member that mostly answers did; a slot of which an exchange is missing (not ok, not kept) would
 * compare different sets of members. `exchanges`: ok answers over warm connections of compares.
 */
export function slotDifferencesUs(exchanges: readonly Exchange[]): readonly number[] {
  const members = answeringMembers(exchanges);
  if (members.size === 0) return [];
  const slots = new Map<string, { gatewayUs?: number; memberUs: Map<string, number> }>();
  for (const exchange of exchanges) {
    if (exchange.slot === undefined) continue;
    const name = `${exchange.experimentId}\n${exchange.slot}`;
    const slot = slots.get(name) ?? { memberUs: new Map<string, number>() };
    slots.set(name, slot);
    if (exchange.route === GATEWAY) slot.gatewayUs = responseTimeUs(exchange);
    else if (members.has(exchange.route)) slot.memberUs.set(exchange.route, responseTimeUs(exchange));
  }
  const differences: number[] = [];
  for (const { gatewayUs, memberUs } of slots.values()) {
    if (gatewayUs === undefined || memberUs.size < members.size) continue;
    const sum = [...memberUs.values()].reduce((total, value) => total + value, 0);
    differences.push(gatewayUs - sum / memberUs.size);
  }
  return differences;
}

function answeringMembers(exchanges: readonly Exchange[]): ReadonlySet<string> {
  const answers = new Map<string, number>();
  for (const { route } of exchanges) if (route !== GATEWAY) answers.set(route, (answers.get(route) ?? 0) + 1);
  const most = Math.max(0, ...answers.values());
  return new Set([...answers].filter(([, count]) => count >= MIN_ANSWER_RATIO * most).map(([route]) => route));
}
