/** Any code in any of its forms, or a whole log line: what it means. */
import { apacheNumber } from './apache.ts';
import type { CodeMeaning } from './code.ts';
import { haproxyTermination } from './haproxy.ts';
import { codesInLine } from './log-line.ts';
import { messagesIn, productOf } from './messages.ts';
import { nearWord } from './near.ts';
import { decodeNumber } from './number-meaning.ts';
import type { Part, Reading } from './part.ts';
import { because, isKnown, joined, NOTHING } from './part.ts';
import { decodeStatus } from './status-meaning.ts';
import { errnoIn, errnoMeaning } from './system-errors.ts';
import { meaningsIn, meaningsOfWord } from './tables.ts';

export type { Part, Reading } from './part.ts';
export { isKnown } from './part.ts';

/** `input` is as it was given. */
export type Decoded = Part & { readonly input: string };

/** Longest text that is looked at; log lines are cut at 8 kB by most loggers. */
const MAX_INPUT = 16_384;
/** Most parts of one list: `UF,URX`, `502 3 12002`. */
const MAX_PARTS = 12;

/** Never throws; what is not known comes back verbatim in `unknown`, with codes that look like it. */
export function decode(input: string): Decoded {
  const text = input.slice(0, MAX_INPUT).trim();
  if (text === '') return { ...NOTHING, input, unknown: [input] };
  const whole = decodeCode(text) ?? decodeCode(bare(text)) ?? decodeLine(text) ?? decodeList(bare(text));
  if (whole !== undefined) return { input, ...whole, readings: madeHere(text, whole.readings) };
  return { ...NOTHING, input, unknown: [input], near: nearWord(bare(text)) };
}

/**
 * Of several readings only those that the text itself names: the product whose line it is, and of several makers of a number of IIS the one
 * whose mark is in the query or whose module a page names.
 */
function madeHere(text: string, readings: readonly Reading[]): readonly Reading[] {
  const product = productOf(text);
  const isArr = /X-ARR-LOG-ID=|\bApplicationRequestRouting\b/i.test(text);
  const isAncm = /\bAspNetCoreModule(?:V2)?\b/i.test(text);
  const told = readings.filter(({ when, vocabulary }) => {
    if (product !== undefined && vocabulary !== product && vocabulary !== 'http') return false;
    if (when === undefined || isArr === isAncm) return true;
    return isArr ? when.startsWith('ARR') : vocabulary === 'aspnetcore-module';
  });
  return told.length === 0 ? readings : told;
}

const PAIRS: Readonly<Record<string, string>> = {
  '(': ')',
  '[': ']',
  '{': '}',
  '<': '>',
  '"': '"',
  "'": "'",
  '`': '`',
  '“': '”',
};

/** Without the punctuation in which a code stands in a sentence. A `-` belongs to the code. */
function bare(text: string): string {
  let result = text.trim();
  for (let previous = ''; previous !== result; ) {
    previous = result;
    result = result
      .replace(/^[,;]+/, '')
      .replace(/[,;:.!?]+$/, '')
      .trim();
    const closer = PAIRS[result.charAt(0)];
    if (closer !== undefined && result.length > 2 && result.endsWith(closer)) result = result.slice(1, -1).trim();
  }
  return result === '' ? text : result;
}

/** One code alone; undefined when the text is none. An unknown number or status is one, with `unknown` filled. */
function decodeCode(text: string): Part | undefined {
  // `404 page not found` is Traefik’s own text, and no status with its name.
  const sentence = text.includes(' ') ? decodeWord(text) : [];
  if (sentence.length > 0) return { ...NOTHING, readings: sentence };
  const status = decodeStatus(text);
  if (status !== undefined) return status;
  const number = decodeNumber(text);
  if (number !== undefined) return number;
  if (/^AH\d{5}$/i.test(text)) return apachePart(text);
  const words = decodeWord(text.includes('{') ? plainDetails(text) : text);
  if (words.length > 0) return { ...NOTHING, readings: words };
  return decodeNamed(text);
}

