/** A member that adds threads slower than work arrives: while requests wait, more and more leave per second. */
import { type Stay, type WorkerGrowth, workerGrowth } from '../analysis/departures.ts';
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { Exhibit } from '../model/finding.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { seqsOf } from './evidence.ts';
import { type BurstView, openBursts } from './queue-points.ts';

/**
 * .NET's thread pool adds one or two threads per second, up to four where it sees blocking (methods C.4: 0.5 to 4 per
 * second). Half below and twice above is left for noise; what grows faster is no thread pool but a start or a scaler.
 */
const LEAST_PER_SEC = 0.25;
const MOST_PER_SEC = 8;
/** The growth must be more than a fluctuation of the work: half of the workers that there were, and two of them. */
const LEAST_GROWTH_RATIO = 0.5;
const LEAST_GROWTH = 2;
/** A rise that only one half of the time shows is a step (a deploy, a start), not a pool that grows: each half has a third of the slope at least. */
const LEAST_HALF_RATIO = 1 / 3;
/** A request that took half as long again as when quiet has waited. */
const WAITED_RATIO = 1.5;
/** Canaries that wait half as long as what came through the gateway wait in the member (methods C.4); three of them, as for any median. */
const IN_MEMBER_RATIO = 0.5;
const LEAST_CANARIES = 3;
/** Some failures do no harm; with many the departures are not those of work that was done. */
const MOST_FAILED_RATIO = 0.1;

type Starved = {
  readonly member: string;
  readonly growth: WorkerGrowth;
  readonly serviceUs: number;
  readonly exchanges: readonly Exchange[];
};

/** Answers of one member, through the gateway and directly; of all members in equal shares where answers do not tell who made them. */
function answersOf(
  burst: BurstView,
  member: string,
  measures: Measures,
): { readonly exchanges: readonly Exchange[]; readonly sharers: number } {
  const isTold = burst.load.exchanges.some(({ answeredBy }) => answeredBy !== undefined);
  const isAlone = measures.members.length === 1;
  const canaries = [...(isTold || isAlone ? [member] : measures.members)].flatMap((name) =>
    measures.exchanges({ experimentId: burst.record.id, route: directTo(name), roles: ['canary'] }),
  );
  const load = burst.load.exchanges.filter(({ answeredBy }) => !isTold || answeredBy === member);
  const exchanges = [...load, ...canaries].filter(({ outcome }) => outcome.kind === 'response');
  return { exchanges, sharers: isTold || isAlone ? 1 : measures.members.length };
}

function starvedIn(burst: BurstView, member: string, measures: Measures): Starved | undefined {
  const serviceUs = burst.quietUs.get(member);
  if (serviceUs === undefined) return undefined;
  const { exchanges, sharers } = answersOf(burst, member, measures);
  const stays = exchanges.map(({ sentUs, dueUs, endUs }): Stay => ({ fromUs: sentUs ?? dueUs, toUs: endUs }));
  const all = workerGrowth(stays, serviceUs);
  if (all === undefined || !isGrowing(all, sharers)) return undefined;
  if (!waitsInMember(exchanges, member, serviceUs, all)) return undefined;
  return { member, growth: perMember(all, sharers), serviceUs, exchanges };
}

/** Through the gateway they could wait in the gateway as well. */
function waitsInMember(
  exchanges: readonly Exchange[],
  member: string,
  serviceUs: number,
  { fromUs, toUs }: WorkerGrowth,
): boolean {
  const waitsOf = (route: RouteId): readonly number[] =>
    exchanges
      .filter((exchange) => exchange.route === route && exchange.dueUs >= fromUs && exchange.endUs <= toUs + serviceUs)
      .map(({ dueUs, endUs }) => endUs - dueUs - serviceUs);
  const [direct, proxied] = [waitsOf(directTo(member)), waitsOf(GATEWAY)];
  if (direct.length < LEAST_CANARIES || proxied.length === 0) return false;
  return median(direct) >= Math.max(IN_MEMBER_RATIO * median(proxied), (WAITED_RATIO - 1) * serviceUs);
}

function isGrowing({ perSec, first, last, halves }: WorkerGrowth, sharers: number): boolean {
  const growth = (last - first) / sharers;
  return (
    perSec.low > 0 &&
    perSec.value / sharers >= LEAST_PER_SEC &&
    perSec.value / sharers <= MOST_PER_SEC &&
    growth >= Math.max(LEAST_GROWTH, (LEAST_GROWTH_RATIO * first) / sharers) &&
    halves.every((slope) => slope >= LEAST_HALF_RATIO * perSec.value)
  );
}

function perMember(growth: WorkerGrowth, sharers: number): WorkerGrowth {
  const { perSec, first, last, points } = growth;
  return {
    ...growth,
    perSec: { value: perSec.value / sharers, low: perSec.low / sharers, high: perSec.high / sharers },
    first: first / sharers,
    last: last / sharers,
    points: points.map(([atUs, workers]): [number, number] => [atUs, workers / sharers]),
  };
}

