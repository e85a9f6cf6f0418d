import { performance } from 'node:perf_hooks';
import type { Delays } from './member-service.ts';
import type { MemberOptions } from './options.ts';

/** .NET's thread pool lets a worker go after 20 s without work (thread time-out in the runtime's source). */
const WORKER_RETIRES_MS = 20_000;

export type WorkersOptions = Pick<MemberOptions, 'concurrency' | 'queueLimit' | 'coldStart' | 'slowThreads'>;

/** Work that has a worker; it gives it back by calling `release` once. */
export type Work = (release: () => void) => void;

/** A place in the queue. `leave` gives it up and is false when the work has already begun. */
export type Place = { leave(): boolean };

export type Workers = {
  /** Begins `work` when a worker is free, first come first served; `undefined` when the queue is full. */
  enter(work: Work): Place | undefined;
};

/** The request queue of http.sys and the workers behind it: a limit, slow growth of workers, and a cold start after idling. */
export function createWorkers(options: WorkersOptions, delays: Delays): Workers {
  const initial = options.slowThreads?.initial ?? options.concurrency ?? Number.POSITIVE_INFINITY;
  const queueLimit = options.queueLimit ?? Number.POSITIVE_INFINITY;
  const perSec = options.slowThreads?.perSec ?? 0;
  const queue: Work[] = [];
  let workers = initial;
  let busy = 0;
  let starting = false;
  let growing = false;
  let lastUsedMs = performance.now();

  const release = (): void => {
    busy -= 1;
    lastUsedMs = performance.now();
    drain();
  };
  const drain = (): void => {
    while (!starting && busy < workers) {
      const work = queue.shift();
      if (work === undefined) break;
      busy += 1;
      work(release);
    }
    if (perSec > 0 && queue.length > 0 && !starting && !growing) grow();
  };
  const grow = (): void => {
    growing = true;
    delays.after(1000 / perSec, () => {
      growing = false;
      if (queue.length > 0) workers += 1;
      drain();
    });
  };
  const wake = (): void => {
    const nowMs = performance.now();
    const idleMs = busy === 0 && queue.length === 0 ? nowMs - lastUsedMs : 0;
    lastUsedMs = nowMs;
    if (idleMs >= WORKER_RETIRES_MS) workers = initial;
    if (options.coldStart === undefined || idleMs < options.coldStart.idleMs) return;
    starting = true;
    delays.after(options.coldStart.startMs, () => {
      starting = false;
      drain();
    });
  };
  return {
    enter: (work) => {
      wake();
      if ((starting || busy >= workers) && queue.length >= queueLimit) return undefined;
      queue.push(work);
      drain();
      return {
        leave: () => {
          const at = queue.indexOf(work);
          if (at >= 0) queue.splice(at, 1);
          return at >= 0;
        },
      };
    },
  };
}
