/** Slots of a compare that a run chose itself: few, every kind of request in turn, ended by a sequential test. */
import { failureEvidence, type SprtRule, sprtDecision } from '../analysis/sequential.ts';
import { type Exchange, isFailure, serviceTimeUs } from '../model/exchange.ts';
import type { PlannedExperiment } from '../model/plan.ts';
import type { ChosenSlots, CompareSpec, Profile } from '../model/profile.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import { shuffled } from '../model/random.ts';
import { GATEWAY, memberOf, type RouteId } from '../model/route.ts';
import { type Random, US_PER_SEC } from '../model/time.ts';
import { packSchedule, type Shot } from '../traffic/schedule.ts';
import { type ExperimentContext, type ExperimentEnd, endOf, routesOf } from './experiment.ts';
import { ordinaryRequests } from './request-choice.ts';

/** Every fourth slot is on new connections: as many warm answers as a comparison of medians needs, and some fresh ones. */
const NEW_EVERY = 4;
/** The test is asked after each batch: one slot on new connections in each. */
const BATCH_SLOTS = 4;
/** A difference of paired slots needs five warm ones, and a failure that came once should have had a chance to come again. */
const LEAST_SLOTS = 12;
/** Where requests hang for long, fewer are enough: nobody waits minutes for a first impression. */
const PATIENCE_US = 20 * US_PER_SEC;
/**
 * One failure in a hundred may be healthy, one in ten is a fault; 32 clean slots or 3 failures in 20 decide (methods F.1,
 * the row 1 → 10 %).
 */
export const BASELINE_RULE: SprtRule = { healthyRatio: 0.01, faultRatio: 0.1, alpha: 0.01, beta: 0.05 };
/**
 * What fails in a healthy network at the most, and how much evidence the judge asks of a warning: 1e-4, shared by the twenty
 * looks that a run which chooses its steps may take.
 */
const EVIDENCE = { healthyRatio: 1e-3, alpha: 1e-4 / 20 } as const;
/** Routes one after the other within this share of a slot, as in a compare that is not chosen. */
const SPREAD_RATIO = 0.6;
/** What takes longer before it fails may be a timer: gateways that count such failures may leave a member out for it. */
const SLOW_FAILURE_US = 300_000;

function asked(chosen: ChosenSlots, profile: Profile): readonly RouteId[] {
  return chosen.routes ?? routesOf(profile);
}

/** Rate in slots, within what limits allow for these routes. A slot on new connections opens one on each. */
function slotRate(spec: CompareSpec, routes: number, { limits }: Profile): number {
  const perNewSlot = limits.maxNewConnectionsPerSec / routes;
  return Math.min(spec.ratePerSec, limits.maxRatePerSec / routes, perNewSlot);
}

function slotCount({ ratePerSec, durationUs }: CompareSpec): number {
  return Math.floor((ratePerSec * durationUs) / US_PER_SEC + 1e-9);
}

export function planChosen(spec: CompareSpec, chosen: ChosenSlots, profile: Profile, id: string): PlannedExperiment {
  const routes = asked(chosen, profile);
  const slots = slotCount(spec);
  const ratePerSec = slotRate(spec, routes.length, profile);
  const which = routes.map((route) => (route === GATEWAY ? 'through the gateway' : `directly to ${memberOf(route)}`));
  const most = chosen.until === 'all' ? '' : 'at most ';
  return {
    id,
    kind: 'compare',
    spec,
    requestsPerRoute: Object.fromEntries(routes.map((route) => [route, slots])),
    durationUs: Math.ceil((slots * US_PER_SEC) / ratePerSec),
    peakRatePerSec: ratePerSec * routes.length,
    peakInFlight: Math.min(profile.limits.maxInFlight, Math.ceil(BATCH_SLOTS * routes.length)),
    describe: [
      `${most}${slots} rounds at ${formatNumber(ratePerSec)}/s, each ${which.join(', ')}: every kind of request in turn, every ${NEW_EVERY}th round on new connections${most === '' ? '' : '; ends when a sequential test has decided'}`,
    ],
  };
}

