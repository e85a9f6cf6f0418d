/**
 * Self-checks of the course of a run (methods A.5, checks 16 to 18): whether its answers are those of one state of the target, and how
 * many independent ones they are worth. Only compares are asked: in all other experiments the load changes on purpose.
 */
import { mergeDistributions } from '../analysis/distribution.ts';
import type { Block, Measures, Selection } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { quantileInterval } from '../analysis/quantile-interval.ts';
import { levelShift, trendP } from '../analysis/stationarity.ts';
import { apartBeginning, warmUpCut } from '../analysis/warm-up-cut.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import type { ProbeCheck } from '../model/report.ts';
import { memberOf, type RouteId, routesTo } from '../model/route.ts';

/** As many blocks as the check has in methods A.5 (number 17). The median of three answers withstands one that is far off. */
const LEAST_BLOCKS = 20;
const LEAST_ANSWERS = 3;
/** With so many a block is hardly ever left out for having too few. */
const TYPICAL_ANSWERS = 10;
/** A level that moved by less is noise of any farm (methods A.5, check 17: 10 %); below 1 ms it is the scheduling of any machine. */
const CHANGE_RATIO = 0.1;
const CHANGE_FLOOR_US = 1_000;
/** Noise that all routes share was seen to move a level by a third for a quarter of a minute (simulated bad days): nearly doubled it never was. */
const SHARED_CHANGE_RATIO = 0.9;
/** Of all series together: a caution from 1 % on, worthless from 0.01 % on (methods A.5, check 17); this only warns. */
const LEVEL = 1e-3;
/** Quantiles of the blocks that are followed: the middle, and what users notice. */
const FOLLOWED = [0.5, 0.9] as const;
/** A finite interval of a p99 needs so many answers (methods A.7). */
const SUPPORTS_P99 = 368;

/** Warm slots of one compare on one route, in order of time. */
type Series = { readonly route: RouteId; readonly blocks: readonly Block[] };

/** Empty where nothing was sent. */
export function courseChecks(measures: Measures): readonly ProbeCheck[] {
  if (measures.quality.latenessCount === 0 || measures.history !== undefined) return [];
  const compares = comparesOf(measures).map((series) => series.filter(({ blocks }) => blocks.length >= LEAST_BLOCKS));
  const series = compares.flat();
  if (series.length === 0) return [unasked(compares.length > 0)];
  const cuts = compares.map((ones) => ones.map((one) => ({ ...one, cut: cutOf(one) })));
  const settled = cuts.map((ones) => ones.map(({ route, blocks, cut }) => ({ route, blocks: blocks.slice(cut) })));
  return [warmUpCheck(cuts.flat()), stationarityCheck(settled), independenceCheck(series)];
}

function unasked(hasCompare: boolean): ProbeCheck {
  return {
    id: 'stationarity',
    title: 'times at the beginning and at the end of a compare',
    state: 'unknown',
    text: hasCompare
      ? `no compare had answers on warm connections in ${LEAST_BLOCKS} stretches of time of 1 s and more`
      : 'no compare ran, and in other experiments the load changes on purpose',
  };
}

/** The routes of each compare, all in the same stretches of time. */
function comparesOf(measures: Measures): Series[][] {
  const routes = routesTo(measures.members);
  return measures.experiments
    .filter(({ planned }) => planned.kind === 'compare')
    .map(({ id }) => {
      const series = routes.map((route) => {
        const selection: Selection = { experimentId: id, route, connection: 'warm', roles: ['slot'], cohorts: ['ok'] };
        return { route, blocks: measures.blocks(selection) };
      });
      const width = widthOf(series.reduce((most, one) => (one.blocks.length > most.blocks.length ? one : most)));
      const originUs = Math.min(...series.flatMap(({ blocks }) => blocks.map(({ startUs }) => startUs)));
      return series.map(({ route, blocks }) => ({ route, blocks: joined(blocks, originUs, width) }));
    });
}

/** How many blocks are one, so that a typical one has enough answers, as long as enough of them are left. */
function widthOf({ blocks }: Series): number {
  const typical = median(blocks.map(({ times }) => times.count));
  const most = Math.floor(blocks.length / LEAST_BLOCKS);
  return Math.max(1, Math.min(most, Math.ceil(TYPICAL_ANSWERS / typical)));
}

