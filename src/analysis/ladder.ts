/** A threshold between "warm" and "cold" from a ladder of idle gaps. */
import { logChoose } from './special.ts';

export type LadderStep = { readonly gapUs: number; readonly isCold: boolean };

export type LadderRung = {
  readonly gapUs: number;
  readonly repeats: number;
  readonly coldCount: number;
  /** Cold only when every repeat was; `mixed` rungs support neither side. */
  readonly state: 'warm' | 'cold' | 'mixed';
};

export type IdleBracket = {
  /** The idle threshold lies above this gap and not above `coldFromUs`. Undefined: no gap was warm. */
  readonly warmUpToUs?: number;
  /** Undefined: no gap was cold; the threshold, if any, is above the longest gap. */
  readonly coldFromUs?: number;
  /** No gap was warm above one that was cold, and no rung was mixed. */
  readonly isConsistent: boolean;
  /** Steps that disagree with the bracket. */
  readonly contradictions: number;
  /** By rising gap. */
  readonly rungs: readonly LadderRung[];
};

/**
 * The gap g* between two rungs for which "warm up to g*, cold beyond" contradicts the fewest steps (isotonic fit of a
 * 0/1 response). Of several equally good places the bracket spans all, so it never claims more than the steps show.
 */
export function idleBracket(steps: readonly LadderStep[]): IdleBracket {
  const rungs = rungsOf(steps);
  // cuts[i]: rungs below i are called warm, the others cold.
  const contradictions = Array.from({ length: rungs.length + 1 }, (_, cut) =>
    rungs.reduce((sum, rung, i) => sum + (i < cut ? rung.coldCount : rung.repeats - rung.coldCount), 0),
  );
  const fewest = Math.min(...contradictions);
  const firstCut = contradictions.indexOf(fewest);
  const lastCut = contradictions.lastIndexOf(fewest);
  const warm = rungs[firstCut - 1];
  const cold = rungs[lastCut];
  return {
    ...(warm === undefined ? {} : { warmUpToUs: warm.gapUs }),
    ...(cold === undefined ? {} : { coldFromUs: cold.gapUs }),
    isConsistent: fewest === 0,
    contradictions: fewest,
    rungs,
  };
}

/**
 * Probability that chance makes a step somewhere on this ladder whose evidence is as strong: the place of the step is chosen after the fact, and
 * each place is another occasion (union bound). `p`: that the steps called cold are so slow, were they drawn beforehand. `coldRatio`: that an ordinary
 * request is slow enough to be called cold; a place with many steps beyond it needs so many at once.
 */
export function chanceOfStep(steps: readonly { readonly gapUs: number }[], p: number, coldRatio: number): number {
  const sizes = [...Map.groupBy(steps, ({ gapUs }) => gapUs)]
    .sort(([a], [b]) => b - a)
    .map(([, ofGap]) => ofGap.length);
  let beyond = 0;
  let chance = 0;
  for (const size of sizes) {
    // Part of the repeats of one gap: which of them is left open.
    for (let some = 1; some <= size; some++) {
      if (beyond + some < 2) continue;
      chance += Math.exp(logChoose(size, some)) * Math.min(p, coldRatio ** (beyond + some));
    }
    beyond += size;
  }
  return Math.min(1, Math.max(p, chance));
}

function rungsOf(steps: readonly LadderStep[]): LadderRung[] {
  const byGap = new Map<number, { repeats: number; coldCount: number }>();
  for (const { gapUs, isCold } of steps) {
    const rung = byGap.get(gapUs) ?? { repeats: 0, coldCount: 0 };
    byGap.set(gapUs, { repeats: rung.repeats + 1, coldCount: rung.coldCount + (isCold ? 1 : 0) });
  }
  return [...byGap]
    .sort(([a], [b]) => a - b)
    .map(([gapUs, { repeats, coldCount }]) => ({
      gapUs,
      repeats,
      coldCount,
      state: coldCount === 0 ? 'warm' : coldCount === repeats ? 'cold' : 'mixed',
    }));
}
