/** How far from a limit: the slowest answers beside the limits that experiments have found. A limit that nobody measured is unknown. */
import { CAUSES, type CauseId } from '../../model/causes.ts';
import type { FindingRecord } from '../../model/history.ts';
import { formatDuration, formatRatio } from '../../model/quantity.ts';
import { formatEstimate, readQuantityName } from '../../report/format.ts';
import { table } from '../../report/html-parts.ts';
import { html, type Markup } from '../../report/markup.ts';
import type { Outlook } from '../feed.ts';
import { findingPath } from './event-lists.ts';
import { type FarmRow, rowName } from './farm.ts';
import { quantileOf } from './time-bins.ts';

type Limit = {
  readonly record: FindingRecord;
  readonly name: string;
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
};

/** Measured quantities that are limits; the others describe damage. */
const LIMIT_NAMES = /^(timeoutUs|concurrencyLimit|ratePerSec)$/;

export function limitsOf(findings: readonly FindingRecord[]): readonly Limit[] {
  return findings.flatMap((record) =>
    Object.entries(record.finding.measured).flatMap(([name, estimate]): Limit[] =>
      LIMIT_NAMES.test(name) ? [{ record, name, ...estimate }] : [],
    ),
  );
}

/** What is looked for over weeks, also while nothing has changed. */
const OVER_WEEKS: Readonly<Partial<Record<CauseId, string>>> = {
  'change/latency': 'Times over weeks',
  'change/errors': 'Failures over weeks',
};

/** Limits that are known, and what the judge says of the days to come. */
export function headroomPart(
  rows: readonly FarmRow[],
  findings: readonly FindingRecord[],
  outlook: readonly Outlook[],
): Markup {
  return html`${limitsPart(rows, findings)}${
    outlook.length > 0 &&
    html`<ul class="plain">${outlook.map(({ cause, text }) => html`<li>${OVER_WEEKS[cause] ?? CAUSES[cause].title}: ${text}</li>`)}</ul>`
  }`;
}

function limitsPart(rows: readonly FarmRow[], findings: readonly FindingRecord[]): Markup {
  const limits = limitsOf(findings);
  if (limits.length === 0)
    return html`<p class="empty">No limit is known: the profile's scheduled requests do not look for one. An experiment on its own cron line does (ramp, volley, timeout).</p>`;
  const gateway = rows.find(({ route }) => route === 'gateway');
  const cells = limits.map((limit) => {
    const { label, unit } = readQuantityName(limit.name);
    const { record } = limit;
    return [
      html`<a href="${findingPath(record.profile, record.id)}">${CAUSES[record.finding.cause].title}</a>`,
      label,
      formatEstimate(limit, unit),
      limit.name === 'timeoutUs' && gateway !== undefined ? timeRoom(gateway, limit.value) : '–',
    ];
  });
  const columns = [{ title: 'What' }, { title: 'Limit' }, { title: 'Measured' }, { title: 'Reached in this time' }];
  return table('Known limits', columns, cells);
}

function timeRoom(row: FarmRow, limitUs: number): string {
  if (row.timed.response.count === 0) return 'no request in this time';
  const p99 = quantileOf(row.timed, 0.99);
  const tail = p99 === undefined ? '' : `p99 ${formatDuration(p99)} (${formatRatio(p99 / limitUs)}), `;
  return `${rowName(row.route)}: ${tail}slowest good answer ${formatDuration(row.timed.maxUs)} (${formatRatio(row.timed.maxUs / limitUs)})`;
}
