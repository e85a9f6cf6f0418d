import type { CompareSpec, Profile } from '../model/profile.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import { shuffled } from '../model/random.ts';
import { type Random, US_PER_SEC } from '../model/time.ts';
import { arrivals, packSchedule, type Shot } from '../traffic/schedule.ts';
import { planChosen, runChosen } from './chosen-slots.ts';
import { affordableUs, type Experiment, endOf, routesOf, shortenedNotes } from './experiment.ts';
import { drawRequest, ordinaryRequests } from './request-choice.ts';

/** Slots are spread over the routes within this share of the slot's length, so that routes do not queue behind each other. */
const SPREAD_RATIO = 0.6;

type Allowed = { ratePerSec: number; newRatio: number; durationUs: number; notes: string[] };

/** What limits allow: each slot sends one request on every route, and new-connection slots open as many connections. */
function allowed(spec: CompareSpec, profile: Profile): Allowed {
  const routes = routesOf(profile).length;
  const notes: string[] = [];
  let { ratePerSec, newConnectionRatio: newRatio } = spec;
  const most = profile.limits.maxRatePerSec / routes;
  if (ratePerSec > most) {
    notes.push(
      `${formatNumber(ratePerSec)} slots/s with ${routes} routes would send ${formatNumber(ratePerSec * routes)} requests/s; limits.maxRate lowers it to ${formatNumber(most)} slots/s`,
    );
    ratePerSec = most;
  }
  const newPerSec = ratePerSec * routes * newRatio;
  if (newPerSec > profile.limits.maxNewConnectionsPerSec) {
    newRatio = profile.limits.maxNewConnectionsPerSec / (ratePerSec * routes);
    notes.push(`limits.maxNewConnections lowers the share of new-connection slots to ${formatRatio(newRatio)}`);
  }
  const durationUs = affordableUs(spec.durationUs, ratePerSec * routes, profile);
  notes.push(...shortenedNotes(spec.durationUs, durationUs));
  return { ratePerSec, newRatio, durationUs, notes };
}

/** One slot after the other: the same request on every route, in random order, warm and new connections in slots of their own. */
export function* compareShots(spec: CompareSpec, profile: Profile, random: Random): Generator<Shot> {
  const { ratePerSec, newRatio, durationUs } = allowed(spec, profile);
  const requests = ordinaryRequests(profile, spec.requests);
  const routes = routesOf(profile);
  const stepUs = ((US_PER_SEC / ratePerSec) * SPREAD_RATIO) / routes.length;
  const due = random.fork('arrivals');
  let slot = 0;
  for (const slotUs of arrivals(spec.arrival, ratePerSec, durationUs, due)) {
    const request = drawRequest(requests, random).name;
    const arm = random.next() < newRatio ? 'new' : 'warm';
    for (const [position, route] of shuffled(routes, random).entries()) {
      yield {
        dueUs: slotUs + position * stepUs + random.next() * stepUs * 0.5,
        route,
        request,
        connection: arm,
        tag: { kind: 'slot', arm },
        slot,
      };
    }
    slot++;
  }
}

export const compare: Experiment<CompareSpec> = {
  kind: 'compare',
  loop: () => 'open',
  plan(spec, profile, id) {
    if (spec.chosen !== undefined) return planChosen(spec, spec.chosen, profile, id);
    const { ratePerSec, newRatio, durationUs, notes } = allowed(spec, profile);
    const routes = routesOf(profile);
    const slots = Math.floor((ratePerSec * durationUs) / US_PER_SEC);
    return {
      id,
      kind: 'compare',
      spec,
      requestsPerRoute: Object.fromEntries(routes.map((route) => [route, slots])),
      durationUs,
      peakRatePerSec: ratePerSec * routes.length,
      peakInFlight: Math.min(profile.limits.maxInFlight, Math.ceil(ratePerSec * routes.length)),
      describe: [
        `${slots} slots in ${formatDuration(durationUs)}: each sends the same request through the gateway and to ${profile.members.length === 1 ? 'the member' : `each of ${profile.members.length} members`}, in random order; ${formatRatio(newRatio)} of them on new connections`,
        ...notes,
      ],
    };
  },
  async run(planned, spec, context) {
    if (spec.chosen !== undefined) return runChosen(planned.id, spec, spec.chosen, context);
    const schedule = packSchedule(compareShots(spec, context.profile, context.random));
    // A comparison watches an ordinary rate: failures are its subject, not a reason to stop.
    await context.sender.fire(planned.id, schedule);
    return endOf(context);
  },
};
