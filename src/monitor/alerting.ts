/** From rounds to notices: which alerts are open, and what is worth telling. No I/O, no clock: everything comes with its time. */
import { FLAP_CHECKS, FLAP_START_RATIO, FLAP_STOP_RATIO, stateChangeRatio } from '../model/state-changes.ts';
import { alertRules, type Rule, type RuleId, type Urgency } from './alert-rules.ts';

/** One round on one route. */
export type Observation = {
  readonly profile: string;
  readonly route: string;
  readonly atUs: number;
  readonly count: number;
  readonly failed: number;
  /** What it was put down to, if anything: alerts of one cause are one. An id of causes.ts, or of a classification. */
  readonly cause?: string;
  /** A plain sentence about it. */
  readonly title?: string;
};

/**
 * unwatched: it ended because none of its routes is watched any more; whether they work is not known. found-during: a finding
 * that waited for the end of a page; what it rests on may be over with it. not-found: history shows a finding no longer,
 * up to a day after it last happened.
 */
export type AlertHeading = 'unwatched' | 'found-during' | 'not-found';

export type Alert = {
  /** `<profile>/<cause>/<opened>`: the same alert has the same id in all its notices. */
  readonly id: string;
  readonly profile: string;
  readonly cause: string;
  readonly urgency: Urgency;
  readonly openedAtUs: number;
  readonly routes: readonly string[];
  /** Rules that held when it was last told. */
  readonly rules: readonly RuleId[];
  readonly title: string;
  /** Why it was raised, in words. */
  readonly because: string;
  /** Where the word for the kind of notice would say too much. */
  readonly heading?: AlertHeading;
};

/**
 * opened; worse: a ticket became a page; reminder: still open; flapping: it comes and goes, and only its end is told from
 * now on; recovered.
 */
export type NoticeKind = 'opened' | 'worse' | 'reminder' | 'flapping' | 'recovered';
export type Notice = { readonly kind: NoticeKind; readonly atUs: number; readonly alert: Alert };

/** A time in which nobody is told. It always has an end. A field left out means all. */
export type Silence = {
  readonly profile?: string;
  readonly cause?: string;
  readonly route?: string;
  readonly fromAtUs: number;
  readonly untilAtUs: number;
  readonly reason: string;
};

export type AlertingOptions = {
  /** Share of requests that are to succeed (0..1). */
  readonly objectiveRatio?: number;
  /** Time after which an open alert is told again; left out: never. */
  readonly repeatUs?: number;
  /** Of these only pages are told. */
  readonly pagesOnly?: boolean;
};

export type Alerting = {
  /** Rounds of one route come in order of time. */
  observe(observation: Observation): readonly Notice[];
  /** Reminders, and alerts that a silence held back. */
  tick(atUs: number): readonly Notice[];
  silence(silence: Silence): void;
  /** One that was told before a restart: it is not told again, and its end is. */
  recall(alert: Alert, toldAtUs: number): void;
  /** All routes that are watched: what only others kept open is over, since no round will ever say so. */
  retain(routes: readonly string[], atUs: number): readonly Notice[];
  open(): readonly Alert[];
};

/** Rounds without a failure before an alert may end: as many as the rule that opens it looks back on. */
const CALM_ROUNDS = 5;

/**
 * A ticket is told when failures still come half an hour after a rule asked for it: what was only a blip of two rounds
 * has no ticket, and an outage is told once, as a page.
 */
const TICKET_AFTER_US = 1_800_000_000;

type Series = {
  readonly profile: string;
  readonly route: string;
  readonly rules: readonly Rule[];
  holding: readonly Rule[];
  readonly states: boolean[];
  calmRounds: number;
  isFlapping: boolean;
  cause: string;
  title: string;
};

type OpenAlert = {
  alert: Alert;
  readonly series: Set<Series>;
  /** A page at once; a ticket when it has lasted. */
  isDue: boolean;
  /** Undefined: not yet due, held back by a silence, or not told at all. */
  toldAtUs?: number;
  isFlappingTold: boolean;
};

