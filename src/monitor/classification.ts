/** What a confirm burst says about a failure: where it is, and whether it is over. Pure. */
import { type Exchange, isFailure, outcomeKey } from '../model/exchange.ts';
import { formatDuration } from '../model/quantity.ts';
import { GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import type { Severity } from '../model/severity.ts';
import { type IdleDrops, isDropOfKept } from './idle-drops.ts';

/** How often a route was asked and failed; what was not sent says nothing. */
export type RouteTally = {
  readonly route: RouteId;
  readonly asked: number;
  readonly failed: number;
  /** Of the failures, by outcome key. */
  readonly outcomes: Readonly<Record<string, number>>;
};

export const SCOPES = ['passing', 'gateway-only', 'one-member', 'some-members', 'all-members', 'everything'] as const;
/**
 * passing: gone when asked again. gateway-only: members answer when asked directly. one-member, some-members, all-members:
 * they fail directly, whatever the gateway does. everything: the gateway and all members.
 */
export type FailureScope = (typeof SCOPES)[number];

export type Classification = {
  readonly scope: FailureScope;
  readonly severity: Severity;
  /** Routes that still fail, at least now and then. */
  readonly failing: readonly RouteId[];
  readonly title: string;
  readonly tallies: readonly RouteTally[];
};

function wasSent({ outcome }: Exchange): boolean {
  return outcome.kind !== 'not-sent' && outcome.kind !== 'aborted';
}

export function tallyRoutes(exchanges: readonly Exchange[]): readonly RouteTally[] {
  const routes = [...new Set(exchanges.map(({ route }) => route))];
  return routes.map((route) => {
    const sent = exchanges.filter((exchange) => exchange.route === route && wasSent(exchange));
    const failures = sent.filter(isFailure);
    const outcomes: Record<string, number> = {};
    for (const { outcome } of failures) outcomes[outcomeKey(outcome)] = (outcomes[outcomeKey(outcome)] ?? 0) + 1;
    return { route, asked: sent.length, failed: failures.length, outcomes };
  });
}

/** From this share of the confirm burst on a route counts as down; below, it fails now and then. */
const DOWN_RATIO = 0.5;

/** `first` are the failures that led to the burst; `idleDrops` has seen them, and what came before. */
export function classify(
  first: readonly Exchange[],
  burst: readonly Exchange[],
  idleDrops?: Pick<IdleDrops, 'closeOf'>,
): Classification {
  const tallies = tallyRoutes(burst).filter(({ asked }) => asked > 0);
  const bad = tallies.filter(({ failed }) => failed > 0);
  const members = tallies.filter(({ route }) => route !== GATEWAY);
  const badMembers = bad.filter(({ route }) => route !== GATEWAY);
  const gateway = tallies.find(({ route }) => route === GATEWAY);
  const isSilent = burst.every((exchange) => isUnreached(exchange) || !wasSent(exchange));
  const scope = scopeOf(gateway, members.length, badMembers.length);
  return {
    scope,
    severity: severityOf(scope, gateway, badMembers, first),
    failing: bad.map(({ route }) => route),
    title: titleOf(scope, { first, gateway, members, badMembers, idleDrops, isSilent }),
    tallies,
  };
}

function scopeOf(gateway: RouteTally | undefined, members: number, badMembers: number): FailureScope {
  const gatewayFails = (gateway?.failed ?? 0) > 0;
  if (badMembers === 0) return gatewayFails ? 'gateway-only' : 'passing';
  if (badMembers === members && members > 1) return gatewayFails ? 'everything' : 'all-members';
  if (badMembers === members && gatewayFails) return 'everything';
  return badMembers === 1 ? 'one-member' : 'some-members';
}

/** What users feel comes first: a gateway that fails is worse than a member that it can do without. */
function severityOf(
  scope: FailureScope,
  gateway: RouteTally | undefined,
  badMembers: readonly RouteTally[],
  first: readonly Exchange[],
): Severity {
  if (scope === 'passing') return first.some(isFeltByUsers) ? 'warning' : 'info';
  if (gateway !== undefined && gateway.failed > 0)
    return gateway.failed >= DOWN_RATIO * gateway.asked ? 'critical' : 'error';
  return badMembers.some(({ asked, failed }) => failed >= DOWN_RATIO * asked) ? 'error' : 'warning';
}

function isFeltByUsers(exchange: Exchange): boolean {
  return exchange.route === GATEWAY && !isDropOfKept(exchange);
}

type Parts = {
  readonly first: readonly Exchange[];
  readonly gateway: RouteTally | undefined;
  readonly members: readonly RouteTally[];
  readonly badMembers: readonly RouteTally[];
  readonly idleDrops: Pick<IdleDrops, 'closeOf'> | undefined;
  /** Not one request of the burst was even refused. */
  readonly isSilent: boolean;
};

/** No word of the other side, not even that its port is closed: where all ways are so, what they share is this machine. */
function isUnreached({ outcome, connection }: Exchange): boolean {
  if (outcome.kind === 'timeout')
    // On a connection from before a dead network is only silent; that new ones fail as well tells it from work that hangs.
    return outcome.waitingFor === 'connect' || (connection?.isNew === false && outcome.bytesReceived === 0);
  return outcome.kind === 'connection-error' && (outcome.code === 'unreachable' || outcome.code === 'dns');
}

function titleOf(scope: FailureScope, parts: Parts): string {
  const { first, gateway, members, badMembers, idleDrops, isSilent } = parts;
  const rest = members.length - badMembers.length;
  const through = gateway === undefined ? 'the gateway was not asked' : `through the gateway ${countsOf(gateway)}`;
  switch (scope) {
    case 'passing':
      return `${passingTitle(first, [...(gateway === undefined ? [] : [gateway]), ...members])}${whyDropped(first, idleDrops)}`;
    case 'gateway-only':
      return `The gateway fails and members do not: ${countsOf(gateway)}; asked directly, ${members.length === 1 ? 'the member answers' : `${allOf(members.length)} answer`}`;
    case 'one-member':
      return `Member ${namesOf(badMembers)} fails when asked directly: ${countsOf(badMembers[0])}; ${through}${rest > 0 ? `; the other ${rest === 1 ? 'member answers' : `${rest} members answer`}` : ''}`;
    case 'some-members':
      return `${badMembers.length} of ${members.length} members fail when asked directly (${namesOf(badMembers)}): ${countsOf(sumOf(badMembers))}; ${through}`;
    case 'all-members':
      return `${capital(allOf(members.length))} fail when asked directly: ${countsOf(sumOf(badMembers))}; ${through}`;
    case 'everything':
      if (isSilent)
        return `This machine reaches neither the gateway nor ${members.length === 1 ? 'its member' : `any of ${members.length} members`}: ${through}, directly ${countsOf(sumOf(badMembers))}. Nobody answered, not even with a refusal: look first at the network of this machine, which is all that they share as seen from here`;
      return `The gateway and ${members.length === 1 ? 'its member' : allOf(members.length)} fail: ${through}, directly ${countsOf(sumOf(badMembers))}`;
    default:
      return scope satisfies never;
  }
}

/** Whether the gateway failed in the burst as often as something that is down. */
export function isGatewayDown({ tallies }: Pick<Classification, 'tallies'>): boolean {
  const gateway = tallies.find(({ route }) => route === GATEWAY);
  return gateway !== undefined && gateway.failed >= DOWN_RATIO * gateway.asked;
}

/** Where members that fail were told of before, and the gateway goes down on top of it. */
export function gatewayAsWellTitle({ tallies }: Pick<Classification, 'tallies'>): string {
  const gateway = tallies.find(({ route }) => route === GATEWAY);
  const badMembers = tallies.filter(({ route, failed }) => route !== GATEWAY && failed > 0);
  return `The gateway goes down as well: ${countsOf(gateway)}; ${namesOf(badMembers)} failed before, asked directly`;
}

function allOf(count: number): string {
  return count === 2 ? 'both members' : `all ${count} members`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function passingTitle(first: readonly Exchange[], tallies: readonly RouteTally[]): string {
  const routes = [...new Set(first.map(({ route }) => memberOf(route) ?? 'the gateway'))].join(', ');
  const what = [...new Set(first.map(({ outcome }) => outcomeKey(outcome)))].join(', ');
  const asked = tallies.reduce((sum, tally) => sum + tally.asked, 0);
  const after =
    asked === 0 ? 'it could not be asked again' : `asked again at once, ${asked} of ${asked} requests succeeded`;
  return `${first.length === 1 ? 'A request' : `${first.length} requests`} on ${routes} failed (${what}): ${after}`;
}

/** Said of kept connections only where all failures are drops on them. */
function whyDropped(first: readonly Exchange[], idleDrops: Parts['idleDrops']): string {
  const [one] = first;
  if (one === undefined || !first.every(isDropOfKept)) return '';
  const known = first.map(({ route }) => idleDrops?.closeOf(route));
  const [close] = known;
  if (close === undefined || known.includes(undefined)) {
    const idleUs = first.map(({ connection }) => connection?.idleUs ?? 0);
    return `; on a kept connection after ${rangeOf(Math.min(...idleUs), Math.max(...idleUs))} of idle time, which the other side may have closed just then: one such drop cannot tell that from chance`;
  }
  return `; the other side closes connections after ${rangeOf(close.lowUs, close.highUs)} of idle time: ${close.drops} drops on kept connections share it, and none of ${close.newConnections} requests on new connections was dropped`;
}

function rangeOf(lowUs: number, highUs: number): string {
  const [low, high] = [formatDuration(lowUs), formatDuration(highUs)];
  return low === high ? low : `${low} to ${high}`;
}

function namesOf(tallies: readonly RouteTally[]): string {
  return tallies.map(({ route }) => memberOf(route) ?? 'gateway').join(', ');
}

function countsOf(tally: Omit<RouteTally, 'route'> | undefined): string {
  const { asked = 0, failed = 0, outcomes = {} } = tally ?? {};
  const kinds = Object.entries(outcomes)
    .sort(([, a], [, b]) => b - a)
    .map(([key, count]) => (count === failed ? key : `${key} ${count} times`));
  const few = failed > 0 && failed < DOWN_RATIO * asked ? 'now and then, ' : '';
  return `${few}${failed} of ${asked} requests fail${kinds.length === 0 ? '' : ` (${kinds.join(', ')})`}`;
}

function sumOf(tallies: readonly RouteTally[]): Omit<RouteTally, 'route'> {
  const outcomes: Record<string, number> = {};
  for (const tally of tallies)
    for (const [key, count] of Object.entries(tally.outcomes)) outcomes[key] = (outcomes[key] ?? 0) + count;
  return {
    asked: tallies.reduce((sum, { asked }) => sum + asked, 0),
    failed: tallies.reduce((sum, { failed }) => sum + failed, 0),
    outcomes,
  };
}
