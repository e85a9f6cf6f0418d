/** What was read: charts, what stands in the logs, whose they are, how their clocks go, and what to switch on. */
import { formatBytes, formatDuration, formatRatio } from '../model/quantity.ts';
import type { LogReport, LogSourceReport } from '../model/report.ts';
import { formatCount, logTime, NO_VALUE, plural } from './format.ts';
import { renderExhibit } from './html-exhibit.ts';
import { type Cell, fold, longTable, type Page, section, table, withNote } from './html-parts.ts';
import { isLogExhibit } from './log-exhibits.ts';
import { clockText, isErrorClass, isReference } from './log-wording.ts';
import { html, type Markup } from './markup.ts';

export function logSection(page: Page): Markup | false {
  const { logs, exhibits } = page.report;
  if (logs === undefined || logs.sources.length === 0) return false;
  return section('logs', 'What the logs hold', 'Times are UTC, each log by its own clock.', [
    exhibits.filter(isLogExhibit).map((exhibit) => renderExhibit(exhibit, page, 3)),
    classPart(logs),
    html`<h3 class="part">Logs that were read</h3>`,
    sourceTable(logs.sources),
    badPart(logs.sources),
    clockPart(logs),
  ]);
}

function classPart({ classes, sources }: LogReport): Markup | false {
  if (classes.length === 0) return false;
  // What failed is what this is about; the rest is there for its share.
  const sorted = [...classes.filter(isErrorClass), ...classes.filter((one) => !isErrorClass(one))];
  const columns = [
    { title: 'Logged' },
    ...(sources.length > 1 ? [{ title: 'By' }] : []),
    { title: 'Requests', numeric: true },
    { title: 'Share', numeric: true },
    { title: 'First' },
    { title: 'Last' },
  ];
  const rows = sorted.map((one): Cell[] => [
    withNote(html`<code${isErrorClass(one) && html` class="code-failed"`}>${one.code}</code>`, nameParts(one.codeName)),
    ...(sources.length > 1 ? [one.source] : []),
    formatCount(one.count),
    formatRatio(one.shareRatio),
    time(one.firstAtUs),
    time(one.lastAtUs),
  ]);
  return html`<h3 class="part">Statuses</h3>
<p class="lead">Status and substatus, Windows error or flag as logged. The share is of all requests in that log.</p>
${longTable('Statuses in the logs', columns, rows, 'status')}`;
}

/** May break at its underscores, and nowhere else. */
function nameParts(codeName: string | undefined): Cell {
  return codeName?.split(/(?<=_)/).map((part) => html`${part}<wbr>`);
}

function sourceTable(sources: readonly LogSourceReport[]): Markup {
  const columns = [
    { title: 'Whose' },
    { title: 'Files' },
    { title: 'Lines', numeric: true },
    { title: 'Requests', numeric: true },
    { title: 'Failed', numeric: true },
    { title: 'First and last' },
    { title: 'Fields that are missing' },
  ];
  const rows = sources.map((source): Cell[] => {
    const { name, role, format, roleBecause, lines, bytes, requests, failed, missing } = source;
    return [
      name,
      withNote(fileNames(source), [
        format,
        roleBecause !== undefined && html`<br>${role === 'unknown' ? 'unknown' : `the ${role}’s`}: ${roleBecause}`,
      ]),
      withNote(formatCount(lines), formatBytes(bytes)),
      requests === 0 ? NO_VALUE : formatCount(requests),
      requests === 0 ? NO_VALUE : withNote(formatCount(failed), formatRatio(failed / requests)),
      [time(source.firstAtUs), html`<br>`, time(source.lastAtUs)],
      missing.length === 0 ? 'none' : missing.join(', '),
    ];
  });
  return table('Logs that were read', columns, rows);
}

const MAX_FILES = 3;

function fileNames({ files }: LogSourceReport): Cell {
  const shown = files.slice(0, MAX_FILES).map((name) => html`<code class="file">${name}</code>`);
  const more = files.length - MAX_FILES;
  return [shown, more > 0 && html`<small>and ${plural(more, 'file')} more</small>`];
}

function badPart(sources: readonly LogSourceReport[]): Markup | false {
  const bad = sources.reduce((sum, source) => sum + source.bad, 0);
  if (bad === 0) return false;
  const rows = sources.flatMap(({ name, badFirst }) =>
    badFirst.map(({ line, text }): Cell[] => [name, formatCount(line), html`<code>${text}</code>`]),
  );
  const columns = [{ title: 'Log' }, { title: 'Line', numeric: true }, { title: 'As it stands there' }];
  const label = `${plural(bad, 'line')} could not be read`;
  return fold(label, [
    rows.length < bad && html`<p class="note">The first of each log:</p>`,
    table('Lines that could not be read', columns, rows),
  ]);
}

/** One clock has nothing to be set against. */
function clockPart({ clocks }: LogReport): Markup | false {
  if (clocks.length < 2) return false;
  const columns = [{ title: 'Log' }, { title: 'Its clock' }, { title: 'How that is known' }];
  const rows = clocks.map((clock): Cell[] => [
    clock.source,
    clockText(clock),
    isReference(clock) ? 'The others are set against it.' : clockGround(clock),
  ]);
  return html`<h3 class="part">Clocks</h3>
<p class="lead">Lines of two hosts are put together by time; how far their clocks are apart is told from requests that both have.</p>
${table('Clocks of the logs', columns, rows)}`;
}

function clockGround({ basedOn, note, driftPpm = 0 }: LogReport['clocks'][number]): string {
  const parts = [
    basedOn > 0 && `From ${plural(basedOn, 'request')} that both logs have.`,
    driftPpm !== 0 && `It drifts by ${formatDuration(Math.abs(driftPpm) * 3600)} an hour.`,
    note,
  ];
  return parts.filter((part) => typeof part === 'string').join(' ');
}

function time(atUs: number | undefined): Markup {
  return html`<span class="time">${logTime(atUs)}</span>`;
}

export function preflightSection({ logs }: Page['report']): Markup | false {
  if (logs === undefined || logs.preflight.length === 0) return false;
  const items = logs.preflight.map(
    ({ what, command }) => html`<li><p>${what}</p><pre><code>${command}</code></pre></li>`,
  );
  return section(
    'preflight',
    'What to switch on',
    'With these fields the same logs prove more the next time. What pays most comes first.',
    html`<ol class="advice">${items}</ol>`,
  );
}
