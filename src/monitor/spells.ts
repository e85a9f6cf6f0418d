/** Spells of failures: from the first failure to the recovery, one event each. Pure: state in, state and events out. */
import { type Exchange, isFailure, outcomeKey } from '../model/exchange.ts';
import type { HistoryEvent } from '../model/history.ts';
import { GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import { compareSeverity } from '../model/severity.ts';
import { type Classification, gatewayAsWellTitle, isGatewayDown, tallyRoutes } from './classification.ts';

export type Spell = {
  readonly event: HistoryEvent;
  /** Routes that have not recovered; none: the spell is over. */
  readonly failing: readonly RouteId[];
  /** Good rounds in a row on each of them. */
  readonly goodRounds: Readonly<Partial<Record<RouteId, number>>>;
  /** Begin of those good rounds: when it recovered, if it did. */
  readonly goodSinceAtUs: Readonly<Partial<Record<RouteId, number>>>;
};

export type SpellStep = { readonly spells: readonly Spell[]; readonly events: readonly HistoryEvent[] };

/** One good answer may be luck; with a faster interval a second one comes within seconds. */
const GOOD_ROUNDS = 2;
/** What fails again so soon after it recovered is the same trouble, told once. */
const SAME_TROUBLE_US = 300_000_000;
/** Ids of requests in an event: enough to find them in logs. */
const MOST_IDS = 20;

/** Routes that fail in these exchanges and belong to no open spell: they want a confirm burst. */
export function newlyFailing(spells: readonly Spell[], exchanges: readonly Exchange[]): readonly Exchange[] {
  const known = new Set(spells.flatMap(({ failing }) => failing));
  return exchanges.filter((exchange) => isFailure(exchange) && !known.has(exchange.route));
}

export type Confirmed = {
  readonly profile: string;
  /** Failures that led to the burst. */
  readonly first: readonly Exchange[];
  readonly classification: Classification;
  readonly burst: readonly Exchange[];
  /** Wall time of the first failure, and of the end of the burst. */
  readonly fromAtUs: number;
  readonly endedAtUs: number;
  readonly maintenance?: string;
};

/** A failure that was confirmed, or passed: a new spell, a recent one of the same routes that goes on, or one that lasts and shows itself again. */
export function confirmedSpell(spells: readonly Spell[], confirmed: Confirmed): SpellStep {
  const { classification, fromAtUs, endedAtUs } = confirmed;
  const lasting = lastingTrouble(spells, confirmed);
  if (lasting !== undefined) return joined(spells, lasting, confirmed);
  const routes = new Set([...confirmed.first.map(({ route }) => route), ...classification.failing]);
  const recent = spells.find(
    ({ event, failing }) =>
      failing.length === 0 &&
      fromAtUs - (event.toAtUs ?? 0) <= SAME_TROUBLE_US &&
      routesIn(event).some((route) => routes.has(route)),
  );
  const known = new Set(spells.flatMap(({ failing }) => failing));
  const failing = classification.failing.filter((route) => !known.has(route));
  const isGatewayOnTop = failing.join() === GATEWAY && classification.failing.length > 1;
  const title = isGatewayOnTop ? gatewayAsWellTitle(classification) : classification.title;
  const plain = eventOf({ ...confirmed, classification: { ...classification, title } }, routes, recent?.event);
  const made = isGatewayOnTop ? { ...plain, facts: { ...plain.facts, isGatewayOnTop } } : plain;
  // Everything that still fails may belong to spells that last already.
  const event: HistoryEvent = failing.length === 0 ? { ...made, toAtUs: endedAtUs } : made;
  const spell: Spell = { event, failing, goodRounds: {}, goodSinceAtUs: {} };
  return { spells: [...spells.filter((other) => other !== recent), spell], events: [event] };
}

/**
 * A gateway fails now and then while a member behind it is down, whenever it sends it a request: that is the member's trouble, which
 * lasts, and not one that begins and ends with each such request. A gateway that is down is another matter.
 */
function lastingTrouble(spells: readonly Spell[], { first, classification }: Confirmed): Spell | undefined {
  const known = new Set(spells.flatMap(({ failing }) => failing));
  const members = classification.failing.filter((route) => route !== GATEWAY);
  const isKnown = (route: RouteId): boolean => route === GATEWAY || known.has(route);
  if (members.length === 0 || isGatewayDown(classification)) return undefined;
  if (![...members, ...first.map(({ route }) => route)].every(isKnown)) return undefined;
  return spells.find(({ failing }) => members.some((member) => failing.includes(member)));
}

/** Told again only where it reaches users for the first time. */
function joined(spells: readonly Spell[], lasting: Spell, { first, classification, burst }: Confirmed): SpellStep {
  const before = lasting.event;
  const isNew = !routesIn(before).includes(GATEWAY);
  const isWorse = compareSeverity(classification.severity, before.severity) > 0;
  const event = countInto(
    {
      ...before,
      ...(isWorse ? { severity: classification.severity } : {}),
      ...(isNew ? { title: classification.title } : {}),
      facts: {
        ...before.facts,
        ...(isNew ? { scope: classification.scope, routes: [...routesIn(before), GATEWAY] } : {}),
      },
    },
    [...first, ...burst],
  );
  const failing = [...new Set([...lasting.failing, ...classification.failing.filter((route) => route === GATEWAY)])];
  const { [GATEWAY]: _, ...goodRounds } = lasting.goodRounds;
  const { [GATEWAY]: __, ...goodSinceAtUs } = lasting.goodSinceAtUs;
  const spell: Spell = { event, failing, goodRounds, goodSinceAtUs };
  return {
    spells: spells.map((other) => (other === lasting ? spell : other)),
    events: isNew || isWorse ? [event] : [],
  };
}

/** What a round says about the spells that last. */
export function stepSpells(
  spells: readonly Spell[],
  exchanges: readonly Exchange[],
  round: { readonly startedAtUs: number; readonly endedAtUs: number },
): SpellStep {
  const tallies = new Map(tallyRoutes(exchanges).map((tally) => [tally.route, tally]));
  const events: HistoryEvent[] = [];
  const next = spells.flatMap((spell): readonly Spell[] => {
    if (spell.failing.length === 0) return round.endedAtUs - (spell.event.toAtUs ?? 0) > SAME_TROUBLE_US ? [] : [spell];
    const goodRounds = { ...spell.goodRounds };
    const goodSinceAtUs = { ...spell.goodSinceAtUs };
    for (const route of spell.failing) {
      const tally = tallies.get(route);
      if (tally === undefined || tally.asked === 0) continue;
      if (tally.failed > 0) {
        delete goodRounds[route];
        delete goodSinceAtUs[route];
      } else {
        goodRounds[route] = (goodRounds[route] ?? 0) + 1;
        goodSinceAtUs[route] ??= round.startedAtUs;
      }
    }
    const failing = spell.failing.filter((route) => (goodRounds[route] ?? 0) < GOOD_ROUNDS);
    const counted = countInto(
      spell.event,
      exchanges.filter(({ route }) => spell.failing.includes(route)),
    );
    if (failing.length > 0) return [{ event: counted, failing, goodRounds, goodSinceAtUs }];
    const recovered = spell.failing.map((route) => goodSinceAtUs[route] ?? round.startedAtUs);
    const event = { ...counted, toAtUs: Math.max(...recovered) };
    events.push(event);
    return [{ event, failing, goodRounds: {}, goodSinceAtUs: {} }];
  });
  return { spells: next, events };
}

/** Ends what lasts, where its routes are no longer watched. */
export function endSpells(spells: readonly Spell[], gone: (route: RouteId) => boolean, atUs: number): SpellStep {
  const events: HistoryEvent[] = [];
  const next = spells.map((spell): Spell => {
    const failing = spell.failing.filter((route) => !gone(route));
    if (failing.length === spell.failing.length) return spell;
    if (failing.length > 0) return { ...spell, failing };
    const facts = { ...spell.event.facts, endedBecause: 'no longer watched' };
    const event = { ...spell.event, toAtUs: atUs, facts };
    events.push(event);
    return { ...spell, event, failing };
  });
  return { spells: next, events };
}

/** Spells that lasted when the monitor stopped: the first rounds say which of their routes still fail. */
export function recalledSpells(events: readonly HistoryEvent[]): readonly Spell[] {
  return events
    .filter(({ kind, toAtUs }) => kind === 'failing' && toAtUs === undefined)
    .map((event) => ({ event, failing: routesIn(event), goodRounds: {}, goodSinceAtUs: {} }));
}

function routesIn(event: HistoryEvent): readonly RouteId[] {
  return (event.facts['routes'] as readonly RouteId[] | undefined) ?? [];
}

function eventOf(
  { profile, first, classification, burst, fromAtUs, endedAtUs, maintenance }: Confirmed,
  routes: ReadonlySet<RouteId>,
  recent: HistoryEvent | undefined,
): HistoryEvent {
  const all = [...new Set([...(recent === undefined ? [] : routesIn(recent)), ...routes])];
  const [single] = all;
  const directly = all.filter((route) => route !== GATEWAY);
  const member = directly.length === 1 && directly[0] !== undefined ? memberOf(directly[0]) : undefined;
  const again = Number(recent?.facts['times'] ?? 0) + 1;
  const severity =
    recent !== undefined && compareSeverity(recent.severity, classification.severity) > 0
      ? recent.severity
      : classification.severity;
  const base: HistoryEvent = {
    id: recent?.id ?? `failing:${profile}:${fromAtUs}:${[...routes].sort().join(',')}`,
    profile,
    kind: 'failing',
    severity,
    fromAtUs: recent?.fromAtUs ?? fromAtUs,
    ...(all.length === 1 && single !== undefined ? { route: single } : {}),
    ...(member === undefined ? {} : { member }),
    title: again === 1 ? classification.title : `${classification.title} (failed ${again} times, recovered between)`,
    facts: {
      ...recent?.facts,
      scope: classification.scope,
      routes: all,
      times: again,
      confirmedAtUs: endedAtUs,
      confirm: classification.tallies,
      ...(maintenance === undefined ? {} : { duringMaintenance: maintenance }),
    },
  };
  return countInto(base, [...first, ...burst]);
}

/** Adds requests and failures to the facts of an event. */
function countInto(event: HistoryEvent, exchanges: readonly Exchange[]): HistoryEvent {
  const { facts } = event;
  const failures = exchanges.filter(isFailure);
  const sent = exchanges.filter(({ outcome }) => outcome.kind !== 'not-sent' && outcome.kind !== 'aborted');
  const outcomes = { ...(facts['outcomes'] as Record<string, number> | undefined) };
  for (const { outcome } of failures) outcomes[outcomeKey(outcome)] = (outcomes[outcomeKey(outcome)] ?? 0) + 1;
  const ids = [
    ...((facts['requestIds'] as readonly string[] | undefined) ?? []),
    ...failures.map((one) => one.requestId),
  ];
  return {
    ...event,
    facts: {
      ...facts,
      requests: Number(facts['requests'] ?? 0) + sent.length,
      failures: Number(facts['failures'] ?? 0) + failures.length,
      outcomes,
      requestIds: ids.slice(0, MOST_IDS),
    },
  };
}
