/** One profile over a time: times, outcomes, members, headroom, idleness, what was found and what happened. */
import type { HistoryEvent, HistoryInterval, KeptExchange, QuietSpan } from '../../model/history.ts';
import { formatDuration, formatRatio } from '../../model/quantity.ts';
import type { RouteId } from '../../model/route.ts';
import { formatCount } from '../../report/format.ts';
import { fold, longTable, table } from '../../report/html-parts.ts';
import { html, type Markup, type MarkupPart } from '../../report/markup.ts';
import { certificateTable } from './certificates.ts';
import { eventList, findingList } from './event-lists.ts';
import { type FarmRow, type ProfileView, rowName } from './farm.ts';
import { conditionChip, profilePath, quantileCell, scheduleWords } from './farm-page.ts';
import { headroomPart } from './headroom.ts';
import { firstRequests, idlePicture } from './idle-picture.ts';
import { keptTable } from './kept-table.ts';
import { livePart, rangeChoice } from './layout.ts';
import { drawFigure, heatChart, latencyChart, outcomeChart } from './profile-charts.ts';
import { type Bin, comparable, type Decode, quantileOf } from './time-bins.ts';
import type { TimeRange } from './time-range.ts';

export type ProfilePage = {
  readonly view: ProfileView;
  readonly events: readonly HistoryEvent[];
  readonly kept: readonly KeptExchange[];
  readonly quiet: readonly QuietSpan[];
  readonly range: TimeRange;
  readonly decode: Decode;
};

export async function profilePage(page: ProfilePage): Promise<Markup> {
  const { view, events, range } = page;
  const { profile, state, rows, findings } = view;
  const coldStarts = events.filter(({ kind }) => kind === 'cold-start');
  const idle = await idlePicture(firstRequests(page.kept, page.quiet), coldStarts, state?.routes ?? []);
  return html`<p class="crumbs"><a href="/${range.search}">Farm</a></p>
<h1>${profile}</h1>
${livePart('schedule', state === undefined ? html`<p class="schedule">Not watched now: only its history is left.</p>` : html`<p class="schedule">${scheduleWords(state)}</p>`)}
${livePart('notes', notes(view))}
${rangeChoice(range, profilePath(profile))}
${part('findings', 'Open findings', livePart('findings', findingList(findings, 'No finding is open.')))}
${part('latency-part', 'Times', await timeCharts(page))}
${part('outcomes-part', 'How requests ended', await outcomePart(page))}
${part('members', 'Gateway and members', livePart('member-table', memberTable(rows)))}
${part('headroom', 'Headroom', livePart('headroom-table', headroomPart(rows, findings, state?.outlook ?? [])))}
${certificatesPart(view)}
${part('idleness', 'Idleness and restarts', idle)}
${part('events', 'Events', livePart('event-list', eventList(events, 'Nothing happened in this time.')))}
${part('kept', 'Requests kept one by one', livePart('kept-table', keptTable(page.kept)))}`;
}

function part(id: string, title: string, content: MarkupPart): Markup {
  return html`<section aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}</section>`;
}

function certificatesPart({ state }: ProfileView): Markup | false {
  if (state === undefined || state.certificates.length === 0) return false;
  const nowAtUs = state.lastRound?.endedAtUs ?? state.loadedAtUs;
  return part(
    'certificates',
    'Certificates',
    livePart('certificate-table', certificateTable(state.certificates, nowAtUs)),
  );
}

function notes({ state }: ProfileView): Markup | false {
  if (state === undefined || state.notes.length === 0) return false;
  return html`<ul class="plain">${state.notes.map((note) => html`<li>${note}</li>`)}</ul>`;
}

async function timeCharts({ view, events, range, decode }: ProfilePage): Promise<MarkupPart> {
  if (view.intervals.length === 0) return noData('latency');
  const byRoute = groupByRoute(view.intervals);
  const charts = [
    await drawFigure(
      {
        id: 'latency',
        title: 'Response times of good answers',
        reading:
          'Lines are medians, bands hold the middle four fifths of good answers. Where the line of the gateway leaves those of the members, the gateway or the way to it is slow.',
      },
      latencyChart(byRoute, events, range, decode),
    ),
  ];
  const gateway = gatewayBins(view);
  if (gateway.some(({ count }) => count > 0))
    charts.push(
      await drawFigure(
        {
          id: 'heat',
          title: 'Every good answer through the gateway',
          reading:
            'Each cell is a time and a response time; darker is more answers, in logarithmic shades. Two rows at once are two kinds of answers.',
        },
        heatChart(gateway, range),
      ),
    );
  return [...charts, binTable(view, range)];
}

