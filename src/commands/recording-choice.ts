/** Where a recording is asked for: a folder, or the name of a baseline. */
import { existsSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { nearestWord } from '../profile/spelling.ts';
import { baselineFolder, listBaselines } from '../recording/baselines.ts';

/** Where runs and baselines are, unless --reports says otherwise. */
export const REPORTS_FOLDER = 'reports';
const PREFIX = 'baseline:';

/**
 * The folder that a word stands for: `baseline:<name>`, a folder, or the name of a baseline; a folder of that name goes first. Throws
 * UserError that names what there is.
 */
export async function recordingPath(word: string, reports = REPORTS_FOLDER): Promise<string> {
  if (word.startsWith(PREFIX)) return baselineFolder(reports, word.slice(PREFIX.length));
  if (existsSync(word)) return word;
  const names = (await listBaselines(reports)).map(({ name }) => name);
  if (names.includes(word)) return baselineFolder(reports, word);
  const meant = nearestWord(word, names);
  const known = names.length === 0 ? '' : ` Baselines: ${names.join(', ')}.`;
  throw new UserError(`${word} does not exist, and no baseline is called so`, {
    hint:
      meant === undefined
        ? `Give the folder of a run, for example reports/<name>-<time>, or the name of a baseline.${known}`
        : `Did you mean the baseline ${meant}?`,
  });
}
