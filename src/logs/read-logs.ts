/** From files to evidence: gateways first, then the members where something failed, then the join. */
import type { Problem } from '../errors.ts';
import type { AfterGap, ClockEstimate, LogEvidence } from '../model/journey.ts';
import type { PlacedEntry } from '../model/log.ts';
import type { Random } from '../model/time.ts';
import { hiddenAttempts } from './hidden-attempts.ts';
import { correctionUs } from './join/clock.ts';
import type { HostSource } from './join/hosts.ts';
import { type ClientRequest, type Joined, join, type ReadLines } from './join/journeys.ts';
import { endOf, startOf } from './join/moment.ts';
import { type NearPlan, type NearSpan, planNear } from './join/near-plan.ts';
import { limitNotes } from './limit-messages.ts';
import { type FileOptions, type LogFile, openFiles } from './log-files.ts';
import { messagesAmong, withoutMessages } from './mixed-logs.ts';
import { preflight } from './preflight.ts';
import { ASKS_OTHERS, isLateGateway } from './roles.ts';
import { type Group, groupFiles, type Near, type Reading, readGroup, timesOf } from './source-group.ts';
import { guessedRoles, problemsOf, summaryOf } from './source-summary.ts';
import { runOf, unjoinedNotes } from './unjoined.ts';

export type { ClientRequest, ReadLines } from './join/journeys.ts';
export type { LogSpec } from './log-files.ts';
export { isDetails } from './source-group.ts';

export type ReadLogsOptions = FileOptions & {
  readonly read: ReadLines;
  readonly random: Random;
  /** Requests of a run, to be found in the logs. Left out: the gateway's lines are the requests. */
  readonly requests?: readonly ClientRequest[];
  readonly sinceUs?: number;
  readonly untilUs?: number;
  /** Called for each line that was made an object: the moment to look after memory. */
  readonly onEntry?: () => void;
  readonly onProgress?: (progress: { readonly file: string; readonly index: number; readonly of: number }) => void;
};

export type LogsRead = { readonly evidence: LogEvidence; readonly problems: readonly Problem[] };

/** Clocks that are further apart than this need the member's lines of other seconds than were kept at first. */
const REREAD_SHIFT_US = 2_000_000;
/** Kept lines of all sources together: what is left of 200 MB for a process that reads, joins and judges. */
const MAX_KEPT_BYTES = 80e6;

/** Never rejects for what is in the logs; everything that could not be read is a problem. */
export async function readLogs(options: ReadLogsOptions): Promise<LogsRead> {
  const { files, problems } = await openFiles(options);
  const groups = groupFiles(files);
  const reading: Reading = {
    options,
    progress: { done: 0, of: files.length },
    maxBytes: MAX_KEPT_BYTES / Math.max(1, groups.length),
  };
  const ofRequests = planOf([], undefined, options);
  const found: Group[] = [];
  for (const group of groups.filter(({ role }) => role === 'gateway'))
    found.push(await readGroup(group, reading, { plan: ofRequests, shiftUs: 0 }));
  const near = { plan: planOf(found, undefined, options), shiftUs: 0 };
  const late: Group[] = [];
  for (const group of groups.filter(({ role }) => role !== 'gateway')) late.push(await readGroup(group, reading, near));
  const first = withLateGateway([...found, ...late]);
  let sources = await withMessages(first, options, reading.maxBytes, near);
  let joined = join({ ...joinInput(options), sources: sources.map(hostSource) });
  const moved = await readShifted(sources, joined.clocks, options, reading.maxBytes);
  if (moved !== undefined) {
    sources = moved;
    joined = join({ ...joinInput(options), sources: sources.map(hostSource) });
  }
  await closeUnread(files, options);
  return {
    evidence: evidenceOf(sources, joined, options.requests),
    problems: [...problems, ...sources.flatMap(problemsOfReading)],
  };
}

/**
 * Where all logs are of one host that nobody named, and its access log turned out to have 502 or 504, it is the gateway's. What was looked
 * for is the same: with no gateway known nothing was near to one of its failures.
 */
