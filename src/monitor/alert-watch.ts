/** From what the monitor sees to whom the profile names: rounds as failures, findings as tickets; nothing in maintenance. */
import { type Exchange, isFailure, outcomeKey } from '../model/exchange.ts';
import type { HistoryEvent, Round } from '../model/history.ts';
import type { AlertSettings, Profile } from '../model/profile.ts';
import { GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import { isAtLeast } from '../model/severity.ts';
import type { Clock, Random } from '../model/time.ts';
import { type AlertDelivery, type AlertTarget, createAlertDelivery, type DeliveryState } from './alert-delivery.ts';
import { noticeText } from './alert-payloads.ts';
import { type Alert, type Alerting, createAlerting, type Notice } from './alerting.ts';
import { wallUs } from './deps.ts';
import type { FeedMessage } from './feed.ts';
import { createFindingTickets, type FindingTickets } from './finding-tickets.ts';
import type { MonitorLog } from './log.ts';
import { maintenanceAt } from './maintenance.ts';
import { routesOf } from './round.ts';

export type AlertWatch = {
  /** What the feed says, in its order. Returns at once. */
  take(message: FeedMessage): void;
  /** What is open from before a restart was told then. `events`: findings and failures that last, and notices. */
  recall(profile: Profile, events: readonly HistoryEvent[]): void;
  /** Undefined where a profile names nobody. */
  deliveries(profile: string): readonly DeliveryState[] | undefined;
  /** Waits `graceUs` at most for what is still to be delivered; the rest is lost, and logged. */
  close(graceUs: number): Promise<void>;
};

export type AlertWatchOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: MonitorLog;
  /** As it is in force now. */
  readonly profileOf: (name: string) => Profile | undefined;
  /** Called for each notice, beside its delivery. */
  readonly onNotice: (profile: string, event: HistoryEvent) => void;
};

/** One profile as long as whom it tells stays the same. */
type Watch = {
  readonly settings: AlertSettings;
  readonly alerting: Alerting;
  readonly tickets: FindingTickets;
  readonly delivery: AlertDelivery;
  /** Spells of failures that last, by their event. */
  readonly spells: Map<string, HistoryEvent>;
  /** A round with a failure that is being asked again just now: what it is called is known within a minute. */
  waiting: Round | undefined;
};

export function createAlertWatch(options: AlertWatchOptions): AlertWatch {
  const { clock, log, profileOf } = options;
  const stop = new AbortController();
  const watches = new Map<string, Watch>();
  /** Of settings that were changed, as long as something waits. */
  let former: readonly AlertDelivery[] = [];

  function watchOf(name: string): Watch | undefined {
    const settings = profileOf(name)?.alerts;
    const known = watches.get(name);
    // Profiles are read from YAML in the order of their keys: the same text is the same settings.
    if (settings !== undefined && JSON.stringify(known?.settings) === JSON.stringify(settings)) return known;
    if (known !== undefined) former = [...former, known.delivery].filter(isWaiting);
    watches.delete(name);
    if (settings === undefined || targetsOf(settings).length === 0) return undefined;
    const watch = newWatch(name, settings, options, stop.signal);
    watches.set(name, watch);
    return watch;
  }
  function send(name: string, watch: Watch, notices: readonly Notice[]): void {
    for (const notice of notices) {
      watch.delivery.send(notice);
      options.onNotice(name, eventOf(name, notice));
    }
  }
  function takeRound(round: Round): void {
    const profile = profileOf(round.profile);
    const watch = watchOf(round.profile);
    if (profile === undefined || watch === undefined || round.kind !== 'scheduled') return;
    takeWaiting(profile, watch);
    if (isNews(watch, round)) watch.waiting = round;
    else observe(profile, watch, round);
  }
  function takeWaiting(profile: Profile, watch: Watch): void {
    const { waiting } = watch;
    watch.waiting = undefined;
    if (waiting !== undefined) observe(profile, watch, waiting);
  }
  function observe(profile: Profile, watch: Watch, round: Round): void {
    const atUs = round.endedAtUs;
    // Rules look back for hours and days: what failed while somebody worked must not tell anybody when the work is done.
    if (maintenanceAt(profile.maintenance ?? [], atUs) !== undefined) return;
    send(profile.name, watch, watch.alerting.retain(routesOf(profile), atUs));
    for (const route of routesOf(profile)) send(profile.name, watch, observed(watch, round, route));
    send(profile.name, watch, watch.tickets.tick(atUs, watch.alerting.open()));
  }

  return {
    take(message) {
      if (message.kind === 'round') takeRound(message.round);
      if (message.kind !== 'event') return;
      const { event } = message;
      const watch = event.kind === 'failing' || event.kind === 'finding' ? watchOf(event.profile) : undefined;
      if (watch === undefined) return;
      if (event.kind === 'finding') send(event.profile, watch, watch.tickets.take(event, wallUs(clock)));
      else {
        if (event.toAtUs === undefined) watch.spells.set(event.id, event);
        else watch.spells.delete(event.id);
        const profile = profileOf(event.profile);
        if (profile !== undefined) takeWaiting(profile, watch);
      }
    },
    recall({ name }, events) {
      const watch = watchOf(name);
      if (watch !== undefined) recallInto(watch, events);
    },
    deliveries: (name) => watches.get(name)?.delivery.state(),
    async close(graceUs) {
      const all = [...former, ...[...watches.values()].map(({ delivery }) => delivery)];
      if (all.some(isWaiting)) {
        const settled = Promise.all(all.map((delivery) => delivery.settled()));
        await Promise.race([settled, clock.sleep(graceUs, stop.signal)]);
      }
      const left = all.flatMap((delivery) => delivery.state()).filter(({ waiting }) => waiting > 0);
      for (const { name, waiting } of left)
        log.warn({}, `${name}: ${waiting} alerts were not delivered before the end`);
      stop.abort();
    },
  };
}

