import { join } from 'node:path';
import { type AnswerRows, exchangesOfRows, ROW, rowValue } from '../model/answer-rows.ts';
import { cohortOf, type Exchange } from '../model/exchange.ts';
import type { BiasFact, InstrumentFacts } from '../model/instrument.ts';
import type { ProbeQuality, Window } from '../model/recording.ts';
import { US_PER_SEC } from '../model/time.ts';
import { createHistogram, type Histogram } from './histogram.ts';
import { createKeptExchanges, DEFAULT_CAPS, type KeepCaps } from './kept-exchanges.ts';
import { createWindowLog } from './window-log.ts';
import { createOpenWindows, WINDOW_LENGTH_US } from './windows.ts';

/** Nearly every exchange ends within 10 s of its due time; what ends later opens its window again, at the price of a line. */
const GRACE_US = 10 * US_PER_SEC;

export type RecorderOptions = {
  /** The run's folder; windows are streamed to `recording/windows.jsonl` in it. Left out: everything stays in memory. */
  readonly folder?: string;
  /** Decides which exchanges are kept where not all can be. */
  readonly seed: number;
  /** Whether an experiment is open loop (default: all are); only those count for lateness. */
  readonly isOpenLoop?: (experimentId: string) => boolean;
  readonly caps?: Partial<KeepCaps>;
  /** How long after its end a window waits for exchanges. */
  readonly graceUs?: number;
  /** Windows held in memory when there is no folder or it cannot be written; beyond, they are merged into longer ones. */
  readonly maxHeldWindows?: number;
};

export type ExperimentCounts = {
  /** Every due request: sent, not sent and aborted. */
  readonly due: number;
  readonly sent: number;
  readonly kept: number;
};

/** The part of a run's quality that can be told from its exchanges. */
export type RecordedQuality = Pick<
  ProbeQuality,
  'latenessUs' | 'latenessCount' | 'medianServiceUs' | 'notSentCap' | 'portShortages'
>;

/** The same for what the instrument may have added. */
export type RecordedInstrument = Pick<InstrumentFacts, 'bias' | 'newConnectionsPerMinute'>;

export type RecordedTraffic = {
  /** Read from disk each time, where they are on disk. The same key and second may come more than once. */
  readonly windows: () => Iterable<Window>;
  /** True when `recording/windows.jsonl` holds all windows: `writeRecording` need not write them again. */
  readonly windowsOnDisk: boolean;
  /** In order of `seq`. */
  readonly exchanges: readonly Exchange[];
  readonly exchangeCount: number;
  readonly experiments: ReadonlyMap<string, ExperimentCounts>;
  readonly quality: RecordedQuality;
  readonly instrument: RecordedInstrument;
  /** Disk errors, and times that were no times. */
  readonly warnings: readonly string[];
};

export type Recorder = {
  /** Counts each exchange exactly once, in any order. Never throws: disk errors become warnings. */
  record(exchanges: readonly Exchange[]): void;
  /** The same for rows of ordinary answers, as a closed loop makes them. */
  recordRows(rows: AnswerRows): void;
  /** Due and sent so far; zeros for an experiment without exchanges. `kept` is known at the end. */
  counts(experimentId: string): Omit<ExperimentCounts, 'kept'>;
  /** Closes all windows and writes them. What is recorded afterwards is ignored; further calls return the same. */
  finish(): RecordedTraffic;
};

/** Records a run in memory that does not grow with its length: windows go to disk, exchanges are kept up to the caps. */
export function createRecorder(options: RecorderOptions): Recorder {
  const windows = createOpenWindows();
  const log = createWindowLog(
    options.folder === undefined ? undefined : join(options.folder, 'recording', 'windows.jsonl'),
    options.maxHeldWindows,
  );
  const kept = createKeptExchanges(options.seed, { ...DEFAULT_CAPS, ...options.caps });
  const tally = createTally(options.isOpenLoop ?? (() => true));
  const graceUs = options.graceUs ?? GRACE_US;
  let newestUs = 0;
  let nextCloseUs = graceUs;
  let finished: RecordedTraffic | undefined;

  const closeOldWindows = (): void => {
    if (newestUs < nextCloseUs) return;
    log.append(windows.close(newestUs - graceUs), newestUs);
    nextCloseUs = newestUs + WINDOW_LENGTH_US;
  };
  const finish = (): RecordedTraffic => {
    log.append(windows.close(Number.POSITIVE_INFINITY), newestUs);
    const written = log.finish();
    const exchanges = kept.exchanges();
    return {
      windows: written.windows,
      windowsOnDisk: written.isComplete,
      exchanges,
      exchangeCount: tally.exchangeCount(),
      experiments: tally.experiments(exchanges),
      quality: tally.quality(),
      instrument: tally.instrument(),
      warnings: [...written.warnings, ...timeWarnings(windows)],
    };
  };

  const record = (exchanges: readonly Exchange[]): void => {
    if (finished !== undefined) return;
    for (const exchange of exchanges) {
      windows.add(exchange, cohortOf(exchange));
      tally.add(exchange);
      kept.add(exchange);
      if (exchange.endUs > newestUs) newestUs = exchange.endUs;
    }
    closeOldWindows();
  };
  return {
    record,
    recordRows(rows) {
      if (finished !== undefined) return;
      if (!tally.addRows(rows)) {
        for (const exchanges of exchangesOfRows(rows)) record(exchanges);
        return;
      }
      windows.addRows(rows);
      kept.addRows(rows);
      for (let row = 0; row < rows.count; row++) newestUs = Math.max(newestUs, rowValue(rows, row, ROW.endUs));
      closeOldWindows();
    },
    counts: tally.counts,
    finish() {
      finished ??= finish();
      return finished;
    },
  };
}

