/** Attempts at members that failed and that no failed request tells: the gateway asked another member, and its users waited for it. */
import type { Journey } from '../model/journey.ts';
import type { PlacedEntry } from '../model/log.ts';
import type { Group } from './source-group.ts';
import { timeText } from './unjoined.ts';

const FORMATS: readonly string[] = ['nginx-error', 'apache-error'];
/** Before a member had answered: what a gateway repeats. */
const OF_ATTEMPT =
  /while (?:connecting to|SSL handshaking to|sending request to|reading response header from) upstream|AH00957|AH01114|AH01102/;
/** Two could be one incident. */
const LEAST_LINES = 3;
const SHOWN_LENGTH = 100;
const NOTES = 3;

/**
 * One sentence for each member and message, most frequent first. Lines of a request that failed are that request's; what is left is more
 * than its own only where no failure is left without a line: so nothing is said where failures are unexplained.
 */
export function hiddenAttempts(groups: readonly Group[], journeys: readonly Journey[]): readonly string[] {
  const failed = journeys.filter(({ gateway }) => (gateway.access[0]?.status ?? 0) >= 500);
  if (failed.some(({ gateway }) => gateway.details.length === 0)) return [];
  const claimed = new Set(failed.flatMap(({ gateway }) => gateway.details));
  const left = groups
    .filter(({ role, format }) => role === 'gateway' && FORMATS.includes(format.id))
    .flatMap(({ collected }) => collected.kept.map(({ entry }) => entry))
    .filter((entry) => entry.kind === 'error' && !claimed.has(entry) && OF_ATTEMPT.test(entry.message ?? ''));
  return [...Map.groupBy(left, kindOf).values()]
    .filter(({ length }) => length >= LEAST_LINES)
    .sort((a, b) => b.length - a.length)
    .slice(0, NOTES)
    .map(noteOf);
}

/** The member, and the message without its numbers. */
function kindOf({ upstream, message = '' }: PlacedEntry): string {
  return `${upstream?.at(-1)?.address ?? ''} ${message.replace(/\d+/g, '0')}`;
}

function noteOf(lines: readonly PlacedEntry[]): string {
  const sorted = lines.toSorted((a, b) => a.atUs - b.atUs);
  const [first, last] = [sorted[0] as PlacedEntry, sorted.at(-1) as PlacedEntry];
  const address = first.upstream?.at(-1)?.address;
  const at = address === undefined ? '' : ` at ${address}`;
  return `${lines.length} attempts${at} failed that no failed request tells (“${(first.message ?? '').slice(0, SHOWN_LENGTH)}”, ${timeText(first.atUs)} to ${timeText(last.atUs)} UTC): the gateway asked another member instead, so that nobody got an error, and its users waited for it.`;
}
