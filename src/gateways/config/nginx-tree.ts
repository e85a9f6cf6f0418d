/** nginx.conf with everything that it includes, as blocks. */
import { type Directive, MAX_DIRECTIVES, MAX_NESTING } from './block.ts';
import type { Draft } from './draft.ts';
import { type FileTree, folderOf } from './file-tree.ts';

type Word = { readonly kind: 'word' | ';' | '{' | '}' | 'end'; readonly text: string; readonly line: number };
type Words = { readonly next: () => Word; readonly skipBlock: () => void };

export function readNginxTree(path: string, files: FileTree, draft: Draft): readonly Directive[] {
  const root: Directive[] = [];
  const baseFolder = folderOf(path);
  let count = 0;
  const fill = (file: string, text: string, into: Directive[]): void => {
    const words = wordsOf(text);
    const open: { readonly block: Directive[]; readonly name: string; readonly line: number }[] = [];
    let args: string[] = [];
    let line = 0;
    const problem = (at: number, expected: string, found: string, fix: string) =>
      draft.addProblem({ file, line: at, expected, found, fix });
    for (let word = words.next(); ; word = words.next()) {
      if (word.kind === 'word') {
        if (args.length === 0) line = word.line;
        args.push(word.text);
        continue;
      }
      const block = open.at(-1)?.block ?? into;
      const [name, ...rest] = args;
      if (word.kind === 'end' || word.kind === '}') {
        if (name !== undefined) problem(line, '";" after the directive', name, 'End the line with ";".');
      }
      if (word.kind === 'end') break;
      args = [];
      if (word.kind === '}') {
        if (open.pop() === undefined) problem(word.line, 'a block to close', '}', 'Remove it, or open the block.');
        continue;
      }
      if (++count > MAX_DIRECTIVES) break;
      if (word.kind === '{') {
        if (name?.endsWith('_by_lua_block') === true) {
          words.skipBlock();
          continue;
        }
        const inner: Directive[] = [];
        if (open.length < MAX_NESTING) block.push({ name: name ?? '', args: rest, file, line: line, block: inner });
        else if (open.length === MAX_NESTING)
          problem(word.line, `at most ${MAX_NESTING} nested blocks`, name ?? '{', 'Close the blocks above.');
        open.push({ block: inner, name: name ?? '{', line: word.line });
      } else if (name === 'include') {
        for (const found of files.matches(rest[0] ?? '', baseFolder, { file, line }, false))
          files.within(found, { file, line }, (inner) => fill(found, inner, block));
      } else if (name !== undefined) block.push({ name, args: rest, file, line });
    }
    for (const { name, line: at } of open.slice(0, 3))
      problem(at, '"}" for this block', name, 'Close the block; what stands after it may be read as part of it.');
  };
  files.within(path, { file: path, line: 0 }, (text) => fill(path, text, root));
  return root;
}

const END = /[\s;{]/;

function wordsOf(text: string): Words {
  let at = 0;
  let line = 1;
  const skipSpace = (): void => {
    for (; at < text.length; at++) {
      const char = text[at] as string;
      if (char === '\n') line++;
      else if (char === '#') {
        const end = text.indexOf('\n', at);
        at = end < 0 ? text.length : end - 1;
      } else if (!/\s/.test(char)) return;
    }
  };
  const next = (): Word => {
    skipSpace();
    const char = text[at];
    const start = line;
    if (char === undefined) return { kind: 'end', text: '', line };
    if (char === ';' || char === '{' || char === '}') {
      at++;
      return { kind: char, text: char, line };
    }
    if (char === '"' || char === "'") return { kind: 'word', text: quoted(char), line: start };
    const from = at;
    while (at < text.length && (!END.test(text[at] as string) || (text[at] === '{' && text[at - 1] === '$'))) {
      if (text[at] === '\\') at++;
      at++;
    }
    at = Math.min(at, text.length);
    // An escaped line end is part of the word.
    const word = text.slice(from, at);
    line += word.split('\n').length - 1;
    return { kind: 'word', text: word, line: start };
  };
  const quoted = (quote: string): string => {
    const from = ++at;
    while (at < text.length && text[at] !== quote) {
      if (text[at] === '\\') at++;
      at++;
    }
    const word = text.slice(from, at);
    at = Math.min(at + 1, text.length);
    line += word.split('\n').length - 1;
    return word.replace(/\\(["'\\])/g, '$1');
  };
  const skipBlock = (): void => {
    for (let depth = 1; at < text.length && depth > 0; at++) {
      const char = text[at] as string;
      if (char === '\n') line++;
      else if (char === '{') depth++;
      else if (char === '}') depth--;
      else skipLua(char);
    }
  };
  /** Comments and strings of Lua may hold braces. Leaves `at` on their last character. */
  const skipLua = (char: string): void => {
    const from = at;
    if (char === '-' && text[at + 1] === '-' && !text.startsWith('--[[', at)) {
      const end = text.indexOf('\n', at);
      at = (end < 0 ? text.length : end) - 1;
    } else if (char === '"' || char === "'") {
      at++;
      while (at < text.length && text[at] !== char && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
      if (text[at] === '\n') at--;
    } else if (char === '[' && text[at + 1] === '[') {
      const end = text.indexOf(']]', at);
      at = end < 0 ? text.length : end + 1;
    }
    if (at > from) line += text.slice(from, at).split('\n').length - 1;
  };
  return { next, skipBlock };
}
