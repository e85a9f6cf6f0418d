/** What the feed shows of one profile. Pure. */
import type { CertificateFacts } from '../model/exchange.ts';
import { memberOf, type RouteId } from '../model/route.ts';
import { US_PER_MS } from '../model/time.ts';
import type { CertificateState, LagState, ProfileState, RouteState } from './feed.ts';
import { idleBounds } from './quiet.ts';
import { routesOf } from './round.ts';
import { rhythmNow, type Watched } from './watched.ts';

export function profileState(watched: Watched): ProfileState {
  const { profile, file, loadedAtUs, nextDueAtUs, lastRound, maintenance, refused, judged } = watched;
  const { intervalUs } = rhythmNow(watched);
  return {
    profile: profile.name,
    file,
    loadedAtUs,
    schedule: watched.ordinary.text,
    ...(intervalUs === undefined ? {} : { intervalUs }),
    isFaster: watched.faster !== undefined,
    ...(nextDueAtUs === undefined ? {} : { nextRoundAtUs: nextDueAtUs }),
    ...(lastRound === undefined ? {} : { lastRound }),
    lag: lagState(watched.lagsUs),
    rounds: { ...watched.rounds },
    overlapped: watched.overlapped,
    requests: watched.requests,
    routes: routesOf(profile).map((route) => routeState(watched, route)),
    ...(maintenance === undefined ? {} : { maintenance }),
    ...(refused === undefined ? {} : { refused }),
    certificates: [...watched.certificates].map(([route, facts]) => certificateState(route, facts)),
    outlook: watched.outlook,
    notes: watched.notes,
    ...(judged === undefined ? {} : { judged }),
  };
}

function certificateState(route: RouteId, { subject, issuer, validToAt }: CertificateFacts): CertificateState {
  const member = memberOf(route);
  return {
    route,
    ...(member === undefined ? {} : { member }),
    ...{ subject, issuer, validToAtUs: Date.parse(validToAt) * US_PER_MS },
  };
}

function routeState(watched: Watched, route: RouteId): RouteState {
  const { window, silent, spells } = watched;
  const member = memberOf(route);
  const last = watched.last.get(route);
  const spell = spells.find(({ failing }) => failing.includes(route));
  const observations = watched.observations.get(route);
  const untilAtUs = silent.has(route) ? window?.untilAtUs.get(route) : undefined;
  return {
    route,
    ...(member === undefined ? {} : { member }),
    ...(last === undefined ? {} : { last }),
    ...(spell === undefined ? {} : { failing: { sinceAtUs: spell.event.fromAtUs, eventId: spell.event.id } }),
    ...(window === undefined || untilAtUs === undefined
      ? {}
      : { quiet: { why: window.why, fromAtUs: window.fromAtUs, untilAtUs } }),
    ...(observations === undefined ? {} : { idle: idleBounds(observations) }),
  };
}

export function lagState(lagsUs: readonly number[]): LagState {
  const sorted = lagsUs.toSorted((a, b) => a - b);
  const rank = Math.max(0, Math.ceil(0.99 * sorted.length) - 1);
  return { lastUs: lagsUs.at(-1) ?? 0, p99Us: sorted[rank] ?? 0, maxUs: sorted.at(-1) ?? 0 };
}
