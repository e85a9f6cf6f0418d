import type { Profile, RampSpec } from '../model/profile.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { packSchedule, rampArrivals } from '../traffic/schedule.ts';
import { type Experiment, shortenedNotes } from './experiment.ts';
import { positionsOf, type Replayed, replayTimes } from './replay.ts';
import { mainRequest } from './request-choice.ts';
import { fireWatched } from './watched-firing.ts';

type Allowed = { fromPerSec: number; toPerSec: number; count: number; durationUs: number; notes: string[] };

/** Rates above the limit are lowered to it; after `limits.maxRequests` the rise ends where it is. */
function allowed(spec: RampSpec, profile: Profile): Allowed {
  const { maxRatePerSec: most, maxRequests } = profile.limits;
  const fromPerSec = Math.min(spec.fromPerSec, most);
  const toPerSec = Math.min(spec.toPerSec, most);
  const notes: string[] = [];
  if (spec.fromPerSec > most)
    notes.push(
      `limits.maxRate begins the ramp at ${formatNumber(most)}/s instead of ${formatNumber(spec.fromPerSec)}/s`,
    );
  if (spec.toPerSec > most)
    notes.push(`limits.maxRate ends the ramp at ${formatNumber(most)}/s instead of ${formatNumber(spec.toPerSec)}/s`);
  const due = Math.floor((((fromPerSec + toPerSec) / 2) * spec.durationUs) / US_PER_SEC);
  const count = Math.min(due, maxRequests);
  const durationUs = count < due ? timeOfUs(count, fromPerSec, toPerSec, spec.durationUs) : spec.durationUs;
  return { fromPerSec, toPerSec, count, durationUs, notes: [...notes, ...shortenedNotes(spec.durationUs, durationUs)] };
}

/** When so many requests of a ramp have been due. */
function timeOfUs(count: number, fromPerSec: number, toPerSec: number, durationUs: number): number {
  const growthPerSec2 = ((toPerSec - fromPerSec) * US_PER_SEC) / durationUs;
  // The integral of the rate, solved for the time in the form that also holds for a growth of 0.
  const root = Math.sqrt(Math.max(0, fromPerSec * fromPerSec + 2 * growthPerSec2 * count));
  return Math.ceil(((2 * count) / (fromPerSec + root)) * US_PER_SEC);
}

function* evenly({ durationUs }: RampSpec, { fromPerSec, toPerSec, count }: Allowed): Generator<number> {
  yield* rampArrivals(fromPerSec, toPerSec, durationUs).take(count);
}

/** The crowds and pauses of a log on the way up; a crowd is cut where it would pass the limit. Undefined: even gaps. */
function replayed(spec: RampSpec, { fromPerSec, toPerSec, count }: Allowed, { limits }: Profile): Replayed | undefined {
  const { timesUs } = spec.replay ?? {};
  if (timesUs === undefined) return undefined;
  const times = [...rampArrivals(fromPerSec, toPerSec, spec.durationUs, positionsOf(timesUs, count))];
  return replayTimes(times, 1, { durationUs: spec.durationUs, mostPerSec: limits.maxRatePerSec, mostCount: count });
}

export const ramp: Experiment<RampSpec> = {
  kind: 'ramp',
  loop: () => 'open',
  plan(spec, profile, id) {
    const ways = allowed(spec, profile);
    const { fromPerSec, toPerSec, durationUs, notes } = ways;
    const moments = replayed(spec, ways, profile);
    const count = moments?.dueUs.length ?? ways.count;
    return {
      id,
      kind: 'ramp',
      spec,
      requestsPerRoute: { gateway: count },
      durationUs,
      peakRatePerSec: Math.max(fromPerSec, toPerSec),
      peakInFlight: profile.limits.maxInFlight,
      describe: [
        `${count} requests through the gateway in ${formatDuration(durationUs)}, from ${formatNumber(fromPerSec)}/s to ${formatNumber(toPerSec)}/s${spec.replay === undefined ? '' : `, with the crowds and pauses of ${spec.replay.log}`}; ends when failures rise`,
        ...notes,
        ...(moments === undefined || moments.aboveRate === 0
          ? []
          : [
              `limits.maxRate leaves out ${formatNumber(moments.aboveRate)} requests of the densest crowds: no second has more than ${formatNumber(Math.max(1, Math.floor(profile.limits.maxRatePerSec)))}`,
            ]),
      ],
    };
  },
  run(planned, spec, context) {
    const ways = allowed(spec, context.profile);
    const request = mainRequest(context.profile, spec.request).name;
    const arrivals = replayed(spec, ways, context.profile)?.dueUs ?? evenly(spec, ways);
    const shots = Iterator.from(arrivals).map((dueUs) => ({
      dueUs,
      route: GATEWAY,
      request,
      connection: 'warm' as const,
      tag: { kind: 'load' as const },
    }));
    return fireWatched(planned.id, packSchedule(shots), context);
  },
};
