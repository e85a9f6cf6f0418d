import type { Plan, PlannedExperiment } from '../model/plan.ts';
import type { Clock } from '../model/time.ts';

/** What is going on, for a human who waits. */
export type Progress = {
  readonly experiment: PlannedExperiment;
  /** From 1. */
  readonly position: number;
  readonly of: number;
  readonly elapsedUs: number;
  readonly remainingUs: number;
  readonly due: number;
  readonly inFlight: number;
  readonly achievedPerSec: number;
  readonly outcomes: Readonly<Record<string, number>>;
};

const PROGRESS_INTERVAL_MS = 250;

/** Tells what is going on until the returned function is called. */
export function reportProgress(state: {
  readonly planned: PlannedExperiment;
  readonly index: number;
  readonly plan: Plan;
  readonly clock: Clock;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly inFlight: () => number;
  readonly counts: (experimentId: string) => { readonly due: number; readonly sent: number };
  readonly outcomes: Readonly<Record<string, number>>;
  readonly startUs: number;
}): () => void {
  const { planned, index, plan, clock, onProgress, outcomes } = state;
  if (onProgress === undefined) return () => {};
  const beganUs = clock.nowUs();
  const later = plan.experiments.slice(index + 1).reduce((sum, { durationUs }) => sum + durationUs, 0);
  const tell = (): void => {
    const nowUs = clock.nowUs();
    const { due, sent } = state.counts(planned.id);
    onProgress({
      experiment: planned,
      position: index + 1,
      of: plan.experiments.length,
      elapsedUs: nowUs - state.startUs,
      remainingUs: later + Math.max(0, planned.durationUs - (nowUs - beganUs)),
      due,
      inFlight: state.inFlight(),
      achievedPerSec: sent / Math.max(0.001, (nowUs - beganUs) / 1e6),
      outcomes,
    });
  };
  tell();
  const timer = setInterval(tell, PROGRESS_INTERVAL_MS);
  return () => clearInterval(timer);
}
