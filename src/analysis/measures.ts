import type { PlacedConfig } from '../model/declared.ts';
import type { Cohort, Exchange } from '../model/exchange.ts';
import type { HistoryEvidence } from '../model/history.ts';
import type { LogEvidence } from '../model/journey.ts';
import type { ExperimentKind } from '../model/profile.ts';
import type {
  ExperimentRecord,
  MaskedProfile,
  ProbeQuality,
  RecognisedGateway,
  ResolvedTarget,
} from '../model/recording.ts';
import type { QuantileEstimate } from '../model/report.ts';
import type { RouteId } from '../model/route.ts';
import type { Distribution } from './distribution.ts';

/** Which exchanges or windows are meant. A field left out does not restrict. */
export type Selection = {
  readonly experimentId?: string;
  readonly experimentKind?: ExperimentKind;
  readonly route?: RouteId;
  readonly requestName?: string;
  readonly connection?: 'new' | 'warm';
  /** Kind of the exchange's tag: slot, load, canary, volley, idle, delay, prepare, none. */
  readonly roles?: readonly string[];
  readonly cohorts?: readonly Cohort[];
  readonly loop?: 'open' | 'closed';
};

export type Counts = {
  /** Every due request. */
  readonly due: number;
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** By outcome key, substatus included where every such exchange was kept. */
  readonly outcomes: Readonly<Record<string, number>>;
};

/** A stretch of a run with the distribution of its times; the unit of resampling. */
export type Block = { readonly startUs: number; readonly lengthUs: number; readonly times: Distribution };

/**
 * All that a detector may see: lazy, memoised, without I/O. A run, logs alone and history are sources of the same
 * measures. Times are response times (from the due time) unless `service` is asked for.
 */
export interface Measures {
  readonly profile: MaskedProfile;
  readonly gateway: RecognisedGateway;
  readonly targets: readonly ResolvedTarget[];
  /** Names, in the order of the profile. */
  readonly members: readonly string[];
  readonly experiments: readonly ExperimentRecord[];
  readonly quality: ProbeQuality;
  readonly durationUs: number;
  /** ISO time of offset 0. */
  readonly startedAt: string;
  /** What logs told, where logs were read. */
  readonly logs?: LogEvidence;
  /** What was kept of a farm that is watched, where the recording is a time of its history. */
  readonly history?: HistoryEvidence;
  /** What configuration files declare, where they were read. */
  readonly configs?: readonly PlacedConfig[];
  /** Seed of the run, so that resampling in a detector repeats. */
  readonly seed: number;
  /** Kept exchanges that match, in order of `seq`. Check `counts` to see how many there were. */
  exchanges(selection: Selection): readonly Exchange[];
  counts(selection: Selection): Counts;
  /** Times of ok answers unless `cohorts` says otherwise. */
  times(selection: Selection, which?: 'response' | 'service'): Distribution;
  blocks(selection: Selection, which?: 'response' | 'service'): readonly Block[];
  /** Quantile with an interval that respects correlation within the run; `n/a` where the sample cannot support it. */
  quantile(selection: Selection, p: number, which?: 'response' | 'service'): QuantileEstimate;
  /**
   * Proxied minus direct at quantile `p`, warm connections of all compares: quantile of the gateway minus quantile of
   * the equal mixture of the members, interval by paired block bootstrap.
   */
  overhead(p: number, requestName?: string): QuantileEstimate;
  /**
   * Per-slot differences (gateway minus mean of members' ok answers of that slot), µs, warm slots with ok answers on
   * all sides used.
   */
  slotDifferences(requestName?: string): readonly number[];
}
