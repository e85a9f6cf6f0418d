import type { CauseId } from './causes.ts';
import type { Estimate, Exhibit, Finding, Verdict } from './finding.ts';
import type { ClockEstimate, LogSourceSummary } from './journey.ts';
import type { ProbeQuality, RecognisedGateway } from './recording.ts';
import type { Severity } from './severity.ts';
import type { Trail } from './trail.ts';

export const REPORT_SCHEMA_VERSION = 1;

/** A quantile, or how many more are needed before the sample supports it. Open intervals leave `high` out. */
export type QuantileEstimate =
  | { readonly state: 'known'; readonly value: number; readonly low: number; readonly high?: number }
  | { readonly state: 'n/a'; readonly need: number; readonly have: number };

/** Named quantiles, in µs inside the program. Names: p50, p90, p95, p99, p999. */
export type QuantileTable = Readonly<Record<string, QuantileEstimate>>;

export type RouteSummary = {
  readonly route: 'gateway' | 'direct';
  readonly member?: string;
  /** Due requests of all experiments, also failed and unsent ones. */
  readonly count: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Response times from the due time, open loop, warm connections, answers that are ok. */
  readonly latencyUs: QuantileTable;
  readonly latencyCount: number;
  readonly maxUs?: number;
  /** Mean of each phase over ok answers, new connections included where the phase exists. */
  readonly phasesUs: Readonly<Record<string, { readonly p50: number; readonly p99: number; readonly count: number }>>;
  readonly failureRatio?: Estimate;
};

export type ThresholdResult = {
  readonly text: string;
  readonly verdict: 'pass' | 'fail' | 'undecided';
  /** What that means for the exit code: the verdict, or for undecided what the profile says (`warn`: nothing, but it is said). */
  readonly gate: 'pass' | 'warn' | 'fail';
  readonly measured?: Estimate;
  readonly unit: 'us' | 'ratio';
  /** One sentence: why, or what is missing. */
  readonly because: string;
};

export type ExperimentSummary = {
  readonly id: string;
  readonly kind: string;
  readonly describe: string;
  readonly loop: 'open' | 'closed';
  readonly startUs: number;
  readonly durationUs: number;
  readonly due: number;
  readonly sent: number;
  readonly stop: string;
  readonly stopReason?: string;
  readonly notes: readonly string[];
  /** Outcome counts per route. */
  readonly routes: readonly {
    readonly route: string;
    readonly outcomes: Readonly<Record<string, number>>;
    readonly latencyUs: QuantileTable;
  }[];
};

/** One self-check of the probe. `text`: what was measured, and, unless it is good, what that does to the answer. */
export type ProbeCheck = {
  readonly id: string;
  readonly title: string;
  /** `unknown`: this platform does not tell, or there was too little to tell. */
  readonly state: 'good' | 'caution' | 'invalid' | 'unknown';
  readonly text: string;
};

export type Validity = { readonly ok: boolean; readonly reasons: readonly string[] };

/** One log as reported: files of one host in one format. Times µs since 1970, by its own clock. */
export type LogSourceReport = Pick<
  LogSourceSummary,
  | 'role'
  | 'member'
  | 'roleBecause'
  | 'format'
  | 'files'
  | 'lines'
  | 'entries'
  | 'bad'
  | 'badFirst'
  | 'bytes'
  | 'firstAtUs'
  | 'lastAtUs'
  | 'missing'
> & {
  /** `gateway`, `web1`, `web1, httperr`: unique; everything else in a report refers to a source by it. */
  readonly name: string;
  /** Lines that are requests, in the time asked for; 0 in a log of details (errors, traces, HTTPERR). */
  readonly requests: number;
  /** Of these, 5xx and answers that were cut short. */
  readonly failed: number;
};

