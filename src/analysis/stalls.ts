/**
 * Pauses on one way: requests that come one after the other and end together. In the plane of arrival and elapsed time they
 * are triangles, arrival + elapsed is constant (methods C.8), whatever the marginal distribution looks like.
 */
import { binomialTail } from './proportion.ts';

/** One request that was sent and ended, in any order. Offsets in µs. */
export type Passage = { readonly seq: number; readonly arrivalUs: number; readonly endUs: number };

export type Stall = {
  /** Arrival of the first request that was held. The pause began then or before. */
  readonly fromUs: number;
  /** When requests went on, without their own work. */
  readonly releaseUs: number;
  /** Last sign of life before: the pause began then or later. */
  readonly aliveUs: number;
  /** Numbers of the requests that were held, the first one included. */
  readonly held: readonly number[];
};

export type StallSearch = {
  readonly stalls: readonly Stall[];
  /** Middle of the densest half of elapsed times: what a request takes when nothing is paused. */
  readonly quietUs: number;
  /** Ends that differ by no more count as one instant. */
  readonly togetherUs: number;
  /** From this elapsed time on a request is slow. */
  readonly slowUs: number;
  /**
   * Pairs of slow requests, each with the next one that comes apart from it: those that end together, and those whose elapsed
   * times differ by as much the other way.
   */
  readonly together: number;
  readonly mirrored: number;
  /**
   * Chance of so many pairs that end together if slow requests were slow each for itself, or in spells: a difference of elapsed
   * times is then as likely up as down, so the two kinds of pairs are equally frequent (a sign test). Depends on nothing else,
   * neither on the distribution nor on its drift.
   */
  readonly p: number;
};

/** Completion times of one release lie within 5 ms (methods C.8). */
const INSTANT_US = 5_000;
/** Shorter waits are nobody's trouble (effect floor: 10 ms in methods C.0, doubled because schedulers alone make 10 ms). */
export const LEAST_PAUSE_US = 20_000;
/**
 * Requests that are worked on after the pause end together as far as their own work does: of two normal values six pairs in seven
 * differ by less than 1.5 widths of the densest half.
 */
const SPREADS_TOGETHER = 1.5;
/** A pause stands out from the ordinary scatter of work: twice what counts as together. */
const PAUSE_PER_TOGETHER = 2;
/** The first one and two more: two that end together are a coincidence. */
const LEAST_LATER = 2;
/** A few end outside of the common instant by their own work, ... */
const HELD_RATIO = 0.6;
/** ... but not by twice as much: one pair in 240. */
const OUTLIER_TOGETHERS = 2;

/** Slow requests of one route that were held together. Empty for fewer than three requests. */
export function findStalls(passages: readonly Passage[]): StallSearch {
  const byArrival = passages.toSorted((a, b) => a.arrivalUs - b.arrivalUs || a.endUs - b.endUs);
  const elapsed = byArrival.map(elapsedUs).sort((a, b) => a - b);
  const { middleUs, widthUs } = densestHalf(elapsed);
  const togetherUs = Math.max(INSTANT_US, SPREADS_TOGETHER * widthUs);
  const slowUs = middleUs + Math.max(LEAST_PAUSE_US, togetherUs);
  const place: Place = { byArrival, quietUs: middleUs, togetherUs, slowUs };
  const candidates = byArrival
    .map((first, index) => stallFrom(first, index, place))
    .filter((stall) => stall !== undefined)
    .sort((a, b) => b.held.length - a.held.length);
  const stalls: Stall[] = [];
  for (const stall of candidates) {
    if (stalls.every((known) => stall.fromUs > known.releaseUs || stall.releaseUs < known.fromUs)) stalls.push(stall);
  }
  stalls.sort((a, b) => a.fromUs - b.fromUs);
  const { together, mirrored } = countPairs(place);
  const p = binomialTail(together, together + mirrored, 0.5);
  return { stalls, quietUs: middleUs, togetherUs, slowUs, together, mirrored, p };
}

/** The usual distance between the starts of stalls; undefined unless it is kept within a tenth (stalls that nobody met left aside). */
export function periodOf(stalls: readonly Stall[]): number | undefined {
  const gaps = stalls.slice(1).map((stall, i) => stall.releaseUs - (stalls[i]?.releaseUs ?? 0));
  if (gaps.length < 3) return undefined;
  const shortest = Math.min(...gaps);
  const single = gaps.filter((gap) => gap < 1.5 * shortest);
  const period = single.reduce((sum, gap) => sum + gap, 0) / single.length;
  const isRegular = gaps.every((gap) => {
    const times = Math.round(gap / period);
    return times >= 1 && times <= 3 && Math.abs(gap - times * period) <= 0.1 * period;
  });
  return isRegular && single.length >= 2 ? period : undefined;
}

