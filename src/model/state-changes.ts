/** How often a state changes: the same rule where a member is judged and where alerts are held back. */

/** Checks that the rule looks back on, and the weight of the oldest and the newest change (Nagios, "Detection and Handling of State Flapping"). */
export const FLAP_CHECKS = 21;
const OLDEST_WEIGHT = 0.8;
const NEWEST_WEIGHT = 1.2;
/** Begins to flap above, is calm again below; the defaults of Nagios' configuration of services. */
export const FLAP_START_RATIO = 0.2;
export const FLAP_STOP_RATIO = 0.05;

/** Share of state changes among the last 21 checks, newer ones weighing more: 0 for one state, 1 for a change at every check. */
export function stateChangeRatio(states: readonly boolean[]): number {
  const last = states.slice(-FLAP_CHECKS);
  const changes = last.length - 1;
  if (changes < 1) return 0;
  let weighted = 0;
  let all = 0;
  for (let i = 1; i <= changes; i++) {
    const weight = OLDEST_WEIGHT + ((NEWEST_WEIGHT - OLDEST_WEIGHT) * (i - 1)) / Math.max(1, changes - 1);
    all += weight;
    if (last[i] !== last[i - 1]) weighted += weight;
  }
  return weighted / all;
}
