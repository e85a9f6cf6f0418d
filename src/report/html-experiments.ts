import { formatDuration } from '../model/quantity.ts';
import type { ExperimentSummary, Report } from '../model/report.ts';
import { formatCount, formatQuantile, quantileLabel, routeLabel } from './format.ts';
import { type Cell, fold, section, table, withNote } from './html-parts.ts';
import { auditNote } from './html-trail.ts';
import { html, type Markup } from './markup.ts';
import { quantileNames } from './route-rows.ts';

const STOP_LABEL: Readonly<Record<string, string>> = {
  completed: 'completed',
  'abort-rule': 'ended early by an abort rule',
  interrupted: 'interrupted',
  guard: 'not run, to protect other users',
  refused: 'not run',
};

export function experimentSection(report: Report): Markup | false {
  if (report.experiments.length === 0) return false;
  const columns = [
    { title: 'Experiment' },
    { title: 'What it did' },
    { title: 'Began after', numeric: true },
    { title: 'Took', numeric: true },
    { title: 'Due', numeric: true },
    { title: 'Sent', numeric: true },
    { title: 'End' },
  ];
  const rows = report.experiments.map((experiment): Cell[] => [
    html`<code>${experiment.id}</code>`,
    withNote(experiment.describe, notes(experiment)),
    formatDuration(experiment.startUs),
    formatDuration(experiment.durationUs),
    formatCount(experiment.due),
    formatCount(experiment.sent),
    withNote(STOP_LABEL[experiment.stop] ?? experiment.stop, experiment.stopReason),
  ]);
  const byRoute =
    report.experiments.some(({ routes }) => routes.length > 0) && fold('By route', routeTable(report.experiments));
  return section('experiments', 'Experiments', undefined, [
    table('Experiments', columns, rows),
    byRoute,
    report.trail === undefined && auditNote(report.audit),
  ]);
}

function notes({ loop, notes: said }: ExperimentSummary): string | undefined {
  const closed = loop === 'closed' ? ['Closed loop: its times are capacity, not latency.'] : [];
  const all = [...closed, ...said];
  return all.length === 0 ? undefined : all.join(' ');
}

function routeTable(experiments: readonly ExperimentSummary[]): Markup {
  const names = quantileNames(experiments.flatMap(({ routes }) => routes.map(({ latencyUs }) => latencyUs)));
  const columns = [
    { title: 'Experiment' },
    { title: 'Route' },
    { title: 'Outcomes' },
    ...names.map((name) => ({ title: quantileLabel(name), numeric: true })),
  ];
  const rows = experiments.flatMap(({ id, routes }) =>
    routes.map(({ route, outcomes, latencyUs }): Cell[] => [
      html`<code>${id}</code>`,
      routeLabel(route),
      Object.entries(outcomes)
        .map(([key, count]) => `${key}: ${formatCount(count)}`)
        .join(', '),
      ...names.map((name) => formatQuantile(latencyUs[name], 'value only')),
    ]),
  );
  return table('Experiments by route', columns, rows);
}
