/** Queues: latency that grows with arrival in a burst, and where. */

import type { Measures } from '../analysis/measures.ts';
import { readRamp } from '../analysis/ramp-reading.ts';
import type { Slope } from '../analysis/slopes.ts';
import { concurrencyLimit } from '../analysis/waves.ts';
import { type Exchange, responseTimeUs, serviceTimeUs } from '../model/exchange.ts';
import type { Estimate, Exhibit } from '../model/finding.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { type Candidate, candidatesOr, clear, type Detection, type Detector, insufficient } from './detector.ts';
import { seqsOf } from './evidence.ts';
import { headOfLine } from './head-of-line.ts';
import { settleByRate } from './limit-by-rate.ts';
import {
  type BurstView,
  burstScatter,
  keptItsLevel,
  openBursts,
  type Points,
  quietLevel,
  slopeOf,
} from './queue-points.ts';

/** Below 5 % growth a queue drains within the noise of a burst (methods C.4: b > 0.05 with its interval above 0). */
const LEAST_SLOPE = 0.05;
/** The wait at the end of the burst must be felt: as long as the work again, and 30 ms (three times what a busy 2-core machine adds to a request). */
const LEAST_RISE_RATIO = 1;
const LEAST_RISE_US = 30_000;
/** A burst that ends early has few canaries: of four the later two would have waited for most of the rise. */
const LEAST_CANARIES = 4;

type Growth = { readonly slope: Slope; readonly riseUs: number };

/** A growth that counts: significant, steep enough, and felt at its end. */
function growthOf(points: Points, quietUs: number | undefined, burst: BurstView): Growth | undefined {
  const slope = slopeOf(points);
  if (slope === undefined || slope.low <= 0 || slope.slope < LEAST_SLOPE) return undefined;
  const riseUs = slope.slope * (burst.loadToUs - burst.loadFromUs);
  const level = quietUs ?? slope.intercept;
  return riseUs >= Math.max(LEAST_RISE_US, LEAST_RISE_RATIO * Math.max(0, level)) ? { slope, riseUs } : undefined;
}

/** `riseUs`: the wait that the member is asked to have made; 0 asks whether it kept its own level. */
function isFlat(points: Points, quietUs: number | undefined, riseUs = 0): boolean {
  return quietUs !== undefined && keptItsLevel(points.elapsedUs, quietUs, riseUs);
}

function laterHalf({ arrivalUs, elapsedUs, exchanges }: Points): Points {
  const middle = arrivalUs.length >> 1;
  return {
    arrivalUs: arrivalUs.slice(middle),
    elapsedUs: elapsedUs.slice(middle),
    exchanges: exchanges.slice(middle),
  };
}

/** What is offered is counted between the first and the last arrival of a burst: its ends are uncertain by about a request of each route in fifty. */
const EDGE_RATIO = 0.02;

/** Offered rate divided by 1 + slope: what is worked off while the queue grows. */
function capacity(offeredPerSec: number, { slope }: Growth): Estimate {
  return {
    value: offeredPerSec / (1 + slope.slope),
    low: (offeredPerSec * (1 - EDGE_RATIO)) / (1 + slope.high),
    high: (offeredPerSec * (1 + EDGE_RATIO)) / (1 + Math.max(0, slope.low)),
  };
}

function perSec(points: Points, burst: BurstView): number {
  return (points.exchanges.length * US_PER_SEC) / Math.max(1, burst.loadToUs - burst.loadFromUs);
}

/** What a member was offered: its share of the load (told by its answers, else an equal share) and its canary. */
function offeredTo(member: string, measures: Measures, burst: BurstView): number {
  const answered = burst.load.exchanges.filter(({ answeredBy }) => answeredBy !== undefined);
  const own = answered.filter(({ answeredBy }) => answeredBy === member).length;
  const share = own > 0 ? own / answered.length : 1 / measures.members.length;
  return perSec(burst.load, burst) * share + perSec(burst.canaries.get(member) as Points, burst);
}

