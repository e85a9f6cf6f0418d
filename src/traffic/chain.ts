/** Requests one after the other, at exact gaps after an earlier answer. */
import { isFailure } from '../model/exchange.ts';
import type { Clock } from '../model/time.ts';
import type { Command, FiringResult } from './protocol.ts';
import type { Sending } from './sending.ts';

type ChainCommand = Extract<Command, { type: 'chain' }>;

/** Timers are late by up to a millisecond (methods 0.7): the last bit is waited for by asking the clock. */
const ASK_CLOCK_US = 1_500;
/** A stop is noticed within this time. */
const LONGEST_SLEEP_US = 100_000;

/** The tag of a keep-alive step is given the gap that it really had; the gap counts until it is sent (`sentUs` − `dueUs` more). */
export async function runChain(
  { experimentId, chain, numbers }: ChainCommand,
  sending: Sending,
): Promise<FiringResult> {
  const { clock } = sending;
  sending.begin(numbers);
  const ends: number[] = [];
  for (const { shape, after } of chain.steps) {
    const fromUs = after === undefined ? undefined : ends[after.step];
    const plannedUs = fromUs === undefined ? clock.nowUs() : fromUs + (after?.gapUs ?? 0);
    const dueUs = Math.max(plannedUs, ends.at(-1) ?? 0);
    await waitUntil(dueUs, clock, sending);
    if (sending.isStopped() || sending.budget() === 0) break;
    const { tag } = shape;
    const measured =
      tag?.kind === 'keep-alive' && fromUs !== undefined ? { ...shape, tag: { ...tag, gapUs: dueUs - fromUs } } : shape;
    const exchange = await sending.launch({ experimentId, shape: measured, slot: -1, dueUs });
    ends.push(exchange.endUs);
    if (chain.endsAtFailure && isFailure(exchange)) break;
  }
  return { due: ends.length, sent: ends.length };
}

async function waitUntil(dueUs: number, clock: Clock, sending: Sending): Promise<void> {
  for (;;) {
    const leftUs = dueUs - clock.nowUs();
    if (leftUs <= 0 || sending.isStopped()) return;
    if (leftUs > ASK_CLOCK_US) await clock.sleep(Math.min(LONGEST_SLEEP_US, leftUs - ASK_CLOCK_US));
    else await new Promise((resolve) => setImmediate(resolve));
  }
}
