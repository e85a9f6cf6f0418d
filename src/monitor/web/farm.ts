/** The farm at a glance: one row for each profile and route. What pages and the API show of it. */
import type { FindingRecord, History, HistoryInterval } from '../../model/history.ts';
import { memberOf, type RouteId } from '../../model/route.ts';
import { compareSeverity, type Severity } from '../../model/severity.ts';
import type { MonitorState, ProfileState, RouteState } from '../feed.ts';
import {
  type Bin,
  binsOf,
  comparable,
  type Decode,
  fitRange,
  readIntervals,
  type Summary,
  summarise,
} from './time-bins.ts';
import type { TimeRange } from './time-range.ts';

/**
 * What is so at this moment. `failing`: the last answers were failures. `paused`: nothing is sent, on purpose. `maintenance`:
 * it is probed, and nobody is told. `ok`: the last answer was a good one. `unknown`: nothing was sent since the monitor started.
 * `unwatched`: only history is left.
 */
export type Condition = 'failing' | 'paused' | 'maintenance' | 'ok' | 'unknown' | 'unwatched';

export type FarmRow = {
  readonly profile: string;
  readonly route: RouteId;
  readonly condition: Condition;
  /** Since when, where it has a beginning. */
  readonly sinceAtUs?: number;
  /** All requests of the range, on kept and on new connections. */
  readonly bins: readonly Bin[];
  readonly all: Summary;
  /** Only connections of one kind: times of new and kept ones are never mixed. */
  readonly timed: Summary & { readonly connection: 'new' | 'warm' };
};

export type ProfileView = {
  readonly profile: string;
  readonly state?: ProfileState;
  readonly rows: readonly FarmRow[];
  /** Open ones, worst first. */
  readonly findings: readonly FindingRecord[];
  readonly intervals: readonly HistoryInterval[];
  /** As it was asked for, with longer bins where only coarser intervals are left. */
  readonly range: TimeRange;
};

export type Sources = { readonly history: History; readonly state: MonitorState; readonly decode: Decode };

export function readFarm(sources: Sources, range: TimeRange): readonly ProfileView[] {
  const watched = sources.state.profiles.map(({ profile }) => profile);
  const kept = sources.history.profiles().filter((profile) => !watched.includes(profile));
  return [...watched, ...kept].map((profile) => readProfile(sources, profile, range));
}

export function isKnownProfile({ history, state }: Sources, profile: string): boolean {
  return state.profiles.some((one) => one.profile === profile) || history.profiles().includes(profile);
}

export function readProfile({ history, state, decode }: Sources, profile: string, asked: TimeRange): ProfileView {
  const own = state.profiles.find((one) => one.profile === profile);
  const intervals = readIntervals(history, profile, asked);
  const range = fitRange(asked, intervals);
  const seen = new Set<RouteId>(['gateway', ...(own?.routes ?? []).map(({ route }) => route)]);
  for (const { route } of intervals) seen.add(route);
  const rows = [...seen].map((route) => {
    const mine = intervals.filter((interval) => interval.route === route);
    return { profile, route, ...conditionOf(own, route), ...measured(mine, range, decode) };
  });
  return {
    profile,
    ...(own !== undefined && { state: own }),
    rows,
    findings: openFindings(history, profile),
    intervals,
    range,
  };
}

function measured(intervals: readonly HistoryInterval[], range: TimeRange, decode: Decode) {
  const { connection, of } = comparable(intervals);
  return {
    bins: binsOf(intervals, range, decode),
    all: summarise(intervals, decode),
    timed: { ...summarise(of, decode), connection },
  };
}

function conditionOf(profile: ProfileState | undefined, route: RouteId): Pick<FarmRow, 'condition' | 'sinceAtUs'> {
  if (profile === undefined) return { condition: 'unwatched' };
  const state: RouteState | undefined = profile.routes.find((one) => one.route === route);
  if (state === undefined) return { condition: 'unwatched' };
  if (state.failing !== undefined) return { condition: 'failing', sinceAtUs: state.failing.sinceAtUs };
  if (state.last?.failed === true) return { condition: 'failing', sinceAtUs: state.last.atUs };
  if (state.quiet !== undefined) return { condition: 'paused', sinceAtUs: state.quiet.fromAtUs };
  if (profile.maintenance !== undefined) return { condition: 'maintenance', sinceAtUs: profile.maintenance.fromAtUs };
  return { condition: state.last === undefined ? 'unknown' : 'ok' };
}

/** Findings stay open until they are closed, however long ago they were first seen. */
function openFindings(history: History, profile: string): readonly FindingRecord[] {
  const records = history.findings({ profile, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER, open: true });
  return [...records].sort((a, b) => compareSeverity(b.finding.severity, a.finding.severity));
}

/** Findings of one row: of its member, or of the gateway as a whole. */
export function findingsOf(view: ProfileView, route: RouteId): readonly FindingRecord[] {
  const member = memberOf(route);
  return view.findings.filter(({ finding }) =>
    member === undefined ? finding.scope.member === undefined : finding.scope.member === member,
  );
}

export function worstOf(findings: readonly FindingRecord[]): Severity | undefined {
  return findings
    .map(({ finding }) => finding.severity)
    .sort(compareSeverity)
    .at(-1);
}

/** One sentence for the head of the page and for screen readers. */
export function farmSentence(farm: readonly ProfileView[]): string {
  const rows = farm.flatMap(({ rows }) => rows).filter(({ condition }) => condition !== 'unwatched');
  if (rows.length === 0) return 'Nothing is watched yet';
  const failing = rows.filter(({ condition }) => condition === 'failing');
  const open = farm.reduce((sum, { findings }) => sum + findings.length, 0);
  const findings = open === 0 ? 'no open finding' : open === 1 ? '1 open finding' : `${open} open findings`;
  if (failing.length > 0) {
    const names = failing.map(({ profile, route }) => `${profile} ${rowName(route)}`);
    const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
    return `Failing now: ${names.slice(0, 3).join(', ')}${more}; ${findings}`;
  }
  const answered = rows.filter(({ condition }) => condition === 'ok' || condition === 'maintenance');
  if (rows.every(({ condition }) => condition === 'unknown'))
    return `${rows.length} routes are watched and not asked yet since the monitor started; ${findings}`;
  if (answered.length === rows.length) return `All ${rows.length} routes answer; ${findings}`;
  return `${answered.length} of ${rows.length} routes answer, none fails; ${findings}`;
}

/** A route as a human says it: `through the gateway`, `web1 directly`. */
export function rowName(route: RouteId): string {
  const member = memberOf(route);
  return member === undefined ? 'through the gateway' : `${member} directly`;
}
