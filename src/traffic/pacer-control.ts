import type { MessagePort } from 'node:worker_threads';
import type { ClockEpoch } from './clock.ts';

export type PacerData = {
  readonly epoch: ClockEpoch;
  readonly control: Int32Array<SharedArrayBuffer>;
  readonly port: MessagePort;
};
/** What the pacing thread is given for each firing. */
export type PacerOrder = { readonly dueUs: Float64Array<SharedArrayBuffer>; readonly startUs: number };

/** Slots of the control array. */
export const CONTROL = {
  /** Raised by the sender to end the current firing. */ generation: 0,
  /** 1 while a wake-up is under way. */ waking: 1,
} as const;
