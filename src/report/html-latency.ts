/** Thresholds, and the table that the program is named after: through the gateway and directly, side by side. */
import { formatDuration, formatNumber } from '../model/quantity.ts';
import type { QuantileEstimate, QuantileTable, Report, RouteSummary } from '../model/report.ts';
import { formatCount, formatEstimate, formatInterval, formatMissing, NO_VALUE, quantileLabel } from './format.ts';
import { type Cell, fold, section, table, withNote } from './html-parts.ts';
import { isFromLogs } from './log-wording.ts';
import { html, type Markup } from './markup.ts';
import { outcomeMeaning } from './outcome-meaning.ts';
import { failedCount, quantileNames, routeName } from './route-rows.ts';
import { THRESHOLD_LABEL } from './wording.ts';

export function thresholdSection(report: Report): Markup | false {
  if (report.thresholds.length === 0) return false;
  const isJudged = report.validity.ok;
  const rows = report.thresholds.map(({ text, verdict, measured, unit, because }): Cell[] => [
    html`<code>${text}</code>`,
    html`<span class="chip chip-${isJudged ? verdict : 'none'}">${isJudged ? THRESHOLD_LABEL[verdict] : 'not judged'}</span>`,
    measured === undefined ? NO_VALUE : formatEstimate(measured, unit),
    isJudged ? because : 'The run is not valid.',
  ]);
  const columns = [{ title: 'Threshold' }, { title: 'Result' }, { title: 'Measured' }, { title: 'Why' }];
  return section('thresholds', 'Thresholds', undefined, table('Thresholds', columns, rows));
}

export function latencySection(report: Report): Markup | false {
  if (isFromLogs(report)) return loggedSection(report);
  const names = quantileNames([...report.routes.map(({ latencyUs }) => latencyUs), report.overheadUs]);
  const columns = [
    { title: 'Route' },
    { title: 'Requests', numeric: true },
    { title: 'Failed', numeric: true },
    ...names.map((name) => ({ title: quantileLabel(name), numeric: true })),
    { title: 'Slowest', numeric: true },
  ];
  const rows = report.routes.map((route): Cell[] => [
    routeName(route, report),
    formatCount(route.count),
    failedCell(route),
    ...names.map((name) => quantileCell(route.latencyUs[name])),
    route.maxUs === undefined ? NO_VALUE : formatDuration(route.maxUs),
  ]);
  const overhead: Cell[] = [
    'The gateway adds',
    '',
    '',
    ...names.map((name) => overheadCell(report.overheadUs, name)),
    '',
  ];
  const lead =
    'Response times count from the moment a request was due: open loop, warm connections, good answers. Below each value its 95 % interval. What the gateway adds is measured in pairs, at the same moment.';
  const content = html`${table('Response times by route', columns, [...rows, overhead])}
${outcomeFold(report)}
${fold('Where the time goes, by phase', phaseTable(report))}`;
  return section('latency', 'Through the gateway, and directly', lead, content);
}

/** What logs counted: no overhead, no phases, and times only as far as the lines give them. */
function loggedSection(report: Report): Markup | false {
  const { routes } = report;
  if (routes.length === 0) return false;
  const names = quantileNames(routes.map(({ latencyUs }) => latencyUs));
  const columns = [
    { title: 'Host' },
    { title: 'Requests', numeric: true },
    { title: 'Failed', numeric: true },
    ...names.map((name) => ({ title: quantileLabel(name), numeric: true })),
    ...(names.length > 0 ? [{ title: 'Slowest', numeric: true }] : []),
  ];
  const rows = routes.map((route): Cell[] => [
    routeName(route, report),
    formatCount(route.count),
    withNote(formatCount(failedCount(route)), failedCell(route)),
    ...names.map((name) => quantileCell(route.latencyUs[name])),
    ...(names.length > 0 ? [route.maxUs === undefined ? NO_VALUE : formatDuration(route.maxUs)] : []),
  ]);
  const times =
    names.length > 0 ? ' Times are those of answers that did not fail, as the lines give them, exact to 1.1 %.' : '';
  const lead = `Every line that is a request is counted. Failed: 5xx, or cut short.${times}`;
  return section('latency', 'At the gateway, and at the members', lead, [
    table('Requests by host', columns, rows),
    outcomeFold(report),
  ]);
}

function failedCell({ failureRatio }: RouteSummary): Cell {
  if (failureRatio === undefined) return NO_VALUE;
  return withNote(`${formatNumber(failureRatio.value * 100)} %`, formatInterval(failureRatio, 'ratio'));
}

function quantileCell(quantile: QuantileEstimate | undefined): Cell {
  if (quantile === undefined) return NO_VALUE;
  if (quantile.state === 'n/a') return missing(formatMissing(quantile));
  return withNote(formatDuration(quantile.value), formatInterval(quantile, 'us'));
}

/** Breaks only between its parts: numbers torn apart are hard to read. */
function missing(words: string): Markup {
  const [head = '', ...parts] = words.split(/(?<=, )(?=need|have)/);
  return html`<span class="missing">${head}${parts.map((part) => html` <span>${part.trim()}</span>`)}</span>`;
}

function overheadCell(table: QuantileTable, name: string): Cell {
  const quantile = table[name];
  if (quantile?.state !== 'known' || quantile.value <= 0) return quantileCell(quantile);
  return withNote(`+${formatDuration(quantile.value)}`, formatInterval(quantile, 'us'));
}

/** Failures first: they are what a reader comes for. */
function outcomeTable(report: Report): Markup {
  const { routes } = report;
  const columns = [
    { title: 'Ended as' },
    { title: 'What that means' },
    ...routes.map((route) => ({ title: routeName(route, report), numeric: true })),
  ];
  const rows = outcomeKeys(report).map((key): Cell[] => {
    const said = outcomeMeaning(key, report.gateway.kind);
    const words =
      said === undefined ? 'No table has this code.' : [said.name !== undefined && `${said.name}. `, said.meaning];
    return [
      html`<code class="${isGood(key) ? 'code' : 'code-failed'}">${key}</code>`,
      withNote(words, said?.here),
      ...routes.map(({ outcomes }) => (outcomes[key] === undefined ? NO_VALUE : formatCount(outcomes[key]))),
    ];
  });
  return html`<div class="outcomes">${table('Outcomes by route, and what each code means', columns, rows)}</div>`;
}

function outcomeKeys({ routes }: Report): readonly string[] {
  const keys = [...new Set(routes.flatMap(({ outcomes }) => Object.keys(outcomes)))].sort();
  return [...keys.filter((key) => !isGood(key)), ...keys.filter(isGood)];
}

function isGood(key: string): boolean {
  return /^[1234]\d\d(?!\d|:)/.test(key);
}

/** Open where something failed: then the codes are the news. */
function outcomeFold(report: Report): Markup {
  const hasFailed = outcomeKeys(report).some((key) => !isGood(key));
  return fold('How every request ended, and what each code means', outcomeTable(report), hasFailed);
}

function phaseTable(report: Report): Markup {
  const { routes } = report;
  const rows = routes.flatMap((route) =>
    Object.entries(route.phasesUs).map(([phase, { p50, p99, count }]) => [
      routeName(route, report),
      phase,
      formatDuration(p50),
      formatDuration(p99),
      formatCount(count),
    ]),
  );
  if (rows.length === 0) return html`<p class="empty">No answer was good enough to take apart.</p>`;
  const columns = [
    { title: 'Route' },
    { title: 'Phase' },
    { title: 'p50', numeric: true },
    { title: 'p99', numeric: true },
    { title: 'Answers with it', numeric: true },
  ];
  return table('Phases by route', columns, rows);
}
