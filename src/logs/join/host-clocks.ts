/** The clock of each source of a host against the reference. */
import type { ClockEstimate } from '../../model/journey.ts';
import type { PlacedEntry } from '../../model/log.ts';
import { countShifts, estimateOffset, type OffsetInterval } from './clock.ts';
import { idKeys } from './host-index.ts';
import type { Host, HostSource } from './hosts.ts';
import { endOf, type Span, startOf } from './moment.ts';

/** A request seen elsewhere by the reference clock, to set the clock of a host by. */
export type Reference = {
  /** Ids of the request; `paths`: keys by which it is found where there are none. */
  readonly ids: readonly string[];
  readonly paths: readonly string[];
  readonly start: Span;
  readonly end: Span;
};

/** Pairs that disagree more than this do not give a clock: wrong pairs, or a clock that was set (methods D.3 asks for 95 % in whole logs). */
const KNOWN_RATIO = 0.9;
/** Whole answers at both sides agree on the duration within this. */
const DURATION_SLACK_US = 1_500_000;
/** Of one path at most so many lines of each side are compared: a thousand times a thousand takes some ms. */
const MAX_PER_PATH = 1_500;
const MAX_PAIRS = 20_000;

/**
 * Sources that share no request with the references take the clock of the host's others; a log in another time zone than its neighbours
 * (error logs have none in their stamps) is found by the requests they share.
 */
export function setClocks(host: Host, references: readonly Reference[], isReference: boolean): ClockEstimate[] {
  const byId = uniqueIds(references);
  const own = host.sources.map((source) => ({
    source,
    estimate:
      isReference && hasAccess(source) ? zero(source.index) : (fromIds(source, byId) ?? fromPaths(source, references)),
  }));
  const known = own.flatMap(({ estimate }) => (estimate?.known === true ? [estimate] : []));
  const main = known.sort((a, b) => a.errorUs - b.errorUs)[0];
  return own.map(({ source, estimate }) => {
    if (estimate?.known === true) return estimate;
    if (main === undefined) return estimate ?? unknownClock(source.index);
    const zoneUs = zoneShift(source, host);
    const { note: _note, ...base } = main;
    return {
      ...base,
      source: source.index,
      offsetUs: base.offsetUs + zoneUs,
      note:
        zoneUs === 0
          ? 'It has the clock of its host’s other log.'
          : 'Its times are in another zone than those of its host’s other log; that was taken into account.',
    };
  });
}

/** A repeated id (kernel cache, a trace over many requests) is not used: it would pair lines that have nothing in common. */
function uniqueIds(references: readonly Reference[]): ReadonlyMap<string, Reference> {
  const byId = new Map<string, Reference>();
  const repeated = new Set<string>();
  for (const reference of references)
    for (const id of reference.ids) {
      if (byId.has(id)) repeated.add(id);
      byId.set(id, reference);
    }
  for (const id of repeated) byId.delete(id);
  return byId;
}

function hasAccess({ kept }: HostSource): boolean {
  return kept.some(({ entry }) => entry.kind === 'access');
}

function zero(source: number): ClockEstimate {
  return { source, offsetUs: 0, errorUs: 0, basedOn: 0, agreeRatio: 1, known: true, note: 'It is the reference.' };
}

/** Without a common request clocks are taken as equal within this (machines of one domain are; Windows tolerates 5 min, but NTP keeps ms). */
const ASSUMED_ERROR_US = 2_000_000;

function unknownClock(source: number): ClockEstimate {
  return {
    source,
    offsetUs: 0,
    errorUs: ASSUMED_ERROR_US,
    basedOn: 0,
    agreeRatio: 0,
    known: false,
    note: 'No request was found in this log and in the reference that would tell how far the clocks are apart; 2 s were allowed.',
  };
}

/** Ids by which clocks are set: a trace id may be that of many requests. */
export function clockIds({ ids }: PlacedEntry): string[] {
  return idKeys(ids).flatMap(([by, key]) => (by === 'trace-id' ? [] : [key]));
}

