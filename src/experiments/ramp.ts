import type { Profile, RampSpec } from '../model/profile.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { packSchedule, rampArrivals } from '../traffic/schedule.ts';
import type { Experiment } from './experiment.ts';
import { mainRequest } from './request-choice.ts';
import { fireWatched } from './watched-firing.ts';

function allowed(spec: RampSpec, profile: Profile): { toPerSec: number; fromPerSec: number; notes: string[] } {
  const most = profile.limits.maxRatePerSec;
  if (spec.toPerSec <= most && spec.fromPerSec <= most)
    return { toPerSec: spec.toPerSec, fromPerSec: spec.fromPerSec, notes: [] };
  return {
    toPerSec: Math.min(spec.toPerSec, most),
    fromPerSec: Math.min(spec.fromPerSec, most),
    notes: [`limits.maxRate ends the ramp at ${formatNumber(most)}/s instead of ${formatNumber(spec.toPerSec)}/s`],
  };
}

export const ramp: Experiment<RampSpec> = {
  kind: 'ramp',
  loop: () => 'open',
  plan(spec, profile, id) {
    const { fromPerSec, toPerSec, notes } = allowed(spec, profile);
    const count = Math.floor((((fromPerSec + toPerSec) / 2) * spec.durationUs) / US_PER_SEC);
    return {
      id,
      kind: 'ramp',
      spec,
      requestsPerRoute: { gateway: count },
      durationUs: spec.durationUs,
      peakRatePerSec: Math.max(fromPerSec, toPerSec),
      peakInFlight: profile.limits.maxInFlight,
      describe: [
        `${count} requests through the gateway in ${formatDuration(spec.durationUs)}, from ${formatNumber(fromPerSec)}/s to ${formatNumber(toPerSec)}/s; ends when failures rise`,
        ...notes,
      ],
    };
  },
  run(planned, spec, context) {
    const { fromPerSec, toPerSec } = allowed(spec, context.profile);
    const request = mainRequest(context.profile, spec.request).name;
    const shots = rampArrivals(fromPerSec, toPerSec, spec.durationUs).map((dueUs) => ({
      dueUs,
      route: GATEWAY,
      request,
      connection: 'warm' as const,
      tag: { kind: 'load' as const },
    }));
    return fireWatched(planned.id, packSchedule(shots), context);
  },
};
