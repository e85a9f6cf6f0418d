import type { Exchange } from '../model/exchange.ts';
import { cohortOf } from '../model/exchange.ts';
import type { Recording } from '../model/recording.ts';
import { createOpenWindows } from './windows.ts';

/** What a recording says besides its traffic. */
export type RecordingFrame = Omit<Recording, 'windows' | 'exchanges' | 'exchangeCount'>;

/** A recording of these exchanges, all of which are kept: for a handful of them, where no folder is wanted. */
export function memoryRecording(frame: RecordingFrame, exchanges: readonly Exchange[]): Recording {
  const open = createOpenWindows();
  for (const exchange of exchanges) open.add(exchange, cohortOf(exchange));
  // Nothing of it is kept: to deflate it would take most of the time.
  const windows = open.close(Number.POSITIVE_INFINITY, false);
  return {
    ...frame,
    windows: () => windows,
    exchanges: exchanges.toSorted((a, b) => a.seq - b.seq),
    exchangeCount: exchanges.length,
  };
}
