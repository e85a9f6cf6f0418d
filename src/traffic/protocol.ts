/** Messages between the main thread and the sending thread. */
import type { RecordableHistogram } from 'node:perf_hooks';
import type { AnswerRows } from '../model/answer-rows.ts';
import type { Exchange, NotSentReason } from '../model/exchange.ts';
import type { ArrivalFacts, CollectorFacts, ReuseFacts, StarvationFacts, ThreadFacts } from '../model/instrument.ts';
import type { Limits, MemberId, RequestSpec, Target } from '../model/profile.ts';
import type { RouteId } from '../model/route.ts';
import type { ClockEpoch } from './clock.ts';
import type { Schedule, ShotShape } from './schedule.ts';
import type { SharedCounts } from './shared-limits.ts';

/** One route with its name already resolved. */
export type RouteTarget = {
  readonly route: RouteId;
  readonly target: Target;
  readonly hostname: string;
  readonly port: number;
  readonly secure: boolean;
  /** Undefined when the name does not resolve: every request then fails with code `dns`. */
  readonly address?: string;
  readonly family?: 4 | 6;
  readonly dnsUs?: number;
  readonly resolveError?: string;
};

export type SenderSetup = {
  readonly epoch: ClockEpoch;
  readonly runId: string;
  readonly userAgent: string;
  readonly routes: readonly RouteTarget[];
  readonly requests: readonly RequestSpec[];
  readonly limits: Limits;
  readonly memberId?: MemberId;
  readonly connectionHeader?: string;
  /** Headers of every request, for example Authorization. */
  readonly headers: Readonly<Record<string, string>>;
  /** PEM texts of trusted certificates; only looked up where a target speaks TLS. */
  readonly trusted: readonly string[];
  /** The pacing thread waits out the last part on the processor instead of asleep. */
  readonly spin?: boolean;
  /** Nothing that is due at a moment is expected: a pacing thread, with its 10 MB, is started only if something is after all. */
  readonly isUnpaced?: boolean;
  /** Left out where it is the only sending thread. */
  readonly place?: ThreadPlace;
};

/** A thread among several that send: its number from 0 on, how many there are, and what they count together. */
export type ThreadPlace = { readonly number: number; readonly count: number; readonly shared: SharedCounts };

/** Numbers of the exchanges that a thread gives out in a firing; left out: on from the last one. */
export type SeqNumbers = { readonly first: number; readonly step: number };

export type ClosedLoop = {
  readonly route: RouteId;
  readonly request: string;
  readonly connections: number;
  readonly durationUs: number;
  /** Default: our own. */
  readonly engine?: 'wire' | 'autocannon';
  /** Where `connections` are those of one thread: which of all `of` connections they are. */
  readonly share?: { readonly first: number; readonly step: number; readonly of: number };
};

/**
 * Requests one after the other, each due at a time that follows from an earlier one's end: exact idle gaps need the moment
 * at which an answer ended, which no schedule knows beforehand.
 */
export type Chain = {
  readonly steps: readonly {
    readonly shape: ShotShape;
    /** Due `gapUs` after step number `step` ended, but never before the step before it did. First steps are due at once. */
    readonly after?: { readonly step: number; readonly gapUs: number };
  }[];
  /** What is left is not sent after a failure. */
  readonly endsAtFailure: boolean;
};

export type Command =
  | {
      readonly type: 'fire';
      readonly firing: number;
      readonly experimentId: string;
      readonly schedule: Schedule;
      readonly startUs: number;
      readonly numbers?: SeqNumbers;
    }
  | {
      readonly type: 'closed';
      readonly firing: number;
      readonly experimentId: string;
      readonly load: ClosedLoop;
      readonly numbers?: SeqNumbers;
    }
  | {
      readonly type: 'chain';
      readonly firing: number;
      readonly experimentId: string;
      readonly chain: Chain;
      readonly numbers?: SeqNumbers;
    }
  /** Opens idle connections beforehand, so that a volley leaves at once. */
  | { readonly type: 'prepare'; readonly firing: number; readonly route: RouteId; readonly connections: number }
  | { readonly type: 'cookies'; readonly route: RouteId; readonly cookie: string }
  /** Ends a firing: what is not yet sent is recorded with `reason`, what is in flight may end until `graceUs` is over. */
  | { readonly type: 'stop'; readonly reason: NotSentReason; readonly graceUs: number }
  /** Closes idle connections, so that no keep-alive of ours holds a member awake. */
  | { readonly type: 'quiet' }
  | { readonly type: 'close' };

export type FiringResult = {
  readonly due: number;
  readonly sent: number;
  /** Closed loop only: what sent them. */
  readonly engine?: 'wire' | 'autocannon';
  /** Closed loop only: requests that autocannon lost sight of (a close without an answer hides them). */
  readonly unaccounted?: number;
  readonly failed?: string;
};

export type ThreadQuality = {
  readonly busyRatio: number;
  readonly busyRatioMax: number;
  readonly gcPauseMaxUs: number;
  readonly gcTotalUs: number;
  readonly loopDelayP99Us: number;
  readonly portShortages: number;
  readonly arrivals?: ArrivalFacts;
  readonly starvation?: StarvationFacts;
  readonly collector?: CollectorFacts;
  /** Numbers of exchanges given out; each must have arrived at the sink once. */
  readonly launched: number;
  readonly blankUs?: number;
  readonly blankAfterUs?: number;
  readonly reuse?: readonly ReuseFacts[];
  /** Only where several threads sent: each of them. */
  readonly threads?: readonly ThreadFacts[];
};

/** What quantiles of several threads are made of; a histogram passes between threads by reference. */
export type QualityHistograms = {
  readonly delays: RecordableHistogram;
  readonly services: RecordableHistogram;
  readonly untouched: RecordableHistogram;
};

/** Bytes that came behind the end of an answer, or on a connection on which nothing was asked. Their connections were not used again. */
export type StrayBytes = {
  readonly route: RouteId;
  readonly bytesBehindAnswers: number;
  readonly bytesIdle: number;
  readonly connections: number;
};

export type SenderEnd = {
  readonly quality: ThreadQuality;
  readonly histograms: QualityHistograms;
  readonly stray: readonly StrayBytes[];
};

/** The end of a firing in one thread. */
export type Done = {
  readonly result: FiringResult;
  /** The number of the next exchange, had it gone on. */
  readonly nextSeq: number;
  /** Only among several threads: see `departures.ts`. */
  readonly departures?: Float64Array<ArrayBuffer>;
};

export type Reply =
  | { readonly type: 'ready' }
  | { readonly type: 'exchanges'; readonly exchanges: readonly Exchange[]; readonly inFlight: number }
  | { readonly type: 'rows'; readonly rows: AnswerRows; readonly inFlight: number }
  | ({ readonly type: 'done'; readonly firing: number } & Done)
  | ({ readonly type: 'closed' } & SenderEnd)
  | { readonly type: 'crash'; readonly error: string };
