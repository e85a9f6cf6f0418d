/** What a terminal shows of logs: one pair of lines for a finding, the statuses that failed, what to switch on. */
import type { Finding } from '../model/finding.ts';
import type { Report } from '../model/report.ts';
import { singleLine } from '../model/visible-text.ts';
import { formatCount, logTime } from './format.ts';
import { groupLines, linesOf } from './line-rows.ts';
import { isErrorClass } from './log-wording.ts';
import { alignColumns, shorten, wrapText } from './text-layout.ts';

const INDENT = '   ';
/** One line of each side is enough to see; the report has the others. */
const MAX_SIDES = 3;
/** Longer names would leave too little room for what they stand before. */
const MAX_NAME = 24;

/** The lines of one request, one of each side, cut to the width: what was logged is the proof. */
export function evidenceLines(finding: Finding, width: number): string[] {
  const [row] = linesOf(finding).flatMap(({ rows }) => rows);
  if (row === undefined) return [];
  const sides = groupLines(row).slice(0, MAX_SIDES);
  const label = Math.min(MAX_NAME, Math.max(...sides.map(({ who }) => singleLine(who).length)));
  return sides.map(({ who, lines }) => {
    const name = shorten(singleLine(who), label).padEnd(label);
    return `${INDENT}${name} | ${shortLine(lines[0]?.text ?? '', width - INDENT.length - label - 3)}`;
  });
}

/** An error status with what stands before it: timers in many formats. */
const AROUND_STATUS = /.{0,16} 5\d\d(?= )/;
/** How much of the room its beginning has: the moment, and in many formats the request. */
const HEAD_SHARE = 0.55;

/** The beginning of a line, and what became of the request: around its error status, else at its end. Of a message the beginning. */
function shortLine(text: string, room: number): string {
  const line = singleLine(text);
  if (line.length <= room) return line;
  if (/\[[\w:]*(?:error|crit|alert|emerg|warn|notice|info)\b/i.test(line.slice(0, 120))) return shorten(line, room);
  const head = Math.floor(room * HEAD_SHARE);
  const tail = room - head - 1;
  const lastFrom = line.length - tail;
  const statusAt = AROUND_STATUS.exec(line.slice(head))?.index;
  const from = statusAt === undefined ? lastFrom : Math.min(lastFrom, head + statusAt);
  return `${line.slice(0, head)}…${shorten(line.slice(from), tail)}`;
}

const MAX_STATUSES = 6;

/** Head and rows of the statuses that failed, most frequent first. */
export function statusLines({ logs }: Report, width: number): string[] {
  const failed = logs?.classes.filter(isErrorClass) ?? [];
  if (failed.length === 0) return [];
  const rows = failed
    .slice(0, MAX_STATUSES)
    .map(({ code, codeName, source, count, firstAtUs, lastAtUs }) => [
      singleLine(codeName === undefined ? code : `${code} ${codeName}`),
      shorten(singleLine(source), MAX_NAME),
      formatCount(count),
      logTime(firstAtUs),
      logTime(lastAtUs),
    ]);
  const more = failed.length - MAX_STATUSES;
  return [
    ...alignColumns([['logged', 'by', 'requests', 'first (UTC)', 'last (UTC)'], ...rows], width),
    ...(more > 0 ? [`and ${more} more, in the report`] : []),
  ];
}

const MAX_ADVICE = 3;

/** What would make the next answer surer; the commands are long and stand in the report. */
export function preflightLines({ logs }: Report, width: number): string[] {
  const advice = logs?.preflight ?? [];
  if (advice.length === 0) return [];
  const more = advice.length - MAX_ADVICE;
  return [
    'what to switch on, commands in the report',
    ...advice
      .slice(0, MAX_ADVICE)
      .flatMap(({ what }) => wrapText(singleLine(what), { width, first: '- ', rest: '  ' })),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}
