import type { Profile, VolleySpec } from '../model/profile.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { packSchedule } from '../traffic/schedule.ts';
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
  return spec.sizes.filter((size) => size <= profile.limits.maxInFlight && size <= profile.limits.maxRatePerSec);
}

/** A second where `limits.maxRate` would not hold otherwise. */
function pauseUs(sizes: readonly number[], profile: Profile): number {
  return Math.max(0, ...sizes) * VOLLEYS_PER_SEC > profile.limits.maxRatePerSec ? US_PER_SEC : PAUSE_US;
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
    return {
      id,
      kind: 'volley',
      spec,
      requestsPerRoute: Object.fromEntries(routes.map((route) => [route, perRoute])),
      durationUs: sizes.length * ROUNDS * routes.length * (pause + 250_000),
      peakRatePerSec: (Math.max(0, ...sizes) * US_PER_SEC) / pause,
      peakInFlight: Math.max(0, ...sizes),
      describe: [
        `volleys of ${sizes.join(', ')} requests at one instant, ${ROUNDS} of each, to every member and then through the gateway; a route's larger volleys are left out once failures rise`,
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
    for (const route of routes) {
      for (const size of sizes) {
        let stopReason: string | undefined;
        for (let round = 0; round < ROUNDS && stopReason === undefined; round++) {
          if (signal.aborted) return endOf(context);
          await sender.prepare(route, size);
          const shots = Array.from({ length: size }, () => ({
            dueUs: 0,
            route,
            request,
            connection: 'warm' as const,
            tag: { kind: 'volley' as const, size, round },
          }));
          stopReason = (await fireWatched(planned.id, packSchedule(shots), context)).stopReason;
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
