/** Logs of a run that hold none of its requests: what is in them, and what may be the reason. */
import type { Journey } from '../model/journey.ts';
import type { PlacedEntry } from '../model/log.ts';
import type { ClientRequest } from './join/journeys.ts';
import { type Group, isDetails, timesOf } from './source-group.ts';
import { quarterHours, takesZone, zoneText } from './zone-offset.ts';

/** The last line of a log of this run lies within this of the run's last request, whatever zone it is in: nothing is asked after it. */
const END_SLACK_US = 120_000_000;

/** One sentence for each access log that should hold requests of the run, and does not. */
export function unjoinedNotes(
  groups: readonly Group[],
  journeys: readonly Journey[],
  requests: readonly ClientRequest[],
): readonly string[] {
  const joined = new Set(journeys.flatMap((journey) => linesOf(journey).map(({ source }) => source)));
  return groups.flatMap((group): string[] => {
    if (group.role === 'unknown' || isDetails(group.format) || joined.has(group.index)) return [];
    const expected = requests.filter((request) => isExpected(request, group));
    return expected.length === 0 ? [] : [noteOf(group, expected)];
  });
}

function linesOf({ gateway, members }: Journey): readonly PlacedEntry[] {
  return [gateway, ...members].flatMap(({ access, details }) => [...access, ...details]);
}

/** Answered, so that a line was written; a member may have been asked by the gateway too. */
function isExpected({ status, sentAtUs, direct }: ClientRequest, { role, member }: Group): boolean {
  if (status === undefined || sentAtUs === undefined) return false;
  return role === 'gateway' ? direct === undefined : direct === undefined || direct === member;
}

function noteOf(group: Group, expected: readonly ClientRequest[]): string {
  const { files, format, results, role, member } = group;
  const name = files.map((file) => file.name).join(', ');
  const entries = results.reduce((sum, result) => sum + result.entries, 0);
  const none = `${name} (${format.id}, ${role === 'member' ? member : role}): none of the run’s ${countText(expected.length, 'answered request')} is in it`;
  const { firstAtUs, lastAtUs } = timesOf(results);
  if (firstAtUs === undefined || lastAtUs === undefined) return `${none}; no line in it could be read as a request.`;
  const run = runOf(expected);
  const spans = `${countText(entries, 'line')} from ${timeText(firstAtUs)} to ${timeText(lastAtUs)} UTC, the run from ${timeText(run.fromUs)} to ${timeText(run.toUs)} UTC`;
  return `${none}: ${spans}. ${reasonOf(group, expected, { firstAtUs, lastAtUs, run })}`;
}

type Span = { readonly fromUs: number; readonly toUs: number };
type Times = { readonly firstAtUs: number; readonly lastAtUs: number; readonly run: Span };

function reasonOf(
  { collected, format, role, member }: Group,
  expected: readonly ClientRequest[],
  { firstAtUs, lastAtUs, run }: Times,
): string {
  if (firstAtUs > run.toUs || lastAtUs < run.fromUs) {
    const quarters = quarterHours(lastAtUs - run.toUs, END_SLACK_US);
    if (quarters !== 0) {
      const zone = zoneText(quarters);
      const advice = takesZone(format.id)
        ? `say timezone: "${zone}" for it`
        : 'look at the clock and the zone of its host';
      return `Its last line would be at the end of the run if its times were ${zone}: ${advice}.`;
    }
    return lastAtUs < run.fromUs
      ? 'It ends before the run: it is an older file, or it was not written yet.'
      : 'It begins after the run: it is another file.';
  }
  if (role === 'member' && !expected.some(({ direct }) => direct === member))
    return 'Nothing was sent to this member directly, and the gateway may have asked others.';
  if (collected.probeLines === 0)
    return 'No line of that time has the id of a request of this run: it is another log, or it holds neither User-Agent nor an id and its paths and times fit no request.';
  return 'Lines with an id of the probe are in it, but of other requests.';
}

/** From the first request that was sent to the end of the last (µs since 1970). */
export function runOf(requests: readonly ClientRequest[]): Span {
  let fromUs = Number.POSITIVE_INFINITY;
  let toUs = Number.NEGATIVE_INFINITY;
  for (const { sentAtUs, elapsedUs } of requests) {
    if (sentAtUs === undefined) continue;
    fromUs = Math.min(fromUs, sentAtUs);
    toUs = Math.max(toUs, sentAtUs + elapsedUs);
  }
  return { fromUs, toUs };
}

/** UTC, to the second. */
export function timeText(us: number): string {
  return new Date(us / 1_000).toISOString().replace('T', ' ').slice(0, 19);
}

function countText(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
