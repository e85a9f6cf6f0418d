/** Slow first requests after an idle time, and whether the application or only the connection was cold. */
import { idleBracket, type LadderStep } from '../analysis/ladder.ts';
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { mannWhitney, rankP } from '../analysis/rank.ts';
import type { CauseId } from '../model/causes.ts';
import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';
import type { Exhibit } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** A rung is cold when its first request is among the slowest of 100 (methods C.5) … */
const RUNG_P = 0.05;
/** … and the excess is felt: three times a warm request, and 100 ms more. */
const LEAST_RATIO = 3;
const LEAST_EXCESS_US = 100_000;

type Part = 'application' | 'connection';

/** The time a cold application adds shows in the wait for the answer, a cold connection in the phases before it. */
function partUs(exchange: Exchange, part: Part): number {
  const { dns = 0, connect = 0, tls = 0 } = exchange.phasesUs ?? {};
  const connection = dns + connect + tls;
  return part === 'connection' ? connection : (serviceTimeUs(exchange) ?? 0) - connection;
}

type Rung = { readonly first: Exchange; readonly gapUs: number; readonly excessUs: number; readonly isCold: boolean };
type Ladder = { readonly rungs: readonly Rung[]; readonly warmUs: readonly number[]; readonly baseUs: number };

function ladderOf(route: RouteId, part: Part, measures: Measures): Ladder | undefined {
  const idle = measures.exchanges({ experimentKind: 'idle', route });
  const firsts = idle.filter(({ tag, sentUs }) => tag?.kind === 'idle' && tag.order === 0 && sentUs !== undefined);
  const requestName = firsts[0]?.requestName;
  if (requestName === undefined) return undefined;
  const warm = [
    ...idle.filter(({ tag }) => tag?.kind === 'idle' && tag.order > 0),
    ...measures.exchanges({ route, roles: ['slot'], connection: 'new', requestName }),
  ].filter((exchange) => !isFailure(exchange) && exchange.connection?.isNew === true);
  if (warm.length < 5) return undefined;
  const warmUs = warm.map((exchange) => partUs(exchange, part));
  const baseUs = median(warmUs);
  const floorUs = Math.max(LEAST_RATIO * baseUs, baseUs + LEAST_EXCESS_US);
  const rungs = firsts.map((first): Rung => {
    const us = partUs(first, part);
    return {
      first,
      gapUs: first.tag?.kind === 'idle' ? first.tag.gapUs : 0,
      excessUs: us - baseUs,
      isCold: us >= floorUs && rankP(us, warmUs) <= RUNG_P,
    };
  });
  return { rungs, warmUs, baseUs };
}

