/**
 * The pacing thread: sleeps in `Atomics.wait` until the next request is due and then wakes the sending thread with an
 * empty message. A sleep in the kernel is exact to some tens of µs and costs no processor time, where `setTimeout` is
 * late by up to 1 ms and spinning burns a core.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createClock } from './clock.ts';
import { CONTROL, type PacerData, type PacerOrder, SPIN_US } from './pacer-control.ts';

/** Requests due within this time of each other share a wake-up: shorter than the jitter of a wake-up itself. */
const COALESCE_US = 20;

const { epoch, control, port, spins } = workerData as PacerData;
const clock = createClock(epoch);

/** Returns at `untilUs`, or soon after the generation has changed. */
function waitUntil(untilUs: number, generation: number): void {
  const sleepUs = untilUs - (spins ? SPIN_US : 0) - clock.nowUs();
  if (sleepUs > 0) Atomics.wait(control, CONTROL.generation, generation, sleepUs / 1_000);
  if (!spins) return;
  while (clock.nowUs() < untilUs && Atomics.load(control, CONTROL.generation) === generation) {}
}

port.on('message', (order: PacerOrder) => {
  const generation = Atomics.load(control, CONTROL.generation);
  for (let next = 0; next < order.dueUs.length; ) {
    const leadUs = Atomics.load(control, CONTROL.leadUs);
    waitUntil(order.startUs + (order.dueUs[next] as number) - leadUs, generation);
    if (Atomics.load(control, CONTROL.generation) !== generation) return;
    const reachedUs = clock.nowUs() + leadUs + COALESCE_US - order.startUs;
    if (reachedUs < (order.dueUs[next] as number)) continue;
    while (next < order.dueUs.length && (order.dueUs[next] as number) <= reachedUs) next++;
    Atomics.store(control, CONTROL.reached, next);
    if (Atomics.exchange(control, CONTROL.waking, 1) === 0) port.postMessage(0);
  }
});

// Until now no order could have been obeyed in time.
parentPort?.postMessage('ready');
