/** What happened when: all answers of the run as a heat map, and each way to the farm in a small plot of its own. */
import type { Distribution } from '../analysis/distribution.ts';
import type { Block, Measures, Selection } from '../analysis/measures.ts';
import type { Exhibit, HeatCell, Mark, XySeries } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY, type RouteId, routesTo } from '../model/route.ts';
import { formatCount } from './format.ts';
import { wayName } from './way-name.ts';

/** Columns of the map: on the page each is about ten pixels wide. */
const MAX_COLUMNS = 60;
/** Rows of the map; with both this stays some ten kB, however long the run. */
const ROWS = 22;
/** Fewer answers than this are better read in a table. */
const MIN_ANSWERS = 60;
/** More small plots than this are no picture any more; the slowest ways are shown. */
const MAX_PANELS = 12;
/** A band between the tenth and the nine-tenth takes so many values that both mean something. */
const MIN_BAND = 5;
const ORDINARY_ROLES = ['slot', 'load', 'canary'];
const SECOND_US = 1_000_000;

type Timed = { readonly x0: number; readonly x1: number; readonly times: Distribution };

/** Undefined where too little went through the gateway to show a shape. */
export function heatExhibit(measures: Measures): Exhibit | undefined {
  const ok = gather(measures, { route: GATEWAY, cohorts: ['ok'] });
  const failed = gather(measures, { route: GATEWAY, cohorts: ['error', 'timeout'] });
  const all = [...ok, ...failed];
  if (all.reduce((sum, { times }) => sum + times.count, 0) < MIN_ANSWERS) return undefined;
  const columnUs = columnOf(all);
  const steps = rowSteps(all);
  const layers = [
    { name: 'answered', role: 'gateway' as const, cells: cellsOf(ok, columnUs, steps) },
    { name: 'failed', role: 'failure' as const, cells: cellsOf(failed, columnUs, steps) },
  ].filter(({ cells }) => cells.length > 0);
  return {
    kind: 'heat',
    id: 'latency-over-time',
    title: 'Every request through the gateway: when, and how long it took',
    reading: `A column is ${formatDuration(columnUs)}; the stronger the colour of a field the more requests, on a logarithmic scale. ${whereSlow(measures, ok)}${whereFailed(measures)}`,
    x: { title: 'time in the run', unit: 'us', scale: 'linear' },
    y: { title: 'response time', unit: 'us', scale: 'log' },
    layers,
    marks: experimentMarks(measures),
  };
}

/** Blocks of each experiment by itself: one experiment's blocks may be as short as a second, those of a whole run are not. */
function gather(measures: Measures, selection: Selection): readonly Timed[] {
  return measures.experiments.flatMap(({ id }) =>
    measures.blocks({ ...selection, experimentId: id }).map(({ startUs, lengthUs, times }: Block): Timed => {
      return { x0: startUs, x1: startUs + lengthUs, times };
    }),
  );
}

/** Whole seconds, for the windows of a recording are that long. */
function columnOf(timed: readonly Timed[]): number {
  const spanUs = Math.max(...timed.map(({ x1 }) => x1)) - Math.min(...timed.map(({ x0 }) => x0));
  return Math.max(1, Math.ceil(spanUs / MAX_COLUMNS / SECOND_US)) * SECOND_US;
}

type Steps = { readonly low: number; readonly ratio: number };

/** Rows of equal height on a logarithmic axis. */
function rowSteps(timed: readonly Timed[]): Steps {
  const low = Math.max(1, Math.min(...timed.map(({ times }) => times.min)));
  const high = Math.max(low * 1.5, ...timed.map(({ times }) => times.max));
  return { low, ratio: (high / low) ** (1 / ROWS) };
}

function cellsOf(timed: readonly Timed[], columnUs: number, { low, ratio }: Steps): readonly HeatCell[] {
  const cells = new Map<string, HeatCell>();
  for (const { x0: startUs, x1, times } of timed) {
    const column = Math.floor(startUs / columnUs);
    const widthUs = Math.max(columnUs, x1 - startUs);
    times.values.forEach((value, index) => {
      const row = Math.min(ROWS - 1, Math.max(0, Math.floor(Math.log(Math.max(1, value) / low) / Math.log(ratio))));
      const key = `${column} ${row}`;
      const count = (times.counts[index] ?? 0) + (cells.get(key)?.[4] ?? 0);
      const x0 = column * columnUs;
      cells.set(key, [x0, x0 + widthUs, Math.round(low * ratio ** row), Math.round(low * ratio ** (row + 1)), count]);
    });
  }
  return [...cells.values()];
}

function experimentMarks(measures: Measures): readonly Mark[] {
  return measures.experiments
    .filter(({ sentCount }) => sentCount > 0)
    .map(({ id, startUs }) => ({ axis: 'x', value: startUs, label: id }));
}

