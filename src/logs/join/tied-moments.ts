/** Error lines that name no request, where several failed in the same second: whose they are is told by their order, or not at all. */
import type { MomentPair, Nameless, Near } from './moment-owners.ts';

export type TiedMoment = { readonly one: Nameless; readonly near: readonly Near[] };

/** Lines about one failure follow each other at once: 0.4 ms apart in the laboratory; the rest is for a busy host. */
const SAME_FAILURE_US = 20_000;

/**
 * Lines that one process wrote together are about one failure. Where there are as many failures as requests that failed at that moment, each
 * request gets one, in the order of the logs. Where there are more of one than of the other, some are of something else (an attempt that
 * was repeated, an error that a member answered itself), and nobody knows which.
 */
export function settleMoments(tied: readonly TiedMoment[]): readonly MomentPair[] {
  const units = unitsOf(tied).map((lines) => ({ lines, asks: nearestOf(lines) }));
  const clusters = Map.groupBy(units, ({ asks }) => asks.map(({ ask }) => ask).join());
  return [...clusters.values()].flatMap((cluster) => {
    const asks = [...(cluster[0]?.asks ?? [])].sort(
      (a, b) => a.wanted.end.lowUs - b.wanted.end.lowUs || lineOf(a) - lineOf(b),
    );
    if (asks.length !== cluster.length) return [];
    return cluster.flatMap(({ lines }, at): MomentPair[] => {
      const owner = asks[at];
      if (owner === undefined) return [];
      return lines.map(({ one }) => ({ ask: owner.ask, detail: one.entry, apartUs: owner.apartUs }));
    });
  });
}

/** In order of time. */
function unitsOf(tied: readonly TiedMoment[]): readonly (readonly TiedMoment[])[] {
  const units: TiedMoment[][] = [];
  const inOrder = [...tied].sort(
    ({ one: { entry: a } }, { one: { entry: b } }) => a.source - b.source || a.atUs - b.atUs || a.line - b.line,
  );
  for (const line of inOrder) {
    const unit = units.at(-1);
    if (unit !== undefined && isSameFailure(unit, line)) unit.push(line);
    else units.push([line]);
  }
  return units;
}

/** The lines about an attempt have no client; the last one, which tells what the client got, has. */
function isSameFailure(unit: readonly TiedMoment[], { one: { entry } }: TiedMoment): boolean {
  const [first, last] = [unit[0]?.one.entry, unit.at(-1)?.one.entry];
  return (
    first !== undefined &&
    last !== undefined &&
    first.source === entry.source &&
    first.processId === entry.processId &&
    entry.atUs - first.atUs <= SAME_FAILURE_US &&
    (last.clientPort === undefined || last.clientPort === entry.clientPort)
  );
}

function nearestOf(unit: readonly TiedMoment[]): readonly Near[] {
  const near = unit.at(-1)?.near ?? [];
  const leastUs = Math.min(...near.map(({ apartUs }) => apartUs));
  return near.filter(({ apartUs }) => apartUs === leastUs);
}

function lineOf({ own: [line] }: Near): number {
  return line?.line ?? 0;
}
