/** Lists of what happened and of what was found. */
import type { EventKind, FindingRecord, HistoryEvent } from '../../model/history.ts';
import { formatDuration } from '../../model/quantity.ts';
import { formatCount } from '../../report/format.ts';
import { severityTag } from '../../report/html-parts.ts';
import { html, type Markup } from '../../report/markup.ts';
import { whereLabel } from '../../report/wording.ts';
import { timeElement } from './layout.ts';

export const EVENT_LABEL: Readonly<Record<EventKind, string>> = {
  failing: 'Failures',
  slow: 'Slow',
  'cold-start': 'Cold start',
  finding: 'Finding',
  alert: 'Alert',
  maintenance: 'Maintenance',
  profile: 'Profile',
  monitor: 'Monitor',
};

export function eventList(events: readonly HistoryEvent[], none: string): Markup {
  if (events.length === 0) return html`<p class="empty">${none}</p>`;
  const items = events.map(
    (
      event,
    ) => html`<li><p class="item-head">${severityTag(event.severity)}<span class="where">${EVENT_LABEL[event.kind]} · ${event.profile}</span><span class="item-when">${eventTime(event)}</span></p>
<p><a href="${eventPath(event.id)}">${event.title}</a></p></li>`,
  );
  return html`<ul class="items">${items}</ul>`;
}

export function eventTime({ fromAtUs, toAtUs }: Pick<HistoryEvent, 'fromAtUs' | 'toAtUs'>): Markup {
  if (toAtUs === undefined) return html`since ${timeElement(fromAtUs)}`;
  if (toAtUs <= fromAtUs) return timeElement(fromAtUs);
  return html`${timeElement(fromAtUs)}, for ${formatDuration(toAtUs - fromAtUs)}`;
}

export function findingList(records: readonly FindingRecord[], none: string): Markup {
  if (records.length === 0) return html`<p class="empty">${none}</p>`;
  const items = records.map(
    ({
      id,
      profile,
      finding,
      firstSeenAtUs,
      lastSeenAtUs,
      closedAtUs,
      timesSeen,
    }) => html`<li><p class="item-head">${severityTag(finding.severity)}<span class="where">${finding.confidence} · ${profile}, ${whereLabel(finding)}</span><span class="item-when">${closedAtUs === undefined ? html`since ${timeElement(firstSeenAtUs)}` : html`closed ${timeElement(closedAtUs)}`}</span></p>
<p><a href="${findingPath(profile, id)}">${finding.title}</a></p>
<p class="note">Seen ${timesSeen === 1 ? 'once' : `${formatCount(timesSeen)} times`}, last ${timeElement(lastSeenAtUs)}.</p></li>`,
  );
  return html`<ul class="items">${items}</ul>`;
}

export function eventPath(id: string): string {
  return `/events/${encodeURIComponent(id)}`;
}

export function findingPath(profile: string, id: string): string {
  return `/profiles/${encodeURIComponent(profile)}/findings/${encodeURIComponent(id)}`;
}
