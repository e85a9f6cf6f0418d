import type { ColdStart } from './member-options.ts';

/** Whether a worker runs, and the start that requests wait for. */
export type Worker = {
  /** To be called for every request before its work: `warm`, or the running start to wait for. */
  arrive(): 'warm' | Promise<void>;
  /** To be called when a request has ended, so that idleness counts from there. */
  depart(): void;
  stop(): void;
};

/** `onStart` is called each time a worker has started. */
export function createWorker(options: ColdStart | undefined, onStart: () => void): Worker {
  if (options === undefined) return { arrive: () => 'warm', depart: () => {}, stop: () => {} };
  let requests = 0;
  let lastEndMs = options.startsWarm === false ? Number.NEGATIVE_INFINITY : performance.now();
  let starting: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const start = (): Promise<void> =>
    new Promise((resolve) => {
      timer = setTimeout(() => {
        starting = undefined;
        onStart();
        resolve();
      }, options.startMs);
    });

  return {
    arrive() {
      const idle = requests === 0 && performance.now() - lastEndMs > options.idleMs;
      requests += 1;
      if (idle && starting === undefined) starting = start();
      return starting ?? 'warm';
    },
    depart() {
      requests -= 1;
      lastEndMs = performance.now();
    },
    stop: () => clearTimeout(timer),
  };
}
