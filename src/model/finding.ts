import type { CauseId } from './causes.ts';
import type { GatewayKind } from './profile.ts';
import type { Severity } from './severity.ts';

/** A measured value with its interval. The unit is in the name it is stored under (`timeoutUs`, `ratePerSec`, `errorRatio`, `concurrencyLimit`). */
export type Estimate = { readonly value: number; readonly low?: number; readonly high?: number };

/** Unit of an axis or column; only writers turn it into text. */
export type Unit = 'us' | 'count' | 'ratio' | 'perSec' | 'bytes' | 'text';

export type Axis = { readonly title: string; readonly unit: Unit; readonly scale: 'linear' | 'log' | 'percentile' };
/** What a series shows: decides its colour and shape, the same in every chart. */
export type SeriesRole = 'gateway' | 'direct' | 'canary' | 'failure' | 'cold' | 'model' | 'warm';
export type XySeries = {
  readonly name: string;
  readonly role: SeriesRole;
  readonly style: 'points' | 'line' | 'step';
  /** [x, y] in the units of the axes. On a percentile axis x is the quantile 0..1. In a line a y of NaN is a gap, also in its band. */
  readonly points: readonly (readonly [number, number])[];
  /** [x, low, high], drawn as a band. */
  readonly band?: readonly (readonly [number, number, number])[];
  /** Series of the same panel stand in a small plot of their own; all plots share their axes. Either all series name one, or none. */
  readonly panel?: string;
};
/** A cell of a heat map: from, to on both axes, and how many lie in it. */
export type HeatCell = readonly [x0: number, x1: number, y0: number, y1: number, count: number];
export type HeatLayer = { readonly name: string; readonly role: SeriesRole; readonly cells: readonly HeatCell[] };
/** One request on its way, phase by phase; times count from the moment it was due, and no step overlaps another. */
export type WaterfallLane = {
  readonly name: string;
  readonly steps: readonly { readonly phase: string; readonly startUs: number; readonly endUs: number }[];
};
export type Mark = { readonly axis: 'x' | 'y'; readonly value: number; readonly label: string };

/** One exchange as shown to a human, ready for a log search. */
export type ExchangeRow = {
  readonly requestId: string;
  /** Offset of the due time in the run; writers turn it into wall time. */
  readonly dueUs: number;
  readonly route: string;
  readonly requestName: string;
  readonly outcome: string;
  readonly elapsedUs: number;
  readonly detail?: string;
};

/** What was logged about one request, and how that was read. */
export type LinesRow = {
  /** µs since 1970, reference clock. */
  readonly atUs: number;
  /** Row of the decision table that was applied. */
  readonly row: string;
  readonly because: string;
  readonly lines: readonly { readonly source: string; readonly text: string }[];
};

/** One piece of evidence. A closed vocabulary: writers have one function per kind. */
export type Exhibit =
  | {
      readonly kind: 'xy';
      readonly id: string;
      readonly title: string;
      /** One sentence: how to read it. */
      readonly reading: string;
      readonly x: Axis;
      readonly y: Axis;
      readonly series: readonly XySeries[];
      readonly marks?: readonly Mark[];
    }
  | {
      /** How many lie where: the darker a cell the more. Later layers stand before earlier ones. */
      readonly kind: 'heat';
      readonly id: string;
      readonly title: string;
      readonly reading: string;
      readonly x: Axis;
      readonly y: Axis;
      readonly layers: readonly HeatLayer[];
      readonly marks?: readonly Mark[];
    }
  | {
      readonly kind: 'bars';
      readonly id: string;
      readonly title: string;
      readonly reading: string;
      readonly categories: readonly string[];
      readonly unit: Unit;
      readonly stacked: boolean;
      readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
    }
  | {
      /** Requests taken apart into their phases, one above the other on one axis of time. */
      readonly kind: 'waterfall';
      readonly id: string;
      readonly title: string;
      readonly reading: string;
      readonly lanes: readonly WaterfallLane[];
    }
  | {
      readonly kind: 'table';
      readonly id: string;
      readonly title: string;
      readonly reading: string;
      readonly columns: readonly { readonly title: string; readonly unit: Unit }[];
      readonly rows: readonly (readonly (string | number | null)[])[];
    }
  | {
      readonly kind: 'exchanges';
      readonly id: string;
      readonly title: string;
      readonly reading: string;
      readonly rows: readonly ExchangeRow[];
      /** How many there are; `rows` may hold fewer. */
      readonly total: number;
    }
  | {
      /** Lines of both sides about the same requests, next to each other. */
      readonly kind: 'lines';
      readonly id: string;
      readonly title: string;
      readonly reading: string;
      readonly rows: readonly LinesRow[];
      readonly total: number;
    };

export type Remedy = {
  readonly steps: readonly string[];
  /** Exact commands or configuration lines, most specific first. */
  readonly commands: readonly {
    readonly gateway: GatewayKind | 'member';
    readonly title: string;
    readonly text: string;
  }[];
  readonly howToVerify: string;
};

/** confirmed: an intervention changed the outcome as predicted, or logs prove it. likely: all signs, rivals excluded. possible: some signs. */
export type Confidence = 'confirmed' | 'likely' | 'possible';

export type Scope = {
  readonly route: 'gateway' | 'direct' | 'probe';
  readonly member?: string;
  readonly requestName?: string;
};

export type Rival = { readonly cause: CauseId; readonly whyNot: string };

/** A line of configuration beside what was measured. */
export type Declaration = {
  readonly file: string;
  /** From 1; 0 for a default that is written nowhere. */
  readonly line: number;
  readonly directive: string;
  readonly value: string;
  readonly scope: string;
  /** Whether what was measured is this value; undefined where there is nothing to compare. */
  readonly agrees?: boolean;
  /** Where it does not: `measured 2 s, declared 60 s`. */
  readonly disagreement?: string;
  /** `nginx.conf:11 proxy_read_timeout 2s (http)`. */
  readonly citation: string;
};

export type Finding = {
  readonly cause: CauseId;
  readonly scope: Scope;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** The answer in one plain sentence, with its numbers. Numbers are formatted by `model/quantity.ts` only. */
  readonly title: string;
  readonly meaning: string;
  readonly measured: Readonly<Record<string, Estimate>>;
  readonly expected?: string;
  readonly rivals: readonly Rival[];
  readonly exhibits: readonly Exhibit[];
  readonly remedy: Remedy;
  /** Where the configuration sets it, most specific first; only where configuration was read. */
  readonly declared?: readonly Declaration[];
  /** Requests concerned, of requests that could have been. */
  readonly affected?: { readonly count: number; readonly of: number };
};

/** What a detector came to. `failed` is only made by the judge, when a detector throws. */
export type Verdict =
  | { readonly state: 'clear'; readonly checked: string }
  | { readonly state: 'found'; readonly count: number }
  | { readonly state: 'not-applicable'; readonly reason: string }
  | { readonly state: 'insufficient-data'; readonly need: string; readonly have: string }
  | { readonly state: 'failed'; readonly error: string };
export type VerdictState = Verdict['state'];
