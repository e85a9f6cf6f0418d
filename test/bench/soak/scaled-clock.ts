/** A wall clock that runs faster, for what is planned by it; latencies stay real. */
import type { Clock } from '../../../src/model/time.ts';

/** Lab time began at `labStartMs` when the system's clock showed `anchorMs`; so a daemon that starts again finds the same time. */
export type Scale = { readonly anchorMs: number; readonly labStartMs: number; readonly speed: number };

export function labMsAt({ anchorMs, labStartMs, speed }: Scale, systemMs: number): number {
  return labStartMs + (systemMs - anchorMs) * speed;
}

export function scaledClock(clock: Clock, scale: Scale): Clock {
  const { speed } = scale;
  return {
    nowUs: () => clock.nowUs() * speed,
    wallMs: () => labMsAt(scale, Date.now()),
    sleep: (durationUs, signal) => clock.sleep(durationUs / speed, signal),
  };
}
