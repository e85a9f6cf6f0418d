/** What each kind of experiment sends, for `make-recording.ts`: due requests with plausible tags. */
import type { ExchangeTag } from '../../src/model/exchange.ts';
import type { Arrival, ExperimentKind, ExperimentSpec } from '../../src/model/profile.ts';
import { exponential, shuffled } from '../../src/model/random.ts';
import { GATEWAY, memberOf, type RouteId } from '../../src/model/route.ts';
import { type Random, US_PER_SEC } from '../../src/model/time.ts';
import type { Due } from './synthetic-exchanges.ts';
import { balanced, fails, OK, type Responder, replyOf } from './synthetic-replies.ts';

/**
 * Who answers what. Default member: 10 ms. Default gateway: its members in turn, 2 ms later; a member's connection
 * error becomes a 502.
 */
export type Farm = { readonly gateway?: Responder; readonly member?: Responder | Readonly<Record<string, Responder>> };

export type CompareOptions = Farm & {
  readonly ratePerSec?: number;
  readonly durationUs?: number;
  readonly newConnectionRatio?: number;
  /** Request names, taken in turn slot by slot. */
  readonly requests?: readonly string[];
};
export type LoadOptions = Farm & {
  readonly durationUs?: number;
  readonly arrival?: Arrival;
  /** Rate of the canary on each member; 0 for none. */
  readonly canaryPerSec?: number;
  /** Where the load goes (default: the gateway). */
  readonly route?: RouteId;
};
/** Open loop with `ratePerSec`, closed loop with `connections`. */
export type BurstOptions = LoadOptions & { readonly ratePerSec?: number; readonly connections?: number };
export type RampOptions = LoadOptions & { readonly fromPerSec?: number; readonly toPerSec?: number };
export type VolleyOptions = Farm & {
  readonly sizes?: readonly number[];
  readonly rounds?: number;
  readonly connection?: 'new' | 'warm';
  /** From one volley to the next. */
  readonly everyUs?: number;
};
export type IdleOptions = Farm & {
  readonly gapsUs?: readonly number[];
  readonly repeats?: number;
  /** Requests after the first one of a gap. */
  readonly warm?: number;
  /** What the first request after a gap meets; it takes `coldUs` instead of the farm's time. */
  readonly isCold?: (what: { readonly route: RouteId; readonly gapUs: number; readonly repeat: number }) => boolean;
  readonly coldUs?: number;
  /** What the first request gets then, where it is not a late 200 (its time stays within `coldUs`). */
  readonly coldReply?: Responder;
  /** Connection of the first request (default new); the others are warm. */
  readonly connection?: 'new' | 'warm';
};
export type TimeoutOptions = Farm & {
  /** Undefined: the gateway waits for ever. */
  readonly gatewayTimeoutUs?: number;
  readonly status?: number;
  readonly substatus?: number;
  readonly upToUs?: number;
  readonly requestName?: string;
};

/** The responder of each route. */
type FarmOf = (route: RouteId) => Responder;
type Context = { readonly routes: readonly RouteId[]; readonly random: Random };
type Experiment = { readonly spec: ExperimentSpec; readonly due: readonly Due[] };

const GATEWAY_US = 2_000;
const MEMBER_US = 10_000;

export function farmOf({ gateway, member = MEMBER_US }: Farm, members: readonly string[]): FarmOf {
  const isReply = typeof member !== 'object' || 'us' in member;
  const responderOf = (name: string): Responder => (isReply ? (member as Responder) : (member[name] ?? MEMBER_US));
  const proxied =
    gateway ?? throughGateway(balanced(...(members.length === 0 ? [MEMBER_US] : members.map(responderOf))));
  return (route) => {
    const name = memberOf(route);
    return name === undefined ? proxied : responderOf(name);
  };
}

function throughGateway(responder: Responder): Responder {
  return (ask) => {
    const reply = replyOf(responder, ask);
    return reply.outcome?.kind === 'connection-error'
      ? fails(reply.us + GATEWAY_US, 502)
      : { ...reply, us: reply.us + GATEWAY_US };
  };
}

