/** One pass over the windows of a recording, in memory that does not grow with the length of the run. */
import type { Window, WindowKey } from '../model/recording.ts';
import { decodeHistogram } from '../recording/histogram.ts';
import { type Distribution, distributionOfPairs, EMPTY_DISTRIBUTION, mergeDistributions } from './distribution.ts';
import { nameOfKey } from './selection.ts';
import type { Timeline } from './timeline.ts';

export type Which = 'response' | 'service';

export type CountedKey = {
  readonly key: WindowKey;
  readonly count: number;
  readonly outcomes: ReadonlyMap<string, number>;
};

/** Times of one key by cell of its experiment. */
export type CellTimes = ReadonlyMap<number, Distribution>;

/** Counts of every key, by name of key. Decodes nothing. */
export function countWindows(windows: Iterable<Window>): ReadonlyMap<string, CountedKey> {
  const counted = new Map<string, { key: WindowKey; count: number; outcomes: Map<string, number> }>();
  for (const window of windows) {
    const name = nameOfKey(window);
    let entry = counted.get(name);
    if (entry === undefined) {
      const { experimentId, route, requestName, connection, role, cohort } = window;
      entry = { key: { experimentId, route, requestName, connection, role, cohort }, count: 0, outcomes: new Map() };
      counted.set(name, entry);
    }
    entry.count += window.count;
    for (const [outcome, count] of Object.entries(window.outcomes)) {
      entry.outcomes.set(outcome, (entry.outcomes.get(outcome) ?? 0) + count);
    }
  }
  return counted;
}

/** Times of every key but those of requests that were never sent, merged into cells as the windows go by. */
export function timeWindows(
  windows: Iterable<Window>,
  which: Which,
  timeline: Timeline,
): ReadonlyMap<string, CellTimes> {
  const all = new Map<string, CellMerger>();
  for (const window of windows) {
    if (window.cohort === 'not-sent') continue;
    const name = nameOfKey(window);
    let merger = all.get(name);
    if (merger === undefined) {
      merger = createCellMerger();
      all.set(name, merger);
    }
    const encoded = which === 'response' ? window.response : window.service;
    const maxUs = which === 'response' ? window.maxResponseUs : window.maxServiceUs;
    merger.add(timeline.cellOf(window.experimentId, window.startUs), withExactMax(decodeHistogram(encoded), maxUs));
  }
  return new Map([...all].map(([name, merger]) => [name, merger.finish()]));
}

type Pair = readonly [valueUs: number, count: number];
type CellMerger = { add(cell: number, pairs: readonly Pair[]): void; finish(): CellTimes };

/** Pairs that wait for being merged; a merge of some thousand pairs takes under a millisecond. */
const MAX_PENDING_PAIRS = 2_000;

function createCellMerger(): CellMerger {
  const cells = new Map<number, Distribution>();
  let openCell = 0;
  let pending: Pair[] = [];
  const flush = (): void => {
    if (pending.length === 0) return;
    cells.set(openCell, mergeDistributions([cells.get(openCell) ?? EMPTY_DISTRIBUTION, distributionOfPairs(pending)]));
    pending = [];
  };
  return {
    add(cell, pairs) {
      if (cell !== openCell || pending.length > MAX_PENDING_PAIRS) flush();
      openCell = cell;
      pending.push(...pairs);
    },
    finish() {
      flush();
      return cells;
    },
  };
}

/** The maximum is kept exactly beside a histogram: one value of the highest bucket becomes it. */
function withExactMax(pairs: readonly Pair[], maxUs: number): readonly Pair[] {
  const top = pairs.at(-1);
  if (top === undefined || top[0] === maxUs) return pairs;
  return [...pairs.slice(0, -1), [Math.min(top[0], maxUs), top[1] - 1], [maxUs, 1]];
}
