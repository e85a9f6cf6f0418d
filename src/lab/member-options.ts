import type { ServiceTime } from './service-time.ts';
import type { ThreadGrowth } from './slots.ts';

/** How a connection is ended: orderly, or by a reset. */
export type CloseKind = 'fin' | 'rst';

/** What differs on one path. */
export type PathOptions = {
  readonly service?: ServiceTime;
  readonly bytes?: number;
  readonly status?: number;
  /** False: the work waits for something else and does not occupy a worker. Default true. */
  readonly holdsSlot?: boolean;
};

export type ColdStart = {
  /** After so long without any request the next one has to start the worker. */
  readonly idleMs: number;
  /** How long a start takes. Requests that come meanwhile wait for the same start. */
  readonly startMs: number;
  /** Requests during the start are answered with this status instead of waiting. */
  readonly errorInstead?: number;
  /** False: the very first request finds it cold. Default true. */
  readonly startsWarm?: boolean;
};

/**
 * A programmable member: an HTTP/1.1 server on 127.0.0.1 that fails in the ways asked for. Plain JSON, so that it can be sent to a
 * process. Ratios are 0..1 and are drawn per request from the seed. Everything but `name` may be left out: then the member is healthy.
 */
export type MemberOptions = {
  readonly name: string;
  /** 0 or left out: any free port. */
  readonly port?: number;
  readonly seed?: number;
  readonly service?: ServiceTime;
  readonly paths?: Readonly<Record<string, PathOptions>>;
  /** Requests worked on at a time; the others wait in order of arrival. Default: no limit. */
  readonly concurrency?: number;
  /** Requests that may wait; beyond, HTTP.sys answers 503 at once (QueueFull). Default 1000, as an application pool. */
  readonly queueLimit?: number;
  readonly threads?: ThreadGrowth;
  readonly coldStart?: ColdStart;
  /** An idle connection is closed after so long. Default 120 s, as HTTP.sys. */
  readonly keepAliveMs?: number;
  /** The connection is closed after the work, before any byte of the answer. */
  readonly dropRatio?: number;
  /** The answer is cut in the middle of the body. */
  readonly truncateRatio?: number;
  readonly truncateFraming?: 'content-length' | 'chunked';
  /** How drops and truncations close. Default `fin`. */
  readonly closeKind?: CloseKind;
  /** Something that is not HTTP is sent instead of an answer. */
  readonly garbageRatio?: number;
  readonly errorRatio?: number;
  /** Default 500. */
  readonly errorStatus?: number;
  /** Everything in the process stops for `lengthMs`, every `everyMs`. */
  readonly stall?: { readonly everyMs: number; readonly lengthMs: number };
  /** Nothing is accepted and the accept queue is kept full: connection attempts hang (on Linux; Windows refuses them). */
  readonly fullBacklog?: boolean;
  /** The port is reserved but nothing listens: connections are refused. */
  readonly closed?: boolean;
  /** Bytes of the body. Default: a short page that depends on the path only. */
  readonly bytes?: number;
  /** Answers carry `X-Member: <name>`. Default true. */
  readonly memberHeader?: boolean;
  /** Writes an IIS W3C log and an HTTPERR log into this folder. */
  readonly logDir?: string;
  /** Adds the columns X-ARR-LOG-ID and X-Forwarded-For to the W3C log, as custom fields of a site would. */
  readonly logCustomFields?: boolean;
};
