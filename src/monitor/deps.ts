/** What a monitor is given: clock, chance, history, a way to send, and whom to tell. Nothing of it is made here. */
import type { History, HistoryEvent } from '../model/history.ts';
import type { ExperimentKind, Profile } from '../model/profile.ts';
import { type Clock, type Random, US_PER_MS } from '../model/time.ts';
import type { Watching } from '../pipeline/watch-round.ts';
import type { FeedMessage, Outlook } from './feed.ts';
import type { ShownCertificate } from './judged-span.ts';
import type { Keeper } from './keeper.ts';
import type { MonitorLog } from './log.ts';

export type Look = {
  /** What it made or changed, so that it is told. */
  readonly events: readonly HistoryEvent[];
  /** What it says of days to come; left out: this look did not go back so far. */
  readonly outlook?: readonly Outlook[];
};

/** Judges a time of history. */
export type JudgeWindow = (
  profile: Profile,
  nowAtUs: number,
  certificates: readonly ShownCertificate[],
) => Promise<Look>;

/** What a heavier experiment came to. */
export type HeavierResult = {
  readonly due: number;
  readonly notSent: number;
  readonly failed: number;
  /** A sentence for the log and the event. */
  readonly title: string;
  readonly facts: Readonly<Record<string, unknown>>;
};

/** Runs some of a profile's own experiments, within its limits, and judges and writes them as a run does. */
export type RunHeavier = (
  profile: Profile,
  kinds: readonly ExperimentKind[],
  signal: AbortSignal,
) => Promise<HeavierResult>;

export type MonitorDeps = {
  /** May be a faster one than the system's: only what is planned follows it, never a latency. */
  readonly clock: Clock;
  readonly random: Random;
  readonly history: History;
  readonly keeper: Keeper;
  readonly watching: Watching;
  readonly log: MonitorLog;
  readonly publish: (message: FeedMessage) => void;
  readonly judgeWindow?: JudgeWindow;
  readonly runHeavier?: RunHeavier;
};

/** µs since 1970, whole. */
export function wallUs(clock: Pick<Clock, 'wallMs'>): number {
  return Math.round(clock.wallMs() * US_PER_MS);
}

/** Writes an event to history and tells it. */
export function tell({ keeper, publish, clock }: MonitorDeps, event: HistoryEvent): void {
  keeper.keepEvent(event, wallUs(clock));
  publish({ kind: 'event', event });
}
