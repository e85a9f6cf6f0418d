/** YAML text → plain values that still know their line and column. The only file that knows the YAML library. */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type ParsedNode,
  parseDocument,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { Problem } from '../errors.ts';
import { formatPath, type Path, type PathPart } from './parsed.ts';

export type Position = { readonly line: number; readonly column: number };

/** Where values of a profile stand. Lines and columns count from 1. */
export type Locator = {
  /** Position of a value, or of its key; of the nearest enclosing value where the path does not exist. */
  position(path: Path, part?: 'key' | 'value', offset?: number): Position | undefined;
  /** The text of a line. */
  line(number: number): string;
};

export type Source = { readonly value: unknown; readonly locator: Locator };
/** Without a source the text is no YAML that can be trusted; with one, the problems are those that do not stop reading. */
export type ReadSource = { readonly source?: Source; readonly problems: readonly Problem[] };

/** A profile of a hundred members and requests has some thousand values. */
const MAX_VALUES = 100_000;
/** The deepest value of a profile is 6 levels down. */
const MAX_DEPTH = 40;
/** One slip in YAML makes many later lines wrong; the first faults tell. */
const MAX_SYNTAX_PROBLEMS = 10;

type Place = { readonly keyOffset?: number; readonly node?: ParsedNode };

/** Reads one YAML 1.2 document. Never throws for a bad text. */
export function readYaml(text: string): ReadSource {
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  try {
    // Duplicate keys are told by our own walk: the library compares every key with every other one.
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      schema: 'core',
    });
    const faults = [...document.errors, ...document.warnings];
    if (faults.length > 0) {
      return { problems: faults.slice(0, MAX_SYNTAX_PROBLEMS).map((fault) => syntaxProblem(fault, text, positionAt)) };
    }
    return collect(document.contents, text, positionAt);
  } catch (error) {
    // The library recurses into nested collections; what is nested beyond the stack is no profile.
    if (error instanceof RangeError) return { problems: [{ path: '', message: 'nested too deeply to be read' }] };
    throw error;
  }
}

/** Walks the nodes once: plain values, places, duplicate keys and aliases. */
function collect(root: ParsedNode | null, text: string, positionAt: (offset: number) => Position): ReadSource {
  const problems: Problem[] = [];
  let isReadable = true;
  const places = new Map<string, Place>();
  const anchors = new Map<string, ParsedNode>();
  let visited = 0;

  const report = createReport(problems, positionAt);
  const valueAt = (node: ParsedNode | null, path: Path): unknown => {
    visited++;
    if (node === null || visited > MAX_VALUES) return null;
    if (path.length > MAX_DEPTH) {
      report(path.slice(0, 3), node.range[0], `nested deeper than ${MAX_DEPTH} levels`);
      isReadable = false;
      visited = MAX_VALUES + 1;
      return null;
    }
    if (isAlias(node)) {
      const meant = anchors.get(node.source);
      if (meant !== undefined) return valueAt(meant, path);
      report(
        path,
        node.range[0],
        `unknown alias *${node.source}`,
        `Set &${node.source} above it, or put the text in quotes.`,
      );
      isReadable = false;
      return null;
    }
    const value = isMap(node)
      ? mapOf(node as YAMLMap.Parsed, path)
      : isSeq(node)
        ? node.items.map((item, index) => child(item as ParsedNode, undefined, path, index))
        : scalarOf(node as Scalar.Parsed);
    // Only after its content, so that an alias cannot contain itself.
    if (node.anchor !== undefined) anchors.set(node.anchor, node);
    return value;
  };
  const child = (node: ParsedNode | null, keyOffset: number | undefined, path: Path, part: PathPart): unknown => {
    const childPath = [...path, part];
    places.set(JSON.stringify(childPath), {
      ...(keyOffset === undefined ? {} : { keyOffset }),
      ...(node === null ? {} : { node }),
    });
    return valueAt(node, childPath);
  };
  const mapOf = (map: YAMLMap.Parsed, path: Path): Record<string, unknown> => {
    // Without a prototype, a key such as __proto__ is a key like any other.
    const mapping: Record<string, unknown> = Object.create(null);
    const firstLine = new Map<string, number>();
    for (const { key, value } of map.items) {
      if (!isScalar(key)) {
        report(path, key?.range[0] ?? map.range[0], 'a key must be plain text');
        continue;
      }
      const name = typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
      const first = firstLine.get(name);
      if (first === undefined) {
        firstLine.set(name, positionAt(key.range[0]).line);
        mapping[name] = child(value as ParsedNode | null, key.range[0], path, name);
      } else {
        report([...path, name], key.range[0], `duplicate key ${name}, first on line ${first}`, 'Keep one of the two.');
      }
    }
    return mapping;
  };

  if (root !== null) places.set('[]', { node: root });
  const value = valueAt(root, []);
  if (visited > MAX_VALUES && isReadable) {
    report(
      [],
      root?.range[0] ?? 0,
      `more than ${MAX_VALUES} values, counting each alias in full`,
      'Remove aliases that contain aliases.',
    );
    isReadable = false;
  }
  return { problems, ...(isReadable ? { source: { value, locator: createLocator(places, text, positionAt) } } : {}) };
}

