/** What a journey says, in the words of the decision table. */
import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { AfterGap, Journey, MemberView, Presence } from '../model/journey.ts';
import type { PlacedEntry } from '../model/log.ts';
import { type Crash, crashNear } from './log-crashes.ts';

/** Why members that answer others were taken out. `isProved`: the members logged it, too. `what`: for a sentence. */
export type CascadeBefore = { readonly isProved: boolean; readonly what: string };

/** What all journeys of a set tell together. */
export type LogContext = {
  /** Median delay between the gateway's and a member's start over good requests (µs). Undefined: nothing to compare with. */
  readonly usualDelayUs?: number;
  readonly hasGatewayLog: boolean;
  /** The gateway's log goes on beyond the probe's requests, and none of many is in it. */
  readonly isForeignLog: boolean;
  /** Share of the probe's requests that were found in the gateway's log. Undefined: there were none, or no log. */
  readonly joinedRatio?: number;
  /** From what a gateway calls a member to its name. */
  readonly memberOf: (address: string | undefined) => string | undefined;
  /** Requests that failed in the very second in which a member closed an idle connection, where that is too often for chance. */
  readonly isIdleClosed: (journey: Journey) => boolean;
  /** Just before, requests had failed at member after member and taken them out. */
  readonly cascadeBefore: (atUs: number) => CascadeBefore | undefined;
  readonly crashes: readonly Crash[];
  /** Of the failures whose client had left, which may hide a timer: how many took as long as this one, with those of a timer's own code. */
  readonly leftAlike: (journey: Journey) => { readonly agreeing: number; readonly of: number };
  /** The event of the gateway's machine near this request that says that its local ports were used up. */
  readonly portsUsedUp: (journey: Journey) => string | undefined;
  /** How many requests of this member broke off in the same second as this one. */
  readonly cutTogether: (journey: Journey) => number;
  /** The pause that a line ended, if it was a long one. */
  readonly gapBefore: (line: PlacedEntry) => AfterGap | undefined;
  /** The last event of a member's worker before a moment: idle end, or recycling. */
  readonly lastEnd: (member: string, beforeUs: number) => { readonly code: string; readonly agoUs: number } | undefined;
  /** True: the probe itself connected to this member over TLS all the time, so its port is open and TLS is spoken on it. */
  readonly takesTls: (member: string) => boolean;
  /** True: how far the clock of this line's log is from the reference is known from shared requests. */
  readonly isClockKnown: (line: PlacedEntry) => boolean;
  /** New connections to members take at least this long, so that a connect time of 0 means a used one. Undefined: they do not tell. */
  readonly freshConnectUs?: number;
};

export type MemberLine = 'none' | 'ok' | 'aborted' | 'error';

export type Facts = {
  readonly journey: Journey;
  readonly context: LogContext;
  readonly reading?: HopReading;
  readonly outcome: HopOutcome;
  /** Status that the client got, as far as known. */
  readonly status?: number;
  readonly front: Presence;
  readonly frontLine?: PlacedEntry;
  readonly frontUs?: number;
  /** Reasons of HTTPERR lines at the gateway. */
  readonly frontKernel: readonly string[];
  readonly member?: MemberView;
  readonly memberName?: string;
  readonly memberPresence: Presence;
  readonly memberLine: MemberLine;
  readonly memberUs?: number;
  /** Other lines fit as well and look different: the member's side proves nothing. */
  readonly isAmbiguous: boolean;
  /** The member's line is about this request: joined by an id, or so peculiar that no other would fit but such as say the same. */
  readonly isSameRequest: boolean;
  /** Nearly: no other line fits, and the clocks are known well enough to say so. */
  readonly isLikelySame: boolean;
  /** Beyond what is usual, how much later the member began; `isExact`: its error is small against it. Undefined: clocks do not tell. */
  readonly lateUs?: { readonly value: number; readonly error: number };
  /** Whether the gateway used a connection again that it had. Undefined: its line does not say. */
  readonly isReused?: boolean;
  readonly kernel: readonly string[];
  readonly crash?: Crash;
  /** How often members have a line of this one request. */
  readonly executions: number;
};

/** Times measured at two hosts are called equal within this: methods D.6, tol = max(250 ms, 1 % of T); of short times at most a fifth. */
export function toleranceUs(timeoutUs: number): number {
  return Math.min(Math.max(250_000, 0.01 * timeoutUs), 0.2 * timeoutUs);
}