function joined(blocks: readonly Block[], originUs: number, width: number): readonly Block[] {
  const groups = new Map<number, Block[]>();
  for (const block of blocks) {
    const lengthUs = width * block.lengthUs;
    const startUs = originUs + Math.floor((block.startUs - originUs) / lengthUs) * lengthUs;
    groups.set(startUs, [...(groups.get(startUs) ?? []), block]);
  }
  return [...groups]
    .map(([startUs, group]) => ({ startUs, lengthUs: width * (group[0] as Block).lengthUs, times: pooled(group) }))
    .filter(({ times }) => times.count >= LEAST_ANSWERS);
}

/**
 * How many blocks at the beginning are to be left out: 0 where they are not wholly above all later ones. MSER says how far the rest of a
 * decay reaches; beyond as much again it cuts noise.
 */
function cutOf({ blocks }: Series): number {
  const levels = levelsOf(blocks, 0.5);
  const apart = apartBeginning(levels);
  return Math.min(2 * apart, Math.max(apart, warmUpCut(levels) ?? 0));
}

type Cut = Series & { readonly cut: number };

function warmUpCheck(series: readonly Cut[]): ProbeCheck {
  const about = { id: 'warm-up', title: 'a beginning that was slower than all that came later' };
  const texts = series.flatMap((one) => warmUpText(one) ?? []);
  if (texts.length === 0) return { ...about, state: 'good', text: 'none: no time has to be left out' };
  return {
    ...about,
    state: 'caution',
    text: `Something had to warm up, and quantiles count it: ${texts.join('; ')}. For a farm at work take the times without it.`,
  };
}

/** Undefined where what is left out changes nothing that is reported. */
function warmUpText({ route, blocks, cut }: Cut): string | undefined {
  if (cut === 0) return undefined;
  const [first, rest, all] = [pooled(blocks.slice(0, cut)), pooled(blocks.slice(cut)), pooled(blocks)];
  const changes = [0.5, 0.9, ...(rest.count >= SUPPORTS_P99 ? [0.99] : [])]
    .map((p) => ({ p, withUs: all.quantile(p), withoutUs: rest.quantile(p) }))
    .filter(({ withUs, withoutUs }) => isChange(withoutUs, withUs, CHANGE_RATIO));
  const last = changes.at(-1);
  if (last === undefined) return undefined;
  const lengthUs = (blocks[cut] as Block).startUs - (blocks[0] as Block).startUs;
  return `${wayTo(route)} the first ${formatDuration(lengthUs)} took ${formatDuration(first.quantile(0.5))} at p50 and what came later ${formatDuration(rest.quantile(0.5))}, so p${formatNumber(last.p * 100)} of the whole is ${formatDuration(last.withUs)} and without that beginning ${formatDuration(last.withoutUs)}`;
}

function stationarityCheck(compares: readonly (readonly Series[])[]): ProbeCheck {
  const about = { id: 'stationarity', title: 'times at the beginning and at the end of a compare' };
  const asked = compares.flatMap(alignedOf);
  if (asked.length === 0)
    return {
      ...about,
      state: 'unknown',
      text: `fewer than ${LEAST_BLOCKS} stretches of time with answers on all routes`,
    };
  // Two tests of two quantiles of each, against the others and by itself.
  const level = LEVEL / (asked.length * FOLLOWED.length * 2 * 2);
  const [change] = FOLLOWED.flatMap((quantile) =>
    asked.flatMap((one) => changesOf(one, quantile, level)).sort((a, b) => b.size - a.size),
  );
  if (change === undefined) return { ...about, state: 'good', text: 'no more apart than chance has it' };
  return {
    ...about,
    state: 'caution',
    text: `The target changed while it was measured: ${change.text}. Quantiles and overhead of the whole run are a mixture of both, and their intervals say nothing of what comes next.`,
  };
}

/** The same stretches of time on one route and on all others. */
type Aligned = {
  readonly route: RouteId;
  readonly own: readonly Block[];
  readonly others: readonly (readonly Block[])[];
};

