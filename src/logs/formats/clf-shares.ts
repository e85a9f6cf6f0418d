/** What the beginning of a file has in common with access logs, for recognition. */
import { clfTail, createClfScan } from './clf-line.ts';

/** Enough to tell formats apart, few enough to be read by every format. */
const LINES = 200;

/** Complete lines of a file's beginning that are not empty. A last line that may be torn counts only when it is alone. */
export function headLines(head: string): readonly string[] {
  const lines = head.split('\n', LINES + 1);
  const whole = lines.length > 1 ? lines.slice(0, -1) : lines;
  return whole.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)).filter((line) => line !== '');
}

/** Share of the lines that fit; 0 without lines. */
export function shareOf<Line>(lines: readonly Line[], fits: (line: Line) => boolean): number {
  return lines.length === 0 ? 0 : lines.filter(fits).length / lines.length;
}

export type ClfShares = {
  /** Lines that are Common or Combined Log Format and nothing else. */
  readonly plain: number;
  /** Lines that begin so and carry more. */
  readonly longer: number;
  /** Plain or longer lines whose request names a whole URL. */
  readonly absolute: number;
  /** What the longer lines carry behind. */
  readonly tails: readonly string[];
};

/** Shares of all lines of a file's beginning. */
export function clfShares(head: string): ClfShares {
  const lines = headLines(head);
  const { places, scan } = createClfScan();
  const tails: string[] = [];
  let plain = 0;
  let absolute = 0;
  for (const line of lines) {
    const bytes = Buffer.from(line, 'latin1');
    if (!scan(bytes, 0, bytes.length)) continue;
    const { kind, rest } = clfTail(bytes.toString('latin1', places.sizeEnd));
    if (kind === 'more') tails.push(rest);
    else plain++;
    if (/^\S+ https?:\/\//.test(bytes.toString('latin1', places.requestStart, places.requestEnd))) absolute++;
  }
  const all = Math.max(1, lines.length);
  return { plain: plain / all, longer: tails.length / all, absolute: absolute / all, tails };
}
