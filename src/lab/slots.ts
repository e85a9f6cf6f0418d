/** A limit on concurrent work with a first-come-first-served queue before it. */
export type Slots = {
  /**
   * Calls `start` as soon as a slot is free (at once if one is). Returns a function that takes the request out of the queue again and
   * says whether it was still waiting; `undefined` when the queue is full, in which case `start` is never called.
   */
  enter(start: () => void): (() => boolean) | undefined;
  /** Gives a slot back. Call it exactly once for each `start`. */
  leave(): void;
  /** Changes the limit; waiting requests start at once where it allows. */
  setLimit(limit: number): void;
  readonly limit: number;
  readonly active: number;
  readonly waiting: number;
};

export function createSlots(initialLimit: number, queueLimit: number): Slots {
  let limit = initialLimit;
  let active = 0;
  const queue: (() => void)[] = [];

  const startWaiting = (): void => {
    while (active < limit) {
      const start = queue.shift();
      if (start === undefined) return;
      active += 1;
      start();
    }
  };
  const takeOut = (start: () => void): boolean => {
    const index = queue.indexOf(start);
    if (index < 0) return false;
    queue.splice(index, 1);
    return true;
  };

  return {
    enter(start) {
      if (active < limit) {
        active += 1;
        start();
        return () => false;
      }
      if (queue.length >= queueLimit) return undefined;
      // A wrapper of its own: the same function may stand in the queue twice.
      const entry = (): void => start();
      queue.push(entry);
      return () => takeOut(entry);
    },
    leave() {
      active -= 1;
      startWaiting();
    },
    setLimit(next) {
      limit = next;
      startWaiting();
    },
    get limit() {
      return limit;
    },
    get active() {
      return active;
    },
    get waiting() {
      return queue.length;
    },
  };
}

/** Thread growth of a worker whose pool adds threads more slowly than work arrives. */
export type ThreadGrowth = {
  readonly initial: number;
  /** Threads added per second while requests wait. .NET's pool adds one or two. */
  readonly perSec: number;
  /** Back to `initial` after so long without a waiting request. Default 20 s, as .NET's pool retires idle threads. */
  readonly retireMs?: number;
};

/** Raises the limit of `slots` by one every 1/`perSec` seconds while requests wait. Returns a function that ends it. */
export function growThreads(slots: Slots, growth: ThreadGrowth): () => void {
  const retireMs = growth.retireMs ?? 20_000;
  let starvedAtMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (slots.waiting > 0) {
      starvedAtMs = nowMs;
      slots.setLimit(slots.limit + 1);
    } else if (slots.limit > growth.initial && nowMs - starvedAtMs > retireMs) {
      slots.setLimit(growth.initial);
    }
  }, 1_000 / growth.perSec);
  return () => clearInterval(timer);
}