/** A batch of slots; `first` is the number of its first one. */
export function* chosenShots(
  spec: CompareSpec,
  chosen: ChosenSlots,
  profile: Profile,
  random: Random,
  batch: { readonly first: number; readonly count: number },
): Generator<Shot> {
  const routes = asked(chosen, profile);
  const requests = ordinaryRequests(profile, spec.requests);
  const slotUs = US_PER_SEC / slotRate(spec, routes.length, profile);
  const stepUs = (slotUs * SPREAD_RATIO) / routes.length;
  for (let index = 0; index < batch.count; index++) {
    const slot = batch.first + index;
    const arm = slot % NEW_EVERY === 0 ? 'new' : 'warm';
    // Shifted by one each time around, so that no request has all its new connections.
    const request = requests[(slot + Math.floor(slot / NEW_EVERY)) % requests.length]?.name ?? '';
    for (const [position, route] of shuffled(routes, random).entries()) {
      const dueUs = index * slotUs + position * stepUs + random.next() * stepUs * 0.5;
      yield { dueUs, route, request, connection: arm, tag: { kind: 'slot', arm }, slot };
    }
  }
}

export async function runChosen(
  id: string,
  spec: CompareSpec,
  chosen: ChosenSlots,
  context: ExperimentContext,
): Promise<ExperimentEnd> {
  const { profile, random, sender, live, signal, clock } = context;
  const slots = slotCount(spec);
  const slotUs = US_PER_SEC / slotRate(spec, asked(chosen, profile).length, profile);
  const beganUs = clock.nowUs();
  for (let first = 0; first < slots; first += BATCH_SLOTS) {
    const startUs = clock.nowUs();
    const count = Math.min(BATCH_SLOTS, slots - first);
    await sender.fire(id, packSchedule(chosenShots(spec, chosen, profile, random, { first, count })));
    if (signal.aborted) return endOf(context);
    const seen = live.ofExperiment(id);
    const isEnough = first + count >= LEAST_SLOTS || clock.nowUs() - beganUs >= PATIENCE_US;
    const reason =
      ejectionRisk(seen, context) ??
      (chosen.until === 'all' ? undefined : decided(chosen.until, seen, asked(chosen, profile), isEnough));
    if (reason !== undefined)
      return { ...endOf(context), notes: [`ended after ${first + count} of at most ${slots} rounds: ${reason}`] };
    // The batch after this one keeps the pace, also where all of this one was answered at once.
    await clock.sleep(startUs + count * slotUs - clock.nowUs(), signal);
  }
  return endOf(context);
}

/** Where a failure can take a member out for other users, one that took its time is the last that we cause. */
function ejectionRisk(seen: readonly Exchange[], context: ExperimentContext): string | undefined {
  const { profile } = context;
  if (profile.members.length < 2) return undefined;
  const slow = seen.find(
    (exchange) =>
      exchange.route === GATEWAY && isFailure(exchange) && (serviceTimeUs(exchange) ?? 0) >= SLOW_FAILURE_US,
  );
  if (slow === undefined) return undefined;
  const guard = context.guard();
  return guard.slowRequest === 'never'
    ? undefined
    : `a request through the gateway failed after ${formatDuration(serviceTimeUs(slow) ?? 0)}, and ${guard.because} No more of them are sent.`;
}

type Counted = { readonly route: RouteId; readonly failed: number; readonly count: number };

function countsOf(seen: readonly Exchange[], routes: readonly RouteId[]): readonly Counted[] {
  return routes.map((route) => {
    const ended = seen.filter(
      (exchange) => exchange.route === route && exchange.sentUs !== undefined && exchange.outcome.kind !== 'aborted',
    );
    return { route, failed: ended.filter(isFailure).length, count: ended.length };
  });
}

function decided(
  until: 'baseline' | 'evidence',
  seen: readonly Exchange[],
  routes: readonly RouteId[],
  isEnough: boolean,
): string | undefined {
  const counts = countsOf(seen, routes);
  const wordsOf = ({ route, failed, count }: Counted): string =>
    `${failed} of ${count} ${route === GATEWAY ? 'through the gateway' : `directly to ${memberOf(route)}`} failed`;
  const decisions = counts.map(({ failed, count }) => sprtDecision(failed, count, BASELINE_RULE));
  if (decisions.every((decision) => decision === 'healthy')) return 'no route fails as often as one in ten';
  const faulty =
    until === 'baseline'
      ? counts.filter((_, index) => decisions[index] === 'fault')
      : counts.filter(
          ({ failed, count }) =>
            failureEvidence(failed, count, EVIDENCE.healthyRatio) >= routes.length / EVIDENCE.alpha,
        );
  if (faulty.length === 0 || (until === 'baseline' && !isEnough)) return undefined;
  return `${faulty.map(wordsOf).join(', ')}: enough to go on with`;
}