/** The whole of `wholeUs`, as far as two hosts can agree on it: four fifths, for what stamps and the way take. */
export function isMostOf(partUs: number, wholeUs: number): boolean {
  return partUs >= 0.8 * wholeUs - 5_000;
}

/** 64, 1229, 1236: the peer was gone; 121: it stopped reading; 995: aborted. */
const ABORTED_WIN32 = [64, 121, 995, 1229, 1236];
/** A crash is written up to some seconds after the connections it cut, and WAS notes it later than the application does (13 s seen). */
const CRASH_NEAR_US = 60_000_000;

export function factsOf(journey: Journey, context: LogContext): Facts {
  const { gateway, client } = journey;
  const frontLine = gateway.access[0];
  const { reading } = gateway;
  const member = chooseMember(journey, context);
  const line = member?.access[0];
  const kernelLine = gateway.details.find(({ kind }) => kind === 'kernel');
  const status = client?.status ?? frontLine?.status ?? kernelLine?.status ?? line?.status;
  const frontUs = frontLine?.durationUs;
  const named = context.memberOf(reading?.member);
  // Of several whose lines fit it is not known which one it was.
  const name = named ?? ((member?.ambiguous ?? 0) > 0 && journey.members.length > 1 ? undefined : member?.member);
  const memberLine = line === undefined ? 'none' : kindOf(line);
  const crash = crashOf(journey, context, name, member);
  const lateUs = lateness(member, line, context);
  const isSame = isSameRequest(member, memberLine);
  const isReused = reuseOf(frontLine, context);
  return {
    journey,
    context,
    ...(reading === undefined ? {} : { reading }),
    outcome: reading?.outcome ?? 'unknown',
    ...(status === undefined ? {} : { status }),
    front: gateway.presence,
    ...(frontLine === undefined ? {} : { frontLine }),
    ...(frontUs === undefined ? {} : { frontUs }),
    frontKernel: reasons(gateway.details),
    ...(member === undefined ? {} : { member }),
    ...(name === undefined ? {} : { memberName: name }),
    memberPresence: presenceOf(journey, member, name !== undefined),
    memberLine,
    ...(line?.durationUs === undefined ? {} : { memberUs: line.durationUs }),
    isAmbiguous: (member?.ambiguous ?? 0) > 0,
    isSameRequest: isSame,
    isLikelySame: isSame || (line !== undefined && (member?.ambiguous ?? 0) === 0 && context.isClockKnown(line)),
    ...(lateUs === undefined ? {} : { lateUs }),
    ...(isReused === undefined ? {} : { isReused }),
    kernel: [
      ...(member === undefined ? journey.members.flatMap(({ details }) => details) : member.details).flatMap((one) =>
        reasons([one]),
      ),
      ...(context.isIdleClosed(journey) ? ['Timer_ConnectionIdle'] : []),
    ],
    ...(crash === undefined ? {} : { crash }),
    executions: executionsOf(journey),
  };
}

/** Ended before a request was sent: a member's line that only path and time speak for is of another one. */
const NEVER_SENT =
  /^(?:connect\/(?:refused|unreachable|reset|failed)|dns\/|tls\/(?:verify|handshake|handshake-timeout|protocol-mismatch)$|gateway\/resource$)/;

function wasNeverSent({ gateway: { reading } }: Journey): boolean {
  return reading !== undefined && [reading.outcome, ...(reading.rivals ?? [])].every((one) => NEVER_SENT.test(one));
}

/** The member that the gateway named; else the one that has the line; else, where there is only one, that one. */
function chooseMember(journey: Journey, context: LogContext): MemberView | undefined {
  const { gateway, members } = journey;
  const named = context.memberOf(gateway.reading?.member);
  if (named !== undefined) return members.find(({ member }) => member === named);
  const isOther = wasNeverSent(journey);
  const seen = members.filter(
    ({ access, details, joinedBy }) =>
      details.length > 0 || (access.length > 0 && !(isOther && joinedBy === 'time-and-path')),
  );
  // A line with the same error is more likely its own than a good answer of the same moment.
  const failed = gateway.access[0]?.status ?? 0;
  const isAlike = ({ access }: MemberView): number => Number(failed >= 500 && access[0]?.status === failed);
  const byLongest = [...seen].sort(
    (a, b) =>
      isAlike(b) - isAlike(a) ||
      b.access.length - a.access.length ||
      (b.access[0]?.durationUs ?? 0) - (a.access[0]?.durationUs ?? 0),
  );
  // Joined by time and path on several members at once: which of them it was is a guess.
  const best = byLongest[0];
  if (best !== undefined && seen.length > 1 && best.joinedBy === 'time-and-path')
    return { ...best, ambiguous: best.ambiguous + seen.length - 1 };
  return best ?? (members.length === 1 ? members[0] : undefined);
}

