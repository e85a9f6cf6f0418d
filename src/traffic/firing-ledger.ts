/** What a sending thread has reported of its part of a firing, so that nothing of it is lost with the thread. */
import { type AnswerRows, ROW, rowValue } from '../model/answer-rows.ts';
import { type Exchange, requestIdOf } from '../model/exchange.ts';
import type { SeqNumbers } from './protocol.ts';
import type { Schedule, ShotShape } from './schedule.ts';

/** What a thread has to do: known beforehand, or (in closed loops and chains, `count` 0) only as far as it began. */
export type Duty = {
  readonly count: number;
  /** What is known of the request with this place in the part. */
  readonly about: (place: number) => Pick<Exchange, 'route' | 'requestName' | 'tag' | 'slot'> & {
    /** Left out: nobody knows. */
    readonly dueUs?: number;
  };
};

export type Ledger = {
  see(exchanges: readonly Exchange[]): void;
  seeRows(rows: AnswerRows): void;
  /** Reported as sent. */
  sent(): number;
  /**
   * The thread has ended: an exchange for each request that it never reported. Of the first `launched` ones it is not known how they
   * ended, or whether they were sent; the others were never sent.
   */
  lost(launched: number, nowUs: number): readonly Exchange[];
};

const FIRST_PLACES = 1_024;

export function createLedger(experimentId: string, runId: string, numbers: SeqNumbers, duty: Duty): Ledger {
  const { first, step } = numbers;
  let seen = new Uint8Array(Math.max(FIRST_PLACES, duty.count));
  let sent = 0;
  function mark(seq: number): void {
    const place = (seq - first) / step;
    if (place >= seen.length) {
      const larger = new Uint8Array(2 * place);
      larger.set(seen);
      seen = larger;
    }
    seen[place] = 1;
  }
  return {
    see(exchanges) {
      for (const { seq, sentUs } of exchanges) {
        mark(seq);
        if (sentUs !== undefined) sent++;
      }
    },
    seeRows(rows) {
      sent += rows.count;
      for (let row = 0; row < rows.count; row++) mark(rowValue(rows, row, ROW.seq));
    },
    sent: () => sent,
    lost(launched, nowUs) {
      const count = Math.max(duty.count, launched);
      return Array.from({ length: count }, (_, place) => place)
        .filter((place) => seen[place] !== 1)
        .map((place): Exchange => {
          const seq = first + place * step;
          const { dueUs = nowUs, ...about } = duty.about(place);
          return {
            seq,
            requestId: requestIdOf(runId, seq),
            experimentId,
            ...about,
            dueUs,
            endUs: Math.max(nowUs, dueUs),
            outcome: place < launched ? { kind: 'aborted' } : { kind: 'not-sent', reason: 'thread' },
          };
        });
    },
  };
}

/** What an exchange takes from the shape of its shot. */
export function aboutShape({ route, request, tag }: ShotShape): ReturnType<Duty['about']> {
  return { route, requestName: request, ...(tag === undefined ? {} : { tag }) };
}

export function dutyOf({ dueUs, shapeIndex, slot, shapes }: Schedule, startUs: number): Duty {
  return {
    count: dueUs.length,
    about: (place) => ({
      ...aboutShape(shapes[shapeIndex[place] as number] as ShotShape),
      ...((slot[place] as number) < 0 ? {} : { slot: slot[place] as number }),
      dueUs: startUs + (dueUs[place] as number),
    }),
  };
}
