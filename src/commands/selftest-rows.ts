/** Figures of `selftest` as data and as text. */
import { type Distribution, distributionOf } from '../analysis/distribution.ts';
import { invalidReasons } from '../detectors/probe.ts';
import { probeChecks } from '../detectors/probe-checks.ts';
import { latenessUs, responseTimeUs } from '../model/exchange.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import type { Load, Measured, RateStep, Stall } from './selftest-traffic.ts';

export type Case = Load & { readonly title: string };

const QUANTILES = [0.5, 0.9, 0.95, 0.99, 0.999] as const;

type Spread = { readonly p50: number; readonly p99: number; readonly max: number };
export type Row = {
  readonly title: string;
  readonly quantiles: readonly { readonly p: number; readonly reportedUs: number; readonly trueUs: number }[];
  readonly latenessUs: Spread;
  /** How far the time between two sendings was from the time between their due times. */
  readonly gapErrorUs: Spread;
  readonly cores: number;
  readonly isWithin: boolean;
  readonly allowed: string;
};

/**
 * Constant delays: methods A.5, check 15 (0.5 ms + 1 %), at p50 and p90. At p99 1 ms more, because a bare request on a
 * loopback of two cores is itself 0.6 to 0.9 ms above its median there [measured].
 */
const ALLOWED_US = { body: 500, tail: 1_500 } as const;
const ALLOWED_RATIO = 0.01;
const ALLOWED_STALL_RATIO = 0.01;

/** For a stall of S in every P, even arrivals: Q(p) = S − P·(1 − p) beyond the share that meets it (methods A.1). */
function stallLawUs(p: number, { everyMs, lengthMs }: Stall): number {
  return Math.max(0, lengthMs - everyMs * (1 - p)) * 1_000;
}

export function rowOf(one: Case, { exchanges, trueUs, cores }: Measured): Row {
  const reported = distributionOf(exchanges.map(responseTimeUs));
  const truth = distributionOf(trueUs);
  const { stall } = one;
  const quantiles = QUANTILES.map((p) => ({
    p,
    reportedUs: reported.quantile(p),
    trueUs: stall === undefined ? truth.quantile(p) : stallLawUs(p, stall),
  }));
  return {
    title: `${one.title} (${one.ratePerSec}/s, ${exchanges.length} requests)`,
    quantiles,
    latenessUs: spreadOf(distributionOf(exchanges.map((exchange) => latenessUs(exchange) ?? 0))),
    gapErrorUs: spreadOf(distributionOf(gapErrorsUs(exchanges))),
    cores,
    isWithin: quantiles.every((row) => isAllowed(row, stall !== undefined)),
    allowed:
      stall === undefined
        ? 'p50 and p90 within 0.5 ms + 1 %, p99 within 1.5 ms + 1 %'
        : 'p95 and p99 within 1 % of the law Q(p) = S − P·(1 − p)',
  };
}

function isAllowed({ p, reportedUs, trueUs }: Row['quantiles'][number], isStall: boolean): boolean {
  if (isStall) return (p !== 0.95 && p !== 0.99) || Math.abs(reportedUs / trueUs - 1) <= ALLOWED_STALL_RATIO;
  if (p > 0.99) return true;
  const mostUs = (p <= 0.9 ? ALLOWED_US.body : ALLOWED_US.tail) + ALLOWED_RATIO * trueUs;
  return Math.abs(reportedUs - trueUs) <= mostUs;
}

/** Of requests that were sent, one after the other. */
function gapErrorsUs(exchanges: Measured['exchanges']): number[] {
  const sent = exchanges.filter(({ sentUs }) => sentUs !== undefined);
  return sent.slice(1).map((exchange, i) => {
    const before = sent[i] as (typeof sent)[number];
    return Math.abs((exchange.sentUs ?? 0) - (before.sentUs ?? 0) - (exchange.dueUs - before.dueUs));
  });
}

function spreadOf(distribution: Distribution): Spread {
  return { p50: distribution.quantile(0.5), p99: distribution.quantile(0.99), max: distribution.max };
}

export function describeRow({ title, quantiles, latenessUs: late, gapErrorUs, cores, isWithin, allowed }: Row): string {
  const lines = quantiles.map(
    ({ p, reportedUs, trueUs }) =>
      `  p${formatNumber(p * 100).padEnd(5)} reported ${formatDuration(reportedUs).padStart(9)}   true ${formatDuration(trueUs).padStart(9)}   error ${formatDuration(reportedUs - trueUs).padStart(9)}`,
  );
  return [
    title,
    ...lines,
    `  sent late by ${spreadText(late)}; the probe used ${formatRatio(cores)} of a core`,
    `  gaps between requests wrong by ${spreadText(gapErrorUs)}`,
    `  ${isWithin ? 'within' : 'OUTSIDE'} what is allowed: ${allowed}`,
  ].join('\n');
}

