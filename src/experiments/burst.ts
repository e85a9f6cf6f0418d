import type { BurstSpec, Profile, Replay } from '../model/profile.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { GATEWAY } from '../model/route.ts';
import { type Random, US_PER_SEC } from '../model/time.ts';
import { arrivals, packSchedule, type Shot } from '../traffic/schedule.ts';
import {
  affordableUs,
  directRoutes,
  type Experiment,
  type ExperimentContext,
  type ExperimentEnd,
  shortenedNotes,
} from './experiment.ts';
import { busiestSecond, type Replayed, replayTimes } from './replay.ts';
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

/** What a burst sends when: at a rate, or at the moments of a log. */
type Sent = Allowed & { readonly replayed?: Replayed };

type Allowed = { ratePerSec: number; canaryPerSec: number; durationUs: number; notes: string[] };

/** Load and canaries together keep the limits; many members have a slower canary, so that half is left for the load. */
function allowed(askedPerSec: number, spec: BurstSpec, profile: Profile): Allowed {
  const { maxRatePerSec } = profile.limits;
  const members = profile.members.length;
  const canaryPerSec = Math.min(CANARY_PER_SEC, maxRatePerSec / 2 / members);
  const ratePerSec = Math.min(askedPerSec, maxRatePerSec - canaryPerSec * members);
  const durationUs = affordableUs(spec.durationUs, ratePerSec + canaryPerSec * members, profile);
  const notes = [...shortenedNotes(spec.durationUs, durationUs)];
  if (ratePerSec < askedPerSec) {
    notes.unshift(
      `limits.maxRate (with the canary) lowers the burst from ${formatNumber(askedPerSec)}/s to ${formatNumber(ratePerSec)}/s`,
    );
  }
  return { ratePerSec, canaryPerSec, durationUs, notes };
}

/** Moments of a log keep what canaries leave of the limits; without them there is nothing to send. */
function allowedReplay({ timesUs = [], speed }: Replay, spec: BurstSpec, profile: Profile): Sent {
  const { maxRatePerSec, maxRequests } = profile.limits;
  const members = profile.members.length;
  const canaryPerSec = Math.min(CANARY_PER_SEC, maxRatePerSec / 2 / members);
  const mostPerSec = maxRatePerSec - canaryPerSec * members;
  const canaries = members * canariesOf(canaryPerSec, spec.durationUs);
  const mostCount = Math.max(0, maxRequests - canaries);
  const replayed = replayTimes(timesUs, speed, { durationUs: spec.durationUs, mostPerSec, mostCount });
  const durationUs = Math.min(spec.durationUs, (replayed.dueUs.at(-1) ?? 0) + 1);
  const notes: string[] = [];
  if (replayed.aboveRate > 0)
    notes.push(
      `limits.maxRate (with the canary) leaves out ${formatNumber(replayed.aboveRate)} requests of its busiest moments: no second has more than ${formatNumber(Math.max(1, Math.floor(mostPerSec)))}; lower the speed, or raise the limit`,
    );
  if (replayed.aboveCount > 0)
    notes.push(`limits.maxRequests leaves out the last ${formatNumber(replayed.aboveCount)} requests`);
  return { ratePerSec: busiestSecond(replayed.dueUs), canaryPerSec, durationUs, notes, replayed };
}

function canariesOf(canaryPerSec: number, durationUs: number): number {
  return Math.ceil((canaryPerSec * (CANARY_LEAD_US + durationUs + CANARY_TAIL_US)) / US_PER_SEC);
}

/** Closed loop: each connection sends at once, so that their number is a rate and a count of requests too. */
function allowedConnections(asked: number, { limits }: Profile): { connections: number; notes: string[] } {
  let connections = asked;
  let name = '';
  for (const [limit, most] of [
    ['maxInFlight', limits.maxInFlight],
    ['maxRate', Math.max(1, Math.floor(limits.maxRatePerSec))],
    ['maxRequests', limits.maxRequests],
  ] as const) {
    if (connections > most) [connections, name] = [most, limit];
  }
  if (connections === asked) return { connections, notes: [] };
  return { connections, notes: [`limits.${name} lowers the connections from ${asked} to ${connections}`] };
}

function openSent(askedPerSec: number, spec: BurstSpec, profile: Profile): Sent {
  const replay = spec.load.loop === 'open' ? spec.load.replay : undefined;
  return replay === undefined ? allowed(askedPerSec, spec, profile) : allowedReplay(replay, spec, profile);
}

