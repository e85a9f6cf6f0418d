/**
 * Whether requests that were to go over a connection at hand got one (methods A.5, check 20). The first connections of a route, and
 * more of them while more requests are under way, are part of the plan; one in place of a connection that the other side closed is not.
 */
import type { ExchangeTag } from '../model/exchange.ts';
import type { ReuseFacts } from '../model/instrument.ts';
import type { RouteId } from '../model/route.ts';

/** Of one route. Mutable. */
export type ReuseCount = {
  /** Requests that were to go over a connection at hand. */
  asked: number;
  /** Those of them that opened one in place of a connection that was closed after its answer, or while it was idle. */
  replacedAfterAnswer: number;
  replacedIdle: number;
  /** Connections that the other side closed and that nothing has replaced yet, within one experiment. The pool counts them. */
  lostAfterAnswer: number;
  lostIdle: number;
  experimentId: string;
};

/** Roles in which requests follow each other closely. All others pause, hold or crowd connections on purpose. */
const STEADY: readonly ExchangeTag['kind'][] = ['slot', 'load', 'canary'];

export function createReuseCount(): ReuseCount {
  return {
    asked: 0,
    replacedAfterAnswer: 0,
    replacedIdle: 0,
    lostAfterAnswer: 0,
    lostIdle: 0,
    experimentId: '',
  };
}

/** One request of the warm kind leaves; `isOpening`: no connection was at hand. */
export function countAsked(
  reuse: ReuseCount,
  experimentId: string,
  tag: ExchangeTag | undefined,
  isOpening: boolean,
): void {
  // What died between two experiments is missed by none of them.
  if (reuse.experimentId !== experimentId) {
    reuse.experimentId = experimentId;
    reuse.lostAfterAnswer = 0;
    reuse.lostIdle = 0;
  }
  if (tag === undefined || !STEADY.includes(tag.kind)) return;
  reuse.asked++;
  if (!isOpening) return;
  if (reuse.lostAfterAnswer > 0) {
    reuse.lostAfterAnswer--;
    reuse.replacedAfterAnswer++;
  } else if (reuse.lostIdle > 0) {
    reuse.lostIdle--;
    reuse.replacedIdle++;
  }
}

/** Undefined where nothing of the kind was asked. */
export function reuseFacts(route: RouteId, reuse: ReuseCount): ReuseFacts | undefined {
  const { asked, replacedAfterAnswer, replacedIdle } = reuse;
  return asked === 0 ? undefined : { route, asked, replacedAfterAnswer, replacedIdle };
}
