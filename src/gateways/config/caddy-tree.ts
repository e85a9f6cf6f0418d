/** A Caddyfile with snippets and imports replaced by what they stand for. */
import { type Directive, MAX_DIRECTIVES, MAX_NESTING } from './block.ts';
import type { Draft } from './draft.ts';
import { type FileTree, folderOf } from './file-tree.ts';

type Word = { readonly text: string; readonly line: number; readonly isQuoted: boolean };
/** How often one snippet may stand within others; Caddy refuses any circle. */
const MAX_IMPORTS = 16;

export function readCaddyTree(path: string, files: FileTree, draft: Draft): readonly Directive[] {
  let count = 0;
  const fill = (file: string, text: string): Directive[] => {
    const into: Directive[] = [];
    const open: { readonly block: Directive[]; readonly line: number; readonly name: string }[] = [];
    for (const words of linesOf(text)) {
      if (++count > MAX_DIRECTIVES) break;
      const block = open.at(-1)?.block ?? into;
      const line = words[0]?.line ?? 0;
      const last = words.at(-1);
      const [first, ...rest] = words;
      if (words.length === 1 && isMark(first, '}')) {
        if (open.pop() === undefined)
          draft.addProblem({
            file,
            line,
            expected: 'a block to close',
            found: '}',
            fix: 'Remove it, or open the block.',
          });
        continue;
      }
      const opens = isMark(last, '{');
      const own = opens ? words.slice(0, -1) : words;
      const name = own[0]?.text ?? '';
      const args = (opens ? rest.slice(0, -1) : rest).map((word) => word.text);
      if (!opens) {
        block.push({ name, args, file, line });
        continue;
      }
      const inner: Directive[] = [];
      if (open.length < MAX_NESTING)
        block.push({ name, args: words.length === 1 ? [] : args, file, line, block: inner });
      open.push({ block: inner, line, name });
    }
    for (const { name, line } of open.slice(0, 3))
      draft.addProblem({ file, line, expected: '"}" for this block', found: name, fix: 'Close the block.' });
    return into;
  };
  let root: Directive[] = [];
  files.within(path, { file: path, line: 0 }, (text) => {
    root = fill(path, text);
  });
  const snippets = new Map(
    root
      .filter(({ name, block }) => block !== undefined && /^\(.+\)$/.test(name))
      .map((one) => [one.name.slice(1, -1), one]),
  );
  const resolve = (list: readonly Directive[], depth: number): Directive[] =>
    list.flatMap((one): Directive[] => {
      if (one.name !== 'import') return [one.block === undefined ? one : { ...one, block: resolve(one.block, depth) }];
      const [what = '', ...values] = one.args;
      count++;
      if (depth >= MAX_IMPORTS || count > MAX_DIRECTIVES) {
        draft.addProblem({
          ...place(one),
          expected: 'imports without a circle',
          found: what,
          fix: 'Remove the import.',
        });
        return [];
      }
      const snippet = snippets.get(what);
      if (snippet !== undefined) return resolve(filled(snippet.block ?? [], values), depth + 1);
      return files.matches(what, folderOf(one.file), place(one), false).flatMap((found) => {
        let list: Directive[] = [];
        files.within(found, place(one), (text) => {
          list = resolve(filled(fill(found, text), values), depth + 1);
        });
        return list;
      });
    });
  return resolve(
    root.filter((one) => !snippets.has(one.name.slice(1, -1)) || one.block === undefined),
    0,
  );
}

function place({ file, line }: Directive): { readonly file: string; readonly line: number } {
  return { file, line };
}

function isMark(word: Word | undefined, mark: string): boolean {
  return word !== undefined && !word.isQuoted && word.text === mark;
}

/** `{args[0]}` and the older `{args.0}`. */
function filled(list: readonly Directive[], values: readonly string[]): Directive[] {
  if (values.length === 0) return [...list];
  const put = (text: string): string =>
    text.replace(
      /\{args(?:\.(\d{1,3})|\[(\d{1,3})\])\}/g,
      (whole, dot?: string, bracket?: string) => values[Number(dot ?? bracket)] ?? whole,
    );
  return list.map((one) => ({
    ...one,
    name: put(one.name),
    args: one.args.map(put),
    ...(one.block === undefined ? {} : { block: filled(one.block, values) }),
  }));
}

/** The words of each line that has any. Quoted words may hold line ends. */
function* linesOf(text: string): Generator<readonly Word[]> {
  let words: Word[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const char = text[at] as string;
    if (char === '\n') {
      if (words.length > 0) yield words;
      words = [];
      line++;
      at++;
    } else if (isSpace(char)) at++;
    else if (char === '\\' && /^\r?\n/.test(text.slice(at + 1, at + 3))) {
      // The line goes on.
      at = text.indexOf('\n', at) + 1;
      line++;
    } else if (char === '#') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else {
      const end = char === '"' || char === '`' ? endOfQuoted(text, at, char) : endOfWord(text, at);
      const isQuoted = char === '"' || char === '`';
      const inner = text.slice(
        isQuoted ? at + 1 : at,
        isQuoted && text[end - 1] === char && end > at + 1 ? end - 1 : end,
      );
      words.push({ text: char === '"' ? inner.replaceAll('\\"', '"') : inner, line, isQuoted });
      if (isQuoted) line += text.slice(at, end).split('\n').length - 1;
      at = end;
    }
  }
  if (words.length > 0) yield words;
}

function isSpace(char: string): boolean {
  return char === ' ' || char === '\t' || char === '\r' || /\s/.test(char);
}

function endOfWord(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && !isSpace(text[at] as string)) at++;
  return at;
}

/** Only double quotes may be escaped. */
function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = from + 1; at < text.length; at++) {
    if (quote === '"' && text[at] === '\\') at++;
    else if (text[at] === quote) return at + 1;
  }
  return text.length;
}
