/** Many runs of one profile in order of time, and where their level changed. Times in µs. */

/** What is known of a run without judging it again. */
export type HistoryRun = {
  /** Of its folder. */
  readonly name: string;
  /** ISO time. */
  readonly startedAt: string;
  /** Quantiles of warm answers by way: `gateway p95`, `direct:web1 p50`. Left out where the run has too few answers for one. */
  readonly levelsUs: Readonly<Record<string, number>>;
};

/** From `run` on the level was another one. */
export type LevelChange = {
  /** Place of the run among the runs of the profile, from 1. */
  readonly number: number;
  readonly run: Pick<HistoryRun, 'name' | 'startedAt'>;
  /** Geometric means of the runs since the change before, and up to the next one. */
  readonly beforeUs: number;
  readonly afterUs: number;
  /** After over before, less 1. */
  readonly changeRatio: number;
  /** What the members did at the same runs, after over before, less 1; left out for members and where they are not known. */
  readonly membersRatio?: number;
  /** Of Welch's test of both sides; optimistic, because the place was chosen. */
  readonly p: number;
};

export type LevelSeries = {
  /** `gateway p95`. */
  readonly id: string;
  readonly points: readonly (readonly [number: number, us: number])[];
  readonly changes: readonly LevelChange[];
};

export type RunHistory = {
  readonly profile: string;
  readonly runs: readonly Pick<HistoryRun, 'name' | 'startedAt'>[];
  readonly series: readonly LevelSeries[];
};
