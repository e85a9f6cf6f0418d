import type { Clock } from '../model/time.ts';

/** Nanoseconds on the monotonic clock that all threads of this process share, as text so that it can cross threads and JSON. */
export type ClockEpoch = { readonly monotonicNs: string; readonly wallMs: number };

export function createEpoch(): ClockEpoch {
  return { monotonicNs: process.hrtime.bigint().toString(), wallMs: Date.now() };
}

/** Readings taken to align the two clocks: the first ones of a thread take up to a millisecond between them (lazy loading). */
const ALIGNMENTS = 20;

/** µs to add to `performance.now()`; of several tries the one with the least time between the two readings. */
function alignmentUs(epoch: ClockEpoch): number {
  const epochNs = BigInt(epoch.monotonicNs);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < ALIGNMENTS; i++) {
    const sinceEpochNs = process.hrtime.bigint() - epochNs;
    best = Math.min(best, performance.now() * 1_000 - Number(sinceEpochNs) / 1_000);
  }
  return -best;
}

/**
 * The system's clock, counting from `epoch`. `performance.now()` is the cheapest monotonic reading, but its zero differs
 * per thread; it is aligned once against `process.hrtime`, which does not.
 */
export function createClock(epoch: ClockEpoch): Clock {
  const alignedUs = alignmentUs(epoch);
  const nowUs = (): number => Math.round(performance.now() * 1_000 + alignedUs);
  return {
    nowUs,
    wallMs: () => epoch.wallMs + nowUs() / 1_000,
    sleep: (durationUs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || durationUs <= 0) return resolve();
        const timer = setTimeout(done, Math.ceil(durationUs / 1_000));
        function done(): void {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        }
        signal?.addEventListener('abort', done, { once: true });
      }),
  };
}
