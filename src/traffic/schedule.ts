import type { ExchangeTag } from '../model/exchange.ts';
import type { Arrival } from '../model/profile.ts';
import { exponential } from '../model/random.ts';
import type { RouteId } from '../model/route.ts';
import { type Random, US_PER_SEC } from '../model/time.ts';

/** One request that will be due. `dueUs` counts from the start of the firing. */
export type Shot = {
  readonly dueUs: number;
  readonly route: RouteId;
  readonly request: string;
  /** `new`: a connection of its own, closed afterwards. `warm`: an idle one, or a new one where none is idle. */
  readonly connection: 'warm' | 'new';
  readonly tag?: ExchangeTag;
  readonly slot?: number;
  /** Value for `{delayMs}` in the path. */
  readonly delayMs?: number;
  /** The probe's own limit for this request, where it differs from the profile's. */
  readonly limitUs?: number;
  /** After the answer the connection is held idle for so long, or until the other side closes it; then it is closed. */
  readonly holdUs?: number;
};

/** What many shots of a schedule have in common; shots refer to it by number, so that a long schedule stays small. */
export type ShotShape = Omit<Shot, 'dueUs' | 'slot'>;

/** A schedule fixed before anything is sent: never skipped, never moved. Columns of equal length, in order of due time. */
export type Schedule = {
  readonly dueUs: Float64Array<SharedArrayBuffer>;
  readonly shapeIndex: Uint16Array<ArrayBuffer>;
  /** -1 where a shot has no slot. */
  readonly slot: Int32Array<ArrayBuffer>;
  readonly shapes: readonly ShotShape[];
};

const FIRST_SHOTS = 1_024;

/** Packs shots, sorted by due time, into columns. Shots are taken one by one, so that a generator costs no memory. */
export function packSchedule(shots: Iterable<Shot>): Schedule {
  const shapes: ShotShape[] = [];
  const shapeNumbers = new Map<string, number>();
  // Outside of the heap, and no larger than twice what is needed: a schedule may have a million shots.
  let due = new Float64Array(FIRST_SHOTS);
  let shapeOf = new Uint16Array(FIRST_SHOTS);
  let slots = new Int32Array(FIRST_SHOTS);
  let count = 0;
  for (const { dueUs, slot, ...shape } of shots) {
    const key = JSON.stringify(shape);
    let number = shapeNumbers.get(key);
    if (number === undefined) {
      number = shapes.push(shape) - 1;
      shapeNumbers.set(key, number);
    }
    if (count === due.length) {
      due = enlarged(due, new Float64Array(2 * count));
      shapeOf = enlarged(shapeOf, new Uint16Array(2 * count));
      slots = enlarged(slots, new Int32Array(2 * count));
    }
    due[count] = Math.round(dueUs);
    shapeOf[count] = number;
    slots[count++] = slot ?? -1;
  }
  const order = orderOf(due.subarray(0, count));
  const dueUs = new Float64Array(new SharedArrayBuffer(8 * count));
  const shapeIndex = new Uint16Array(count);
  const slot = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const from = order?.[i] ?? i;
    dueUs[i] = due[from] as number;
    shapeIndex[i] = shapeOf[from] as number;
    slot[i] = slots[from] as number;
  }
  return { dueUs, shapeIndex, slot, shapes };
}

function enlarged<T extends Float64Array | Uint16Array | Int32Array>(column: T, larger: T): T {
  larger.set(column);
  return larger;
}

/** Places in order of due time, those of the same time as they came; undefined where all stand in order already. */
function orderOf(due: Float64Array): Uint32Array | undefined {
  if (due.every((value, index) => index === 0 || value >= (due[index - 1] as number))) return undefined;
  return Uint32Array.from(due.keys()).sort((a, b) => (due[a] as number) - (due[b] as number) || a - b);
}

/**
 * Due times (µs from 0) of an open-loop stretch. `uniform`: constant gaps, `poisson`: exponential gaps,
 * `burst`: all at once at the start of each second. The count is fixed by rate and duration for uniform and burst.
 */
export function* arrivals(arrival: Arrival, ratePerSec: number, durationUs: number, random: Random): Generator<number> {
  const gapUs = US_PER_SEC / ratePerSec;
  if (arrival === 'poisson') {
    for (let at = exponential(random, gapUs); at < durationUs; at += exponential(random, gapUs)) yield at;
    return;
  }
  const count = Math.floor((ratePerSec * durationUs) / US_PER_SEC + 1e-9);
  for (let i = 0; i < count; i++) {
    const at = i * gapUs;
    yield arrival === 'uniform' ? at : Math.floor(at / US_PER_SEC) * US_PER_SEC;
  }
}

/**
 * Due times of a rate that grows linearly from `fromPerSec` to `toPerSec`: the i-th is where the integral of the rate
 * reaches i, so that the pace is even at every moment. `positions` stand for 0, 1, 2, … where the pace is to have crowds and pauses.
 */
export function* rampArrivals(
  fromPerSec: number,
  toPerSec: number,
  durationUs: number,
  positions?: Iterable<number>,
): Generator<number> {
  const durationSec = durationUs / US_PER_SEC;
  const growth = (toPerSec - fromPerSec) / durationSec;
  const total = ((fromPerSec + toPerSec) / 2) * durationSec;
  for (const i of positions ?? naturals(Math.floor(total))) {
    if (i >= total) return;
    const atSec =
      Math.abs(growth) < 1e-9
        ? i / fromPerSec
        : (Math.sqrt(fromPerSec * fromPerSec + 2 * growth * i) - fromPerSec) / growth;
    yield atSec * US_PER_SEC;
  }
}

function* naturals(count: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i;
}
