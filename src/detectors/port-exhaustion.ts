/**
 * The gateway runs out of local ports (or address translations): errors begin in the middle of a load, go on when the load is gone, and
 * end when the connections of its beginning are forgotten.
 */
import { proportionInterval } from '../analysis/proportion.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import type { Estimate } from '../model/finding.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import {
  type Candidate,
  clear,
  type Detection,
  type Detector,
  type DetectorContext,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { refusedByGateway } from './outage.ts';

/** How long systems remember a closed connection: Linux 60 s, Windows 120 s, older Windows and cloud address translation 240 s (methods C.7). */
const FORGOTTEN_AFTER_US = [60, 120, 240].map((sec) => sec * US_PER_SEC);
/** Timers start with the close and are swept now and then. */
const TOLERANCE_RATIO = 0.05;
/** A load that succeeded for this long had a reason to succeed; a gateway that fails from the start has another fault. */
const LEAST_BEFORE = 50;
const LEAST_EVENTS = 3;
/** From the first failure on, most fail: ports come back one by one. */
const MOST = 0.5;
/** Requests still under way when a load ends are over by then. */
const SETTLED_US = 2 * US_PER_SEC;
/** Longer than the 10 s for which most gateways that take members out do so. */
const LEAST_MEMORY_US = 20 * US_PER_SEC;

/** A bracket wider than this holds one of the times by chance. */
const LOOSE_RATIO = 1.2;
/** Gateways that take members out after failed connects do so for as long by default: Envoy 30 s, Apache 60 s. */
const USUAL_HOLDS_US = [30, 60].map((sec) => sec * US_PER_SEC);

type Spell = {
  readonly experimentId: string;
  /** Load that succeeded before the first failure. */
  readonly before: readonly Exchange[];
  readonly tail: readonly Exchange[];
  readonly endUs: number;
};

type Memory = {
  readonly after: readonly Exchange[];
  readonly recoveredUs: number;
  /** From the load's first connection to the first request that succeeded again. */
  readonly lasted: Required<Estimate>;
};

export const portExhaustion: Detector = {
  cause: 'connection/port-exhaustion',
  detect(context): Detection {
    const { measures } = context;
    const loads = measures.experiments.filter(({ planned }) => planned.kind === 'burst' || planned.kind === 'ramp');
    if (loads.length === 0)
      return notApplicable('only a load shows what a rate of new connections does, and none was sent');
    if (measures.members.length === 0)
      return notApplicable(
        'without members that are asked directly, ports of the gateway and faults behind it look alike',
      );
    const spells = loads.flatMap(({ id }) => spellOf(id, context) ?? []);
    if (spells.length === 0)
      return clear('no load began well and then failed at the gateway, while members answered directly');
    const remembered = spells.map((spell) => ({ spell, memory: memoryOf(spell, context) }));
    const candidates = remembered.flatMap(({ spell, memory }) =>
      typeof memory === 'object' ? [candidateOf(spell, memory, context)] : [],
    );
    if (candidates.length > 0) return { state: 'candidates', candidates };
    return remembered.some(({ memory }) => memory === 'unknown')
      ? insufficient(
          `${LEAST_EVENTS} requests through the gateway after the load, until they succeed again (a compare of five minutes after the burst)`,
          'the gateway refused requests from the middle of a load on, and the run does not show for how long',
        )
      : clear('what the gateway refused from the middle of a load on, it did not refuse for as long as ports are kept');
  },
};

function ended(exchanges: readonly Exchange[]): readonly Exchange[] {
  return exchanges
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted')
    .sort((a, b) => (a.sentUs ?? 0) - (b.sentUs ?? 0));
}

/** A load that succeeds first and fails at the gateway from some moment on. Failures of the members are another cause's. */
function spellOf(experimentId: string, context: DetectorContext): Spell | undefined {
  const load = ended(context.measures.exchanges({ experimentId, route: GATEWAY, roles: ['load'] }));
  const first = load.findIndex(isFailure);
  if (first < LEAST_BEFORE) return undefined;
  const tail = load.slice(first);
  const refused = tail.filter((exchange) => refusedByGateway(exchange, context));
  const failed = tail.filter(isFailure);
  if (refused.length < LEAST_EVENTS || refused.length < MOST * tail.length || refused.length < failed.length)
    return undefined;
  return {
    experimentId,
    before: load.slice(0, first),
    tail: refused,
    endUs: Math.max(...load.map(({ endUs }) => endUs)),
  };
}

/** Undefined: over too soon. `unknown`: nobody asked for long enough. */
function memoryOf(spell: Spell, context: DetectorContext): Memory | 'unknown' | undefined {
  const { measures } = context;
  const settledUs = spell.endUs + SETTLED_US;
  const nextLoad = measures.experiments.find(
    ({ planned, startUs }) => startUs >= spell.endUs && (planned.kind === 'burst' || planned.kind === 'ramp'),
  );
  const later = ended(measures.exchanges({ route: GATEWAY })).filter(
    ({ sentUs = 0 }) => sentUs >= settledUs && sentUs < (nextLoad?.startUs ?? Number.POSITIVE_INFINITY),
  );
  const back = later.findIndex((exchange) => !isFailure(exchange));
  const after = back === -1 ? later : later.slice(0, back);
  if (later.length === 0 || (back === -1 && after.length > 0)) return 'unknown';
  if (after.length < LEAST_EVENTS || after.some((exchange) => !refusedByGateway(exchange, context))) return undefined;
  const again = later.slice(back, back + LEAST_EVENTS);
  if (again.length < LEAST_EVENTS) return 'unknown';
  if (again.some(isFailure)) return undefined;
  const [firstOk] = again;
  if (!membersAnswered(spell.tail[0]?.sentUs ?? 0, firstOk?.sentUs ?? 0, context)) return undefined;
  // The first connection of the load is the first to be forgotten, and one port is enough for a single request.
  const [opened] = spell.before;
  const high = (firstOk?.sentUs ?? 0) - (opened?.sentUs ?? 0);
  const low = (after.at(-1)?.sentUs ?? 0) - (opened?.endUs ?? 0);
  if (low < LEAST_MEMORY_US) return undefined;
  if (high > LOOSE_RATIO * low) return 'unknown';
  if (!FORGOTTEN_AFTER_US.some((us) => isWithin(us, low, high))) return undefined;
  return { after, recoveredUs: firstOk?.sentUs ?? 0, lasted: { value: Math.round((low + high) / 2), low, high } };
}

function isWithin(us: number, low: number, high: number): boolean {
  return us >= low * (1 - TOLERANCE_RATIO) && us <= high * (1 + TOLERANCE_RATIO);
}

/** Directly, from the first failure until it was over: each member was asked, and none failed. */
function membersAnswered(fromUs: number, toUs: number, { measures }: DetectorContext): boolean {
  return measures.members.every((member) => {
    const direct = ended(measures.exchanges({ route: directTo(member) })).filter(
      ({ sentUs = 0 }) => sentUs >= fromUs && sentUs <= toUs,
    );
    return direct.length >= LEAST_EVENTS && !direct.some(isFailure);
  });
}

/**
 * Gateways that take members out put them back after a time of their own, counted from a failure under load; members that answer
 * would then be found well. Where that fits what was seen, nobody can tell.
 */
function rivalHold({ gateway }: DetectorContext, { recoveredUs }: Memory, { tail }: Spell): string | undefined {
  if (gateway.kind === 'unknown') return 'What the gateway is, is not known, and some take members out for as long.';
  const [shortest, longest] = [tail.at(-1), tail[0]].map((exchange) => recoveredUs - (exchange?.sentUs ?? 0));
  const { holdUs = 0 } = gateway.ejection;
  const hold = [holdUs, ...USUAL_HOLDS_US].find((us) => us > 0 && isWithin(us, shortest ?? 0, longest ?? 0));
  return hold === undefined
    ? undefined
    : `A gateway that takes members out for ${formatDuration(hold)} after a failure would look alike.`;
}

function candidateOf(spell: Spell, memory: Memory, context: DetectorContext): Candidate {
  const { before, tail } = spell;
  const { after, lasted } = memory;
  const failures = [...tail, ...after];
  const doubt = rivalHold(context, memory, spell);
  const spanUs = Math.max(1, (tail[0]?.sentUs ?? 0) - (before[0]?.sentUs ?? 0));
  const perSec = (before.length * US_PER_SEC) / spanUs;
  const of = before.length + failures.length;
  return {
    cause: 'connection/port-exhaustion',
    scope: { route: 'gateway' },
    severity: doubt === undefined ? 'warning' : 'info',
    confidence: doubt === undefined ? 'likely' : 'possible',
    // Of all these requests those that failed are the last ones: by chance each would with the share that was left (rule of succession).
    p: (1 / (before.length + 2)) ** failures.length,
    title: `The gateway refuses requests after ${formatNumber(before.length)} in ${formatDuration(spanUs)}, and still did when the load was gone: it recovered ${formatDuration(lasted.low)} to ${formatDuration(lasted.high)} after the first of them.`,
    meaning: `The first ${formatNumber(before.length)} requests of the load (${formatNumber(perSec)}/s) all succeeded, then it failed at once, and so did ${after.length} single requests afterwards, while every direct request to a member succeeded. A closed connection keeps its local port, or its address translation, for 60 to 240 s: that is how long it took.${doubt === undefined ? '' : ` ${doubt} Its log tells: "cannot assign requested address", 10048, 10055.`}`,
    measured: {
      recoveryUs: lasted,
      ratePerSec: { value: perSec },
      errorRatio: { value: failures.length / of, ...proportionInterval(failures.length, of) },
    },
    exhibits: [
      exchangesExhibit(
        'port-exhaustion',
        'Requests that the gateway refused',
        'From the first of them to the last no request through the gateway succeeded after the load had ended; members answered all along.',
        failures,
      ),
    ],
    rivals: [
      { cause: 'queue/rejected', whyNot: 'a limit lets requests pass again as soon as the load is gone' },
      { cause: 'member/none-available', whyNot: 'members answered directly, and it lasted as long as ports are kept' },
      { cause: 'probe/saturated', whyNot: 'the gateway answered: the connections of this machine were made' },
    ],
    affected: { count: failures.length, of },
    explains: seqsOf(failures),
  };
}
