/** Processes of members that ended while at work: the events of one crash, which several providers write, as one incident. */
import type { LogEvidence } from '../model/journey.ts';
import type { PlacedEntry } from '../model/log.ts';

export type Crash = {
  /** Host whose event log it stands in. Undefined: the log of no known member. */
  readonly member?: string;
  /** µs since 1970 by the reference clock; the first and the last event of it. */
  readonly fromUs: number;
  readonly toUs: number;
  readonly pool?: string;
  /** `w3wp.exe in ntdll.dll, exception c0000374 (Application Error/1000, WAS/5011)`. */
  readonly what: string;
  readonly events: readonly PlacedEntry[];
};

// Events of IIS, Windows, .NET and the ASP.NET Core Module that end a process (IIS reference, Windows event log).
const ENDED =
  /^(?:WAS\/(?:5009|5010|5011|5013)|Application Error\/1000|\.NET Runtime\/(?:1025|1026)|ASP\.NET\/1325|ANCM\/(?:1011|1018|1020|1030|1035))$/i;
/** Filed for many reasons: only adds to a crash that another event tells of. */
const FILED = /^(?:WER\/1001|ASP\.NET\/1309)$/i;
/** Programs that serve requests; crashes of others only count where WAS names the same process. */
const SERVES = /^(?:w3wp|dotnet|iisexpress|iisexpresstray)(?:\.exe)?$/i;
/** WAS and error reporting note a crash up to this much later than the application does (13 s seen, a dump takes longer). */
const SAME_CRASH_US = 60_000_000;

export function crashesOf({ events, sources, clocks }: LogEvidence): readonly Crash[] {
  const members = new Map(sources.map(({ index, member }) => [index, member]));
  const offsets = new Map(clocks.map(({ source, offsetUs }) => [source, offsetUs]));
  const known = events
    .filter(({ code = '' }) => ENDED.test(code) || FILED.test(code))
    .map((event) => ({
      event,
      atUs: event.atUs - (offsets.get(event.source) ?? 0),
      member: members.get(event.source),
    }))
    .sort((a, b) => a.atUs - b.atUs);
  const groups: (typeof known)[] = [];
  for (const one of known) {
    const group = groups.findLast((other) => other.some((its) => its.member === one.member && isSame(its, one)));
    if (group === undefined) groups.push([one]);
    else group.push(one);
  }
  return groups.flatMap((group) => crashOf(group) ?? []);
}

type Timed = { readonly event: PlacedEntry; readonly atUs: number; readonly member: string | undefined };

function isSame(a: Timed, b: Timed): boolean {
  if (Math.abs(a.atUs - b.atUs) > SAME_CRASH_US) return false;
  const [left, right] = [a.event.processId, b.event.processId];
  if (left !== undefined && right !== undefined) return left === right;
  const [pool, other] = [a.event.pool, b.event.pool];
  if (pool !== undefined && other !== undefined && pool !== other) return false;
  const [exe, otherExe] = [a.event.extra?.['exe'], b.event.extra?.['exe']];
  return exe === undefined || otherExe === undefined || exe.toLowerCase() === otherExe.toLowerCase();
}

function crashOf(group: readonly Timed[]): Crash | undefined {
  const events = group.map(({ event }) => event);
  const ended = events.filter(({ code = '' }) => ENDED.test(code));
  const isServer = ended.some(({ code = '', extra }) => {
    const exe = extra?.['exe'];
    return /^(?:WAS|ANCM|ASP\.NET)\//i.test(code) || exe === undefined || SERVES.test(exe);
  });
  const [first, last] = [group[0], group.at(-1)];
  if (!isServer || first === undefined || last === undefined) return undefined;
  const pool = events.find((event) => event.pool !== undefined)?.pool;
  return {
    ...(first.member === undefined ? {} : { member: first.member }),
    fromUs: first.atUs,
    toUs: last.atUs,
    ...(pool === undefined ? {} : { pool }),
    what: describe(events, pool),
    events,
  };
}

function describe(events: readonly PlacedEntry[], pool: string | undefined): string {
  const field = (name: string): string | undefined =>
    events.map(({ extra }) => extra?.[name]).find((value) => value !== undefined && value !== '');
  const [exe, module, code, exception] = ['exe', 'module', 'exceptionCode', 'exception'].map(field);
  const program = exe ?? 'the worker process';
  const parts = [
    module === undefined ? program : `${program} in ${module}`,
    ...(code === undefined ? [] : [`exception ${code}`]),
    ...(exception === undefined ? [] : [exception]),
    ...(pool === undefined ? [] : [`pool ${pool}`]),
  ];
  const codes = [...new Set(events.map((event) => event.code ?? ''))].join(', ');
  return `${parts.join(', ')} (${codes})`;
}

/** The crash of this member (and pool, where both are known) that came while a request was there. */
export function crashNear(
  crashes: readonly Crash[],
  { member, pool, fromUs, toUs }: { member?: string; pool?: string; fromUs: number; toUs: number },
): Crash | undefined {
  return crashes
    .filter(
      (crash) =>
        crash.member === member &&
        member !== undefined &&
        (pool === undefined || crash.pool === undefined || pool === crash.pool) &&
        crash.toUs >= fromUs &&
        crash.fromUs <= toUs,
    )
    .sort((a, b) => apart(a, toUs) - apart(b, toUs))[0];
}

/** 0 where the moment lies between the events of the crash. */
export function apart({ fromUs, toUs }: Crash, atUs: number): number {
  return Math.max(0, fromUs - atUs, atUs - toUs);
}
