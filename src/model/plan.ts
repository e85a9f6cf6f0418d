import type { ExperimentKind, ExperimentSpec } from './profile.ts';
import type { RouteId } from './route.ts';

/** One experiment as it will be run: what it sends, at most, and for how long. */
export type PlannedExperiment = {
  /** Kind and number, for example `compare-1`. */
  readonly id: string;
  readonly kind: ExperimentKind;
  readonly spec: ExperimentSpec;
  /** At most this many requests per route. */
  readonly requestsPerRoute: Readonly<Partial<Record<RouteId, number>>>;
  readonly durationUs: number;
  readonly peakRatePerSec: number;
  readonly peakInFlight: number;
  /** What it does, in sentences for a human. */
  readonly describe: readonly string[];
  /** Set when the experiment will not be run, with the reason (limits, guard, missing request). */
  readonly refused?: string;
};

export type Plan = {
  readonly schemaVersion: 1;
  readonly seed: number;
  readonly experiments: readonly PlannedExperiment[];
  readonly totalRequests: number;
  readonly durationUs: number;
  readonly peakRatePerSec: number;
};
