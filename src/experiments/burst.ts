import type { BurstSpec, Profile } from '../model/profile.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { GATEWAY } from '../model/route.ts';
import { type Random, US_PER_SEC } from '../model/time.ts';
import { arrivals, packSchedule, type Shot } from '../traffic/schedule.ts';
import { directRoutes, type Experiment, type ExperimentContext, type ExperimentEnd } from './experiment.ts';
import { mainRequest } from './request-choice.ts';
import { fireWatched, watched } from './watched-firing.ts';

/**
 * The direct canary: few enough not to load a member (methods: at most 5 % of its capacity; a canary of 4/s on a member
 * of 20/s shifted the slope it was to watch), often enough for a slope within a burst of some seconds.
 */
const CANARY_PER_SEC = 4;
/** The canary starts before the burst and goes on after it: its quiet level and the drain belong to the evidence. */
const CANARY_LEAD_US = 1_000_000;
const CANARY_TAIL_US = 2_000_000;

function allowedRate(ratePerSec: number, profile: Profile): { ratePerSec: number; notes: string[] } {
  const most = profile.limits.maxRatePerSec - CANARY_PER_SEC * profile.members.length;
  if (ratePerSec <= most) return { ratePerSec, notes: [] };
  const lowered = Math.max(1, most);
  return {
    ratePerSec: lowered,
    notes: [
      `limits.maxRate (with the canary) lowers the burst from ${formatNumber(ratePerSec)}/s to ${formatNumber(lowered)}/s`,
    ],
  };
}

export function* burstShots(spec: BurstSpec, ratePerSec: number, profile: Profile, random: Random): Generator<Shot> {
  const request = mainRequest(profile, spec.request).name;
  for (const dueUs of arrivals(spec.arrival, ratePerSec, spec.durationUs, random.fork('load'))) {
    yield { dueUs: CANARY_LEAD_US + dueUs, route: GATEWAY, request, connection: 'warm', tag: { kind: 'load' } };
  }
  const watchUs = CANARY_LEAD_US + spec.durationUs + CANARY_TAIL_US;
  for (const route of directRoutes(profile)) {
    // Each member's canary at its own random moments: no two in step.
    const own = random.fork(route);
    for (const dueUs of arrivals('uniform', CANARY_PER_SEC, watchUs, own)) {
      yield {
        dueUs: dueUs + (own.next() * 0.8 * US_PER_SEC) / CANARY_PER_SEC,
        route,
        request,
        connection: 'warm',
        tag: { kind: 'canary' },
      };
    }
  }
}

export const burst: Experiment<BurstSpec> = {
  kind: 'burst',
  loop: (spec) => spec.load.loop,
  plan(spec, profile, id) {
    const base = { id, kind: 'burst', spec } as const;
    if (spec.load.loop === 'closed') {
      const { connections } = spec.load;
      const tooMany = connections > profile.limits.maxInFlight;
      return {
        ...base,
        requestsPerRoute: {
          gateway: Math.min(
            profile.limits.maxRequests,
            Math.ceil((profile.limits.maxRatePerSec * spec.durationUs) / US_PER_SEC),
          ),
        },
        durationUs: spec.durationUs,
        peakRatePerSec: profile.limits.maxRatePerSec,
        peakInFlight: Math.min(connections, profile.limits.maxInFlight),
        describe: [
          `${Math.min(connections, profile.limits.maxInFlight)} connections through the gateway for ${formatDuration(spec.durationUs)}, each sending as soon as it is answered, at most ${formatNumber(profile.limits.maxRatePerSec)}/s together (closed loop: capacity and counts only)`,
          ...(tooMany
            ? [`limits.maxInFlight lowers the connections from ${connections} to ${profile.limits.maxInFlight}`]
            : []),
        ],
      };
    }
    const { ratePerSec, notes } = allowedRate(spec.load.ratePerSec, profile);
    const canaries = Math.ceil((CANARY_PER_SEC * (CANARY_LEAD_US + spec.durationUs + CANARY_TAIL_US)) / US_PER_SEC);
    return {
      ...base,
      requestsPerRoute: {
        gateway: Math.ceil((ratePerSec * spec.durationUs) / US_PER_SEC),
        ...Object.fromEntries(directRoutes(profile).map((route) => [route, canaries])),
      },
      durationUs: CANARY_LEAD_US + spec.durationUs + CANARY_TAIL_US,
      peakRatePerSec: ratePerSec + CANARY_PER_SEC * profile.members.length,
      peakInFlight: profile.limits.maxInFlight,
      describe: [
        `${formatNumber(ratePerSec)}/s through the gateway for ${formatDuration(spec.durationUs)}, and a canary of ${CANARY_PER_SEC}/s directly to every member meanwhile; ends when failures rise`,
        ...notes,
      ],
    };
  },
  async run(planned, spec, context) {
    if (spec.load.loop === 'closed') return runClosed(planned.id, spec, spec.load.connections, context);
    const { ratePerSec } = allowedRate(spec.load.ratePerSec, context.profile);
    return fireWatched(
      planned.id,
      packSchedule(burstShots(spec, ratePerSec, context.profile, context.random)),
      context,
    );
  },
};

async function runClosed(
  id: string,
  spec: BurstSpec,
  connections: number,
  context: ExperimentContext,
): Promise<ExperimentEnd> {
  const { profile, sender } = context;
  const { end, result } = await watched(context, () =>
    sender.burst(id, {
      route: GATEWAY,
      request: mainRequest(profile, spec.request).name,
      connections: Math.min(connections, profile.limits.maxInFlight),
      durationUs: spec.durationUs,
    }),
  );
  const notes = [
    ...(result.unaccounted === undefined || result.unaccounted === 0
      ? []
      : [
          `${result.unaccounted} requests were closed without an answer and without an error that the closed-loop engine shows`,
        ]),
    ...(result.failed === undefined ? [] : [`the closed-loop engine failed: ${result.failed}`]),
  ];
  return { ...end, notes };
}
