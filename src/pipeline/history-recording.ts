/** A time of history as a recording, so that it is judged and reported like a run. */
import { cpus } from 'node:os';
import { GATEWAYS } from '../catalog.ts';
import { recogniseGateway } from '../gateways/recognise.ts';
import { type Cohort, type Exchange, isFailure } from '../model/exchange.ts';
import type { Estimate } from '../model/finding.ts';
import type { History, HistoryEvidence, HistoryInterval, HistorySeries, KeptExchange } from '../model/history.ts';
import { LEVEL_US } from '../model/history.ts';
import type { CompareSpec, Profile } from '../model/profile.ts';
import { createRandom } from '../model/random.ts';
import {
  type ExperimentRecord,
  RECORDING_SCHEMA_VERSION,
  type Recording,
  type ResolvedTarget,
  UNMEASURED_QUALITY,
  type Window,
} from '../model/recording.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { maskProfile } from '../profile/mask.ts';

/** A month of hours: what comes back every 29 h needs hours, not days (the store's own choice suits charts). */
const MOST_INTERVALS = 750;
const EXPERIMENT_ID = 'rounds-1';
/** Exchanges of bursts after a failure are no fair sample: only rounds of the profile's own rhythm are judged. */
const CONFIRM = 'confirm';

/** What is read of a history to make a recording of it. */
export type HistoryReader = Pick<History, 'intervals' | 'kept' | 'quiet' | 'events'> &
  Partial<Pick<History, 'findings'>>;

export type HistoryRecordingOptions = {
  readonly profile: Profile;
  /** µs since 1970; `toAtUs` is exclusive. */
  readonly fromAtUs: number;
  readonly toAtUs: number;
  readonly version: string;
  /** Of resampling, so that the same time of history is judged alike. */
  readonly seed?: number;
};

/**
 * One compare of rounds: counts and times from the intervals, failures one by one. Ordinary exchanges are not kept in
 * history, and slow ones alone would mislead whoever takes them for a sample: those are in `history` only.
 */
export function recordingOfHistory(history: HistoryReader, options: HistoryRecordingOptions): Recording {
  const evidence = evidenceOf(history, options);
  const { profile, fromAtUs, toAtUs, version, seed = 1 } = options;
  const intervals = evidence.series.flatMap((series) => series.intervals);
  const kept = evidence.kept.map((one) => shifted(one, fromAtUs));
  const failures = kept.filter((exchange) => isFailure(exchange) && exchange.experimentId !== CONFIRM);
  const record = recordOf(profile, intervals, failures.length, toAtUs - fromAtUs);
  const answers = (isOfGateway: boolean) =>
    kept.flatMap(({ route, answer }) => (answer !== undefined && (route === GATEWAY) === isOfGateway ? [answer] : []));
  return {
    manifest: {
      schemaVersion: RECORDING_SCHEMA_VERSION,
      tool: { name: 'gateprobe', version },
      runId: createRandom(seed)
        .fork(`${profile.name} ${fromAtUs} ${toAtUs}`)
        .next()
        .toString(16)
        .slice(2)
        .padEnd(16, '0'),
      startedAt: new Date(fromAtUs / 1_000).toISOString(),
      durationUs: toAtUs - fromAtUs,
      seed,
      profile: maskProfile(profile),
      plan: {
        schemaVersion: 1,
        seed,
        experiments: [record.planned],
        totalRequests: record.dueCount,
        durationUs: toAtUs - fromAtUs,
        peakRatePerSec: record.planned.peakRatePerSec,
      },
      host: { platform: process.platform, node: process.version, cpus: cpus().length },
      interrupted: false,
    },
    targets: targetsOf(profile, kept),
    gateway: recogniseGateway(GATEWAYS, answers(true), answers(false), profile.gateway.kind),
    experiments: intervals.length === 0 ? [] : [record],
    quality: UNMEASURED_QUALITY,
    windows: () => intervals.flatMap((interval) => windowsOf(interval, fromAtUs)),
    exchanges: failures.map((exchange, seq) => ({ ...exchange, seq, experimentId: EXPERIMENT_ID })),
    exchangeCount: record.dueCount,
    warnings: [],
    history: evidence,
  };
}

