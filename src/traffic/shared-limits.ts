/**
 * What several sending threads count together, in memory that they share. The limits of a profile hold for all of them: a share for each
 * would keep the sum as well, but refuse requests for lack of room while there is room in another thread, and say that the limit was reached.
 */
import type { Limits } from '../model/profile.ts';

/** Places 0 and 1, two for each thread, one for each route. */
export type SharedCounts = Int32Array<SharedArrayBuffer>;

const IN_FLIGHT = 0;
const SENT = 1;
const FIRST_THREAD = 2;
const MS_US = 1_000;

export function createSharedCounts(threads: number, routes: number): SharedCounts {
  return new Int32Array(new SharedArrayBuffer(4 * (FIRST_THREAD + 2 * threads + routes)));
}

/** One thread's view of what all count together. */
export type SharedLimits = {
  /** Takes the place of one request, to be given back when it ended; or says which limit has none left. Never more than the limit are taken. */
  take(): 'cap' | 'budget' | undefined;
  giveBack(): void;
  /** A request of an engine that keeps its own connections. */
  countSent(): void;
  /** Requests that all threads have sent. */
  sent(): number;
  /** A number was given to an exchange. */
  launched(): void;
  /** `route` is its place among the routes of the setup. */
  pause(route: number, untilUs: number): void;
  /** The end of the longest pause that any thread was asked for; never too early, up to 1 ms too late. */
  pausedUntilUs(route: number): number;
};

export function joinLimits(
  counts: SharedCounts,
  thread: number,
  { maxInFlight, maxRequests }: Pick<Limits, 'maxInFlight' | 'maxRequests'>,
): SharedLimits {
  const own = inFlightPlace(thread);
  const pausePlace = (route: number): number => firstPause(counts, route);
  return {
    take() {
      // Added first and looked at then: two threads cannot both take the last place.
      if (Atomics.add(counts, IN_FLIGHT, 1) >= maxInFlight) {
        Atomics.sub(counts, IN_FLIGHT, 1);
        return 'cap';
      }
      if (Atomics.add(counts, SENT, 1) >= maxRequests) {
        Atomics.sub(counts, SENT, 1);
        Atomics.sub(counts, IN_FLIGHT, 1);
        return 'budget';
      }
      Atomics.add(counts, own, 1);
      return undefined;
    },
    giveBack() {
      Atomics.sub(counts, own, 1);
      Atomics.sub(counts, IN_FLIGHT, 1);
    },
    countSent: () => void Atomics.add(counts, SENT, 1),
    sent: () => sentTogether(counts),
    launched: () => void Atomics.add(counts, launchedPlace(thread), 1),
    pause(route, untilUs) {
      const untilMs = Math.ceil(untilUs / MS_US);
      for (;;) {
        const known = Atomics.load(counts, pausePlace(route));
        if (known >= untilMs || Atomics.compareExchange(counts, pausePlace(route), known, untilMs) === known) return;
      }
    },
    pausedUntilUs: (route) => Atomics.load(counts, pausePlace(route)) * MS_US,
  };
}

function launchedPlace(thread: number): number {
  return FIRST_THREAD + 2 * thread;
}

function inFlightPlace(thread: number): number {
  return FIRST_THREAD + 2 * thread + 1;
}

/** Pauses stand at the end, whatever the number of threads. */
function firstPause(counts: SharedCounts, route: number): number {
  return counts.length - 1 - route;
}

export function sentTogether(counts: SharedCounts): number {
  return Atomics.load(counts, SENT);
}

/** Numbers that this thread has given to exchanges, also where it can no longer say so itself. */
export function launchedBy(counts: SharedCounts, thread: number): number {
  return Atomics.load(counts, launchedPlace(thread));
}

/** The thread has ended: what it had under way takes no room any more. */
export function freePlaces(counts: SharedCounts, thread: number): void {
  Atomics.sub(counts, IN_FLIGHT, Atomics.exchange(counts, inFlightPlace(thread), 0));
}
