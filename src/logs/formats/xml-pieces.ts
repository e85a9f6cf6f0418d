/**
 * Cuts XML that arrives in pieces into records, without trusting it: files of Windows events have no root, several of them, or
 * declarations in the middle, and one broken record must not take the rest with it.
 */

export type XmlPiece = {
  /** `open` and `close`: a tag of the root. `record`: one element as a whole. `torn`: it ended early, or is too long. */
  readonly kind: 'open' | 'close' | 'record' | 'torn';
  readonly text: string;
  /** Characters before it. */
  readonly offset: number;
};

export type XmlPieces = {
  push(text: string): readonly XmlPiece[];
  /** What is left when the text ends: `torn` when a record or a root is open. */
  end(): readonly XmlPiece[];
};

/** IIS ends a trace at 1 MB (maxLogFileSizeKB) and an event of Windows at 64 kB; a longer record is damage. */
const MAX_RECORD = 1 << 20;
/** Longer than any tag name that is looked for, so that one which is cut by the end of a piece is found again. */
const OVERLAP = 24;

/** `record`: the element to cut out; `root`: an element around records whose tags are wanted too. */
export function createXmlPieces(record: string, root?: string): XmlPieces {
  const rootPart = root === undefined ? '' : `|/?${root}`;
  const start = new RegExp(`<(?:${record}${rootPart})(?=[\\s/>])`, 'g');
  const stop = new RegExp(`</${record}\\s*>|<(?:${record}${rootPart})(?=[\\s/>])`, 'g');
  let rest = '';
  let offset = 0;
  let isInside = false;
  let scanned = 0;
  let isRootOpen = false;

  const drop = (count: number): void => {
    rest = rest.slice(count);
    offset += count;
    scanned = 0;
  };
  const cut = (kind: XmlPiece['kind'], length: number): XmlPiece => {
    const piece = { kind, text: rest.slice(0, length), offset };
    drop(length);
    return piece;
  };

  /** The next piece; undefined: more text is needed. */
  const next = (): XmlPiece | undefined => {
    if (!isInside) {
      start.lastIndex = 0;
      const found = start.exec(rest);
      if (found === null) {
        drop(Math.max(0, rest.length - OVERLAP));
        return undefined;
      }
      drop(found.index);
      isInside = true;
    }
    const isTag = root !== undefined && (rest.startsWith(root, 1) || rest.startsWith(`/${root}`, 1));
    const length = isTag ? tagLength(rest) : recordLength();
    const isTooLong = length === 0 ? rest.length > MAX_RECORD : length > MAX_RECORD;
    if (length === 0 && !isTooLong) return undefined;
    isInside = false;
    if (isTooLong) return cut('torn', Math.max(1, length === 0 ? rest.length - OVERLAP : length));
    if (length < 0) return cut('torn', -length);
    if (!isTag) return cut('record', length);
    isRootOpen = rest[1] !== '/';
    return cut(isRootOpen ? 'open' : 'close', length);
  };

  /** Length of the record that begins the text; negative when another one begins in it; 0 when its end has not come. */
  const recordLength = (): number => {
    stop.lastIndex = Math.max(1, scanned);
    const found = stop.exec(rest);
    if (found === null) scanned = Math.max(1, rest.length - OVERLAP);
    if (found === null) return 0;
    return found[0].startsWith(`</${record}`) ? found.index + found[0].length : -found.index;
  };

  return {
    push: (text) => {
      rest += text;
      const pieces: XmlPiece[] = [];
      for (let piece = next(); piece !== undefined; piece = next()) pieces.push(piece);
      return pieces;
    },
    end: () => (isInside || isRootOpen ? [cut('torn', rest.length)] : []),
  };
}

/** Length of the tag that begins the text, `>` in quoted values not taken for its end; 0 when the end has not come. */
function tagLength(text: string): number {
  let quote = '';
  for (let at = 1; at < text.length && at <= MAX_RECORD + 1; at++) {
    const character = text[at] as string;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '>') return at + 1;
    else if (character === '"' || character === "'") quote = character;
  }
  return 0;
}
