/** A History that lives in memory: for tests of what reads history. Intervals are made of exchanges as the store makes them. */
import {
  cohortOf,
  type Exchange,
  isFailure,
  outcomeKey,
  responseTimeUs,
  serviceTimeUs,
} from '../../src/model/exchange.ts';
import {
  type FindingRecord,
  HISTORY_LEVELS,
  type History,
  type HistoryEvent,
  type HistoryInterval,
  type HistoryLevel,
  type HistoryQuery,
  type KeptExchange,
  LEVEL_US,
  type QuietSpan,
  type Round,
  type WriteProblem,
} from '../../src/model/history.ts';
import { encodeValues } from '../../src/recording/histogram.ts';

type Raw = { readonly round: Round; readonly exchange: Exchange; readonly atUs: number };
export type MemoryHistory = History & { failWith(problem: WriteProblem | undefined): void };

export function createMemoryHistory(): MemoryHistory {
  const raw: Raw[] = [];
  const kept: KeptExchange[] = [];
  const quiet: QuietSpan[] = [];
  const events = new Map<string, HistoryEvent>();
  const findings = new Map<string, FindingRecord>();
  let problem: WriteProblem | undefined;
  const write = (action: () => void): WriteProblem | undefined => {
    if (problem === undefined) action();
    return problem;
  };
  return {
    failWith: (next) => {
      problem = next;
    },
    append: (round, rows) =>
      write(() => {
        // As in the store: other rounds are no fair sample.
        if (round.kind === 'scheduled')
          for (const exchange of round.exchanges)
            raw.push({ round, exchange, atUs: round.startedAtUs + exchange.dueUs });
        kept.push(...rows);
      }),
    addQuiet: (span) => write(() => quiet.push(span)),
    putEvent: (event) => write(() => events.set(event.id, event)),
    putFinding: (record) => write(() => findings.set(record.id, record)),
    profiles: () => [...new Set(raw.map(({ round }) => round.profile))].sort(),
    intervals: (query) => {
      const level = query.level ?? levelFor(query);
      const rows = raw.filter(({ round, exchange, atUs }) => {
        const start = Math.floor(atUs / LEVEL_US[level]) * LEVEL_US[level];
        return isAsked(query, round.profile, exchange.route) && start >= query.fromAtUs && start < query.toAtUs;
      });
      return intervalsOf(rows, level);
    },
    kept: (query) =>
      newest(
        kept.filter((row) => isAsked(query, row.profile, row.exchange.route) && isWithin(query, row.atUs)),
        query,
        ({ atUs }) => atUs,
      ),
    quiet: (query) =>
      quiet.filter(
        (span) =>
          isAsked(query, span.profile, span.route) && span.fromAtUs < query.toAtUs && span.toAtUs >= query.fromAtUs,
      ),
    events: (query) =>
      newest(
        [...events.values()].filter(
          (event) =>
            event.profile === query.profile &&
            (query.route === undefined || event.route === query.route) &&
            (query.kinds?.includes(event.kind) ?? true) &&
            event.fromAtUs < query.toAtUs &&
            (event.toAtUs ?? Number.MAX_SAFE_INTEGER) >= query.fromAtUs,
        ),
        query,
        ({ fromAtUs }) => fromAtUs,
      ),
    event: (id) => events.get(id),
    findings: (query) =>
      [...findings.values()].filter(
        (record) =>
          record.profile === query.profile &&
          (query.open === undefined || query.open === (record.closedAtUs === undefined)) &&
          record.firstSeenAtUs < query.toAtUs &&
          (record.closedAtUs ?? record.lastSeenAtUs) >= query.fromAtUs,
      ),
    maintain: () => problem,
    size: () => ({
      bytes: raw.length * 100,
      intervals: { '10s': intervalsOf(raw, '10s').length, '5m': 0, '1h': 0, '1d': 0 },
      kept: kept.length,
      events: events.size,
      findings: findings.size,
    }),
    check: () => [],
    close: () => {},
  };
}

function isAsked(query: HistoryQuery, profile: string, route: string): boolean {
  return query.profile === profile && (query.route === undefined || query.route === route);
}

function isWithin(query: HistoryQuery, atUs: number): boolean {
  return atUs >= query.fromAtUs && atUs < query.toAtUs;
}

function levelFor({ fromAtUs, toAtUs, limit = 500 }: HistoryQuery): HistoryLevel {
  return HISTORY_LEVELS.find((level) => (toAtUs - fromAtUs) / LEVEL_US[level] <= limit + 1) ?? '1d';
}

function newest<T>(rows: readonly T[], { limit }: HistoryQuery, at: (row: T) => number): readonly T[] {
  return [...rows].sort((a, b) => at(b) - at(a)).slice(0, limit ?? rows.length);
}

function intervalsOf(rows: readonly Raw[], level: HistoryLevel): readonly HistoryInterval[] {
  const groups = new Map<string, Raw[]>();
  for (const row of rows) {
    const start = Math.floor(row.atUs / LEVEL_US[level]) * LEVEL_US[level];
    const { route, requestName, connection } = row.exchange;
    const key = `${row.round.profile}\n${route}\n${requestName}\n${connection?.isNew ?? false}\n${start}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()].map((group) => intervalOf(group, level));
}

function intervalOf(group: readonly Raw[], level: HistoryLevel): HistoryInterval {
  const [first] = group as [Raw, ...Raw[]];
  const sent = group.map(({ exchange }) => exchange).filter((one) => cohortOf(one) === 'ok');
  const response = sent.map(responseTimeUs);
  const service = sent.map((one) => serviceTimeUs(one) ?? 0);
  const outcomes: Record<string, number> = {};
  for (const { exchange } of group) {
    const key = outcomeKey(exchange.outcome);
    outcomes[key] = (outcomes[key] ?? 0) + 1;
  }
  return {
    profile: first.round.profile,
    route: first.exchange.route,
    requestName: first.exchange.requestName,
    connection: first.exchange.connection?.isNew === true ? 'new' : 'warm',
    level,
    startAtUs: Math.floor(first.atUs / LEVEL_US[level]) * LEVEL_US[level],
    count: group.length,
    failed: group.filter(({ exchange }) => isFailure(exchange)).length,
    outcomes,
    response: encodeValues(response, false),
    service: encodeValues(service, false),
    maxResponseUs: Math.max(0, ...response),
    maxServiceUs: Math.max(0, ...service),
  };
}