function whereSlow(measures: Measures, ok: readonly Timed[]): string {
  const slowest = ok.reduce<Timed | undefined>(
    (worst, one) => (worst === undefined || one.times.max > worst.times.max ? one : worst),
    undefined,
  );
  if (slowest === undefined) return 'No request was answered well. ';
  const during = measures.experiments.findLast(({ startUs }) => startUs < slowest.x1)?.id;
  return `The slowest good answer took ${formatDuration(slowest.times.max)}${during === undefined ? '' : `, in ${during}`}. `;
}

function whereFailed(measures: Measures): string {
  const counted = measures.experiments
    .map(({ id }) => ({ id, failed: measures.counts({ route: GATEWAY, experimentId: id }).failed }))
    .filter(({ failed }) => failed > 0);
  if (counted.length === 0) return 'None failed.';
  return `Failures: ${counted.map(({ id, failed }) => `${formatCount(failed)} in ${id}`).join(', ')}.`;
}

/** Undefined unless two ways or more were asked while the others were too. */
export function panelExhibit(measures: Measures): Exhibit | undefined {
  const asked = measures.experiments.filter(({ id }) =>
    measures.members.some((name) => ordinary(measures, id, directTo(name)).length > 1),
  );
  if (asked.length === 0) return undefined;
  const routes = routesTo(slowestMembers(measures));
  const series = routes.flatMap((route) => asked.flatMap(({ id }) => panelSeries(measures, id, route)));
  const joined = joinByName(series);
  const panels = new Set(joined.map(({ panel }) => panel));
  if (panels.size < 2) return undefined;
  const left = measures.members.length + 1 - routes.length;
  return {
    kind: 'xy',
    id: 'ways-over-time',
    title: 'Each way by itself: response time over the run',
    reading: `The line is the median, the band holds the middle eight of ten answers; red is a failure. All plots have the same axes, while ${asked.map(({ id }) => id).join(', ')} asked all ways: a plot that stands apart is a member that does.${left > 0 ? ` The ${left} quickest members are left out.` : ''}`,
    x: { title: 'time in the run', unit: 'us', scale: 'linear' },
    y: { title: 'response time', unit: 'us', scale: 'log' },
    series: joined,
  };
}

function ordinary(measures: Measures, experimentId: string, route: RouteId): readonly Block[] {
  return measures.blocks({ experimentId, route, roles: ORDINARY_ROLES, loop: 'open', cohorts: ['ok'] });
}

function slowestMembers(measures: Measures): readonly string[] {
  if (measures.members.length < MAX_PANELS) return measures.members;
  const p90 = (name: string): number =>
    measures.times({ route: directTo(name), roles: ORDINARY_ROLES, loop: 'open' }).quantile(0.9);
  const kept = new Set([...measures.members].sort((a, b) => p90(b) - p90(a)).slice(0, MAX_PANELS - 1));
  return measures.members.filter((name) => kept.has(name));
}

function panelSeries(measures: Measures, experimentId: string, route: RouteId): readonly XySeries[] {
  const panel = wayName(route);
  const selection: Selection = { experimentId, route, roles: ORDINARY_ROLES, loop: 'open' };
  const blocks = ordinary(measures, experimentId, route);
  const failures = measures.blocks({ ...selection, cohorts: ['error', 'timeout'] });
  const middle = ({ startUs, lengthUs }: Block) => startUs + lengthUs / 2;
  return [
    {
      name: panel,
      panel,
      role: route === GATEWAY ? 'gateway' : 'direct',
      style: 'line',
      points: blocks.map((block): [number, number] => [middle(block), Math.max(1, block.times.quantile(0.5))]),
      band: blocks
        .filter(({ times }) => times.count >= MIN_BAND)
        .map((block): [number, number, number] => [
          middle(block),
          Math.max(1, block.times.quantile(0.1)),
          Math.max(1, block.times.quantile(0.9)),
        ]),
    },
    {
      name: `${panel}: failed`,
      panel,
      role: 'failure',
      style: 'points',
      points: failures.flatMap((block) =>
        [...block.times.values].map((us): [number, number] => [middle(block), Math.max(1, us)]),
      ),
    },
  ];
}

/** One series for a way; where experiments meet, the line has a gap. */
function joinByName(series: readonly XySeries[]): readonly XySeries[] {
  const joined = new Map<string, XySeries>();
  for (const one of series) {
    const before = joined.get(one.name);
    const gapAt = before?.points.at(-1)?.[0];
    if (before === undefined || gapAt === undefined) joined.set(one.name, one);
    else
      joined.set(one.name, {
        ...before,
        points: [...before.points, ...(one.style === 'line' ? [[gapAt + 1, Number.NaN] as const] : []), ...one.points],
        ...(before.band !== undefined && {
          band: [...before.band, [gapAt + 1, Number.NaN, Number.NaN] as const, ...(one.band ?? [])],
        }),
      });
  }
  return [...joined.values()].filter(({ points }) => points.length > 0);
}
