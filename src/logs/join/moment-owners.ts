/** Error lines that name no request (Apache, Caddy): whose they are is told by their moment, where that leaves one request. */
import type { PlacedEntry } from '../../model/log.ts';
import type { Wanted } from './host-index.ts';
import { distanceUs, type Span } from './moment.ts';
import { settleMoments, type TiedMoment } from './tied-moments.ts';
import { isAnother, type Placed } from './time-match.ts';

export type MomentAsk = { readonly wanted: Wanted; readonly own: readonly PlacedEntry[] };
export type MomentPair = { readonly ask: number; readonly detail: PlacedEntry; readonly apartUs: number };

/** `path`: as another line about the same failure names it, if one does. */
export type Nameless = Placed & { readonly path: string | undefined };

/** By stamps of whole seconds a line must be this close. */
export const CLOSE_US = 1_500_000;
/** Access lines that say their end this finely are told apart by it (Apache `%{end:usec}t`, Caddy's `ts`). */
const EXACT_US = 2_000;
/** Both programs write the error as they end the request: at most 0.6 ms before it in the laboratory; the rest is for a busy host. */
const AT_END_US = 5_000;

/** Apache names no request when the member gave no answer. What it says of itself, at its start above all, is about none. */
export function isAboutRequest(entry: PlacedEntry): boolean {
  const { format, kind, code, clientIp, extra, message = '' } = entry;
  if (isMidAnswer(entry)) return true;
  if (format !== 'apache-error' || kind !== 'error') return false;
  const isOfConnection = clientIp !== undefined || extra?.['remote'] !== undefined;
  return code === undefined
    ? message.startsWith('SSL Library Error')
    : isOfConnection || /^proxy/.test(extra?.['module'] ?? '') || code === 'AH02268';
}

/** In the middle of an answer: the access line may look well. */
function isMidAnswer({ format, kind, code, message = '' }: PlacedEntry): boolean {
  if (format === 'caddy') return kind === 'error' && /^(?:reading from backend|aborting with incomplete)/.test(message);
  return code === 'AH01110' || code === 'AH01590';
}

type Ended = MomentAsk & { readonly ask: number };
/** A request, and how far from it a line stands. */
export type Near = Ended & { readonly apartUs: number };

/** `isWhole`: every access line of this time (own clock) is among the asks. Requests without a line take no part. */
export function ofMoment(
  asks: readonly MomentAsk[],
  pathless: readonly Nameless[],
  isWhole: (fromUs: number, toUs: number) => boolean,
): MomentPair[] {
  if (pathless.length === 0) return [];
  const ended = asks
    .map((one, ask): Ended => ({ ...one, ask }))
    .filter(({ own }) => own.length > 0)
    .sort((a, b) => a.wanted.end.lowUs - b.wanted.end.lowUs);
  const exact = ended.filter(({ wanted }) => wanted.end.highUs - wanted.end.lowUs <= EXACT_US);
  const troubled = exact.filter(hasTrouble);
  const failed = ended.filter(({ wanted }) => wanted.mayOutlast);
  const tied: TiedMoment[] = [];
  const pairs = pathless.flatMap((one): MomentPair[] => {
    const isMid = isMidAnswer(one.entry);
    const { atUs } = one.entry;
    if (isMid && !isWhole(atUs - AT_END_US, atUs + AT_END_US)) return [];
    const found = isMid ? exactOwner(exact, one, false) : exactOwner(troubled, one, true);
    if (found !== undefined || isMid || exact.length > 0) return found ?? [];
    const near = looseOwners(failed, one);
    if (near.length > 1) tied.push({ one, near });
    return near.length !== 1 ? [] : near.map(({ ask, apartUs }) => ({ ask, detail: one.entry, apartUs }));
  });
  return [...pairs, ...settleMoments(tied)];
}

/** Failed, or Apache says by `%L` that it logged something about it. */
function hasTrouble({ wanted, own }: MomentAsk): boolean {
  return wanted.mayOutlast || isLogged(own);
}

function isLogged(own: readonly PlacedEntry[]): boolean {
  return own.some(({ format, ids }) => format === 'apache' && ids.local !== undefined);
}

/** The one that ended just then; where none did, of those that `mayGoOn` the only one that was under way. */
function exactOwner(list: readonly Ended[], one: Placed, mayGoOn: boolean): MomentPair[] | undefined {
  const ending = within(list, one, AT_END_US, Number.POSITIVE_INFINITY);
  const logged = ending.filter(({ own }) => isLogged(own));
  const near = logged.length > 0 ? logged : ending;
  const chosen = near.length > 0 || !mayGoOn ? near : within(list, one, longestOf(list), 2);
  const [only] = chosen;
  if (only === undefined || chosen.length > 1) return undefined;
  return [{ ask: only.ask, detail: one.entry, apartUs: distanceUs(one.end, only.wanted.end) }];
}

/** Those that had begun at this moment and ended up to so much later, or hardly before it; at most `most`. */
function within(list: readonly Ended[], one: Placed, laterUs: number, most: number): Ended[] {
  const { lowUs, highUs } = one.end;
  const found: Ended[] = [];
  for (let at = firstFrom(list, lowUs - AT_END_US); at < list.length && found.length < most; at++) {
    const own = list[at] as Ended;
    if (own.wanted.end.lowUs > highUs + laterUs) break;
    if (own.wanted.start.lowUs <= highUs + EXACT_US && !isAnother(one.entry, own.wanted)) found.push(own);
  }
  return found;
}

/** A stamp of whole seconds and a duration in whole seconds leave an end open by so much. */
const COARSEST_US = 2_000_000;

/** More requests that failed within seconds than this are not told apart. */
const MOST_NEAR = 500;

/** By coarse stamps: those that failed at that moment. Another path is another request (rewritten: none). */
function looseOwners(failed: readonly Ended[], one: Nameless): readonly Near[] {
  const near: Near[] = [];
  const { lowUs, highUs } = one.end;
  const lastUs = highUs + CLOSE_US + longestOf(failed);
  for (
    let at = firstFrom(failed, lowUs - CLOSE_US - COARSEST_US);
    at < failed.length && near.length < MOST_NEAR;
    at++
  ) {
    const own = failed[at] as Ended;
    const { wanted } = own;
    if (wanted.end.lowUs > lastUs) break;
    if (wanted.start.lowUs > highUs + CLOSE_US || (one.path !== undefined && one.path !== wanted.path)) continue;
    const apartUs = distanceUs(one.end, during(wanted));
    if (apartUs <= CLOSE_US && !isAnother(one.entry, wanted)) near.push({ ...own, apartUs });
  }
  return near.length < MOST_NEAR ? near : [];
}

const longest = new WeakMap<readonly Ended[], number>();

function longestOf(list: readonly Ended[]): number {
  let us = longest.get(list);
  if (us === undefined) {
    us = list.reduce((most, { wanted }) => Math.max(most, wanted.end.highUs - wanted.start.lowUs), 0);
    longest.set(list, us);
  }
  return us;
}

export function during({ start, end }: { readonly start: Span; readonly end: Span }): Span {
  return { lowUs: start.lowUs, highUs: Math.max(start.highUs, end.highUs) };
}

function firstFrom(list: readonly Ended[], us: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.wanted.end.lowUs ?? 0) < us) low = middle + 1;
    else high = middle;
  }
  return low;
}
