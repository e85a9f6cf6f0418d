/** Windows events near a request, on hosts that it touched. */
import type { ClockEstimate, Journey } from '../../model/journey.ts';
import type { PlacedEntry } from '../../model/log.ts';
import { correctionUs } from './clock.ts';
import type { Wanted } from './host-index.ts';
import type { HostSource } from './hosts.ts';

/** A crash is written up to some seconds after the connections it cut, and WAS notes it later than the application does (13 s seen). */
const NEAR_US = 120_000_000;
const MAX_EVENTS = 6;

type Timed = { readonly event: PlacedEntry; readonly atUs: number; readonly member: string | undefined };

/** Events within two minutes, nearest first; of members only where the request was, or may have been. */
export function eventsFinder(sources: readonly HostSource[], clocks: ReadonlyMap<number, ClockEstimate>) {
  const events = sources
    .flatMap(({ kept, role, member, index }) =>
      role === 'unknown'
        ? []
        : kept.flatMap(({ entry }): Timed[] =>
            entry.kind === 'event'
              ? [{ event: entry, atUs: entry.atUs + correctionUs(clocks.get(index), entry.atUs), member }]
              : [],
          ),
    )
    .sort((a, b) => a.atUs - b.atUs);
  return ({ members }: Journey, wanted: Wanted | undefined): readonly PlacedEntry[] => {
    if (wanted === undefined || events.length === 0) return [];
    const present = members.filter(({ presence, ambiguous }) => presence === 'present' && ambiguous === 0);
    const touched = new Set((present.length > 0 ? present : members).map(({ member }) => member));
    const near: Timed[] = [];
    for (let at = firstAfter(events, wanted.start.lowUs - NEAR_US); at < events.length; at++) {
      const one = events[at] as Timed;
      if (one.atUs > wanted.end.highUs + NEAR_US) break;
      if (one.member === undefined || touched.has(one.member)) near.push(one);
    }
    return near
      .sort((a, b) => Math.abs(a.atUs - wanted.end.lowUs) - Math.abs(b.atUs - wanted.end.lowUs))
      .slice(0, MAX_EVENTS)
      .map(({ event }) => event);
  };
}

function firstAfter(events: readonly Timed[], us: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle] as Timed).atUs < us) low = middle + 1;
    else high = middle;
  }
  return low;
}
