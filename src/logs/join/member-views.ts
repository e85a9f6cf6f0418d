/** What each member logged about each request. */
import type { MemberView } from '../../model/journey.ts';
import type { PlacedEntry } from '../../model/log.ts';
import { assignDetails } from './detail-owners.ts';
import type { Match, Wanted } from './host-index.ts';
import type { Draft, Hosts, MemberHost } from './journeys.ts';

/** Work that goes on behind a gateway that has given up rarely takes more than this, or twice what the gateway waited. */
const STILL_AT_WORK_US = 10_000_000;

/** For each draft the views of the members that it asked. */
export function membersOf(drafts: readonly Draft[], hosts: Hosts): readonly (readonly MemberView[])[] {
  const views = drafts.map((): MemberView[] => []);
  for (const host of hosts.members) {
    const own = drafts.flatMap((draft, index) => (draft.asked.includes(host) ? [{ draft, index }] : []));
    const matches = oneEach(own.map(({ draft }) => host.index.findAccess(draft.wanted)));
    const details = assignDetails(
      host.index,
      own.map(({ draft }, at) => ({ wanted: draft.wanted, own: matches[at]?.entries ?? [] })),
    );
    for (const [at, { draft, index }] of own.entries())
      views[index]?.push(viewOf(host, draft.wanted, traced(host, matches[at], details[at] ?? []), details[at] ?? []));
  }
  return views.map(withRivals);
}

/** A trace that was found by the request's id tells which line is the request's own: it has its times and its status. */
function traced(host: MemberHost, match: Match | undefined, details: readonly PlacedEntry[]): Match | undefined {
  if (match !== undefined && match.by !== 'time-and-path') return match;
  const trace = details.find(({ kind, ids }) => kind === 'trace' && (ids.arr !== undefined || ids.probe !== undefined));
  const line = trace === undefined ? undefined : host.index.ofTrace(trace);
  if (trace === undefined || line === undefined) return match;
  return { by: trace.ids.probe === undefined ? 'arr-log-id' : 'probe-id', entries: [line], ambiguous: 0 };
}

function viewOf(
  host: MemberHost,
  wanted: Wanted,
  match: Match | undefined,
  details: readonly PlacedEntry[],
): MemberView {
  const { member } = host;
  const line = match?.entries[0];
  if (match !== undefined && line !== undefined)
    return {
      member,
      presence: 'present',
      joinedBy: match.by,
      ambiguous: match.ambiguous,
      ...alikeOf(match),
      access: match.entries,
      details,
      delayUs: delayAmong(host, line, match, wanted),
    };
  // A member that is still at work has not logged yet: absence is claimed only a good while after the other side gave up.
  const still = wanted.mayOutlast ? Math.max(STILL_AT_WORK_US, 2 * (wanted.end.highUs - wanted.start.lowUs)) : 0;
  const answer = host.presenceOf({
    lowUs: wanted.start.lowUs,
    highUs: wanted.end.highUs + still,
    ...(wanted.path === undefined ? {} : { path: wanted.path }),
    isOfProbe: wanted.ids.probe !== undefined,
  });
  return { member, ...answer, ambiguous: 0, access: [], details };
}

/** How many lines would do as well as the one that was taken. */
export function alikeOf(match: Match | undefined): Pick<MemberView, 'alike'> {
  const alike = (match?.choices ?? []).length - 1;
  return alike > 0 ? { alike } : {};
}

/** Of the line that was taken; the error holds those of all that it could be as well. */
function delayAmong(host: MemberHost, line: PlacedEntry, { choices = [] }: Match, wanted: Wanted) {
  const own = delayOf(host, line, wanted);
  const error = choices.reduce((most, { entry }) => {
    const other = delayOf(host, entry, wanted);
    return Math.max(most, Math.abs(other.value - own.value) + other.error);
  }, own.error);
  return { value: own.value, error };
}

function delayOf(host: MemberHost, line: PlacedEntry, wanted: Wanted): { value: number; error: number } {
  const { start, errorUs } = host.index.place(line);
  const middle = (start.lowUs + start.highUs - wanted.start.lowUs - wanted.start.highUs) / 2;
  const width = (start.highUs - start.lowUs + wanted.start.highUs - wanted.start.lowUs) / 2;
  return { value: Math.round(middle), error: Math.round(width + errorUs) };
}

/** Found by time at several members, or by id at one of them: one at most is right, and time does not say which. */
function withRivals(views: readonly MemberView[]): readonly MemberView[] {
  const present = views.filter(({ presence }) => presence === 'present');
  const isGuess = ({ joinedBy, presence }: MemberView): boolean =>
    presence === 'present' && joinedBy === 'time-and-path';
  if (present.length < 2) return views;
  return views.map((view) => (isGuess(view) ? { ...view, ambiguous: view.ambiguous + present.length - 1 } : view));
}

/**
 * One line, one request: of lines that are alike each request gets one of its own, where start and duration agree best first. Where there
 * are fewer lines than requests that would have them, those that get a second claim on a line know that they guess.
 */
function oneEach(matches: readonly (Match | undefined)[]): readonly (Match | undefined)[] {
  const claims = new Map<PlacedEntry, number>();
  const claim = (line: PlacedEntry): unknown => claims.set(line, (claims.get(line) ?? 0) + 1);
  for (const match of matches) if (match?.by !== 'time-and-path') for (const line of match?.entries ?? []) claim(line);
  const taken = new Map<number, PlacedEntry>();
  for (const { ask, entry } of wishesOf(matches)) {
    if (taken.has(ask) || claims.has(entry)) continue;
    taken.set(ask, entry);
    claim(entry);
  }
  const chosen = matches.map((match, ask) => {
    if (match?.by !== 'time-and-path') return match;
    const own = taken.get(ask);
    const line = own ?? match.entries[0];
    if (own === undefined && line !== undefined) claim(line);
    return line === undefined ? match : { ...match, entries: [line] };
  });
  return chosen.map((match) => {
    const rivals = match?.by === 'time-and-path' ? (claims.get(match.entries[0] as PlacedEntry) ?? 1) - 1 : 0;
    return match === undefined || rivals === 0 ? match : { ...match, ambiguous: match.ambiguous + rivals };
  });
}

/** Those without a choice first: others can do with another line. */
function wishesOf(matches: readonly (Match | undefined)[]) {
  return matches
    .flatMap((match, ask) => {
      if (match?.by !== 'time-and-path') return [];
      const choices = match.choices ?? match.entries.map((entry) => ({ entry, costUs: 0 }));
      return choices.map(({ entry, costUs }) => ({ ask, entry, costUs, hasChoice: choices.length > 1 }));
    })
    .sort((a, b) => Number(a.hasChoice) - Number(b.hasChoice) || a.costUs - b.costUs);
}