function intervalOf(entry: PlacedEntry, { start, end }: Reference): OffsetInterval {
  // A line that marks the end lies within the request as the other side saw it, and so does one that marks the start.
  const moment = entry.stamp === 'start' ? startOf(entry) : endOf(entry);
  return { atUs: start.lowUs, lowUs: moment.lowUs - end.highUs, highUs: moment.highUs - start.lowUs };
}

/** A member's line about a request that was cut may be written long after the other side's; whole answers only. */
export function isWhole({ status = 0, win32 = 0, clientGone }: PlacedEntry): boolean {
  return status >= 100 && status < 499 && win32 === 0 && clientGone !== true;
}

function estimateFor(source: HostSource, intervals: readonly OffsetInterval[]): ClockEstimate | undefined {
  const offset = estimateOffset(intervals);
  if (offset === undefined) return undefined;
  const known = offset.agreeRatio >= KNOWN_RATIO;
  return { source: source.index, ...offset, known, errorUs: known ? offset.errorUs : ASSUMED_ERROR_US };
}

function fromIds(source: HostSource, byId: ReadonlyMap<string, Reference>): ClockEstimate | undefined {
  const intervals = source.kept.flatMap(({ entry }) => {
    if (!isWhole(entry)) return [];
    const reference = clockIds(entry)
      .map((key) => byId.get(key))
      .find((one) => one !== undefined);
    return reference === undefined ? [] : [intervalOf(entry, reference)];
  });
  return estimateFor(source, intervals.slice(0, MAX_PAIRS));
}

/** Every line of a path with every request of it: the shift at which most differences lie is the clock's. */
function fromPaths(source: HostSource, references: readonly Reference[]): ClockEstimate | undefined {
  const byPath = new Map<string, { lines: PlacedEntry[]; references: Reference[] }>();
  const at = (key: string) => {
    const found = byPath.get(key) ?? { lines: [], references: [] };
    byPath.set(key, found);
    return found;
  };
  for (const reference of references) for (const key of reference.paths) at(key).references.push(reference);
  for (const { entry } of source.kept) {
    if (entry.kind !== 'access' || !isWhole(entry)) continue;
    for (const key of [pathKey(entry), loosePathKey(entry)]) byPath.get(key)?.lines.push(entry);
  }
  const counts = countShifts();
  const groups = [...byPath.values()].map((one) => ({
    lines: thinned(one.lines, ({ atUs }) => atUs),
    references: thinned(one.references, ({ start }) => start.lowUs),
  }));
  for (const [line, reference] of pairsOf(groups)) counts.add(middleOf(intervalOf(line, reference)));
  const shift = counts.best();
  if (shift === undefined) return undefined;
  const near: Pair[] = [];
  for (const pair of pairsOf(groups)) {
    if (near.length >= MAX_PAIRS) break;
    if (Math.abs(middleOf(intervalOf(...pair)) - shift.shiftUs) < NEAR_SHIFT_US) near.push(pair);
  }
  const sure = unrivalled(near);
  const estimate = estimateFor(
    source,
    (sure.length >= MIN_SURE ? sure : near).map((pair) => intervalOf(...pair)),
  );
  // Wrong pairs among right ones narrow the offset down to a wrong one: without ids a stamp's coarseness is the least error.
  const leastUs = sure.length >= MIN_SURE ? PATH_ERROR_US : 3 * PATH_ERROR_US;
  return estimate === undefined ? undefined : { ...estimate, errorUs: Math.max(estimate.errorUs, leastUs) };
}

type Pair = readonly [line: PlacedEntry, reference: Reference];

const NEAR_SHIFT_US = 3_000_000;
const MIN_SURE = 5;
/** Half of the whole second that most stamps have. */
const PATH_ERROR_US = 500_000;

function middleOf({ lowUs, highUs }: OffsetInterval): number {
  return (lowUs + highUs) / 2;
}