export function createAlerting(options: AlertingOptions = {}): Alerting {
  const series = new Map<string, Series>();
  const opened = new Map<string, OpenAlert>();
  let silences: readonly Silence[] = [];

  const isToBeTold = (alert: Alert, atUs: number): boolean =>
    !(options.pagesOnly === true && alert.urgency !== 'page') && !isSilenced(alert, silences, atUs);

  const tell = (open: OpenAlert, kind: NoticeKind, atUs: number): readonly Notice[] => {
    if (!open.isDue || !isToBeTold(open.alert, atUs)) return [];
    open.toldAtUs = atUs;
    return [{ kind, atUs, alert: open.alert }];
  };

  const raise = (own: Series, atUs: number): readonly Notice[] => {
    const known = [...opened.values()].find((open) => open.series.has(own)) ?? opened.get(groupOf(own));
    if (known === undefined) {
      const alert = alertOf(own, atUs);
      const isDue = alert.urgency === 'page';
      const open: OpenAlert = { alert, series: new Set([own]), isDue, isFlappingTold: false };
      opened.set(groupOf(own), open);
      return tell(open, 'opened', atUs);
    }
    known.series.add(own);
    const wasPage = known.alert.urgency === 'page';
    known.alert = joined(known);
    const hasLasted = own.calmRounds === 0 && atUs - known.alert.openedAtUs >= TICKET_AFTER_US;
    known.isDue ||= known.alert.urgency === 'page' || hasLasted;
    if (own.calmRounds === 0 && (known.toldAtUs === undefined || (!wasPage && known.alert.urgency === 'page')))
      nameAnew(known, own, opened);
    if (known.toldAtUs === undefined) return tell(known, 'opened', atUs);
    // A gateway fails at every other request while one of two members is down: that trouble stays, it does not come and go.
    if (own.isFlapping && own.calmRounds === 0 && !known.isFlappingTold && ![...known.series].some(isSteady)) {
      known.isFlappingTold = true;
      return tell(known, 'flapping', atUs);
    }
    return !wasPage && known.alert.urgency === 'page' ? tell(known, 'worse', atUs) : [];
  };

  const tick = (atUs: number): readonly Notice[] => {
    silences = silences.filter(({ untilAtUs }) => untilAtUs > atUs);
    return [...opened.values()].flatMap((open) => {
      if (open.toldAtUs === undefined) return tell(open, 'opened', atUs);
      const { repeatUs } = options;
      return repeatUs !== undefined && atUs - open.toldAtUs >= repeatUs ? tell(open, 'reminder', atUs) : [];
    });
  };

  return {
    observe(observation) {
      const own = seriesOf(series, observation, options.objectiveRatio);
      take(own, observation);
      const isBad = own.holding.length > 0;
      return [
        ...(isBad ? raise(own, observation.atUs) : []),
        ...settle(opened, observation.atUs),
        ...tick(observation.atUs),
      ];
    },
    tick,
    silence(silence) {
      silences = [...silences, silence];
    },
    recall(alert, toldAtUs) {
      const { profile, cause } = alert;
      const own = recalled(alert, (route) => seriesOf(series, { profile, route }, options.objectiveRatio));
      opened.set(`${profile} ${cause}`, { alert, series: own, isDue: true, toldAtUs, isFlappingTold: false });
    },
    retain(routes, atUs) {
      for (const [name, { route }] of series) if (!routes.includes(route)) series.delete(name);
      return endUnwatched(opened, routes, atUs);
    },
    open: () => [...opened.values()].filter(({ isDue }) => isDue).map(({ alert }) => alert),
  };
}

function settle(opened: Map<string, OpenAlert>, atUs: number): readonly Notice[] {
  return [...opened].flatMap(([group, open]) => {
    // A page ends with its own rules: those of tickets look back on hours and days, and may go on as a ticket.
    const isHolding = (rules: readonly Rule[]): boolean =>
      rules.some(({ urgency }) => open.alert.urgency === 'ticket' || urgency === 'page');
    // While it flaps the next failure is near: its end is told once it is calm.
    const isOver = [...open.series].every(
      ({ holding, calmRounds, isFlapping }) => !isHolding(holding) && calmRounds >= CALM_ROUNDS && !isFlapping,
    );
    if (!isOver) return [];
    opened.delete(group);
    // Who was never told of it need not hear that it is over.
    return open.toldAtUs === undefined ? [] : [{ kind: 'recovered' as const, atUs, alert: open.alert }];
  });
}

function endUnwatched(opened: Map<string, OpenAlert>, routes: readonly string[], atUs: number): readonly Notice[] {
  return [...opened].flatMap(([group, { alert, series, toldAtUs }]) => {
    for (const own of series) if (!routes.includes(own.route)) series.delete(own);
    if (series.size > 0) return [];
    opened.delete(group);
    return toldAtUs === undefined
      ? []
      : [{ kind: 'recovered' as const, atUs, alert: { ...alert, heading: 'unwatched' as const } }];
  });
}

