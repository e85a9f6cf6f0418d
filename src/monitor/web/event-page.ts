/** One event, or one finding, with its evidence. */
import type { FindingRecord, HistoryEvent, KeptExchange } from '../../model/history.ts';
import { drawCharts } from '../../report/chart-figure.ts';
import { formatCount } from '../../report/format.ts';
import { findingCard } from '../../report/html-finding.ts';
import { severityTag } from '../../report/html-parts.ts';
import { html, type Markup, type MarkupPart } from '../../report/markup.ts';
import { EVENT_LABEL, eventTime } from './event-lists.ts';
import { rowName } from './farm.ts';
import { profilePath } from './farm-page.ts';
import { keptTable } from './kept-table.ts';
import { isoMoment, livePart, timeElement } from './layout.ts';
import { rangeAround } from './time-range.ts';

export function eventPage(event: HistoryEvent, kept: readonly KeptExchange[], nowAtUs: number): Markup {
  const { profile, route, member, fromAtUs, toAtUs } = event;
  const around = `${profilePath(profile)}${rangeAround(fromAtUs, toAtUs ?? nowAtUs)}`;
  const facts: [string, MarkupPart][] = [
    ['When', eventTime(event)],
    ['Profile', html`<a href="${profilePath(profile)}">${profile}</a>`],
    ...(route === undefined ? [] : [['Route', rowName(route)] as [string, MarkupPart]]),
    ...(member === undefined ? [] : [['Member', member] as [string, MarkupPart]]),
    ...(event.cause === undefined ? [] : [['Cause', html`<code>${event.cause}</code>`] as [string, MarkupPart]]),
    ...Object.entries(event.facts).map(([name, value]): [string, MarkupPart] => [factName(name), factValue(value)]),
  ];
  return html`<p class="crumbs"><a href="/">Farm</a> <a href="${profilePath(profile)}">${profile}</a></p>
${livePart(
  'event',
  html`<p class="item-head">${severityTag(event.severity)}<span class="where">${EVENT_LABEL[event.kind]}</span></p>
<h1>${event.title}</h1>
<dl class="fact-list">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`,
)}
<p><a href="${around}">Show the time around it</a></p>
<section aria-labelledby="kept-title"><h2 id="kept-title">Requests kept at that time</h2>
${livePart('kept-table', keptTable(kept))}</section>`;
}

/** `confirmBurst` as words. */
function factName(name: string): string {
  const words = name.replaceAll(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function factValue(value: unknown): MarkupPart {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? formatCount(value) : String(value);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return html`${value.map((one) => html`<code>${one}</code> `)}`;
  return html`<pre><code>${JSON.stringify(value, null, 2) ?? ''}</code></pre>`;
}

export async function findingPage(record: FindingRecord): Promise<Markup> {
  const { finding, profile, firstSeenAtUs, lastSeenAtUs, closedAtUs, timesSeen } = record;
  const charts = await drawCharts({ findings: [finding], exhibits: [] });
  const card = findingCard(finding, {
    report: { validity: { ok: true, reasons: [] }, startedAt: isoMoment(firstSeenAtUs) },
    charts,
    anchors: new Map([[finding, 'finding']]),
  });
  const closed = closedAtUs === undefined ? 'It is open.' : html`Closed ${timeElement(closedAtUs)}.`;
  return html`<p class="crumbs"><a href="/">Farm</a> <a href="${profilePath(profile)}">${profile}</a></p>
<h1>Finding</h1>
${livePart('finding-life', html`<p>First seen ${timeElement(firstSeenAtUs)}, last ${timeElement(lastSeenAtUs)}, ${formatCount(timesSeen)} times. ${closed} <a href="${profilePath(profile)}${rangeAround(firstSeenAtUs, closedAtUs ?? lastSeenAtUs)}">Show that time</a></p>`)}
${livePart('finding-card', card)}`;
}
