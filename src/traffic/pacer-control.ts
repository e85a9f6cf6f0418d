import type { MessagePort } from 'node:worker_threads';
import type { ClockEpoch } from './clock.ts';

export type PacerData = {
  readonly epoch: ClockEpoch;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly port: MessagePort;
  /** The last part before a request is due is not slept but waited out on the processor. */
  readonly spins: boolean;
};
/** What the pacing thread is given for each firing. */
export type PacerOrder = { readonly dueUs: Float64Array<SharedArrayBuffer>; readonly startUs: number };

/** Slots of the control array. */
export const CONTROL = {
  /** Raised by the sender to end the current firing. */
  generation: 0,
  /** 1 while a wake-up is under way. */
  waking: 1,
  /** µs that the pacing thread wakes before a request is due, so that the sender is there in time; learned by the sender. */
  leadUs: 2,
  /** How many requests of the firing the sender has been woken for: those after them are not its business yet. */
  reached: 3,
} as const;
export const CONTROL_BYTES = 16;

/**
 * The lead follows the median: a wake-up that came too late makes it longer by a step, one that came early shorter. The
 * sender waits out what is left, half the time nothing, otherwise some tens of µs; never longer than the most.
 */
export const LEAD = { stepUs: 4, mostUs: 300 } as const;

/**
 * What is spun before a wake-up: a sleep in the kernel ends late by 0.05 to 1 ms where the machine has other work, and more than that
 * is no matter of a sleep. At a wake-up every ms and more often it is a whole processor.
 */
export const SPIN_US = 1_000;
