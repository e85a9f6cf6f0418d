/** Error lines that fit several requests equally well, as with stamps of whole seconds: whose they are is told by order, or not at all. */
import type { PlacedEntry } from '../../model/log.ts';

export type TiedPair = { readonly ask: number; readonly detail: PlacedEntry; readonly apartUs: number };

/** What decides among requests. Programs write their error lines and access lines in the same order. */
export type TiedAsk = { readonly isFailed: boolean; readonly endUs: number; readonly line: number };

type Group<P> = { readonly pairs: P[]; readonly detail: PlacedEntry; readonly asks: readonly number[] };

/**
 * `pairs`: by path and time, of details that no id gives to anyone. Where the lines of as many connections fit as many requests, each
 * request gets those of one, in order. Where there are more of one than of the other, this is done as far as it goes for failures whose
 * lines all say the same, since it does not matter which of them is which; there a kept connection may have had several of the requests, and
 * each of them gets a line of its own as long as there are no more lines than requests. Other lines are left to nobody.
 */
export function settleTies<P extends TiedPair>(pairs: readonly P[], askOf: (ask: number) => TiedAsk): readonly P[] {
  const settled: P[] = [];
  const groups = new Map<string, Group<P>>();
  for (const own of Map.groupBy(pairs, ({ detail }) => detail).values()) {
    const leastUs = own.reduce((least, { apartUs }) => Math.min(least, apartUs), Number.POSITIVE_INFINITY);
    const tied = own.filter(({ apartUs }) => apartUs === leastUs);
    const [first] = tied;
    if (first === undefined || tied.length < 2) {
      settled.push(...own);
      continue;
    }
    const asks = tied.map(({ ask }) => ask);
    const { source, ids, clientPort, line } = first.detail;
    const key = `${source} ${ids.local ?? clientPort ?? `line ${line}`} ${asks.join()}`;
    const group = groups.get(key) ?? { pairs: [], detail: first.detail, asks };
    group.pairs.push(...tied);
    groups.set(key, group);
  }
  for (const cluster of Map.groupBy(groups.values(), ({ asks }) => asks.join()).values())
    settled.push(...inTurn(cluster, askOf));
  return settled;
}

function inTurn<P extends TiedPair>(cluster: readonly Group<P>[], askOf: (ask: number) => TiedAsk): P[] {
  const asks = [...(cluster[0]?.asks ?? [])].sort(
    (a, b) => askOf(a).endUs - askOf(b).endUs || askOf(a).line - askOf(b).line,
  );
  const inOrder = unitsOf(cluster, asks.length).sort(
    ({ detail: a }, { detail: b }) => a.atUs - b.atUs || a.line - b.line,
  );
  const isAlike = new Set(inOrder.map(({ pairs }) => says(pairs))).size === 1;
  if (inOrder.length !== asks.length && !(isAlike && asks.every((ask) => askOf(ask).isFailed))) return [];
  return inOrder.flatMap(({ pairs }, at) => pairs.filter(({ ask }) => ask === asks[at]));
}

/** What one request gets: the lines of a connection, or a single line where there are more requests than connections and all lines are alike. */
function unitsOf<P extends TiedPair>(cluster: readonly Group<P>[], requests: number): Group<P>[] {
  const lines = cluster.flatMap(({ pairs, asks }) =>
    [...Map.groupBy(pairs, ({ detail }) => detail)].map(([detail, own]): Group<P> => ({ pairs: own, detail, asks })),
  );
  const isAlike = new Set(lines.map(({ pairs }) => says(pairs))).size === 1;
  return isAlike && cluster.length < requests && lines.length <= requests ? lines : [...cluster];
}

/** Codes and messages without their numbers: connections, ports, times. */
function says(pairs: readonly TiedPair[]): string {
  const details = new Set(pairs.map(({ detail }) => detail));
  return [...details].map(({ code, message = '' }) => `${code} ${message.replace(/\d+/g, '0')}`).join('\n');
}
