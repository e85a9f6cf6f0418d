import type { RouteId } from './route.ts';

/** Where an exchange stood when something happened. */
export type PhaseName = 'dns' | 'connect' | 'tls' | 'send' | 'wait' | 'receive';
export const PHASES: readonly PhaseName[] = ['dns', 'connect', 'tls', 'send', 'wait', 'receive'];

/** How a due request ended. Failures are data, never exceptions. */
export type Outcome =
  | {
      readonly kind: 'response';
      readonly status: number;
      /** IIS substatus, where the answer carries it. */
      readonly substatus?: number;
      readonly bodyBytes: number;
      /** False when the body ended before its framing said so. */
      readonly complete: boolean;
      /** Only when not complete: how the connection ended. */
      readonly closedBy?: 'fin' | 'rst';
      /** crc32 of the body as received. */
      readonly bodyDigest: number;
    }
  | {
      readonly kind: 'timeout';
      readonly waitingFor: 'connect' | 'headers' | 'body';
      readonly limitUs: number;
      readonly bytesReceived: number;
      readonly status?: number;
    }
  | {
      readonly kind: 'connection-error';
      readonly phase: PhaseName;
      /** refused, reset, closed, parse, tls, dns, unreachable, ports, proxy, other. */
      readonly code: ConnectionErrorCode;
      /** The system's or library's own words, for the report. */
      readonly detail: string;
      readonly closedBy?: 'fin' | 'rst';
      readonly bytesReceived: number;
    }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'not-sent'; readonly reason: NotSentReason };

export type ConnectionErrorCode =
  | 'refused'
  | 'reset'
  | 'closed'
  | 'parse'
  | 'tls'
  | 'dns'
  | 'unreachable'
  | 'ports'
  | 'proxy'
  /** Beyond 64 kB of header. */
  | 'header-too-large'
  /** A body beyond `limits.maxBody`. */
  | 'too-large'
  | 'other';
/** `cap`: in-flight limit reached. `retry-after`: the target asked for a pause. `aborted`: the experiment was stopped. `budget`: a limit of the profile. `thread`: the sending thread that had it ended early. */
export type NotSentReason = 'cap' | 'retry-after' | 'aborted' | 'budget' | 'thread';

/** The connection an exchange used. */
export type ConnectionFacts = {
  readonly id: number;
  readonly isNew: boolean;
  readonly localPort?: number;
  /** Time since it was established; 0 when new. */
  readonly ageUs: number;
  /** Time since its last answer ended; 0 when new. */
  readonly idleUs: number;
  /** Only on its first use: how it was opened, also where that was done beforehand. */
  readonly opening?: OpeningFacts;
};

export type OpeningFacts = {
  /** From the first attempt until it was established (TCP), without the name and TLS. */
  readonly connectUs: number;
  /** Attempts to the same route that were under way when this one began: 0 when it was alone. */
  readonly ahead: number;
};

/** A certificate as it was shown in a TLS handshake, also in one that the probe then refused. */
export type CertificateFacts = {
  readonly subject: string;
  readonly issuer: string;
  /** ISO times. */
  readonly validFromAt: string;
  readonly validToAt: string;
  /** Names and addresses that it is for, as far as they are few. */
  readonly names: readonly string[];
  /** SHA-256 in hex, to tell certificates apart. */
  readonly fingerprint: string;
};

/** What an exchange was for, as far as its experiment needs to know it again. */
export type ExchangeTag =
  | { readonly kind: 'slot'; readonly arm: 'warm' | 'new' }
  | { readonly kind: 'load' }
  | { readonly kind: 'canary' }
  | { readonly kind: 'volley'; readonly size: number; readonly round: number }
  /** A quick request while a volley of `size` slow ones is under way; size 0: with none. */
  | { readonly kind: 'beside'; readonly size: number; readonly round: number }
  /** `order` 0 is the first request after the gap. */
  | { readonly kind: 'idle'; readonly gapUs: number; readonly repeat: number; readonly order: number }
  | {
      readonly kind: 'delay';
      readonly delayUs: number;
      readonly purpose: 'beyond' | 'below' | 'above' | 'ladder' | 'direct' | 'control';
    }
  /**
   * `hold`: a connection held idle after its answer. `pool` and `sweep`: a `fill` uses a connection of the gateway's, the
   * `probe` comes `gapUs` after its answer ended. `control`: no pause at all.
   */
  | {
      readonly kind: 'keep-alive';
      readonly part: 'hold' | 'pool' | 'sweep' | 'control';
      readonly step: 'fill' | 'probe';
      readonly gapUs: number;
      readonly round: number;
    }
  | { readonly kind: 'prepare' };

