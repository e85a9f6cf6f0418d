/** One round from its order to history and feed, with what follows from failures. */
import { type Exchange, isFailure, outcomeKey, responseTimeUs } from '../model/exchange.ts';
import type { KeptExchange, Round } from '../model/history.ts';
import type { RouteId } from '../model/route.ts';
import type { RoundOrder } from '../pipeline/watch-round.ts';
import { classify } from './classification.ts';
import { type MonitorDeps, tell, wallUs } from './deps.ts';
import type { LastOutcome, RoundState } from './feed.ts';
import { confirmOrder, routesOf } from './round.ts';
import { fasterRhythm } from './schedule.ts';
import { confirmedSpell, newlyFailing, stepSpells } from './spells.ts';
import { isFailingNow, streamOf, type Watched } from './watched.ts';

/**
 * Sends one round, keeps and publishes it. Lag counts from `dueAtUs`, or from the end of the round before where that lasted
 * longer: how long the farm takes to answer is no fault of the monitor.
 */
export async function ask(deps: MonitorDeps, watched: Watched, order: RoundOrder, dueAtUs: number): Promise<Round> {
  const { clock, watching } = deps;
  const { profile } = watched;
  const calledAtUs = wallUs(clock);
  const { delayUs, exchanges } = await watching.send(profile.name, order);
  const startedAtUs = calledAtUs + Math.max(0, delayUs);
  const couldBeginAtUs = Math.max(dueAtUs, watched.lastRound?.endedAtUs ?? 0);
  const round: Round = {
    profile: profile.name,
    kind: order.kind,
    startedAtUs,
    endedAtUs: Math.max(startedAtUs, wallUs(clock)),
    lagUs: Math.max(0, startedAtUs - couldBeginAtUs),
    exchanges,
  };
  const kept = keptOf(watched, round);
  take(watched, round);
  deps.keeper.keep(round, kept, round.endedAtUs);
  deps.publish({ kind: 'round', round, summary: summaryOf(round) });
  return round;
}

/** What a round of the profile's rhythm, or after a silence, leads to: spells go on or end, new failures are confirmed. */
export async function followUp(deps: MonitorDeps, watched: Watched, round: Round): Promise<void> {
  const step = stepSpells(watched.spells, round.exchanges, round);
  watched.spells = step.spells;
  for (const event of step.events) {
    deps.log.info({ profile: watched.profile.name, event: event.id }, `over: ${event.title}`);
    tell(deps, event);
  }
  const first = newlyFailing(watched.spells, round.exchanges);
  if (first.length > 0) await confirm(deps, watched, round, first);
  setPace(deps, watched);
}

async function confirm(deps: MonitorDeps, watched: Watched, round: Round, first: readonly Exchange[]): Promise<void> {
  const { profile, silent } = watched;
  // Who is silent on purpose stays so: a burst would spoil the night's measurement.
  const routes = routesOf(profile).filter((route) => !silent.has(route));
  const order = confirmOrder(profile, first[0]?.requestName ?? '', routes);
  const burst = await ask(deps, watched, order, wallUs(deps.clock));
  const fromAtUs = round.startedAtUs + Math.min(...first.map(({ dueUs }) => dueUs));
  const step = confirmedSpell(watched.spells, {
    profile: profile.name,
    first,
    classification: classify(first, burst.exchanges, watched.idleDrops),
    burst: burst.exchanges,
    fromAtUs,
    endedAtUs: burst.endedAtUs,
    ...(watched.maintenance === undefined ? {} : { maintenance: watched.maintenance.reason ?? 'maintenance' }),
  });
  watched.spells = step.spells;
  for (const event of step.events) {
    deps.log.warn({ profile: profile.name, event: event.id, severity: event.severity }, event.title);
    tell(deps, event);
  }
}

function setPace(deps: MonitorDeps, watched: Watched): void {
  const isFailing = isFailingNow(watched);
  if (isFailing === (watched.faster !== undefined)) return;
  const nowAtUs = wallUs(deps.clock);
  watched.faster = isFailing ? fasterRhythm(watched.ordinary, nowAtUs, streamOf(watched, 'pace')) : undefined;
  watched.lastDueAtUs = nowAtUs;
  deps.publish({ kind: 'state' });
}

/** At most so many rounds are looked at for the lag that is shown: about an hour. */
const LAGS = 100;

function take(watched: Watched, round: Round): void {
  const { kind, startedAtUs, exchanges, lagUs } = round;
  watched.rounds[kind]++;
  watched.requests += exchanges.length;
  watched.lastRound = summaryOf(round);
  if (kind === 'scheduled') watched.lagsUs = [...watched.lagsUs, lagUs].slice(-LAGS);
  for (const exchange of exchanges) {
    const { route, outcome, endUs, tag } = exchange;
    if (outcome.kind === 'not-sent') continue;
    watched.last.set(route, lastOf(exchange, startedAtUs));
    watched.lastEndAtUs.set(route, Math.max(watched.lastEndAtUs.get(route) ?? 0, startedAtUs + endUs));
    if (exchange.certificate !== undefined) watched.certificates.set(route, exchange.certificate);
    watched.idleDrops.add(exchange);
    if (tag?.kind !== 'idle') watched.baseline.add(exchange);
  }
}

function lastOf(exchange: Exchange, startedAtUs: number): LastOutcome {
  return {
    atUs: startedAtUs + exchange.dueUs,
    requestName: exchange.requestName,
    connection: exchange.connection?.isNew === false ? 'warm' : 'new',
    outcome: outcomeKey(exchange.outcome),
    failed: isFailure(exchange),
    responseUs: responseTimeUs(exchange),
    requestId: exchange.requestId,
  };
}

function keptOf(
  { profile, baseline, lastEndAtUs }: Watched,
  { startedAtUs, exchanges }: Round,
): readonly KeptExchange[] {
  const isFirst = (route: RouteId): boolean => !lastEndAtUs.has(route);
  return exchanges.flatMap((exchange): readonly KeptExchange[] => {
    const reason = isFailure(exchange)
      ? ('failure' as const)
      : exchange.tag?.kind === 'idle' || (isFirst(exchange.route) && exchange.sentUs !== undefined)
        ? ('first' as const)
        : baseline.isSlow(exchange)
          ? ('slow' as const)
          : undefined;
    return reason === undefined
      ? []
      : [{ profile: profile.name, atUs: startedAtUs + exchange.dueUs, reason, exchange }];
  });
}

export function summaryOf({ kind, startedAtUs, endedAtUs, lagUs, exchanges }: Round): RoundState {
  return {
    kind,
    startedAtUs,
    endedAtUs,
    lagUs,
    due: exchanges.length,
    notSent: exchanges.filter(({ outcome }) => outcome.kind === 'not-sent').length,
    failed: exchanges.filter(isFailure).length,
  };
}