/** Slots at a constant rate: every route once, in random order within the first fifth of the slot. */
export function compare(options: CompareOptions, farm: FarmOf, { routes, random }: Context): Experiment {
  const { ratePerSec = 20, durationUs = 60 * US_PER_SEC, newConnectionRatio = 0.1, requests } = options;
  const intervalUs = US_PER_SEC / ratePerSec;
  const newEvery = newConnectionRatio > 0 ? Math.round(1 / newConnectionRatio) : Number.POSITIVE_INFINITY;
  const due: Due[] = [];
  for (let slot = 0; slot < Math.floor(durationUs / intervalUs); slot++) {
    const arm = slot % newEvery === newEvery - 1 ? 'new' : 'warm';
    const requestName = requests?.[slot % requests.length];
    shuffled(routes, random).forEach((route, order) => {
      const offsetUs = (0.2 * intervalUs * order) / routes.length;
      due.push({
        route,
        atUs: slot * intervalUs + offsetUs,
        responder: farm(route),
        slot,
        connection: arm,
        tag: { kind: 'slot', arm },
        ...(requestName === undefined ? {} : { requestName }),
      });
    });
  }
  return { spec: { kind: 'compare', ratePerSec, durationUs, newConnectionRatio, arrival: 'uniform' }, due };
}

export function burst(options: BurstOptions, farm: FarmOf, context: Context): Experiment {
  const { ratePerSec = 100, connections, durationUs = 3 * US_PER_SEC, arrival = 'uniform', route = GATEWAY } = options;
  const canaries = canariesOf(options, durationUs, farm, context);
  if (connections !== undefined) {
    const spec: ExperimentSpec = { kind: 'burst', load: { loop: 'closed', connections }, durationUs, arrival: 'burst' };
    const one = (atUs: number): Due => ({
      ...loadDue(route, atUs, farm),
      next: (endAtUs) => (endAtUs < durationUs ? one(endAtUs) : undefined),
    });
    return { spec, due: [...Array.from({ length: connections }, (_, i) => one(i)), ...canaries] };
  }
  const times: number[] = [];
  const gapUs = (): number =>
    arrival === 'poisson' ? exponential(context.random, US_PER_SEC / ratePerSec) : US_PER_SEC / ratePerSec;
  for (let atUs = arrival === 'poisson' ? gapUs() : 0; atUs < durationUs; atUs += gapUs()) times.push(atUs);
  const spec: ExperimentSpec = { kind: 'burst', load: { loop: 'open', ratePerSec }, durationUs, arrival };
  return { spec, due: [...times.map((atUs) => loadDue(route, atUs, farm)), ...canaries] };
}

/** The rate rises linearly. */
export function ramp(options: RampOptions, farm: FarmOf, context: Context): Experiment {
  const { fromPerSec = 5, toPerSec = 200, durationUs = 10 * US_PER_SEC, route = GATEWAY } = options;
  const times: number[] = [];
  for (let atUs = 0; atUs < durationUs; ) {
    times.push(atUs);
    atUs += US_PER_SEC / (fromPerSec + ((toPerSec - fromPerSec) * atUs) / durationUs);
  }
  const canaries = canariesOf(options, durationUs, farm, context);
  const due = [...times.map((atUs) => loadDue(route, atUs, farm)), ...canaries];
  return { spec: { kind: 'ramp', fromPerSec, toPerSec, durationUs }, due };
}

function loadDue(route: RouteId, atUs: number, farm: FarmOf): Due {
  return { route, atUs, responder: farm(route), tag: { kind: 'load' } };
}

function canariesOf({ canaryPerSec = 4 }: LoadOptions, durationUs: number, farm: FarmOf, { routes }: Context): Due[] {
  if (canaryPerSec === 0) return [];
  const intervalUs = US_PER_SEC / canaryPerSec;
  return routes.slice(1).flatMap((route, i) => {
    const firstUs = (intervalUs * (i + 0.5)) / routes.length;
    return Array.from({ length: Math.floor(durationUs / intervalUs) }, (_, n): Due => {
      return { route, atUs: firstUs + n * intervalUs, responder: farm(route), tag: { kind: 'canary' } };
    });
  });
}

/** Every size on every route, one volley after the other. */
export function volley(options: VolleyOptions, farm: FarmOf, { routes }: Context): Experiment {
  const { sizes = [2, 4, 8, 16, 32], rounds = 1, connection = 'warm', everyUs = 20 * US_PER_SEC } = options;
  const due: Due[] = [];
  let atUs = 0;
  for (let round = 0; round < rounds; round++) {
    for (const size of sizes) {
      for (const route of routes) {
        const tag: ExchangeTag = { kind: 'volley', size, round };
        for (let i = 0; i < size; i++) due.push({ route, atUs, responder: farm(route), connection, tag });
        atUs += everyUs;
      }
    }
  }
  return { spec: { kind: 'volley', sizes }, due };
}

