import { type AnswerRows, ROW, rowValue } from '../model/answer-rows.ts';
import { type Cohort, type Exchange, outcomeKey } from '../model/exchange.ts';
import type { Window, WindowKey } from '../model/recording.ts';
import { US_PER_SEC } from '../model/time.ts';
import { createHistogram, type Histogram, mergeEncoded } from './histogram.ts';

export const WINDOW_LENGTH_US = US_PER_SEC;

type OpenWindow = {
  count: number;
  readonly outcomes: Map<string, number>;
  readonly response: Histogram;
  readonly service: Histogram;
};
/** One key and its windows that may still grow, by start. */
type Series = { readonly key: WindowKey; readonly open: Map<number, OpenWindow> };

/** Counts exchanges into windows of one second. */
export type OpenWindows = {
  add(exchange: Exchange, cohort: Cohort): void;
  /** The same for rows of ordinary answers. */
  addRows(rows: AnswerRows): void;
  /** Removes and returns the windows that ended before `beforeUs`, in order of start. `isDeflated` as in `Histogram.encode`. */
  close(beforeUs: number, isDeflated?: boolean): Window[];
  /** Values that are no times (NaN, negative): such exchanges are counted, but stand in no histogram. */
  readonly rejectedCount: number;
  /** Times beyond the range of a histogram, recorded as its largest. */
  readonly clampedCount: number;
};

/**
 * An exchange belongs to the second it was due in, whenever it ends. One that ends after its window was closed opens it again:
 * the same key and second then yields a second window, and readers add them up (`mergeWindows`).
 */
export function createOpenWindows(): OpenWindows {
  const allSeries = new Map<string, Series>();
  let rejectedCount = 0;
  let clampedCount = 0;

  const seriesOf = (key: WindowKey): Series => {
    const { experimentId, route, requestName, connection, role, cohort } = key;
    const name = `${experimentId}\n${route}\n${requestName}\n${connection}\n${role}\n${cohort}`;
    let series = allSeries.get(name);
    if (series === undefined) {
      series = { key, open: new Map() };
      allSeries.set(name, series);
    }
    return series;
  };
  const windowOf = ({ open }: Series, startUs: number): OpenWindow => {
    let window = open.get(startUs);
    if (window === undefined) {
      window = { count: 0, outcomes: new Map(), response: createHistogram(), service: createHistogram() };
      open.set(startUs, window);
    }
    return window;
  };

  return {
    get rejectedCount() {
      return rejectedCount;
    },
    get clampedCount() {
      return clampedCount;
    },
    add(exchange, cohort) {
      const { experimentId, route, requestName } = exchange;
      const connection = connectionOf(exchange);
      const role = exchange.tag?.kind ?? 'none';
      const series = seriesOf({ experimentId, route, requestName, connection, role, cohort });
      const window = windowOf(series, startOf(exchange.dueUs));
      window.count++;
      const key = outcomeKey(exchange.outcome);
      window.outcomes.set(key, (window.outcomes.get(key) ?? 0) + 1);
      window.response.record(exchange.endUs - exchange.dueUs);
      if (exchange.sentUs !== undefined) window.service.record(exchange.endUs - exchange.sentUs);
    },
    addRows(rows) {
      const { experimentId, route, requestName } = rows;
      const key = { experimentId, route, requestName, role: 'load', cohort: 'ok' } as const;
      const warm = seriesOf({ ...key, connection: 'warm' });
      const fresh = seriesOf({ ...key, connection: 'new' });
      for (let row = 0; row < rows.count; row++) {
        const sentUs = rowValue(rows, row, ROW.sentUs);
        const series = rowValue(rows, row, ROW.idleUs) < 0 ? fresh : warm;
        addRow(
          windowOf(series, startOf(sentUs)),
          rowValue(rows, row, ROW.endUs) - sentUs,
          rowValue(rows, row, ROW.status),
        );
      }
    },
    close(beforeUs, isDeflated = true) {
      const closed: Window[] = [];
      for (const series of allSeries.values()) {
        for (const [startUs, window] of series.open) {
          if (startUs + WINDOW_LENGTH_US > beforeUs) continue;
          series.open.delete(startUs);
          closed.push(encodeWindow(series.key, startUs, window, isDeflated));
          rejectedCount += window.response.rejectedCount + window.service.rejectedCount;
          clampedCount += window.response.clampedCount;
        }
      }
      return closed.sort((a, b) => a.startUs - b.startUs);
    },
  };
}

