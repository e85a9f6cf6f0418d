/** Pauses: everything on a way stops for a while, and then goes on at one instant. Which ways share it names the place. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { findStalls, type Passage, periodOf, type Stall, type StallSearch } from '../analysis/stalls.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Estimate, Exhibit } from '../model/finding.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY, routesTo } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { exchangesExhibit } from './evidence.ts';
import { weightsOf } from './tally.ts';

/** Without them the densest half of a route's times, and so what "slow" is, would be chance. */
const LEAST_ASKED = 30;
/** One pause is an incident, two may be: only what comes back is worth a change. */
const LEAST_STALLS = 3;
/** Users must meet it (effect floor of methods C.0). */
const LEAST_TOUCHED_RATIO = 0.01;
/** What stops more than half of the time serves in batches: that is how it works, not a pause of it. */
const MOST_STOPPED_RATIO = 0.5;
/** Of the requests through the gateway that met a member in its pauses, so many must have waited as well for it to be confirmed. */
const CONFIRMING = { least: 3, ratio: 0.8 } as const;
/** A pause is seen with this many requests of the rarest route in it (methods C.8). */
const SEEN_WITH = 5;
/** Weaker evidence is not worth a line, not even as information. */
const WORTH_SAYING_P = 0.01;
/** More points make the chart heavy and not clearer. */
const MOST_POINTS = 2_000;

/** One way through the farm: requests to a member, directly or through the gateway, or all through the gateway. */
type Way = {
  readonly member: string | undefined;
  readonly exchanges: readonly Exchange[];
  readonly search: StallSearch;
};
type Weigh = (exchanges: readonly Exchange[]) => number;

function passageOf({ seq, sentUs, dueUs, endUs }: Exchange): Passage {
  return { seq, arrivalUs: sentUs ?? dueUs, endUs };
}

/** Slots of a compare: a steady, low rate, at which nothing queues. */
function slots(measures: Measures, route: 'gateway' | `direct:${string}`): readonly Exchange[] {
  return measures
    .exchanges({ experimentKind: 'compare', route, roles: ['slot'] })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
}

function wayOf(member: string | undefined, exchanges: readonly Exchange[]): Way {
  return { member, exchanges, search: findStalls(exchanges.map(passageOf)) };
}

/** What a way did while another one stood still; `unknown` when nothing was asked of it then. */
function didDuring({ fromUs, releaseUs }: Stall, { exchanges, search }: Way): 'stood' | 'went on' | 'unknown' {
  const asked = exchanges.filter(({ sentUs = 0 }) => sentUs >= fromUs && sentUs <= releaseUs - search.slowUs);
  if (asked.length === 0) return 'unknown';
  return asked.some(({ endUs }) => endUs < releaseUs - search.togetherUs) ? 'went on' : 'stood';
}

/** The stalls of a way that are its own: another way went on, and no other member stood still. Without another way all are. */
function ownStalls(way: Way, others: readonly Way[]): { readonly own: readonly Stall[]; readonly shared: number } {
  const did = way.search.stalls.map((stall) => ({ stall, others: others.map((other) => didDuring(stall, other)) }));
  const isOwn = (what: readonly string[]): boolean => what.includes('went on') && !what.includes('stood');
  return {
    own: others.length === 0 ? way.search.stalls : did.filter((one) => isOwn(one.others)).map(({ stall }) => stall),
    shared: did.filter((one) => one.others.includes('stood')).length,
  };
}

/** The median of three or more is within these quantiles of what each missed with about 94 %. */
const MISSED = { low: 0.1, high: 0.9 } as const;

/** From the first request that waited to the release, and what a pause goes on before its first request comes. */
function lengthOf(stalls: readonly Stall[], gaps: readonly number[]): Estimate {
  const seen = median(stalls.map(({ fromUs, releaseUs }) => releaseUs - fromUs));
  const longer = (p: number): number => Math.round(seen + untilNextUs(gaps, p));
  return { value: longer(0.5), low: longer(MISSED.low), high: longer(MISSED.high) };
}

/** Times between one request and the next. */
function gapsOf(exchanges: readonly Exchange[]): readonly number[] {
  const sent = exchanges.map(({ sentUs = 0 }) => sentUs).sort((a, b) => a - b);
  return sent.slice(1).map((us, i) => us - (sent[i] ?? 0));
}

/** Quantile `p` of the time from any moment to the next request: that gap by gap, each as probable as it is long. */
function untilNextUs(gaps: readonly number[], p: number): number {
  const ascending = gaps.toSorted((a, b) => a - b);
  const total = ascending.reduce((sum, gap) => sum + gap, 0);
  let below = 0;
  for (const [i, gap] of ascending.entries()) {
    const atUs = (p * total - below) / (ascending.length - i);
    if (atUs <= gap) return atUs;
    below += gap;
  }
  return ascending.at(-1) ?? 0;
}

