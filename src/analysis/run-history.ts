/** Change points over the runs of one profile: what two runs cannot tell apart, thirty do. */
import { createRandom } from '../model/random.ts';
import { GATEWAY, memberOf } from '../model/route.ts';
import type { HistoryRun, LevelChange, LevelSeries, RunHistory } from '../model/run-history.ts';
import { changePoints, welchP } from './change-points.ts';

/** Below it the shuffles of E-divisive find little, and two neighbours say more than a history ("20 runs" of Hunter's and Otava's users). */
export const MIN_HISTORY_RUNS = 21;
/** Hunter's least change that is told (Fleming et al., 2023); also the floor of p50 in a comparison. */
const MIN_CHANGE_RATIO = 0.05;
/** Series that a page can show; the gateway's come first. */
const MAX_SERIES = 24;

/**
 * Change points of each quantile over the runs, in order of time: E-divisive with merge on logarithms (`change-points.ts`), the same answer
 * for the same runs. A series needs `MIN_HISTORY_RUNS` runs that know its quantile. Undefined where none has them.
 */
export function runHistory(profile: string, runs: readonly HistoryRun[]): RunHistory | undefined {
  const ordered = runs.toSorted((a, b) => a.startedAt.localeCompare(b.startedAt) || a.name.localeCompare(b.name));
  const ids = [...new Set(ordered.flatMap(({ levelsUs }) => Object.keys(levelsUs)))]
    .sort((a, b) => Number(isMember(a)) - Number(isMember(b)) || a.localeCompare(b))
    .slice(0, MAX_SERIES);
  const series = ids.flatMap((id) => seriesOf(id, ordered) ?? []);
  if (series.length === 0) return undefined;
  return { profile, runs: ordered.map(({ name, startedAt }) => ({ name, startedAt })), series };
}

function isMember(id: string): boolean {
  return !id.startsWith(`${GATEWAY} `);
}

function seriesOf(id: string, runs: readonly HistoryRun[]): LevelSeries | undefined {
  const known = runs.flatMap((run, at) => {
    const us = run.levelsUs[id];
    return us === undefined || !(us > 0) ? [] : [{ run, number: at + 1, us }];
  });
  if (known.length < MIN_HISTORY_RUNS) return undefined;
  const logs = known.map(({ us }) => Math.log(us));
  const found = changePoints(logs, createRandom(1).fork(id));
  const changes = withoutSmall(
    logs,
    found.map(({ index }) => index),
  ).map(([from, index, to]): LevelChange => {
    const { run, number } = known[index]!;
    const [before, after] = [meanOf(logs.slice(from, index)), meanOf(logs.slice(index, to))];
    const membersRatio = isMember(id)
      ? undefined
      : membersChange(
          id,
          known.slice(from, index).map((entry) => entry.run),
          known.slice(index, to).map((entry) => entry.run),
        );
    return {
      number,
      run: { name: run.name, startedAt: run.startedAt },
      beforeUs: Math.exp(before),
      afterUs: Math.exp(after),
      changeRatio: Math.expm1(after - before),
      ...(membersRatio === undefined ? {} : { membersRatio }),
      p: welchP(logs.slice(from, index), logs.slice(index, to)),
    };
  });
  return { id, points: known.map(({ number, us }) => [number, us] as const), changes };
}

/** The smallest change goes first, since its neighbours' levels then become one: [start before, first run after, end]. */
function withoutSmall(
  logs: readonly number[],
  found: readonly number[],
): readonly (readonly [from: number, index: number, to: number])[] {
  const kept = [...found];
  for (;;) {
    const spans = kept.map((index, i) => [kept[i - 1] ?? 0, index, kept[i + 1] ?? logs.length] as const);
    const sizes = spans.map(([from, index, to]) =>
      Math.abs(meanOf(logs.slice(index, to)) - meanOf(logs.slice(from, index))),
    );
    const least = sizes.indexOf(Math.min(...sizes));
    if (least === -1 || sizes[least]! >= Math.log1p(MIN_CHANGE_RATIO)) return spans;
    kept.splice(least, 1);
  }
}

/** The same quantile of all members over the same two stretches of runs: mean of their logarithms. */
function membersChange(id: string, before: readonly HistoryRun[], after: readonly HistoryRun[]): number | undefined {
  const quantile = id.slice(id.lastIndexOf(' ') + 1);
  const [low, high] = [before, after].map((runs) => {
    const logs = runs.flatMap(({ levelsUs }) =>
      Object.entries(levelsUs).flatMap(([key, us]) => {
        const at = key.lastIndexOf(' ');
        const isOne = key.slice(at + 1) === quantile && memberOf(key.slice(0, at) as 'gateway') !== undefined;
        return isOne && us > 0 ? [Math.log(us)] : [];
      }),
    );
    return logs.length === 0 ? undefined : meanOf(logs);
  });
  return low === undefined || high === undefined ? undefined : Math.expm1(high - low);
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}
