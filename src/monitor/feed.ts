/** What the monitor knows right now, for whoever shows or tells it: dashboard, metrics, alerts. Times `AtUs` are µs since 1970. */
import type { Problem } from '../errors.ts';
import type { CauseId } from '../model/causes.ts';
import type { VerdictState } from '../model/finding.ts';
import type { HistoryEvent, QuietSpan, Round, RoundKind, WriteProblem } from '../model/history.ts';
import type { RouteId } from '../model/route.ts';
import type { DeliveryState } from './alert-delivery.ts';

/** The last that became of a request on a route; new and kept connections are told apart. */
export type LastOutcome = {
  readonly atUs: number;
  readonly requestName: string;
  readonly connection: 'new' | 'warm';
  /** As in counts: `200`, `timeout:headers`, `error:refused`. */
  readonly outcome: string;
  readonly failed: boolean;
  /** From the due time, µs. */
  readonly responseUs: number;
  readonly requestId: string;
};

export type RouteState = {
  readonly route: RouteId;
  /** Undefined for the gateway. */
  readonly member?: string;
  readonly last?: LastOutcome;
  /** While a spell of failures lasts: its begin, and the id of its event. */
  readonly failing?: { readonly sinceAtUs: number; readonly eventId: string };
  /** While nothing is sent here on purpose. */
  readonly quiet?: { readonly why: QuietSpan['why']; readonly fromAtUs: number; readonly untilAtUs: number };
  /** What the quiet windows came to so far: a cold start comes after a pause longer than `longestWarmUs`, at most `shortestColdUs`. */
  readonly idle?: { readonly longestWarmUs?: number; readonly shortestColdUs?: number; readonly coldCount?: number };
};

/** What the last look over a month says of something that takes weeks to show, also when it cannot tell. */
export type Outlook = { readonly cause: CauseId; readonly state: VerdictState; readonly text: string };

/** As the last handshake of a route showed it. */
export type CertificateState = {
  readonly route: RouteId;
  readonly member?: string;
  readonly subject: string;
  readonly issuer: string;
  readonly validToAtUs: number;
};

export type RoundState = {
  readonly kind: RoundKind;
  readonly startedAtUs: number;
  readonly endedAtUs: number;
  readonly lagUs: number;
  readonly due: number;
  /** Of `due`: not sent, with a limit of the profile or a stop as the reason. */
  readonly notSent: number;
  readonly failed: number;
};

/** The last judgement of history that came to an end. */
export type JudgedState = {
  readonly endedAtUs: number;
  readonly tookUs: number;
  /** How much later than due it began. */
  readonly lagUs: number;
};

/** How late rounds begin: the monitor's own fault, over the last hundred rounds. */
export type LagState = { readonly lastUs: number; readonly p99Us: number; readonly maxUs: number };

export type ProfileState = {
  readonly profile: string;
  readonly file: string;
  readonly loadedAtUs: number;
  /** In words: `every 30 s`, `cron 0 * * * * (Europe/Berlin)`. */
  readonly schedule: string;
  /** Length of the interval that holds now; undefined for a cron line. */
  readonly intervalUs?: number;
  /** True while something is wrong and rounds follow each other faster than the profile says. */
  readonly isFaster: boolean;
  readonly nextRoundAtUs?: number;
  readonly lastRound?: RoundState;
  readonly lag: LagState;
  readonly rounds: Readonly<Record<RoundKind, number>>;
  /** Rounds that came due while the one before still ran; they were left out, never sent at once. */
  readonly overlapped: number;
  readonly requests: number;
  readonly routes: readonly RouteState[];
  /** While a maintenance window lasts: probing goes on, nobody is told. */
  readonly maintenance?: { readonly fromAtUs: number; readonly untilAtUs: number; readonly reason?: string };
  /** The file changed into one that is refused; what was loaded before stays in force. */
  readonly refused?: RefusedProfile;
  /** Empty where nothing is asked over TLS, or no handshake has been made since the start. */
  readonly certificates: readonly CertificateState[];
  /** Empty until history was looked at after the start. */
  readonly outlook: readonly Outlook[];
  /** What the user should know: keys without effect, a login that failed, an experiment that was refused. */
  readonly notes: readonly string[];
  /** Undefined until history was judged for the first time. */
  readonly judged?: JudgedState;
  /** Whom alerts go to, and what became of them; undefined where the profile names nobody. */
  readonly deliveries?: readonly DeliveryState[];
};

/** A profile file that is not used, with every problem and its line. Problems never hold secrets. */
export type RefusedProfile = { readonly file: string; readonly atUs: number; readonly problems: readonly Problem[] };

export type MonitorState = {
  readonly version: string;
  readonly startedAtUs: number;
  readonly nowAtUs: number;
  readonly dataFolder: string;
  readonly profiles: readonly ProfileState[];
  /** Files that never were right since the start. */
  readonly refused: readonly RefusedProfile[];
  /** Undefined: all that was measured is kept. Otherwise measuring goes on and is shown, and not kept. */
  readonly paused?: WriteProblem & { readonly sinceAtUs: number; readonly roundsLost: number };
  /** Since the start: how often writing was paused, and how many rounds were measured and not kept. */
  readonly lost?: { readonly pauses: number; readonly rounds: number };
  readonly isStopping: boolean;
};

export type FeedMessage =
  /** A round ended; kept or not. */
  | { readonly kind: 'round'; readonly round: Round; readonly summary: RoundState }
  /** An event began, changed or ended; the same id is the same event. */
  | { readonly kind: 'event'; readonly event: HistoryEvent }
  /** Profiles, schedule or writing changed: read `state` again. */
  | { readonly kind: 'state' };

/** What the dashboard, metrics and alerts get. */
export type MonitorFeed = {
  /** Made when asked for; a value of its own that does not change afterwards. */
  state(): MonitorState;
  /** Gives back what ends it. Called in order, on the thread that measures: a listener returns at once. */
  subscribe(listener: (message: FeedMessage) => void): () => void;
};

/** The feed as its owner has it. */
export type FeedSource = MonitorFeed & { publish(message: FeedMessage): void };

/** A listener that throws loses its place and is reported: it must not stop the others, nor the monitor. */
export function createFeed(state: () => MonitorState, onListenerError: (error: unknown) => void): FeedSource {
  const listeners = new Set<(message: FeedMessage) => void>();
  return {
    state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    publish(message) {
      for (const listener of [...listeners]) {
        try {
          listener(message);
        } catch (error) {
          listeners.delete(listener);
          onListenerError(error);
        }
      }
    },
  };
}
