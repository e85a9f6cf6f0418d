/** What a report says about one source of lines. */
import type { LogSourceSummary } from '../model/journey.ts';
import type { Collected } from './join/collector.ts';
import type { SourceResult } from './reading/read-source.ts';
import { NOT_FORWARDED } from './roles.ts';
import { type Group, isDetails, timesOf } from './source-group.ts';

const MAX_ADDRESSES = 20;

export function summaryOf(group: Group): LogSourceSummary {
  const { index, role, member, roleBecause, format, files, collected, results, healthChecks, ranges } = group;
  const sum = (of: (result: SourceResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const { firstAtUs, lastAtUs } = timesOf(results);
  const watermarkUs = ranges.at(-1)?.toUs;
  const { okDurations } = collected;
  return {
    index,
    role,
    ...(member === undefined ? {} : { member }),
    format: format.id,
    files: files.map(({ name }) => name),
    addresses: role === 'member' ? addressesOf(collected) : [],
    ...(roleBecause === undefined ? {} : { roleBecause }),
    lines: sum(({ lines }) => lines),
    entries: sum(({ entries }) => entries),
    bad: sum(({ bad }) => bad.count),
    badFirst: results.flatMap(({ bad }) => bad.first.map(({ line, text }) => ({ line, text }))).slice(0, 5),
    bytes: sum(({ bytes }) => bytes),
    ...(firstAtUs === undefined ? {} : { firstAtUs }),
    ...(lastAtUs === undefined ? {} : { lastAtUs }),
    ...(watermarkUs === undefined ? {} : { watermarkUs }),
    missing: [...new Set(results.flatMap(({ missing }) => missing))],
    torn: results.some(({ torn }) => torn === 'left'),
    probeLines: collected.probeLines,
    healthChecks,
    classes: collected.classes,
    minutes: collected.minutes,
    ...(okDurations.count === 0
      ? {}
      : {
          okDurationUs: {
            count: okDurations.count,
            p50: okDurations.quantile(0.5),
            p90: okDurations.quantile(0.9),
            p99: okDurations.quantile(0.99),
            max: okDurations.maxUs,
          },
        }),
  };
}

function addressesOf({ kept }: Collected): string[] {
  const addresses = new Set<string>();
  for (const { entry } of kept) {
    if (addresses.size >= MAX_ADDRESSES) break;
    if (entry.serverIp === undefined) continue;
    addresses.add(entry.serverIp);
    if (entry.serverPort !== undefined) addresses.add(`${entry.serverIp}:${entry.serverPort}`);
  }
  return [...addresses];
}

/** Where no gateway's log is known, a member's may be one: a gateway that does not log its members looks the same. */
export function guessedRoles(groups: readonly Group[]): readonly string[] {
  if (groups.some(({ role }) => role === 'gateway')) return [];
  return groups.flatMap(({ role, roleBecause, member, files, format }) =>
    role === 'member' && roleBecause === NOT_FORWARDED && !isDetails(format)
      ? [
          `${files.map(({ name }) => name).join(', ')}: taken as the log of a member (${member ?? 'unnamed'}), because no line of it names a member that it asked; if a gateway wrote it, say --gateway`,
        ]
      : [],
  );
}

export function problemsOf({ collected, files, results, role }: Group): string[] {
  const name = files.map((file) => file.name).join(', ');
  const bad = results.reduce((sum, result) => sum + result.bad.count, 0);
  return [
    ...(bad === 0 ? [] : [`${name}: ${bad} lines could not be read`]),
    ...(role === 'unknown' ? [`${name}: whose log it is could not be told, so it was not joined`] : []),
    // A sample is one because the rest is left out.
    ...Object.entries(collected.dropped)
      .filter(([why]) => why !== 'sample')
      .map(([why, count]) => `${name}: ${count} more lines (${why}) were counted but not kept`),
  ];
}