type VolleyLimit = {
  readonly limit: Estimate;
  /** How it was told, where the waves of all volleys alone do not tell it: a sentence with a space before it, or nothing. */
  readonly note: string;
  readonly exhibit: Exhibit;
};

/** Concurrency limit from volleys on a route: answers come in waves of that size. `rate`: what the route works off at most, in 1/s, where a burst told it. */
export function volleyLimit(measures: Measures, route: RouteId, rate?: Estimate): VolleyLimit | undefined {
  const volleys = new Map<string, Exchange[]>();
  for (const exchange of measures.exchanges({ experimentKind: 'volley', route, cohorts: ['ok'] })) {
    if (exchange.tag?.kind !== 'volley') continue;
    const key = `${exchange.experimentId} ${exchange.tag.size}/${exchange.tag.round}`;
    volleys.set(key, [...(volleys.get(key) ?? []), exchange]);
  }
  const first = [...volleys.values()][0]?.[0];
  if (first === undefined) return undefined;
  // Volleys larger than the limit take several times as long as one request: their own medians would fit twice the limit as well.
  const quietUs = quietLevel(measures, route, first.requestName);
  const estimate = concurrencyLimit(
    [...volleys.values()].map((volley) => volley.map(responseTimeUs)),
    quietUs,
  );
  if (estimate.kind !== 'limit') return undefined;
  const settled = rate === undefined ? undefined : settleByRate(estimate, rate, insideUs(measures, route, quietUs));
  const { limit: value, low, high, leftOut } = settled ?? estimate;
  return {
    limit: { value, low, ...(high === undefined ? {} : { high }) },
    note: `${settled?.note ?? ''}${leftOut === undefined ? '' : ` One volley of ${leftOut} was left out of the count: something else disturbed it, and the others agree on ${value}.`}`,
    exhibit: waveExhibit(route, volleys, value),
  };
}

/** What one request takes behind the way to it: the shortest connect of the route is one round trip. */
function insideUs(measures: Measures, route: RouteId, quietUs: number | undefined): number | undefined {
  const connects = measures
    .exchanges({ route, cohorts: ['ok'] })
    .flatMap(({ phasesUs }) => (phasesUs?.connect === undefined ? [] : [phasesUs.connect]));
  return quietUs === undefined || connects.length === 0 ? undefined : quietUs - Math.min(...connects);
}

function waveExhibit(route: RouteId, volleys: ReadonlyMap<string, readonly Exchange[]>, limit: number): Exhibit {
  const bySize = [...volleys.values()].sort((a, b) => a.length - b.length);
  return {
    kind: 'xy',
    id: `volley-${route.replace(':', '-')}`,
    title: `Volleys: ${limit} at a time`,
    reading:
      'All requests of a volley leave at one instant. Answers in steps mean that only so many are worked on at once; the others wait for the next step.',
    x: { title: 'request of the volley, in order of its answer', unit: 'count', scale: 'linear' },
    y: { title: 'elapsed time', unit: 'us', scale: 'linear' },
    series: bySize.slice(-2).map((volley, index) => ({
      name: `volley of ${volley.length}${index === 0 && bySize.length > 1 ? '' : ' (again)'}`,
      role: index === 0 ? 'direct' : 'warm',
      style: 'points',
      points: volley
        .map(responseTimeUs)
        .sort((a, b) => a - b)
        .map((us, i): [number, number] => [i + 1, us]),
    })),
  };
}

/** What the ramps of the run say of the same queue: where all that came no longer left, and up to which rate it kept its time. */
function rampMeasured(measures: Measures): Readonly<Record<string, Estimate>> {
  const [reading] = measures.experiments
    .filter(({ planned }) => planned.kind === 'ramp')
    .flatMap((record) => readRamp(measures, record) ?? []);
  return {
    ...(reading?.knee === undefined ? {} : { kneePerSec: reading.knee.ratePerSec }),
    ...(reading?.heldPerSec === undefined ? {} : { heldPerSec: reading.heldPerSec }),
  };
}

