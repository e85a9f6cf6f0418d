/** The probe judges itself before anything else: an instrument that was late or busy has measured itself. */

import { formatDuration, formatRatio } from '../model/quantity.ts';
import type { ProbeQuality } from '../model/recording.ts';
import { candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { invalidChecks } from './probe-checks.ts';

/** Lateness may be a fifth of what is measured, and never matters below 5 ms (design: point on validity). */
const LATENESS_RATIO = 0.2;
const LATENESS_FLOOR_US = 5_000;
/** A thread that is busy more than this share has a queue of its own (methods A.5, check 7: invalid above 85 %). */
const BUSY_RATIO = 0.85;
/** One collector pause as long as this delays every request of its moment far beyond a gateway's own overhead. */
const GC_PAUSE_US = 100_000;
/** A loop that turns so seldom reads answers late, also where requests leave in time (methods A.5, check 8: invalid above 20 ms). */
const LOOP_DELAY_US = 20_000;

export function latenessLimitUs(quality: ProbeQuality): number {
  return Math.max(LATENESS_FLOOR_US, LATENESS_RATIO * quality.medianServiceUs);
}

/** The p99 of fewer requests is their maximum (rule of three: 299 for a bound at 95 %): one hiccup of the machine would decide. */
const SUPPORTS_P99 = 299;

/** The lateness that is judged: p99 where the sample supports it, else the median. */
function judgedLateness({ latenessUs, latenessCount }: ProbeQuality): number {
  return latenessCount < SUPPORTS_P99 ? latenessUs.p50 : latenessUs.p99;
}

/** Why the run is not valid through the probe's own fault; empty when it is valid. In sentences, with the effect on the answer. */
export function invalidReasons(quality: ProbeQuality): readonly string[] {
  const reasons: string[] = [];
  const limitUs = latenessLimitUs(quality);
  const lateUs = judgedLateness(quality);
  if (lateUs > limitUs) {
    reasons.push(
      `The probe sent late: ${quality.latenessCount < SUPPORTS_P99 ? 'half' : '1 %'} of requests left ${formatDuration(lateUs)} or more after they were due (limit ${formatDuration(limitUs)}), so latencies are too high by as much. Run it on a machine with free processor time, or at a lower rate.`,
    );
  }
  if (quality.busyRatio > BUSY_RATIO) {
    reasons.push(
      `The sending thread was busy ${formatRatio(quality.busyRatio)} of the time (limit ${formatRatio(BUSY_RATIO)}): requests waited in the probe. Lower the rate.`,
    );
  }
  if (quality.portShortages > 0) {
    reasons.push(
      `${quality.portShortages} connections failed because this machine had no local port left: those failures are not the target's. Use fewer new connections per second.`,
    );
  }
  if (quality.gcPauseMaxUs > Math.max(GC_PAUSE_US, limitUs)) {
    reasons.push(
      `Memory collection stopped the sending thread for ${formatDuration(quality.gcPauseMaxUs)} at once: the slowest latencies are the probe's own.`,
    );
  }
  if (quality.latenessCount >= SUPPORTS_P99 && quality.loopDelayP99Us > Math.max(LOOP_DELAY_US, limitUs)) {
    reasons.push(
      `The sending thread came back to its connections ${formatDuration(quality.loopDelayP99Us)} late 1 time in 100: answers that had come lay unread meanwhile, so latencies are too high by up to as much. Run it on a machine with free processor time, or at a lower rate.`,
    );
  }
  return [...reasons, ...invalidChecks(quality)];
}

export const probeSaturated: Detector = {
  cause: 'probe/saturated',
  detect({ measures }): Detection {
    const { quality } = measures;
    if (quality.latenessCount === 0 && quality.portShortages === 0)
      return insufficient('open-loop requests', 'none were sent');
    const reasons = invalidReasons(quality);
    return candidatesOr(
      reasons.length === 0
        ? []
        : [
            {
              cause: 'probe/saturated',
              scope: { route: 'probe' },
              severity: 'error',
              confidence: 'confirmed',
              p: 0,
              title: 'The probe was the bottleneck: this run says nothing about the target.',
              meaning: reasons.join(' '),
              measured: { latenessP99Us: { value: quality.latenessUs.p99 }, busyRatio: { value: quality.busyRatio } },
              exhibits: [],
              rivals: [],
              explains: new Set(),
            },
          ],
      `requests left ${formatDuration(quality.latenessUs.p99)} late at p99 (limit ${formatDuration(latenessLimitUs(quality))}), the sending thread was busy ${formatRatio(quality.busyRatio)} of the time`,
    );
  },
};
