import { createHistogram, type PerformanceEntry, PerformanceObserver, performance } from 'node:perf_hooks';
import type { ThreadQuality } from './protocol.ts';

/** Watches what the sending thread costs itself: busy share, collector pauses, loop delay. Only while open-loop traffic runs. */
export type QualityWatch = {
  /** Counts nested starts; a closed loop is busy by design and is not watched. */
  begin(): void;
  end(): void;
  portShortage(): void;
  finish(): ThreadQuality;
};

/** How often the loop is asked how late it is. Node's own monitor tells the time in which it was off as a delay when it is on again. */
const TICK_MS = 10;
const SAMPLE_MS = 1_000;

export function createQualityWatch(): QualityWatch {
  let depth = 0;
  let sampler: NodeJS.Timeout | undefined;
  let last = performance.eventLoopUtilization();
  let activeMs = 0;
  let totalMs = 0;
  let busyRatioMax = 0;
  let gcTotalUs = 0;
  let gcPauseMaxUs = 0;
  let portShortages = 0;
  const delays = createHistogram();
  let ticker: NodeJS.Timeout | undefined;
  let tickedMs = 0;
  const collector = new PerformanceObserver((list) => {
    if (depth > 0) for (const entry of list.getEntries()) addPause(entry);
  });
  collector.observe({ entryTypes: ['gc'] });

  function addPause(entry: PerformanceEntry): void {
    gcTotalUs += entry.duration * 1_000;
    gcPauseMaxUs = Math.max(gcPauseMaxUs, entry.duration * 1_000);
  }
  function tick(): void {
    const nowMs = performance.now();
    // A histogram counts from 1 on.
    delays.record(Math.max(1, Math.round((nowMs - tickedMs - TICK_MS) * 1_000)));
    tickedMs = nowMs;
  }
  function sample(isWhole: boolean): void {
    const now = performance.eventLoopUtilization();
    const active = now.active - last.active;
    const total = active + now.idle - last.idle;
    last = now;
    activeMs += active;
    totalMs += total;
    if (isWhole && total > 0) busyRatioMax = Math.max(busyRatioMax, active / total);
  }

  return {
    begin() {
      if (depth++ > 0) return;
      last = performance.eventLoopUtilization();
      tickedMs = performance.now();
      ticker = setInterval(tick, TICK_MS);
      sampler = setInterval(() => sample(true), SAMPLE_MS);
    },
    end() {
      if (--depth > 0) return;
      clearInterval(sampler);
      // A remainder shorter than a sample says little about the maximum.
      sample(false);
      clearInterval(ticker);
    },
    portShortage() {
      portShortages++;
    },
    finish() {
      collector.disconnect();
      return {
        busyRatio: totalMs === 0 ? 0 : activeMs / totalMs,
        busyRatioMax,
        gcPauseMaxUs: Math.round(gcPauseMaxUs),
        gcTotalUs: Math.round(gcTotalUs),
        loopDelayP99Us: delays.count === 0 ? 0 : delays.percentile(99),
        portShortages,
      };
    },
  };
}
