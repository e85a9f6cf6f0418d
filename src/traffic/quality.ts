import { createHistogram, type PerformanceEntry, PerformanceObserver, performance } from 'node:perf_hooks';
import type { Exchange } from '../model/exchange.ts';
import type { Clock } from '../model/time.ts';
import { type ArrivalWatch, createArrivalWatch } from './arrival-watch.ts';
import { createCollectorWatch } from './collector-watch.ts';
import type { QualityHistograms, ThreadQuality } from './protocol.ts';

/** What the watch itself can tell of a thread. */
export type WatchedQuality = Omit<ThreadQuality, 'launched' | 'blankUs' | 'blankAfterUs' | 'reuse' | 'threads'>;

/**
 * Watches what the sending thread costs itself: busy share, time without a processor, collector pauses, loop delay, and when
 * requests leave. Only while open-loop traffic runs.
 */
export type QualityWatch = {
  /** Counts nested starts; a closed loop is busy by design and is not watched. */
  begin(): void;
  end(): void;
  portShortage(): void;
  readonly arrivals: ArrivalWatch;
  /** To be called by a timer every `TICK_MS`: how late it comes is how late the loop is. A timer of its own would wake the thread as often again. */
  tick(): void;
  /** Exchanges that have ended since the last call. */
  seen(exchanges: readonly Exchange[]): void;
  finish(): WatchedQuality;
  /** What its quantiles are of, to be put together with those of other threads. */
  histograms(): QualityHistograms;
};

/**
 * How often the loop is asked how late it is: a run of 3 s has more than 100 of them, so that a 99th percentile is not the worst one.
 * Node's own monitor tells the time in which it was off as a delay when it is on again.
 */
export const TICK_MS = 25;
const SAMPLE_MS = 1_000;

export function createQualityWatch(clock: Clock, arrivals: ArrivalWatch = createArrivalWatch()): QualityWatch {
  // Entries of the observer count from the start of the thread.
  const sinceThreadUs = clock.nowUs() - performance.now() * 1_000;
  const pauses = createCollectorWatch();
  const processor = createProcessorWatch();
  let depth = 0;
  let sampler: NodeJS.Timeout | undefined;
  let last = performance.eventLoopUtilization();
  let activeMs = 0;
  let totalMs = 0;
  let busyRatioMax = 0;
  let gcTotalUs = 0;
  let gcPauseMaxUs = 0;
  let portShortages = 0;
  const delay = createDelayWatch();
  const collector = new PerformanceObserver((list) => {
    if (depth > 0) for (const entry of list.getEntries()) addPause(entry);
  });
  collector.observe({ entryTypes: ['gc'] });

  function addPause(entry: PerformanceEntry): void {
    const startUs = entry.startTime * 1_000 + sinceThreadUs;
    pauses.pause(startUs, startUs + entry.duration * 1_000);
    gcTotalUs += entry.duration * 1_000;
    gcPauseMaxUs = Math.max(gcPauseMaxUs, entry.duration * 1_000);
  }
  function sample(isWhole: boolean): void {
    const now = performance.eventLoopUtilization();
    const active = now.active - last.active;
    const total = active + now.idle - last.idle;
    last = now;
    activeMs += active;
    totalMs += total;
    processor.sample(active * 1_000);
    if (isWhole && total > 0) busyRatioMax = Math.max(busyRatioMax, active / total);
  }

  return {
    begin() {
      if (depth++ > 0) return;
      last = performance.eventLoopUtilization();
      processor.begin();
      arrivals.begin();
      delay.begin();
      sampler = setInterval(() => sample(true), SAMPLE_MS);
    },
    end() {
      if (--depth > 0) return;
      clearInterval(sampler);
      // A remainder shorter than a sample says little about the maximum.
      sample(false);
      delay.end();
      arrivals.end();
    },
    portShortage() {
      portShortages++;
    },
    arrivals,
    tick: delay.tick,
    seen: pauses.seen,
    histograms: () => ({ delays: delay.delays, ...pauses.histograms }),
    finish() {
      collector.disconnect();
      return {
        ...watched(arrivals.facts(), processor.facts(delay.quantileUs(50)), pauses.facts()),
        busyRatio: totalMs === 0 ? 0 : activeMs / totalMs,
        busyRatioMax,
        gcPauseMaxUs: Math.round(gcPauseMaxUs),
        gcTotalUs: Math.round(gcTotalUs),
        loopDelayP99Us: delay.quantileUs(99),
        portShortages,
      };
    },
  };
}

/** What was watched; the rest is left out. */
function watched(
  arrivals: ThreadQuality['arrivals'],
  starvation: ThreadQuality['starvation'],
  collector: ThreadQuality['collector'],
): Pick<WatchedQuality, 'arrivals' | 'starvation' | 'collector'> {
  return {
    ...(arrivals === undefined ? {} : { arrivals }),
    ...(starvation === undefined ? {} : { starvation }),
    ...(collector === undefined ? {} : { collector }),
  };
}

/** How late the loop comes back to a timer. */
function createDelayWatch() {
  const delays = createHistogram();
  /** Undefined while nobody waits for answers. */
  let tickedMs: number | undefined;
  return {
    delays,
    begin(): void {
      tickedMs = performance.now();
    },
    end(): void {
      tickedMs = undefined;
    },
    tick(): void {
      if (tickedMs === undefined) return;
      const nowMs = performance.now();
      // The first comes early, as it did not begin with the watch. A histogram counts from 1 on.
      delays.record(Math.max(1, Math.round((nowMs - tickedMs - TICK_MS) * 1_000)));
      tickedMs = nowMs;
    },
    quantileUs: (percentile: number): number => (delays.count === 0 ? 0 : delays.percentile(percentile)),
  };
}

/** The loop knows when it has work, the system when the thread had a processor: what is left is time that others took. */
function createProcessorWatch() {
  let usedUs = 0;
  let activeUs = 0;
  let starvedUs = 0;
  let worstSecondUs = 0;
  const threadUs = (): number => {
    const { user, system } = process.threadCpuUsage();
    return user + system;
  };
  return {
    begin() {
      usedUs = threadUs();
    },
    sample(active: number): void {
      const nowUs = threadUs();
      const starved = Math.max(0, active - (nowUs - usedUs));
      usedUs = nowUs;
      activeUs += active;
      starvedUs += starved;
      worstSecondUs = Math.max(worstSecondUs, starved);
    },
    facts: (delayP50Us: number): ThreadQuality['starvation'] =>
      activeUs === 0
        ? undefined
        : {
            activeUs: Math.round(activeUs),
            starvedUs: Math.round(starvedUs),
            worstSecondUs: Math.round(worstSecondUs),
            delayP50Us,
          },
  };
}