function evidenceOf(history: HistoryReader, { profile, fromAtUs, toAtUs }: HistoryRecordingOptions): HistoryEvidence {
  const query = { profile: profile.name, fromAtUs, toAtUs };
  const byName = new Map<string, HistoryInterval[]>();
  const intervals = history.intervals({ ...query, limit: MOST_INTERVALS });
  for (const interval of intervals) {
    const name = JSON.stringify([interval.route, interval.requestName, interval.connection]);
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [interval]);
    else list.push(interval);
  }
  const timerUs = knownTimerUs(history, profile.name);
  return {
    fromAtUs,
    toAtUs,
    level: intervals[0]?.level ?? '10s',
    series: [...byName.values()].flatMap((list): HistorySeries[] => {
      const [first] = list;
      if (first === undefined) return [];
      const { route, requestName, connection } = first;
      const inOrder = list.toSorted((a, b) => a.startAtUs - b.startAtUs);
      return [{ profile: profile.name, route, requestName, connection, intervals: inOrder }];
    }),
    // Both in order of time, whatever order they are stored in.
    kept: history.kept(query).toSorted((a, b) => a.atUs - b.atUs),
    quiet: history.quiet(query),
    events: history.events(query),
    ...(timerUs === undefined ? {} : { gatewayTimerUs: timerUs }),
  };
}

/** The gateway's timer as a look at history last found it, open or closed. */
function knownTimerUs(history: HistoryReader, profile: string): Estimate | undefined {
  return history
    .findings?.({ profile, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER })
    .filter(({ finding }) => finding.cause === 'timeout/gateway-response')
    .toSorted((a, b) => b.lastSeenAtUs - a.lastSeenAtUs)[0]?.finding.measured['timeoutUs'];
}

/** On the clock of the recording, whose offset 0 is the begin of the time asked for. */
function shifted({ exchange, atUs }: KeptExchange, fromAtUs: number): Exchange {
  const byUs = atUs - fromAtUs - exchange.dueUs;
  const { sentUs, firstByteUs } = exchange;
  return {
    ...exchange,
    dueUs: exchange.dueUs + byUs,
    endUs: exchange.endUs + byUs,
    ...(sentUs === undefined ? {} : { sentUs: sentUs + byUs }),
    ...(firstByteUs === undefined ? {} : { firstByteUs: firstByteUs + byUs }),
  };
}

function recordOf(
  profile: Profile,
  intervals: readonly HistoryInterval[],
  keptCount: number,
  durationUs: number,
): ExperimentRecord {
  const perRoute = new Map<RouteId, number>();
  for (const { route, count } of intervals) perRoute.set(route, (perRoute.get(route) ?? 0) + count);
  const due = intervals.reduce((sum, { count }) => sum + count, 0);
  const notSent = intervals.reduce((sum, { outcomes }) => sum + countOf(outcomes, 'not-sent'), 0);
  const ratePerSec = due / Math.max(1, durationUs / US_PER_SEC) / Math.max(1, perRoute.size);
  const spec: CompareSpec = { kind: 'compare', ratePerSec, durationUs, newConnectionRatio: 0.5, arrival: 'uniform' };
  return {
    id: EXPERIMENT_ID,
    planned: {
      id: EXPERIMENT_ID,
      kind: 'compare',
      spec,
      requestsPerRoute: Object.fromEntries(perRoute),
      durationUs,
      peakRatePerSec: ratePerSec,
      peakInFlight: profile.members.length + 1,
      describe: ['Rounds of the monitor: the gateway and every member, asked once in each, as history kept them.'],
    },
    loop: 'open',
    startUs: 0,
    endUs: durationUs,
    dueCount: due,
    sentCount: due - notSent,
    keptCount,
    stop: 'completed',
    notes: [],
  };
}

