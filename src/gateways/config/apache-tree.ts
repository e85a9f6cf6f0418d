/** httpd.conf or apache2.conf with everything that it includes, as sections. */
import { type Directive, MAX_DIRECTIVES, MAX_NESTING } from './block.ts';
import type { Draft } from './draft.ts';
import { type FileTree, folderOf, join } from './file-tree.ts';

/** Apache refuses lines above 16 MB; nothing that is read here is longer than a few hundred characters. */
const MAX_LINE = 65_536;

export function readApacheTree(path: string, files: FileTree, draft: Draft): readonly Directive[] {
  const root: Directive[] = [];
  const variables = new Map<string, string>();
  let serverRoot = folderOf(path);
  let count = 0;
  const include = (directive: Directive, block: Directive[]): void => {
    const pattern = expand(directive.args[0] ?? '', variables);
    const optional = directive.name === 'includeoptional';
    for (const found of files.matches(pattern, serverRoot, directive, optional))
      files.within(found, directive, (text) => fill(found, text, block));
    // A folder may be named: then all files in it are read.
    if (!/[*?[]/.test(pattern) && /[\\/]$/.test(pattern))
      for (const found of files.matches(join(pattern, '*'), serverRoot, directive, true))
        files.within(found, directive, (text) => fill(found, text, block));
  };
  const fill = (file: string, text: string, into: Directive[]): void => {
    const open: { readonly block: Directive[]; readonly name: string; readonly line: number }[] = [];
    for (const { line, words, section } of linesOf(text)) {
      const block = open.at(-1)?.block ?? into;
      const [first = '', ...args] = words;
      const name = first.toLowerCase();
      if (++count > MAX_DIRECTIVES) return;
      if (section === 'close') {
        if (open.at(-1)?.name === name) open.pop();
        else
          draft.addProblem({
            file,
            line,
            expected: closing(open.at(-1)?.name),
            found: `</${first}>`,
            fix: 'Match the sections.',
          });
      } else if (section === 'open') {
        const inner: Directive[] = [];
        // Beyond the limit a section is read as if it were not there.
        const kept = open.length < MAX_NESTING ? inner : block;
        if (kept === inner) block.push({ name: `<${name}>`, args, file, line, block: inner });
        open.push({ block: kept, name, line });
      } else if (name === 'include' || name === 'includeoptional') include({ name, args, file, line }, block);
      else {
        if (name === 'define' && args[0] !== undefined) variables.set(args[0], args[1] ?? '');
        if (name === 'serverroot' && args[0] !== undefined) serverRoot = args[0];
        block.push({ name, args, file, line });
      }
    }
    for (const { name, line } of open.slice(0, 3))
      draft.addProblem({
        file,
        line,
        expected: closing(name),
        found: 'the end of the file',
        fix: 'Close the section.',
      });
  };
  files.within(path, { file: path, line: 0 }, (text) => fill(path, text, root));
  return root;
}

function closing(name: string | undefined): string {
  return name === undefined ? 'no section to close' : `</${name}>`;
}

function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name: string) => variables.get(name) ?? whole);
}

type Line = {
  readonly line: number;
  readonly words: readonly string[];
  readonly section: 'open' | 'close' | undefined;
};

function* linesOf(text: string): Generator<Line> {
  let number = 0;
  let from = 0;
  const take = (): string => {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end);
    from = end < 0 ? text.length + 1 : end + 1;
    number++;
    return line.trim().slice(0, MAX_LINE);
  };
  while (from <= text.length) {
    let content = take();
    const line = number;
    if (content.startsWith('#')) continue;
    while (content.endsWith('\\') && from <= text.length && content.length < MAX_LINE)
      content = `${content.slice(0, -1)} ${take()}`;
    const section = /^<(\/?)(?=[a-z])/i.exec(content);
    const body = section === null ? content : content.slice(section[0].length).replace(/>\s*$/, '');
    const words = wordsOf(body);
    if (words.length > 0)
      yield { line, words, section: section === null ? undefined : section[1] === '/' ? 'close' : 'open' };
  }
}

/** Words end at spaces; one that begins with a quote ends at the next (core documentation, "Configuration files"). */
function wordsOf(line: string): readonly string[] {
  const words: string[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"?|'([^']*)'?|([^\s]+))/gy;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line))
    words.push(match[1]?.replace(/\\(["\\])/g, '$1') ?? match[2] ?? match[3] ?? '');
  return words;
}
