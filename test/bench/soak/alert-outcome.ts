/** Which rules of Prometheus fired in the soak, whether they should have, and whether Alertmanager handed them on. Pure. */
import { ALERTS, type ExpectedAlert, SCRAPES_MIN } from './faults.ts';

type Labels = Readonly<Record<string, string>>;
/** One time at which a rule fired, by the system's clock. */
export type FiredAlert = { readonly labels: Labels; readonly fromMs: number; readonly toMs: number };
export type ReceivedAlert = { readonly atMs: number; readonly status: string; readonly labels: Labels };

export type AlertOutcome = {
  readonly expected: readonly {
    readonly alert: ExpectedAlert;
    readonly state: 'received' | 'fired' | 'missed' | 'not-due';
  }[];
  /** Fired at a time or a place where nothing was planted. */
  readonly others: readonly FiredAlert[];
  /** Fired, and Alertmanager never told it. */
  readonly lost: readonly FiredAlert[];
};

export type AlertTimes = {
  readonly minuteOfMs: (ms: number) => number;
  readonly endMs: number;
  /** A monitor that was killed does not answer until it runs again. */
  readonly downMs: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** When the member that goes up and down was told as such; undefined: not at all. */
  readonly toldAtMin: number | undefined;
};

/** Prometheus tells Alertmanager, and that its receiver, within some seconds. */
const TOLD_WITHIN_MS = 10_000;

export function alertOutcome(
  fired: readonly FiredAlert[],
  received: readonly ReceivedAlert[],
  { minuteOfMs, endMs, downMs, toldAtMin = Number.POSITIVE_INFINITY }: AlertTimes,
): AlertOutcome {
  const endMin = minuteOfMs(endMs);
  const isReceived = (one: FiredAlert): boolean =>
    received.some(({ status, labels }) => status === 'firing' && isSamePlace(labels, one.labels));
  const isOf = (one: FiredAlert, { name, where, from, to, isUntilTold }: ExpectedAlert): boolean =>
    one.labels['alertname'] === name &&
    isSamePlace({ ...one.labels, ...where }, one.labels) &&
    minuteOfMs(one.fromMs) >= from &&
    minuteOfMs(one.toMs) <= (isUntilTold === true ? Math.min(to, toldAtMin + SCRAPES_MIN) : to);
  const isDown = (one: FiredAlert): boolean =>
    one.labels['alertname'] === 'GateprobeMonitorDown' &&
    downMs.some(({ fromMs, toMs }) => one.fromMs >= fromMs && one.toMs <= toMs);
  return {
    expected: ALERTS.filter(({ firesBy }) => firesBy !== undefined).map((alert) => {
      const own = fired.filter((one) => isOf(one, alert));
      const firesBy = alert.isOnceTold === true ? toldAtMin + SCRAPES_MIN : alert.firesBy;
      const isDue = endMin >= (firesBy ?? 0);
      const state = own.some(isReceived) ? 'received' : own.length > 0 ? 'fired' : isDue ? 'missed' : 'not-due';
      return { alert, state };
    }),
    others: fired.filter((one) => !ALERTS.some((alert) => isOf(one, alert)) && !isDown(one)),
    lost: fired.filter((one) => one.fromMs <= endMs - TOLD_WITHIN_MS && !isReceived(one)),
  };
}

const PLACE = ['alertname', 'route', 'member', 'cause'] as const;

function isSamePlace(a: Labels, b: Labels): boolean {
  return PLACE.every((label) => (a[label] ?? '') === (b[label] ?? ''));
}
