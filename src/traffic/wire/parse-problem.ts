/** What can be wrong with an answer's bytes; each name has a sentence for the report. */
const SENTENCES = {
  'not-http': 'it does not begin with "HTTP/1."',
  version: 'its version is neither HTTP/1.0 nor HTTP/1.1',
  status: 'its status is not a number from 100 to 999',
  'status-line': 'its status line holds a control character',
  'status-line-too-long': 'its status line is too long',
  'head-too-large': 'its headers are too large',
  'bare-lf': 'a line ends with LF instead of CR LF',
  'bare-cr': 'a CR is not followed by LF',
  nul: 'a header holds a NUL byte',
  'folded-header': 'a header goes on in the next line (obs-fold)',
  'space-before-colon': 'there is a space between the name of a header and its colon',
  'header-name': 'the name of a header holds a character that is not allowed',
  'header-without-colon': 'a header line has no colon',
  'header-value': 'the value of a header holds a control character',
  'content-length': 'its Content-Length is not a number of bytes',
  'content-length-twice': 'it has more than one Content-Length',
  'content-length-and-transfer-encoding': 'it has both Content-Length and Transfer-Encoding',
  'transfer-encoding':
    'its Transfer-Encoding is empty, holds a tab, or names "chunked" before another coding, or twice',
  'switched-protocol': 'it switches the protocol (101), which nobody asked for',
  'last-interim': 'an interim answer (1xx) says that the connection ends with it',
  'too-many-interim': 'it sends interim answers (1xx) without end',
  'chunk-size': 'the size of a chunk is not a hexadecimal number',
  'chunk-size-too-large': 'the size of a chunk is larger than any body',
  'chunk-extension': 'the extension of a chunk is malformed',
  'chunk-line-too-long': 'the size line of a chunk is too long',
  'chunk-end': 'a chunk is longer than its size says',
  'framing-trailer': 'a trailer would change where it ends (Content-Length or Transfer-Encoding)',
  'trailer-too-large': 'its trailers are too large',
  'body-too-large': 'its body is too large',
} as const;

/** Name of what is wrong with an answer's bytes. */
export type ParseProblem = keyof typeof SENTENCES;

export const PARSE_PROBLEMS = Object.keys(SENTENCES) as readonly ParseProblem[];

/** For the report: the name, and what it means. */
export function describeProblem(problem: ParseProblem): string {
  return `${problem}: the answer cannot be read, ${SENTENCES[problem]}`;
}

/** Which limit of ours ended it; undefined: the grammar did. */
export function limitOf(problem: ParseProblem): 'header-too-large' | 'too-large' | undefined {
  if (problem === 'body-too-large') return 'too-large';
  const isHeader =
    problem === 'head-too-large' || problem === 'status-line-too-long' || problem === 'trailer-too-large';
  return isHeader ? 'header-too-large' : undefined;
}
