/** Messages between the main thread and the thread that sends the rounds of a monitor. */
import type { Exchange } from '../model/exchange.ts';
import type { RouteId } from '../model/route.ts';
import type { RouteTarget, SenderSetup } from './protocol.ts';
import type { ShotShape } from './schedule.ts';

/** The requests of one round, in their order. */
export type WatchRound = {
  readonly experimentId: string;
  readonly shots: readonly ShotShape[];
  /** together: due `gapUs` after each other, whatever becomes of them. sequence: due when the one before has ended, at least `gapUs` after it was due. */
  readonly order: 'together' | 'sequence';
  readonly gapUs: number;
  /** What is not sent so long after the begin is recorded as not sent. */
  readonly longestUs: number;
};

/** `key` tells profiles apart: one thread sends for all of them, with connections, cookies and limits of their own. */
export type WatchCommand =
  | { readonly type: 'open'; readonly key: string; readonly setup: SenderSetup }
  | { readonly type: 'round'; readonly key: string; readonly id: number; readonly round: WatchRound }
  /** Names resolve to something else now. */
  | { readonly type: 'targets'; readonly key: string; readonly targets: readonly RouteTarget[] }
  | { readonly type: 'cookies'; readonly key: string; readonly route: RouteId; readonly cookie: string }
  /** Closes idle connections, so that no keep-alive of ours holds a member awake. */
  | { readonly type: 'quiet'; readonly key: string }
  | { readonly type: 'drop'; readonly key: string }
  /** Nothing is sent any more; what is in flight may end until `graceUs` is over. */
  | { readonly type: 'stop'; readonly graceUs: number }
  | { readonly type: 'close' };

export type WatchReply =
  | { readonly type: 'ready' }
  /** `startUs`: when the first request was due. */
  | { readonly type: 'round'; readonly id: number; readonly startUs: number; readonly exchanges: readonly Exchange[] }
  | { readonly type: 'crash'; readonly error: string };