function meanGapUs(exchanges: readonly Exchange[]): number {
  const gaps = gapsOf(exchanges);
  return gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
}

function isHeldIn({ sentUs = 0, endUs }: Exchange, stalls: readonly Stall[], { slowUs }: StallSearch): boolean {
  return (
    endUs - sentUs >= slowUs &&
    stalls.some(({ fromUs, releaseUs }) => sentUs <= releaseUs && endUs >= releaseUs && endUs > fromUs)
  );
}

type Found = {
  readonly way: Way;
  readonly own: readonly Stall[];
  readonly tests: number;
  /** Another way was asked at the same moments. */
  readonly isWitnessed: boolean;
};

function candidateOf({ way, own, tests, isWitnessed }: Found, weigh: Weigh): Candidate | undefined {
  const { member, exchanges, search } = way;
  const p = Math.min(1, search.p * tests);
  const held = exchanges.filter((exchange) => isHeldIn(exchange, own, search));
  const affected = { count: weigh(held), of: weigh(exchanges) };
  const touched = affected.count / affected.of;
  const firstUs = Math.min(...exchanges.map(({ sentUs = 0 }) => sentUs));
  const runUs = Math.max(...exchanges.map(({ endUs }) => endUs)) - firstUs;
  const stoppedUs = own.reduce((sum, { fromUs, releaseUs }) => sum + releaseUs - fromUs, 0);
  if (own.length === 0 || p > WORTH_SAYING_P || stoppedUs > MOST_STOPPED_RATIO * runUs) return undefined;
  const isRecurring = isWitnessed && own.length >= LEAST_STALLS && touched >= LEAST_TOUCHED_RATIO;
  // A slot asks a member once directly; what comes through the gateway comes at about the same moments.
  const steady = exchanges.filter(({ route }) => member === undefined || route !== GATEWAY);
  const length = lengthOf(own, gapsOf(steady));
  const period = periodOf(own);
  const who = member ?? 'The gateway';
  const times = own.length === 1 ? 'once' : `at least ${own.length} times`;
  const every = period === undefined ? '' : `, every ${formatDuration(period)}`;
  return {
    cause: 'stall/pause',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: isRecurring ? 'warning' : 'info',
    confidence: isRecurring ? (member !== undefined && isSeenThrough(way, own) ? 'confirmed' : 'likely') : 'possible',
    p,
    title: `${who} stands still for about ${formatDuration(length.value)}, ${times} in ${formatDuration(runUs)}${every}: ${formatRatio(touched)} of ${member === undefined ? 'requests through it' : 'its requests'} waited for it to go on.`,
    meaning: `${meaningOf(way, isWitnessed)} They had come one after the other and ended together: of neighbouring slow requests ${search.together} pairs ended at one instant, and only ${search.mirrored} differed by as much the other way, which chance makes as often. Collection of memory, a lock, a disk, a virtual machine that was halted, or one long request in a server with a single thread do that.${isWitnessed && !isRecurring ? ' It was met too rarely to be sure: a longer compare, or one at a higher rate, will tell.' : ''}`,
    measured: {
      pauseUs: length,
      touchedRatio: { value: touched },
      ...(period === undefined ? {} : { periodUs: { value: Math.round(period) } }),
    },
    exhibits: [
      trianglesExhibit(way, own, firstUs),
      exchangesExhibit(
        `stall-${member ?? 'gateway'}`,
        'Requests that waited',
        'Look for what the process did then.',
        held,
      ),
    ],
    rivals: rivalsOf(member, isWitnessed),
    affected,
    explains: new Set(held.map(({ seq }) => seq)),
  };
}

function meaningOf({ member, exchanges }: Way, isWitnessed: boolean): string {
  if (member === undefined)
    return 'Members asked directly went on answering at those moments; only requests through the gateway waited.';
  if (!isWitnessed)
    return 'There is no other member that could show whether this one paused, or the network of this machine: a run from another machine can tell.';
  const isSeen = exchanges.some(({ route }) => route === GATEWAY);
  return `Requests to ${member} waited, asked directly${isSeen ? ' and through the gateway alike' : ''}, while others went on at those moments.`;
}

/** The member's requests through the gateway met the same pauses. */
function isSeenThrough({ exchanges, search }: Way, own: readonly Stall[]): boolean {
  const during = exchanges.filter(
    ({ route, sentUs = 0 }) =>
      route === GATEWAY && own.some(({ fromUs, releaseUs }) => sentUs >= fromUs && sentUs <= releaseUs - search.slowUs),
  );
  const held = during.filter((exchange) => isHeldIn(exchange, own, search)).length;
  return held >= CONFIRMING.least && held >= CONFIRMING.ratio * during.length;
}

