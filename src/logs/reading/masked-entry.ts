/** What is kept of a line besides its text: read out of the line as it stood, so that secrets have to be hidden in it too. */
import type { LogEntry } from '../../model/log.ts';
import type { Mask } from './shown-text.ts';

/** Ids, addresses and codes stay as they are: lines are joined by them. All texts of one log are masked alike, so that equal ones stay equal. */
export function maskedEntry(entry: LogEntry, mask: Mask): LogEntry {
  const { path, query, message, userAgent, steps, extra } = entry;
  return {
    ...entry,
    ...(path === undefined ? {} : { path: mask(path) }),
    ...(query === undefined ? {} : { query: mask(query) }),
    ...(message === undefined ? {} : { message: mask(message) }),
    ...(userAgent === undefined ? {} : { userAgent: mask(userAgent) }),
    ...(steps === undefined ? {} : { steps: steps.map((step) => ({ ...step, data: maskedValues(step.data, mask) })) }),
    ...(extra === undefined ? {} : { extra: maskedValues(extra, mask) }),
  };
}

function maskedValues(values: Readonly<Record<string, string>>, mask: Mask): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, mask(value)]));
}