function recallInto({ tickets, spells, alerting }: Watch, events: readonly HistoryEvent[]): void {
  for (const event of events) {
    if (event.kind === 'finding' && event.toAtUs === undefined) tickets.recall(event);
    if (event.kind === 'failing' && event.toAtUs === undefined) spells.set(event.id, event);
  }
  for (const { alert, toldAtUs } of openAlerts(events)) alerting.recall(alert, toldAtUs);
}

function isWaiting(delivery: AlertDelivery): boolean {
  return delivery.state().some(({ waiting }) => waiting > 0);
}

function newWatch(name: string, settings: AlertSettings, options: AlertWatchOptions, signal: AbortSignal): Watch {
  const { clock, random, log } = options;
  const { from, after, repeatUs } = settings;
  const repeat = repeatUs === undefined ? {} : { repeatUs };
  return {
    settings,
    // What pages is an error, what makes a ticket a warning.
    alerting: createAlerting({ ...repeat, pagesOnly: isAtLeast(from, 'error') }),
    tickets: createFindingTickets({ from, after, ...repeat }),
    delivery: createAlertDelivery({
      targets: targetsOf(settings),
      ...{ clock, signal, random: random.fork(`alerts ${name}`) },
      onProblem: (target, text) => log.warn({ profile: name }, `${target}: an alert was not delivered: ${text}`),
    }),
    spells: new Map(),
    waiting: undefined,
  };
}

function targetsOf({ webhook, alertmanagerUrl }: AlertSettings): readonly AlertTarget[] {
  return [
    ...(webhook === undefined ? [] : [{ name: 'webhook', ...webhook }]),
    ...(alertmanagerUrl === undefined
      ? []
      : [{ name: 'alertmanager', url: alertmanagerUrl, template: 'alertmanager' as const }]),
  ];
}

/** Whether a route fails that belongs to no failure that is known: it is asked again at once, and then named. */
function isNews({ spells }: Watch, { exchanges }: Round): boolean {
  const known = new Set([...spells.values()].flatMap(({ facts }) => (facts['routes'] as readonly string[]) ?? []));
  return exchanges.some((exchange) => isFailure(exchange) && !known.has(exchange.route));
}

