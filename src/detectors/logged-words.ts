/** Sentences of findings out of logs: what a person reads first, in the middle of the night. */
import { isPoolStopped } from '../gateways/general-gateway.ts';
import { CAUSES, type CauseId } from '../model/causes.ts';
import type { Rival } from '../model/finding.ts';
import type { PlacedEntry } from '../model/log.ts';
import { formatDuration, formatNumber } from '../model/quantity.ts';
import type { Decided } from './log-decisions.ts';
import { classText, utc } from './log-exhibits.ts';
import { longestUs, type Measured } from './logged-measures.ts';

export type Subject = {
  readonly cause: CauseId;
  readonly member?: string;
  readonly items: readonly Decided[];
  readonly measured: Measured;
  readonly count: number;
  /** Attempts at members that failed just before, where no member was left. */
  readonly before?: string;
  /** Requests in the logs. Undefined: no log counts them. */
  readonly all?: number;
};

/** More paths than this are told by their number. */
const PATHS_NAMED = 2;

export function titleOf(subject: Subject): string {
  const { cause, items, measured, member } = subject;
  const where = placeOf(items);
  const share = shareOf(subject);
  const { timeoutUs, waitUs } = measured;
  const longest = longestUs(items);
  const address = member ?? addressOf(subject);
  const who = address ?? 'a member';
  if (cause === 'timeout/gateway-response' && timeoutUs !== undefined)
    return longest !== undefined && longest > timeoutUs.value
      ? `The gateway gives up after ${formatDuration(timeoutUs.value)}, but the members need up to ${formatDuration(longest)}${where}: ${share}.`
      : `The gateway gives up waiting for the answer after ${formatDuration(timeoutUs.value)}${where}: ${share}.`;
  const crash = items.find(({ facts }) => facts.crash !== undefined)?.facts.crash;
  if (cause === 'connection/dropped-before-response' && crash !== undefined)
    return `The process of ${who} ends with requests in it, ${crash.what}: ${share}.`;
  if (cause === 'connection/dropped-before-response' && address !== undefined)
    return `${address} closes or resets connections before it has answered${where}: ${share}.`;
  const refused = refusedBy(items);
  if (cause === 'gateway/overloaded' && refused !== undefined)
    return `The gateway itself refuses${isPoolStopped(refused) ? ': its application pool is stopped' : ''} (HTTPERR ${refused})${where}: ${share}.`;
  if (cause === 'member/none-available' && subject.before !== undefined)
    return `${CAUSES[cause].title}${where}: ${share}. Just before, ${subject.before}.`;
  const took =
    cause === 'gateway/cascade' ? items[0]?.facts.context.cascadeBefore(items[0].journey.startAtUs) : undefined;
  if (took !== undefined)
    return `The gateway had no member left${where}, because ${took.what} and taken them out: ${share}.`;
  // Only the gateway's line, which tells of attempts; that several members did the work is another thing.
  if (cause === 'gateway/retry-duplicate' && items.every(({ decision }) => decision.row === '37'))
    return `An attempt failed and the gateway made another, which was answered${where === '' ? '' : `,${where}`}: ${share}.`;
  const named = address === undefined ? '' : ` (${address})`;
  const value =
    timeoutUs !== undefined
      ? ` after ${formatDuration(timeoutUs.value)}`
      : waitUs !== undefined
        ? `, for about ${formatDuration(waitUs.value)}`
        : '';
  return `${CAUSES[cause].title}${named}${value}${where}: ${share}.`;
}

/** Where no member has a name: what the gateway calls the one that all requests of a member's fault went to. */
function addressOf({ cause, items }: Subject): string | undefined {
  if (CAUSES[cause].side !== 'member') return undefined;
  const called = new Set(items.map(({ facts }) => facts.reading?.member));
  return called.size === 1 ? [...called][0] : undefined;
}

/** What HTTPERR of the gateway itself says, where it says the same of all. */
export function refusedBy(items: readonly Decided[]): string | undefined {
  const reasons = new Set(
    items.map(({ decision, facts }) => (decision.row === '4' ? facts.frontKernel[0] : undefined)),
  );
  return reasons.size === 1 ? [...reasons][0] : undefined;
}

