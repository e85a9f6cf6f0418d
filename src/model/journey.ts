/** One request as far as anyone saw it, and what the logs as a whole hold. Data: written with a recording, read by detectors. */
import type { HopReading } from './hop.ts';
import type { LogFormatId, LogRole, PlacedEntry } from './log.ts';

/** How two lines were found to be about the same request, best first. */
export type JoinedBy =
  | 'probe-id'
  | 'arr-log-id'
  | 'trace-id'
  | 'request-id'
  | 'local-id'
  | 'connection'
  | 'time-and-path';

/**
 * `present`; `absent`: the log reaches beyond the moment and has no such line; `unknown`: no such log was given, or it does not reach far
 * enough, or the line could not be told from others.
 */
export type Presence = 'present' | 'absent' | 'unknown';

/** What one host logged about one request. */
export type HostView = {
  readonly presence: Presence;
  /** Why, where it is `unknown`. */
  readonly because?: string;
  readonly joinedBy?: JoinedBy;
  /** How many other lines would have fitted as well and tell something else. Above 0 the join is a guess and is not used as proof. */
  readonly ambiguous: number;
  /** How many other lines look the same and fit as well: the request has one of them all, and it is not known which. Left out: none. */
  readonly alike?: number;
  readonly access: readonly PlacedEntry[];
  /** Error lines, FREB traces and HTTPERR lines of the same request. */
  readonly details: readonly PlacedEntry[];
};

/** What the client saw: the probe's exchange, where there was one. */
export type ClientView = {
  readonly seq: number;
  readonly requestId: string;
  /** Key as in counts: `502`, `200:truncated`, `timeout:headers`, `error:closed`. */
  readonly outcome: string;
  readonly status?: number;
  readonly isFailure: boolean;
  readonly sentAtUs?: number;
  readonly elapsedUs: number;
  /** Direct to a member: the gateway has nothing to say. */
  readonly direct?: string;
  readonly requestName: string;
  readonly reusedConnection: boolean;
  readonly idleUs: number;
};

export type MemberView = HostView & {
  readonly member: string;
  /** From the gateway's first byte to the member's, clocks set against each other: what was lost on the way or in a queue. */
  readonly delayUs?: { readonly value: number; readonly error: number };
};

export type Journey = {
  /** Stable within a recording. */
  readonly id: string;
  /** µs since 1970, by the reference clock (the probe's in a run, else the gateway's). */
  readonly startAtUs: number;
  readonly endAtUs: number;
  readonly path?: string;
  readonly client?: ClientView;
  readonly gateway: HostView & { readonly reading?: HopReading };
  /** Every member whose logs were given, and those that the gateway named. */
  readonly members: readonly MemberView[];
  /** Windows events near this request on hosts that it touched. */
  readonly events: readonly PlacedEntry[];
  /** True: kept as an ordinary one, for comparison. */
  readonly isSample: boolean;
};

/** Clock of a host against the reference: `host = reference + offset`. */
export type ClockEstimate = {
  readonly source: number;
  readonly offsetUs: number;
  /** Half width: the true offset lies within. */
  readonly errorUs: number;
  /** µs per second. */
  readonly driftPpm?: number;
  /** With a drift: the moment (µs since 1970, reference clock) at which the offset holds. */
  readonly driftAtUs?: number;
  readonly basedOn: number;
  readonly agreeRatio: number;
  /** False: not enough to say; offset 0 was assumed and absence is not claimed. */
  readonly known: boolean;
  readonly note?: string;
};

/** Exact counts of one status class over a whole source. */
export type LogClass = {
  readonly source: number;
  readonly status: number;
  readonly substatus?: number;
  readonly win32?: number;
  readonly flags?: string;
  readonly count: number;
  readonly firstAtUs: number;
  readonly lastAtUs: number;
  /** Of `count`, how many lines were kept as journeys. */
  readonly kept: number;
};

/** A minute of a source; in a long log several, whose length is then told. */
export type LogMinute = {
  readonly atUs: number;
  readonly lengthUs?: number;
  readonly count: number;
  readonly failed: number;
};

export type LogSourceSummary = {
  readonly index: number;
  readonly role: LogRole;
  readonly member?: string;
  readonly format: LogFormatId;
  readonly files: readonly string[];
  /** Addresses (ip, ip:port, server names) that its own lines give for this host. */
  readonly addresses: readonly string[];
  /** Why this role was taken, where nobody said so. */
  readonly roleBecause?: string;
  readonly lines: number;
  readonly entries: number;
  readonly bad: number;
  readonly badFirst: readonly { readonly line: number; readonly text: string }[];
  readonly bytes: number;
  readonly firstAtUs?: number;
  readonly lastAtUs?: number;
  /** Until when absence may be claimed, by the source's own clock. */
  readonly watermarkUs?: number;
  readonly missing: readonly string[];
  readonly torn: boolean;
  readonly probeLines: number;
  readonly healthChecks: number;
  readonly classes: readonly LogClass[];
  readonly minutes: readonly LogMinute[];
  /** Durations of successful requests: p50, p90, p99, max (µs), and how many. */
  readonly okDurationUs?: {
    readonly count: number;
    readonly p50: number;
    readonly p90: number;
    readonly p99: number;
    readonly max: number;
  };
};

/** First requests after a pause of a member or gateway, or after a header block within a file, slow or not. */
export type AfterGap = {
  readonly source: number;
  readonly line: number;
  readonly atUs: number;
  /** Short where a header block is all there is. */
  readonly gapUs: number;
  readonly durationUs: number;
  /** A header block stands before it: IIS writes one after about 15 min without requests, when its service starts, and for new fields. */
  readonly isNewBlock?: true;
  /** Slowness of what followed within the next seconds, for comparison; undefined when nothing followed. */
  readonly nextUs?: number;
};

/** All that logs told. */
export type LogEvidence = {
  readonly sources: readonly LogSourceSummary[];
  readonly clocks: readonly ClockEstimate[];
  readonly journeys: readonly Journey[];
  readonly afterGaps: readonly AfterGap[];
  readonly events: readonly PlacedEntry[];
  /** When members closed idle connections (HTTPERR Timer_ConnectionIdle), by the reference clock. */
  readonly idleCloses: readonly { readonly source: number; readonly atUs: number }[];
  /** Fields to enable, settings to change so that the join gets better: one sentence and a command each. */
  readonly preflight: readonly { readonly source: number; readonly what: string; readonly command: string }[];
  readonly problems: readonly string[];
};