function memberCandidate(member: string, growth: Growth, measures: Measures, burst: BurstView): Candidate {
  const rate = capacity(offeredTo(member, measures, burst), growth);
  const volley = volleyLimit(measures, directTo(member), rate);
  const canary = burst.canaries.get(member) as Points;
  const slowLoad = burst.load.exchanges.filter((exchange) => exchange.answeredBy === member);
  const others = measures.members.filter(
    (name) => name !== member && isFlat(burst.canaries.get(name) as Points, burst.quietUs.get(name)),
  );
  return {
    cause: 'queue/member',
    scope: { route: 'direct', member },
    severity: 'warning',
    confidence: 'likely',
    p: growth.slope.p * measures.members.length,
    title: `Requests queue in ${member}: it works off about ${formatNumber(rate.value)}/s${volley === undefined ? '' : `, ${formatNumber(volley.limit.value)} at a time`}; in the burst the wait grew to ${formatDuration(growth.riseUs)}.`,
    meaning: `While ${formatNumber(perSec(burst.load, burst))}/s came through the gateway, requests sent directly to ${member} got slower with every second of the burst as well, so the queue is in the member and not in the gateway.${others.length > 0 ? ` ${others.join(', ')} stayed at their quiet level.` : ''}${volley?.note ?? ''}`,
    measured: {
      ratePerSec: rate,
      ...(volley === undefined ? {} : { concurrencyLimit: volley.limit }),
      waitUs: { value: Math.round(growth.riseUs) },
      ...rampMeasured(measures),
    },
    exhibits: [burstScatter(burst, member), ...(volley === undefined ? [] : [volley.exhibit])],
    rivals: [
      { cause: 'queue/gateway', whyNot: `the canary that asks ${member} directly waits as well` },
      {
        cause: 'member/slow',
        whyNot: `with little load ${member} takes ${formatDuration(burst.quietUs.get(member) ?? growth.slope.intercept)}; it is slow only while more arrives than it works off`,
      },
    ],
    explains: seqsOf([...canary.exchanges, ...slowLoad]),
  };
}

const NEEDS_BURST = 'an open-loop burst (burst: { rate: …, for: 4s }) through the gateway with a canary on each member';

export const memberQueue: Detector = {
  cause: 'queue/member',
  detect({ measures }): Detection {
    const bursts = openBursts(measures).filter(({ canaries }) =>
      [...canaries.values()].some(({ arrivalUs }) => arrivalUs.length >= 8),
    );
    if (bursts.length === 0) return insufficient(NEEDS_BURST, 'none with at least 8 canary requests per member');
    const candidates = bursts.flatMap((burst) =>
      [...burst.canaries].flatMap(([member, points]) => {
        const growth = growthOf(points, burst.quietUs.get(member), burst);
        return growth === undefined ? [] : [memberCandidate(member, growth, measures, burst)];
      }),
    );
    return candidatesOr(
      strongestPerMember(candidates),
      'direct requests to every member kept their speed during the burst',
    );
  },
};

function strongestPerMember(candidates: readonly Candidate[]): readonly Candidate[] {
  const best = new Map<string | undefined, Candidate>();
  for (const candidate of candidates) {
    const other = best.get(candidate.scope.member);
    if (other === undefined || candidate.p < other.p) best.set(candidate.scope.member, candidate);
  }
  return [...best.values()];
}

export const gatewayQueue: Detector = {
  cause: 'queue/gateway',
  detect({ measures }): Detection {
    const inBursts = queueInBursts(measures);
    const beside = headOfLine(measures);
    if (beside.state === 'held') {
      const [first] = inBursts.state === 'candidates' ? inBursts.candidates : [];
      const counted = withCountedLimit(beside.candidate, measures);
      return candidatesOr([first === undefined ? counted : withBeside(first, counted)], '');
    }
    const said =
      beside.state === 'untried'
        ? 'whether slow requests hold up quick ones was not tried (volley: { request: <slow>, beside: <quick> })'
        : beside.state === 'too-little'
          ? `whether slow requests hold up quick ones cannot be told: ${beside.have}`
          : beside.checked;
    if (inBursts.state === 'clear') return clear(`${inBursts.checked}; ${said}`);
    // What was told without a burst is not lost with it.
    if (inBursts.state === 'insufficient-data' && beside.state !== 'untried')
      return insufficient(inBursts.need, `${inBursts.have}; ${said}`);
    return inBursts;
  },
};