/** On every route at the same time: a gap, the first request, then warm ones every 200 ms. */
export function idle(options: IdleOptions, farm: FarmOf, { routes }: Context): Experiment {
  const { gapsUs = [30, 300, 1_260].map((seconds) => seconds * US_PER_SEC), repeats = 2, warm = 5 } = options;
  const { isCold, coldUs = 3 * US_PER_SEC, connection = 'new' } = options;
  const due: Due[] = [];
  for (const route of routes) {
    let atUs = 0;
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const gapUs of gapsUs) {
        atUs += gapUs;
        const isColdNow = isCold?.({ route, gapUs, repeat }) ?? false;
        for (let order = 0; order <= warm; order++) {
          const isFirst = order === 0;
          due.push({
            route,
            atUs,
            responder: isFirst && isColdNow ? (options.coldReply ?? coldUs) : farm(route),
            connection: isFirst ? connection : 'warm',
            ...(isFirst ? { idleUs: gapUs } : {}),
            tag: { kind: 'idle', gapUs, repeat, order },
          });
          atUs += isFirst ? 2 * coldUs : US_PER_SEC / 5;
        }
      }
    }
  }
  return { spec: { kind: 'idle', gapsUs, repeats }, due };
}

/**
 * The three-request proof: far beyond any timer, just below and just above the gateway's (where it has one); a control
 * without delay; and the longest delay directly on every member.
 */
export function timeout(options: TimeoutOptions, farm: FarmOf, { routes }: Context): Experiment {
  const { gatewayTimeoutUs, status = 504, substatus, upToUs = 60 * US_PER_SEC, requestName = 'report' } = options;
  const marginUs = gatewayTimeoutUs === undefined ? 0 : Math.max(0.02 * gatewayTimeoutUs, 200_000);
  const due: Due[] = [];
  let atUs = 0;
  const ask = (route: RouteId, delayUs: number, purpose: (ExchangeTag & { kind: 'delay' })['purpose']): void => {
    const isCut = route === GATEWAY && gatewayTimeoutUs !== undefined && delayUs > gatewayTimeoutUs;
    const responder: Responder = isCut
      ? { ...fails(gatewayTimeoutUs + GATEWAY_US, status, substatus), exact: true }
      : (asked) => {
          const reply = replyOf(farm(route), asked);
          return { ...reply, us: reply.us + delayUs, exact: true, outcome: reply.outcome ?? OK };
        };
    due.push({ route, atUs, responder, requestName, tag: { kind: 'delay', delayUs, purpose } });
    atUs += delayUs + US_PER_SEC;
  };
  ask(GATEWAY, 0, 'control');
  ask(GATEWAY, upToUs, 'beyond');
  if (gatewayTimeoutUs !== undefined) {
    ask(GATEWAY, gatewayTimeoutUs - marginUs, 'below');
    ask(GATEWAY, gatewayTimeoutUs + marginUs, 'above');
  }
  for (const route of routes.slice(1)) ask(route, upToUs, 'direct');
  return { spec: { kind: 'timeout', request: requestName, upToUs }, due };
}

/** A plausible specification for exchanges that were written by hand. */
export function anySpec(kind: ExperimentKind): ExperimentSpec {
  const durationUs = 60 * US_PER_SEC;
  switch (kind) {
    case 'compare':
      return { kind, ratePerSec: 20, durationUs, newConnectionRatio: 0.1, arrival: 'uniform' };
    case 'ramp':
      return { kind, fromPerSec: 5, toPerSec: 200, durationUs };
    case 'burst':
      return { kind, load: { loop: 'open', ratePerSec: 100 }, durationUs, arrival: 'uniform' };
    case 'volley':
      return { kind, sizes: [2, 4, 8] };
    case 'idle':
      return { kind, gapsUs: [30 * US_PER_SEC], repeats: 2 };
    case 'timeout':
      return { kind, upToUs: 150 * US_PER_SEC };
    case 'keep-alive':
      return { kind, upToUs: 10 * US_PER_SEC, connectionHeader: 'X-Connection' };
    default:
      return kind satisfies never;
  }
}
