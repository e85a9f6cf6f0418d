/** What is kept one by one: exchanges, quiet spans, events, findings. Writing happens within a write of the database. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type {
  EventKind,
  FindingRecord,
  HistoryEvent,
  HistoryQuery,
  KeptExchange,
  KeptReason,
  QuietSpan,
  Round,
  RoundKind,
  RoundRecord,
} from '../model/history.ts';
import type { RouteId } from '../model/route.ts';
import type { Database } from './database.ts';

/** As SQLite writes it. */
const NO_LIMIT = -1;

type Value = string | number;

export function addKept(database: Database, { profile, atUs, reason, exchange }: KeptExchange): void {
  database
    .statement('INSERT INTO kept (profile, at_us, route, reason, exchange) VALUES (?, ?, ?, ?, ?)')
    .run(profile, Math.round(atUs), exchange.route, reason, zipJson(exchange));
}

/** Oldest first. */
export function keptOf(database: Database, query: HistoryQuery): readonly KeptExchange[] {
  const { where, values } = filtered(query, 'at_us >= ? AND at_us < ?', [query.fromAtUs, query.toAtUs]);
  const rows = database
    .statement(`SELECT at_us, reason, exchange FROM kept WHERE ${where} ORDER BY at_us DESC, id DESC LIMIT ?`)
    .all(...values, query.limit ?? NO_LIMIT);
  return rows.reverse().map((row) => ({
    profile: query.profile,
    atUs: Number(row['at_us']),
    reason: row['reason'] as KeptReason,
    exchange: unzipJson(row['exchange']) as Exchange,
  }));
}

/** Two rounds of a kind that began in the same µs are one row: their requests add up. */
export function addRound(database: Database, round: Round): void {
  const { profile, kind, startedAtUs, endedAtUs, lagUs, exchanges } = round;
  database
    .statement(
      `INSERT INTO round (profile, started_us, kind, ended_us, lag_us, count, failed) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (profile, started_us, kind) DO UPDATE SET ended_us = MAX(ended_us, excluded.ended_us),
        lag_us = MAX(lag_us, excluded.lag_us), count = count + excluded.count, failed = failed + excluded.failed`,
    )
    .run(
      profile,
      Math.round(startedAtUs),
      kind,
      Math.round(endedAtUs),
      Math.round(lagUs),
      exchanges.length,
      exchanges.filter(isFailure).length,
    );
}

/** Those that began within the time, oldest first. */
export function roundsOf(
  database: Database,
  { profile, fromAtUs, toAtUs, limit }: HistoryQuery,
): readonly RoundRecord[] {
  const rows = database
    .statement(
      'SELECT * FROM round WHERE profile = ? AND started_us >= ? AND started_us < ? ORDER BY started_us DESC LIMIT ?',
    )
    .all(profile, fromAtUs, toAtUs, limit ?? NO_LIMIT);
  return rows.reverse().map((row) => ({
    profile,
    kind: row['kind'] as RoundKind,
    startedAtUs: Number(row['started_us']),
    endedAtUs: Number(row['ended_us']),
    lagUs: Number(row['lag_us']),
    count: Number(row['count']),
    failed: Number(row['failed']),
  }));
}

/** The same span told again with another end is the same span. */
export function putQuiet(database: Database, { profile, route, fromAtUs, toAtUs, why }: QuietSpan): void {
  database
    .statement('INSERT OR REPLACE INTO quiet (profile, from_us, route, why, to_us) VALUES (?, ?, ?, ?, ?)')
    .run(profile, Math.round(fromAtUs), route, why, Math.round(toAtUs));
}

/** Those that overlap the time, oldest first. */
export function quietOf(database: Database, query: HistoryQuery): readonly QuietSpan[] {
  const { where, values } = filtered(query, 'from_us < ? AND to_us > ?', [query.toAtUs, query.fromAtUs]);
  const rows = database
    .statement(`SELECT * FROM quiet WHERE ${where} ORDER BY from_us DESC, route DESC LIMIT ?`)
    .all(...values, query.limit ?? NO_LIMIT);
  return rows.reverse().map((row) => ({
    profile: query.profile,
    route: row['route'] as RouteId,
    fromAtUs: Number(row['from_us']),
    toAtUs: Number(row['to_us']),
    why: row['why'] as QuietSpan['why'],
  }));
}

