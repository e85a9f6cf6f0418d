/**
 * The thread that sends the rounds of a monitor: a few requests every half minute, for many profiles. A pacing thread would
 * cost more than it gives: due times some ms apart are met by a timer.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { Exchange } from '../model/exchange.ts';
import { type ClockEpoch, createClock } from './clock.ts';
import { createRouteState, type LaunchState, launchRequest } from './launching.ts';
import type { RouteTarget, SenderSetup } from './protocol.ts';
import { createLaunchState } from './sending.ts';
import { warmUp } from './warm-up.ts';
import type { WatchCommand, WatchReply, WatchRound } from './watch-protocol.ts';

const port = parentPort;
if (port === null) throw new Error('traffic/watch-worker.ts runs as a thread only');
const post = (reply: WatchReply): void => port.postMessage(reply);
const clock = createClock((workerData as { readonly epoch: ClockEpoch }).epoch);
const states = new Map<string, LaunchState>();

/**
 * A timer knows whole ms and is late by up to one: what it wakes within this time was due then, as nobody planned that ms. What is later
 * is the thread's own delay, and counts. To wait out the rest on the processor would cost more than the request (measured: 1.5 of 2.4 ms
 * at 100/s), and answers that come meanwhile would lie unread.
 */
const TIMER_EXACT_US = 2_000;
let isWarm = false;
let isStopped = false;

/** Gives when it is due by the timer: up to `TIMER_EXACT_US` after `dueUs`, never before; else `dueUs` itself, which is past. */
async function sleepUntil(dueUs: number): Promise<number> {
  if (dueUs <= clock.nowUs()) return dueUs;
  // A timer that was set late in a turn of the loop wakes early.
  while (clock.nowUs() < dueUs) await clock.sleep(dueUs - clock.nowUs());
  const nowUs = clock.nowUs();
  return nowUs - dueUs <= TIMER_EXACT_US ? nowUs : dueUs;
}

async function sendRound(state: LaunchState, round: WatchRound): Promise<{ startUs: number; exchanges: Exchange[] }> {
  const { experimentId, shots, order, gapUs, longestUs } = round;
  // `limits.maxRequests` holds for a run; a monitor's rounds are runs of their own.
  state.sentTotal = 0;
  state.stopped = isStopped ? 'aborted' : undefined;
  // A new connection tells its certificate in every round: it may have been renewed.
  for (const { certificatesTold } of state.routes.values()) certificatesTold.clear();
  const startUs = clock.nowUs();
  const running: Promise<Exchange>[] = [];
  let dueUs = startUs;
  for (const [slot, shape] of shots.entries()) {
    if (clock.nowUs() - startUs > longestUs) state.stopped ??= 'aborted';
    if (state.stopped === undefined) dueUs = await sleepUntil(dueUs);
    const launched = launchRequest(state, { experimentId, shape, slot, dueUs });
    running.push(launched);
    if (order === 'sequence') dueUs = Math.max((await launched).endUs, dueUs + gapUs);
    else dueUs += gapUs;
  }
  return { startUs, exchanges: await Promise.all(running) };
}

async function open(key: string, setup: SenderSetup): Promise<void> {
  retire(states.get(key));
  states.set(
    key,
    createLaunchState(setup, clock, () => {}),
  );
  if (isWarm) return;
  isWarm = true;
  await warmUp(setup, clock);
}

/** Connections to an address that is no longer the name's are not used again. */
function retarget(state: LaunchState, targets: readonly RouteTarget[]): void {
  const routes = state.routes as Map<RouteTarget['route'], ReturnType<typeof createRouteState>>;
  for (const target of targets) {
    const old = routes.get(target.route);
    if (old === undefined) continue;
    old.pool.retire();
    const cookie = old.cookie;
    routes.set(target.route, Object.assign(createRouteState(target, state.setup, clock), { cookie }));
  }
}

function stateOf(key: string): LaunchState {
  const state = states.get(key);
  if (state === undefined) throw new Error(`no such profile: ${key}`);
  return state;
}

/** What is under way ends as usual. */
function retire(state: LaunchState | undefined): void {
  for (const { pool } of state?.routes.values() ?? []) pool.retire();
}

function silence(state: LaunchState | undefined): void {
  for (const { pool } of state?.routes.values() ?? []) pool.closeIdle();
}

function abortAll(): void {
  for (const state of states.values()) for (const abort of state.abortable.values()) abort();
}

let work: Promise<void> = Promise.resolve();

async function obey(command: WatchCommand): Promise<void> {
  switch (command.type) {
    case 'open':
      // Rounds of this profile wait for it.
      work = work.then(() => open(command.key, command.setup));
      return work;
    case 'round': {
      await work;
      return post({ type: 'round', id: command.id, ...(await sendRound(stateOf(command.key), command.round)) });
    }
    case 'targets':
      await work;
      return retarget(stateOf(command.key), command.targets);
    case 'cookies': {
      const route = stateOf(command.key).routes.get(command.route);
      if (route !== undefined) route.cookie = command.cookie;
      return;
    }
    case 'quiet':
      return silence(states.get(command.key));
    case 'drop':
      retire(states.get(command.key));
      states.delete(command.key);
      return;
    case 'stop':
      isStopped = true;
      for (const state of states.values()) state.stopped = 'aborted';
      setTimeout(abortAll, command.graceUs / 1_000).unref();
      return;
    case 'close':
      abortAll();
      for (const state of states.values()) silence(state);
      return port?.close();
    default:
      command satisfies never;
  }
}

const crash = (error: unknown): void =>
  post({ type: 'crash', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
port.on('message', (command: WatchCommand) => obey(command).catch(crash));
process.on('uncaughtException', crash);
post({ type: 'ready' });
