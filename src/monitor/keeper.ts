/** Writes to history, and says when that does not work: measuring goes on meanwhile. */
import type { History, HistoryEvent, KeptExchange, QuietSpan, Round, WriteProblem } from '../model/history.ts';
import type { MonitorState } from './feed.ts';

export type Keeper = {
  keep(round: Round, kept: readonly KeptExchange[], nowAtUs: number): void;
  keepQuiet(span: QuietSpan, nowAtUs: number): void;
  keepEvent(event: HistoryEvent, nowAtUs: number): void;
  /** Rolls up and prunes; also the moment at which a paused keeper tries again. */
  maintain(nowAtUs: number): void;
  paused(): MonitorState['paused'];
  /** All pauses since the start, the one that lasts included. */
  lost(): Required<MonitorState>['lost'];
};

export type KeeperListener = {
  readonly onPause: (problem: WriteProblem) => void;
  readonly onResume: (lost: { readonly sinceAtUs: number; readonly rounds: number }) => void;
};

/** Events and silences of a pause are written when it is over; rounds are not, because they are many. */
const MOST_WAITING = 1_000;

export function createKeeper(history: History, { onPause, onResume }: KeeperListener): Keeper {
  const lost = { pauses: 0, rounds: 0 };
  let pause: { problem: WriteProblem; readonly sinceAtUs: number; roundsLost: number } | undefined;
  const events = new Map<string, HistoryEvent>();
  let spans: QuietSpan[] = [];

  function noted(problem: WriteProblem | undefined, nowAtUs: number): boolean {
    if (problem === undefined) return true;
    if (pause === undefined) {
      pause = { problem, sinceAtUs: nowAtUs, roundsLost: 0 };
      lost.pauses++;
      onPause(problem);
    } else pause.problem = problem;
    return false;
  }
  function resume(nowAtUs: number): void {
    if (pause === undefined) return;
    for (const [id, event] of events) {
      if (!noted(history.putEvent(event), nowAtUs)) return;
      events.delete(id);
    }
    for (let span = spans[0]; span !== undefined; span = spans[0]) {
      if (!noted(history.addQuiet(span), nowAtUs)) return;
      spans = spans.slice(1);
    }
    const { sinceAtUs, roundsLost } = pause;
    pause = undefined;
    onResume({ sinceAtUs, rounds: roundsLost });
  }

  return {
    keep(round, kept, nowAtUs) {
      if (noted(history.append(round, kept), nowAtUs)) resume(nowAtUs);
      else if (pause !== undefined) {
        pause.roundsLost++;
        lost.rounds++;
      }
    },
    keepQuiet(span, nowAtUs) {
      if (pause === undefined && noted(history.addQuiet(span), nowAtUs)) return;
      if (spans.length < MOST_WAITING) spans.push(span);
    },
    keepEvent(event, nowAtUs) {
      if (pause === undefined && noted(history.putEvent(event), nowAtUs)) return;
      // The newest form of an event counts; a new one beyond the room is lost like a round.
      if (events.has(event.id) || events.size < MOST_WAITING) events.set(event.id, event);
    },
    maintain(nowAtUs) {
      if (noted(history.maintain(nowAtUs), nowAtUs)) resume(nowAtUs);
    },
    paused: () =>
      pause === undefined ? undefined : { ...pause.problem, sinceAtUs: pause.sinceAtUs, roundsLost: pause.roundsLost },
    lost: () => ({ ...lost }),
  };
}