type Place = {
  readonly byArrival: readonly Passage[];
  readonly quietUs: number;
  readonly togetherUs: number;
  readonly slowUs: number;
};

function countPairs({ byArrival, togetherUs, slowUs }: Place): {
  readonly together: number;
  readonly mirrored: number;
} {
  const slow = byArrival.filter((passage) => elapsedUs(passage) >= slowUs);
  let together = 0;
  let mirrored = 0;
  slow.forEach((one, index) => {
    const next = slow.slice(index + 1).find(({ arrivalUs }) => arrivalUs - one.arrivalUs >= togetherUs);
    if (next === undefined) return;
    const laterUs = next.arrivalUs - one.arrivalUs;
    const longerUs = elapsedUs(next) - elapsedUs(one);
    if (Math.abs(longerUs + laterUs) <= togetherUs) together++;
    else if (Math.abs(longerUs - laterUs) <= togetherUs) mirrored++;
  });
  return { together, mirrored };
}

function elapsedUs({ arrivalUs, endUs }: Passage): number {
  return endUs - arrivalUs;
}

/** The stall that would begin with this request: who comes until shortly before its end must end with it. */
function stallFrom(first: Passage, index: number, place: Place): Stall | undefined {
  const { quietUs, togetherUs } = place;
  if (elapsedUs(first) - quietUs < Math.max(LEAST_PAUSE_US, PAUSE_PER_TOGETHER * togetherUs)) return undefined;
  const later = laterOnes(first, index, place);
  if (later === undefined || later.independent < LEAST_LATER || later.held.length < HELD_RATIO * later.asked)
    return undefined;
  const held = [first, ...later.held];
  const ends = held.map(({ endUs }) => endUs).sort((a, b) => a - b);
  const releaseUs = ends[Math.floor(ends.length / 2)]! - quietUs;
  if (releaseUs - first.arrivalUs < LEAST_PAUSE_US) return undefined;
  const earliestUs = ends[0]!;
  const aliveUs = place.byArrival.reduce(
    (latest, { endUs }) => (endUs < earliestUs && endUs > latest ? endUs : latest),
    Number.NEGATIVE_INFINITY,
  );
  return {
    fromUs: first.arrivalUs,
    releaseUs,
    aliveUs: Math.min(aliveUs, first.arrivalUs),
    held: held.map(({ seq }) => seq),
  };
}

type Later = {
  readonly held: readonly Passage[];
  /** All that came while the first one waited, the held ones included. */
  readonly asked: number;
  /** Held ones that came apart from each other: who comes at the same moment as another ends with it anyway. */
  readonly independent: number;
};

/** Undefined when one got through long before the others: not everything had stopped. */
function laterOnes(first: Passage, index: number, { byArrival, togetherUs, slowUs }: Place): Later | undefined {
  const held: Passage[] = [];
  let asked = 0;
  let independent = 0;
  let lastUs = first.arrivalUs;
  for (let i = index + 1; i < byArrival.length; i++) {
    const one = byArrival[i]!;
    if (one.arrivalUs > first.endUs - slowUs) break;
    if (one.endUs < first.endUs - OUTLIER_TOGETHERS * togetherUs) return undefined;
    asked++;
    const isHeld = Math.abs(one.endUs - first.endUs) <= togetherUs;
    if (!isHeld) continue;
    held.push(one);
    if (one.arrivalUs - lastUs < togetherUs) continue;
    lastUs = one.arrivalUs;
    independent++;
  }
  return { held, asked, independent };
}

/** The shortest interval that holds more than half of the values: half of them may be held up without moving it much. */
function densestHalf(ascending: readonly number[]): { readonly middleUs: number; readonly widthUs: number } {
  const half = Math.floor(ascending.length / 2);
  let best = { middleUs: ascending[0] ?? 0, widthUs: Number.POSITIVE_INFINITY };
  for (let i = 0; i + half < ascending.length; i++) {
    const low = ascending[i]!;
    const high = ascending[i + half]!;
    if (high - low < best.widthUs) best = { middleUs: (low + high) / 2, widthUs: high - low };
  }
  return Number.isFinite(best.widthUs) ? best : { ...best, widthUs: 0 };
}
