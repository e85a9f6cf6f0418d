/** Small writes that wait for a delayed acknowledgement: the rest of an answer comes a constant 40 ms (Linux) or 200 ms (Windows) after its start. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { binomialTail, fisherExact, proportionInterval } from '../analysis/proportion.ts';
import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { exchangesExhibit } from './evidence.ts';
import { weightsOf } from './tally.ts';

/**
 * How long systems wait with an acknowledgement: Linux 40 ms and its clock tick, measured 40 to 44 ms and a little more on a busy
 * machine (methods C.8: 85 % in 38 to 46 ms); Windows 200 ms.
 */
const DELAYS = [
  { nominalUs: 40_000, lowUs: 38_000, highUs: 48_000 },
  { nominalUs: 200_000, lowUs: 195_000, highUs: 215_000 },
] as const satisfies readonly Delay[];
type Delay = { readonly nominalUs: number; readonly lowUs: number; readonly highUs: number };
/** The neighbourhood reaches this many widths of the window to either side ... */
const BESIDE_WIDTHS = 2;
/** ... and without a timer of that length the window holds no more than its share of it: times that fall off are convex there. */
const WINDOW_RATIO = 1 / (1 + 2 * BESIDE_WIDTHS);
/** Fewer are no mode. */
const LEAST_HITS = 8;
/** Users must meet it (effect floor of methods C.0). */
const LEAST_RATIO = 0.01;
/** What a test of the rival must show: an application that pauses in its answer would do so for everybody. */
const RIVAL_P = 0.01;
/** Weaker evidence is not worth a line, not even as information. */
const WORTH_SAYING_P = 0.01;
/** Without them a share of one in ten would be seen in one hit or none. */
const LEAST_ASKED = 20;

function answered(measures: Measures, route: 'gateway' | `direct:${string}`): readonly Exchange[] {
  return measures
    .exchanges({ experimentKind: 'compare', route, roles: ['slot'] })
    .filter((exchange) => exchange.outcome.kind === 'response' && !isFailure(exchange));
}

function receiveUs({ phasesUs }: Exchange): number {
  return phasesUs?.receive ?? 0;
}

/** What a sender may have on its way before the first acknowledgement: ten segments (RFC 6928). */
const FIRST_FLIGHT_BYTES = 14_600;
/** From this round trip on the rest of a larger answer comes a round trip later: eight of them make 40 ms. Local networks are below. */
const FAR_US = 5_000;

/** Time of a round trip, from connecting; undefined where nothing connected. */
function roundTripUs(exchanges: readonly Exchange[]): number | undefined {
  const connects = exchanges.flatMap(({ connection, phasesUs }) =>
    connection?.isNew === true && phasesUs?.connect !== undefined ? [phasesUs.connect] : [],
  );
  return connects.length === 0 ? undefined : median(connects);
}

/** Answers of which each piece could be sent at once: what the way alone takes from the first byte to the last is no timer. */
function fitting(exchanges: readonly Exchange[], roundTrip: number | undefined): readonly Exchange[] {
  if (roundTrip !== undefined && roundTrip < FAR_US) return exchanges;
  return exchanges.filter(({ outcome }) => outcome.kind === 'response' && outcome.bodyBytes <= FIRST_FLIGHT_BYTES);
}

const isWarm = ({ connection }: Exchange): boolean => connection?.isNew === false;

/** The answers of one side: a member asked directly, or the gateway. */
type Side = {
  readonly member: string | undefined;
  readonly warm: readonly Exchange[];
  readonly roundTripUs: number;
  /** The same answers where no acknowledgement of ours is waited for, or that of another machine: new connections, the other leg. */
  readonly elsewhere: readonly Exchange[];
};

function sideOf(member: string | undefined, own: readonly Exchange[], others: readonly Exchange[]): Side {
  const roundTrip = roundTripUs(own);
  return {
    member,
    warm: fitting(own.filter(isWarm), roundTrip),
    roundTripUs: roundTrip ?? 0,
    elsewhere: [...own.filter((one) => !isWarm(one)), ...others],
  };
}

function sides(measures: Measures): readonly Side[] {
  const proxied = answered(measures, GATEWAY);
  const members = measures.members.map((member) => {
    const own = answered(measures, directTo(member));
    const through = proxied.filter(({ answeredBy }) => answeredBy === member);
    return sideOf(member, own, through);
  });
  const direct = measures.members.flatMap((member) => answered(measures, directTo(member)));
  return [...members, sideOf(undefined, proxied, direct)];
}

function hitsOf({ warm }: Side, { lowUs, highUs }: Delay): readonly Exchange[] {
  return warm.filter((exchange) => receiveUs(exchange) >= lowUs && receiveUs(exchange) < highUs);
}

/** The acknowledgement and what it sets free travel as well. */
function seenOn({ roundTripUs: added }: Side, { nominalUs, lowUs, highUs }: Delay): Delay {
  return { nominalUs, lowUs: lowUs + added, highUs: highUs + added };
}