/** Envoy’s details with one reason in braces: older versions write blanks in it, and newer ones more behind it. */
function plainDetails(text: string): string {
  return text.replace(
    /\{([a-z_ ]{1,60})[^}]{0,300}\}.{0,300}$/,
    (_, reason: string) => `{${reason.trim().replaceAll(' ', '_')}}`,
  );
}

const WORD_REASON = 'the word itself';

function decodeWord(text: string): readonly Reading[] {
  const termination = haproxyTermination(text);
  const isWhole =
    termination !== undefined && (text.length === 4 || meaningsIn('haproxy').some(({ code }) => code === text));
  const words = meaningsOfWord(text).filter((meaning) => !(isWhole && meaning.vocabulary === 'haproxy'));
  const own = isWhole && termination !== undefined ? [because(termination, 'the letters of a termination state')] : [];
  // Upper and lower case differ in HAProxy: a word in any other case can be each of them.
  const rest = words.map((meaning) =>
    because(
      meaning,
      meaning.code === text || meaning.vocabulary !== 'haproxy' ? WORD_REASON : `if ${meaning.code} was meant`,
    ),
  );
  const found = [...own, ...rest];
  if (found.length > 0) return found;
  if (termination !== undefined) return [because(termination, 'the letters of a termination state')];
  return anyCase(text);
}

/** A termination state of four letters in the wrong case: every state that it can have been. */
function anyCase(text: string): readonly Reading[] {
  if (!/^[a-z-]{2,4}$/i.test(text) || text.length === 3) return [];
  const [ender = '', ...rest] = text;
  const upper = rest.join('').toUpperCase();
  return [`${ender.toLowerCase()}${upper}`, `${ender.toUpperCase()}${upper}`]
    .filter((state, i, all) => all.indexOf(state) === i)
    .map((state) => haproxyTermination(state))
    .filter((meaning) => meaning !== undefined && meaning.sure !== 'recalled')
    .map((meaning) => because(meaning as CodeMeaning, `if ${meaning?.code} was meant`));
}

