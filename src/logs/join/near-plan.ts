/** In which seconds members' lines are wanted, so that failures of the gateway find their other side. */
import { shuffled } from '../../model/random.ts';
import type { Random } from '../../model/time.ts';
import { type SecondSet, secondsAround } from './seconds.ts';

/** A failure by the reference clock (µs since 1970). */
export type NearSpan = {
  readonly fromUs: number;
  readonly toUs: number;
  readonly path?: string;
  /** Failures of all kinds have their turn. */
  readonly kind: string;
};

export type NearPlan = {
  readonly paths?: ReadonlySet<string>;
  /** The seconds by a clock that is `shiftUs` ahead of the reference. */
  secondsAt(shiftUs: number): SecondSet;
};

/** Around a failure a member's line is looked for this many seconds further (clocks, queues). */
const MARGIN_SEC = 3;
/** A member's lines in all these seconds together are about so many at most; of them those of the failures' paths find room. */
const MAX_LINES = 40_000;

/**
 * Failures in a fair order until the member's log, at this rate, would have too many lines in their seconds: rather all lines about some
 * failures than some lines about all.
 */
export function planNear(spans: readonly NearSpan[], ratePerSec: number, random: Random): NearPlan {
  const kinds = new Map<string, NearSpan[]>();
  for (const span of shuffled(spans, random)) {
    const list = kinds.get(span.kind);
    if (list === undefined) kinds.set(span.kind, [span]);
    else list.push(span);
  }
  const lists = [...kinds.values()];
  const chosen: NearSpan[] = [];
  const seconds = new Set<number>();
  const maxSeconds = Math.max(60, MAX_LINES / Math.max(ratePerSec, 0.001));
  for (let turn = 0; lists.some((list) => turn < list.length) && seconds.size < maxSeconds; turn++)
    for (const list of lists) {
      const span = list[turn];
      if (span === undefined || seconds.size >= maxSeconds) continue;
      chosen.push(span);
      for (let at = Math.floor(span.fromUs / 1e6) - MARGIN_SEC; at <= Math.floor(span.toUs / 1e6) + MARGIN_SEC; at++)
        seconds.add(at);
    }
  const paths = new Set(chosen.flatMap(({ path }) => path ?? []));
  return {
    // A failure without a path, as a client sees it that sends templates, may be on any.
    ...(chosen.every(({ path }) => path !== undefined) ? { paths } : {}),
    secondsAt: (shiftUs) =>
      secondsAround(
        chosen.map(({ fromUs, toUs }) => ({ fromUs: fromUs + shiftUs, toUs: toUs + shiftUs })),
        MARGIN_SEC,
      ),
  };
}
