/** Metrics of two runs → changes: beyond the floor and not by chance, equivalent, or open. */

import type { ChangeState, MetricChange } from '../model/comparison.ts';
import type { Estimate } from '../model/finding.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_MS } from '../model/time.ts';
import { adjustForDiscovery, type Change, changeBetween, neededFactor } from './change.ts';
import type { RunErrors, RunQuantile } from './change-metrics.ts';
import { type QuantileStatistic, statisticsOf } from './change-statistic.ts';
import { fisherExact } from './proportion.ts';
import { normalInverse } from './special.ts';

export type RunMetrics = { readonly quantiles: readonly RunQuantile[]; readonly errors: readonly RunErrors[] };

/** A gate that calls one of a hundred unchanged pairs changed is one that people still look at; floors come on top. */
export const DISCOVERY_LEVEL = 0.01;
/** Nobody feels less than a millisecond. */
const FLOOR_US = US_PER_MS;
/** One failure more in a thousand requests is the whole budget of a service that promises 99.9 %. */
export const ERROR_FLOOR_RATIO = 0.001;
/** More than this many times the requests is no advice. */
const MAX_FACTOR = 1_000;

/** What runs of some minutes can tell apart, and what people notice: the further out, the more. */
export function floorRatio(p: number): number {
  if (p <= 0.5) return 0.05;
  return p <= 0.95 ? 0.1 : 0.2;
}

/** A change whose state waits for the p-values of all others; `level`: what its own p must keep to among so many. */
type Open = { readonly change: MetricChange; readonly decide: (adjustedP: number, level: number) => Decision };
type Decision = { readonly state: ChangeState; readonly needMore?: number };

export function judgeChanges(base: RunMetrics, head: RunMetrics): readonly MetricChange[] {
  const open = [
    ...pairsOf(base.quantiles, head.quantiles).map(([b, h]) => quantileChange(b, h)),
    ...pairsOf(base.errors, head.errors).map(([b, h]) => errorChange(b, h)),
  ];
  const tested = open.filter(({ change }) => change.p !== undefined);
  const adjusted = adjustForDiscovery(tested.map(({ change }) => change.p!));
  const adjustedOf = new Map(tested.map((entry, at) => [entry, adjusted[at]!]));
  // The one change that is real has to keep to this among the others.
  const level = DISCOVERY_LEVEL / Math.max(1, tested.length);
  return open.map((entry) => {
    const adjustedP = adjustedOf.get(entry);
    return adjustedP === undefined ? entry.change : { ...entry.change, adjustedP, ...entry.decide(adjustedP, level) };
  });
}

/** Metrics that both runs have and at least one has requests of. */
function pairsOf<T extends RunQuantile | RunErrors>(base: readonly T[], head: readonly T[]): readonly [T, T][] {
  const known = new Map(base.map((metric) => [metric.id, metric]));
  return head.flatMap((metric): [T, T][] => {
    const before = known.get(metric.id);
    return before === undefined || countOf(before) + countOf(metric) === 0 ? [] : [[before, metric]];
  });
}

function countOf(metric: RunQuantile | RunErrors): number {
  return 'p' in metric ? metric.count : metric.sent;
}

function quantileChange(base: RunQuantile, head: RunQuantile): Open {
  const { id, route, requestName, p } = head;
  const isControlled = base.statistic?.differenceUs !== undefined && head.statistic?.differenceUs !== undefined;
  const counts = { baseCount: base.count, headCount: head.count };
  const frame = { id, route, requestName, what: { kind: 'quantile', p } as const, isControlled, ...counts };
  if (base.statistic === undefined || head.statistic === undefined) {
    const needMore = Math.max(base.needCount - base.count, head.needCount - head.count, 1);
    return settled({ ...frame, state: 'insufficient', needMore });
  }
  const scales = scalesOf(base.statistic, head.statistic, p);
  const shown = scales.reduce((least, scale) => (Math.abs(scale.us.value) < Math.abs(least.us.value) ? scale : least));
  const baseUs = base.statistic.levelUs;
  const change: MetricChange = {
    ...frame,
    state: 'inconclusive',
    base: baseUs,
    head: head.statistic.levelUs,
    change: shown.us,
    changeRatio: scaled(shown.us, 1 / baseUs),
    bounds: {
      low: Math.min(...scales.map(({ us }) => us.low ?? us.value)),
      high: Math.max(...scales.map(({ us }) => us.high ?? us.value)),
    },
    floor: floorUsOf(baseUs, p),
    // Both scales have to say so: the larger of the two p-values (intersection-union test).
    p: Math.max(...scales.map(({ change: { p: value } }) => value)),
  };
  const count = Math.max(base.count, head.count);
  return { change, decide: (adjustedP, level) => decideQuantile(scales, adjustedP, { count, level }) };
}

type Scale = { readonly change: Change; readonly floor: number; readonly us: Estimate };

/**
 * A gateway may multiply its members' time (noise, load) or add to it (a hop): when the members change, each reading
 * alone would blame the gateway for what the other explains. So a gateway has changed only where both say so.
 */
