import type { Profile, VolleySpec } from '../model/profile.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { packSchedule, type Shot } from '../traffic/schedule.ts';
import { type Experiment, endOf, routesOf } from './experiment.ts';
import { mainRequest } from './request-choice.ts';
import { fireWatched } from './watched-firing.ts';

/** Each size twice: a wave pattern that is chance does not come again. */
const ROUNDS = 2;
/** Between volleys, so that the queue of the one before is empty. */
const PAUSE_US = 250_000;
/** How many volleys of a quick target begin within a second. */
const VOLLEYS_PER_SEC = US_PER_SEC / PAUSE_US;

function allowedSizes(spec: VolleySpec, profile: Profile): readonly number[] {
  const { maxInFlight, maxRatePerSec } = profile.limits;
  const quick = spec.beside === undefined ? 0 : quickCount(profile);
  return spec.sizes.filter((size) => size + quick <= Math.min(maxInFlight, maxRatePerSec));
}

/** A second where `limits.maxRate` would not hold otherwise. */
function pauseUs(sizes: readonly number[], profile: Profile): number {
  return Math.max(0, ...sizes) * VOLLEYS_PER_SEC > profile.limits.maxRatePerSec ? US_PER_SEC : PAUSE_US;
}

/**
 * A quick request is sent at these moments of a volley: late enough that the slow ones have reached their places, early
 * enough that one of 200 ms still is under way.
 */
const QUICK_OFFSETS_US = [30_000, 60_000, 90_000, 120_000];
/** And so often alone beforehand, 50 ms apart: its quiet level on the same connections. */
const QUICK_ALONE = 8;
const ALONE_EVERY_US = 50_000;

/** Quick requests that may be under way beside one volley, on all routes. */
function quickCount(profile: Profile): number {
  return QUICK_OFFSETS_US.length * routesOf(profile).length;
}

/** On every route at the same moments: what waits in the gateway does not wait in a member. */
function quickShots(spec: VolleySpec, profile: Profile, size: number, round: number): readonly Shot[] {
  const { beside } = spec;
  if (beside === undefined) return [];
  const moments = size === 0 ? Array.from({ length: QUICK_ALONE }, (_, i) => i * ALONE_EVERY_US) : QUICK_OFFSETS_US;
  return routesOf(profile).flatMap((route) =>
    moments.map((dueUs): Shot => {
      return { dueUs, route, request: beside, connection: 'warm', tag: { kind: 'beside', size, round } };
    }),
  );
}

export const volley: Experiment<VolleySpec> = {
  kind: 'volley',
  loop: () => 'open',
  plan(spec, profile, id) {
    const sizes = allowedSizes(spec, profile);
    const routes = routesOf(profile);
    const perRoute = sizes.reduce((sum, size) => sum + size * ROUNDS, 0);
    const left = spec.sizes.length - sizes.length;
    const pause = pauseUs(sizes, profile);
    const quick = spec.beside === undefined ? 0 : QUICK_ALONE + sizes.length * ROUNDS * QUICK_OFFSETS_US.length;
    return {
      id,
      kind: 'volley',
      spec,
      requestsPerRoute: Object.fromEntries(routes.map((route) => [route, perRoute + quick])),
      durationUs: sizes.length * ROUNDS * routes.length * (pause + 250_000) + (quick > 0 ? US_PER_SEC : 0),
      peakRatePerSec: (Math.max(0, ...sizes) * US_PER_SEC) / pause,
      peakInFlight: Math.max(0, ...sizes),
      describe: [
        `volleys of ${sizes.join(', ')} requests at one instant, ${ROUNDS} of each, to every member and then through the gateway; a route's larger volleys are left out once failures rise`,
        ...(spec.beside === undefined
          ? []
          : [
              `${spec.beside} ${QUICK_OFFSETS_US.length} times during each volley through the gateway, there and directly to every member, and ${QUICK_ALONE} times before: whether it waits for the others`,
            ]),
        ...(left > 0 ? [`${left} sizes are above limits.maxInFlight or limits.maxRate and are left out`] : []),
      ],
      ...(sizes.length === 0 ? { refused: 'every size is above limits.maxInFlight or limits.maxRate' } : {}),
    };
  },
  async run(planned, spec, context) {
    const { profile, sender, clock, signal } = context;
    const request = mainRequest(profile, spec.request).name;
    const notes: string[] = [];
    const routes = [...routesOf(profile).filter((route) => route !== GATEWAY), GATEWAY];
    const sizes = allowedSizes(spec, profile);
    const pause = pauseUs(sizes, profile);
    if (spec.beside !== undefined) {
      for (const route of routes) await sender.prepare(route, 1);
      await fireWatched(planned.id, packSchedule(quickShots(spec, profile, 0, 0)), context);
    }
    for (const route of routes) {
      for (const size of sizes) {
        let stopReason: string | undefined;
        for (let round = 0; round < ROUNDS && stopReason === undefined; round++) {
          if (signal.aborted) return endOf(context);
          const quick = route === GATEWAY ? quickShots(spec, profile, size, round) : [];
          await sender.prepare(route, size + (quick.length > 0 ? QUICK_OFFSETS_US.length : 0));
          const shots = Array.from({ length: size }, () => ({
            dueUs: 0,
            route,
            request,
            connection: 'warm' as const,
            tag: { kind: 'volley' as const, size, round },
          }));
          stopReason = (await fireWatched(planned.id, packSchedule([...shots, ...quick]), context)).stopReason;
          await clock.sleep(pause, signal);
        }
        if (stopReason !== undefined) {
          notes.push(`${route}: stopped at volleys of ${size}: ${stopReason}`);
          break;
        }
      }
    }
    return { ...endOf(context), notes };
  },
};