/** Absent only where every member that could have had the line is known not to have it. */
function presenceOf({ members }: Journey, chosen: MemberView | undefined, isNamed: boolean): Presence {
  if (chosen !== undefined) return chosen.presence;
  // The gateway names a member whose log was not given: the others' silence says nothing.
  if (isNamed) return 'unknown';
  return members.length > 0 && members.every(({ presence }) => presence === 'absent') ? 'absent' : 'unknown';
}

/** Whoever wrote this line found that the one it answered had gone. */
export function isPeerGone({ status, win32 = 0, clientGone, flags }: PlacedEntry): boolean {
  return ABORTED_WIN32.includes(win32) || clientGone === true || status === 499 || /^C/.test(flags ?? '');
}

function kindOf(line: PlacedEntry): MemberLine {
  if (isPeerGone(line)) return 'aborted';
  return (line.status ?? 0) >= 500 ? 'error' : 'ok';
}

/** By path and time alone an ordinary answer may be that of another request; one that was cut or failed just then hardly is. */
function isSameRequest(member: MemberView | undefined, line: MemberLine): boolean {
  if (member === undefined || line === 'none' || member.ambiguous > 0) return false;
  return member.joinedBy !== 'time-and-path' || line === 'aborted' || line === 'error';
}

function lateness(
  member: MemberView | undefined,
  line: PlacedEntry | undefined,
  { usualDelayUs, isClockKnown }: LogContext,
): Facts['lateUs'] {
  if (member?.delayUs === undefined || line === undefined || member.ambiguous > 0 || !isClockKnown(line))
    return undefined;
  return { value: member.delayUs.value - (usualDelayUs ?? 0), error: member.delayUs.error };
}

function reuseOf(line: PlacedEntry | undefined, { freshConnectUs }: LogContext): boolean | undefined {
  // Varnish's transaction log: `24 default 127.0.0.1 18001 127.0.0.1 40012 reuse`, or `connect`.
  const said = line?.extra?.['BackendOpen'] ?? line?.extra?.['backend-open'] ?? '';
  if (/\breuse$/.test(said)) return true;
  if (/\bconnect$/.test(said)) return false;
  const connectUs = line?.upstream?.at(-1)?.connectUs;
  if (connectUs === undefined || freshConnectUs === undefined) return undefined;
  return connectUs === 0 ? true : connectUs >= freshConnectUs ? false : undefined;
}

function crashOf(
  { startAtUs, endAtUs }: Journey,
  { crashes }: LogContext,
  name: string | undefined,
  member: MemberView | undefined,
): Crash | undefined {
  const pool = member?.details.find((detail) => detail.kind === 'kernel')?.pool;
  return crashNear(crashes, {
    ...(name === undefined ? {} : { member: name }),
    ...(pool === undefined ? {} : { pool }),
    fromUs: startAtUs - 2_000_000,
    toUs: endAtUs + CRASH_NEAR_US,
  });
}

/** Lines of one request at members, by ids only. Two logs of one member are one execution; a trace id is shared by other requests. */
function executionsOf({ members, path }: Journey): number {
  return members.reduce((sum, { access, joinedBy }) => {
    if (joinedBy === 'time-and-path') return sum;
    const counts = new Map<number, number>();
    for (const line of access)
      if (joinedBy === 'probe-id' || joinedBy === 'arr-log-id' || line.path === path)
        counts.set(line.source, (counts.get(line.source) ?? 0) + 1);
    return sum + Math.max(0, ...counts.values());
  }, 0);
}

function reasons(details: readonly PlacedEntry[]): string[] {
  return details.flatMap(({ kind, flags }) => (kind === 'kernel' && flags !== undefined ? [flags] : []));
}
