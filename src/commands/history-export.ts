/** History as JSON, CSV and HdrHistogram log. Piece by piece: a year of intervals is hundreds of MB of text. */
import type { History, HistoryInterval, HistoryLevel, HistoryQuery } from '../model/history.ts';
import { HISTORY_LEVELS, LEVEL_US } from '../model/history.ts';
import { US_PER_MS, US_PER_SEC } from '../model/time.ts';
import { mergeEncoded } from '../recording/histogram.ts';

export const EXPORT_FORMATS = ['json', 'csv', 'hlog'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** `level` undefined: the finest that is still there for the beginning of the time. */
export type ExportQuery = HistoryQuery & { readonly level?: HistoryLevel };

/** Intervals that are read at once: a few MB. */
const SLOTS_AT_ONCE = 500;

const COLUMNS = [
  ...['profile', 'route', 'request', 'connection', 'level', 'start', 'count', 'failed', 'outcomes'],
  ...['p50_ms', 'p95_ms', 'p99_ms', 'max_response_ms', 'max_service_ms'],
];

export function exportPieces(history: History, format: ExportFormat, query: ExportQuery): Generator<string> {
  if (format === 'json') return jsonPieces(history, query);
  return format === 'csv' ? csvPieces(history, query) : hlogPieces(history, query);
}

function* intervalsOf(history: History, query: ExportQuery): Generator<HistoryInterval> {
  const level = query.level ?? finestLevel(history, query);
  const strideUs = SLOTS_AT_ONCE * LEVEL_US[level];
  // Time before the first interval and after the last is not walked through.
  const days = history.intervals({ ...query, level: '1d' });
  const [firstDay] = days;
  const lastDay = days.at(-1);
  if (firstDay === undefined || lastDay === undefined) return;
  const endUs = Math.min(query.toAtUs, lastDay.startAtUs + LEVEL_US['1d']);
  let fromAtUs = Math.max(query.fromAtUs, firstDay.startAtUs);
  while (fromAtUs < endUs) {
    // On a border of intervals, so that none comes twice.
    const toAtUs = Math.min(endUs, (Math.floor(fromAtUs / strideUs) + 1) * strideUs);
    yield* history.intervals({ ...query, fromAtUs, toAtUs, level });
    fromAtUs = toAtUs;
  }
}

/** The finest with as many requests as the days: what was deleted is missing in the sum. */
function finestLevel(history: History, query: ExportQuery): HistoryLevel {
  const [day] = history.intervals({ ...query, level: '1d' });
  if (day === undefined) return '1d';
  const firstDay = { ...query, fromAtUs: day.startAtUs, toAtUs: day.startAtUs + LEVEL_US['1d'] };
  const countOf = (level: HistoryLevel): number =>
    history.intervals({ ...firstDay, level }).reduce((sum, { count }) => sum + count, 0);
  const wanted = countOf('1d');
  return HISTORY_LEVELS.find((level) => countOf(level) === wanted) ?? '1d';
}

function* jsonPieces(history: History, query: ExportQuery): Generator<string> {
  const { profile, fromAtUs, toAtUs } = query;
  const head = { schemaVersion: 1, profile, from: isoTime(fromAtUs), to: isoTime(toAtUs) };
  yield `${JSON.stringify(head).slice(0, -1)},\n"intervals":[`;
  yield* listed(intervalsOf(history, query));
  const lists = {
    exchanges: history.kept(query),
    quiet: history.quiet(query),
    events: history.events(query),
    findings: history.findings(query),
  };
  for (const [name, values] of Object.entries(lists)) {
    yield `],\n"${name}":[`;
    yield* listed(values);
  }
  yield ']}\n';
}

function* listed(values: Iterable<unknown>): Generator<string> {
  let separator = '\n';
  for (const value of values) {
    yield separator + JSON.stringify(value);
    separator = ',\n';
  }
}

function* csvPieces(history: History, query: ExportQuery): Generator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for (const interval of intervalsOf(history, query)) {
    const { profile, route, requestName, connection, level, startAtUs, count, failed, outcomes, quantilesUs } =
      interval;
    const { p50, p95, p99 } = quantilesUs ?? {};
    // Where no answer was good there are no times, and 0 would be a lie.
    const isEmpty = interval.response === '';
    const times = [
      p50,
      p95,
      p99,
      isEmpty ? undefined : interval.maxResponseUs,
      isEmpty ? undefined : interval.maxServiceUs,
    ];
    const outcomeText = Object.entries(outcomes)
      .map(([key, number]) => `${key}=${number}`)
      .join(' ');
    const cells = [profile, route, requestName, connection, level, isoTime(startAtUs), count, failed, outcomeText];
    yield `${[...cells.map(csvCell), ...times.map(msCell)].join(',')}\r\n`;
  }
}

/** RFC 4180; a text that a spreadsheet would calculate is made one that it does not. */
export function csvCell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+@\t\r-]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Empty where there is no time. */
export function msCell(us: number | undefined): string {
  return us === undefined ? '' : (us / US_PER_MS).toFixed(3);
}

/** As `latency.hlog` of a run: µs, warm connections tagged with the route; new ones with `-new`. */
function* hlogPieces(history: History, query: ExportQuery): Generator<string> {
  yield '#[Histogram log format version 1.3]\n#[Logged with gateprobe]\n';
  yield '#[Response times from the due time in microseconds: answers that are ok]\n';
  yield `#[StartTime: ${(query.fromAtUs / US_PER_SEC).toFixed(3)} (seconds since epoch), ${isoTime(query.fromAtUs)}]\n`;
  yield '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n';
  let group: HistoryInterval[] = [];
  // Intervals come in order of time, and requests of one route beside each other.
  for (const interval of intervalsOf(history, query)) {
    const [first] = group;
    if (first !== undefined && first.startAtUs !== interval.startAtUs) {
      yield* hlogLines(group);
      group = [];
    }
    group.push(interval);
  }
  yield* hlogLines(group);
}

function* hlogLines(intervals: readonly HistoryInterval[]): Generator<string> {
  const byTag = new Map<string, HistoryInterval[]>();
  for (const interval of intervals) {
    if (interval.response === '') continue;
    // Java's reader splits lines at commas and spaces.
    const route = interval.route.replace(/[\s,]/g, (character) => encodeURIComponent(character));
    const tag = interval.connection === 'new' ? `${route}-new` : route;
    byTag.set(tag, [...(byTag.get(tag) ?? []), interval]);
  }
  for (const [tag, parts] of byTag) {
    const [first] = parts;
    if (first === undefined) continue;
    const maxUs = Math.max(...parts.map(({ maxResponseUs }) => maxResponseUs));
    const times = `${(first.startAtUs / US_PER_SEC).toFixed(3)},${(LEVEL_US[first.level] / US_PER_SEC).toFixed(3)}`;
    const text = mergeEncoded(parts.map(({ response }) => response));
    yield `Tag=${tag},${times},${(maxUs / US_PER_MS).toFixed(3)},${text}\n`;
  }
}

export function isoTime(atUs: number): string {
  return new Date(Math.floor(atUs / US_PER_MS)).toISOString();
}
