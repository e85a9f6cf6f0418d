import { performance } from 'node:perf_hooks';
import type { Random } from '../model/time.ts';
import type { ServiceTime } from './options.ts';

/** Node fires a timer with a longer delay at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Standard normal by Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** One service time in milliseconds, not rounded. */
export function drawServiceMs(service: ServiceTime, random: Random): number {
  switch (service.kind) {
    case 'constant':
      return service.ms;
    case 'uniform':
      return service.fromMs + (service.toMs - service.fromMs) * random.next();
    case 'lognormal':
      return service.medianMs * Math.exp(service.sigma * normal(random));
  }
}

export type Delays = {
  /** Calls `done` after at least `ms`, measured on the monotonic clock; at once for nothing or less. */
  after(ms: number, done: () => void): void;
  /** Forgets what has not been called yet. */
  stop(): void;
};

/** Timers of Node may fire a little before their time; these never do. */
export function createDelays(): Delays {
  const timers = new Set<NodeJS.Timeout>();
  const arm = (untilMs: number, done: () => void): void => {
    const restMs = untilMs - performance.now();
    if (restMs <= 0) {
      done();
      return;
    }
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        arm(untilMs, done);
      },
      Math.min(Math.ceil(restMs), LONGEST_TIMER_MS),
    );
    timers.add(timer);
  };
  return {
    after: (ms, done) => arm(performance.now() + ms, done),
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
