/**
 * Ordinary answers under load as numbers in rows. A closed loop makes a hundred thousand exchanges a second, nearly all alike; as
 * objects, making them, their way between threads and their remains would cost more than sending and reading does.
 */
import { type Exchange, requestIdOf } from './exchange.ts';
import type { RouteId } from './route.ts';

/** Numbers of a row. Times are µs since the start of the run. */
export const ROW = {
  seq: 0,
  sentUs: 1,
  writtenUs: 2,
  /** NaN where only the end is known: then there are no phases. */
  firstByteUs: 3,
  endUs: 4,
  status: 5,
  bodyBytes: 6,
  bodyDigest: 7,
  /** 0 where the connection is not known. */
  connectionId: 8,
  localPort: 9,
  openedUs: 10,
  /** -1 on a connection's first request. */
  idleUs: 11,
  /** NaN where it took none, or was not new. */
  connectUs: 12,
  tlsUs: 13,
  /** Place in `members`, or -1. */
  answeredBy: 14,
  /** 1 where the request's expectations were looked at and met. */
  isMet: 15,
} as const;
export const ROW_LENGTH = 16;

/**
 * Answers of one closed loop: each complete, below 500 and not 429, with nothing to be told besides what is in its row. The
 * request was due when it was sent, so that response and service time are the same.
 */
export type AnswerRows = {
  readonly runId: string;
  readonly experimentId: string;
  readonly route: RouteId;
  readonly requestName: string;
  readonly count: number;
  /** `ROW_LENGTH` numbers for each. */
  readonly values: Float64Array;
  /** Who answered, verbatim. */
  readonly members: readonly string[];
};

export function rowValue(rows: AnswerRows, row: number, column: number): number {
  return rows.values[row * ROW_LENGTH + column] as number;
}

/** One row as the exchange that it stands for. */
export function exchangeOfRow(rows: AnswerRows, row: number): Exchange {
  const { runId, experimentId, route, requestName, members } = rows;
  const value = (column: number): number => rowValue(rows, row, column);
  const seq = value(ROW.seq);
  const sentUs = value(ROW.sentUs);
  const firstByteUs = value(ROW.firstByteUs);
  const answeredBy = members[value(ROW.answeredBy)];
  return {
    seq,
    requestId: requestIdOf(runId, seq),
    experimentId,
    route,
    requestName,
    tag: { kind: 'load' },
    dueUs: sentUs,
    sentUs,
    ...(Number.isNaN(firstByteUs) ? {} : { firstByteUs }),
    endUs: value(ROW.endUs),
    ...connectionOf(value, sentUs),
    ...(Number.isNaN(firstByteUs) ? {} : { phasesUs: phasesOf(value, sentUs, firstByteUs) }),
    outcome: {
      kind: 'response',
      status: value(ROW.status),
      bodyBytes: value(ROW.bodyBytes),
      complete: true,
      bodyDigest: value(ROW.bodyDigest),
    },
    ...(value(ROW.isMet) === 1 ? { unmet: [] } : {}),
    ...(answeredBy === undefined ? {} : { answeredBy }),
  };
}

function connectionOf(value: (column: number) => number, sentUs: number): Pick<Exchange, 'connection'> {
  const id = value(ROW.connectionId);
  if (id === 0) return {};
  const localPort = value(ROW.localPort);
  const idleUs = value(ROW.idleUs);
  const isNew = idleUs < 0;
  return {
    connection: {
      id,
      isNew,
      ...(localPort === 0 ? {} : { localPort }),
      ageUs: isNew ? 0 : sentUs - value(ROW.openedUs),
      idleUs: isNew ? 0 : idleUs,
    },
  };
}

function phasesOf(
  value: (column: number) => number,
  sentUs: number,
  firstByteUs: number,
): NonNullable<Exchange['phasesUs']> {
  const writtenUs = value(ROW.writtenUs);
  const connect = value(ROW.connectUs);
  const tls = value(ROW.tlsUs);
  // A new connection opens after the request was due: sending begins when it is there.
  const readyUs = value(ROW.idleUs) < 0 ? value(ROW.openedUs) : sentUs;
  return {
    ...(Number.isNaN(connect) ? {} : { connect }),
    ...(Number.isNaN(tls) ? {} : { tls }),
    send: writtenUs - readyUs,
    wait: firstByteUs - writtenUs,
    receive: value(ROW.endUs) - firstByteUs,
  };
}

/** Slices of this many become objects at a time, so that few are alive at once. */
const SLICE = 512;

/** All rows as exchanges, in slices. */
export function* exchangesOfRows(rows: AnswerRows): Generator<readonly Exchange[]> {
  for (let from = 0; from < rows.count; from += SLICE) {
    yield Array.from({ length: Math.min(SLICE, rows.count - from) }, (_, offset) => exchangeOfRow(rows, from + offset));
  }
}
