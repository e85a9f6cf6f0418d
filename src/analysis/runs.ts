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