function addRow(window: OpenWindow, elapsedUs: number, status: number): void {
  window.count++;
  const key = String(status);
  window.outcomes.set(key, (window.outcomes.get(key) ?? 0) + 1);
  window.response.record(elapsedUs);
  window.service.record(elapsedUs);
}

/**
 * Adds up windows of the same key that start in the same stretch of `lengthUs`; without it, those of the same start and length.
 * Nothing is lost but the time within the stretch. In order of start.
 */
export function mergeWindows(windows: Iterable<Window>, lengthUs?: number): Window[] {
  const groups = new Map<string, [Window, ...Window[]]>();
  for (const window of windows) {
    const { experimentId, route, requestName, connection, role, cohort, startUs } = window;
    const stretch = lengthUs === undefined ? `${startUs}\n${window.lengthUs}` : Math.floor(startUs / lengthUs);
    const name = `${experimentId}\n${route}\n${requestName}\n${connection}\n${role}\n${cohort}\n${stretch}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [window]);
    else group.push(window);
  }
  const merged = [...groups.values()].map((group) => {
    const [first] = group;
    if (lengthUs === undefined) return mergedWindow(group, first.startUs, first.lengthUs);
    const startUs = Math.floor(first.startUs / lengthUs) * lengthUs;
    return mergedWindow(group, startUs, Math.max(lengthUs, ...group.map((window) => window.lengthUs)));
  });
  return merged.sort((a, b) => a.startUs - b.startUs);
}

function mergedWindow(group: readonly [Window, ...Window[]], startUs: number, lengthUs: number): Window {
  if (group.length === 1) return { ...group[0], startUs, lengthUs };
  const outcomes: Record<string, number> = {};
  for (const window of group) {
    for (const [key, count] of Object.entries(window.outcomes)) outcomes[key] = (outcomes[key] ?? 0) + count;
  }
  return {
    ...group[0],
    startUs,
    lengthUs,
    count: group.reduce((sum, window) => sum + window.count, 0),
    outcomes,
    response: mergeEncoded(group.map((window) => window.response)),
    service: mergeEncoded(group.map((window) => window.service)),
    maxResponseUs: Math.max(...group.map((window) => window.maxResponseUs)),
    maxServiceUs: Math.max(...group.map((window) => window.maxServiceUs)),
  };
}

function encodeWindow(key: WindowKey, startUs: number, window: OpenWindow, isDeflated: boolean): Window {
  return {
    ...key,
    startUs,
    lengthUs: WINDOW_LENGTH_US,
    count: window.count,
    outcomes: Object.fromEntries(window.outcomes),
    response: window.response.encode(isDeflated),
    service: window.service.encode(isDeflated),
    maxResponseUs: window.response.maxUs,
    maxServiceUs: window.service.maxUs,
  };
}

/** An exchange without a usable due time is still counted: in the first window. */
function startOf(dueUs: number): number {
  const startUs = Math.floor(dueUs / WINDOW_LENGTH_US) * WINDOW_LENGTH_US;
  return Number.isFinite(startUs) ? startUs : 0;
}

/** An exchange that failed while connecting has no connection, but it was about a new one. */
export function connectionOf(exchange: Exchange): 'new' | 'warm' {
  if (exchange.connection !== undefined) return exchange.connection.isNew ? 'new' : 'warm';
  if (exchange.tag?.kind === 'slot') return exchange.tag.arm;
  const { outcome } = exchange;
  if (outcome.kind === 'timeout') return outcome.waitingFor === 'connect' ? 'new' : 'warm';
  if (outcome.kind !== 'connection-error') return 'warm';
  return outcome.phase === 'dns' || outcome.phase === 'connect' || outcome.phase === 'tls' ? 'new' : 'warm';
}
