/** Times in which nobody is told. Probing goes on: the end of the work is seen, and its beginning. */
import type { MaintenanceSpec } from '../model/profile.ts';
import { previousOf, readCron } from './schedule.ts';

export type MaintenanceWindow = { readonly fromAtUs: number; readonly untilAtUs: number; readonly reason?: string };

/** The window that lasts at `atUs`; of several the one that ends last. */
export function maintenanceAt(specs: readonly MaintenanceSpec[], atUs: number): MaintenanceWindow | undefined {
  return specs
    .flatMap((spec) => windowOf(spec, atUs) ?? [])
    .filter(({ fromAtUs, untilAtUs }) => fromAtUs <= atUs && atUs < untilAtUs)
    .sort((a, b) => b.untilAtUs - a.untilAtUs)[0];
}

function windowOf(spec: MaintenanceSpec, atUs: number): MaintenanceWindow | undefined {
  const reason = spec.reason === undefined ? {} : { reason: spec.reason };
  if (spec.kind === 'once') return { fromAtUs: spec.fromAtUs, untilAtUs: spec.toAtUs, ...reason };
  // A begin at this very second has begun.
  const fromAtUs = previousOf(readCron(spec.cron, spec.timezone), atUs + 1_000_000);
  return fromAtUs === undefined ? undefined : { fromAtUs, untilAtUs: fromAtUs + spec.durationUs, ...reason };
}