function candidateOf(side: Side, system: Delay, tests: number, measures: Measures): Candidate | undefined {
  const delay = seenOn(side, system);
  const { member, warm } = side;
  const hits = hitsOf(side, delay);
  const margin = BESIDE_WIDTHS * (delay.highUs - delay.lowUs);
  const beside = warm.filter(
    (exchange) => receiveUs(exchange) >= delay.lowUs - margin && receiveUs(exchange) < delay.highUs + margin,
  ).length;
  const p = Math.min(1, binomialTail(hits.length, beside, WINDOW_RATIO) * tests);
  const weigh = weightsOf(measures, {
    experimentKind: 'compare',
    route: member === undefined ? GATEWAY : directTo(member),
    roles: ['slot'],
  });
  const affected = { count: weigh(hits), of: weigh(warm) };
  const ratio = affected.count / affected.of;
  if (hits.length < LEAST_HITS || ratio < LEAST_RATIO || p > WORTH_SAYING_P) return undefined;
  const added = { value: Math.round(median(hits.map(receiveUs))) };
  const rival = applicationRival(side, hits.length, delay);
  const who = member ?? 'The gateway';
  return {
    cause: 'path/delayed-ack',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: rival.isExcluded ? 'warning' : 'info',
    confidence: rival.isExcluded ? 'likely' : 'possible',
    p,
    title: `${who} sends answers in small pieces and waits in between: ${formatRatio(ratio)} of answers on reused connections pause for ${formatDuration(added.value)} until the first piece is acknowledged.`,
    meaning: `The start of the answer arrives, the rest a constant ${formatDuration(delay.nominalUs)}${side.roundTripUs < FAR_US ? '' : ` and a round trip of ${formatDuration(side.roundTripUs)}`} later: so long ${delay.nominalUs < 100_000 ? 'Linux' : 'Windows'} may delay an acknowledgement, and a sender with Nagle's algorithm holds a small piece back until it has it. ${rival.whyNot.charAt(0).toUpperCase()}${rival.whyNot.slice(1)}.`,
    measured: { addedUs: added, affectedRatio: { value: ratio, ...proportionInterval(affected.count, affected.of) } },
    exhibits: [
      {
        kind: 'bars',
        id: `delayed-ack-${member ?? 'gateway'}`,
        title: 'From the first byte to the last',
        reading: `Answers of ${member ?? 'the gateway'} on reused connections, by the time between their first and last byte. Work would scatter; a timer stands alone.`,
        ...barsOf(warm),
      },
      exchangesExhibit(
        `delayed-ack-rows-${member ?? 'gateway'}`,
        'Answers that paused',
        'Each on a reused connection.',
        hits,
      ),
    ],
    rivals: [
      { cause: 'application/slow', whyNot: rival.whyNot },
      {
        cause: 'path/retransmission',
        whyNot: 'the pause is shorter than any retransmission timer, or too frequent for loss',
      },
    ],
    affected,
    explains: new Set(hits.map(({ seq }) => seq)),
  };

  function barsOf(exchanges: readonly Exchange[]) {
    const edges = [0, 1_000, 10_000, 20_000, 30_000, 38_000, 48_000, 60_000, 100_000, 195_000, 215_000] as const;
    const values = edges.map(
      (from, i) =>
        exchanges.filter((one) => receiveUs(one) >= from && receiveUs(one) < (edges[i + 1] ?? Number.POSITIVE_INFINITY))
          .length,
    );
    const categories = edges.map((from, i) => {
      const to = edges[i + 1];
      return to === undefined ? `${from / 1_000} ms or more` : `${from / 1_000} to ${to / 1_000} ms`;
    });
    return { categories, unit: 'count' as const, stacked: false, series: [{ name: 'answers', values }] };
  }
}

/** Whether an application that pauses by itself is excluded: then answers elsewhere would take that much longer as often. */
function applicationRival(
  { member, warm, elsewhere }: Side,
  hits: number,
  delay: Delay,
): { readonly isExcluded: boolean; readonly whyNot: string } {
  const usualUs = median(warm.map((one) => (serviceTimeUs(one) ?? 0) - receiveUs(one)));
  // Wherever in the answer it would pause, it would take that much longer.
  const late = elsewhere.filter((one) => (serviceTimeUs(one) ?? 0) >= usualUs + delay.lowUs).length;
  const p = fisherExact(hits, warm.length - hits, late, elsewhere.length - late, 'greater');
  const where =
    member === undefined
      ? 'on new connections and from members directly'
      : 'on new connections and through the gateway';
  const isExcluded = p <= RIVAL_P;
  return {
    isExcluded,
    whyNot: isExcluded
      ? `an application that pauses by itself would do so ${where} as well, where ${late} of ${elsewhere.length} answers took as long`
      : `an application that pauses by itself is not excluded: ${where} ${late} of ${elsewhere.length} answers took as long; a compare with newConnections: 50% would tell`,
  };
}

export const delayedAck: Detector = {
  cause: 'path/delayed-ack',
  detect({ measures }): Detection {
    const asked = sides(measures).filter(({ warm }) => warm.length >= LEAST_ASKED);
    if (asked.length === 0)
      return insufficient(`${LEAST_ASKED} answers of a compare on reused connections of one route`, 'fewer on each');
    const tests = asked.length * DELAYS.length;
    return candidatesOr(
      asked
        .flatMap((side) => DELAYS.map((delay) => candidateOf(side, delay, tests, measures)))
        .filter((candidate) => candidate !== undefined),
      'no answer stops for 40 or 200 ms between its first and last byte more often than for other times; between gateway and members it would show only if the gateway hands on each piece at once',
    );
  },
};
