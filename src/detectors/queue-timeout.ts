/** The timer of the gateway's queue: under load some requests fail after exactly so long, while others wait less and are served. */
import { clusterWidthUs, findTimeoutClusters, type TimeoutCluster } from '../analysis/cluster.ts';
import { type Distribution, distributionOf } from '../analysis/distribution.ts';
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { type TimeoutValue, timeoutValue } from '../analysis/timeout-value.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { Exhibit, XySeries } from '../model/finding.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { type Candidate, candidatesOr, clear, type Detection, type Detector, insufficient } from './detector.ts';
import { afterSendUs } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { quietLevel } from './queue-points.ts';
import { hasBegun } from './timeout-read.ts';

/** A refusal comes within an ordinary answer's time; queue timers are set in tenths of seconds and more. */
const LEAST_TIMER_US = 100_000;
/** Of those that were served, so many must have waited at least half of the timer: else nothing shows that there is a queue. */
const LEAST_WAITED = 3;
const WAITED_RATIO = 0.5;
/** A queue's timer lets nobody wait longer; so many of the served may seem to have, by an answer that was slow by itself. */
const MOST_BEYOND_RATIO = 0.02;
/** Direct requests while others waited: one per member and three in all. A member with a queue like that would hold each of them, whenever it comes. */
const LEAST_WITNESSES = 3;
/** A member that keeps a direct request for less than a quarter of the timer beyond its quiet time did not make the others wait for all of it. */
const ROOM_RATIO = 0.25;

/** An answer that the gateway makes by itself costs the way to it and back, as connecting does; no member is asked. */
function roundTrips(measures: Measures): Distribution {
  const connects = measures
    .exchanges({ route: GATEWAY, connection: 'new' })
    .map(({ phasesUs }) => phasesUs?.connect ?? 0);
  return distributionOf(connects.filter((us) => us > 0));
}

type Waiting = {
  readonly failed: readonly Exchange[];
  readonly served: readonly Exchange[];
  /** Of the served: those that waited for long. */
  readonly waited: readonly Exchange[];
  readonly timeout: TimeoutValue;
  readonly cluster: TimeoutCluster;
  readonly quietUs: number;
};

/** Load through the gateway of one experiment: its failures agree in their elapsed time, and the served waited for less. */
function waitingOf(measures: Measures, experimentId: string): Waiting | undefined {
  const load = measures
    .exchanges({ experimentId, route: GATEWAY, roles: ['load', 'volley'] })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind === 'response');
  const served = load.filter((exchange) => !isFailure(exchange));
  const failures = load.filter(
    (exchange) => isFailure(exchange) && !hasBegun(exchange) && afterSendUs(exchange) >= LEAST_TIMER_US,
  );
  const quietUs = quietLevel(measures, GATEWAY, load[0]?.requestName);
  const cluster = findTimeoutClusters(failures.map(afterSendUs), {
    // No more than was seen: the rarer a pile by chance, the longer the times it is held against.
    spanUs: Math.max(LEAST_TIMER_US, ...load.map(afterSendUs)),
  })[0];
  if (cluster === undefined || quietUs === undefined) return undefined;
  const failed = cluster.indexes.map((index) => failures[index] as Exchange);
  const timeout = timeoutValue(failed.map(afterSendUs), roundTrips(measures));
  if (timeout === undefined) return undefined;
  const waitUs = (exchange: Exchange): number => afterSendUs(exchange) - quietUs;
  const beyond = served.filter((exchange) => waitUs(exchange) > cluster.toUs + clusterWidthUs(cluster.toUs));
  const waited = served.filter((exchange) => waitUs(exchange) >= WAITED_RATIO * timeout.value);
  if (waited.length < LEAST_WAITED || beyond.length > MOST_BEYOND_RATIO * served.length) return undefined;
  return { failed, served, waited, timeout, cluster, quietUs };
}

/** Direct requests while others waited through the gateway; where volleys failed, direct volleys at least as large. */
function witnessesOf(measures: Measures, member: string, { failed, waited }: Waiting): readonly Exchange[] {
  const fromUs = Math.min(...[...waited, ...failed].map(({ endUs, dueUs }) => (dueUs + endUs) / 2));
  const toUs = Math.max(...failed.map(({ endUs }) => endUs));
  const sizes = failed.flatMap(({ tag }) => (tag?.kind === 'volley' ? [tag.size] : []));
  return measures.exchanges({ route: directTo(member), roles: ['canary', 'volley'] }).filter(({ tag, sentUs = 0 }) => {
    if (tag?.kind === 'volley') return sizes.length > 0 && tag.size >= Math.max(...sizes);
    return sentUs >= fromUs && sentUs <= toUs;
  });
}

