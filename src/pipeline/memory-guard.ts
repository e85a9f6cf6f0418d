import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Looked at once per so many exchanges: a reading costs some µs. */
const EXCHANGES_PER_LOOK = 2_000;
/** Heap that may have grown since the last collection: what is alive in a run of any length is about 35 MB (measured). */
const GROWTH_BYTES = 12 * 1_024 * 1_024;

/**
 * Keeps the memory of the recording thread flat. Exchanges are short-lived, but V8 lets some hundred MB of them lie about
 * before it collects; a probe that runs on a server should not take that. The collection (about 10 ms) delays nothing that
 * is measured: sending has a thread and a heap of its own.
 */
export function createMemoryGuard(): { look(exchanges: number): void; collect(): void } {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let seen = 0;
  let afterLast = process.memoryUsage().heapUsed;
  return {
    look(exchanges) {
      seen += exchanges;
      if (seen < EXCHANGES_PER_LOOK) return;
      seen = 0;
      if (process.memoryUsage().heapUsed - afterLast < GROWTH_BYTES) return;
      collect();
      afterLast = process.memoryUsage().heapUsed;
    },
    collect,
  };
}

/**
 * Keeps V8 from letting the young generation grow to 48 MB, most of it garbage: for a program that reads gigabytes or records millions and keeps little.
 * Collections come more often and are shorter. Before anything is read or sent; also for threads that are started later.
 */
export function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