function scalesOf(base: QuantileStatistic, head: QuantileStatistic, p: number): readonly Scale[] {
  const floorUs = floorUsOf(base.levelUs, p);
  const floorLog = Math.log(1 + floorUs / base.levelUs);
  const ratio = changeBetween(...statisticsOf(base.logRatio, head.logRatio), floorLog);
  const usOf = (log: number): number => head.levelUs * (1 - Math.exp(-log));
  const us = { value: usOf(ratio.value), low: usOf(ratio.low), high: usOf(ratio.high) };
  const scales: Scale[] = [{ change: ratio, floor: floorLog, us }];
  if (base.differenceUs !== undefined && head.differenceUs !== undefined) {
    const change = changeBetween(...statisticsOf(base.differenceUs, head.differenceUs), floorUs);
    scales.push({ change, floor: floorUs, us: { value: change.value, low: change.low, high: change.high } });
  }
  return scales;
}

function decideQuantile(
  scales: readonly Scale[],
  adjustedP: number,
  { count, level }: { readonly count: number; readonly level: number },
): Decision {
  const isCertain = adjustedP <= DISCOVERY_LEVEL;
  if (isCertain && scales.every(({ change, floor }) => change.value >= floor)) return { state: 'worse' };
  if (isCertain && scales.every(({ change, floor }) => change.value <= -floor)) return { state: 'better' };
  if (scales.every(({ change }) => change.isEquivalent)) return { state: 'same' };
  const factor = Math.max(...scales.map(({ change, floor }) => neededFactor(change, floor, level)));
  const needMore = Math.ceil(count * (factor - 1));
  return factor > MAX_FACTOR || needMore < 1 ? { state: 'inconclusive' } : { state: 'inconclusive', needMore };
}

function errorChange(base: RunErrors, head: RunErrors): Open {
  const { id, route, requestName } = head;
  const frame = {
    id,
    route,
    requestName,
    what: { kind: 'errors' } as const,
    isControlled: false,
    baseCount: base.sent,
    headCount: head.sent,
  };
  if (base.sent === 0 || head.sent === 0) return settled({ ...frame, state: 'insufficient' });
  // Bursts make fewer independent failures out of many: both counts shrink by the larger effect.
  const effect = Math.max(base.designEffect, head.designEffect);
  const [a, c] = [Math.round(head.failed / effect), Math.round(base.failed / effect)];
  const [n, m] = [Math.max(a, Math.round(head.sent / effect)), Math.max(c, Math.round(base.sent / effect))];
  const p = fisherExact(a, n - a, c, m - c);
  const value = head.failed / head.sent - base.failed / base.sent;
  const [low, high] = shareDifference(c, m, a, n, normalInverse(0.975));
  const [lowOfTwo, highOfTwo] = shareDifference(c, m, a, n, normalInverse(0.95));
  const change: MetricChange = {
    ...frame,
    state: 'inconclusive',
    base: base.failed / base.sent,
    head: head.failed / head.sent,
    change: { value, low, high },
    bounds: { low, high },
    floor: ERROR_FLOOR_RATIO,
    p,
  };
  const isSame = lowOfTwo >= -ERROR_FLOOR_RATIO && highOfTwo <= ERROR_FLOOR_RATIO;
  return {
    change,
    decide: (adjustedP) => {
      if (adjustedP <= DISCOVERY_LEVEL && value >= ERROR_FLOOR_RATIO) return { state: 'worse' };
      if (adjustedP <= DISCOVERY_LEVEL && value <= -ERROR_FLOOR_RATIO) return { state: 'better' };
      return { state: isSame ? 'same' : 'inconclusive' };
    },
  };
}

/** Newcombe's interval of a difference of shares (method 10: Wilson's intervals of both). */
function shareDifference(c: number, m: number, a: number, n: number, z: number): readonly [number, number] {
  const before = wilson(c, m, z);
  const after = wilson(a, n, z);
  const value = a / n - c / m;
  return [
    value - Math.hypot(a / n - after.low, before.high - c / m),
    value + Math.hypot(after.high - a / n, c / m - before.low),
  ];
}

function wilson(hits: number, count: number, z: number): { readonly low: number; readonly high: number } {
  const share = hits / count;
  const middle = (share + z ** 2 / (2 * count)) / (1 + z ** 2 / count);
  const half = (z * Math.sqrt((share * (1 - share)) / count + z ** 2 / (4 * count ** 2))) / (1 + z ** 2 / count);
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) };
}

function floorUsOf(baseUs: number, p: number): number {
  return Math.max(FLOOR_US, floorRatio(p) * baseUs);
}

function scaled({ value, low, high }: Estimate, factor: number): Estimate {
  return {
    value: value * factor,
    ...(low === undefined ? {} : { low: low * factor }),
    ...(high === undefined ? {} : { high: high * factor }),
  };
}

function settled(change: MetricChange): Open {
  return { change, decide: () => ({ state: change.state }) };
}

/** Whether a change is of the gateway's usual times: what "no change" is said about. */
export function isCentral({ route, what }: MetricChange): boolean {
  return route === GATEWAY && what.kind === 'quantile' && what.p <= 0.95;
}
