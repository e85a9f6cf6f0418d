/** Plain text in lines and columns. */

export type WrapOptions = {
  readonly width: number;
  /** Stands before the first line, and before each further one. */
  readonly first: string;
  readonly rest: string;
};

/** Breaks at spaces; a word that is longer than a line is cut. No text gives no line. */
export function wrapText(text: string, { width, first, rest }: WrapOptions): string[] {
  const lines: string[] = [];
  let line = '';
  const room = () => Math.max(10, width - (lines.length === 0 ? first : rest).length);
  const flush = () => {
    lines.push(`${lines.length === 0 ? first : rest}${line}`);
    line = '';
  };
  for (const word of words(text)) {
    let left = word;
    if (line !== '' && line.length + 1 + left.length > room()) flush();
    while (line === '' && left.length > room()) {
      line = left.slice(0, room());
      left = left.slice(room());
      flush();
    }
    if (left !== '') line = line === '' ? left : `${line} ${left}`;
  }
  if (line !== '') flush();
  return lines;
}

/** A number and its unit are one word: no line ends between them. */
export function unbroken(text: string): string {
  return text.replaceAll(/(\d) (?=(?:µs|ms|s|min|h|%|B|kB|MB)(?![A-Za-z]))/g, '$1\u00a0');
}

function words(text: string): string[] {
  return unbroken(text)
    .split(' ')
    .filter((word) => word !== '')
    .map((word) => word.replaceAll('\u00a0', ' '));
}

const GAP = '  ';

/** Rows as lines of equal columns: the first to the left, the others to the right. Too wide: the first column is cut. */
export function alignColumns(rows: readonly (readonly string[])[], maxWidth: number): string[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
  const others = widths.slice(1).reduce((sum, width) => sum + width + GAP.length, 0);
  const first = Math.min(widths[0] ?? 0, Math.max(8, maxWidth - others));
  return rows.map((row) => {
    const cells = widths.map((width, at) =>
      at === 0 ? shorten(row[0] ?? '', first).padEnd(first) : (row[at] ?? '').padStart(width),
    );
    return cells.join(GAP).trimEnd();
  });
}

/** Cut at the end, with a sign that it was. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