function shareOf({ count, all }: Subject): string {
  const requests = count === 1 ? '1 request' : `${formatNumber(count)} requests`;
  return all === undefined ? `${requests} in the logs` : `${requests} of ${formatNumber(all)} in the logs`;
}

function placeOf(items: readonly Decided[]): string {
  const paths = [...new Set(items.flatMap(({ journey }) => journey.path ?? []))];
  if (paths.length === 0) return '';
  return paths.length <= PATHS_NAMED ? ` for ${paths.join(' and ')}` : ` for ${formatNumber(paths.length)} paths`;
}

/** What it means, what one request of it shows, and when it was. */
export function meaningOf({ cause, items }: Subject): string {
  const best = [...items].sort((a, b) => RANK.indexOf(a.decision.confidence) - RANK.indexOf(b.decision.confidence))[0];
  const times = items.map(({ journey }) => journey.startAtUs).filter((us) => us > 0);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const when =
    times.length === 0
      ? ''
      : first === last || items.length === 1
        ? ` It was at ${utc(first)} UTC.`
        : ` First ${utc(first)}, last ${utc(last)} UTC.`;
  const line = classText(best?.facts.frontLine);
  const shown = line === 'no line' ? '' : ` (${line})`;
  const because = best === undefined ? '' : ` ${sentence(`${best.decision.because}${shown}`)}`;
  const out = cause === 'member/none-available' ? takenOutText(items) : '';
  return `${CAUSES[cause].meaning}${because}${out}${when}`.trim();
}

/** More are in the lines. */
const REASONS_NAMED = 3;

/** Why the gateway says that it took members out, in its own words. */
function takenOutText(items: readonly Decided[]): string {
  const events = [...new Set(items.flatMap(({ journey }) => journey.events.filter(isTakenOut)))];
  const reasons = Map.groupBy(events, ({ extra = {} }) => `${extra['server']}: ${extra['reason']}`);
  const told = [...reasons]
    .sort((a, b) => b[1].length - a[1].length)
    .slice(0, REASONS_NAMED)
    .map(([reason, own]) => `${reason}${own.length === 1 ? '' : ` (${own.length} times)`}`);
  return told.length === 0 ? '' : ` Its log says why members were taken out: ${told.join(', ')}.`;
}

/** A message of the gateway that a member went down, with the reason. */
export function isTakenOut({ kind, extra }: PlacedEntry): boolean {
  return kind === 'event' && extra?.['reason'] !== undefined && /^(?:going )?DOWN$/.test(extra['state'] ?? '');
}

const RANK = ['confirmed', 'likely', 'possible'];

function sentence(text: string): string {
  return text === '' ? '' : `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}

/** Causes that the lines of both sides exclude, where they prove another. */
const EXCLUDED: Readonly<Partial<Record<CauseId, readonly Rival[]>>> = {
  'timeout/gateway-response': [
    { cause: 'timeout/gateway-connect', whyNot: 'the member has the request in its log' },
    { cause: 'queue/gateway', whyNot: 'the member itself was at work for as long as the gateway waited' },
    { cause: 'connection/dropped-before-response', whyNot: 'the member went on after the gateway had left' },
  ],
  'connection/dropped-before-response': [
    { cause: 'timeout/gateway-response', whyNot: 'the member ended it, not a timer of the gateway' },
    { cause: 'connection/keep-alive-race', whyNot: 'the member had begun with the request' },
  ],
  'connection/keep-alive-race': [
    { cause: 'connection/dropped-before-response', whyNot: 'the member closed idle connections at those moments' },
  ],
  'application/error': [{ cause: 'timeout/gateway-response', whyNot: 'the member logged the error itself' }],
  'gateway/cascade': [{ cause: 'member/none-available', whyNot: 'the members were at work when they were taken out' }],
};

export function rivalsOf({ cause, items }: Subject): readonly Rival[] {
  return items.some(({ decision }) => decision.confidence === 'confirmed') ? (EXCLUDED[cause] ?? []) : [];
}