function candidateFor(route: RouteId, part: Part, measures: Measures): Candidate | undefined {
  const ladder = ladderOf(route, part, measures);
  if (ladder === undefined) return undefined;
  const bracket = idleBracket(ladder.rungs.map(({ gapUs, isCold }): LadderStep => ({ gapUs, isCold })));
  const { coldFromUs } = bracket;
  if (coldFromUs === undefined || !bracket.isConsistent) return undefined;
  const cold = ladder.rungs.filter(({ gapUs }) => gapUs >= coldFromUs);
  if (cold.length < 2) return undefined;
  const test = mannWhitney(
    cold.map(({ excessUs }) => excessUs),
    [
      ...ladder.warmUs.map((us) => us - ladder.baseUs),
      ...ladder.rungs.filter(({ isCold }) => !isCold).map(({ excessUs }) => excessUs),
    ],
  );
  const excesses = cold.map(({ excessUs }) => excessUs);
  const penalty = {
    value: Math.round(median(excesses)),
    low: Math.round(Math.min(...excesses)),
    high: Math.round(Math.max(...excesses)),
  };
  const low = bracket.warmUpToUs ?? 0;
  const threshold = { value: Math.round((low + coldFromUs) / 2), low, high: coldFromUs };
  const member = memberOf(route);
  const who = member ?? 'the gateway';
  const failed = cold.filter(({ first }) => isFailure(first)).length;
  const where =
    low === 0
      ? `at most ${formatDuration(coldFromUs)}`
      : `more than ${formatDuration(low)} and at most ${formatDuration(coldFromUs)}`;
  return {
    cause: part === 'application' ? 'cold-start/idle' : 'cold-start/connection',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: 'warning',
    confidence: 'confirmed',
    p: Math.min(1, test.p * Math.max(1, measures.members.length)),
    title:
      part === 'application'
        ? `${who} starts cold after an idle time of ${where}: the first request then takes ${formatDuration(penalty.value)} longer.`
        : `The connection to ${who} is cold after an idle time of ${where}: the first request then takes ${formatDuration(penalty.value)} longer to connect.`,
    meaning: `${cold.length} of ${cold.length} first requests after such a pause were slow${failed > 0 ? ` (${failed} failed)` : ''}; the requests right after them, also on new connections, took ${formatDuration(ladder.baseUs)}. ${part === 'application' ? 'The excess is in the wait for the answer, not in connecting: the application had gone to sleep.' : 'The excess is in name lookup, connect or TLS, not in the wait for the answer.'} Traffic of others keeps an application warm: the threshold found is a lower bound.`,
    measured: { idleThresholdUs: threshold, penaltyUs: penalty },
    exhibits: [
      ladderExhibit(route, ladder, part),
      exchangesExhibit(
        `cold-${route.replace(':', '-')}`,
        'First requests after idleness',
        'Each was the first on its route after the pause.',
        cold.map(({ first }) => first),
      ),
    ],
    rivals: [
      part === 'application'
        ? { cause: 'cold-start/connection', whyNot: 'connecting was as fast as for warm requests' }
        : { cause: 'cold-start/idle', whyNot: 'the wait for the answer was as short as for warm requests' },
      { cause: 'queue/member', whyNot: 'nothing else was asked at that moment' },
    ],
    explains: seqsOf(cold.map(({ first }) => first)),
  };
}

function ladderExhibit(route: RouteId, ladder: Ladder, part: Part): Exhibit {
  const point = ({ gapUs, excessUs }: Rung): [number, number] => [
    gapUs,
    Math.max(1, Math.round(excessUs + ladder.baseUs)),
  ];
  return {
    kind: 'xy',
    id: `idle-ladder-${route.replace(':', '-')}`,
    title: `Idle ladder of ${memberOf(route) ?? 'the gateway'}`,
    reading: `Each point is the first request after a pause of that length (${part === 'application' ? 'without connecting' : 'connecting only'}). The step is where it turns cold; the line is a warm request.`,
    x: { title: 'pause before the request', unit: 'us', scale: 'log' },
    y: { title: 'elapsed time', unit: 'us', scale: 'log' },
    series: [
      { name: 'cold', role: 'cold', style: 'points', points: ladder.rungs.filter(({ isCold }) => isCold).map(point) },
      { name: 'warm', role: 'warm', style: 'points', points: ladder.rungs.filter(({ isCold }) => !isCold).map(point) },
    ],
    marks: [{ axis: 'y', value: Math.round(ladder.baseUs), label: `warm: ${formatDuration(ladder.baseUs)}` }],
  };
}

function detectPart(part: Part, measures: Measures): Detection {
  const idle = measures.exchanges({ experimentKind: 'idle' });
  if (idle.length === 0) return insufficient('an idle ladder (idle: { gaps: [30s, 5m, 21m] })', 'none in this run');
  const direct = measures.members
    .map((member) => candidateFor(directTo(member), part, measures))
    .filter((candidate) => candidate !== undefined);
  // All routes are asked at once: a cold member makes the gateway's first request slow as well.
  const gateway = direct.length > 0 ? undefined : candidateFor(GATEWAY, part, measures);
  const longest = Math.max(...idle.map(({ tag }) => (tag?.kind === 'idle' ? tag.gapUs : 0)));
  return candidatesOr(
    [...direct, ...(gateway === undefined ? [] : [gateway])],
    `after pauses of up to ${formatDuration(longest)} first requests were as fast as warm ones`,
  );
}

function coldStart(cause: CauseId, part: Part): Detector {
  return { cause, detect: ({ measures }) => detectPart(part, measures) };
}

export const coldIdle: Detector = coldStart('cold-start/idle', 'application');
export const coldConnection: Detector = coldStart('cold-start/connection', 'connection');
