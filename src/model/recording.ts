import type { PlacedConfig } from './declared.ts';
import type { CertificateFacts, Cohort, Exchange } from './exchange.ts';
import type { HistoryEvidence } from './history.ts';
import type { InstrumentFacts } from './instrument.ts';
import type { LogEvidence } from './journey.ts';
import type { Plan, PlannedExperiment } from './plan.ts';
import type { GatewayKind, Profile } from './profile.ts';
import type { RouteId } from './route.ts';
import type { Trail } from './trail.ts';

export const RECORDING_SCHEMA_VERSION = 1;

/** A profile without secrets, as it is written. */
export type MaskedProfile = Omit<Profile, 'secrets'>;

/** Who made the recording, of what, where. */
export type Manifest = {
  readonly schemaVersion: typeof RECORDING_SCHEMA_VERSION;
  readonly tool: { readonly name: 'gateprobe'; readonly version: string };
  readonly runId: string;
  /** ISO time of offset 0. */
  readonly startedAt: string;
  readonly durationUs: number;
  readonly seed: number;
  readonly profile: MaskedProfile;
  readonly plan: Plan;
  readonly host: { readonly platform: string; readonly node: string; readonly cpus: number };
  readonly interrupted: boolean;
  /** Only where the run chose its experiments itself. */
  readonly trail?: Trail;
};

/** Key of a histogram window. */
export type WindowKey = {
  readonly experimentId: string;
  readonly route: RouteId;
  readonly requestName: string;
  /** New and warm connections are never mixed. */
  readonly connection: 'new' | 'warm';
  /** `load`, `canary`, `slot` …: the kind of the exchange's tag, or `none`. */
  readonly role: string;
  readonly cohort: Cohort;
};

/** One second of one key. Histograms are HdrHistogram V2, deflated, base64; integer µs. */
export type Window = WindowKey & {
  readonly startUs: number;
  readonly lengthUs: number;
  readonly count: number;
  /** By outcome key. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly response: string;
  readonly service: string;
  readonly maxResponseUs: number;
  readonly maxServiceUs: number;
};

/** What became of one planned experiment. */
export type ExperimentRecord = {
  readonly id: string;
  readonly planned: PlannedExperiment;
  readonly loop: 'open' | 'closed';
  readonly startUs: number;
  readonly endUs: number;
  /** Due requests, all of which have an exchange counted. */
  readonly dueCount: number;
  readonly sentCount: number;
  readonly keptCount: number;
  readonly stop: 'completed' | 'abort-rule' | 'interrupted' | 'guard' | 'refused';
  /** One sentence: why it ended early or was not run. */
  readonly stopReason?: string;
  readonly notes: readonly string[];
};

/** The probe's own quality, per run. */
export type ProbeQuality = {
  /** Over all open-loop exchanges that were sent. */
  readonly latenessUs: { readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number };
  readonly latenessCount: number;
  readonly medianServiceUs: number;
  /** Share of time the sending thread was busy (0..1). */
  readonly busyRatio: number;
  readonly busyRatioMax: number;
  readonly gcPauseMaxUs: number;
  readonly gcTotalUs: number;
  readonly loopDelayP99Us: number;
  /** Connections that failed for lack of local ports. */
  readonly portShortages: number;
  readonly notSentCap: number;
  readonly achievedRateRatio: number;
  readonly instrument?: InstrumentFacts;
};

/** Of a recording that no sending thread made: logs alone, or history, whose rounds tell their lag themselves. */
export const UNMEASURED_QUALITY: ProbeQuality = {
  latenessUs: { p50: 0, p99: 0, p999: 0, max: 0 },
  latenessCount: 0,
  medianServiceUs: 0,
  busyRatio: 0,
  busyRatioMax: 0,
  gcPauseMaxUs: 0,
  gcTotalUs: 0,
  loopDelayP99Us: 0,
  portShortages: 0,
  notSentCap: 0,
  achievedRateRatio: 1,
};

/** How a target's name was resolved, once, before traffic. */
export type ResolvedTarget = {
  readonly route: RouteId;
  readonly hostname: string;
  readonly address?: string;
  readonly family?: 4 | 6;
  readonly dnsUs?: number;
  /** Set when it does not resolve. */
  readonly error?: string;
  /** Certificates that it showed, in the order in which they were seen; several where several machines answer. */
  readonly certificates?: readonly CertificateFacts[];
};

export type RecognisedGateway = {
  readonly kind: GatewayKind;
  /** 0..1; `declared` by the profile counts as 1. */
  readonly certainty: number;
  readonly because: readonly string[];
  readonly declared: boolean;
};

/** Everything measured in a run, as data. */
export type Recording = {
  readonly manifest: Manifest;
  readonly targets: readonly ResolvedTarget[];
  readonly gateway: RecognisedGateway;
  readonly experiments: readonly ExperimentRecord[];
  readonly quality: ProbeQuality;
  /** Windows are read lazily: a long run has many. */
  readonly windows: () => Iterable<Window>;
  /** Kept exchanges: all failures up to a cap, the slowest, and a sample of the rest, in order of `seq`. */
  readonly exchanges: readonly Exchange[];
  /** Exchanges counted over all, kept or not. */
  readonly exchangeCount: number;
  readonly warnings: readonly string[];
  /** What logs told, where logs were read. */
  readonly logs?: LogEvidence;
  /** What was kept of a farm that is watched, where the recording is a time of its history. */
  readonly history?: HistoryEvidence;
  /** What configuration files declare, in the order in which a request meets them. */
  readonly configs?: readonly PlacedConfig[];
};
