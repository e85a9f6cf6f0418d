/** The farm at a glance. */
import type { HistoryEvent } from '../../model/history.ts';
import { formatDuration, formatRatio } from '../../model/quantity.ts';
import { formatCount, formatMissing, plural } from '../../report/format.ts';
import { html, type Markup, type MarkupPart } from '../../report/markup.ts';
import type { MonitorState, ProfileState, RefusedProfile } from '../feed.ts';
import { barStrip } from './bar-strip.ts';
import { eventList, findingList } from './event-lists.ts';
import { type Condition, type FarmRow, farmSentence, findingsOf, type ProfileView, rowName } from './farm.ts';
import { livePart, rangeChoice, timeElement } from './layout.ts';
import { quantileOf } from './time-bins.ts';
import type { TimeRange } from './time-range.ts';

export const CONDITION_LABEL: Readonly<Record<Condition, string>> = {
  failing: 'Failing',
  paused: 'Paused',
  maintenance: 'Maintenance',
  ok: 'OK',
  unknown: 'No answer yet',
  unwatched: 'Not watched',
};
const CONDITION_TONE: Readonly<Record<Condition, string>> = {
  failing: 'error',
  paused: 'undecided',
  maintenance: 'info',
  ok: 'none',
  unknown: 'undecided',
  unwatched: 'undecided',
};

export function farmPage(
  farm: readonly ProfileView[],
  events: readonly HistoryEvent[],
  state: MonitorState,
  range: TimeRange,
): Markup {
  const findings = farm.flatMap((view) => view.findings);
  return html`<h1>The farm</h1>
<p class="state-line" id="state-line" role="status" data-part>${farmSentence(farm)}.</p>
${livePart('troubles', troubles(state))}
${rangeChoice(range, '/')}
${livePart(
  'farm',
  farm.length === 0
    ? html`<p class="empty">The monitor watches no profile. Start it with one: <code>gateprobe monitor farm.yaml</code></p>`
    : farm.map((view) => profileBlock(view, range)),
)}
${farm.length > 0 && barLegend()}
<section aria-labelledby="findings-title"><h2 id="findings-title">Open findings</h2>
${livePart('findings', findingList(findings, 'No finding is open.'))}</section>
<section aria-labelledby="events-title"><h2 id="events-title">Events of this time</h2>
${livePart('events', eventList(events, 'Nothing happened in this time.'))}</section>`;
}

/** What keeps the monitor itself from its work stands above all else. */
export function troubles(state: MonitorState): MarkupPart {
  const { paused } = state;
  return [
    paused !== undefined &&
      html`<div class="trouble is-error" role="alert"><strong>History is not written</strong> since ${timeElement(paused.sinceAtUs)}: ${paused.text} ${plural(paused.roundsLost, 'round')} measured and not kept.</div>`,
    ...state.refused.map((refused) => refusedNotice(refused, 'is not watched')),
    ...state.profiles.flatMap(({ refused }) =>
      refused === undefined
        ? []
        : [refusedNotice(refused, 'was changed and is refused; what was loaded before stays in force')],
    ),
    state.isStopping && html`<div class="trouble is-warning" role="alert">The monitor is stopping.</div>`,
  ];
}

function refusedNotice({ file, problems }: RefusedProfile, what: string): Markup {
  const lines = problems.map(({ path, line, message }) => {
    return html`<li>${line !== undefined && `line ${line}: `}<code>${path}</code> ${message}</li>`;
  });
  return html`<div class="trouble is-warning"><strong>${file}</strong> ${what}:<ul class="plain">${lines}</ul></div>`;
}

function profileBlock(view: ProfileView, range: TimeRange): Markup {
  const { profile, rows, state } = view;
  const id = `profile-${slugOf(profile)}`;
  const heads = ['Route', 'State', 'Requests over time'].map(
    (title) => html`<th role="columnheader" scope="col">${title}</th>`,
  );
  const numbers = ['Requests', 'Failed', 'p50', 'p99'].map(
    (title) => html`<th role="columnheader" scope="col" class="number">${title}</th>`,
  );
  return html`<section class="farm-profile" aria-labelledby="${id}">
<h2 id="${id}"><a href="${profilePath(profile)}${range.search}">${profile}</a></h2>
${state !== undefined && html`<p class="schedule">${scheduleWords(state)}</p>`}
<div class="scroll" tabindex="0" role="region" aria-label="Routes of ${profile}"><table class="farm" role="table"><thead role="rowgroup"><tr role="row">${heads}${numbers}</tr></thead>
<tbody role="rowgroup">${rows.map((row) => farmRow(row, view, range))}</tbody></table></div></section>`;
}

