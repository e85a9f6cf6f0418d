/** What a ramp tells: up to which rate answers keep pace, up to which they keep their time, and from which on they are refused. */
import { type Exchange, isFailure, responseTimeUs, serviceTimeUs } from '../model/exchange.ts';
import type { Estimate } from '../model/finding.ts';
import type { ExperimentRecord } from '../model/recording.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { distributionOf } from './distribution.ts';
import { type Knee, kneeOf } from './knee.ts';
import type { Measures } from './measures.ts';
import { median } from './medians.ts';
import { onsetOf } from './onset.ts';

export type Objective = { readonly limitUs: number; readonly from: 'threshold' | 'quiet' };

export type RampReading = {
  readonly topPerSec: number;
  /** Undefined: all that came was answered as fast, up to the top. */
  readonly knee?: Knee;
  readonly objective?: Objective;
  /** Highest rate at which 99 of 100 answers were within the objective; undefined: up to the top, or no objective. */
  readonly heldPerSec?: Estimate;
  /** Rate and latency of every request, in order of the rate. */
  readonly points: readonly (readonly [ratePerSec: number, elapsedUs: number])[];
};

/** 99 of 100 within the objective: so many requests are needed that one in a hundred can be told from none (rule of three). */
const LEAST_REQUESTS = 300;
const MOST_OVER_RATIO = 0.01;
/** Requests of a ramp that wait follow each other: the evidence of each counts less than the test believes. */
const ONSET_P = 1e-4;
const KNEE_P = 1e-3;
/** The bend must be felt at the top: a wait as long as the work again and 30 ms, as for bursts. */
const LEAST_RISE_US = 30_000;
/** With fewer quiet answers their p99 is their slowest. */
const LEAST_QUIET = 100;
/** What nobody has set: three times the quiet p99. */
const QUIET_FACTOR = 3;
/** The first part of a ramp stands for quiet where there is no compare. */
const QUIET_PART = 0.2;

/** Rate at a moment of the ramp, by the requests around it: their own spacing, whatever was planned. */
function ratesOf(sent: readonly Exchange[]): readonly number[] {
  const around = Math.max(5, Math.round(sent.length / 60));
  return sent.map((_, i) => {
    const from = Math.max(0, i - around);
    const to = Math.min(sent.length - 1, i + around);
    const lengthUs = (sent[to] as Exchange).dueUs - (sent[from] as Exchange).dueUs;
    return lengthUs <= 0 ? 0 : ((to - from) * US_PER_SEC) / lengthUs;
  });
}

/** Requests of a ramp that left, in order of their due time; undefined where not all were kept. */
export function rampLoad(measures: Measures, record: ExperimentRecord): readonly Exchange[] | undefined {
  const selection = { experimentId: record.id, route: GATEWAY, roles: ['load'] };
  const all = measures.exchanges(selection);
  if (all.length < measures.counts(selection).due) return undefined;
  return all
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted')
    .toSorted((a, b) => a.dueUs - b.dueUs);
}

/** Undefined with too few requests, or where not all were kept. */
export function readRamp(measures: Measures, record: ExperimentRecord): RampReading | undefined {
  const sent = rampLoad(measures, record);
  if (sent === undefined || sent.length < LEAST_REQUESTS) return undefined;
  const rates = ratesOf(sent);
  const good = sent.map((exchange) => exchange.outcome.kind === 'response' && !isFailure(exchange));
  const early = sent.slice(0, Math.round(QUIET_PART * sent.length)).filter((_, i) => good[i]);
  if (early.length === 0) return undefined;
  const quietUs = median(early.map((exchange) => serviceTimeUs(exchange) ?? 0));
  const objective = objectiveOf(measures, sent[0]?.requestName ?? '', early);
  const knee = kneeOf(
    sent.map(({ dueUs, endUs }, i) => (good[i] === true ? { dueUs, endUs } : { dueUs })),
    quietUs,
  );
  const lastUs = median(sent.slice(-Math.ceil(sent.length / 20)).map(responseTimeUs));
  const isFelt = lastUs - quietUs >= Math.max(LEAST_RISE_US, quietUs) || good.filter((one) => !one).length > 0;
  const over =
    objective === undefined
      ? undefined
      : onsetOf(
          sent.map((exchange, i) => good[i] !== true || responseTimeUs(exchange) > objective.limitUs),
          MOST_OVER_RATIO,
        );
  return {
    topPerSec: Math.max(...rates),
    ...(knee !== undefined && knee.p <= KNEE_P && isFelt ? { knee } : {}),
    ...(objective === undefined ? {} : { objective }),
    ...(over !== undefined && over.p <= ONSET_P ? { heldPerSec: rateAt(rates, over) } : {}),
    points: sent.map((exchange, i): [number, number] => [rates[i] as number, responseTimeUs(exchange)]),
  };
}

/** Rates at a place in the row and at the ends of its interval. */
export function rateAt(
  rates: readonly number[],
  { index, low, high }: { readonly index: number; readonly low: number; readonly high: number },
): Estimate {
  const at = (i: number): number => rates[Math.min(Math.max(i, 0), rates.length - 1)] as number;
  // The rate is estimated as well, so that neighbours need not rise.
  const all = [at(low), at(index), at(high)];
  return { value: at(index), low: Math.min(...all), high: Math.max(...all) };
}

/** Rates from which on requests of a ramp meet what `isHit` asks for; undefined where they do not, or too rarely. */
export function rampOnset(sent: readonly Exchange[], isHit: (exchange: Exchange) => boolean): Estimate | undefined {
  const onset = onsetOf(sent.map(isHit), MOST_OVER_RATIO);
  return onset === undefined || onset.p > ONSET_P ? undefined : rateAt(ratesOf(sent), onset);
}

function objectiveOf(measures: Measures, requestName: string, early: readonly Exchange[]): Objective | undefined {
  const set = measures.profile.thresholds.find(
    ({ subject, phase, during, metric, comparison, request }) =>
      subject.kind === 'gateway' &&
      phase === undefined &&
      (during === undefined || during.startsWith('ramp')) &&
      metric.kind === 'quantile' &&
      metric.p === 0.99 &&
      comparison.startsWith('<') &&
      (request === undefined || request === requestName),
  );
  if (set !== undefined) return { limitUs: set.limit, from: 'threshold' };
  const slots = measures.exchanges({ route: GATEWAY, requestName, roles: ['slot'], cohorts: ['ok'] });
  const quiet = slots.length >= LEAST_QUIET ? slots : early;
  if (quiet.length < LEAST_QUIET) return undefined;
  return { limitUs: QUIET_FACTOR * distributionOf(quiet.map(responseTimeUs)).quantile(0.99), from: 'quiet' };
}