const NAMED = /^[\w().%[\]-]{1,40}\s*[=:]\s*(\S.*)$/;
const EVENT = /^(?:(?:windows )?event(?: ?id)?|microsoft-windows-was|was)\s*[:#=]?\s*(\d{3,5})$/i;

/** `sc-win32-status=64`, `bc_err=34`, `errno 111`, `event 5011`: a number or word with its name before it. */
function decodeNamed(text: string): Part | undefined {
  const event = EVENT.exec(text)?.[1];
  if (event !== undefined) {
    const events = meaningsIn('windows-event').filter(({ code }) => code.endsWith(` ${event}`));
    if (events.length > 0)
      return { ...NOTHING, readings: events.map((meaning) => because(meaning, 'the number of the event')) };
  }
  const connection = /^(?:bc_err|fc_err)\s*[=: ]\s*(\d{1,2})\b/i.exec(text)?.[1];
  if (connection !== undefined) {
    const errors = meaningsIn('haproxy').filter(({ name }) => name === `bc_err ${connection}`);
    if (errors.length > 0)
      return { ...NOTHING, readings: errors.map((meaning) => because(meaning, 'the number of bc_err')) };
  }
  const errno = errnoMeaning(Number(/^errno\s*[=: ]\s*(\d{1,5})\b/i.exec(text)?.[1] ?? Number.NaN));
  if (errno !== undefined) return { ...NOTHING, readings: [because(errno, 'the number of errno')] };
  const named = NAMED.exec(text);
  if (named?.[1] === undefined || text.length > 120) return undefined;
  const value = decodeCode(bare(named[1]));
  return value === undefined || value.readings.length === 0 ? undefined : value;
}

/** Codes of a whole line or message. */
function decodeLine(text: string): Part | undefined {
  const known = codesInLine(text).flatMap(({ text: code, because: reason }): Part[] => {
    const part = decodeCode(code) ?? messagePart(code);
    if (part === undefined) return [];
    // Notes are about a code alone: in a line its place says what it is.
    return [{ ...part, notes: [], readings: part.readings.map((reading) => because(reading, reason)) }];
  });
  const parts = [...known, ...[apachePart(text), messagePart(text)].filter((part) => part !== undefined)];
  const found = parts.filter(({ readings }) => readings.length > 0);
  if (found.length > 0) return withoutStatus(joined(found.some(isKnown) ? found.filter(isKnown) : found));
  return wordsInLine(text) ?? errnoPart(text);
}

/** A line’s status says nothing beside a code that says what became of the request. */
function withoutStatus(part: Part): Part {
  const isTold = part.readings.some(({ vocabulary, outcome }) => vocabulary !== 'http' && outcome !== undefined);
  return isTold ? { ...part, readings: part.readings.filter(({ vocabulary }) => vocabulary !== 'http') } : part;
}

function apachePart(text: string): Part | undefined {
  const ah = /\bAH\d{5}\b/i.exec(text)?.[0];
  const meanings = ah === undefined ? [] : apacheNumber(ah, text);
  if (ah === undefined || meanings.length === 0) return undefined;
  return { ...NOTHING, readings: meanings.map((meaning) => because(meaning, `${ah.toUpperCase()} in the line`)) };
}

function messagePart(text: string): Part | undefined {
  const isNumbered = /\bAH\d{5}\b/.test(text);
  const meanings = messagesIn(text).filter(({ vocabulary }) => !(isNumbered && vocabulary !== 'apache'));
  if (meanings.length === 0 || (isNumbered && apachePart(text) !== undefined)) return undefined;
  return { ...NOTHING, readings: meanings.map((meaning) => because(meaning, 'the words of the message')) };
}

function errnoPart(text: string): Part | undefined {
  const errno = errnoIn(text);
  return errno === undefined
    ? undefined
    : { ...NOTHING, readings: [because(errno, 'number and words of a system error')] };
}

// Words that are a code wherever they stand: joined by underscores, in mixed case, or a hexadecimal number.
const TELLING =
  /\b(?:0x[89a-f][0-9a-f]{7}|[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+|[A-Z][A-Za-z]+(?:_[A-Za-z]+)+|[a-z]+(?:_[a-z]+){2,}|(?:Lambda|Timer|Queue|App|Client|Request|Response|Upgrade|NoAvailable)[A-Z][A-Za-z]+|E(?:CONN|TIMED|HOST|NET|PIPE|ADDR|PROTO|NOTFOUND)[A-Z]*)\b/g;

function wordsInLine(text: string): Part | undefined {
  const words = [...new Set(text.match(TELLING) ?? [])].slice(0, MAX_PARTS);
  const parts = words.flatMap((word): Part[] => {
    const part = decodeCode(word);
    if (part === undefined || !isKnown(part)) return [];
    return [{ ...part, readings: part.readings.map((reading) => because(reading, `${word} in the text`)) }];
  });
  return parts.length === 0 ? undefined : joined(parts);
}

/** A list of codes, `UF,URX`: only when all parts are codes. */
function decodeList(text: string): Part | undefined {
  const parts = text.split(/[\s,;|/]+/).filter((part) => part !== '');
  if (parts.length < 2 || parts.length > MAX_PARTS) return undefined;
  const decoded = parts.map((part) => decodeCode(bare(part)));
  if (decoded.some((part) => part === undefined || part.readings.length === 0)) return undefined;
  return joined(
    decoded.map((part, i) => ({
      ...(part ?? NOTHING),
      readings: (part ?? NOTHING).readings.map((reading) => because(reading, `${parts[i]} in the list`)),
    })),
  );
}
