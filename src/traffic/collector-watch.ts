/** Which requests were under way while the garbage collector stopped the sending thread, and what that did to the slowest. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Exchange } from '../model/exchange.ts';
import type { CollectorFacts } from '../model/instrument.ts';
import type { QualityHistograms } from './protocol.ts';

export type CollectorWatch = {
  /** A pause, on the clock of exchanges. */
  pause(startUs: number, endUs: number): void;
  /** Exchanges that ended since the last call. */
  seen(exchanges: readonly Exchange[]): void;
  /** Undefined where no request was answered. */
  facts(): CollectorFacts | undefined;
  readonly histograms: Pick<QualityHistograms, 'services' | 'untouched'>;
};

/** Shorter pauses are lost among other jitter (methods A.5, check 9). */
const PAUSE_US = 1_000;
/** A pause matters for requests that end up to so much later; longer waits are the target's. */
const REMEMBERED = 200;

export function createCollectorWatch(): CollectorWatch {
  const all = createHistogram();
  const untouched = createHistogram();
  let pauses: { readonly startUs: number; readonly endUs: number }[] = [];
  // Pauses are told in a turn of their own: exchanges wait for the next call.
  let waiting: readonly Exchange[] = [];
  let touched = 0;
  function count(exchanges: readonly Exchange[]): void {
    for (const { sentUs, endUs, outcome } of exchanges) {
      if (sentUs === undefined || outcome.kind !== 'response') continue;
      record(all, endUs - sentUs);
      if (pauses.some((pause) => pause.startUs < endUs && pause.endUs > sentUs)) touched++;
      else record(untouched, endUs - sentUs);
    }
  }
  return {
    histograms: { services: all, untouched },
    pause(startUs, endUs) {
      if (endUs - startUs < PAUSE_US) return;
      pauses.push({ startUs, endUs });
      if (pauses.length > REMEMBERED) pauses = pauses.slice(-REMEMBERED / 2);
    },
    seen(exchanges) {
      count(waiting);
      waiting = exchanges;
    },
    facts() {
      count(waiting);
      waiting = [];
      return all.count === 0
        ? undefined
        : { requests: all.count, touched, p99Us: p99(all), untouchedP99Us: untouched.count === 0 ? 0 : p99(untouched) };
    },
  };
}

/** A histogram counts from 1 on. */
function record(histogram: RecordableHistogram, us: number): void {
  histogram.record(Math.max(1, Math.round(us)));
}

export function p99(histogram: RecordableHistogram): number {
  return histogram.percentile(99);
}
