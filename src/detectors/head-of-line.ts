/** Slow requests that hold up quick ones in the gateway: a shared pool, seen by quick requests sent during volleys of slow ones. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { mannWhitney } from '../analysis/rank.ts';
import { type Exchange, responseTimeUs } from '../model/exchange.ts';
import type { Estimate, Exhibit } from '../model/finding.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import type { Candidate } from './detector.ts';
import { seqsOf } from './evidence.ts';
import { keptItsLevel, withoutConnecting } from './queue-points.ts';

/** Held up: twice the quiet time and 30 ms more, which a busy machine with two cores adds at times (as for bursts). */
const HELD_RATIO = 2;
const HELD_FLOOR_US = 30_000;
/** In every volley of a size most quick ones must be held up: a pause of something else does not come each time. */
const MOST = 0.5;
/** Without a wait of this length nothing was slow enough to hold anything up for. */
const LEAST_SLOW_US = 100_000;
const LEAST_QUIET = 5;
/** Quick requests that met slow ones: two volleys of them. */
const LEAST_MET = 6;

export type HeadOfLine =
  | { readonly state: 'untried' }
  | { readonly state: 'too-little'; readonly have: string }
  | { readonly state: 'free'; readonly checked: string }
  | { readonly state: 'held'; readonly candidate: Candidate };

type Level = { readonly size: number; readonly met: readonly Exchange[]; readonly isHeld: boolean };

/** Quick requests on a route: alone, and those that were sent while requests of a volley through the gateway were under way. */
function quickOn(route: RouteId, measures: Measures): { alone: readonly Exchange[]; met: readonly Exchange[] } {
  const sent = measures.exchanges({ route, roles: ['beside'] }).filter(({ outcome }) => outcome.kind === 'response');
  const slow = measures
    .exchanges({ route: GATEWAY, roles: ['volley'] })
    .filter(({ sentUs, dueUs, endUs }) => endUs - (sentUs ?? dueUs) >= LEAST_SLOW_US);
  const meets = (quick: Exchange): boolean =>
    slow.some((one) => one.experimentId === quick.experimentId && one.dueUs <= quick.dueUs && one.endUs > quick.dueUs);
  const isAlone = ({ tag }: Exchange): boolean => tag?.kind === 'beside' && tag.size === 0;
  return { alone: sent.filter(isAlone), met: sent.filter((one) => !isAlone(one) && meets(one)) };
}

function sizeOf({ tag }: Exchange): number {
  return tag?.kind === 'beside' ? tag.size : 0;
}

/** By size of the volley; held where in each of its rounds most quick ones waited. */
function levelsOf(met: readonly Exchange[], limitUs: number): readonly Level[] {
  return [...Map.groupBy(met, sizeOf)]
    .sort(([a], [b]) => a - b)
    .map(([size, group]) => {
      const rounds = [
        ...Map.groupBy(group, (one) =>
          one.tag?.kind === 'beside' ? `${one.experimentId} ${one.tag.round}` : '',
        ).values(),
      ];
      const isHeld =
        rounds.length > 1 &&
        rounds.every((round) => round.filter((one) => withoutConnecting(one) >= limitUs).length > MOST * round.length);
      return { size, met: group, isHeld };
    });
}

/** What became of quick requests during volleys of slow ones through the gateway. */
export function headOfLine(measures: Measures): HeadOfLine {
  const { alone, met } = quickOn(GATEWAY, measures);
  if (measures.exchanges({ roles: ['beside'] }).length === 0) return { state: 'untried' };
  if (alone.length < LEAST_QUIET || met.length < LEAST_MET)
    return {
      state: 'too-little',
      have: `${met.length} quick requests met a slow one of ${formatDuration(LEAST_SLOW_US)} or more, ${alone.length} were alone`,
    };
  const quietUs = median(alone.map(withoutConnecting));
  const levels = levelsOf(met, Math.max(HELD_RATIO * quietUs, quietUs + HELD_FLOOR_US));
  // From the smallest size on at which quick ones wait at this and at every larger size.
  const firstHeld = levels.findIndex((_, i) => levels.slice(i).every(({ isHeld }) => isHeld));
  const held = firstHeld < 0 ? [] : levels.slice(firstHeld);
  const waited = held.flatMap((level) => level.met);
  const name = met[0]?.requestName ?? '';
  if (waited.length === 0) return { state: 'free', checked: `${name} did not wait for slow requests beside it` };
  const waitUs = median(waited.map(withoutConnecting)) - quietUs;
  const busy = measures.members.filter((member) => {
    const direct = quickOn(directTo(member), measures);
    const during = direct.met.filter((one) => held.some(({ size }) => size === sizeOf(one)));
    if (direct.alone.length < LEAST_QUIET) return true;
    return !keptItsLevel(during.map(withoutConnecting), median(direct.alone.map(withoutConnecting)), waitUs);
  });
  if (busy.length > 0)
    return {
      state: 'free',
      checked: `${name} waited for slow requests, but also where ${busy.join(', ')} ${busy.length === 1 ? 'was' : 'were'} asked directly: not the gateway's queue`,
    };
  if (measures.members.length === 0) return { state: 'too-little', have: 'no member to ask directly' };
  return { state: 'held', candidate: candidateOf(levels, firstHeld, alone, quietUs, measures) };
}