/** Roles are written out: on a telephone the rows are no table rows for the style sheet, and browsers forget what they are. */
function farmRow(row: FarmRow, view: ProfileView, range: TimeRange): Markup {
  const { all, timed, route, profile } = row;
  const name = rowName(route);
  const open = findingsOf(view, route).length;
  const note = timed.count > 0 && timed.connection === 'new' && html`<small>new connections</small>`;
  return html`<tr role="row">
<th role="rowheader" scope="row">${name}${open > 0 && html`<small><a href="${profilePath(profile)}${range.search}#findings-title">${plural(open, 'open finding')}</a></small>`}</th>
<td role="cell">${conditionChip(row)}</td>
<td role="cell" class="strip-cell">${barStrip(row.bins, range, `${profile} ${name}`)}</td>
<td role="cell" class="number" data-label="Requests">${formatCount(all.count)}</td>
<td role="cell" class="number" data-label="Failed">${all.count === 0 ? '–' : html`${formatRatio(all.failed / all.count)}<small>${formatCount(all.failed)}</small>`}</td>
<td role="cell" class="number" data-label="p50">${quantileCell(timed, 0.5)}${note}</td>
<td role="cell" class="number" data-label="p99">${quantileCell(timed, 0.99)}</td>
</tr>`;
}

export function conditionChip({ condition, sinceAtUs }: Pick<FarmRow, 'condition' | 'sinceAtUs'>): Markup {
  const since = sinceAtUs !== undefined && html`<small>since ${timeElement(sinceAtUs)}</small>`;
  return html`<span class="tag is-${CONDITION_TONE[condition]}">${CONDITION_LABEL[condition]}</span>${since}`;
}

/** A quantile that so few requests cannot tell is not shown. */
export function quantileCell(timed: FarmRow['timed'], p: number): MarkupPart {
  if (timed.response.count === 0) return '–';
  const value = quantileOf(timed, p);
  const need = Math.ceil(1 / (1 - p) - 1e-9);
  return value === undefined
    ? html`<span class="missing">${formatMissing({ need, have: timed.response.count })}</span>`
    : formatDuration(value);
}

export function scheduleWords(state: ProfileState): MarkupPart {
  const { schedule, isFaster, intervalUs, maintenance, lastRound, nextRoundAtUs } = state;
  return [
    schedule,
    isFaster && intervalUs !== undefined && `, now every ${formatDuration(intervalUs)} because something is wrong`,
    lastRound !== undefined && html` · last round ${timeElement(lastRound.startedAtUs)}`,
    nextRoundAtUs !== undefined && html` · next ${timeElement(nextRoundAtUs)}`,
    maintenance !== undefined &&
      html` · maintenance until ${timeElement(maintenance.untilAtUs)}${maintenance.reason !== undefined && ` (${maintenance.reason})`}`,
  ];
}

function barLegend(): Markup {
  const item = (kind: string, words: string): Markup =>
    html`<li><svg class="bar-key" width="8" height="16" viewBox="0 0 4 16" aria-hidden="true">${kind === 'bad' && html`<rect class="bar-mixed" width="4" height="16"/>`}<rect class="bar-${kind}" width="4" y="${kind === 'none' ? 14 : kind === 'good' ? 6 : 8}" height="${kind === 'none' ? 2 : kind === 'good' ? 10 : 8}"/></svg>${words}</li>`;
  return html`<ul class="legend bar-legend">${item('good', 'all answers good')}${item('bad', 'the lower part failed')}${item('none', 'no request')}</ul>
<p class="note">Times are response times from the moment a request was due, on kept connections where there are any.</p>`;
}

export function profilePath(profile: string): string {
  return `/profiles/${encodeURIComponent(profile)}`;
}

function slugOf(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_-]/g, '-');
}
