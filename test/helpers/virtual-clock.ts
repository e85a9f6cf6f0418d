/** Time advanced by hand, so that minutes of waiting pass in no time and always in the same order. */
import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, US_PER_MS } from '../../src/model/time.ts';

export type VirtualClock = Clock & {
  /** Moves time on, waking sleepers in the order of their due times; lets each run until it waits again. */
  advance(durationUs: number): Promise<void>;
  /** Jumps from one sleeper to the next until none is left; throws when more than `limitUs` would pass. */
  runAll(limitUs?: number): Promise<void>;
  /** How many are asleep. */
  readonly sleeping: number;
};

type Sleeper = { readonly dueUs: number; readonly order: number; readonly wake: () => void };

/** Microtasks are done after one turn of the event loop; a few more serve code that itself waits for a turn. */
const SETTLE_TURNS = 3;
const HOUR_US = 3_600_000_000;

/** `wallMs` is the wall time at the start; it moves together with the virtual time. */
export function createVirtualClock(wallMs = Date.UTC(2026, 0, 5, 12)): VirtualClock {
  let timeUs = 0;
  let lastOrder = 0;
  let sleepers: readonly Sleeper[] = [];

  const next = (): Sleeper | undefined => sleepers.toSorted((a, b) => a.dueUs - b.dueUs || a.order - b.order).at(0);
  const leave = (sleeper: Sleeper): void => {
    sleepers = sleepers.filter((other) => other !== sleeper);
  };
  const sleep = (durationUs: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted === true || durationUs <= 0) return resolve();
      const wake = (): void => {
        leave(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper: Sleeper = { dueUs: timeUs + Math.ceil(durationUs), order: ++lastOrder, wake };
      sleepers = [...sleepers, sleeper];
      signal?.addEventListener('abort', wake, { once: true });
    });
  const advanceTo = async (targetUs: number): Promise<void> => {
    await settle();
    for (let sleeper = next(); sleeper !== undefined && sleeper.dueUs <= targetUs; sleeper = next()) {
      timeUs = sleeper.dueUs;
      sleeper.wake();
      await settle();
    }
    timeUs = targetUs;
  };

  return {
    nowUs: () => timeUs,
    wallMs: () => wallMs + timeUs / US_PER_MS,
    sleep,
    advance: (durationUs) => advanceTo(timeUs + durationUs),
    runAll: async (limitUs = HOUR_US) => {
      const endUs = timeUs + limitUs;
      await settle();
      for (let sleeper = next(); sleeper !== undefined; sleeper = next()) {
        if (sleeper.dueUs > endUs) throw new Error(`${sleepers.length} still asleep after ${limitUs} µs`);
        await advanceTo(sleeper.dueUs);
      }
    },
    get sleeping() {
      return sleepers.length;
    },
  };
}

async function settle(): Promise<void> {
  for (let i = 0; i < SETTLE_TURNS; i++) await turn();
}
