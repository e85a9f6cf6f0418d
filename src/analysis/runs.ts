/** Spells in a series of two states: do failures stick together, and how often does the state change. */
import { logChoose } from './special.ts';

/**
 * Wald and Wolfowitz' test of runs, exact: probability that so many (or fewer) runs come about where `first` of one
 * state and `second` of another stand in random order. Few runs: each state comes in spells. 1 where one is missing.
 */
export function fewRunsP(runs: number, first: number, second: number): number {
  if (first === 0 || second === 0) return 1;
  const logAll = logChoose(first + second, first);
  let p = 0;
  for (let r = 2; r <= Math.min(runs, 2 * Math.min(first, second) + 1); r++)
    p += runsProbability(r, first, second, logAll);
  return Math.min(1, p);
}

/** Ways to cut both states into pieces that alternate. */
function runsProbability(runs: number, first: number, second: number, logAll: number): number {
  const pieces = Math.floor(runs / 2);
  const cut = (n: number, k: number): number => (k < 1 || k > n ? Number.NEGATIVE_INFINITY : logChoose(n - 1, k - 1));
  const ways =
    runs % 2 === 0
      ? [cut(first, pieces) + cut(second, pieces), cut(first, pieces) + cut(second, pieces)]
      : [cut(first, pieces) + cut(second, pieces + 1), cut(first, pieces + 1) + cut(second, pieces)];
  return ways.reduce((sum, log) => sum + Math.exp(log - logAll), 0);
}

export type Spell = { readonly from: number; readonly to: number };

/** Indices of stretches in which the state holds; `to` is exclusive. */
export function spellsOf(states: readonly boolean[]): readonly Spell[] {
  const spells: Spell[] = [];
  let from = -1;
  for (let i = 0; i <= states.length; i++) {
    const isOn = states[i] === true;
    if (isOn && from < 0) from = i;
    if (!isOn && from >= 0) {
      spells.push({ from, to: i });
      from = -1;
    }
  }
  return spells;
}

/** Checks that the rule looks back on, and the weight of the oldest and the newest change (Nagios, "Detection and Handling of State Flapping"). */
export const FLAP_CHECKS = 21;
const OLDEST_WEIGHT = 0.8;
const NEWEST_WEIGHT = 1.2;

/**
 * Share of state changes among the last 21 checks, newer ones weighing more: 0 for one state, 1 for a change at every
 * check. Nagios calls a service flapping above 0.2 and calm again below 0.05.
 */
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
