import type { PlannedExperiment } from '../model/plan.ts';
import type { ExperimentKind, ExperimentSpec, Profile } from '../model/profile.ts';
import { formatDuration } from '../model/quantity.ts';
import type { ExperimentRecord } from '../model/recording.ts';
import { directTo, type RouteId, routesTo } from '../model/route.ts';
import { type Clock, type Random, US_PER_SEC } from '../model/time.ts';
import type { Sender } from '../traffic/sender.ts';
import type { LiveEstimates } from './live-estimates.ts';

/** Whether deliberately slow requests through this gateway may take members out for other users. */
export type EjectionGuard = {
  readonly slowRequest: 'never' | 'one-member' | 'all-members' | 'unknown';
  readonly because: string;
  /** How long a member may be out; 0 where none is taken out. */
  readonly holdUs: number;
  readonly gatewayTitle: string;
};

export type ExperimentContext = {
  readonly profile: Profile;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly random: Random;
  /** Aborted when the user interrupts the run. */
  readonly signal: AbortSignal;
  /** What the exchanges so far say; experiments decide with it, they never judge. */
  readonly live: LiveEstimates;
  /** Asked after the first experiments have seen the gateway's answers. */
  readonly guard: () => EjectionGuard;
};

/** What an experiment adds to its record beyond counts. */
export type ExperimentEnd = Pick<ExperimentRecord, 'stop'> & {
  readonly stopReason?: string;
  readonly notes?: readonly string[];
};

/** One thing a run does. Measures only: what it means is the detectors' business. */
export interface Experiment<Spec extends ExperimentSpec = ExperimentSpec> {
  readonly kind: ExperimentKind;
  readonly loop: (spec: Spec) => 'open' | 'closed';
  /** What it will send at most; pure. `refused` in the result when it cannot be run. */
  plan(spec: Spec, profile: Profile, id: string): PlannedExperiment;
  run(planned: PlannedExperiment, spec: Spec, context: ExperimentContext): Promise<ExperimentEnd>;
}

export function routesOf(profile: Profile): readonly RouteId[] {
  return routesTo(profile.members.map(({ name }) => name));
}

export function directRoutes(profile: Profile): readonly RouteId[] {
  return profile.members.map(({ name }) => directTo(name));
}

/**
 * How long (µs) a stretch of this rate (all routes together) may last until `limits.maxRequests` are due: what is due
 * afterwards would never be sent. The sender itself counts exactly, over all experiments.
 */
export function affordableUs(durationUs: number, ratePerSec: number, profile: Profile): number {
  return Math.min(durationUs, Math.ceil((profile.limits.maxRequests * US_PER_SEC) / ratePerSec));
}

/** The sentence about it, where it is shorter than was asked for. */
export function shortenedNotes(askedUs: number, durationUs: number): readonly string[] {
  return durationUs < askedUs
    ? [`limits.maxRequests ends it after ${formatDuration(durationUs)} instead of ${formatDuration(askedUs)}`]
    : [];
}

/** How a stretch ended that was neither interrupted nor stopped by a rule. */
export function endOf(context: ExperimentContext, stopReason?: string): ExperimentEnd {
  if (context.signal.aborted) return { stop: 'interrupted', stopReason: 'interrupted by the user' };
  return stopReason === undefined ? { stop: 'completed' } : { stop: 'abort-rule', stopReason };
}
