/** Requests that wait to be accepted: connecting takes a repeated attempt where several connect at once, and is quick for one alone. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { proportionInterval } from '../analysis/proportion.ts';
import { mannWhitney } from '../analysis/rank.ts';
import { type Exchange, type OpeningFacts, serviceTimeUs } from '../model/exchange.ts';
import type { Estimate, Exhibit, Rival } from '../model/finding.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import { memberOf, type RouteId, routesTo } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { seqsOf } from './evidence.ts';
import { isRepeatedAttempt } from './syn-loss.ts';

/**
 * A handshake is made by the systems of both sides and takes one round trip, however busy the program is. The soonest
 * that any system tries again is 500 ms (Windows, after a refusal; others wait 1 s, methods C.7); half of it leaves room for
 * nothing but a probe that was held up, which the verdict on the probe itself tells.
 */
const LEAST_WAIT_US = 250_000;
/** Below one connection in twenty nobody notices, and the level at which it begins cannot be told. */
const LEAST_RATIO = 0.05;
const LEAST_EVENTS = 3;
/** As many at once as a small backlog of 5 lets wait and one being accepted: fewer together say nothing. */
const LEAST_TOGETHER = 6;
/** Attempts that were alone: as many as a quiet level needs elsewhere (`queue-points.ts`). */
const LEAST_ALONE = 5;
/** The wait is in connecting when what follows takes less than half as much longer: else the member is busy, and accepts late because of it. */
const AFTER_RATIO = 0.5;
/** Of the slow ones this share at the times of repeated attempts is said to be at them (as for lost attempts). */
const NEARLY_ALL = 0.8;
/** Attempts lost at random, 15 % of them on one member, made 3e-3 in one of 20 synthetic runs. */
const WORTH_SAYING_P = 1e-3;

type Opened = OpeningFacts & { readonly exchange: Exchange };
type Judged = Opened & { readonly isSlow: boolean };

type Leg = {
  readonly route: RouteId;
  readonly opened: readonly Judged[];
  readonly crowded: readonly Judged[];
  readonly slow: readonly Judged[];
  readonly quietUs: number;
  readonly p: number;
};

function openedOn(route: RouteId, measures: Measures): readonly Opened[] {
  return measures
    .exchanges({ route })
    .flatMap((exchange) =>
      exchange.connection?.opening === undefined ? [] : [{ ...exchange.connection.opening, exchange }],
    );
}

function mostTogether(opened: readonly Opened[]): number {
  return opened.reduce((most, { ahead }) => Math.max(most, ahead + 1), 0);
}

/** Undefined where too few were alone, or too few together. */
function legOf(route: RouteId, measures: Measures): Leg | undefined {
  const all = openedOn(route, measures);
  const alone = all.filter(({ ahead }) => ahead === 0);
  if (alone.length < LEAST_ALONE || mostTogether(all) < LEAST_TOGETHER) return undefined;
  const quietUs = median(alone.map(({ connectUs }) => connectUs));
  const opened = all.map((one): Judged => ({ ...one, isSlow: one.connectUs - quietUs >= LEAST_WAIT_US }));
  const aheadOf = (wanted: boolean): readonly number[] =>
    opened.filter(({ isSlow }) => isSlow === wanted).map(({ ahead }) => ahead);
  return {
    route,
    opened,
    crowded: opened.filter(({ ahead }) => ahead > 0),
    slow: opened.filter(({ isSlow }) => isSlow),
    quietUs,
    // Attempts lost at random would meet as many others as those that came through.
    p: mannWhitney(aheadOf(true), aheadOf(false)).p,
  };
}

/** What the request took once it was connected. */
function afterUs({ exchange }: Opened): number {
  const { dns = 0, connect = 0, tls = 0 } = exchange.phasesUs ?? {};
  return (serviceTimeUs(exchange) ?? 0) - dns - connect - tls;
}

function isWaiting({ slow, crowded, opened, quietUs }: Leg): boolean {
  const together = slow.filter(({ ahead }) => ahead > 0);
  if (together.length < LEAST_EVENTS || together.length < LEAST_RATIO * crowded.length) return false;
  const waitUs = median(slow.map(({ connectUs }) => connectUs)) - quietUs;
  const isAnswer = ({ exchange }: Opened): boolean => exchange.outcome.kind === 'response';
  const quick = opened.filter((one) => one.ahead === 0 && isAnswer(one) && !one.isSlow).map(afterUs);
  const after = slow.filter(isAnswer).map(afterUs);
  if (quick.length === 0 || after.length === 0) return false;
  return median(after) - median(quick) <= AFTER_RATIO * waitUs;
}

/** Of connections opened together, how many were let in at once; undefined where they cannot be counted. */
function letIn({ opened }: Leg): Estimate | undefined {
  const volleys = Map.groupBy(
    opened.filter(({ exchange }) => exchange.tag?.kind === 'volley'),
    ({ exchange: { experimentId, tag } }) =>
      tag?.kind === 'volley' ? `${experimentId} ${tag.size} ${tag.round}` : experimentId,
  );
  const counts = [...volleys.values()].flatMap((volley) => {
    const waited = volley.filter(({ isSlow }) => isSlow).length;
    return waited === 0 ? [] : [volley.length - waited];
  });
  if (counts.length === 0) return undefined;
  return { value: Math.round(median(counts)), low: Math.min(...counts), high: Math.max(...counts) };
}

