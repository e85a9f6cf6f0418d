/** Sources grouped by the host that wrote them, each host with its clock. */
import type { ClockEstimate, Presence } from '../../model/journey.ts';
import { DETAIL_FORMATS, type LogFormatId, type LogRole, type PlacedEntry } from '../../model/log.ts';
import { correctionUs } from './clock.ts';
import type { KeptEntry } from './collector.ts';
import { type HostIndex, indexHost } from './host-index.ts';
import type { Span } from './moment.ts';
import type { IsCovered } from './time-match.ts';

/** A stretch of time that a file holds without a hole, by its own clock (µs since 1970). */
export type Range = { readonly fromUs: number; readonly toUs: number };

export type HostSource = {
  readonly index: number;
  readonly role: LogRole;
  readonly member?: string;
  readonly format: LogFormatId;
  /** Where absence may be claimed, by its own clock. */
  readonly ranges: readonly Range[];
  readonly kept: readonly KeptEntry[];
  /** Whether every line about this path in this time (own clock) is among the kept; `isFailure`: every failed one. */
  covers(fromUs: number, toUs: number, path: string | undefined, isFailure?: boolean): boolean;
  /** Lines of the probe were found, and none was left out. */
  readonly hasAllProbeLines: boolean;
};

export type Host = {
  /** Undefined: the gateway. */
  readonly member?: string;
  readonly sources: readonly HostSource[];
  readonly entries: readonly PlacedEntry[];
};

export type Asked = Span & { readonly path?: string; readonly isOfProbe: boolean };

export type PresenceAnswer = { readonly presence: Presence; readonly because?: string };

export type PlacedHost = Host & {
  readonly index: HostIndex;
  /** What may be said of a request in this time (reference clock) of which no line was found. */
  presenceOf(asked: Asked): PresenceAnswer;
};

export function groupHosts(sources: readonly HostSource[]): {
  gateway?: Host;
  members: readonly (Host & { member: string })[];
} {
  const gateway = sources.filter(({ role }) => role === 'gateway');
  const names = [
    ...new Set(sources.flatMap(({ role, member }) => (role === 'member' && member !== undefined ? [member] : []))),
  ];
  const host = (own: readonly HostSource[]): Host => ({
    sources: own,
    entries: own.flatMap(({ kept }) => kept.map(({ entry }) => entry)),
  });
  return {
    ...(gateway.length === 0 ? {} : { gateway: host(gateway) }),
    members: names.map((member) => ({
      member,
      ...host(sources.filter((one) => one.role === 'member' && one.member === member)),
    })),
  };
}

export function placeHost(host: Host, clocks: ReadonlyMap<number, ClockEstimate>): PlacedHost {
  const logs = host.sources.filter(hasAccessFormat);
  return {
    ...host,
    index: indexHost(host.entries, (source) => clocks.get(source), coverageOf(logs, clocks)),
    presenceOf: (asked) => presenceIn(logs, clocks, asked),
  };
}

function coverageOf(logs: readonly HostSource[], clocks: ReadonlyMap<number, ClockEstimate>): IsCovered {
  return (fromUs, toUs, path, isFailure) =>
    logs.some((log) => {
      const clock = clocks.get(log.index);
      const [from, to] = [fromUs - correctionUs(clock, fromUs), toUs - correctionUs(clock, toUs)];
      return (
        log.ranges.some((range) => range.fromUs <= from && range.toUs >= to) && log.covers(from, to, path, isFailure)
      );
    });
}

/** Rotated files are given one after the other; longer pauses between them may be a file that was not given. */
const MAX_PAUSE_US = 600_000_000;

/** Ranges that touch, or have only a pause between them, as one. */
export function joinedRanges(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.fromUs - b.fromUs)) {
    const last = joined.at(-1);
    if (last === undefined || range.fromUs - last.toUs > MAX_PAUSE_US) joined.push(range);
    else joined[joined.length - 1] = { fromUs: last.fromUs, toUs: Math.max(last.toUs, range.toUs) };
  }
  return joined;
}

/** The logs of a host together; why nothing can be said is told for the one that comes closest to it. */
function presenceIn(
  logs: readonly HostSource[],
  clocks: ReadonlyMap<number, ClockEstimate>,
  asked: Asked,
): PresenceAnswer {
  if (logs.length === 0) return { presence: 'unknown', because: 'no access log of it was given' };
  const reasons = logs.map((log) => reasonOf(log, clocks.get(log.index), asked));
  if (reasons.includes(undefined)) return { presence: 'absent' };
  return { presence: 'unknown', because: reasons[0] ?? '' };
}

/** Why this log cannot say that a request was not there; undefined: it can. */
function reasonOf(log: HostSource, clock: ClockEstimate | undefined, asked: Asked): string | undefined {
  if (clock?.known !== true) return 'how far its clock is from the other log’s is not known';
  const fromUs = asked.lowUs - correctionUs(clock, asked.lowUs) - clock.errorUs;
  const toUs = asked.highUs - correctionUs(clock, asked.highUs) + clock.errorUs;
  if (!log.ranges.some((range) => range.fromUs <= fromUs && range.toUs >= toUs)) return reachReason(log, fromUs, toUs);
  if (asked.isOfProbe && log.hasAllProbeLines) return undefined;
  if (!log.covers(fromUs, toUs, asked.path)) return NOT_LOOKED_AT;
  return undefined;
}

export const NOT_LOOKED_AT = 'there were more lines in this time than were kept';

function reachReason({ ranges }: HostSource, fromUs: number, toUs: number): string {
  if (ranges.every((range) => range.fromUs > fromUs)) return 'its log begins later';
  if (ranges.every((range) => range.toUs < toUs)) return 'its log does not reach that far';
  return 'its files have a gap there';
}

/** Logs with a line for every request; the others only tell of some. */
export function hasAccessFormat({ format }: Pick<HostSource, 'format'>): boolean {
  return !DETAIL_FORMATS.includes(format);
}
