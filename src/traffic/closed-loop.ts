/**
 * Closed loop: so many connections, each sending as soon as it is answered. Tells capacity and counts; its latencies say
 * nothing about what users feel. Our own connections, one lane each; over HTTP/2 the connections of the open loop; autocannon
 * where a profile asks for it and the target is plain http.
 */
import type { RequestSpec } from '../model/profile.ts';
import { US_PER_SEC } from '../model/time.ts';
import { runLane } from './lane.ts';
import type { Loop } from './lane-answer.ts';
import { routeState } from './launching.ts';
import type { Command, FiringResult, RouteTarget, SenderSetup } from './protocol.ts';
import type { ShotShape } from './schedule.ts';
import type { Sending } from './sending.ts';
import { createKnownPiece } from './wire/body-digest.ts';

type ClosedCommand = Extract<Command, { type: 'closed' }>;

export const EMPTY_RESULT: FiringResult = { due: 0, sent: 0 };

export async function runClosedLoop(
  command: ClosedCommand,
  setup: SenderSetup,
  sending: Sending,
): Promise<FiringResult> {
  const target = sending.routeTarget(command.load.route);
  sending.begin(command.numbers);
  const budget = sending.budget();
  if (budget === 0) return EMPTY_RESULT;
  // Autocannon takes a connection whose share of the requests is none for one without a limit.
  const connections = Math.min(command.load.connections, budget, setup.limits.maxInFlight);
  const bounded = { ...command, load: { ...command.load, connections } };
  if (command.load.engine === 'autocannon' && suitsAutocannon(target)) {
    // Loaded where it is asked for: it brings 30 packages with it.
    const { runAutocannon } = await import('./autocannon-loop.ts');
    return runAutocannon(bounded, setup, sending);
  }
  return target.target.http === 2 ? runLaunches(bounded, setup, sending) : runLanes(bounded, setup, sending);
}

/** It does not verify certificates, and knows no forward proxy. */
function suitsAutocannon(target: RouteTarget): boolean {
  return !target.secure && target.address !== undefined && target.target.httpProxy === undefined;
}

const shapeOf = ({ load }: ClosedCommand): ShotShape => ({
  route: load.route,
  request: load.request,
  connection: 'warm',
  tag: { kind: 'load' },
});

type Pace = { readonly gapUs: number; readonly firstAfterUs: (index: number) => number };

/** Least time between two requests of a connection, so that all of them, also those of other threads, keep `limits.maxRate` from the first second on. */
function paceOf({ connections, share }: ClosedCommand['load'], { limits }: SenderSetup): Pace {
  const { first, step, of } = share ?? { first: 0, step: 1, of: connections };
  const gapUs = (of * US_PER_SEC) / limits.maxRatePerSec;
  return { gapUs, firstAfterUs: (index) => ((first + index * step) * gapUs) / of };
}

async function runLanes(command: ClosedCommand, setup: SenderSetup, sending: Sending): Promise<FiringResult> {
  const { experimentId, load } = command;
  const startUs = sending.clock.nowUs();
  const pace = paceOf(load, setup);
  const loop: Loop = {
    experimentId,
    state: sending.state,
    route: routeState(sending.state, load.route),
    spec: setup.requests.find(({ name }) => name === load.request) as RequestSpec,
    shape: shapeOf(command),
    rows: sending.collectRows({ experimentId, route: load.route, requestName: load.request }),
    deadlines: sending.deadlines,
    knownPiece: createKnownPiece(),
    record: sending.record,
    onStop: sending.onStop,
    endUs: startUs + load.durationUs,
    gapUs: pace.gapUs,
    due: 0,
    sent: 0,
  };
  // One after the other, so that the first second keeps the rate as well.
  await Promise.all(
    Array.from({ length: load.connections }, (_, index) => runLane(loop, index, startUs + pace.firstAfterUs(index))),
  );
  return { due: loop.due, sent: loop.sent, engine: 'wire' };
}

/** One lane per connection, on the connections of the open loop. */
async function runLaunches(command: ClosedCommand, setup: SenderSetup, sending: Sending): Promise<FiringResult> {
  const { experimentId, load } = command;
  const endUs = sending.clock.nowUs() + load.durationUs;
  const { gapUs, firstAfterUs } = paceOf(load, setup);
  let due = 0;
  const lane = async (_: unknown, index: number): Promise<void> => {
    await sending.clock.sleep(firstAfterUs(index));
    while (!sending.isStopped() && sending.budget() > 0) {
      const dueUs = sending.clock.nowUs();
      if (dueUs >= endUs) return;
      due++;
      await sending.launch({ experimentId, shape: shapeOf(command), slot: -1, dueUs });
      // Together the lanes stay below limits.maxRate.
      await sending.clock.sleep(dueUs + gapUs - sending.clock.nowUs());
    }
  };
  await Promise.all(Array.from({ length: load.connections }, lane));
  return { due, sent: due, engine: 'wire' };
}