function withLateGateway(groups: readonly Group[]): readonly Group[] {
  const [first] = groups;
  const isOneHost = groups.every(
    ({ role, member, roleBecause }) => role === 'member' && member === first?.member && roleBecause !== undefined,
  );
  const isGateway = groups.some(({ format, collected, roleBecause }) =>
    isLateGateway(
      format.id,
      collected.classes.map(({ status }) => status),
      roleBecause,
    ),
  );
  if (!isOneHost || !isGateway) return groups;
  return groups.map(({ member: _member, ...group }) => ({ ...group, role: 'gateway', roleBecause: ASKS_OTHERS }));
}

/** Messages that stand in access logs are sources of their own. */
async function withMessages(
  groups: readonly Group[],
  options: ReadLogsOptions,
  maxBytes: number,
  near: Near,
): Promise<readonly Group[]> {
  const more = messagesAmong(groups, options.formats);
  const progress = { done: 0, of: more.reduce((sum, { files }) => sum + files.length, 0) };
  const all = new Map(groups.map((group) => [group.index, group]));
  for (const own of more) {
    const requests = groups.find(({ files }) => files[0]?.name === own.files[0]?.name);
    if (requests === undefined || options.signal?.aborted === true) continue;
    const messages = await readGroup(own, { options, progress, maxBytes }, near);
    for (const group of withoutMessages(requests, messages)) all.set(group.index, group);
  }
  return [...all.values()];
}

function evidenceOf(
  sources: readonly Group[],
  { clocks, journeys, leftOut }: Joined,
  requests: readonly ClientRequest[] | undefined,
): LogEvidence {
  const summaries = sources.map(summaryOf);
  return {
    sources: summaries,
    clocks,
    journeys,
    afterGaps: sources.flatMap(({ collected }): readonly AfterGap[] => collected.afterGaps),
    events: sources
      .flatMap(({ collected }) => collected.kept.map(({ entry }) => entry))
      .filter(({ kind }) => kind === 'event'),
    idleCloses: idleCloses(sources, clocks),
    preflight: preflight(summaries, clocks, sourcesWithArrIds(sources), sourcesWithoutSizes(sources)),
    problems: [
      // First, as a terminal shows the first warnings only: a log that was named and told nothing must not go unsaid.
      ...(requests === undefined ? [] : unjoinedNotes(sources, journeys, requests)),
      ...limitNotes(sources, requests === undefined || requests.length === 0 ? undefined : runOf(requests)),
      // Of a run's own requests alone it is not known what became of the others.
      ...(requests === undefined ? hiddenAttempts(sources, journeys) : []),
      ...guessedRoles(sources),
      ...sources.flatMap(problemsOf),
      ...(leftOut === 0 ? [] : [`${leftOut} more requests were counted but are not among those that were joined`]),
    ],
  };
}

function problemsOfReading({ results }: Group): readonly Problem[] {
  return results.flatMap((result) => result.problems);
}

function sourcesWithArrIds(sources: readonly Group[]): ReadonlySet<number> {
  return new Set(
    sources.flatMap(({ index, collected }) =>
      collected.kept.some(({ entry }) => entry.kind === 'access' && entry.ids.arr !== undefined) ? [index] : [],
    ),
  );
}

function sourcesWithoutSizes(sources: readonly Group[]): ReadonlySet<number> {
  return new Set(
    sources.flatMap(({ index, collected }) =>
      collected.kept.some(({ entry }) => entry.bytesSent !== undefined) ? [] : [index],
    ),
  );
}

/** Standard input stays open when the reading was given up before it. */
async function closeUnread(files: readonly LogFile[], { signal }: ReadLogsOptions): Promise<void> {
  if (signal?.aborted !== true) return;
  for (const file of files) if (file.input.kind === 'stdin') await (await file.open()).close();
}

const MAX_IDLE_CLOSES = 5_000;

function idleCloses(sources: readonly Group[], clocks: readonly ClockEstimate[]): LogEvidence['idleCloses'] {
  return sources
    .filter(({ role }) => role === 'member')
    .flatMap(({ index, collected }) => {
      const clock = clocks.find(({ source }) => source === index);
      return collected.kept
        .filter(({ entry }) => entry.flags === 'Timer_ConnectionIdle')
        .map(({ entry }) => ({ source: index, atUs: entry.atUs + correctionUs(clock, entry.atUs) }));
    })
    .slice(0, MAX_IDLE_CLOSES);
}

function joinInput({ read, requests }: ReadLogsOptions): { read: ReadLines; requests?: readonly ClientRequest[] } {
  return { read, ...(requests === undefined ? {} : { requests }) };
}

