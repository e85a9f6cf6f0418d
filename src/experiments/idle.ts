import type { IdleSpec, Profile } from '../model/profile.ts';
import { formatDuration } from '../model/quantity.ts';
import { shuffled } from '../model/random.ts';
import { US_PER_SEC } from '../model/time.ts';
import { packSchedule, type Shot } from '../traffic/schedule.ts';
import { type Experiment, endOf, routesOf } from './experiment.ts';
import { mainRequest } from './request-choice.ts';

/** After the first request of a rung: warm ones, each on a new connection like the first, so that connection cost cancels. */
const WARM_AFTER = 5;
const WARM_STEP_US = 60_000;

/** Between the requests on one route; longer where `limits` allow fewer requests or new connections on it. */
function stepUs({ limits }: Profile): number {
  return Math.max(WARM_STEP_US, Math.ceil(US_PER_SEC / Math.min(limits.maxRatePerSec, limits.maxNewConnectionsPerSec)));
}

function refusal(spec: IdleSpec, profile: Profile): { refused?: string } {
  if (routesOf(profile).length > profile.limits.maxInFlight)
    return { refused: 'limits.maxInFlight is below one request per route' };
  // Requests as far apart as the silence is long are no warm ones.
  if (stepUs(profile) > Math.min(...spec.gapsUs))
    return {
      refused: 'limits.maxRate or limits.maxNewConnections allows no warm requests closer than the shortest gap',
    };
  return {};
}

/** One rung: all routes at once after the gap, first requests and then warm ones, all on new connections. */
function* rungShots(profile: Profile, request: string, gapUs: number, repeat: number): Generator<Shot> {
  const step = stepUs(profile);
  for (const route of routesOf(profile)) {
    for (let order = 0; order <= WARM_AFTER; order++) {
      yield {
        dueUs: order * step,
        route,
        request,
        connection: 'new',
        tag: { kind: 'idle', gapUs, repeat, order },
      };
    }
  }
}

export const idle: Experiment<IdleSpec> = {
  kind: 'idle',
  loop: () => 'open',
  plan(spec, profile, id) {
    const rungs = spec.gapsUs.length * spec.repeats;
    const routes = routesOf(profile);
    const perRoute = rungs * (1 + WARM_AFTER);
    const step = stepUs(profile);
    const gaps = spec.gapsUs.reduce((sum, gapUs) => sum + gapUs * spec.repeats, 0);
    return {
      id,
      kind: 'idle',
      spec,
      requestsPerRoute: Object.fromEntries(routes.map((route) => [route, perRoute])),
      durationUs: gaps + rungs * step * (WARM_AFTER + 2),
      peakRatePerSec: routes.length * Math.min(1 + WARM_AFTER, Math.ceil(US_PER_SEC / step)),
      peakInFlight: Math.min(profile.limits.maxInFlight, routes.length * (1 + WARM_AFTER)),
      describe: [
        `silence of ${spec.gapsUs.map(formatDuration).join(', ')}, each ${spec.repeats} times in random order; after each, one request and ${WARM_AFTER} warm ones on every route, all on new connections. Other traffic keeps applications warm: the thresholds found are then lower bounds`,
      ],
      ...refusal(spec, profile),
    };
  },
  async run(planned, spec, context) {
    const { profile, sender, clock, random, signal } = context;
    const request = mainRequest(profile, spec.request).name;
    const rungs = Array.from({ length: spec.repeats }, (_, repeat) =>
      spec.gapsUs.map((gapUs) => ({ gapUs, repeat })),
    ).flat();
    for (const { gapUs, repeat } of shuffled(rungs, random)) {
      // A connection of ours that stays open could hold an application awake.
      sender.closeIdle();
      await clock.sleep(gapUs, signal);
      if (signal.aborted) return endOf(context);
      await sender.fire(planned.id, packSchedule(rungShots(profile, request, gapUs, repeat)));
    }
    return endOf(context);
  },
};
