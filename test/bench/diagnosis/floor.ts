/** What the short form must reach. Raise a floor when a detector was mended; never lower one without saying why in the commit. */
import type { Summary } from './summary.ts';
import { percent } from './text.ts';

export type Floor = {
  readonly f1: number;
  readonly exactRatio: number;
  readonly falsePer100Negatives: number;
  /** A machine that is busy makes runs not valid; more than these say nothing about detectors. */
  readonly notValidRatio: number;
};

/**
 * Two quiet passes of the short form had F1 97 and 100 %, 96 and 100 % of 23 cases exactly right and no false finding in a negative; each
 * floor is three cases below the worse one, for a machine that is busy, and one false finding in nine negatives is 11 in 100.
 */
export const FLOOR: Floor = { f1: 0.84, exactRatio: 0.82, falsePer100Negatives: 12, notValidRatio: 0.1 };

/** The floors that were missed, in sentences; empty when all are held. */
export function missedFloors({ gateprobe, states, cases }: Summary, floor: Floor = FLOOR): readonly string[] {
  const { overall, exactRatio = 0, falsePer100Negatives = 0 } = gateprobe;
  const missed: string[] = [];
  if ((overall.f1 ?? 0) < floor.f1) missed.push(`F1 ${percent(overall.f1)}, at least ${percent(floor.f1)}`);
  if (exactRatio < floor.exactRatio)
    missed.push(`cases exactly right ${percent(exactRatio)}, at least ${percent(floor.exactRatio)}`);
  if (falsePer100Negatives > floor.falsePer100Negatives)
    missed.push(
      `false findings per 100 negatives ${falsePer100Negatives.toFixed(1)}, at most ${floor.falsePer100Negatives}`,
    );
  if (states.notValid > floor.notValidRatio * cases.length)
    missed.push(`${states.notValid} of ${cases.length} runs not valid, at most ${percent(floor.notValidRatio)}`);
  return missed;
}
