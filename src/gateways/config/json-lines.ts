/** JSON with the line of every value, since a finding cites lines. Not for speed: configuration is small. */
import { MAX_NESTING } from './block.ts';

export type JsonNode = { readonly line: number } & (
  | { readonly kind: 'object'; readonly entries: ReadonlyMap<string, JsonNode> }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'plain'; readonly text: string; readonly isNumber: boolean }
);

/** The tree, or where and why the text is not JSON. */
export function readJson(
  text: string,
): JsonNode | { readonly kind: 'wrong'; readonly line: number; readonly found: string } {
  const state = { at: 0, line: 1 };
  const node = readValue(text, state, 0);
  const rest = node === undefined ? undefined : skip(text, state);
  if (node !== undefined && rest === undefined) return node;
  return { kind: 'wrong', line: state.line, found: text.slice(state.at, state.at + 40) };
}

type State = { at: number; line: number };

/** Moves to the next character that means something. */
function skip(text: string, state: State): string | undefined {
  for (; state.at < text.length; state.at++) {
    const char = text[state.at] as string;
    if (char === '\n') state.line++;
    else if (char !== ' ' && char !== '\t' && char !== '\r') return char;
  }
  return undefined;
}

function readValue(text: string, state: State, depth: number): JsonNode | undefined {
  const char = skip(text, state);
  const { line } = state;
  if (char === undefined || depth > MAX_NESTING) return undefined;
  if (char === '{') return readObject(text, state, depth);
  if (char === '[') return readArray(text, state, depth);
  if (char === '"') {
    const string = readString(text, state);
    return string === undefined ? undefined : { kind: 'plain', line, text: string, isNumber: false };
  }
  const end = text.slice(state.at, state.at + 64).search(/[,\]}\s]|$/);
  const word = text.slice(state.at, state.at + end);
  if (!/^(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(word)) return undefined;
  state.at += word.length;
  return { kind: 'plain', line, text: word, isNumber: /^[-\d]/.test(word) };
}

function readString(text: string, state: State): string | undefined {
  const from = state.at;
  for (let at = from + 1; at < text.length && text[at] !== '\n'; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') {
      state.at = at + 1;
      return parsed(text.slice(from, at + 1));
    }
  }
  return undefined;
}

function parsed(quoted: string): string | undefined {
  try {
    return String(JSON.parse(quoted));
  } catch {
    // A wrong escape: the caller says where.
    return undefined;
  }
}

function readObject(text: string, state: State, depth: number): JsonNode | undefined {
  const { line } = state;
  const entries = new Map<string, JsonNode>();
  state.at++;
  for (let first = true; ; first = false) {
    const char = skip(text, state);
    if (char === '}') break;
    if (!first) {
      if (char !== ',') return undefined;
      state.at++;
      skip(text, state);
    }
    if (text[state.at] !== '"') return undefined;
    const key = readString(text, state);
    if (key === undefined || skip(text, state) !== ':') return undefined;
    state.at++;
    const value = readValue(text, state, depth + 1);
    if (value === undefined) return undefined;
    entries.set(key, value);
  }
  state.at++;
  return { kind: 'object', line, entries };
}

function readArray(text: string, state: State, depth: number): JsonNode | undefined {
  const { line } = state;
  const items: JsonNode[] = [];
  state.at++;
  for (let first = true; ; first = false) {
    const char = skip(text, state);
    if (char === ']') break;
    if (!first) {
      if (char !== ',') return undefined;
      state.at++;
    }
    const value = readValue(text, state, depth + 1);
    if (value === undefined) return undefined;
    items.push(value);
  }
  state.at++;
  return { kind: 'array', line, items };
}

/** The value at a path of keys. */
export function at(node: JsonNode | undefined, ...keys: readonly string[]): JsonNode | undefined {
  let here = node;
  for (const key of keys) here = here?.kind === 'object' ? here.entries.get(key) : undefined;
  return here;
}