/** What became of a connection that was held idle after its answer. */
export type HeldFacts = {
  /** From the end of the answer until it was closed, or until we stopped waiting. */
  readonly idleUs: number;
  /** Undefined: still open when we stopped waiting. */
  readonly closedBy?: 'fin' | 'rst';
  /** What `Keep-Alive: timeout=` promised. */
  readonly advertisedUs?: number;
};

/** Headers and the start of the body, kept where somebody may want to read them. */
export type AnswerFacts = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** At most the first 4 kB, as latin1 text. */
  readonly bodyStart?: string;
};

/**
 * One due request and what became of it. Offsets are integer µs since the start of the run.
 * Response time counts from `dueUs` (what a user feels), service time from `sentUs`; the difference is the probe's own lateness.
 */
export type Exchange = {
  readonly seq: number;
  /** 16 hex digits, sent in User-Agent and as span id of `traceparent`. */
  readonly requestId: string;
  readonly experimentId: string;
  readonly slot?: number;
  readonly route: RouteId;
  readonly requestName: string;
  readonly tag?: ExchangeTag;
  readonly dueUs: number;
  readonly sentUs?: number;
  readonly firstByteUs?: number;
  readonly endUs: number;
  readonly connection?: ConnectionFacts;
  /** Durations. What they do not cover of the service time is unattributed. */
  readonly phasesUs?: Readonly<Partial<Record<PhaseName, number>>>;
  readonly outcome: Outcome;
  /** Which expectations of the request were not met. */
  readonly unmet?: readonly ('status' | 'body' | 'maxMs')[];
  /** Who answered, by the profile's `memberId` or an affinity cookie, verbatim. */
  readonly answeredBy?: string;
  readonly answer?: AnswerFacts;
  /** Only where the connection was held idle afterwards. */
  readonly held?: HeldFacts;
  /** On which connection the member got the request, by the header that the experiment names; verbatim. */
  readonly memberConnection?: string;
  /** Size of the header fields, without the status line, from 2,000 bytes on: smaller ones trouble nobody. */
  readonly headerBytes?: number;
  /** On the first exchange of a route that was shown this certificate. */
  readonly certificate?: CertificateFacts;
};

/** 16 hex digits, unique within a run: the first half of the run's id and the number of the request. */
export function requestIdOf(runId: string, seq: number): string {
  return runId.slice(0, 8) + seq.toString(16).padStart(8, '0');
}

export function responseTimeUs(exchange: Exchange): number {
  return exchange.endUs - exchange.dueUs;
}

/** Undefined when nothing was sent. */
export function serviceTimeUs(exchange: Exchange): number | undefined {
  return exchange.sentUs === undefined ? undefined : exchange.endUs - exchange.sentUs;
}

export function latenessUs(exchange: Exchange): number | undefined {
  return exchange.sentUs === undefined ? undefined : exchange.sentUs - exchange.dueUs;
}

/** Key of an outcome in counts: `200`, `200:truncated`, `timeout:headers`, `error:refused`, `aborted`, `not-sent:cap`. Substatus is a view (see analysis). */
export function outcomeKey(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'response':
      return outcome.complete ? String(outcome.status) : `${outcome.status}:truncated`;
    case 'timeout':
      return `timeout:${outcome.waitingFor}`;
    case 'connection-error':
      return `error:${outcome.code}`;
    case 'aborted':
      return 'aborted';
    case 'not-sent':
      return `not-sent:${outcome.reason}`;
    default:
      return outcome satisfies never;
  }
}

/** Which cohort an exchange belongs to; cohorts are never mixed in one histogram. */
export type Cohort = 'ok' | 'error' | 'timeout' | 'aborted' | 'not-sent';

/** Ok: a complete answer below 500 that met its expectations. Aborted and not-sent are nobody's failure. */
export function cohortOf(exchange: Pick<Exchange, 'outcome' | 'unmet'>): Cohort {
  const { outcome } = exchange;
  switch (outcome.kind) {
    case 'response':
      if (!outcome.complete || exchange.unmet?.some((what) => what !== 'maxMs')) return 'error';
      // 5xx counts as a failure unless the profile's `expect.status` allowed it, in which case `unmet` is an empty array.
      return outcome.status >= 500 && exchange.unmet === undefined ? 'error' : 'ok';
    case 'timeout':
      return 'timeout';
    case 'connection-error':
      return 'error';
    case 'aborted':
      return 'aborted';
    case 'not-sent':
      return 'not-sent';
    default:
      return outcome satisfies never;
  }
}

export function isFailure(exchange: Pick<Exchange, 'outcome' | 'unmet'>): boolean {
  const cohort = cohortOf(exchange);
  return cohort === 'error' || cohort === 'timeout';
}
