/**
 * Many deadlines on one timer. Nearly all are moved or removed before they come: that is a number stored or an entry of a set taken
 * out, where a timer of its own for each request would be made and cleared as often.
 */
import type { Clock } from '../model/time.ts';

/** Mutable: one per connection, used again. */
export type Deadline = {
  /** Infinity: none. Set by `setDeadline` only. */
  atUs: number;
  readonly onDue: () => void;
};

export type Deadlines = {
  readonly clock: Clock;
  readonly all: Set<Deadline>;
  /** When the timer wakes; Infinity where it does not run. */
  armedUs: number;
  timer: NodeJS.Timeout | undefined;
};

export function createDeadlines(clock: Clock): Deadlines {
  return { clock, all: new Set(), armedUs: Number.POSITIVE_INFINITY, timer: undefined };
}

export function addDeadline(deadlines: Deadlines, onDue: () => void): Deadline {
  const deadline = { atUs: Number.POSITIVE_INFINITY, onDue };
  deadlines.all.add(deadline);
  return deadline;
}

/** `onDue` is called once, at this time or up to some ms later; Infinity takes it back. */
export function setDeadline(deadlines: Deadlines, deadline: Deadline, atUs: number): void {
  deadline.atUs = atUs;
  if (atUs < deadlines.armedUs) arm(deadlines, atUs);
}

/** The timer goes on, also without any left: at a low rate one request ends before the next begins, and would set it anew each time. */
export function removeDeadline(deadlines: Deadlines, deadline: Deadline): void {
  deadlines.all.delete(deadline);
}

function arm(deadlines: Deadlines, atUs: number): void {
  clearTimeout(deadlines.timer);
  deadlines.armedUs = atUs;
  const waitMs = Math.max(0, Math.ceil((atUs - deadlines.clock.nowUs()) / 1_000));
  deadlines.timer = setTimeout(() => sweep(deadlines), Math.min(waitMs, MAX_TIMER_MS));
  // What waits keeps the thread alive by itself: a connection, or the port of its orders.
  deadlines.timer.unref();
}

/** Beyond, Node's timers come at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function sweep(deadlines: Deadlines): void {
  deadlines.armedUs = Number.POSITIVE_INFINITY;
  const nowUs = deadlines.clock.nowUs();
  for (const deadline of deadlines.all) {
    if (deadline.atUs > nowUs) continue;
    deadline.atUs = Number.POSITIVE_INFINITY;
    deadline.onDue();
  }
  let nextUs = Number.POSITIVE_INFINITY;
  for (const { atUs } of deadlines.all) if (atUs < nextUs) nextUs = atUs;
  if (nextUs < deadlines.armedUs) arm(deadlines, nextUs);
}
