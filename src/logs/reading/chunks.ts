/** One log as UTF-8 text, whatever it is on disk: plain, gzip, UTF-16, with a byte order mark, with holes at its beginning, or in envelopes. */
import { basename } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { Problem } from '../../errors.ts';
import { type Bytes, MIN_ROOM_BYTES, openFile, type RawBytes, type Report, streamBytes } from './bytes.ts';
import type { LogInput } from './files.ts';
import { gunzipped } from './gzip.ts';
import { envelopeOf, unwrapped } from './wrapped-lines.ts';

/** What a format is recognised by. */
export const HEAD_BYTES = 64 << 10;
/**
 * A file that was changed within this time is taken for one that is being written: HTTP.sys writes its
 * buffer out after about a minute, nginx and Apache at once unless told otherwise.
 */
const LIVE_MS = 120_000;

/** Text of an open log. What could not be opened has no text and a problem. */
export type OpenLog = Bytes & {
  /** As shown to the user. */
  readonly name: string;
  /** The file's own name without `.gz`; undefined for standard input. */
  readonly fileName?: string;
  readonly modifiedAtMs?: number;
  /** At most so many bytes of text follow, where that is known. */
  readonly maxTextBytes?: number;
  /** The first `HEAD_BYTES` of the text; `fill` gives them again. */
  readonly head: Buffer;
  /** Grows while the text is read. */
  readonly problems: readonly Problem[];
  /**
   * Whether a last line without a line end is a whole line: in a gzip file that is intact, at the end of standard input (who
   * pipes says where it ends), and in a file that nobody has changed for two minutes. Asked at the end.
   */
  isComplete(): Promise<boolean>;
};

export type OpenOptions = {
  /** Read where the input is `-`. Belongs to the log from then on. */
  readonly stdin?: Readable | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Wall time, ms since 1970. */
  readonly wallMs: () => number;
};

/** Opens a log and reads its head. Never rejects. */
export async function openLog(input: LogInput, options: OpenOptions): Promise<OpenLog> {
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push({ path: input.name, ...problem });
  const raw = await openRaw(input, options, report);
  const { text, isIntact, isPlain } = await decoded(raw, report);
  const written = await withHead(skipNuls(text));
  const envelope = envelopeOf(written.head);
  const { head, whole } = envelope === undefined ? written : await withHead(unwrapped(written.whole, envelope));
  return {
    ...whole,
    name: input.name,
    ...(input.kind === 'stdin' ? {} : { fileName: basename(input.path).replace(/\.gz$/i, '') }),
    ...(raw.modifiedAtMs === undefined ? {} : { modifiedAtMs: raw.modifiedAtMs }),
    // Two bytes of UTF-16 become at most three of UTF-8.
    ...(isPlain && raw.sizeBytes !== undefined ? { maxTextBytes: Math.ceil(raw.sizeBytes * 1.5) } : {}),
    head,
    problems,
    isComplete: async () => {
      if (problems.length > 0 || options.signal?.aborted || !isIntact()) return false;
      if (!isPlain || raw.isUnchanged === undefined || raw.modifiedAtMs === undefined) return true;
      return options.wallMs() - raw.modifiedAtMs >= LIVE_MS && (await raw.isUnchanged());
    },
  };
}

async function openRaw(input: LogInput, options: OpenOptions, report: Report): Promise<RawBytes> {
  const opening = { report, signal: options.signal };
  if (input.kind === 'file') return openFile(input.path, opening);
  if (options.stdin !== undefined) return streamBytes(options.stdin, opening);
  report({ message: 'there is no standard input to read', hint: 'Name a file instead of -.' });
  return { fill: async () => 0, close: async () => undefined };
}

type Decoded = { readonly text: Bytes; readonly isIntact: () => boolean; readonly isPlain: boolean };

async function decoded(raw: Bytes, report: Report): Promise<Decoded> {
  const { head, whole } = await withHead(raw);
  if (head[0] === 0x1f && head[1] === 0x8b) {
    const unpacked = gunzipped(whole, report);
    const inner = await withHead(unpacked);
    return { text: asUtf8(inner.head, inner.whole, report), isIntact: unpacked.isWhole, isPlain: false };
  }
  return { text: asUtf8(head, whole, report), isIntact: () => true, isPlain: true };
}

