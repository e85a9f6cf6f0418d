/**
 * Answers below 500 that one member's log has and its peers' have not: refusals and redirects, which no fault is made of, but which are not
 * the same work. Out of logs alone.
 */
import type { LogClass, LogEvidence } from '../model/journey.ts';
import { DETAIL_FORMATS } from '../model/log.ts';
import { binomialTail, proportionInterval } from './proportion.ts';

/** Counts are of all requests of the member, or of all its peers. */
export type LoggedRefusal = {
  readonly member: string;
  readonly status: number;
  readonly substatus?: number;
  readonly count: number;
  readonly of: number;
  readonly peersCount: number;
  readonly peersOf: number;
};

/** Fewer are a client or two. */
const LEAST_COUNT = 20;
/** A share that somebody who looks at the farm would call odd; scanners that stick to one member make less. */
const LEAST_RATIO = 0.1;
/** Members with clients that stick to them differ by less than this. */
const TIMES_PEERS = 5;
/** Requests of one client come together, so that they are fewer trials than lines: far below any usual level. */
const MAX_P = 1e-9;
/** The peers' share is not known exactly either. */
const PEERS_CONFIDENCE = 0.999;

type Tally = { of: number; readonly codes: Map<string, { readonly first: LogClass; count: number }> };

/** In the order of members, the most frequent first. Empty where fewer than two members have a log of requests. */
export function loggedRefusals({ sources }: Pick<LogEvidence, 'sources'>): readonly LoggedRefusal[] {
  const tallies = new Map<string, Tally>();
  for (const { role, member, format, classes } of sources)
    if (role === 'member' && member !== undefined && !DETAIL_FORMATS.includes(format))
      addClasses(tallies, member, classes);
  return [...tallies].flatMap(([member, own]) => {
    const peers = [...tallies].flatMap(([name, tally]) => (name === member ? [] : [tally]));
    const peersOf = peers.reduce((sum, { of }) => sum + of, 0);
    const found = [...own.codes].flatMap(([code, { first, count }]): readonly LoggedRefusal[] => {
      const { status, substatus } = first;
      const peersCount = peers.reduce((sum, { codes }) => sum + (codes.get(code)?.count ?? 0), 0);
      const one = { member, status, count, of: own.of, peersCount, peersOf };
      return isOdd(one) ? [{ ...one, ...(substatus === undefined ? {} : { substatus }) }] : [];
    });
    return found.sort((a, b) => b.count - a.count);
  });
}

function addClasses(tallies: Map<string, Tally>, member: string, classes: readonly LogClass[]): void {
  const tally = tallies.get(member) ?? { of: 0, codes: new Map() };
  tallies.set(member, tally);
  for (const one of classes) {
    tally.of += one.count;
    // By codes of Windows or flags the same refusal would fall into several.
    const code = `${one.status}.${one.substatus ?? 0}`;
    const known = tally.codes.get(code);
    if (known === undefined) tally.codes.set(code, { first: one, count: one.count });
    else known.count += one.count;
  }
}

/** 304 is a browser's cache, 499 a client that left. */
function isRefusal(status: number): boolean {
  return status >= 300 && status < 499 && status !== 304;
}

function isOdd({ status, count, of, peersCount, peersOf }: LoggedRefusal): boolean {
  if (!isRefusal(status) || count < LEAST_COUNT || peersOf < LEAST_COUNT) return false;
  if (count < LEAST_RATIO * of || count * peersOf < TIMES_PEERS * peersCount * of) return false;
  return binomialTail(count, of, proportionInterval(peersCount, peersOf, PEERS_CONFIDENCE).high) < MAX_P;
}
