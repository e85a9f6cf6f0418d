/** Messages by which a server says that it is at a limit of its own, about no request: no line of the decision table has them. */
import type { PlacedEntry } from '../model/log.ts';
import { type Group, isDetails } from './source-group.ts';
import { timeText } from './unjoined.ts';

type Limit = { readonly words: RegExp; readonly what: string };

// Each is a program's own sentence: nginx 1.22, Apache httpd 2.4 (AH00484 once per start, however long it lasts).
const LIMITS: readonly Limit[] = [
  {
    words: /worker_connections are not enough/,
    what: 'nginx closes or refuses connections then, and no access line tells; `worker_connections` counts those of clients and members together',
  },
  {
    words: /\(24: Too many open files\)/,
    what: 'no connection or file can be opened then; `worker_rlimit_nofile` of nginx',
  },
  {
    words: /server reached MaxRequestWorkers/,
    what: 'further requests wait to be accepted, a wait that no access line contains; `MaxRequestWorkers`, or what keeps the workers busy',
  },
  {
    words: /scoreboard is full/,
    what: 'further requests wait to be accepted; old workers are still finishing: `MaxRequestWorkers`, `AsyncRequestWorkerFactor`',
  },
];
/** A limit that is reached just before or behind a run concerns it; further off it may be another's. */
const NEAR_US = 5_000_000;
const SHOWN_LENGTH = 120;

/** One sentence for each limit and log. `fromUs` to `toUs`: by the clock of the probe, where requests were sent. */
export function limitNotes(
  groups: readonly Group[],
  span?: { readonly fromUs: number; readonly toUs: number },
): readonly string[] {
  return groups
    .filter(({ format }) => isDetails(format))
    .flatMap((group) =>
      LIMITS.flatMap((limit): string[] => {
        const lines = group.collected.kept
          .map(({ entry }) => entry)
          .filter((entry) => isSaid(entry, limit) && (span === undefined || isWithin(entry, span)))
          .sort((a, b) => a.atUs - b.atUs);
        const [first, last] = [lines[0], lines.at(-1)];
        return first === undefined || last === undefined ? [] : [noteOf(group, limit, lines.length, first, last)];
      }),
    );
}

/** What is said of a request is evidence of that request. */
function isSaid({ kind, path, message = '' }: PlacedEntry, { words }: Limit): boolean {
  return kind === 'error' && path === undefined && words.test(message);
}

function isWithin(
  { atUs }: PlacedEntry,
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
): boolean {
  return atUs >= fromUs - NEAR_US && atUs <= toUs + NEAR_US;
}

function noteOf(
  { role, member }: Group,
  { what }: Limit,
  count: number,
  first: PlacedEntry,
  last: PlacedEntry,
): string {
  const whose = role === 'gateway' ? 'the gateway' : (member ?? 'a member');
  const times =
    count === 1
      ? `at ${timeText(first.atUs)} UTC`
      : `${count} times from ${timeText(first.atUs)} to ${timeText(last.atUs)} UTC`;
  return `The error log of ${whose} says ${times} “${(first.message ?? '').slice(0, SHOWN_LENGTH)}”: ${what}.`;
}