/** First bytes of what is no text, and what to do about it. */
const FOREIGN: readonly (readonly [magic: string, what: string, hint: string])[] = [
  ['PK\u0003\u0004', 'a ZIP archive', 'Unpack it and name the files in it.'],
  ['(\u00b5/\u00fd', 'packed with zstd', 'Unpack it with zstd -d first.'],
  ['\u00fd7zXZ\u0000', 'packed with xz', 'Unpack it with xz -d first.'],
  ['BZh', 'packed with bzip2', 'Unpack it with bzip2 -d first.'],
  ['7z\u00bc\u00af', 'a 7-Zip archive', 'Unpack it and name the files in it.'],
  [
    'ElfFile\u0000',
    'a binary Windows event log',
    'Export it as XML first: wevtutil qe <file>.evtx /lf:true /f:RenderedXml > events.xml',
  ],
];

function asUtf8(head: Buffer, whole: Bytes, report: Report): Bytes {
  const start = head.toString('latin1', 0, 16);
  const foreign = FOREIGN.find(([magic]) => start.startsWith(magic));
  if (foreign !== undefined) {
    report({ message: `is ${foreign[1]}`, expected: 'text or gzip', hint: foreign[2] });
    return { fill: async () => 0, close: whole.close };
  }
  if (start.startsWith('\u00ff\u00fe')) return fromUtf16(skipped(whole, 2), 'le');
  if (start.startsWith('\u00fe\u00ff')) return fromUtf16(skipped(whole, 2), 'be');
  return start.startsWith('\u00ef\u00bb\u00bf') ? skipped(whole, 3) : whole;
}

/** The first bytes, and the bytes with them as if nothing had been read. */
async function withHead(bytes: Bytes): Promise<{ readonly head: Buffer; readonly whole: Bytes }> {
  const buffer = Buffer.allocUnsafeSlow(HEAD_BYTES + MIN_ROOM_BYTES);
  let filled = 0;
  while (filled < HEAD_BYTES) {
    const got = await bytes.fill(buffer, filled);
    if (got === 0) break;
    filled += got;
  }
  let pending = buffer.subarray(0, filled);
  const fill: Bytes['fill'] = async (target, start) => {
    if (pending.length === 0) return bytes.fill(target, start);
    const copied = pending.copy(target, start);
    pending = pending.subarray(copied);
    return copied;
  };
  return { head: buffer.subarray(0, Math.min(filled, HEAD_BYTES)), whole: { fill, close: bytes.close } };
}

function skipped(bytes: Bytes, count: number): Bytes {
  let left = count;
  return {
    close: bytes.close,
    fill: async (target, start) => {
      for (;;) {
        const got = await bytes.fill(target, start);
        const skip = Math.min(left, got);
        if (skip > 0) target.copyWithin(start, start + skip, start + got);
        left -= skip;
        if (got === 0 || got > skip) return got - skip;
      }
    },
  };
}

/**
 * Without the NULs at the beginning: logrotate's `copytruncate` leaves a hole of the old length where the program goes on
 * writing at its old place.
 */
function skipNuls(bytes: Bytes): Bytes {
  let isBehind = false;
  return {
    close: bytes.close,
    fill: async (target, start) => {
      for (;;) {
        const got = await bytes.fill(target, start);
        if (isBehind || got === 0) return got;
        let nuls = 0;
        while (nuls < got && target[start + nuls] === 0) nuls++;
        if (nuls === got) continue;
        isBehind = true;
        if (nuls > 0) target.copyWithin(start, start + nuls, start + got);
        return got - nuls;
      }
    },
  };
}

function fromUtf16(bytes: Bytes, order: 'le' | 'be'): Bytes {
  const input = Buffer.allocUnsafeSlow(HEAD_BYTES);
  const decoder = new StringDecoder('utf16le');
  let odd = 0;
  let isOver = false;
  const decode = async (most: number): Promise<string> => {
    // A single byte that was left over stands first in `input`; pairs are swapped only when both are there.
    const got = await bytes.fill(input.subarray(0, most), odd);
    isOver = got === 0;
    const even = (odd + got) & ~1;
    const pairs = input.subarray(0, even);
    if (order === 'be') pairs.swap16();
    const text = decoder.write(pairs) + (isOver ? decoder.end() : '');
    const last = input[even];
    odd = (odd + got) & 1;
    if (odd === 1 && last !== undefined) input[0] = last;
    return text;
  };
  return {
    close: bytes.close,
    fill: async (target, start) => {
      // Each pair of bytes makes at most three bytes; the decoder may hold a surrogate back.
      const most = Math.min(input.length, Math.floor((target.length - start - 8) / 3) * 2);
      while (!isOver) {
        const text = await decode(most);
        if (text !== '') return target.write(text, start, 'utf8');
      }
      return 0;
    },
  };
}
