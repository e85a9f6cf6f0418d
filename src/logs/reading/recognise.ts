/** Which format a log is of. */
import type { Problem } from '../../errors.ts';
import type { LogFormatId } from '../../model/log.ts';
import type { FormatOptions, LogFormat } from '../format.ts';
import { formatsOfPattern } from '../pattern-format.ts';
import { type Mask, shownText } from './shown-text.ts';

/** Below it a format does not claim the file itself: 0.5 is "as likely as not". */
const LEAST_CERTAINTY = 0.5;
/** Certainties are estimates of two digits; closer ones are a tie. */
const TIE = 0.01;
const SHOWN_LINES = 3;
const SHOWN_LINE_LENGTH = 200;

export type Recognition =
  | { readonly kind: 'known'; readonly format: LogFormat; readonly certainty: number; readonly doubt?: Problem }
  /** Nothing is in it, so nothing can be said of it: a file that was just rotated. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'unknown'; readonly problem: Problem };

export type RecogniseOptions = {
  /** From the special to the general: of formats that know a file equally well the first one wins. */
  readonly formats: readonly LogFormat[];
  /** The format that the user named. It is taken; where another one plainly fits better, that is said. */
  readonly forced?: LogFormatId | undefined;
  readonly formatOptions?: FormatOptions;
  /** Of the log, as shown. */
  readonly name: string;
  readonly mask: Mask;
};

type Candidate = { readonly format: LogFormat; readonly certainty: number };

/** `head`: the first 64 kB of the log's text. */
export function recogniseFormat(head: Buffer, options: RecogniseOptions): Recognition {
  const text = head.toString('latin1');
  const candidates = options.formats
    .map((format): Candidate => ({ format, certainty: format.recognise(text) }))
    .sort((a, b) => b.certainty - a.certainty);
  if (options.forced !== undefined) return forcedFormat(options.forced, candidates, options);
  if (text.trim() === '') return { kind: 'empty' };
  const best = candidates[0];
  if (best === undefined || best.certainty < LEAST_CERTAINTY)
    return { kind: 'unknown', problem: notRecognised(head, candidates, options) };
  const tied = options.formats.filter((format) =>
    candidates.some((one) => one.format === format && best.certainty - one.certainty < TIE),
  );
  const format = tied.length === 1 ? best.format : mostEntries(head, tied, options.formatOptions ?? {});
  return { kind: 'known', format, certainty: best.certainty };
}

function forcedFormat(id: LogFormatId, candidates: readonly Candidate[], { name }: RecogniseOptions): Recognition {
  const own = candidates.find(({ format }) => format.id === id);
  const known = candidates.map(({ format }) => format.id).sort();
  if (own === undefined)
    return {
      kind: 'unknown',
      problem: { path: name, message: 'there is no such format', expected: known.join(', '), found: id },
    };
  const best = candidates[0];
  // A pattern of the user's own may look like nothing known: only a file that is plainly something else is worth a word.
  const isDoubtful = best !== undefined && own.certainty < LEAST_CERTAINTY && best.certainty >= 0.9;
  return {
    kind: 'known',
    format: own.format,
    certainty: own.certainty,
    ...(isDoubtful
      ? {
          doubt: {
            path: name,
            message: `is read as ${id}, and looks like ${best.format.title}`,
            expected: best.format.id,
            found: id,
            hint: `Leave the format out or name ${best.format.id}.`,
          },
        }
      : {}),
  };
}

/** Of formats that are equally sure, the one that can read the most of it; then the first. */
function mostEntries(head: Buffer, formats: readonly LogFormat[], options: FormatOptions): LogFormat {
  const counted = formats.map((format) => ({ format, entries: entriesIn(head, format, options) }));
  return counted.reduce((best, one) => (one.entries > best.entries ? one : best)).format;
}

function entriesIn(head: Buffer, { reading }: LogFormat, options: FormatOptions): number {
  if (reading.unit === 'document') return reading.open(options).push(head.toString('utf8')).length;
  const reader = reading.open(options);
  let entries = 0;
  let start = 0;
  for (let stop = head.indexOf(10); stop >= 0; stop = head.indexOf(10, start)) {
    const end = stop > start && head[stop - 1] === 13 ? stop - 1 : stop;
    if (reader.read(head, start, end) === 'entry') entries++;
    start = stop + 1;
  }
  // A head without a line end is one short line.
  if (start === 0 && reader.read(head, 0, head.length) === 'entry') entries++;
  return entries;
}

/** Of the bytes of a text hardly any are control characters other than tabs and line ends. */
const BINARY_RATIO = 0.02;

function isBinary(head: Buffer): boolean {
  const strange = head.filter((byte) => byte < 32 && byte !== 9 && byte !== 10 && byte !== 13 && byte !== 27);
  return strange.length > BINARY_RATIO * head.length;
}

function notRecognised(head: Buffer, candidates: readonly Candidate[], options: RecogniseOptions): Problem {
  const { name, mask } = options;
  if (isBinary(head)) return { path: name, message: 'is no text', expected: 'a log file, plain or gzip' };
  const tried = candidates
    .map(({ format, certainty }) => (certainty > 0 ? `${format.id} (${Math.round(certainty * 100)} %)` : format.id))
    .join(', ');
  const lines = head
    .toString('utf8', 0, 4_096)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, SHOWN_LINES)
    .map((line) => shownText(line, mask, SHOWN_LINE_LENGTH));
  return {
    path: name,
    message: 'is of no format that is known',
    expected: `one of ${tried}`,
    found: lines.join('\n'),
    hint: hintFor(options.formatOptions?.pattern),
  };
}

/** A pattern is only read as one of a format: two programs use the same signs. */
function hintFor(pattern: string | undefined): string {
  if (pattern === undefined)
    return 'Name its format with --format (format: in a profile). A log with a pattern of its own (nginx log_format, Apache LogFormat, varnishncsa -F) needs both: --format and --pattern.';
  const formats = formatsOfPattern(pattern);
  return `A pattern is used only where the format is named too: ${formats.length === 0 ? 'nginx, apache or varnish' : formats.join(' or ')}.`;
}
