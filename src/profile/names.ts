/** Names in a profile: given once, and known where they are used. */
import type { Path } from './parsed.ts';
import type { ProfileFault } from './problems.ts';
import { listOf, mappingOf, namesIn, quoted, textOf } from './raw.ts';
import { nearestWord } from './spelling.ts';
import { parseThreshold } from './threshold.ts';

/** The request of a profile that has none. */
export const DEFAULT_REQUEST_NAME = 'home';

/** Names that are given twice, and references to members and requests that do not exist. */
export function nameFaults(profile: unknown): ProfileFault[] {
  const { members, requests, experiments, thresholds, logs, config } = mappingOf(profile);
  const memberNames = known(namesIn(members));
  const requestNames = requests === undefined ? new Set([DEFAULT_REQUEST_NAME]) : known(namesIn(requests));
  const request = (path: Path, name: string, offset = 0): ProfileFault[] =>
    unknown('request', requestNames, path, name, offset);
  const member = (path: Path, name: string, offset = 0): ProfileFault[] =>
    unknown('member', memberNames, path, name, offset);
  const faults = [...repeated('members', members), ...repeated('requests', requests)];

  listOf(experiments).forEach((experiment, index) => {
    for (const [kind, spec] of Object.entries(mappingOf(experiment))) {
      const path = ['experiments', index, kind];
      const { request: single, requests: several, beside } = mappingOf(spec);
      if (typeof single === 'string') faults.push(...request([...path, 'request'], single));
      if (typeof beside === 'string') faults.push(...request([...path, 'beside'], beside));
      listOf(several).forEach((name, entry) => {
        if (typeof name === 'string') faults.push(...request([...path, 'requests', entry], name));
      });
    }
  });
  const ids = experimentNames(experiments);
  listOf(thresholds).forEach((text, index) => {
    const parsed = parseThreshold(text);
    if (!parsed.ok) return;
    const { subject, request: name, during } = parsed.value;
    const path = ['thresholds', index];
    if ('member' in subject && subject.member !== undefined)
      faults.push(...member(path, subject.member, parsed.memberOffset));
    if (name !== undefined) faults.push(...request(path, name, parsed.requestOffset));
    // Without experiments the run chooses them itself: what it will choose is not known here.
    if (during !== undefined && listOf(experiments).length > 0 && !ids.has(during))
      faults.push(...unknown('experiment', ids, path, during, parsed.duringOffset ?? 0));
  });
  for (const [key, entries] of [
    ['logs', logs],
    ['config', config],
  ] as const) {
    listOf(entries).forEach((entry, index) => {
      const from = textOf(mappingOf(entry)['from']);
      if (from !== undefined && from !== 'gateway') faults.push(...member([key, index, 'from'], from));
    });
  }
  return faults;
}

/** `burst`, `burst-1`, `burst-2`: kinds, and the ids that the plan gives to each of a kind. */
function experimentNames(experiments: unknown): ReadonlySet<string> {
  const numbers = new Map<string, number>();
  const names = listOf(experiments).flatMap((experiment) =>
    Object.keys(mappingOf(experiment)).flatMap((kind) => {
      const number = (numbers.get(kind) ?? 0) + 1;
      numbers.set(kind, number);
      return [kind, `${kind}-${number}`];
    }),
  );
  return new Set(names);
}

function repeated(key: string, list: unknown): ProfileFault[] {
  const firstIndex = new Map<string, number>();
  return namesIn(list).flatMap((name, index) => {
    if (name === undefined) return [];
    const first = firstIndex.get(name);
    if (first === undefined) firstIndex.set(name, index);
    if (first === undefined) return [];
    const message = `${name} is also the name of ${key}[${first}]`;
    return [{ path: [key, index, 'name'], message, found: name, hint: 'Give each a name of its own.' }];
  });
}

/** Names that a message lists; a longer list is no help. */
const MAX_LISTED = 12;

function unknown(
  what: 'member' | 'request' | 'experiment',
  names: ReadonlySet<string>,
  path: Path,
  name: string,
  offset: number,
): ProfileFault[] {
  if (names.has(name)) return [];
  const meant = nearestWord(name, names);
  const listed = [...names].slice(0, MAX_LISTED).join(', ') + (names.size > MAX_LISTED ? ', …' : '');
  const expected = names.size === 0 ? 'none' : listed;
  return [
    {
      path,
      offset,
      message: `unknown ${what} ${quoted(name)}`,
      expected,
      found: name,
      hint: meant === undefined ? `Known: ${expected}.` : `Did you mean ${meant}?`,
    },
  ];
}

function known(names: readonly (string | undefined)[]): ReadonlySet<string> {
  return new Set(names.filter((name) => name !== undefined));
}