function rivalsOf(member: string | undefined, isWitnessed: boolean): Candidate['rivals'] {
  return [
    {
      cause: 'probe/saturated',
      whyNot: isWitnessed
        ? 'the probe sent and received on another way at the same moments'
        : 'the probe went on sending in the pauses: its own would have kept these requests back',
    },
    member === undefined
      ? { cause: 'member/slow', whyNot: 'members asked directly went on at the same moments' }
      : { cause: 'member/slow', whyNot: 'between the pauses it answers as usual' },
    {
      cause: 'queue/member',
      whyNot: 'requests that waited did not leave one after the other, as from a queue, but together',
    },
  ];
}

function trianglesExhibit({ member, exchanges, search }: Way, own: readonly Stall[], firstUs: number): Exhibit {
  const shown = exchanges.slice(0, MOST_POINTS);
  const point = ({ sentUs = 0, endUs }: Exchange): [number, number] => [sentUs - firstUs, Math.max(1, endUs - sentUs)];
  const isHeld = (exchange: Exchange): boolean => isHeldIn(exchange, own, search);
  return {
    kind: 'xy',
    id: `stall-triangles-${member ?? 'gateway'}`,
    title: `Pauses of ${member ?? 'the gateway'}`,
    reading:
      'Each point is a request. In a pause the later it came the shorter it waited: the points fall along a line down to the right.',
    x: { title: 'sent at', unit: 'us', scale: 'linear' },
    y: { title: 'elapsed time', unit: 'us', scale: 'linear' },
    series: [
      { name: 'held', role: 'failure', style: 'points', points: shown.filter(isHeld).map(point) },
      {
        name: 'others',
        role: member === undefined ? 'gateway' : 'direct',
        style: 'points',
        points: shown.filter((exchange) => !isHeld(exchange)).map(point),
      },
    ],
    marks: [{ axis: 'y', value: Math.round(search.quietUs), label: `usual: ${formatDuration(search.quietUs)}` }],
  };
}

export const stallPause: Detector = {
  cause: 'stall/pause',
  detect({ measures }): Detection {
    const proxied = slots(measures, GATEWAY);
    const gateway = wayOf(undefined, proxied);
    const direct = measures.members.map((member) => ({ member, exchanges: slots(measures, directTo(member)) }));
    const asked = [proxied, ...direct.map(({ exchanges }) => exchanges)].filter(({ length }) => length > 0);
    const most = Math.max(0, ...asked.map(({ length }) => length));
    if (most < LEAST_ASKED) return insufficient(`${LEAST_ASKED} requests of a compare on one route`, String(most));
    const members = direct.map(({ member, exchanges }) =>
      wayOf(member, [...exchanges, ...proxied.filter(({ answeredBy }) => answeredBy === member)]),
    );
    // With few members the gateway's requests wait for the same pause: they bear no witness against it.
    const found = members.map((way) => {
      const others = witnesses(way, members, proxied);
      return { way, ...ownStalls(way, others), isWitnessed: others.length > 0 };
    });
    const own = {
      isWitnessed: true,
      way: gateway,
      ...ownStalls(
        gateway,
        members.filter(({ exchanges }) => exchanges.length > 0),
      ),
    };
    const all = [...found, own].filter(({ way }) => way.exchanges.length >= LEAST_ASKED);
    const candidates = all
      .map(({ way, own: stalls, isWitnessed }) =>
        candidateOf({ way, own: stalls, tests: all.length, isWitnessed }, weighing(measures)),
      )
      .filter((candidate) => candidate !== undefined);
    const shared = Math.max(
      ...all.map((one) => (one.own.length > 0 || one.way.search.p > WORTH_SAYING_P ? 0 : one.shared)),
    );
    if (candidates.length === 0 && shared >= LEAST_STALLS)
      return insufficient(
        'a probe on another machine: pauses on all ways at once may be those of this one’s network, or of what all members share',
        `${shared} pauses that several ways shared`,
      );
    const seenUs = SEEN_WITH * Math.max(...asked.map(meanGapUs));
    return candidatesOr(
      candidates,
      `no way stands still again and again (pauses from about ${formatDuration(seenUs)} on would be seen)`,
    );
  },
};

function weighing(measures: Measures): Weigh {
  const routes = routesTo(measures.members);
  const weights = routes.map((route) => ({
    route,
    weigh: weightsOf(measures, { experimentKind: 'compare', route, roles: ['slot'] }),
  }));
  return (exchanges) =>
    weights.reduce((sum, { route, weigh }) => sum + weigh(exchanges.filter((one) => one.route === route)), 0);
}

/** Who can tell that a member alone stood still: other members, and requests through the gateway that did not go to it. */
function witnesses(way: Way, members: readonly Way[], proxied: readonly Exchange[]): readonly Way[] {
  const others = members.filter(({ member, exchanges }) => member !== way.member && exchanges.length > 0);
  const elsewhere = proxied.filter(({ answeredBy }) => answeredBy !== undefined && answeredBy !== way.member);
  return elsewhere.length > 0 ? [...others, wayOf(undefined, elsewhere)] : others;
}