/** How often one status, with what else the line says about it, stands in one log. */
export type LogClassShare = {
  readonly source: string;
  /** `502.3 12002`, `504 sH--`, as people search for it. */
  readonly code: string;
  /** What a Windows code in it is called: `ERROR_WINHTTP_TIMEOUT`. */
  readonly codeName?: string;
  readonly status: number;
  readonly substatus?: number;
  readonly win32?: number;
  readonly flags?: string;
  readonly count: number;
  /** Of the requests of its source (0..1). */
  readonly shareRatio: number;
  readonly firstAtUs: number;
  readonly lastAtUs: number;
};

/** What became of the errors (5xx) in the logs that clients see: the gateway's; the members' where no log of a gateway was read. */
export type LogBalance = {
  /** `nobody`: there was no log of requests. `unknown`: there was one, but whose it is could not be told. */
  readonly of: 'gateway' | 'members' | 'unknown' | 'nobody';
  readonly requests: number;
  readonly errors: number;
  /** Requests below 500 that were cut short: the client left, the answer broke off. */
  readonly cutShort: number;
  /** Errors that a finding or a decision accounts for. */
  readonly explained: number;
  /** The others, most frequent first; counts add up to `errors - explained`. */
  readonly unexplained: readonly { readonly because: string; readonly count: number }[];
};

export type LogReport = {
  readonly sources: readonly LogSourceReport[];
  readonly clocks: readonly (Omit<ClockEstimate, 'source'> & { readonly source: string })[];
  /** Most frequent first. */
  readonly classes: readonly LogClassShare[];
  /** What to switch on, in the order in which it pays. */
  readonly preflight: readonly { readonly source: string; readonly what: string; readonly command: string }[];
  readonly problems: readonly string[];
  /** Only where nothing was sent: a run's own requests are accounted for by its findings. */
  readonly balance?: LogBalance;
};

/** The whole answer of a run, before a writer turns it into text. Times in µs; `report.json` has milliseconds. */
export type Report = {
  readonly schemaVersion: typeof REPORT_SCHEMA_VERSION;
  readonly tool: { readonly name: 'gateprobe'; readonly version: string };
  readonly runId: string;
  readonly seed: number;
  readonly profile: {
    readonly name: string;
    readonly gatewayUrl: string;
    readonly members: readonly { readonly name: string; readonly url: string }[];
  };
  readonly startedAt: string;
  readonly durationUs: number;
  readonly interrupted: boolean;
  readonly validity: Validity;
  /** What the probe found out about itself. Left out where nothing was sent. */
  readonly checks?: readonly ProbeCheck[];
  /** The worst severity found, or `none`. */
  readonly worst: Severity | 'none';
  /** Requests that the gateway refuses as a rule (a 4xx) and every member answers well: no failure by the profile, and hardly meant. */
  readonly refused?: readonly string[];
  /** The answer in plain sentences, worst first; at least one. */
  readonly headline: readonly string[];
  readonly gateway: RecognisedGateway;
  readonly routes: readonly RouteSummary[];
  /** Proxied minus direct, by quantile, paired in slots. */
  readonly overheadUs: QuantileTable;
  readonly findings: readonly Finding[];
  readonly detectors: readonly { readonly id: CauseId; readonly title: string; readonly verdict: Verdict }[];
  readonly thresholds: readonly ThresholdResult[];
  readonly experiments: readonly ExperimentSummary[];
  /** Evidence that belongs to no finding: latency curves, phases, outcomes, the probe's own quality. */
  readonly exhibits: readonly Exhibit[];
  readonly quality: ProbeQuality;
  /** Where logs were read. Without experiments they are all there is: `startedAt` is their first line, `durationUs` their span. */
  readonly logs?: LogReport;
  /** How it was found, where the run chose its experiments itself. */
  readonly trail?: Trail;
  /** Requests that were slow or failing on purpose, and the file beside the report that lists them. */
  readonly audit?: { readonly file: string; readonly requests: number };
  /** What was not tested, and why. */
  readonly untested: readonly { readonly what: string; readonly why: string }[];
  readonly warnings: readonly string[];
};
