/** Records of JSON in a stream of text: one a line, in an array, or inside `{"records":[…]}`, printed on one line or on many. */
import type { LogEntry } from '../../model/log.ts';
import type { DocumentReader } from '../format.ts';
import { type JsonObject, parseJsonObject } from './json-value.ts';

/** Longest record: those of clouds have a few kB. What is longer was never closed. */
const MAX_RECORD_LENGTH = 1 << 20;
const MAX_BAD_PLACES = 20;
/** Objects that only hold the records: Azure's export, and the answer of Google's API. */
const WRAPPER = /^\{\s*"(?:records|entries|value)"\s*:\s*$/;
const MAX_WRAPPER_LENGTH = 64;
const OUTSIDE = /[^\s,[\]}\ufeff]/g;
const INSIDE = /["{}[]/g;
const IN_STRING = /["\\\n]/g;
const LINE_END = /\n/g;

/** `other`: a record of something else that may stand in the same file. */
export type RecordRead = LogEntry | 'other' | 'bad';

/** Where a scan stands. `take` gets the text of a record, `bad` a place in the piece of text. */
type Scan = {
  state: 'outside' | 'inside' | 'string' | 'garbage';
  depth: number;
  record: string;
  /** Whether the piece begins a line, and whether its first letter is escaped. */
  isLineStart: boolean;
  isEscaped: boolean;
  readonly take: (text: string, at: number) => void;
  readonly bad: (at: number, reason: string) => void;
};

function find(words: RegExp, text: string, from: number): number {
  words.lastIndex = from;
  return words.exec(text)?.index ?? text.length;
}

/** Each takes the text from a place and returns where the next one goes on. */
const STEPS: Readonly<Record<Scan['state'], (scan: Scan, text: string, from: number) => number>> = {
  outside: (scan, text, from) => {
    const at = find(OUTSIDE, text, from);
    if (at === text.length) return at;
    scan.state = text[at] === '{' ? 'inside' : 'garbage';
    if (scan.state === 'garbage') scan.bad(at, 'not JSON');
    scan.depth = 0;
    scan.record = '';
    return at;
  },
  garbage: (scan, text, from) => {
    const at = find(LINE_END, text, from);
    if (at < text.length) scan.state = 'outside';
    return at;
  },
  inside: stepInside,
  string: stepString,
};

function stepInside(scan: Scan, text: string, from: number): number {
  for (let at = find(INSIDE, text, from); at < text.length; at = find(INSIDE, text, at + 1)) {
    const letter = text[at];
    if (letter === '"') {
      scan.state = 'string';
      scan.record += text.slice(from, at + 1);
      return at + 1;
    }
    if (letter === '{') {
      const isFirst = at === 0 ? scan.isLineStart : text[at - 1] === '\n';
      if (isFirst && scan.depth > 0) {
        scan.bad(at, 'a record that does not end');
        scan.state = 'outside';
        return at;
      }
      scan.depth++;
    } else if (letter === '}') {
      scan.depth--;
      if (scan.depth > 0) continue;
      scan.state = 'outside';
      scan.take(scan.record + text.slice(from, at + 1), at);
      return at + 1;
    } else if (scan.depth === 1 && scan.record.length < MAX_WRAPPER_LENGTH) {
      if (!WRAPPER.test(scan.record + text.slice(from, at))) continue;
      scan.state = 'outside';
      return at + 1;
    }
  }
  scan.record += text.slice(from);
  return text.length;
}

function stepString(scan: Scan, text: string, from: number): number {
  let at = scan.isEscaped ? from + 1 : from;
  scan.isEscaped = false;
  for (at = find(IN_STRING, text, at); at < text.length; at = find(IN_STRING, text, at + 2)) {
    if (text[at] === '\\') {
      scan.isEscaped = at + 1 === text.length;
      continue;
    }
    if (text[at] === '"') {
      scan.state = 'inside';
      scan.record += text.slice(from, at + 1);
      return at + 1;
    }
    scan.bad(at, 'a text that does not end');
    scan.state = 'outside';
    return at;
  }
  scan.record += text.slice(from);
  return text.length;
}

/**
 * Splits text into records and hands each to `read`. A record that was torn ends where the next line begins with a brace, and a text
 * never runs over the end of a line, so that damage costs its own records only.
 */
export function createRecordReader(read: (record: JsonObject) => RecordRead): DocumentReader {
  const places: { offset: number; reason: string }[] = [];
  let badCount = 0;
  let offset = 0;
  let entries: LogEntry[] = [];
  const bad = (at: number, reason: string): void => {
    badCount++;
    if (places.length < MAX_BAD_PLACES) places.push({ offset: offset + at, reason });
  };
  const take = (text: string, at: number): void => {
    const object = parseJsonObject(text);
    const found = object === undefined ? 'bad' : read(object);
    if (found === 'bad') bad(at, object === undefined ? 'not JSON' : 'not a record of this log');
    else if (found !== 'other') entries.push(found);
  };
  const scan: Scan = { state: 'outside', depth: 0, record: '', isLineStart: true, isEscaped: false, take, bad };
  return {
    push(text) {
      entries = [];
      for (let at = 0; at < text.length; ) at = STEPS[scan.state](scan, text, at);
      if (scan.record.length > MAX_RECORD_LENGTH && (scan.state === 'inside' || scan.state === 'string')) {
        bad(text.length, 'a record that does not end');
        scan.state = 'garbage';
        scan.record = '';
        scan.isEscaped = false;
      }
      if (text !== '') scan.isLineStart = text.endsWith('\n');
      offset += text.length;
      return entries;
    },
    end: () => [],
    bad: () => places,
    badCount: () => badCount,
  };
}

/** The first complete records of a file's beginning, for recognition. */
export function headRecords(head: string): readonly JsonObject[] {
  if (!/^[\s\ufeff\u00ef\u00bb\u00bf]*[[{]/.test(head)) return [];
  const found: JsonObject[] = [];
  const reader = createRecordReader((record) => {
    if (found.length < MAX_HEAD_RECORDS) found.push(record);
    return 'other';
  });
  reader.push(head.slice(0, HEAD_LENGTH).replace(/^\u00ef\u00bb\u00bf/, ''));
  return found;
}

const MAX_HEAD_RECORDS = 50;
/** Some dozen records; formats that are not JSON are not read at all. */
const HEAD_LENGTH = 32 << 10;