function candidateOf({ member, growth, serviceUs, exchanges }: Starved, measures: Measures): Candidate {
  const { perSec, first, last } = growth;
  const longestUs = Math.max(...exchanges.map(({ endUs, dueUs }) => endUs - dueUs)) - serviceUs;
  // Threads are whole, and the line runs through the middle of their steps.
  const threads = { first: Math.max(1, Math.ceil(first)), last: Math.ceil(last) };
  const seconds = formatDuration(growth.toUs - growth.fromUs);
  return {
    cause: 'queue/thread-starvation',
    scope: { route: 'direct', member },
    severity: 'warning',
    confidence: 'likely',
    p: Math.min(1, growth.p * measures.members.length),
    title: `${member} adds only about ${formatNumber(perSec.value)} threads per second: under load requests waited for up to ${formatDuration(longestUs)} while it grew from ${threads.first} to ${threads.last} at a time.`,
    meaning: `For ${seconds} requests waited in ${member}, also when it was asked directly, and all that time it worked off more of them every second, in a straight line: ${formatNumber(perSec.value)} more at a time per second. A thread pool whose threads are blocked grows like that; a member at the end of its processor would work off as many at the end as at the beginning.`,
    measured: {
      threadsPerSec: { value: perSec.value, low: perSec.low, high: perSec.high },
      firstThreads: { value: threads.first },
      lastThreads: { value: threads.last },
      waitUs: { value: Math.round(longestUs) },
    },
    exhibits: [growthPicture(member, growth)],
    rivals: [
      {
        cause: 'queue/member',
        whyNot: `what ${member} works off is no fixed rate: it rose from ${formatNumber(Math.max(0, first) / (serviceUs / 1e6))}/s to ${formatNumber(last / (serviceUs / 1e6))}/s while requests waited`,
      },
      { cause: 'cold-start/idle', whyNot: `it had answered just before, and the rise went on for ${seconds}` },
      { cause: 'queue/gateway', whyNot: `requests sent directly to ${member} waited as well` },
    ],
    explains: seqsOf(exchanges.filter((exchange) => exchange.endUs - exchange.dueUs > WAITED_RATIO * serviceUs)),
  };
}

function growthPicture(member: string, { points, perSec, first, fromUs, toUs }: WorkerGrowth): Exhibit {
  const lastAt = first + (perSec.value * (toUs - fromUs)) / 1e6;
  return {
    kind: 'xy',
    id: `thread-growth-${member}`,
    title: `Requests that ${member} works on at a time`,
    reading:
      'Each point is a stretch of the burst in which requests waited: what left in it, times the time one takes, is how many were worked on at once. A fixed number of workers gives a flat row; a pool that grows gives a rising line.',
    x: { title: 'time since requests began to wait', unit: 'us', scale: 'linear' },
    y: { title: 'worked on at a time', unit: 'count', scale: 'linear' },
    series: [
      {
        name: member,
        role: 'direct',
        style: 'points',
        points: points.map(([atUs, workers]): [number, number] => [Math.round(atUs - fromUs), workers]),
      },
      {
        name: `${formatNumber(perSec.value)} more per second`,
        role: 'model',
        style: 'line',
        points: [
          [0, first],
          [toUs - fromUs, lastAt],
        ],
      },
    ],
  };
}

const NEEDS =
  'an open-loop burst of some seconds through the gateway with a canary on each member, and a compare for the quiet level';

export const threadStarvation: Detector = {
  cause: 'queue/thread-starvation',
  detect({ measures }): Detection {
    const bursts = openBursts(measures).filter(({ canaries }) => canaries.size > 0);
    if (bursts.length === 0) return insufficient(NEEDS, 'none');
    const judged = bursts.filter(({ quietUs, record, load }) => {
      const failed = load.exchanges.filter(isFailure).length;
      const { sent } = measures.counts({ experimentId: record.id, route: GATEWAY });
      // Departures are counted: of a sample, or of errors, they tell nothing.
      return quietUs.size > 0 && load.exchanges.length >= sent && failed <= MOST_FAILED_RATIO * load.exchanges.length;
    });
    if (judged.length === 0)
      return insufficient(`${NEEDS}; nearly all requests answered, and every one kept`, 'none of the bursts had that');
    const starved = measures.members.flatMap((member) => {
      const seen = judged.flatMap((burst) => starvedIn(burst, member, measures) ?? []);
      const clearest = seen.sort((a, b) => a.growth.p - b.growth.p)[0];
      return clearest === undefined ? [] : [candidateOf(clearest, measures)];
    });
    return candidatesOr(starved, 'no member worked off more and more while requests waited in it');
  },
};
