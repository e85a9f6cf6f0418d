/** Lines of both sides as evidence. */
import type { Exhibit, LinesRow } from '../model/finding.ts';
import type { PlacedEntry } from '../model/log.ts';
import type { DetectorContext } from './detector.ts';
import type { Decided } from './log-decisions.ts';

const ROWS_SHOWN = 5;
const LINES_PER_ROW = 8;

/** A few typical requests: those that most lines speak of, spread over the time. */
export function linesExhibit(id: string, items: readonly Decided[], context: DetectorContext): Exhibit {
  const nameOf = sourceNames(context);
  const byWeight = [...items].sort(
    (a, b) => linesOf(b).length - linesOf(a).length || rank(a) - rank(b) || a.journey.startAtUs - b.journey.startAtUs,
  );
  const rows: LinesRow[] = byWeight.slice(0, ROWS_SHOWN).map((item) => ({
    atUs: item.journey.startAtUs,
    row: item.decision.row,
    because: item.decision.because,
    lines: linesOf(item)
      .slice(0, LINES_PER_ROW)
      .map((entry) => ({ source: `${nameOf(entry)}${doubtOf(item, entry)}`, text: entry.raw })),
  }));
  return {
    kind: 'lines',
    id,
    title: 'What both sides logged about the same request',
    reading:
      'Each block is one request: first the gateway’s lines, then the member’s. The number is the row of the decision table that applies.',
    rows,
    total: items.length,
  };
}

/** What is said of a line that was joined without an id, and may be that of another request. */
function doubtOf({ journey: { gateway, members } }: Decided, entry: PlacedEntry): string {
  const view = [gateway, ...members].find(({ access }) => access.includes(entry));
  if (view === undefined) return '';
  if (view.ambiguous > 0) return ', by path and time: a guess';
  const { alike = 0 } = view;
  return alike === 0 ? '' : `, by path and time: one of ${alike + 1} alike`;
}

function rank({ decision }: Decided): number {
  return ['confirmed', 'likely', 'possible'].indexOf(decision.confidence);
}

/** Events that end or start a worker explain slow answers; those of a crash belong to it whatever their number. */
const WORKER_EVENT = /^WAS\/(?:5186|50(?:7[4-9]|80)|5117)$/;

function linesOf({ journey, facts, decision }: Decided): readonly PlacedEntry[] {
  const { gateway, members } = journey;
  const events =
    facts.crash?.events ??
    (decision.row === '32' ? journey.events.filter(({ code = '' }) => WORKER_EVENT.test(code)) : []);
  return [
    ...gateway.access,
    ...gateway.details,
    ...members.flatMap(({ access, details }) => [...access, ...details]),
    ...events.slice(0, 3),
  ];
}

function sourceNames({ measures }: DetectorContext): (entry: PlacedEntry) => string {
  const names = new Map(
    (measures.logs?.sources ?? []).map(({ index, role, member }) => [
      index,
      role === 'member' ? (member ?? 'member') : role,
    ]),
  );
  return ({ source, file, line }) =>
    `${names.get(source) ?? 'log'}, ${file === undefined ? '' : `${file}, `}line ${line}`;
}

/** How many requests each row of the table decided, with first and last. */
export function rowsExhibit(id: string, items: readonly Decided[]): Exhibit {
  const groups = new Map<
    string,
    { row: string; what: string; because: string; count: number; firstUs: number; lastUs: number }
  >();
  for (const { decision, facts, journey, weight } of items) {
    const what = classText(facts.frontLine ?? journey.members.find(({ access }) => access.length > 0)?.access[0]);
    const key = `${decision.row} ${what} ${decision.confidence}`;
    const group = groups.get(key) ?? {
      row: decision.row,
      what,
      because: decision.confidence,
      count: 0,
      firstUs: journey.startAtUs,
      lastUs: journey.startAtUs,
    };
    group.count += weight;
    group.firstUs = Math.min(group.firstUs, journey.startAtUs);
    group.lastUs = Math.max(group.lastUs, journey.startAtUs);
    groups.set(key, group);
  }
  return {
    kind: 'table',
    id,
    title: 'Which lines these are',
    reading:
      'Requests by what the gateway logged and by the row of the decision table; first and last by the gateway’s clock, in UTC.',
    columns: [
      { title: 'logged', unit: 'text' },
      { title: 'row', unit: 'text' },
      { title: 'how sure', unit: 'text' },
      { title: 'requests', unit: 'count' },
      { title: 'first', unit: 'text' },
      { title: 'last', unit: 'text' },
    ],
    rows: [...groups.values()]
      .sort((a, b) => b.count - a.count)
      .slice(0, 20)
      .map(({ row, what, because, count, firstUs, lastUs }) => [
        what,
        row,
        because,
        Math.round(count),
        utc(firstUs),
        utc(lastUs),
      ]),
  };
}

/** `502.3 12002`, `504 sH--`, as people search for it. */
export function classText(entry: PlacedEntry | undefined): string {
  if (entry === undefined) return 'no line';
  const { status, substatus, win32, flags } = entry;
  const code = status === undefined ? '-' : substatus === undefined ? String(status) : `${status}.${substatus}`;
  return [code, win32 === undefined || win32 === 0 ? undefined : String(win32), flags]
    .filter((part) => part !== undefined)
    .join(' ');
}

export function utc(us: number): string {
  return Number.isFinite(us) ? new Date(us / 1000).toISOString().replace('T', ' ').slice(0, 19) : '-';
}
