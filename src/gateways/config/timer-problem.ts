/** What is wrong with timers, in sentences that can stand in a report. */
import type { DeclaredSetting } from '../../model/declared.ts';

/** A time that was measured, or that the reader knows: `clients of the probe give up`, `web1 closes idle connections`. */
export type MeasuredTimer = { readonly what: string; readonly valueUs: number; readonly member?: string };

export type MeasuredTimers = {
  /** After what time clients give up. */
  readonly client?: MeasuredTimer;
  /** Idle timeouts of members, as seen on direct connections. */
  readonly memberIdle?: readonly MeasuredTimer[];
  /** The longest work that members did with success. */
  readonly memberWork?: readonly MeasuredTimer[];
};

export type TimerProblemId =
  | 'client-shorter-than-gateway'
  | 'gateway-shorter-than-application'
  | 'gateway-shorter-than-next'
  | 'gateway-shorter-than-work'
  | 'keep-alive-race'
  | 'keep-alive-without-limit'
  | 'repeated-timeouts'
  | 'no-response-timeout'
  | 'slow-connect-timeout'
  | 'health-overlap'
  | 'health-may-remove-all'
  | 'two-proxy-timeouts'
  | 'idle-pool-stops'
  | 'recycle-drifts'
  | 'queue-longer-than-timeout';

export type TimerProblem = {
  readonly id: TimerProblemId;
  /** `fault`: requests fail by it. `note`: it makes them slow or hides a cause, or whether it matters depends on the load. */
  readonly level: 'fault' | 'note';
  readonly outer: DeclaredSetting | MeasuredTimer;
  /** Left out where one timer is enough to be wrong. */
  readonly inner?: DeclaredSetting | MeasuredTimer;
  readonly problem: string;
  readonly why: string;
  readonly fix: string;
};

export function isDeclared(timer: DeclaredSetting | MeasuredTimer): timer is DeclaredSetting {
  return 'directive' in timer;
}