/** Pairs of which neither side has another partner near the shift. */
function unrivalled(pairs: readonly Pair[]): readonly Pair[] {
  const uses = new Map<PlacedEntry | Reference, number>();
  for (const one of pairs.flat()) uses.set(one, (uses.get(one) ?? 0) + 1);
  return pairs.filter((pair) => pair.every((one) => uses.get(one) === 1));
}

/** A million comparisons take some ms. */
const MAX_COMPARED = 10_000_000;

function* pairsOf(
  groups: readonly { readonly lines: readonly PlacedEntry[]; readonly references: readonly Reference[] }[],
): Generator<Pair> {
  let left = MAX_COMPARED;
  for (const { lines, references } of groups)
    for (const line of lines)
      for (const reference of references) {
        if (left-- <= 0) return;
        if ((line.durationUs ?? 0) <= reference.end.highUs - reference.start.lowUs + DURATION_SLACK_US)
          yield [line, reference];
      }
}

/** Half minutes that repeat within a quarter of an hour: the same ones on hosts in different time zones. */
const HALF_MINUTE_US = 30_000_000;
const STEPS = [1, 2, 3, 5, 6, 10, 15, 30];

/** Lines of each second, third … half minute where there are too many. */
function thinned<T>(list: readonly T[], atUs: (one: T) => number): readonly T[] {
  const needed = list.length / MAX_PER_PATH;
  const step = STEPS.find((one) => one >= needed) ?? 30;
  const chosen = step === 1 ? list : list.filter((one) => Math.floor(atUs(one) / HALF_MINUTE_US) % step === 0);
  return chosen.slice(0, MAX_PER_PATH);
}

export function pathKey({ method = '', path = '', query = '' }: PlacedEntry): string {
  return `${method} ${path}?${query}`;
}

/** Without the query, where that of the other side is not known. */
export function loosePathKey({ method = '', path = '' }: { readonly method?: string; readonly path?: string }): string {
  return `${method} ${path}`;
}

const QUARTER_HOUR_US = 900_000_000;
/** An error line is written when its request fails, whose line follows at once; stamps have whole seconds. */
const SAME_MOMENT_US = 3_000_000;
const ZONE_AGREE_RATIO = 0.8;

/** Whole quarters of an hour between this log and its host's access lines, by requests they share; 0 where that cannot be told. */
function zoneShift(source: HostSource, host: Host): number {
  const lines = new Map<string, PlacedEntry[]>();
  for (const entry of host.entries)
    if (entry.kind === 'access' && entry.source !== source.index)
      for (const key of zoneKeys(entry, true)) lines.set(key, [...(lines.get(key) ?? []), entry].slice(-200));
  const votes = new Map<number, number>();
  let voters = 0;
  for (const { entry } of source.kept.slice(0, MAX_PER_PATH)) {
    const access = zoneKeys(entry, false).flatMap((key) => lines.get(key) ?? []);
    const steps = new Set(access.flatMap((line) => stepBetween(entry, line) ?? []));
    if (steps.size > 0) voters++;
    for (const step of steps) votes.set(step, (votes.get(step) ?? 0) + 1);
  }
  // Where two steps have as many votes the smaller one is taken: no shift is the usual case.
  const [step = 0, count = 0] = [...votes].sort((a, b) => b[1] - a[1] || Math.abs(a[0]) - Math.abs(b[0]))[0] ?? [];
  return count >= ZONE_AGREE_RATIO * voters ? step * QUARTER_HOUR_US : 0;
}

/** By connection, and by path of requests that failed. */
function zoneKeys({ ids, path = '', status = 500 }: PlacedEntry, isAccess: boolean): string[] {
  const byPath = path === '' || (isAccess && status < 499) ? [] : [path];
  return ids.local === undefined ? byPath : [`${ids.local} ${path}`, ...byPath];
}

function stepBetween(detail: PlacedEntry, line: PlacedEntry): number | undefined {
  const apartUs = detail.atUs - endOf(line).lowUs;
  const step = Math.round(apartUs / QUARTER_HOUR_US);
  return Math.abs(apartUs - step * QUARTER_HOUR_US) < SAME_MOMENT_US ? step : undefined;
}