type Report = (path: Path, offset: number, message: string, hint?: string) => void;

function createReport(problems: Problem[], positionAt: (offset: number) => Position): Report {
  return (path, offset, message, hint) => {
    const position = positionAt(offset);
    problems.push({ path: formatPath(path), ...position, message, ...(hint === undefined ? {} : { hint }) });
  };
}

/** Text, number, boolean or null; what a tag made into something else stays as it is written. */
function scalarOf(scalar: Scalar.Parsed): unknown {
  const { value } = scalar;
  return value === null || ['string', 'number', 'boolean'].includes(typeof value) ? value : scalar.source;
}

function createLocator(
  places: ReadonlyMap<string, Place>,
  text: string,
  positionAt: (offset: number) => Position,
): Locator {
  const find = (path: Path): { place: Place; isExact: boolean } | undefined => {
    for (let length = path.length; length >= 0; length--) {
      const place = places.get(JSON.stringify(path.slice(0, length)));
      if (place !== undefined) return { place, isExact: length === path.length };
    }
    return undefined;
  };
  const lines = text.split(/\r\n|\n|\r/);
  return {
    line: (number) => lines[number - 1] ?? '',
    position(path, part = 'value', offset = 0) {
      const found = find(path);
      if (found === undefined) return undefined;
      const { node, keyOffset } = found.place;
      // A missing key and an empty value have no place of their own; the key above them has.
      const isNothing = node === undefined || (isScalar(node) && node.source === '' && node.type === 'PLAIN');
      if (keyOffset !== undefined && ((part === 'key' && found.isExact) || isNothing)) return positionAt(keyOffset);
      if (node === undefined) return undefined;
      return positionAt(node.range[0] + (found.isExact ? offsetInText(node, text, offset) : 0));
    },
  };
}

/** How far into the source a character of a scalar's value stands; 0 where escapes or line folds make that unknown. */
function offsetInText(node: ParsedNode, text: string, offset: number): number {
  if (offset === 0 || !isScalar(node) || typeof node.value !== 'string') return 0;
  const start = node.range[0];
  if (text.startsWith(node.value, start)) return offset;
  return text.startsWith(node.value, start + 1) ? offset + 1 : 0;
}

const SYNTAX_HINTS: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  TAB_AS_INDENT: 'YAML is indented with spaces only.',
  BAD_INDENT: 'Keys of one mapping start in the same column.',
  MULTIPLE_DOCS: 'One file is one profile: remove the line ---.',
  BAD_SCALAR_START: 'Put the text in quotes.',
  BAD_DQ_ESCAPE: 'In double quotes write \\\\ for a backslash, or use single quotes.',
  TAG_RESOLVE_FAILED: 'Tags are not used in profiles; put text that starts with ! in quotes.',
  BLOCK_AS_IMPLICIT_KEY: 'Indent keys of one mapping alike, and put text that contains ": " in quotes.',
  MULTILINE_IMPLICIT_KEY: 'A colon may be missing after a key.',
};

function syntaxProblem(fault: YAMLError, text: string, positionAt: (offset: number) => Position): Problem {
  const [offset] = fault.pos;
  const isTab = fault.code === 'TAB_AS_INDENT' || text[offset] === '\t';
  const hint = isTab ? SYNTAX_HINTS.TAB_AS_INDENT : SYNTAX_HINTS[fault.code];
  // The library's message for this one speaks to programmers.
  const words =
    fault.code === 'MULTIPLE_DOCS' ? 'more than one document' : (fault.message.split('\n', 1)[0] ?? fault.code);
  return {
    path: '',
    ...positionAt(offset),
    message: `not valid YAML: ${words.charAt(0).toLowerCase()}${words.slice(1)}`,
    ...(hint === undefined ? {} : { hint }),
  };
}
