/** When a logged request began and ended, as far as its line says. */
import type { LogEntry } from '../../model/log.ts';

/** µs since 1970; the truth lies in [lowUs, highUs]. */
export type Span = { readonly lowUs: number; readonly highUs: number };

/** A line without a duration says only one end; the other is taken as the same moment. */
export function startOf({ atUs, stamp, durationUs = 0, durationResolutionUs = 0, resolutionUs }: LogEntry): Span {
  if (stamp !== 'end') return { lowUs: atUs, highUs: atUs + resolutionUs };
  return { lowUs: atUs - durationUs - durationResolutionUs, highUs: atUs + resolutionUs - durationUs };
}

export function endOf({ atUs, stamp, durationUs = 0, durationResolutionUs = 0, resolutionUs }: LogEntry): Span {
  if (stamp !== 'start') return { lowUs: atUs, highUs: atUs + resolutionUs };
  return { lowUs: atUs + durationUs, highUs: atUs + resolutionUs + durationUs + durationResolutionUs };
}

export function shifted({ lowUs, highUs }: Span, byUs: number): Span {
  return { lowUs: lowUs + byUs, highUs: highUs + byUs };
}

/** 0 where they overlap. */
export function distanceUs(a: Span, b: Span): number {
  return Math.max(0, a.lowUs - b.highUs, b.lowUs - a.highUs);
}
