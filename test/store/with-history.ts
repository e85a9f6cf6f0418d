import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HistoryFile, type HistoryOptions, openHistory } from '../../src/store/history.ts';

/** A history in a folder of its own, which is removed afterwards. */
export function withHistory(use: (history: HistoryFile, folder: string) => void, options: HistoryOptions = {}): void {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-store-'));
  const history = openHistory(folder, options);
  try {
    use(history, folder);
  } finally {
    history.close();
    rmSync(folder, { recursive: true });
  }
}
