/** Files of one host and format, read as one source. */
import { DETAIL_FORMATS, type LogRole } from '../model/log.ts';
import type { Random } from '../model/time.ts';
import type { LogFormat } from './format.ts';
import { type Collected, createCollector } from './join/collector.ts';
import { joinedRanges, type Range } from './join/hosts.ts';
import type { NearPlan } from './join/near-plan.ts';
import type { LogFile } from './log-files.ts';
import { readSource, type SourceResult } from './reading/read-source.ts';
import type { Mask } from './reading/shown-text.ts';

export type GroupOptions = {
  readonly mask: Mask;
  readonly random: Random;
  /** Wall time, ms since 1970. */
  readonly wallMs: () => number;
  readonly requests?: readonly { readonly requestId: string }[];
  readonly sinceUs?: number;
  readonly untilUs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Called for each line that was made an object: the moment to look after memory. */
  readonly onEntry?: () => void;
  readonly onProgress?: (progress: { readonly file: string; readonly index: number; readonly of: number }) => void;
};

/** Files of one host and format are one source: rotation goes on in the next file. */
export type FileGroup = {
  readonly index: number;
  readonly role: LogRole;
  readonly member?: string;
  readonly roleBecause?: string;
  readonly format: LogFormat;
  readonly files: readonly LogFile[];
};

export type Group = FileGroup & {
  readonly collected: Collected;
  readonly results: readonly SourceResult[];
  readonly healthChecks: number;
  /** Where absence may be claimed, by its own clock. */
  readonly ranges: readonly Range[];
};

export type Reading = {
  readonly options: GroupOptions;
  readonly progress: { done: number; readonly of: number };
  readonly maxBytes: number;
};

/** `shiftUs`: how far this source's clock is ahead of the reference, as far as known. */
export type Near = { readonly plan: NearPlan; readonly shiftUs: number };

export function groupFiles(files: readonly LogFile[]): FileGroup[] {
  const groups = new Map<string, LogFile[]>();
  for (const file of files) {
    const key = `${file.role} ${file.member ?? ''} ${file.format.id} ${file.formatOptions.pattern ?? ''}`;
    const list = groups.get(key) ?? [];
    list.push(file);
    groups.set(key, list);
  }
  return [...groups.values()].flatMap((list, index) => {
    const first = list[0];
    if (first === undefined) return [];
    const { role, member, roleBecause, format } = first;
    return [
      {
        index,
        role,
        ...(member === undefined ? {} : { member }),
        ...(roleBecause === undefined ? {} : { roleBecause }),
        format,
        files: list,
      },
    ];
  });
}

export function isDetails({ id }: LogFormat): boolean {
  return DETAIL_FORMATS.includes(id);
}

// Probes of balancers and orchestrators as they name themselves; ARR's own health test has no User-Agent and is told by its path alone.
const HEALTH_CHECK =
  /ELB-HealthChecker|GoogleHC|kube-probe|Consul Health Check|Edge Health Probe|Load Balancer Agent|HAProxy\/|Traffic-Manager/i;

export async function readGroup(group: FileGroup, reading: Reading, { plan, shiftUs }: Near): Promise<Group> {
  const { options, progress, maxBytes } = reading;
  const { requests } = options;
  const limits = limitsOf(options, shiftUs);
  const collector = createCollector({
    source: group.index,
    random: options.random.fork(`logs ${group.index}`),
    format: group.format.id,
    stamp: group.format.stamp,
    isDetails: isDetails(group.format),
    near: plan.secondsAt(shiftUs),
    ...(plan.paths === undefined ? {} : { nearPaths: plan.paths }),
    ...(requests === undefined ? {} : { probeIds: new Set(requests.map(({ requestId }) => requestId)) }),
    ...limits,
    maxBytes,
  });
  const results: SourceResult[] = [];
  const ranges: Range[] = [];
  let healthChecks = 0;
  for (const file of group.files) {
    if (options.signal?.aborted === true) break;
    options.onProgress?.({ file: file.name, index: progress.done++, of: progress.of });
    const log = await file.open();
    const result = await readSource({
      format: group.format,
      log,
      formatOptions: file.formatOptions,
      source: group.index,
      mask: options.mask,
      signal: options.signal,
      sink: {
        row: collector.row,
        entry: (entry) => {
          options.onEntry?.();
          if (HEALTH_CHECK.test(entry.userAgent ?? '') && (entry.status ?? 500) < 500) healthChecks++;
          else collector.entry({ ...entry, file: file.name });
        },
      },
    });
    results.push(result);
    const toUs = file.writtenUntilUs ?? reachOf(result, await log.isComplete(), group.format, options.wallMs());
    if (toUs !== undefined && result.firstAtUs !== undefined) ranges.push({ fromUs: result.firstAtUs, toUs });
  }
  return {
    ...group,
    collected: collector.end(),
    results,
    healthChecks,
    ranges: joinedRanges(ranges).map(({ fromUs, toUs }) => ({
      fromUs: Math.max(fromUs, limits.sinceUs ?? fromUs),
      toUs: Math.min(toUs, limits.untilUs ?? toUs),
    })),
  };
}

/** The asked time by the clock of this source. */
function limitsOf({ sinceUs, untilUs }: GroupOptions, shiftUs: number): { sinceUs?: number; untilUs?: number } {
  return {
    ...(sinceUs === undefined ? {} : { sinceUs: sinceUs + shiftUs }),
    ...(untilUs === undefined ? {} : { untilUs: untilUs + shiftUs }),
  };
}

/**
 * A finished file holds all up to its last line. In one that is still written lines may be missing for as long as its program buffers, before
 * the last line as well (several processors, several buffers); nothing is claimed behind it, as it may be a copy of a file that went on.
 */
function reachOf(
  { lastAtUs }: SourceResult,
  isComplete: boolean,
  { flushGuardUs }: LogFormat,
  wallMs: number,
): number | undefined {
  if (lastAtUs === undefined) return undefined;
  return isComplete ? lastAtUs : Math.max(lastAtUs - flushGuardUs, Math.min(lastAtUs, wallMs * 1000 - flushGuardUs));
}

export function timesOf(results: readonly SourceResult[]): { firstAtUs?: number; lastAtUs?: number } {
  const first = results.flatMap(({ firstAtUs }) => firstAtUs ?? []);
  const last = results.flatMap(({ lastAtUs }) => lastAtUs ?? []);
  if (first.length === 0 || last.length === 0) return {};
  return {
    firstAtUs: first.reduce((least, one) => Math.min(least, one)),
    lastAtUs: last.reduce((most, one) => Math.max(most, one)),
  };
}
