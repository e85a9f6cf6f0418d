import { type Exchange, outcomeKey } from '../model/exchange.ts';
import { createRandom } from '../model/random.ts';
import type { Recording } from '../model/recording.ts';
import type { QuantileEstimate } from '../model/report.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { type Distribution, distributionOf, EMPTY_DISTRIBUTION, mergeDistributions } from './distribution.ts';
import type { Block, Counts, Measures, Selection } from './measures.ts';
import { overheadEstimate } from './overhead.ts';
import { quantileInterval } from './quantile-interval.ts';
import { keyOfExchange, matches, nameOfKey, nameOfSelection, timedSelection } from './selection.ts';
import { slotDifferencesUs } from './slot-differences.ts';
import { createTimeline } from './timeline.ts';
import { type CellTimes, type CountedKey, countWindows, timeWindows, type Which } from './window-index.ts';

/** A key with what is known of it without decoding anything. */
type KnownKey = CountedKey & { readonly name: string; readonly kept: readonly Exchange[] };

/** What a warm compare measured: the base of every statement about overhead. */
const WARM_SLOTS: Selection = { experimentKind: 'compare', connection: 'warm', roles: ['slot'], cohorts: ['ok'] };

/**
 * The measures of a recording. Lazy: windows are read when a question needs them, decoded only when a selection's
 * exchanges were not all kept (kept ones give exact values). Memoised: the same question costs nothing the second time.
 * Deterministic: resampling starts from the run's seed.
 */
export function createMeasures(recording: Recording): Measures {
  const { manifest, experiments } = recording;
  const memberNames = manifest.profile.members.map((member) => member.name);
  const source = createTimeSource(recording);
  const remember = createMemory();

  const blocks = (selection: Selection, which: Which = 'response'): readonly Block[] =>
    remember(`blocks ${which} ${nameOfSelection(timedSelection(selection))}`, () => {
      const keys = source.keysOf(timedSelection(selection));
      return source.blocksOf(keys, which, areAllKept(keys));
    });
  const overhead = (p: number, requestName?: string): QuantileEstimate => {
    const selection: Selection = requestName === undefined ? WARM_SLOTS : { ...WARM_SLOTS, requestName };
    const random = createRandom(manifest.seed).fork(`overhead ${p} ${requestName ?? ''}`);
    const arms = source.alignedArms([
      { ...selection, route: GATEWAY },
      ...memberNames.map((name) => ({ ...selection, route: directTo(name) })),
    ]);
    const [gateway = [], ...members] = arms;
    return overheadEstimate({ gateway, members }, p, random);
  };

  return {
    profile: manifest.profile,
    gateway: recording.gateway,
    targets: recording.targets,
    members: memberNames,
    experiments,
    quality: recording.quality,
    durationUs: manifest.durationUs,
    startedAt: manifest.startedAt,
    seed: manifest.seed,
    ...(recording.logs === undefined ? {} : { logs: recording.logs }),
    ...(recording.history === undefined ? {} : { history: recording.history }),
    ...(recording.configs === undefined ? {} : { configs: recording.configs }),
    exchanges: (selection) =>
      remember(`exchanges ${nameOfSelection(selection)}`, () => inOrder(source.keysOf(selection))),
    counts: (selection) => remember(`counts ${nameOfSelection(selection)}`, () => countsOf(source.keysOf(selection))),
    times: (selection, which = 'response') =>
      remember(`times ${which} ${nameOfSelection(timedSelection(selection))}`, () =>
        mergeDistributions(blocks(selection, which).map((block) => block.times)),
      ),
    blocks,
    quantile: (selection, p, which = 'response') =>
      remember(
        `quantile ${p} ${which} ${nameOfSelection(timedSelection(selection))}`,
        () =>
          quantileInterval(
            blocks(selection, which).map((block) => block.times),
            p,
          ).estimate,
      ),
    overhead: (p, requestName) => remember(`overhead ${p} ${requestName ?? ''}`, () => overhead(p, requestName)),
    slotDifferences: (requestName) =>
      remember(`slots ${requestName ?? ''}`, () => {
        const selection: Selection = requestName === undefined ? WARM_SLOTS : { ...WARM_SLOTS, requestName };
        return slotDifferencesUs(inOrder(source.keysOf(selection)));
      }),
  };
}

type Memory = <T>(name: string, compute: () => T) => T;

/** Each name is used for values of one type only. */
function createMemory(): Memory {
  const known = new Map<string, unknown>();
  return <T>(name: string, compute: () => T): T => {
    if (!known.has(name)) known.set(name, compute());
    return known.get(name) as T;
  };
}

type TimeSource = {
  keysOf(selection: Selection): readonly KnownKey[];
  blocksOf(keys: readonly KnownKey[], which: Which, isExact: boolean): readonly Block[];
  /**
   * Response times of several selections in the same blocks, in order of time, all exact or all from histograms; empty
   * where there was nothing.
   */
  alignedArms(selections: readonly Selection[]): readonly (readonly Distribution[])[];
};