function candidateOf(
  levels: readonly Level[],
  firstHeld: number,
  alone: readonly Exchange[],
  quietUs: number,
  measures: Measures,
): Candidate {
  const waited = levels.slice(firstHeld).flatMap(({ met }) => met);
  const times = waited.map(withoutConnecting);
  const elapsedUs = median(times);
  const quick = waited[0]?.requestName ?? '';
  const slow = measures.exchanges({ route: GATEWAY, roles: ['volley'] })[0]?.requestName ?? '';
  const size = (levels[firstHeld] as Level).size;
  const below = levels[firstHeld - 1];
  const slots = measures.exchanges({ route: GATEWAY, requestName: quick, roles: ['slot'], cohorts: ['ok'] });
  const quiet = [...alone, ...slots, ...levels.slice(0, firstHeld).flatMap(({ met }) => met)];
  // The place that the quick one needs is one of them: the last size without a wait left at least one free.
  const limit: Estimate = { value: size, low: below === undefined ? 1 : below.size + 1, high: size };
  return {
    cause: 'queue/gateway',
    scope: { route: 'gateway', requestName: quick },
    severity: 'warning',
    confidence: 'likely',
    // One of as many sizes could have been the first.
    p: Math.min(1, levels.length * mannWhitney(times, quiet.map(withoutConnecting)).p),
    title: `Slow requests hold up quick ones in the gateway: while ${slow} was under way ${formatNumber(size)} times or more, ${quick} took ${formatDuration(elapsedUs)} instead of ${formatDuration(quietUs)}.`,
    meaning: `At the same moments every member answered ${quick} directly as quickly as ever, so the members have room: requests share a pool in the gateway, and slow ones fill it. ${below === undefined ? `Already ${formatNumber(size)} of them do.` : `With ${formatNumber(below.size)} of them under way ${quick} did not wait.`}`,
    measured: {
      waitUs: { value: Math.round(elapsedUs - quietUs) },
      concurrencyLimit: limit,
    },
    exhibits: [picture(levels, alone, measures)],
    rivals: [
      { cause: 'queue/member', whyNot: `asked directly at the same moments, no member took longer for ${quick}` },
      {
        cause: 'application/slow',
        whyNot: `${quick} takes ${formatDuration(quietUs)} through the gateway when nothing slow is under way`,
      },
    ],
    affected: { count: waited.length, of: levels.reduce((sum, { met }) => sum + met.length, 0) },
    explains: seqsOf(waited),
  };
}

function picture(levels: readonly Level[], alone: readonly Exchange[], measures: Measures): Exhibit {
  const pointsOf = (exchanges: readonly Exchange[]): [number, number][] =>
    exchanges.map((one) => [sizeOf(one), responseTimeUs(one)]);
  const direct = measures.members.flatMap((member) => {
    const quick = quickOn(directTo(member), measures);
    return [...quick.alone, ...quick.met];
  });
  return {
    kind: 'xy',
    id: 'head-of-line',
    title: 'Quick requests while slow ones are under way',
    reading:
      'Each point is a quick request, at the number of slow ones that were sent through the gateway just before it. Through the gateway it waits from some number on; asked directly it does not.',
    x: { title: 'slow requests under way', unit: 'count', scale: 'linear' },
    y: { title: 'time of the quick request', unit: 'us', scale: 'linear' },
    series: [
      {
        name: 'through the gateway',
        role: 'gateway',
        style: 'points',
        points: pointsOf([...alone, ...levels.flatMap(({ met }) => met)]),
      },
      { name: 'directly', role: 'direct', style: 'points', points: pointsOf(direct) },
    ],
  };
}
