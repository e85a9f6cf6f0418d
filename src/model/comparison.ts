/** Two recordings held against each other: what `gateprobe diff` found, as data. Times in µs. */
import type { Estimate, Finding } from './finding.ts';
import type { ThresholdResult } from './report.ts';
import type { RouteId } from './route.ts';
import type { RunHistory } from './run-history.ts';

export const COMPARISON_SCHEMA_VERSION = 1;

/**
 * `worse`, `better`: beyond the floor and not by chance. `same`: the interval lies within ± the floor, so that "no
 * change" is a statement. `inconclusive`: neither can be said. `insufficient`: a run has too little for any statement.
 */
export type ChangeState = 'worse' | 'better' | 'same' | 'inconclusive' | 'insufficient';

export type MetricChange = {
  /** `gateway home p95`, `direct:web1 home p50`, `gateway home errors`. */
  readonly id: string;
  readonly route: RouteId;
  readonly requestName: string;
  /** Share (0..1) of a quantile of response times; `errors` for the share of requests that failed. */
  readonly what: { readonly kind: 'quantile'; readonly p: number } | { readonly kind: 'errors' };
  /** Whether the members, asked in the same moments, are the control: drift of machine and network cancels. */
  readonly isControlled: boolean;
  readonly state: ChangeState;
  /** µs, or a share (0..1) for errors; left out where a run has none. */
  readonly base?: number;
  readonly head?: number;
  /** Head minus base beyond what the control did, in the unit of `base`, 95 %. */
  readonly change?: Estimate;
  /** The same as a share of base; not for errors. */
  readonly changeRatio?: Estimate;
  /**
   * Ends of the 95 % interval that hold whether the gateway multiplies its members' time or adds to it, in the unit of `base`: what is
   * said of a limit must hold in both readings. The same as `change` for members and errors.
   */
  readonly bounds?: { readonly low: number; readonly high: number };
  /** Below this a change does not count, in the unit of `base`. */
  readonly floor?: number;
  readonly p?: number;
  /** Adjusted for the number of metrics (Benjamini and Hochberg). */
  readonly adjustedP?: number;
  /** Requests of the route in each run. */
  readonly baseCount: number;
  readonly headCount: number;
  /** About so many more requests of the route in each run would settle it; left out where more would not help. */
  readonly needMore?: number;
};

/** A part of the time of answered requests, median of each run, µs. Explains; is not judged. */
export type PhaseChange = {
  readonly route: RouteId;
  readonly requestName: string;
  readonly phase: string;
  readonly baseUs: number;
  readonly headUs: number;
};

/** Response times of both runs on one way, as [share of requests (0..1), µs]; what a sample does not support is left out. */
export type LatencyCurves = {
  readonly route: RouteId;
  readonly requestName: string;
  readonly base: readonly (readonly [p: number, us: number])[];
  readonly head: readonly (readonly [p: number, us: number])[];
};

/** How often an outcome (status with substatus) came, among all due requests of a route. Explains; is not judged. */
export type OutcomeChange = {
  readonly route: RouteId;
  readonly outcome: string;
  readonly base: number;
  readonly head: number;
  readonly baseOf: number;
  readonly headOf: number;
  /** Fisher's exact test, adjusted for the number of outcomes. */
  readonly adjustedP: number;
};

/**
 * `unjudged-before`, `unjudged-now`: the other run could not tell, so that nothing is known about a change. `changed`:
 * a measured value whose intervals do not overlap.
 */
export type FindingChange = {
  readonly state: 'appeared' | 'vanished' | 'changed' | 'stayed' | 'unjudged-before' | 'unjudged-now';
  readonly cause: Finding['cause'];
  readonly scope: Finding['scope'];
  readonly severity: Finding['severity'];
  /** Of head; of base where head has none. */
  readonly title: string;
  readonly titleBefore?: string;
};

/** What differs between the two runs beside what is measured: a change may come from it. */
export type Difference = { readonly what: string; readonly base: string; readonly head: string };

export type RunReference = {
  readonly runId: string;
  readonly startedAt: string;
  readonly profile: string;
  readonly requests: number;
};

/** A second head run of the compares alone, made because the first was doubtful. Metrics by id. */
export type ComparisonRepeat = {
  readonly run: RunReference;
  /** Worse or better in both. */
  readonly confirmed: readonly string[];
  /** Worse or better in the first, not in the repeat: these are open now. */
  readonly refuted: readonly string[];
  /** Open in the first; the repeat shows no change, and its numbers stand. */
  readonly settled: readonly string[];
  /** Why the repeat says nothing; empty where it does. */
  readonly invalid: readonly string[];
};

export type ComparisonVerdict = 'worse' | 'better' | 'same' | 'cannot-tell' | 'invalid';

export type Comparison = {
  readonly schemaVersion: typeof COMPARISON_SCHEMA_VERSION;
  readonly base: RunReference;
  readonly head: RunReference;
  /** `same` is about the gateway's p50 and p95 of every request; members are listed. */
  readonly verdict: ComparisonVerdict;
  readonly metrics: readonly MetricChange[];
  readonly phases: readonly PhaseChange[];
  readonly outcomes: readonly OutcomeChange[];
  /** The times behind the metrics, for a picture; only ways that both runs have. */
  readonly curves: readonly LatencyCurves[];
  readonly findings: readonly FindingChange[];
  /** Why the two are not like for like. */
  readonly differences: readonly Difference[];
  /** Of thresholds on change. Left out where there are none. */
  readonly thresholds?: readonly ThresholdResult[];
  /** Left out where nothing was repeated. */
  readonly repeat?: ComparisonRepeat;
  /** Of the head's profile; left out where there are too few runs. Not judged. */
  readonly history?: RunHistory;
  /** Why a run says nothing (its probe was at its limit). */
  readonly invalid: readonly string[];
};

/** How often pairs of runs between which nothing was changed looked changed. */
export type Calibration = {
  readonly schemaVersion: typeof COMPARISON_SCHEMA_VERSION;
  readonly recordings: number;
  readonly pairs: number;
  /** Pairs that `diff` calls worse or better. */
  readonly alarms: number;
  /** Per metric: pairs whose 95 % interval excludes zero, before floors. */
  readonly metrics: readonly { readonly id: string; readonly pairs: number; readonly excluded: number }[];
};
