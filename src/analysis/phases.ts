/** Do events keep to one phase of a period: a minute of the hour, a time of the day? */
import { turnOf } from './periods.ts';
import { binomialTail } from './proportion.ts';

/** A window of a period that is looked at: wherever it lies, `halfUs` to both sides. */
export type PhaseWindow = { readonly periodUs: number; readonly halfUs: number };

export type PhaseFit = {
  readonly window: PhaseWindow;
  /** Middle of the window in the period (0..P), from 1970 UTC. */
  readonly phaseUs: number;
  /** Turns of the period in which an event came, and those of them with one in the window. */
  readonly turns: number;
  readonly kept: number;
  /** Probability that as many turns have one in a window around any of the events, if events knew nothing of the period. */
  readonly p: number;
};

/**
 * Scan around each event. A turn counts once, however many events it has: what goes on for an afternoon is one observation.
 * Under the null the event at which the window stands says nothing of the other turns, each of which has one in the window
 * with 1 − (1 − share)^events; a binomial with the mean of these chances has the heavier tail (Hoeffding 1956). The places of
 * the window are paid for by a union bound. `shareOf`: the window's share of all that was asked, so that a time of day at
 * which nobody looked does not count as one without events.
 */
export function phaseFit(
  timesUs: readonly number[],
  window: PhaseWindow,
  shareOf: (phaseUs: number) => number = () => (2 * window.halfUs) / window.periodUs,
): PhaseFit | undefined {
  const { periodUs, halfUs } = window;
  const byTurn = new Map<number, number[]>();
  for (const atUs of timesUs) {
    const turn = Math.floor(atUs / periodUs);
    const own = byTurn.get(turn);
    if (own === undefined) byTurn.set(turn, [atUs]);
    else own.push(atUs);
  }
  const turns = [...byTurn];
  let best: PhaseFit | undefined;
  for (const [own, anchors] of turns)
    for (const anchorUs of anchors) {
      const place = { periodUs, phaseUs: anchorUs % periodUs };
      const share = Math.min(1, shareOf(place.phaseUs));
      const others = turns.filter(([turn]) => turn !== own);
      const kept = others.filter(([, times]) =>
        times.some((atUs) => Math.abs(turnOf(atUs, place).offUs) <= halfUs),
      ).length;
      const chance =
        others.reduce((sum, [, times]) => sum + 1 - (1 - share) ** times.length, 0) / Math.max(1, others.length);
      const p = Math.min(1, timesUs.length * binomialTail(kept, others.length, chance));
      if (best === undefined || p < best.p || (p === best.p && kept + 1 > best.kept))
        best = { window, phaseUs: place.phaseUs, turns: turns.length, kept: kept + 1, p };
    }
  return best;
}