/** Under the name that it was told by: `<profile>: <title>`. */
function recalled({ routes, profile, cause, title }: Alert, seriesTo: (route: string) => Series): Set<Series> {
  const all = routes.map(seriesTo);
  for (const own of all) {
    own.cause = cause;
    own.title = title.slice(profile.length + 2);
  }
  return new Set(all);
}

function isSilenced({ profile, cause, routes }: Alert, silences: readonly Silence[], atUs: number): boolean {
  return silences.some(
    (one) =>
      one.fromAtUs <= atUs &&
      atUs < one.untilAtUs &&
      (one.profile === undefined || one.profile === profile) &&
      (one.cause === undefined || one.cause === cause) &&
      (one.route === undefined || routes.every((route) => route === one.route)),
  );
}

function seriesOf(
  all: Map<string, Series>,
  { profile, route }: Pick<Observation, 'profile' | 'route'>,
  objectiveRatio: number | undefined,
): Series {
  const name = `${profile} ${route}`;
  const known = all.get(name);
  if (known !== undefined) return known;
  const fresh: Series = {
    profile,
    route,
    rules: alertRules(objectiveRatio),
    holding: [],
    states: [],
    calmRounds: 0,
    isFlapping: false,
    cause: 'failing',
    title: '',
  };
  all.set(name, fresh);
  return fresh;
}

function take(own: Series, { atUs, count, failed, cause, title }: Observation): void {
  own.holding = own.rules.filter((rule) => rule.take({ atUs, count, failed }));
  own.calmRounds = failed > 0 ? 0 : own.calmRounds + 1;
  own.states.push(failed > 0);
  if (own.states.length > FLAP_CHECKS) own.states.shift();
  // A handful of checks changes by a large share at once.
  const ratio = own.states.length < FLAP_CHECKS ? 0 : stateChangeRatio(own.states);
  own.isFlapping = own.isFlapping ? ratio > FLAP_STOP_RATIO : ratio > FLAP_START_RATIO;
  if (failed === 0) return;
  own.cause = cause ?? 'failing';
  own.title = title ?? `${failed} of ${count} requests failed`;
}

/** It failed in each of its last rounds. */
function isSteady({ states }: Series): boolean {
  return states.length >= CALM_ROUNDS && states.slice(-CALM_ROUNDS).every((isBad) => isBad);
}

function groupOf({ profile, cause }: Series): string {
  return `${profile} ${cause}`;
}

function urgencyOf(rules: readonly Rule[]): Urgency {
  return rules.some(({ urgency }) => urgency === 'page') ? 'page' : 'ticket';
}

function alertOf(own: Series, atUs: number): Alert {
  const { profile, route, cause, title, holding } = own;
  return {
    id: idOf(profile, cause, atUs),
    profile,
    cause,
    urgency: urgencyOf(holding),
    openedAtUs: atUs,
    routes: [route],
    rules: holding.map(({ id }) => id),
    title: `${profile}: ${title}`,
    because: becauseOf(route, holding),
  };
}

/** Never less urgent than it was: who was woken for it may go on until it is over. */
function joined({ alert, series }: OpenAlert): Alert {
  const holding = [...series].filter((own) => own.holding.length > 0);
  const rules = holding.flatMap((own) => own.holding);
  return {
    ...alert,
    urgency: alert.urgency === 'page' ? 'page' : urgencyOf(rules),
    routes: [...new Set([...alert.routes, ...holding.map(({ route }) => route)])],
    rules: [...new Set(rules.map(({ id }) => id))],
    because: holding.map((own) => becauseOf(own.route, own.holding)).join('; '),
  };
}

/**
 * What is told now is what fails now: a rule may hold since another failure of hours ago. Its cause stays once it was
 * told, because whoever was told knows it by that, and where another alert has that cause already.
 */
function nameAnew(open: OpenAlert, own: Series, opened: Map<string, OpenAlert>): void {
  const { profile, cause, title } = own;
  open.alert = { ...open.alert, title: `${profile}: ${title}` };
  if (open.toldAtUs !== undefined || opened.has(groupOf(own))) return;
  for (const [group, one] of opened) if (one === open) opened.delete(group);
  open.alert = { ...open.alert, cause, id: idOf(profile, cause, open.alert.openedAtUs) };
  opened.set(groupOf(own), open);
}

function idOf(profile: string, cause: string, openedAtUs: number): string {
  return `${profile}/${cause}/${Math.round(openedAtUs / 1_000)}`;
}

function becauseOf(route: string, holding: readonly Rule[]): string {
  const worst = holding.find(({ urgency }) => urgency === 'page') ?? holding[0];
  return `${route}: ${worst?.text ?? 'calm again'}`;
}
