/** Reports of runs, to open. */

import { plural } from '../../report/format.ts';
import { html, type Markup } from '../../report/markup.ts';
import { SEVERITY_LABEL } from '../../report/wording.ts';
import type { ReportEntry } from './reports.ts';

export function reportsPage(entries: readonly ReportEntry[]): Markup {
  return html`<h1>Reports of runs</h1>
<div id="reports" data-part>${
    entries.length === 0
      ? html`<p class="empty">No report is in the folder yet. <code>gateprobe run</code> writes one.</p>`
      : html`<ul class="items">${entries.map(item)}</ul>`
  }</div>`;
}

function item(entry: ReportEntry): Markup {
  const { name, profile, startedAt, findings, isValid, titles } = entry;
  const count =
    isValid === false ? 'not valid' : findings === undefined ? 'cannot be read' : plural(findings, 'finding');
  return html`<li><p class="item-head">${worstTag(entry)}<span class="where">${profile ?? name} · ${count}</span>${
    startedAt !== undefined &&
    html`<span class="item-when"><time datetime="${startedAt}">${startedAt.slice(0, 19).replace('T', ' ')}</time></span>`
  }</p>
<p><a href="/reports/${encodeURIComponent(name)}/report.html">${titles[0] ?? name}</a></p>
${titles.length > 1 && html`<ul class="plain note">${titles.slice(1).map((title) => html`<li>${title}</li>`)}</ul>`}</li>`;
}

function worstTag({ worst, isValid }: ReportEntry): Markup | false {
  if (isValid === false) return html`<span class="tag is-undecided">Not valid</span>`;
  if (worst === 'none') return html`<span class="tag is-none">No finding</span>`;
  if (worst === 'info' || worst === 'warning' || worst === 'error' || worst === 'critical')
    return html`<span class="tag is-${worst}">${SEVERITY_LABEL[worst]}</span>`;
  return false;
}