function timeWarnings(windows: { readonly rejectedCount: number; readonly clampedCount: number }): string[] {
  const warnings: string[] = [];
  if (windows.rejectedCount > 0)
    warnings.push(`${windows.rejectedCount} times were negative or not a number and stand in no histogram.`);
  if (windows.clampedCount > 0)
    warnings.push(`${windows.clampedCount} response times above 1 h stand in histograms as 1 h.`);
  return warnings;
}

type Tally = {
  add(exchange: Exchange): void;
  /** False, and nothing done, where the experiment is open loop: there each tells of lateness. */
  addRows(rows: AnswerRows): boolean;
  counts(experimentId: string): Omit<ExperimentCounts, 'kept'>;
  exchangeCount(): number;
  experiments(kept: readonly Exchange[]): Map<string, ExperimentCounts>;
  quality(): RecordedQuality;
  instrument(): RecordedInstrument;
};

/** Counts per experiment, and what tells of the probe itself. */
function createTally(isOpenLoop: (experimentId: string) => boolean): Tally {
  const experiments = new Map<string, { due: number; sent: number; readonly isOpen: boolean }>();
  const lateness = createHistogram();
  const service = createHistogram();
  const response = createHistogram();
  const opened = createMinuteCount();
  let exchangeCount = 0;
  let notSentCap = 0;
  let portShortages = 0;
  const countsOf = (experimentId: string): { due: number; sent: number; readonly isOpen: boolean } => {
    let counts = experiments.get(experimentId);
    if (counts === undefined) {
      counts = { due: 0, sent: 0, isOpen: isOpenLoop(experimentId) };
      experiments.set(experimentId, counts);
    }
    return counts;
  };
  return {
    addRows(rows) {
      const { experimentId, route, count } = rows;
      const counts = countsOf(experimentId);
      if (counts.isOpen) return false;
      for (let row = 0; row < count; row++)
        if (rowValue(rows, row, ROW.idleUs) < 0) opened.add(route, rowValue(rows, row, ROW.sentUs));
      counts.due += count;
      counts.sent += count;
      exchangeCount += count;
      return true;
    },
    add({ experimentId, route, dueUs, sentUs, endUs, outcome, connection }) {
      const counts = countsOf(experimentId);
      counts.due++;
      exchangeCount++;
      if (outcome.kind === 'not-sent' && outcome.reason === 'cap') notSentCap++;
      if (outcome.kind === 'connection-error' && outcome.code === 'ports') portShortages++;
      if (sentUs === undefined) return;
      counts.sent++;
      if (connection?.isNew === true) opened.add(route, sentUs);
      if (!counts.isOpen) return;
      // A timer that fires a few µs early is not late.
      lateness.record(Math.max(0, sentUs - dueUs));
      // Answers only: a target that lets requests time out must not raise the lateness that is allowed.
      if (outcome.kind !== 'response') return;
      service.record(endUs - sentUs);
      response.record(endUs - dueUs);
    },
    counts: (experimentId) => {
      const counts = experiments.get(experimentId);
      return { due: counts?.due ?? 0, sent: counts?.sent ?? 0 };
    },
    exchangeCount: () => exchangeCount,
    experiments: (kept) => withKept(experiments, kept),
    quality: () => ({
      latenessUs: quantilesOf(lateness),
      latenessCount: lateness.count,
      medianServiceUs: service.quantile(0.5),
      notSentCap,
      portShortages,
    }),
    instrument: () => ({
      ...(service.count === 0 ? {} : { bias: [biasAt(0.5, response, service), biasAt(0.99, response, service)] }),
      newConnectionsPerMinute: opened.most(),
    }),
  };
}

function biasAt(p: number, response: Histogram, service: Histogram): BiasFact {
  return { p, responseUs: response.quantile(p), serviceUs: service.quantile(p), count: service.count };
}

/** A closed connection may keep its port for a minute (TIME_WAIT, RFC 9293 section 3.6.1; 60 s on Linux). */
const MINUTE_US = 60 * US_PER_SEC;

/** Connections opened, by route and minute. */
function createMinuteCount() {
  const counts = new Map<string, number>();
  let most = 0;
  return {
    add(route: string, atUs: number): void {
      const key = `${Math.floor(atUs / MINUTE_US)} ${route}`;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      if (count > most) most = count;
    },
    most: () => most,
  };
}

function quantilesOf(histogram: Histogram): ProbeQuality['latenessUs'] {
  return {
    p50: histogram.quantile(0.5),
    p99: histogram.quantile(0.99),
    p999: histogram.quantile(0.999),
    max: histogram.maxUs,
  };
}

function withKept(
  experiments: ReadonlyMap<string, { readonly due: number; readonly sent: number }>,
  kept: readonly Exchange[],
): Map<string, ExperimentCounts> {
  const keptCounts = new Map<string, number>();
  for (const { experimentId } of kept) keptCounts.set(experimentId, (keptCounts.get(experimentId) ?? 0) + 1);
  return new Map([...experiments].map(([id, { due, sent }]) => [id, { due, sent, kept: keptCounts.get(id) ?? 0 }]));
}
