/** Where our parser is stricter than Node's (llhttp): every difference must be one of these. */
import type { ParseProblem } from '../../../src/traffic/wire/parse-problem.ts';
import type { Reading } from './reading.ts';

type Stricter = {
  readonly problem: ParseProblem;
  readonly why: string;
  /** What must be in the answer, as Latin-1 text. */
  readonly where: RegExp;
};

/** We refuse, Node does not. */
export const STRICTER: readonly Stricter[] = [
  {
    problem: 'not-http',
    where: /(^|\r\n\r\n)[\r\n]/,
    why: 'empty lines before an answer are left-overs of the one before',
  },
  { problem: 'version', where: /HTTP\/[^1]/, why: 'neither is ever the version of such an answer' },
  { problem: 'status', where: /HTTP\/1\.\d 0/, why: 'RFC 9110 §15: statuses begin at 100' },
  {
    problem: 'status-line',
    where: /^HTTP\/\d\.\d \d{3} [^\r\n]*[^\t\x20-\x7e\x80-\xff]/m,
    why: 'RFC 9112 §4: no control characters in the reason',
  },
  { problem: 'nul', where: /^HTTP\/\d\.\d \d{3} [^\r\n]*\0/m, why: 'the same, for NUL' },
  {
    problem: 'status-line-too-long',
    where: /^HTTP\/\d\.\d \d{3} .{8000}/m,
    why: 'Node has one limit for all of the head',
  },
  {
    problem: 'content-length',
    where: /^content-length:[ \t]*(\d{16,}|\r\n$)/im,
    why: 'no number of JavaScript counts so many bytes exactly; Node sees that a length is empty one byte later',
  },
  {
    problem: 'content-length-twice',
    where: /^content-length:[\s\S]*^content-length:[ \t]*\r\n$/im,
    why: 'the same: the second is empty, and the last that came',
  },
  {
    problem: 'transfer-encoding',
    where: /^transfer-encoding:([\s\S]*^transfer-encoding:|.*[,\t]|\s*$)/im,
    why: 'RFC 9112 §6.1: chunked once, and last; Node reads such bodies, and those with a tab, to the close',
  },
  { problem: 'switched-protocol', where: /^HTTP\/1\.[01] 101/m, why: 'we never ask for another protocol' },
  {
    problem: 'last-interim',
    where: /HTTP\/1\.(0 1|1 1\d\d[\s\S]*connection:[^\r]*close)/i,
    why: 'Node refuses it only if something follows',
  },
  {
    problem: 'too-many-interim',
    where: /HTTP\/1\.[01] 1\d\d(?:[\s\S]*?HTTP\/1\.[01] 1\d\d){32}/,
    why: 'a server that never comes to its answer',
  },
  {
    problem: 'chunk-size-too-large',
    where: /^0*[0-9a-f]{14,16}/im,
    why: 'no number of JavaScript counts so many bytes exactly',
  },
  {
    problem: 'chunk-extension',
    where: /^[0-9a-f]+;/im,
    why: 'RFC 9112 §7.1.1: names and values are not empty, a value is a token or quoted',
  },
  {
    problem: 'chunk-line-too-long',
    where: /^[0-9a-f]+[^\n]{4000}/im,
    why: 'Node does not limit the length of the line',
  },
  {
    problem: 'framing-trailer',
    where: /\n0+(;[^\n]*)?\r\n([\s\S]*\n)?(content-length|transfer-encoding):/i,
    why: 'RFC 9110 §6.5.1: no framing in trailers',
  },
  {
    problem: 'head-too-large',
    where: /[\s\S]{65000}/,
    why: 'Node counts names and values only, we every byte of the head',
  },
  { problem: 'trailer-too-large', where: /[\s\S]{65000}/, why: 'Node does not limit trailers as we do' },
  { problem: 'body-too-large', where: /[\s\S]{1000000}/, why: 'the limit is ours (limits.maxBody)' },
];

/**
 * An answer that ends in the middle of a line is cut for us: framing and values are judged where their line is complete. Node
 * judges some of them at the first wrong byte. For neither is the answer complete.
 */
function endsInLine(ours: Reading, text: string): boolean {
  return ours.end === 'cut' && !text.endsWith('\r\n');
}

/** What differs without a reason; undefined where the readings agree or the difference is documented. */
export function disagreement(ours: Reading, nodes: Reading, text: string): string | undefined {
  if (ours.end === 'problem') {
    if (nodes.end === 'problem') return undefined;
    const known = STRICTER.some(({ problem, where }) => problem === ours.problem && where.test(text));
    return known ? undefined : `ours: ${ours.problem}; Node's: ${describe(nodes)}`;
  }
  if (nodes.end === 'problem' && endsInLine(ours, text)) return undefined;
  if (describe(ours) !== describe(nodes)) return `ours: ${describe(ours)}; Node's: ${describe(nodes)}`;
  if (ours.end !== 'complete' || nodes.headers === undefined) return undefined;
  const [own, other] = [listed(ours.headers), listed(nodes.headers)];
  return own === other ? undefined : `our headers: ${own}; Node's: ${other}`;
}

function describe({ end, status, bodyBytes, bodyDigest, problem }: Reading): string {
  return `${end} ${status ?? '-'} ${bodyBytes ?? '-'} ${bodyDigest ?? '-'} ${problem === 'ECONNRESET' ? '' : (problem ?? '')}`.trim();
}

/** Node reads values as Latin-1, we as UTF-8: beyond ASCII they are left out. */
function listed(headers: Reading['headers']): string {
  return JSON.stringify(
    Object.entries(headers ?? {})
      .map(([name, value]) => [name, [value].flat().filter((text) => !/[^\t\x20-\x7e]/.test(String(text)))])
      .filter(([, values]) => values?.length !== 0)
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
  );
}
