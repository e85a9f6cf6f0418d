import { distinctTimeouts, idleTimeout } from '../analysis/keep-alive.ts';
import type { KeepAliveSpec, Profile, RequestSpec } from '../model/profile.ts';
import { formatDuration } from '../model/quantity.ts';
import { US_PER_SEC } from '../model/time.ts';
import { packSchedule, type Shot } from '../traffic/schedule.ts';
import { directRoutes, type Experiment, endOf, routesOf } from './experiment.ts';
import { measureReuse, POOL_RUNGS } from './keep-alive-pool.ts';
import { CONTROLS, SWEEP_BUDGET, SWEEP_ROUNDS, sweepAround } from './keep-alive-sweep.ts';
import { mainRequest } from './request-choice.ts';

/**
 * Connections held on each route. Two that agree show a timer, the third that it is none by chance (methods C.3); with two
 * more the median stands where the probe or a member was busy at the moment of two of them.
 */
const HELD = 5;
/** Between them on the same route, so that one such moment spoils one of them. */
const HELD_APART_US = 200_000;
/** Each different timeout is a sweep of its own. */
const MOST_TIMEOUTS = 3;

/** Gateways repeat other methods by themselves, and hide the race (nginx, Caddy, Varnish). */
const NOT_REPEATED = ['POST', 'PATCH'];

/** What is sent after the pauses: a request that gateways do not repeat, only where the operator says that it is safe. */
function sweptRequest(spec: KeepAliveSpec, profile: Profile): RequestSpec {
  const safe = profile.requests.find(({ method, safe }) => safe && NOT_REPEATED.includes(method));
  return spec.request === undefined && safe !== undefined ? safe : mainRequest(profile, spec.request);
}

function stepUs({ limits }: Profile): number {
  return Math.ceil(US_PER_SEC / Math.min(limits.maxRatePerSec, limits.maxNewConnectionsPerSec));
}

function apartUs(profile: Profile): number {
  return Math.max(HELD_APART_US, routesOf(profile).length * stepUs(profile));
}

function* heldShots(spec: KeepAliveSpec, profile: Profile): Generator<Shot> {
  const { name } = mainRequest(profile);
  for (let round = 0; round < HELD; round++) {
    for (const [place, route] of routesOf(profile).entries()) {
      yield {
        dueUs: round * apartUs(profile) + place * stepUs(profile),
        route,
        request: name,
        connection: 'new',
        holdUs: spec.upToUs,
        tag: { kind: 'keep-alive', part: 'hold', step: 'fill', gapUs: spec.upToUs, round },
      };
    }
  }
}

export const keepAlive: Experiment<KeepAliveSpec> = {
  kind: 'keep-alive',
  loop: () => 'open',
  plan(spec, profile, id) {
    const { name, method } = sweptRequest(spec, profile);
    const members = profile.members.length;
    const several = members > 1;
    const sweeps = Math.min(MOST_TIMEOUTS, members);
    const poolRungs = spec.connectionHeader === undefined || members === 0 ? 0 : POOL_RUNGS;
    const rounds = poolRungs + sweeps * SWEEP_ROUNDS;
    const held = spec.upToUs + HELD * apartUs(profile);
    const sweepUs = SWEEP_BUDGET.sharedUs + sweeps * SWEEP_BUDGET.perUpTo * spec.upToUs;
    return {
      id,
      kind: 'keep-alive',
      spec,
      requestsPerRoute: {
        ...Object.fromEntries(directRoutes(profile).map((route) => [route, HELD])),
        gateway: HELD + rounds * 2 * members + sweeps * 1.5 * (CONTROLS + 2 * members),
      },
      durationUs: held + poolRungs * spec.upToUs + sweepUs,
      peakRatePerSec: Math.min(profile.limits.maxRatePerSec, 1_000),
      peakInFlight: Math.min(profile.limits.maxInFlight, routesOf(profile).length),
      describe: [
        `${HELD} connections on every route, each held idle after one request until it is closed, up to ${formatDuration(spec.upToUs)}`,
        ...(spec.connectionHeader === undefined
          ? ['without connectionHeader it stays open how long the gateway reuses connections']
          : [`pauses through the gateway, to see by ${spec.connectionHeader} how long it reuses connections`]),
        `where members close first: ${method} ${name} through the gateway after pauses around that time; it may fail, and it ends after 3 to 8 that did${several ? '; where the gateway takes members out for failures, only if the request is marked safe: true' : ''}. Traffic of others keeps connections busy: then less is found`,
      ],
    };
  },
  async run(planned, spec, context) {
    const { profile, sender, live, signal } = context;
    const { id } = planned;
    sender.closeIdle();
    await sender.fire(id, packSchedule(heldShots(spec, profile)));
    if (signal.aborted) return endOf(context);
    const exchanges = live.ofExperiment(id);
    const members = directRoutes(profile).map((route) => idleTimeout(route, exchanges));
    const timeouts = distinctTimeouts(members)
      .slice(0, MOST_TIMEOUTS)
      .map(({ timeout }) => timeout);
    const notes: string[] = [];
    if (profile.members.length === 0) return endOf(context);
    let isGivenUp = false;
    if (spec.connectionHeader !== undefined) {
      const pool = await measureReuse(id, mainRequest(profile).name, timeouts[0]?.low ?? spec.upToUs, context);
      isGivenUp = pool.isGivenUp;
      notes.push(pool.note);
    }
    for (const timeout of timeouts) {
      if (signal.aborted) break;
      if (isGivenUp) {
        notes.push('the gateway gives connections up before a member does: no request was sent at that moment');
        break;
      }
      const budgetUs = SWEEP_BUDGET.sharedUs / timeouts.length + SWEEP_BUDGET.perUpTo * spec.upToUs;
      notes.push(await sweepAround({ id, request: sweptRequest(spec, profile), timeout, budgetUs }, context));
    }
    if (timeouts.length === 0) {
      const waited = formatDuration(Math.max(0, ...members.map(({ waitedUs }) => waitedUs)));
      notes.push(`no member closed two idle connections within ${waited}: there was nothing to sweep around`);
    }
    return { ...endOf(context), notes };
  },
};
