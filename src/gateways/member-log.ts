/** What a member's own lines say about the hop: the peer it speaks of as its client is the gateway. */
import type { HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import { formatDuration } from '../model/quantity.ts';
import { firstHttperr, readHttperr } from './http-sys-log.ts';
import { passedOn, reading, untold } from './log-words.ts';

type Ending = {
  readonly outcome: HopReading['outcome'];
  readonly madeBy: HopReading['madeBy'];
  readonly sure: number;
  readonly says: string;
};

// sc-win32-status of a member whose answer was not delivered whole; the status beside it is still what the application had set.
const ENDINGS: Readonly<Record<number, Ending>> = {
  64: {
    outcome: 'client/abort',
    madeBy: 'client',
    sure: 0.95,
    says: 'the gateway had gone before the answer was finished',
  },
  1229: {
    outcome: 'client/abort',
    madeBy: 'client',
    sure: 0.95,
    says: 'the gateway had gone before the answer was finished',
  },
  1236: { outcome: 'client/abort', madeBy: 'client', sure: 0.9, says: 'the connection of the gateway was aborted' },
  121: { outcome: 'client/timeout', madeBy: 'client', sure: 0.9, says: 'the gateway stopped reading the answer' },
  995: {
    outcome: 'response/truncated',
    madeBy: 'member',
    sure: 0.8,
    says: 'the application or its process aborted the answer',
  },
};

/** `access` may also be a HTTPERR line (kind `kernel`). */
export function readMemberLog(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined {
  if (access.kind === 'kernel') return readHttperr(access);
  if (access.kind !== 'access' && access.kind !== 'trace') return firstHttperr(errors);
  const { status, win32, durationUs } = access;
  const taken = durationUs === undefined ? '' : ` after ${formatDuration(durationUs)}`;
  const ending = win32 === undefined ? undefined : ENDINGS[win32];
  if (ending !== undefined) {
    const because = `the member logged ${status ?? 'no status'} with ${win32}${taken}: ${ending.says}`;
    return reading(ending.outcome, ending.madeBy, ending.sure, because, { code: String(win32) });
  }
  if (status === 499 || access.clientGone === true) {
    return reading(
      'client/abort',
      'client',
      0.9,
      `the member logged that its client left${taken}: that is the gateway`,
      { code: status === undefined ? undefined : String(status) },
    );
  }
  if (status === undefined) return firstHttperr(errors) ?? untold('the line of the member has no status');
  const key = access.substatus === undefined || access.substatus === 0 ? `${status}` : `${status}.${access.substatus}`;
  return passedOn(access, 0.95, `the member logged ${key}${taken}`, status >= 400 ? { code: key } : {});
}