export function putEvent(database: Database, event: HistoryEvent): void {
  const { id, profile, kind, fromAtUs, toAtUs, route } = event;
  database
    .statement(
      'INSERT OR REPLACE INTO event (id, profile, kind, from_us, to_us, route, event) VALUES (?, ?, ?, ?, ?, ?, ?)',
    )
    .run(
      id,
      profile,
      kind,
      Math.round(fromAtUs),
      toAtUs === undefined ? null : Math.round(toAtUs),
      route ?? null,
      JSON.stringify(event),
    );
}

export function eventOf(database: Database, id: string): HistoryEvent | undefined {
  const row = database.statement('SELECT event FROM event WHERE id = ?').get(id);
  return row === undefined ? undefined : (JSON.parse(String(row['event'])) as HistoryEvent);
}

/** Those that overlap the time, newest first. One without an end goes on; one that ends where it began is a moment. */
export function eventsOf(
  database: Database,
  query: HistoryQuery & { readonly kinds?: readonly EventKind[] },
): readonly HistoryEvent[] {
  const times = 'from_us < ? AND (to_us IS NULL OR to_us > ? OR from_us >= ?)';
  const { where, values } = filtered(query, times, [query.toAtUs, query.fromAtUs, query.fromAtUs]);
  const { kinds } = query;
  const ofKinds = kinds === undefined ? '' : ` AND kind IN (${kinds.map(() => '?').join(', ')})`;
  const rows = database
    .statement(`SELECT event FROM event WHERE ${where}${ofKinds} ORDER BY from_us DESC, id LIMIT ?`)
    .all(...values, ...(kinds ?? []), query.limit ?? NO_LIMIT);
  return rows.map((row) => JSON.parse(String(row['event'])) as HistoryEvent);
}

export function putFinding(database: Database, record: FindingRecord): void {
  const { id, profile, firstSeenAtUs, lastSeenAtUs, closedAtUs } = record;
  database
    .statement(
      'INSERT OR REPLACE INTO finding (id, profile, first_us, last_us, closed_us, record) VALUES (?, ?, ?, ?, ?, ?)',
    )
    .run(
      id,
      profile,
      Math.round(firstSeenAtUs),
      Math.round(lastSeenAtUs),
      closedAtUs === undefined ? null : Math.round(closedAtUs),
      zipJson(record),
    );
}

/** Those that were seen, or were still open, within the time; newest first. */
export function findingsOf(
  database: Database,
  query: HistoryQuery & { readonly open?: boolean },
): readonly FindingRecord[] {
  const { profile, fromAtUs, toAtUs, route, open, limit } = query;
  const state = open === undefined ? '' : ` AND closed_us IS ${open ? '' : 'NOT '}NULL`;
  const rows = database
    .statement(
      `SELECT record FROM finding WHERE profile = ? AND first_us < ? AND (closed_us IS NULL OR MAX(closed_us, last_us) >= ?)${state} ORDER BY last_us DESC, id`,
    )
    .all(profile, toAtUs, fromAtUs);
  const records = rows.map((row) => unzipJson(row['record']) as FindingRecord);
  const wanted = route === undefined ? records : records.filter((record) => isAbout(record, route));
  return limit === undefined ? wanted : wanted.slice(0, limit);
}

/** A finding about direct routes without a member is about all of them. */
function isAbout({ finding: { scope } }: FindingRecord, route: RouteId): boolean {
  if (scope.route !== 'direct') return scope.route === route;
  return route.startsWith('direct:') && (scope.member === undefined || route === `direct:${scope.member}`);
}

function filtered({ profile, route }: HistoryQuery, times: string, bounds: readonly number[]) {
  const values: Value[] = [profile, ...bounds];
  if (route === undefined) return { where: `profile = ? AND ${times}`, values };
  return { where: `profile = ? AND ${times} AND route = ?`, values: [...values, route] };
}

/** Half to a tenth: headers and bodies of errors repeat themselves. */
function zipJson(value: unknown): Uint8Array {
  return deflateRawSync(JSON.stringify(value));
}

export function unzipJson(bytes: unknown): unknown {
  return JSON.parse(inflateRawSync(bytes as Uint8Array).toString('utf8'));
}