function spreadText({ p50, p99, max }: Spread): string {
  return `p50 ${formatDuration(p50)}, p99 ${formatDuration(p99)}, max ${formatDuration(max)}`;
}

/** What a bare socket takes here: the part of the errors that is the machine's. */
export type Floor = { readonly p50Us: number; readonly p90Us: number; readonly p99Us: number };

export function floorOf(roundTripsUs: readonly number[]): Floor {
  const times = distributionOf(roundTripsUs);
  return { p50Us: times.quantile(0.5), p90Us: times.quantile(0.9), p99Us: times.quantile(0.99) };
}

export function describeFloor({ p50Us, p90Us, p99Us }: Floor): string {
  return [
    `A bare socket on this machine, without the probe (200/s)`,
    `  there and back in p50 ${formatDuration(p50Us)}, p90 ${formatDuration(p90Us)}, p99 ${formatDuration(p99Us)}: errors of this size below are the machine's`,
  ].join('\n');
}

export type Capacity = {
  readonly threads: number;
  /** `reasons`: why a rate does not pass. `cautions`: what a run would say of itself all the same. */
  readonly steps: readonly (RateStep & { readonly reasons: readonly string[]; readonly cautions: readonly string[] })[];
  /** The highest rate up to which every rate that was tried passed; undefined: not even the first. */
  readonly passedPerSec: number | undefined;
};

/** A rate passes when a run at it would be valid by all its self-checks, and everything that was due was sent. */
export function capacityStep(step: RateStep): Capacity['steps'][number] {
  const missing = step.due - step.sent;
  return {
    ...step,
    reasons: [
      ...invalidReasons(step.quality),
      ...(missing === 0 ? [] : [`${missing} of ${step.due} requests were not sent: too many were unanswered at once.`]),
    ],
    cautions: probeChecks(step.quality).flatMap(({ state, title }) => (state === 'caution' ? [title] : [])),
  };
}

export function capacityOf(steps: Capacity['steps'], threads = 1): Capacity {
  const failed = steps.findIndex(({ reasons }) => reasons.length > 0);
  const passed = failed < 0 ? steps : steps.slice(0, failed);
  return { threads, steps, passedPerSec: passed.at(-1)?.ratePerSec };
}

export function describeCapacity({ steps, passedPerSec, threads }: Capacity, cpus: number): string {
  const senders = threads === 1 ? 'One sending thread' : `${threads} sending threads`;
  const lines = steps.flatMap(({ ratePerSec, due, sent, quality, reasons, cautions }) => [
    `  ${formatNumber(ratePerSec)}/s: ${sent} of ${due} sent, late by p50 ${formatDuration(quality.latenessUs.p50)}, p99 ${formatDuration(quality.latenessUs.p99)}, ${busyText(quality)}: ${reasons.length === 0 ? 'passes' : 'DOES NOT PASS'}`,
    ...reasons.map((reason) => `    ${reason}`),
    ...(reasons.length > 0 || cautions.length === 0 ? [] : [`    with a caution about ${cautions.join('; ')}`]),
  ]);
  const pass = threads === 1 ? 'passes its' : 'pass their';
  const last =
    passedPerSec === undefined
      ? 'Not even the lowest rate passes: this machine has no time to spare for a probe now.'
      : steps.at(-1)?.ratePerSec === passedPerSec
        ? `${senders} ${pass} self-checks at every rate that was tried, up to ${formatNumber(passedPerSec)}/s.`
        : `${senders} ${pass} self-checks up to ${formatNumber(passedPerSec)}/s. Ask for no more from this machine where latencies matter.`;
  return [
    `How much ${senders.toLowerCase()} can send (${cpus} cores, shared with the server that answers)`,
    ...lines,
    last,
  ].join('\n');
}

function busyText({ busyRatio, instrument }: RateStep['quality']): string {
  const { threads } = instrument ?? {};
  return threads === undefined
    ? `sending thread busy ${formatRatio(busyRatio)}`
    : `sending threads busy ${threads.map((thread) => formatRatio(thread.busyRatio ?? 0)).join(' and ')}`;
}