/** Aborted requests and those that were never sent say nothing about the farm. */
function observed({ alerting, spells }: Watch, round: Round, route: RouteId): readonly Notice[] {
  const sent = round.exchanges.filter(
    (exchange) =>
      exchange.route === route && exchange.outcome.kind !== 'not-sent' && exchange.outcome.kind !== 'aborted',
  );
  if (sent.length === 0) return [];
  // The newest: a gateway that fails now and then because of a member may go down after that.
  const spell = [...spells.values()].findLast(({ facts }) =>
    (facts['routes'] as readonly string[] | undefined)?.includes(route),
  );
  // Another alert than that of the member: whoever was told of one member sleeps on while users get nothing.
  const isOnTop = route === GATEWAY && spell?.facts['isGatewayOnTop'] === true;
  const scope = isOnTop ? 'gateway-as-well' : spell?.facts['scope'];
  return alerting.observe({
    ...{ profile: round.profile, route, atUs: round.endedAtUs, count: sent.length },
    failed: sent.filter(isFailure).length,
    title: spell?.title ?? passingTitle(route, sent),
    ...(typeof scope === 'string' ? { cause: scope } : {}),
  });
}

/** Of a failure that belongs to no spell: it passed, or is about to be asked again. */
function passingTitle(route: RouteId, sent: readonly Exchange[]): string {
  const failures = sent.filter(isFailure);
  const where = route === GATEWAY ? 'through the gateway' : `to ${memberOf(route)}, asked directly,`;
  const what = [...new Set(failures.map(({ outcome }) => outcomeKey(outcome)))].join(', ');
  return `${sent.length === 1 ? 'A request' : `${failures.length} of ${sent.length} requests`} ${where} failed (${what})`;
}

/** What history keeps of a notice: enough to know the alert again after a restart. */
type NoticeFacts = Pick<Alert, 'urgency' | 'routes' | 'rules' | 'cause' | 'because' | 'openedAtUs'> & {
  readonly alert: string;
  readonly notice: Notice['kind'];
  readonly about: string;
};

/** A notice is a moment: what it is about has an event of its own. */
function eventOf(profile: string, notice: Notice): HistoryEvent {
  const { kind, atUs, alert } = notice;
  const [route, ...others] = alert.routes;
  return {
    id: `alert:${alert.id}:${kind}:${atUs}`,
    profile,
    kind: 'alert',
    severity: kind === 'recovered' ? 'info' : alert.urgency === 'page' ? 'error' : 'warning',
    fromAtUs: atUs,
    toAtUs: atUs,
    ...(route === undefined || others.length > 0 ? {} : { route: route as RouteId }),
    title: noticeText(notice),
    facts: {
      ...{ alert: alert.id, notice: kind, urgency: alert.urgency, routes: alert.routes, rules: alert.rules },
      ...{ cause: alert.cause, about: alert.title, because: alert.because, openedAtUs: alert.openedAtUs },
    } satisfies NoticeFacts,
  };
}

type Told = { readonly alert: Alert; readonly toldAtUs: number };

/** Alerts of failures whose newest notice is not their end; those of findings have no rules, and are known by their findings. */
function openAlerts(events: readonly HistoryEvent[]): readonly Told[] {
  const newest = new Map<string, HistoryEvent>();
  for (const event of events) {
    const id = String(event.facts['alert']);
    if (event.kind === 'alert' && event.fromAtUs >= (newest.get(id)?.fromAtUs ?? 0)) newest.set(id, event);
  }
  return [...newest].flatMap(([id, { profile, facts, fromAtUs }]): readonly Told[] => {
    const { notice, about, routes, rules, cause, because, urgency, openedAtUs } = facts as Partial<NoticeFacts>;
    if (notice === 'recovered' || rules === undefined || rules.length === 0 || routes === undefined) return [];
    // Written by an older version, which did not keep them.
    if (about === undefined || cause === undefined || openedAtUs === undefined) return [];
    const words = { title: about, because: because ?? '', urgency: urgency ?? 'page' };
    return [{ alert: { id, profile, cause, openedAtUs, routes, rules, ...words }, toldAtUs: fromAtUs }];
  });
}

/** For a reader of the profile's notes: what does not arrive. */
export function deliveryNotes(deliveries: readonly DeliveryState[] | undefined): readonly string[] {
  return (deliveries ?? []).flatMap(({ name, problem, waiting, lost }) => {
    if (problem === undefined && lost === 0) return [];
    const why = problem === undefined ? 'works again' : problem.text;
    return [`ATTENTION: alerts to the ${name}: ${why}; ${waiting} wait, ${lost} were lost since the monitor started`];
  });
}
