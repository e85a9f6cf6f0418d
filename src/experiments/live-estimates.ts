import { type AnswerRows, exchangeOfRow, ROW, rowValue } from '../model/answer-rows.ts';
import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';
import { GATEWAY, type RouteId } from '../model/route.ts';

/** Cheap running knowledge about the exchanges so far: for abort rules and for choosing the next step. */
export type LiveEstimates = {
  add(exchanges: readonly Exchange[]): void;
  /** The same for rows of ordinary answers. */
  addRows(rows: AnswerRows): void;
  /** Starts a new stretch whose failures are watched; returns a function that gives the reason to stop, if there is one. */
  watch(): () => string | undefined;
  /** Median service time of ok answers on warm or new connections, µs; undefined before the first. */
  medianServiceUs(route: RouteId): number | undefined;
  /** Share of failures in ordinary traffic so far. */
  failureRatio(): number;
  /** The exchanges of an experiment, in order of arrival; only for experiments that ask for few. */
  ofExperiment(experimentId: string): readonly Exchange[];
};

/**
 * Sequential probability ratio test (Wald) on failures: stop when the failures are better explained by 30 points more
 * than the baseline than by the baseline itself. Error levels 1 % and 5 %, as in Wald's classic setting; a burst that
 * fails for a third of its users has told what it can.
 */
const EXTRA_FAILURE_RATIO = 0.3;
const SPRT_STOP = Math.log((1 - 0.05) / 0.01);
const SPRT_CLEAR = Math.log(0.05 / (1 - 0.01));
/** Baselines below this are noise of a small sample. */
const LEAST_BASELINE = 0.02;
/** A few dozen exchanges are enough to decide; they are kept for experiments that look back. */
const KEPT_PER_EXPERIMENT = 2_000;
const SERVICE_SAMPLE = 500;

export function createLiveEstimates(): LiveEstimates {
  const services = new Map<RouteId, number[]>();
  const byExperiment = new Map<string, Exchange[]>();
  let ordinary = 0;
  let ordinaryFailed = 0;
  let sprt: { sum: number; failed: number; seen: number; readonly p0: number } | undefined;
  let reason: string | undefined;

  function count(exchange: Exchange): void {
    if (exchange.outcome.kind === 'not-sent' || exchange.outcome.kind === 'aborted') return;
    // Requests that are slow or fail on purpose say nothing about how the target stands the load.
    if (exchange.tag?.kind === 'delay' || exchange.tag?.kind === 'keep-alive') return;
    const failed = isFailure(exchange);
    if (sprt === undefined) {
      ordinary++;
      if (failed) ordinaryFailed++;
      return;
    }
    sprt.seen++;
    if (failed) sprt.failed++;
    const p1 = Math.min(0.95, sprt.p0 + EXTRA_FAILURE_RATIO);
    sprt.sum += failed ? Math.log(p1 / sprt.p0) : Math.log((1 - p1) / (1 - sprt.p0));
    if (sprt.sum >= SPRT_STOP)
      reason ??= `${sprt.failed} of ${sprt.seen} requests failed, far more than before (abort rule: sequential test, baseline plus 30 points)`;
    sprt.sum = Math.max(sprt.sum, SPRT_CLEAR);
  }

  /** As often as `count` would have counted an answer that is no failure. */
  function countAnswers(answers: number): void {
    if (sprt === undefined) {
      ordinary += answers;
      return;
    }
    sprt.seen += answers;
    const p1 = Math.min(0.95, sprt.p0 + EXTRA_FAILURE_RATIO);
    sprt.sum = Math.max(sprt.sum + answers * Math.log((1 - p1) / (1 - sprt.p0)), SPRT_CLEAR);
  }

  return {
    add(exchanges) {
      for (const exchange of exchanges) {
        count(exchange);
        const kept = listOf(byExperiment, exchange.experimentId);
        if (kept.length < KEPT_PER_EXPERIMENT) kept.push(exchange);
        const service = serviceTimeUs(exchange);
        if (service === undefined || isFailure(exchange) || exchange.outcome.kind !== 'response') continue;
        const sample = listOf(services, exchange.route);
        if (sample.length < SERVICE_SAMPLE) sample.push(service);
      }
    },
    addRows(rows) {
      countAnswers(rows.count);
      const kept = listOf(byExperiment, rows.experimentId);
      const sample = listOf(services, rows.route);
      for (let row = 0; row < rows.count; row++) {
        if (kept.length >= KEPT_PER_EXPERIMENT && sample.length >= SERVICE_SAMPLE) return;
        if (kept.length < KEPT_PER_EXPERIMENT) kept.push(exchangeOfRow(rows, row));
        if (sample.length < SERVICE_SAMPLE)
          sample.push(rowValue(rows, row, ROW.endUs) - rowValue(rows, row, ROW.sentUs));
      }
    },
    watch() {
      sprt = {
        sum: 0,
        failed: 0,
        seen: 0,
        p0: Math.max(LEAST_BASELINE, ordinary === 0 ? 0 : ordinaryFailed / ordinary),
      };
      reason = undefined;
      return () => reason;
    },
    medianServiceUs(route = GATEWAY) {
      const sample = [...(services.get(route) ?? [])].sort((a, b) => a - b);
      return sample[Math.floor(sample.length / 2)];
    },
    failureRatio: () => (ordinary === 0 ? 0 : ordinaryFailed / ordinary),
    ofExperiment: (experimentId) => byExperiment.get(experimentId) ?? [],
  };
}

function listOf<K, T>(lists: Map<K, T[]>, key: K): T[] {
  const list = lists.get(key) ?? [];
  if (list.length === 0) lists.set(key, list);
  return list;
}