function rivalsOf(leg: Leg, flat: readonly string[]): readonly Rival[] {
  const alone = leg.opened.filter(({ ahead }) => ahead === 0);
  const lost = alone.filter(({ isSlow }) => isSlow).length;
  return [
    {
      cause: 'connection/syn-loss',
      whyNot: `packets are lost at any load: of ${alone.length} connections that were opened alone ${lost} took so long${flat.length > 0 ? `, and ${flat.join(', ')} took as many at once without` : '; not excluded is a device on the way that limits new connections'}`,
    },
    { cause: 'connection/refused', whyNot: 'the port is open, a later attempt was let in' },
    { cause: 'tls/slow', whyNot: 'the time is counted before the first byte of TLS' },
    {
      cause: 'queue/member',
      whyNot: `once connected, requests were answered in ${formatDuration(median(leg.slow.map(afterUs)))}`,
    },
  ];
}

function candidateOf(leg: Leg, legs: readonly Leg[]): Candidate {
  const { route, slow, crowded, quietUs } = leg;
  const member = memberOf(route);
  const who = member ?? 'the gateway';
  const times = slow.map(({ connectUs }) => connectUs);
  const together = slow.filter(({ ahead }) => ahead > 0).length;
  const atOnce = letIn(leg);
  const flat = legs
    .filter((other) => other !== leg && other.slow.length === 0)
    .map((other) => memberOf(other.route) ?? 'the gateway');
  const isStepped = times.filter((us) => isRepeatedAttempt(us - quietUs)).length >= NEARLY_ALL * times.length;
  return {
    cause: 'queue/listen-backlog',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: 'warning',
    confidence: flat.length > 0 ? 'likely' : 'possible',
    p: Math.min(1, leg.p * legs.length),
    title: `Connections to ${who} wait to be accepted: opened several at once, ${together} of ${crowded.length} took ${formatDuration(median(times))} to connect instead of ${formatDuration(quietUs)}${atOnce === undefined ? '' : `; about ${formatNumber(atOnce.value)} are let in at once`}.`,
    meaning: `The time is lost before the request is sent: ${isStepped ? `${who} dropped the attempt, and the system of the caller tried again after a second or more` : `the longest took ${formatDuration(Math.max(...times))}`}. Connections opened one at a time are quick, so the queue of connections that ${who} has not accepted yet is full: too short, or emptied too slowly.${member === undefined ? '' : ' The gateway meets the same whenever it opens many at once.'}`,
    measured: {
      connectUs: { value: Math.round(median(times)), low: Math.min(...times), high: Math.max(...times) },
      slowRatio: { value: together / crowded.length, ...proportionInterval(together, crowded.length) },
      ...(atOnce === undefined ? {} : { acceptedAtOnce: atOnce }),
    },
    exhibits: [connectScatter(leg)],
    rivals: rivalsOf(leg, flat),
    affected: { count: together, of: crowded.length },
    explains: seqsOf(slow.map(({ exchange }) => exchange)),
  };
}

function connectScatter({ route, opened, slow }: Leg): Exhibit {
  const points = (of: readonly Opened[]): [number, number][] => of.map(({ ahead, connectUs }) => [ahead, connectUs]);
  const series = [
    { name: 'connected at once', role: 'direct' as const, of: opened.filter(({ isSlow }) => !isSlow) },
    { name: 'waited', role: 'failure' as const, of: slow },
  ];
  return {
    kind: 'xy',
    id: `connecting-${route.replace(':', '-')}`,
    title: 'Connecting, by how many connected at the same time',
    reading:
      'Each point is one connection. Points that jump up by a second or more to the right, and not at the left, are attempts that found the queue of new connections full.',
    x: { title: 'others that were connecting', unit: 'count', scale: 'linear' },
    y: { title: 'time to connect', unit: 'us', scale: 'linear' },
    series: series
      .filter(({ of }) => of.length > 0)
      .map(({ name, role, of }) => ({ name, role, style: 'points', points: points(of) })),
  };
}

export const listenBacklog: Detector = {
  cause: 'queue/listen-backlog',
  detect({ measures }): Detection {
    const routes = routesTo(measures.members);
    const legs = routes.map((route) => legOf(route, measures)).filter((leg) => leg !== undefined);
    if (legs.length === 0) {
      const most = Math.max(0, ...routes.map((route) => mostTogether(openedOn(route, measures))));
      return insufficient(
        `on one route ${LEAST_TOGETHER} connections opened at once (volley: { sizes: [8, 16] }), and ${LEAST_ALONE} opened alone (compare)`,
        most < LEAST_TOGETHER ? `at most ${most} at once` : `fewer than ${LEAST_ALONE} alone`,
      );
    }
    const candidates = legs
      .filter(isWaiting)
      .map((leg) => candidateOf(leg, legs))
      .filter(({ p }) => p <= WORTH_SAYING_P);
    const crowded = legs.reduce((sum, leg) => sum + leg.crowded.length, 0);
    const slow = legs.reduce((sum, leg) => sum + leg.slow.length, 0);
    return candidatesOr(
      candidates,
      `of ${crowded} connections opened together with others ${slow === 0 ? 'none waited to be accepted' : `${slow} (${formatRatio(slow / Math.max(1, crowded))}) were slow to connect, no more than alone`}`,
    );
  },
};
