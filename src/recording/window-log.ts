import { appendFileSync, mkdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Window } from '../model/recording.ts';
import { US_PER_SEC } from '../model/time.ts';
import { readJsonLines } from './json-lines.ts';
import { mergeWindows, WINDOW_LENGTH_US } from './windows.ts';

/** As a reader of warnings knows the file. */
const WINDOWS = 'recording/windows.jsonl';

/** While the disk refuses, writing is tried again this often: seldom enough to cost nothing, often enough to ride out a hiccup. */
const RETRY_US = 30 * US_PER_SEC;

/** Windows held in memory while they cannot be written: about 600 bytes each, so 6 MB. */
const MAX_HELD_WINDOWS = 10_000;

/** Each time memory is full, windows become this much longer: 1 s, 4 s, 16 s … */
const COARSENING_FACTOR = 4;

/** Longer than any run. */
const LONGEST_WINDOW_US = 86_400 * US_PER_SEC;

export type WindowLog = {
  /** Never throws: what cannot be written is held in memory. `nowUs`: time of the run. */
  append(windows: readonly Window[], nowUs: number): void;
  /** A last attempt to write what is held. */
  finish(): {
    readonly windows: () => Iterable<Window>;
    /** True when the file holds every window; it does not exist before there is one. */
    readonly isComplete: boolean;
    readonly warnings: readonly string[];
  };
};

/** Streams windows to a JSONL file, so that memory does not grow with the run. Without a file, or when it fails, they stay in memory. */
export function createWindowLog(file: string | undefined, maxHeld: number = MAX_HELD_WINDOWS): WindowLog {
  const output = file === undefined ? undefined : createOutput(file);
  const warnings: string[] = [];
  let held: readonly Window[] = [];
  let retryAtUs = Number.NEGATIVE_INFINITY;

  const write = (nowUs: number): void => {
    if (output === undefined || held.length === 0) return;
    try {
      output.append(held);
      held = [];
      retryAtUs = Number.NEGATIVE_INFINITY;
    } catch (error) {
      if (warnings.length === 0) warnings.push(failureText(error, nowUs));
      retryAtUs = nowUs + RETRY_US;
    }
  };

  return {
    append(windows, nowUs) {
      if (windows.length === 0) return;
      held = held.length === 0 ? windows : [...held, ...windows];
      if (nowUs >= retryAtUs) write(nowUs);
      if (held.length > maxHeld) held = coarsened(held, maxHeld);
    },
    finish() {
      write(Number.POSITIVE_INFINITY);
      const lostCount = output?.verify() ?? 0;
      const writtenCount = output?.writtenCount() ?? 0;
      if (lostCount > 0) warnings.push(`${WINDOWS} was removed or cut during the run: ${lostCount} windows are lost.`);
      else if (warnings.length > 0 && held.length === 0)
        warnings.push(`${WINDOWS} could be written later: nothing is lost.`);
      const rest = held;
      return {
        windows: () => (file === undefined || writtenCount === 0 ? rest : concat(file, writtenCount, rest)),
        isComplete: writtenCount > 0 && rest.length === 0 && lostCount === 0,
        warnings,
      };
    },
  };
}

/** A write that failed may have left some of its lines in the file: those are in `rest` as well. */
function* concat(file: string, writtenCount: number, rest: readonly Window[]): Generator<Window> {
  let count = 0;
  for (const window of readJsonLines(file)) {
    if (count++ >= writtenCount) break;
    yield window as Window;
  }
  yield* rest;
}

/** Appends to a file that others may remove or cut: opened for each write, so that this is noticed and nothing stays locked. */
function createOutput(file: string) {
  let sizeBytes = 0;
  let writtenCount = 0;
  let lostCount = 0;
  let isCreated = false;
  const create = (): void => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    isCreated = true;
    lostCount += writtenCount;
    sizeBytes = 0;
    writtenCount = 0;
  };
  const checkSize = (): void => {
    const found = sizeOf(file);
    if (!isCreated || found === undefined || found < sizeBytes) create();
    // A write that failed half way left a torn line.
    else if (found > sizeBytes) truncateSync(file, sizeBytes);
  };
  return {
    /** Throws the error of the file system. */
    append(windows: readonly Window[]): void {
      const data = Buffer.from(windows.map((window) => `${JSON.stringify(window)}\n`).join(''));
      checkSize();
      appendFileSync(file, data);
      sizeBytes += data.length;
      writtenCount += windows.length;
    },
    /** How many windows were written and are gone. */
    verify(): number {
      if (writtenCount > 0 && (sizeOf(file) ?? 0) < sizeBytes) {
        lostCount += writtenCount;
        writtenCount = 0;
      }
      return lostCount;
    },
    writtenCount: () => writtenCount,
  };
}

/** Undefined when there is no such file, or when it cannot be seen. */
function sizeOf(file: string): number | undefined {
  try {
    return statSync(file).size;
  } catch {
    return undefined;
  }
}

/** Half of `maxCount` at most, so that this is not done again at once; more only when there are more keys than that. */
function coarsened(windows: readonly Window[], maxCount: number): Window[] {
  let lengthUs = Math.max(WINDOW_LENGTH_US, ...windows.map((window) => window.lengthUs));
  let merged = mergeWindows(windows, lengthUs);
  while (merged.length > maxCount / 2 && lengthUs < LONGEST_WINDOW_US) {
    lengthUs *= COARSENING_FACTOR;
    merged = mergeWindows(merged, lengthUs);
  }
  return merged;
}

function failureText(error: unknown, nowUs: number): string {
  const when = Number.isFinite(nowUs) ? `${(nowUs / US_PER_SEC).toFixed(0)} s into the run` : 'at the end of the run';
  const why = error instanceof Error ? error.message : String(error);
  return `${WINDOWS} could not be written ${when} (${why}). Measuring went on in memory, in longer windows where memory was full.`;
}