/** Waves of the slow ones count exactly what the quick ones only bracket, where both agree. */
function withCountedLimit(beside: Candidate, measures: Measures): Candidate {
  const counted = volleyLimit(measures, GATEWAY);
  const { low = 0, high = 0 } = beside.measured['concurrencyLimit'] ?? {};
  if (counted === undefined || counted.limit.value < low || counted.limit.value > high) return beside;
  return {
    ...beside,
    meaning: `${beside.meaning}${counted.note}`,
    measured: { ...beside.measured, concurrencyLimit: counted.limit },
    exhibits: [...beside.exhibits, counted.exhibit],
  };
}

/** One queue, seen twice: by a burst, and by quick requests beside slow ones. */
function withBeside(burst: Candidate, beside: Candidate): Candidate {
  return {
    ...burst,
    p: Math.min(1, 2 * Math.min(burst.p, beside.p)),
    meaning: `${burst.meaning} ${beside.title}`,
    exhibits: [...burst.exhibits, ...beside.exhibits],
    explains: new Set([...burst.explains, ...beside.explains]),
  };
}

function queueInBursts(measures: Measures): Detection {
  const bursts = openBursts(measures);
  if (bursts.length === 0) return insufficient(NEEDS_BURST, 'none');
  const judged = bursts.filter(
    ({ canaries, quietUs }) =>
      [...canaries].every(([member, points]) => points.arrivalUs.length >= LEAST_CANARIES && quietUs.has(member)) &&
      canaries.size > 0,
  );
  if (judged.length === 0)
    return insufficient(
      'a canary on every member during the burst, and a compare before it for the quiet level',
      `fewer than ${LEAST_CANARIES} canary requests per member, or no compare`,
    );
  const candidates = judged.flatMap((burst) => gatewayCandidates(burst, measures));
  return candidatesOr(
    candidates.slice(0, 1),
    'latency through the gateway did not grow during the burst, or members grew with it',
  );
}

function gatewayCandidates(burst: BurstView, measures: Measures): Candidate[] {
  const growth = growthOf(burst.load, burst.quietGatewayUs, burst);
  if (growth === undefined) return [];
  const allFlat = [...burst.canaries].every(
    ([member, points]) =>
      isFlat(points, burst.quietUs.get(member), growth.riseUs) &&
      isFlat(laterHalf(points), burst.quietUs.get(member), growth.riseUs) &&
      growthOf(points, burst.quietUs.get(member), burst) === undefined,
  );
  if (!allFlat) return [];
  const rate = capacity(perSec(burst.load, burst), growth);
  const volley = volleyLimit(measures, GATEWAY, rate);
  return [
    {
      cause: 'queue/gateway',
      scope: { route: 'gateway' },
      severity: 'warning',
      confidence: 'likely',
      p: growth.slope.p,
      title: `Requests queue in the gateway: it passes on about ${formatNumber(rate.value)}/s${volley === undefined ? '' : `, ${formatNumber(volley.limit.value)} at a time`}; in the burst the wait grew to ${formatDuration(growth.riseUs)}.`,
      meaning: `Latency through the gateway grew with every second of the burst, while requests sent directly to the members stayed at their quiet level: members have room, the gateway does not let more through.${volley?.note ?? ''}`,
      measured: {
        ratePerSec: rate,
        ...(volley === undefined ? {} : { concurrencyLimit: volley.limit }),
        waitUs: { value: Math.round(growth.riseUs) },
        ...rampMeasured(measures),
      },
      exhibits: [burstScatter(burst), ...(volley === undefined ? [] : [volley.exhibit])],
      rivals: [{ cause: 'queue/member', whyNot: 'the canaries that ask the members directly did not wait' }],
      explains: seqsOf(
        burst.load.exchanges.filter((exchange) => (serviceTimeUs(exchange) ?? 0) > 2 * (burst.quietGatewayUs ?? 0)),
      ),
    },
  ];
}