function createTimeSource(recording: Recording): TimeSource {
  const remember = createMemory();
  const timeline = createTimeline(recording.experiments, recording.manifest.durationUs);
  const records = new Map(recording.experiments.map((record) => [record.id, record]));
  const knownKeys = (): readonly KnownKey[] => remember('keys', () => joinKeys(recording));
  const cells = (which: Which): ReadonlyMap<string, CellTimes> =>
    remember(`cells ${which}`, () => timeWindows(recording.windows(), which, timeline));

  /** Distributions by name of block. */
  const gather = (keys: readonly KnownKey[], which: Which, isExact: boolean, experimentIds: Iterable<string>) => {
    const plan = timeline.blockPlan(experimentIds);
    const parts = new Map<string, Distribution[]>();
    for (const { name, key, kept } of keys) {
      const cellTimes = isExact ? exactCells(kept, which, timeline.cellOf) : (cells(which).get(name) ?? new Map());
      for (const [cell, times] of cellTimes) {
        const block = plan.blockOf(key.experimentId, cell);
        const list = parts.get(block);
        if (list === undefined) parts.set(block, [times]);
        else list.push(times);
      }
    }
    const merged = new Map([...parts].map(([block, times]) => [block, mergeDistributions(times)]));
    return { merged, extentOf: plan.extentOf };
  };

  const keysOf = (selection: Selection): readonly KnownKey[] =>
    knownKeys().filter(({ key }) => matches(key, selection, records.get(key.experimentId)));

  return {
    keysOf,
    blocksOf(keys, which, isExact) {
      const { merged, extentOf } = gather(keys, which, isExact, experimentsOf(keys));
      return [...merged]
        .map(([block, times]) => ({ ...extentOf(block), times }))
        .filter((block) => block.times.count > 0)
        .sort((a, b) => a.startUs - b.startUs);
    },
    alignedArms(selections) {
      const arms = selections.map(keysOf);
      const isExact = arms.every(areAllKept);
      const experimentIds = experimentsOf(arms.flat());
      const gathered = arms.map((keys) => gather(keys, 'response', isExact, experimentIds));
      const extents = new Map(
        gathered.flatMap(({ merged, extentOf }) => [...merged.keys()].map((name) => [name, extentOf(name)] as const)),
      );
      const names = [...extents].sort(([, a], [, b]) => a.startUs - b.startUs).map(([name]) => name);
      return gathered.map(({ merged: arm }) => names.map((name) => arm.get(name) ?? EMPTY_DISTRIBUTION));
    },
  };
}

/** Every key of the windows with the exchanges that were kept of it. */
function joinKeys(recording: Recording): readonly KnownKey[] {
  const kept = new Map<string, Exchange[]>();
  for (const exchange of recording.exchanges) {
    const name = nameOfKey(keyOfExchange(exchange));
    const list = kept.get(name);
    if (list === undefined) kept.set(name, [exchange]);
    else list.push(exchange);
  }
  return [...countWindows(recording.windows())].map(([name, counted]) => ({
    ...counted,
    name,
    kept: kept.get(name) ?? [],
  }));
}

function experimentsOf(keys: readonly KnownKey[]): ReadonlySet<string> {
  return new Set(keys.map(({ key }) => key.experimentId));
}

function areAllKept(keys: readonly KnownKey[]): boolean {
  return keys.every(({ kept, count }) => kept.length === count);
}

function inOrder(keys: readonly KnownKey[]): readonly Exchange[] {
  return keys.flatMap(({ kept }) => kept).sort((a, b) => a.seq - b.seq);
}

function exactCells(
  kept: readonly Exchange[],
  which: Which,
  cellOf: (experimentId: string, atUs: number) => number,
): CellTimes {
  const values = new Map<number, number[]>();
  for (const { experimentId, dueUs, sentUs, endUs, outcome } of kept) {
    const fromUs = which === 'response' ? dueUs : sentUs;
    if (fromUs === undefined || outcome.kind === 'not-sent') continue;
    const cell = cellOf(experimentId, dueUs);
    const list = values.get(cell);
    if (list === undefined) values.set(cell, [endUs - fromUs]);
    else list.push(endUs - fromUs);
  }
  return new Map([...values].map(([cell, list]) => [cell, distributionOf(list)]));
}

function countsOf(keys: readonly KnownKey[]): Counts {
  const countOf = (...cohorts: readonly string[]): number =>
    keys.reduce((sum, { key, count }) => sum + (cohorts.includes(key.cohort) ? count : 0), 0);
  const due = keys.reduce((sum, { count }) => sum + count, 0);
  return {
    due,
    sent: due - countOf('not-sent'),
    ok: countOf('ok'),
    failed: countOf('error', 'timeout'),
    outcomes: outcomesOf(keys),
  };
}

/**
 * Counts by outcome key; a status is split by substatus where every exchange with it was kept, so that the parts add
 * up.
 */
function outcomesOf(keys: readonly KnownKey[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  const keptOf = new Map<string, Exchange[]>();
  for (const { outcomes, kept } of keys) {
    for (const [outcome, count] of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + count);
    for (const exchange of kept) {
      const outcome = outcomeKey(exchange.outcome);
      const list = keptOf.get(outcome);
      if (list === undefined) keptOf.set(outcome, [exchange]);
      else list.push(exchange);
    }
  }
  const split = new Map<string, number>();
  for (const [outcome, count] of counts) {
    const kept = keptOf.get(outcome) ?? [];
    if (kept.length !== count) split.set(outcome, count);
    else
      for (const exchange of kept) {
        const name = withSubstatus(outcome, exchange);
        split.set(name, (split.get(name) ?? 0) + 1);
      }
  }
  return Object.fromEntries(split);
}

/** IIS substatus 0 says nothing beyond the status. */
function withSubstatus(name: string, { outcome }: Exchange): string {
  if (outcome.kind !== 'response' || !outcome.complete) return name;
  return outcome.substatus === undefined || outcome.substatus === 0 ? name : `${name}.${outcome.substatus}`;
}