/** Load and canaries of an open-loop burst that asks for `askedPerSec`, within the profile's limits. */
export function* burstShots(spec: BurstSpec, askedPerSec: number, profile: Profile, random: Random): Generator<Shot> {
  const sent = openSent(askedPerSec, spec, profile);
  const { ratePerSec, canaryPerSec, durationUs } = sent;
  const request = mainRequest(profile, spec.request).name;
  for (const dueUs of sent.replayed?.dueUs ?? arrivals(spec.arrival, ratePerSec, durationUs, random.fork('load'))) {
    yield { dueUs: CANARY_LEAD_US + dueUs, route: GATEWAY, request, connection: 'warm', tag: { kind: 'load' } };
  }
  const watchUs = CANARY_LEAD_US + durationUs + CANARY_TAIL_US;
  for (const route of directRoutes(profile)) {
    // Each member's canary at its own random moments: no two in step.
    const own = random.fork(route);
    for (const dueUs of arrivals('uniform', canaryPerSec, watchUs, own)) {
      yield {
        dueUs: dueUs + (own.next() * 0.8 * US_PER_SEC) / canaryPerSec,
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
      const { connections, notes } = allowedConnections(spec.load.connections, profile);
      const { maxRequests, maxRatePerSec } = profile.limits;
      return {
        ...base,
        requestsPerRoute: { gateway: Math.min(maxRequests, Math.ceil((maxRatePerSec * spec.durationUs) / US_PER_SEC)) },
        durationUs: spec.durationUs,
        peakRatePerSec: maxRatePerSec,
        peakInFlight: connections,
        describe: [
          `${connections} connections through the gateway for ${formatDuration(spec.durationUs)}, each sending as soon as it is answered, at most ${formatNumber(maxRatePerSec)}/s together (closed loop: capacity and counts only)`,
          ...notes,
        ],
      };
    }
    const { ratePerSec, canaryPerSec, durationUs, notes, replayed } = openSent(spec.load.ratePerSec, spec, profile);
    const watchUs = CANARY_LEAD_US + durationUs + CANARY_TAIL_US;
    const canaries = canariesOf(canaryPerSec, durationUs);
    const { replay } = spec.load;
    const what =
      replayed === undefined || replay === undefined
        ? `${formatNumber(ratePerSec)}/s through the gateway for ${formatDuration(durationUs)}`
        : `${formatNumber(replayed.dueUs.length)} requests through the gateway within ${formatDuration(durationUs)}, at the moments of those in ${replay.log}${replay.speed === 1 ? '' : ` at ${formatNumber(replay.speed)} times their speed`}, ${formatNumber(ratePerSec)} in the busiest second`;
    return {
      ...base,
      requestsPerRoute: {
        gateway: replayed?.dueUs.length ?? Math.ceil((ratePerSec * durationUs) / US_PER_SEC),
        ...Object.fromEntries(directRoutes(profile).map((route) => [route, canaries])),
      },
      durationUs: watchUs,
      peakRatePerSec: ratePerSec + canaryPerSec * profile.members.length,
      peakInFlight: profile.limits.maxInFlight,
      describe: [
        `${what}, and a canary of ${formatNumber(canaryPerSec)}/s directly to every member meanwhile; ends when failures rise`,
        ...notes,
      ],
      ...(replayed?.dueUs.length === 0 ? { refused: `no moment of ${replay?.log} is left to be sent` } : {}),
    };
  },
  async run(planned, spec, context) {
    const { profile, random } = context;
    if (spec.load.loop === 'closed') return runClosed(planned.id, spec, spec.load, context);
    return fireWatched(planned.id, packSchedule(burstShots(spec, spec.load.ratePerSec, profile, random)), context);
  },
};

async function runClosed(
  id: string,
  spec: BurstSpec,
  load: Extract<BurstSpec['load'], { loop: 'closed' }>,
  context: ExperimentContext,
): Promise<ExperimentEnd> {
  const { profile, sender } = context;
  const { end, result } = await watched(context, () =>
    sender.burst(id, {
      route: GATEWAY,
      request: mainRequest(profile, spec.request).name,
      connections: allowedConnections(load.connections, profile).connections,
      durationUs: spec.durationUs,
      ...(load.engine === undefined ? {} : { engine: load.engine }),
    }),
  );
  const notes = [
    ...(load.engine === 'autocannon' && result.engine === 'wire'
      ? ['autocannon was asked for and cannot speak to this target: our own engine was used']
      : []),
    ...(result.unaccounted === undefined || result.unaccounted === 0
      ? []
      : [
          `${result.unaccounted} requests were closed without an answer and without an error that the closed-loop engine shows`,
        ]),
    ...(result.failed === undefined ? [] : [`the closed-loop engine failed: ${result.failed}`]),
  ];
  return { ...end, notes };
}
