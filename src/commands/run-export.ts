/** The requests of a run that were kept one by one, as a table or as JSON lines. Secrets are hidden as they were when it was recorded. */
import {
  cohortOf,
  type Exchange,
  latenessUs,
  outcomeKey,
  PHASES,
  responseTimeUs,
  serviceTimeUs,
} from '../model/exchange.ts';
import type { Recording } from '../model/recording.ts';
import { US_PER_MS } from '../model/time.ts';
import { csvCell, isoTime, msCell } from './history-export.ts';

export const RUN_EXPORT_FORMATS = ['csv', 'jsonl', 'prometheus'] as const;
export type RunExportFormat = (typeof RUN_EXPORT_FORMATS)[number];

const COLUMNS = [
  ...['due_at', 'seq', 'request_id', 'experiment', 'slot', 'role', 'route', 'request', 'class', 'outcome', 'status'],
  ...['substatus', 'body_bytes', 'connection', 'connection_id', 'local_port', 'answered_by', 'detail', 'due_ms'],
  ...['response_ms', 'service_ms', 'lateness_ms', ...PHASES.map((phase) => `${phase}_ms`)],
  ...['connection_age_ms', 'connection_idle_ms'],
];

/** In order of `seq`. CSV as RFC 4180 with a header; times in ms, empty where there is none. */
export function* requestPieces(recording: Recording, format: 'csv' | 'jsonl'): Generator<string> {
  const startedAtUs = Date.parse(recording.manifest.startedAt) * US_PER_MS;
  if (format === 'csv') yield `${COLUMNS.join(',')}\r\n`;
  for (const exchange of recording.exchanges) {
    const dueAt = isoTime(startedAtUs + exchange.dueUs);
    if (format === 'csv') yield `${cellsOf(exchange, dueAt).join(',')}\r\n`;
    else yield `${JSON.stringify({ dueAt, class: cohortOf(exchange), ...exchange })}\n`;
  }
}

function cellsOf(exchange: Exchange, dueAt: string): string[] {
  const { outcome, connection, phasesUs = {} } = exchange;
  const cohort = cohortOf(exchange);
  const answer = outcome.kind === 'response' ? outcome : undefined;
  const status = outcome.kind === 'response' || outcome.kind === 'timeout' ? outcome.status : undefined;
  // What was never sent, or was stopped by us, has no time.
  const hasTime = cohort !== 'not-sent' && cohort !== 'aborted';
  const words = [
    ...[dueAt, exchange.seq, exchange.requestId, exchange.experimentId, exchange.slot, exchange.tag?.kind],
    ...[exchange.route, exchange.requestName, cohort, outcomeKey(outcome), status, answer?.substatus],
    answer?.bodyBytes,
    connection === undefined ? 'none' : connection.isNew ? 'new' : 'warm',
    ...[connection?.id, connection?.localPort, exchange.answeredBy],
    outcome.kind === 'connection-error' ? outcome.detail : undefined,
  ];
  const timesUs = [
    exchange.dueUs,
    hasTime ? responseTimeUs(exchange) : undefined,
    hasTime ? serviceTimeUs(exchange) : undefined,
    latenessUs(exchange),
    ...PHASES.map((phase) => phasesUs[phase]),
    ...[connection?.ageUs, connection?.idleUs],
  ];
  return [...words.map((word) => csvCell(word ?? '')), ...timesUs.map(msCell)];
}
