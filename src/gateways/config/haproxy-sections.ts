/** Lines of haproxy.cfg, sorted into sections with what they inherit from defaults. */
import { MAX_DIRECTIVES } from './block.ts';
import type { Draft, Written } from './draft.ts';
import type { FileTree } from './file-tree.ts';

type Line = { readonly words: readonly string[]; readonly file: string; readonly line: number };
export type Section = {
  readonly kind: string;
  readonly name: string;
  /** By directive (`timeout server`, `option redispatch`, `maxconn`), inherited ones included. */
  readonly values: Map<string, Written>;
  readonly lines: Line[];
  readonly depth: number;
};

/** Words that begin a section (configuration manual, chapter 2.1 and those of chapters 3 and 12). */
const SECTIONS = new Set([
  ...['global', 'defaults', 'frontend', 'backend', 'listen', 'userlist', 'peers', 'mailers', 'resolvers', 'cache'],
  ...['program', 'http-errors', 'ring', 'log-forward', 'fcgi-app', 'crt-store', 'traces', 'acme', 'log-profile'],
]);

export function readSections(path: string, files: FileTree, draft: Draft): readonly Section[] {
  const sections: Section[] = [];
  const byName = new Map<string, Section>();
  let base: Section | undefined;
  let current: Section | undefined;
  files.within(path, { file: path, line: 0 }, (text) => {
    let count = 0;
    for (const line of linesOf(text, path)) {
      const [first = ''] = line.words;
      if (++count > MAX_DIRECTIVES) break;
      if (first.startsWith('.')) {
        draft.addProblem({
          file: path,
          line: line.line,
          expected: 'lines that hold always',
          found: first,
          fix: 'All branches are read here; where they differ, the last one is shown.',
        });
      } else if (SECTIONS.has(first)) {
        const fromAt = line.words.indexOf('from');
        const named = fromAt < 0 ? undefined : byName.get(line.words[fromAt + 1] ?? '');
        // A new defaults section forgets the one before, unless it says `from`.
        current = sectionOf(line, named ?? (first === 'defaults' ? undefined : base));
        sections.push(current);
        if (first === 'defaults') {
          base = current;
          if (current.name !== '') byName.set(current.name, current);
        }
      } else if (current !== undefined) take(current, line);
      else
        draft.addProblem({
          file: path,
          line: line.line,
          expected: 'a section such as global, defaults or backend',
          found: line.words.slice(0, 3).join(' '),
          fix: 'Give a whole haproxy.cfg.',
        });
    }
  });
  return sections;
}

function sectionOf({ words }: Line, base: Section | undefined): Section {
  const [kind = '', second = ''] = words;
  const isProxy = ['defaults', 'frontend', 'backend', 'listen'].includes(kind);
  return {
    kind,
    name: second === 'from' ? '' : second,
    values: new Map(isProxy ? base?.values : []),
    lines: isProxy ? [...(base?.lines.filter((one) => one.words[0] === 'default-server') ?? [])] : [],
    depth: kind === 'global' || kind === 'defaults' ? 0 : 1,
  };
}

/** Lists of users, peers and the like hold nothing that is shown (and passwords). */
function take(section: Section, { words, file, line }: Line): void {
  if (!['global', 'defaults', 'frontend', 'backend', 'listen'].includes(section.kind)) return;
  const isOff = words[0] === 'no' || words[0] === 'default';
  const [first = '', ...rest] = isOff ? words.slice(1) : words;
  if (['server', 'server-template', 'default-server', 'use_backend', 'default_backend'].includes(first))
    section.lines.push({ words: [first, ...rest], file, line });
  const isPair = first === 'timeout' || first === 'option';
  const key = isPair ? `${first} ${rest[0] ?? ''}` : first;
  const text = (isPair ? rest.slice(1) : rest).join(' ');
  const value = isOff ? 'off' : text === '' ? 'on' : text;
  const scope = section.name === '' ? section.kind : `${section.kind} ${section.name}`;
  section.values.set(key, { file, line, value, scope, depth: section.depth });
}

function* linesOf(text: string, file: string): Generator<Line> {
  let number = 0;
  for (let from = 0; from <= text.length; ) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end);
    from = end < 0 ? text.length + 1 : end + 1;
    number++;
    const words = wordsOf(line);
    if (words.length > 0) yield { words, file, line: number };
  }
}

/** No line of HAProxy may have more than 64 words, nor more than 2048 characters unless it is told so. */
const MAX_WORDS = 512;
const MAX_LINE = 65_536;

/** Quotes and backslashes as in the manual, chapter 2.2. */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  const pattern = /\s*(#.*|(?:"(?:[^"\\]|\\.)*"?|'[^']*'?|\\.|[^\s"'\\#])+)/gy;
  const text = line.slice(0, MAX_LINE);
  for (let match = pattern.exec(text); match !== null && words.length < MAX_WORDS; match = pattern.exec(text)) {
    const word = match[1] ?? '';
    if (word.startsWith('#')) break;
    words.push(
      word.replace(/"((?:[^"\\]|\\.)*)"?|'([^']*)'?|\\(.)/g, (_, double, single, escaped) =>
        String(double?.replace(/\\(.)/g, '$1') ?? single ?? escaped ?? ''),
      ),
    );
  }
  return words;
}