/** True: all members answered at once. False: one was slow or failed, directly as well. Undefined: they were not asked often enough. */
function haveRoom(measures: Measures, waiting: Waiting): boolean | undefined {
  const { failed, timeout } = waiting;
  const judged = measures.members.map((member) => ({
    witnesses: witnessesOf(measures, member, waiting),
    quietUs: quietLevel(measures, directTo(member), failed[0]?.requestName),
  }));
  const count = judged.reduce((sum, { witnesses }) => sum + witnesses.length, 0);
  const isSlow = judged.some(
    ({ witnesses, quietUs = 0 }) =>
      witnesses.some(isFailure) ||
      (witnesses.length > 0 && median(witnesses.map(afterSendUs)) - quietUs >= ROOM_RATIO * timeout.value),
  );
  if (isSlow) return false;
  const isJudged = judged.every(({ witnesses, quietUs }) => witnesses.length > 0 && quietUs !== undefined);
  return isJudged && count >= LEAST_WITNESSES ? true : undefined;
}

function candidateOf(measures: Measures, waiting: Waiting): Candidate {
  const { failed, served, timeout, cluster, quietUs } = waiting;
  const sent = failed.length + served.length;
  const longestUs = Math.max(...served.map((exchange) => afterSendUs(exchange) - quietUs));
  const status = failed[0]?.outcome.kind === 'response' ? failed[0].outcome.status : 0;
  return {
    cause: 'timeout/gateway-queue',
    scope: { route: 'gateway' },
    severity: 'error',
    confidence: 'likely',
    p: cluster.p,
    title: `Under load the gateway lets requests wait for ${formatDuration(timeout.value)} in its queue and then fails them with ${status}: ${failed.length} of ${sent}.`,
    meaning: `The failed requests all ended after the same time (${formatDuration(timeout.low)}–${formatDuration(timeout.high)}); the others waited for up to ${formatDuration(longestUs)} longer than when quiet and were served. Asked directly at the same time, ${measures.members.join(', ')} answered as fast as ever: members have room, the gateway does not let more through.`,
    measured: {
      timeoutUs: { value: timeout.value, low: timeout.low, high: timeout.high },
      failedRatio: { value: failed.length / sent },
    },
    exhibits: [
      queuePicture(waiting),
      exchangesExhibit(
        'queue-timeout-exchanges',
        'Requests that waited in vain',
        'Each failed after the same time in the queue.',
        failed,
      ),
    ],
    rivals: [
      {
        cause: 'timeout/gateway-response',
        whyNot: `members did not take longer: asked directly meanwhile they needed no more than when quiet`,
      },
      { cause: 'queue/rejected', whyNot: `the failures came after ${formatDuration(timeout.value)}, not at once` },
      { cause: 'queue/member', whyNot: 'requests sent directly to the members did not wait' },
      {
        cause: 'application/error',
        whyNot: `directly none failed, and those that were served waited as well (${formatRatio(failed.length / sent)} failed)`,
      },
    ],
    affected: { count: failed.length, of: sent },
    explains: seqsOf(failed),
  };
}

function queuePicture({ failed, served, timeout }: Waiting): Exhibit {
  const fromUs = Math.min(...[...failed, ...served].map(({ dueUs }) => dueUs));
  const series = (name: string, role: XySeries['role'], exchanges: readonly Exchange[]): XySeries => ({
    name,
    role,
    style: 'points',
    points: exchanges.map((exchange): [number, number] => [exchange.dueUs - fromUs, afterSendUs(exchange)]),
  });
  return {
    kind: 'xy',
    id: 'queue-timeout',
    title: "The timer of the gateway's queue",
    reading:
      'Each point is a request through the gateway. The wait grows until it meets the timer: from there on some fail exactly at the line, and those that were served just before it took their own time on top.',
    x: { title: 'arrival under load', unit: 'us', scale: 'linear' },
    y: { title: 'elapsed time', unit: 'us', scale: 'linear' },
    series: [series('served', 'gateway', served), series('failed', 'failure', failed)],
    marks: [{ axis: 'y', value: timeout.value, label: `timer ${formatDuration(timeout.value)}` }],
  };
}

const NEEDS = 'a burst through the gateway with a canary on every member, and a compare for the quiet level';

export const gatewayQueueTimeout: Detector = {
  cause: 'timeout/gateway-queue',
  detect({ measures }): Detection {
    const loads = measures.experiments.filter(
      ({ id }) => measures.counts({ experimentId: id, route: GATEWAY, roles: ['load', 'volley'] }).sent > 0,
    );
    if (loads.length === 0) return insufficient(NEEDS, 'no load');
    const waiting = loads.flatMap(({ id }) => waitingOf(measures, id) ?? []);
    if (waiting.length === 0)
      return clear('no failures under load agree in how long they waited while others were served');
    const rooms = waiting.map((one) => haveRoom(measures, one));
    const found = waiting.filter((_, i) => rooms[i] === true);
    if (found.length === 0 && rooms.includes(undefined))
      return insufficient(NEEDS, 'fewer than three direct requests, one for each member, while requests waited');
    const clearest = found.sort((a, b) => a.cluster.p - b.cluster.p)[0];
    return candidatesOr(
      clearest === undefined ? [] : [candidateOf(measures, clearest)],
      'requests failed after waiting under load, but members asked directly were slow as well',
    );
  },
};
