/** What is kept of farms that are watched: intervals, kept exchanges, events, findings. Times `AtUs` are µs since 1970 (UTC). */
import type { Exchange } from './exchange.ts';
import type { Estimate, Finding } from './finding.ts';
import type { RouteId } from './route.ts';
import type { Severity } from './severity.ts';

/** From fine to coarse; each is merged from the one before it, exactly, because histograms add up. */
export const HISTORY_LEVELS = ['10s', '5m', '1h', '1d'] as const;
export type HistoryLevel = (typeof HISTORY_LEVELS)[number];
export const LEVEL_US: Readonly<Record<HistoryLevel, number>> = {
  '10s': 10_000_000,
  '5m': 300_000_000,
  '1h': 3_600_000_000,
  '1d': 86_400_000_000,
};

/** Key of a series. New and warm connections are never mixed. */
export type SeriesKey = {
  readonly profile: string;
  readonly route: RouteId;
  readonly requestName: string;
  readonly connection: 'new' | 'warm';
};

/** One interval of one series. Histograms are HdrHistogram V2, base64; integer µs; of answers that are ok, as are the maxima. */
export type HistoryInterval = SeriesKey & {
  readonly level: HistoryLevel;
  /** A multiple of the level's length. */
  readonly startAtUs: number;
  readonly count: number;
  /** Of `count`; what counts as failure is decided when the round is kept (status against `expect`, and all that is no answer). */
  readonly failed: number;
  /** By outcome key. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly response: string;
  readonly service: string;
  readonly maxResponseUs: number;
  readonly maxServiceUs: number;
  /** Of `response`, so that a chart of a year need not read thousands of histograms; left out when that is empty. */
  readonly quantilesUs?: { readonly p50: number; readonly p95: number; readonly p99: number };
};

/**
 * scheduled: the profile's rhythm; confirm: the burst after a failure; experiment: a heavier one on its own cron. Only scheduled
 * rounds stand in intervals: the others are no fair sample of what users feel.
 */
export type RoundKind = 'scheduled' | 'confirm' | 'experiment';

/** Every request that was due in one round, on all routes. */
export type Round = {
  readonly profile: string;
  readonly kind: RoundKind;
  /** Wall time of offset 0 of the exchanges' own times. */
  readonly startedAtUs: number;
  readonly endedAtUs: number;
  /** How much later than due the round began, or than the round before ended: the monitor's own fault, always shown. */
  readonly lagUs: number;
  readonly exchanges: readonly Exchange[];
};

/** What is kept of a round beside its intervals: whether it came in time, and how many requests it sent. */
export type RoundRecord = Omit<Round, 'exchanges'> & { readonly count: number; readonly failed: number };

/** failure, slow: something to see; first: the first request after a quiet window, kept fast or slow. */
export type KeptReason = 'failure' | 'slow' | 'first';
export type KeptExchange = {
  readonly profile: string;
  readonly atUs: number;
  readonly reason: KeptReason;
  readonly exchange: Exchange;
};

/** In which nothing was sent to this route, on purpose or because the monitor stood still. */
export type QuietSpan = {
  readonly profile: string;
  readonly route: RouteId;
  readonly fromAtUs: number;
  readonly toAtUs: number;
  readonly why: 'planned' | 'nightly' | 'maintenance' | 'stopped';
};

export const EVENT_KINDS = [
  'failing', // one spell of failures, from the first to the recovery
  'slow',
  'cold-start',
  'finding', // a finding of the judge that opened, and when it closed
  'alert',
  'maintenance',
  'profile', // loaded, changed, refused
  'monitor', // started, stopped, writing paused, writing again
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Something that happened, with a beginning and, once it is over, an end. */
export type HistoryEvent = {
  /** Stable: the same event told again has the same id. */
  readonly id: string;
  readonly profile: string;
  readonly kind: EventKind;
  readonly severity: Severity;
  readonly fromAtUs: number;
  readonly toAtUs?: number;
  readonly route?: RouteId;
  readonly member?: string;
  /** An id of causes.ts, where it has one. */
  readonly cause?: string;
  /** A plain sentence, with numbers. */
  readonly title: string;
  /** Evidence as JSON-able facts: request ids, counts, confirm burst. */
  readonly facts: Readonly<Record<string, unknown>>;
};

/** A finding over its life: the same cause at the same scope is the same record. */
export type FindingRecord = {
  readonly id: string;
  readonly profile: string;
  readonly finding: Finding;
  readonly firstSeenAtUs: number;
  readonly lastSeenAtUs: number;
  /** When it opened the last time; left out: when it was first seen. */
  readonly openedAtUs?: number;
  readonly closedAtUs?: number;
  readonly timesSeen: number;
  /** As it was told the last time; left out: with its title of now. */
  readonly toldTitle?: string;
};

/** Left out means all. `toAtUs` is exclusive. */
export type HistoryQuery = {
  readonly profile: string;
  readonly fromAtUs: number;
  readonly toAtUs: number;
  readonly route?: RouteId;
  /** For rows that can be many; the newest are kept. */
  readonly limit?: number;
};

export type HistorySize = {
  readonly bytes: number;
  readonly intervals: Readonly<Record<HistoryLevel, number>>;
  readonly kept: number;
  readonly events: number;
  readonly findings: number;
};

/** Undefined when all went well: writing stands still and the reason is shown, nothing is thrown at who measures. */
export type WriteProblem = { readonly reason: 'full' | 'locked' | 'broken'; readonly text: string };

/** Where history is kept. Writes are whole: a round is there or it is not, also after a kill. */
export type History = {
  append(round: Round, kept: readonly KeptExchange[]): WriteProblem | undefined;
  addQuiet(span: QuietSpan): WriteProblem | undefined;
  putEvent(event: HistoryEvent): WriteProblem | undefined;
  putFinding(record: FindingRecord): WriteProblem | undefined;
  profiles(): readonly string[];
  /** Without a level: the finest that covers the whole time in at most `limit` (default 500) intervals a series. */
  intervals(query: HistoryQuery & { readonly level?: HistoryLevel }): readonly HistoryInterval[];
  kept(query: HistoryQuery): readonly KeptExchange[];
  quiet(query: HistoryQuery): readonly QuietSpan[];
  /** Those that overlap the time, newest first. */
  events(query: HistoryQuery & { readonly kinds?: readonly EventKind[] }): readonly HistoryEvent[];
  event(id: string): HistoryEvent | undefined;
  findings(query: HistoryQuery & { readonly open?: boolean }): readonly FindingRecord[];
  /** Rolls up what is complete at that time, and deletes what is older than its level keeps or above the size cap. */
  maintain(nowAtUs: number): WriteProblem | undefined;
  size(): HistorySize;
  /** Problems found by the database's own check and by ours; empty: none. */
  check(): readonly string[];
  close(): void;
};

/** One series of history in even intervals, as detectors see it. */
export type HistorySeries = SeriesKey & { readonly intervals: readonly HistoryInterval[] };

/** What detectors see of a time of history; beside windows and kept exchanges of the same recording. */
export type HistoryEvidence = {
  readonly fromAtUs: number;
  readonly toAtUs: number;
  readonly level: HistoryLevel;
  readonly series: readonly HistorySeries[];
  readonly kept: readonly KeptExchange[];
  readonly quiet: readonly QuietSpan[];
  readonly events: readonly HistoryEvent[];
  /** How long the gateway waits for an answer, as an earlier look found from failures; left out: never found. */
  readonly gatewayTimerUs?: Estimate;
};