/** The charts in numbers, for those who do not see them. */
function binTable({ rows }: ProfileView, range: TimeRange): Markup {
  const used = rows.flatMap((row) => row.bins.filter(({ count }) => count > 0).map((bin) => ({ row, bin })));
  const columns = [
    { title: 'From (UTC)' },
    { title: 'Route' },
    { title: 'Requests', numeric: true },
    { title: 'Failed', numeric: true },
    { title: 'Median', numeric: true },
    { title: 'Slowest', numeric: true },
  ];
  const newest = used.sort((a, b) => b.bin.startAtUs - a.bin.startAtUs).slice(0, MAX_BIN_ROWS);
  const cells = newest.map(({ row, bin }) => [
    new Date(bin.startAtUs / 1_000).toISOString().slice(0, 16).replace('T', ' '),
    rowName(row.route),
    formatCount(bin.count),
    formatCount(bin.failed),
    bin.response.count === 0 ? '–' : formatDuration(bin.response.quantile(0.5)),
    bin.response.count === 0 ? '–' : formatDuration(bin.maxUs),
  ]);
  const words = `The same in numbers, by ${formatDuration(range.binUs)}`;
  return html`<div class="numbers" id="numbers">${fold(words, html`<div id="bin-table" data-part>${table(words, columns, cells)}</div>`)}</div>`;
}

/** About two hours of three routes; the API has all. */
const MAX_BIN_ROWS = 300;

async function outcomePart({ view, range }: ProfilePage): Promise<MarkupPart> {
  const gateway = gatewayBins(view);
  if (view.intervals.length === 0) return noData('outcomes');
  const figure =
    gateway.some(({ count }) => count > 0) &&
    (await drawFigure(
      {
        id: 'outcomes',
        title: 'Through the gateway',
        reading: 'How many requests ended how. Good answers are at the bottom, failures stand on top of them.',
      },
      outcomeChart(gateway, range),
    ));
  return [figure, livePart('outcome-table', outcomeTable(view.rows))];
}

function outcomeTable(rows: readonly FarmRow[]): Markup {
  const keys = [...new Set(rows.flatMap(({ all }) => Object.keys(all.outcomes)))].sort();
  const columns = [{ title: 'Route' }, ...keys.map((title) => ({ title, numeric: true }))];
  const cells = rows.map(({ route, all }) => [
    rowName(route),
    ...keys.map((key) => (all.outcomes[key] === undefined ? '–' : formatCount(all.outcomes[key]))),
  ]);
  return longTable('Outcomes by route', columns, cells, 'route');
}

/** No verdict: a difference of two medians that a reader can put into proportion. Verdicts are findings. */
function memberTable(rows: readonly FarmRow[]): Markup {
  const gateway = rows.find(({ route }) => route === 'gateway');
  const median = gateway && quantileOf(gateway.timed, 0.5);
  const columns = [
    { title: 'Route' },
    { title: 'State' },
    { title: 'Requests', numeric: true },
    { title: 'Failed', numeric: true },
    { title: 'p50', numeric: true },
    { title: 'p90', numeric: true },
    { title: 'p99', numeric: true },
    { title: 'Slowest', numeric: true },
    { title: 'Gateway slower by', numeric: true },
  ];
  const cells = rows.map((row): MarkupPart[] => {
    const own = quantileOf(row.timed, 0.5);
    const known = row.route !== 'gateway' && own !== undefined && median !== undefined && row.timed.response.count > 0;
    const isSameKind = gateway?.timed.connection === row.timed.connection;
    return [
      html`${rowName(row.route)}${row.timed.connection === 'new' && row.timed.count > 0 && html`<small>new connections</small>`}`,
      conditionChip(row),
      formatCount(row.all.count),
      row.all.count === 0 ? '–' : formatRatio(row.all.failed / row.all.count),
      quantileCell(row.timed, 0.5),
      quantileCell(row.timed, 0.9),
      quantileCell(row.timed, 0.99),
      row.timed.response.count === 0 ? '–' : formatDuration(row.timed.maxUs),
      known && isSameKind && gateway.timed.response.count > 0 ? signedDuration(median - own) : '–',
    ];
  });
  return html`${table('Routes side by side', columns, cells)}<p class="note">Differences are of medians, without a judgement: what is proven stands under findings.</p>`;
}

function signedDuration(us: number): string {
  return us > 0 ? `+${formatDuration(us)}` : us < 0 ? `−${formatDuration(-us)}` : formatDuration(0);
}

function gatewayBins({ rows }: ProfileView): readonly Bin[] {
  return rows.find(({ route }) => route === 'gateway')?.bins ?? [];
}

function groupByRoute(intervals: readonly HistoryInterval[]): ReadonlyMap<RouteId, readonly HistoryInterval[]> {
  const routes = [...new Set(intervals.map(({ route }) => route))].sort(
    (a, b) => Number(b === 'gateway') - Number(a === 'gateway') || a.localeCompare(b),
  );
  return new Map(routes.map((route) => [route, comparable(intervals.filter((one) => one.route === route)).of]));
}

function noData(id: string): Markup {
  return html`<p class="empty" id="${id}" data-part>No request of this time is kept.</p>`;
}
