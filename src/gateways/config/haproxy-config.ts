/** haproxy.cfg: effective settings with defaults → proxy inheritance, per server where a server line says so. */
import { memberAddress } from './address.ts';
import type { Draft, Known, Written } from './draft.ts';
import type { FileTree } from './file-tree.ts';
import { readSections, type Section } from './haproxy-sections.ts';
import { BACKEND, CHECKED, FRONTEND, GLOBAL, SERVER } from './haproxy-settings.ts';
import { haproxyTime } from './values.ts';

export function readHaproxy(path: string, files: FileTree, draft: Draft): void {
  const sections = readSections(path, files, draft);
  const backends = new Map<string, readonly string[]>();
  for (const section of sections) {
    if (section.kind !== 'backend' && section.kind !== 'listen') continue;
    const members = readServers(section, draft);
    backends.set(section.name, members);
    if (members.length > 0) declareAll(draft, BACKEND, section, members);
  }
  for (const section of sections) {
    if (section.kind === 'frontend' || section.kind === 'listen')
      declareAll(draft, FRONTEND, section, membersBehind(section, backends));
    if (section.kind === 'global') declareAll(draft, GLOBAL, section, []);
  }
  if (sections.every(({ kind }) => kind !== 'global'))
    declareAll(draft, GLOBAL, { kind: 'global', name: '', values: new Map(), lines: [], depth: 0 }, []);
}

function declareAll(draft: Draft, table: readonly Known[], section: Section, members: readonly string[]): void {
  for (const known of table) {
    const written = section.values.get(known.directive);
    // A default that nobody writes is the same everywhere: one setting with all members.
    draft.declare({ known, written, fallback: { scope: 'all proxies', depth: 0 }, members, readTime: haproxyTime });
  }
}

/** The servers of a section; each line inherits what `default-server` says. */
function readServers(section: Section, draft: Draft): readonly string[] {
  const members: string[] = [];
  const defaults = section.lines.filter(({ words }) => words[0] === 'default-server');
  for (const { words, file, line } of section.lines) {
    if (words[0] !== 'server' && words[0] !== 'server-template') continue;
    const addressAt = words[0] === 'server' ? 2 : 3;
    const [, name = ''] = words;
    const address = memberAddress((words[addressAt] ?? '').replace(/^(?:ipv[46]@|ipv4@|tcp@)/, ''));
    if (address === '') continue;
    members.push(address);
    draft.addMember({ address, name, file, line });
    const scope = `server ${name} in ${section.kind} ${section.name}`;
    const from = (source: readonly string[], at: { file: string; line: number }, where: string, depth: number) =>
      parametersOf(source, { ...at, scope: where, depth });
    const values = new Map<string, Written>();
    for (const one of defaults)
      for (const [key, value] of from(one.words.slice(1), one, `default-server for ${section.kind} ${section.name}`, 1))
        values.set(key, value);
    for (const [key, value] of from(words.slice(addressAt + 1), { file, line }, scope, 2)) values.set(key, value);
    const isChecked = values.get('check')?.value === 'on';
    for (const known of isChecked ? [...SERVER, ...CHECKED] : SERVER)
      draft.declare({
        known,
        written: values.get(known.directive),
        fallback: { scope: 'all servers', depth: 0 },
        members: [address],
        readTime: haproxyTime,
      });
  }
  return members;
}

const SWITCHES = new Set(['check', 'backup', 'disabled']);

function parametersOf(words: readonly string[], at: Omit<Written, 'value'>): readonly (readonly [string, Written])[] {
  const result: (readonly [string, Written])[] = [];
  for (const [i, word] of words.entries()) {
    if (SWITCHES.has(word)) result.push([word, { ...at, value: 'on' }]);
    else if (word === 'no-check') result.push(['check', { ...at, value: 'off' }]);
    else if ([...SERVER, ...CHECKED].some(({ directive }) => directive === word) && words[i + 1] !== undefined)
      result.push([word, { ...at, value: words[i + 1] as string }]);
  }
  return result;
}

/** A frontend leads to the backends that it names; with a name made at run time (`%[…]`) it may lead to any. */
function membersBehind(section: Section, backends: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const names = section.lines
    .filter(({ words }) => words[0] === 'use_backend' || words[0] === 'default_backend')
    .map(({ words }) => words[1] ?? '');
  const inherited = section.values.get('default_backend')?.value;
  const all = inherited === undefined ? names : [...names, inherited];
  const reached = all.some((name) => name.includes('%['))
    ? [...backends.values()].flat()
    : all.flatMap((name) => backends.get(name) ?? []);
  return [...new Set([...reached, ...(section.kind === 'listen' ? (backends.get(section.name) ?? []) : [])])];
}
