import { formatDuration } from '../model/quantity.ts';
import type { Report } from '../model/report.ts';
import { formatCount, plural } from './format.ts';
import { type Cell, section, table, withNote } from './html-parts.ts';
import { html, type Markup } from './markup.ts';

const COLUMNS = [
  { title: 'Step' },
  { title: 'What was tried, and why' },
  { title: 'Through the gateway', numeric: true },
  { title: 'Directly', numeric: true },
  { title: 'Took', numeric: true },
  { title: 'What it showed' },
];

/** The steps of a run that chose its experiments itself. */
export function trailSection({ trail, audit }: Report): Markup | false {
  if (trail === undefined) return false;
  const rows = trail.steps.map((step): Cell[] => [
    html`<code>${step.experimentId}</code>`,
    withNote(step.what, step.why),
    formatCount(step.gatewayRequests),
    formatCount(step.directRequests),
    formatDuration(step.durationUs),
    step.result,
  ]);
  return section('trail', 'How it was found', trail.because, [
    rows.length > 0 && table('Steps', COLUMNS, rows),
    auditNote(audit),
  ]);
}

export function auditNote(audit: Report['audit']): Markup | false {
  if (audit === undefined) return false;
  return html`<p>${plural(audit.requests, 'request')} of this run ${audit.requests === 1 ? 'was' : 'were'} slow or failing on purpose. Their ids, times and reasons are in <code>${audit.file}</code> beside this report.</p>`;
}