function alignedOf(series: readonly Series[]): Aligned[] {
  const byStart = series.map(({ blocks }) => new Map(blocks.map((block) => [block.startUs, block])));
  const starts = [...(byStart[0]?.keys() ?? [])].filter((startUs) => byStart.every((blocks) => blocks.has(startUs)));
  if (starts.length < LEAST_BLOCKS) return [];
  const cut = byStart.map((blocks) => starts.map((startUs) => blocks.get(startUs) as Block));
  return series.map(({ route }, at) => ({
    route,
    own: cut[at] as readonly Block[],
    others: cut.filter((_, other) => other !== at),
  }));
}

/**
 * What all routes share may be a bad day of the network or of this machine: that is told where a level doubles only. What one route does
 * against the others at the same time is its own.
 */
function changesOf({ route, own, others }: Aligned, quantile: number, level: number): readonly Change[] {
  const logs = logLevelsOf(own, quantile);
  const shared = others.map((blocks) => logLevelsOf(blocks, quantile));
  const against = logs.map((log, i) => log - mean(shared.map((other) => other[i] as number)));
  const series = { route, blocks: own };
  return [
    ...(others.length === 0 ? [] : changeOf(series, against, quantile, level, CHANGE_RATIO)),
    ...changeOf(series, logs, quantile, level, SHARED_CHANGE_RATIO),
  ];
}

/** Against each other two routes move alike: `size`, how much a level moved itself (in logs), says which of them did. */
type Change = { readonly size: number; readonly text: string };

/** The more certain of a level that moved at one moment and one that rose or fell all the time. */
function changeOf(
  { route, blocks }: Series,
  followed: readonly number[],
  quantile: number,
  level: number,
  leastRatio: number,
): readonly Change[] {
  const shift = levelShift(followed);
  const trend = trendP(followed);
  const p = Math.min(shift.p, trend);
  const isShift = shift.p <= trend;
  const quarter = Math.floor(blocks.length / 4);
  const before = pooled(isShift ? blocks.slice(0, shift.index) : blocks.slice(0, quarter)).quantile(quantile);
  const after = pooled(isShift ? blocks.slice(shift.index) : blocks.slice(-quarter)).quantile(quantile);
  if (p > level || !isChange(before, after, leastRatio)) return [];
  const firstUs = (blocks[0] as Block).startUs;
  const [early, late] = isShift
    ? [`first ${formatDuration((blocks[shift.index] as Block).startUs - firstUs)}`, 'afterwards']
    : ['first quarter', 'in the last'];
  return [
    {
      size: Math.abs(Math.log(after / before)),
      text: `p${formatNumber(quantile * 100)} ${wayTo(route)} was ${formatDuration(before)} in the ${early} and ${formatDuration(after)} ${late} (${signed(after / before - 1)})`,
    },
  ];
}

function logLevelsOf(blocks: readonly Block[], p: number): readonly number[] {
  // Noise of times is a share of them.
  return levelsOf(blocks, p).map((us) => Math.log(Math.max(1, us)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What likeness of neighbours does to intervals is in them already: this says how much (methods B.3, design effect). */
function independenceCheck(series: readonly Series[]): ProbeCheck {
  const texts = series.map(({ route, blocks }) => {
    const { designEffect, effectiveCount } = quantileInterval(
      blocks.map(({ times }) => times),
      0.5,
    );
    const count = formatNumber(pooled(blocks).count);
    return designEffect <= 1
      ? `${count} ${wayTo(route)} are worth as many`
      : `${count} ${wayTo(route)} are worth ${formatNumber(Math.floor(effectiveCount))}`;
  });
  return {
    id: 'independence',
    title: 'how many independent answers the measured ones are worth, at p50',
    state: 'good',
    text: `${texts.join(', ')}; intervals are as wide as that`,
  };
}

function isChange(fromUs: number, toUs: number, leastRatio: number): boolean {
  return Math.abs(toUs - fromUs) > Math.max(CHANGE_FLOOR_US, leastRatio * Math.min(fromUs, toUs));
}

function levelsOf(blocks: readonly Block[], p: number): readonly number[] {
  return blocks.map(({ times }) => times.quantile(p));
}

function pooled(blocks: readonly Block[]) {
  return mergeDistributions(blocks.map(({ times }) => times));
}

function wayTo(route: RouteId): string {
  const member = memberOf(route);
  return member === undefined ? 'through the gateway' : `of ${member}`;
}

function signed(ratio: number): string {
  return `${ratio > 0 ? '+' : '−'}${formatRatio(Math.abs(ratio))}`;
}