/** The seconds in which members' lines may matter: of failed and slow lines of gateways, and of the probe's failed requests. */
function planOf(
  gateways: readonly Group[],
  clocks: readonly ClockEstimate[] | undefined,
  { requests, random }: ReadLogsOptions,
): NearPlan {
  const lines = gateways.flatMap(({ index, collected }) => {
    const clock = clocks?.find(({ source }) => source === index);
    return collected.kept.flatMap(({ why, entry }): NearSpan[] => {
      if (why !== 'failed' && why !== 'slow' && why !== 'near') return [];
      const byUs = correctionUs(clock, entry.atUs);
      const { fromUs, toUs } = spanOf(entry);
      const kind = `${why} ${entry.status} ${entry.substatus} ${entry.win32} ${entry.flags}`;
      return [
        { fromUs: fromUs + byUs, toUs: toUs + byUs, kind, ...(entry.path === undefined ? {} : { path: entry.path }) },
      ];
    });
  });
  const failed = (requests ?? []).flatMap(({ isFailure, sentAtUs, elapsedUs, path, outcome }): NearSpan[] => {
    if (!isFailure || sentAtUs === undefined) return [];
    const own = path === undefined || path.includes('{') ? undefined : path.split('?')[0];
    return [
      { fromUs: sentAtUs, toUs: sentAtUs + 2 * elapsedUs, kind: outcome, ...(own === undefined ? {} : { path: own }) },
    ];
  });
  const rate = Math.max(0, ...gateways.map(ratePerSec));
  return planNear([...lines, ...failed], rate, random.fork('near'));
}

function ratePerSec({ collected, results }: Group): number {
  const { firstAtUs, lastAtUs } = timesOf(results);
  return firstAtUs === undefined || lastAtUs === undefined
    ? 0
    : collected.counted / Math.max(1, (lastAtUs - firstAtUs) / 1e6);
}

/** A request of an hour would make every second of it near; what ends an hour later is not looked for. */
const MAX_SPAN_US = 600_000_000;

function spanOf(entry: PlacedEntry): { fromUs: number; toUs: number } {
  const fromUs = startOf(entry).lowUs;
  // A member may work on after the gateway has given up, and logs when it is done: twice the time covers most.
  const length = Math.min(MAX_SPAN_US, 2 * (endOf(entry).highUs - fromUs));
  return { fromUs, toUs: fromUs + length };
}

/** Sources whose clock turned out to be far off are read again, at the right seconds. Undefined: none, or they cannot be read twice. */
async function readShifted(
  sources: readonly Group[],
  clocks: readonly ClockEstimate[],
  options: ReadLogsOptions,
  maxBytes: number,
): Promise<readonly Group[] | undefined> {
  const shiftOf = (index: number): number =>
    clocks.find(({ source, known }) => source === index && known)?.offsetUs ?? 0;
  const gateways = sources.filter(({ role }) => role === 'gateway');
  // What the first reading looked for was by the gateway's clock: with that far from the reference, all of it was.
  const assumedUs = options.requests === undefined || gateways[0] === undefined ? 0 : shiftOf(gateways[0].index);
  const isFar = ({ index, role, files }: Group): boolean =>
    Math.abs(shiftOf(index) - (role === 'gateway' ? 0 : assumedUs)) > REREAD_SHIFT_US &&
    files.every(({ input }) => input.kind !== 'stdin');
  if (options.signal?.aborted === true || !sources.some(isFar)) return undefined;
  const plan = planOf(gateways, clocks, options);
  const progress = { done: 0, of: sources.filter(isFar).reduce((sum, { files }) => sum + files.length, 0) };
  const again: Group[] = [];
  for (const group of sources)
    again.push(
      isFar(group)
        ? await readGroup(group, { options, progress, maxBytes }, { plan, shiftUs: shiftOf(group.index) })
        : group,
    );
  return again;
}

function hostSource({ index, role, member, format, collected, ranges }: Group): HostSource {
  return {
    index,
    role,
    ...(member === undefined ? {} : { member }),
    format: format.id,
    ranges,
    kept: collected.kept,
    covers: collected.covers,
    hasAllProbeLines: collected.probeLines > 0 && (collected.dropped.probe ?? 0) === 0,
  };
}
