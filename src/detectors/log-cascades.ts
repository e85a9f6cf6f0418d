/** Requests that, by the logs, took members out although they answered others: what an outage that follows is a consequence of. */
import type { Gateway } from '../gateways/gateway.ts';
import type { HopOutcome } from '../model/hop.ts';
import type { LogEvidence } from '../model/journey.ts';
import type { PlacedEntry, UpstreamTry } from '../model/log.ts';
import type { CascadeBefore } from './log-facts.ts';

/** A gateway that takes members out holds them for 10 s by default (nginx fail_timeout); what comes within that is a consequence. */
const HOLD_US = 10_000_000;
/** Stamps of whole seconds put what happened after into the same second. */
const STAMP_US = 1_000_000;
/** One request that fails so takes members out although they answer others; refused connections are members that are down. */
const POISONED: readonly HopOutcome[] = [
  'response/timeout',
  'response/reset-before-headers',
  'response/keepalive-race',
  'response/truncated',
  'response/malformed',
];
/** nginx's words for the same, of one attempt at a member; as above, not for one that it could not connect to. */
const POISONED_ATTEMPT =
  /while (?:reading response header from|sending request to|reading upstream)|upstream sent (?:too big|invalid|no valid)/;

type Trigger = CascadeBefore & { readonly startAtUs: number; readonly endAtUs: number };

/** What took members out before a moment. Proved where two members logged the same request. */
export function cascades(logs: LogEvidence, { ejection }: Gateway): (atUs: number) => CascadeBefore | undefined {
  // A gateway that takes members out by its own tests only is not led to it by a request.
  if (ejection.slowRequest === 'never') return () => undefined;
  const triggers = [...repeated(logs), ...several(logs)];
  return (atUs) => {
    const near = triggers.filter(
      ({ startAtUs, endAtUs }) => atUs >= startAtUs - STAMP_US && atUs <= Math.max(startAtUs, endAtUs) + HOLD_US,
    );
    return near.find(({ isProved }) => isProved) ?? near[0];
  };
}

/** Requests that failed on at least two members, one after the other. */
function repeated({ journeys }: LogEvidence): readonly Trigger[] {
  return journeys
    .filter(
      ({ gateway: { reading, access } }) =>
        reached(access[0]?.upstream).size >= 2 &&
        (reading?.failedTries ?? 0) >= 1 &&
        (access[0]?.status ?? 0) >= 500 &&
        POISONED.includes(reading?.outcome ?? 'unknown'),
    )
    .map(({ endAtUs, members }) => ({
      startAtUs: endAtUs,
      endAtUs,
      isProved: members.filter(({ access, joinedBy }) => access.length > 0 && joinedBy !== 'time-and-path').length >= 2,
      what: 'one request had failed on member after member',
    }));
}

/** Members that a request got as far as; where no connect time is logged, those that it was sent to. One that cannot be reached is down, not taken down. */
function reached(tries: readonly UpstreamTry[] = []): ReadonlySet<string> {
  const isTimed = tries.some(({ connectUs }) => connectUs !== undefined);
  return new Set(tries.flatMap(({ address, connectUs }) => (isTimed && connectUs === undefined ? [] : [address])));
}

/**
 * Attempts for one path that failed at several members within the time that one is held, whether one request made them or several, as the
 * error log tells them. Only where that is all that failed there: with several paths, or members that could not be connected to, it is not
 * known which of them the outage follows from. And only where other paths were answered just then: members that answer nothing are not
 * taken down by a request.
 */
function several({ journeys }: LogEvidence): readonly Trigger[] {
  const attempts = journeys
    .flatMap(({ gateway }) => gateway.details)
    .filter(isAttempt)
    .sort((a, b) => a.atUs - b.atUs);
  const answered = journeys.filter(({ gateway }) => (gateway.access[0]?.status ?? 500) < 500);
  const triggers: Trigger[] = [];
  for (const [at, last] of attempts.entries()) {
    const held = attempts.slice(0, at + 1).filter(({ atUs }) => atUs >= last.atUs - HOLD_US);
    const members = new Set(held.map(addressOf)).size;
    const { path } = last;
    if (members < 2 || path === undefined || held.some((one) => one.path !== path || !isPoisoned(one))) continue;
    const fromUs = (held[0] ?? last).atUs - HOLD_US;
    const isElsewhereWell = answered.some(
      (one) => one.path !== path && one.startAtUs >= fromUs && one.startAtUs <= last.atUs + STAMP_US,
    );
    if (!isElsewhereWell) continue;
    const what = `attempts for ${path} had failed at ${members} members`;
    triggers.push({ startAtUs: last.atUs, endAtUs: last.atUs, isProved: false, what });
  }
  return triggers;
}

/** Longest part of a message that is shown. */
const SHOWN_LENGTH = 90;

/**
 * What the gateway's error log says of attempts at members in the time before an outage for which one is held: the most frequent message,
 * and at whom. Undefined: nothing, or no such log. nginx only; others say it in events.
 */
export function attemptsBefore({ journeys }: LogEvidence, atUs: number): string | undefined {
  const attempts = journeys
    .flatMap(({ gateway }) => gateway.details)
    .filter((entry) => isAttempt(entry) && entry.atUs >= atUs - HOLD_US && entry.atUs <= atUs + STAMP_US);
  const [most] = [...Map.groupBy(attempts, messageOf)].sort((a, b) => b[1].length - a[1].length);
  if (most === undefined) return undefined;
  const [message, own] = most;
  const members = new Set(own.map(addressOf));
  const who = members.size === 1 ? [...members][0] : `${members.size} members`;
  const paths = new Set(own.map(({ path }) => path));
  const where = paths.size === 1 && own[0]?.path !== undefined ? ` for ${own[0].path}` : '';
  return `${own.length === 1 ? 'an attempt' : 'attempts'} at ${who}${where} failed: “${message}”`;
}

function messageOf({ message = '' }: PlacedEntry): string {
  return message.replace(/^\*\d+ /, '').slice(0, SHOWN_LENGTH);
}

/** Of nginx at one member; a line about the whole group names no port. */
function isAttempt(entry: PlacedEntry): boolean {
  return (
    entry.format === 'nginx-error' &&
    /\bupstream\b/.test(entry.message ?? '') &&
    /:\d+$|^unix:/.test(addressOf(entry) ?? '')
  );
}

function isPoisoned({ message = '' }: PlacedEntry): boolean {
  return POISONED_ATTEMPT.test(message);
}

function addressOf({ upstream }: PlacedEntry): string | undefined {
  return upstream?.at(-1)?.address;
}