function countOf(outcomes: HistoryInterval['outcomes'], prefix: string): number {
  return Object.entries(outcomes).reduce((sum, [key, count]) => sum + (key.startsWith(prefix) ? count : 0), 0);
}

/** What an outcome counts as by its key alone; a status may also have been unexpected. */
function cohortOfKey(key: string): Cohort {
  if (key.startsWith('not-sent')) return 'not-sent';
  if (key === 'aborted') return 'aborted';
  if (key.startsWith('timeout')) return 'timeout';
  return key.startsWith('error') || key.endsWith(':truncated') || Number(key) >= 500 ? 'error' : 'ok';
}

/** An interval counts all cohorts in one; windows hold them apart. */
function windowsOf(interval: HistoryInterval, fromAtUs: number): readonly Window[] {
  const { route, requestName, connection, startAtUs, level, response, service } = interval;
  const cohorts = splitByCohort(interval);
  return [...cohorts].map(([cohort, outcomes]): Window => {
    const isOk = cohort === 'ok';
    return {
      experimentId: EXPERIMENT_ID,
      route,
      requestName,
      connection,
      role: 'slot',
      cohort,
      startUs: Math.max(0, startAtUs - fromAtUs),
      lengthUs: LEVEL_US[level],
      count: Object.values(outcomes).reduce((sum, count) => sum + count, 0),
      outcomes,
      // Histograms of history are of answers that are ok.
      response: isOk ? response : '',
      service: isOk ? service : '',
      maxResponseUs: isOk ? interval.maxResponseUs : 0,
      maxServiceUs: isOk ? interval.maxServiceUs : 0,
    };
  });
}

/** Failures that their status does not show (unexpected ones) and 5xx that were expected are put right by `failed`. */
function splitByCohort({ outcomes, failed }: HistoryInterval): ReadonlyMap<Cohort, Record<string, number>> {
  const cohorts = new Map<Cohort, Record<string, number>>();
  const put = (cohort: Cohort, key: string, count: number): void => {
    if (count === 0) return;
    const own = cohorts.get(cohort) ?? {};
    own[key] = (own[key] ?? 0) + count;
    cohorts.set(cohort, own);
  };
  const entries = Object.entries(outcomes);
  const isSure = (key: string): boolean => ['error', 'timeout'].includes(cohortOfKey(key));
  const sure = entries.reduce((sum, [key, count]) => sum + (isSure(key) ? count : 0), 0);
  let [unexpected, expected] = [Math.max(0, failed - sure), Math.max(0, sure - failed)];
  // From the other end: the commonest status is what answers are like.
  for (const [key, count] of entries.toSorted((a, b) => a[1] - b[1])) {
    const cohort = cohortOfKey(key);
    const isStatus = Number.isInteger(Number(key));
    const moved = !isStatus ? 0 : Math.min(count, cohort === 'ok' ? unexpected : expected);
    if (cohort === 'ok') unexpected -= moved;
    else if (isStatus) expected -= moved;
    put(cohort, key, count - moved);
    put(cohort === 'ok' ? 'error' : 'ok', key, moved);
  }
  return cohorts;
}

function targetsOf(profile: Profile, kept: readonly Exchange[]): readonly ResolvedTarget[] {
  const routes = [
    { route: GATEWAY, url: profile.gateway.url },
    ...profile.members.map(({ name, url }) => ({ route: directTo(name), url })),
  ];
  return routes.map(({ route, url }) => {
    // The last one shown is the one in use.
    const certificate = kept.findLast((exchange) => exchange.route === route && exchange.certificate)?.certificate;
    return {
      route,
      hostname: new URL(url).hostname,
      ...(certificate === undefined ? {} : { certificates: [certificate] }),
    };
  });
}
