import type { CodeMeaning, Vocabulary } from './code.ts';
import { nearNumber, nearStatus } from './near.ts';
import { readNumber } from './number-forms.ts';
import { decodeNumber, windowsMeaning } from './number-meaning.ts';
import type { Part } from './part.ts';
import { because, joined, NOTHING } from './part.ts';
import { meaningsIn } from './tables.ts';
import { isReadInLogs } from './win32.ts';

const FOOTER = /IIS70Error=(\d{3}),(\d{1,3}),(0x[0-9a-f]{1,8})(?:,(\d{1,6}))?/i;
const PREFIX = '(?:HTTP(?:\\/\\d(?:\\.\\d)?)?\\s+)?(?:error\\s+|status\\s+)?(?:code:?\\s+)?';
const WITH_SUBSTATUS = new RegExp(
  `^${PREFIX}(\\d{3})([.\\s/,:]{1,3})(\\d{1,3})(?:[.\\s/,:]{1,3}(\\(?-?(?:0x)?[0-9a-f]{1,20}\\)?))?(?:\\s+-\\s+.{0,200})?$`,
  'i',
);
const STATUS_AND_CODE = /^(\d{3})[.\s/,:]{1,3}(-?(?:0x[0-9a-f]{1,8}|\d{4,20}))$/i;
const ALONE = new RegExp(`^${PREFIX}(\\d{3}|0|-1)(?:\\s+(?=.{0,60}$)[A-Za-z][A-Za-z' -]*)?$`, 'i');

// Statuses of ARR whose third number is an error of WinHTTP, or one that takes its place because the client left.
const FROM_WINHTTP = /^502\.[35]$/;

/**
 * A status of HTTP, alone (`502`), with a substatus (`502.3`), with an error code behind it (`502.3.12002`, `502 3 12002`, `502.3/0x80072ee2`)
 * or as the footer of a page of IIS. Undefined: the text has none of these forms.
 */
export function decodeStatus(text: string): Part | undefined {
  const footer = FOOTER.exec(text);
  if (footer !== null) return fromFooter(footer);
  const found = WITH_SUBSTATUS.exec(text);
  if (found !== null) {
    const [, status = '', separator = '', substatus = '', code] = found;
    return withSubstatus(status, separator, String(Number(substatus)), code?.replace(/[()]/g, ''));
  }
  const pair = STATUS_AND_CODE.exec(text);
  if (pair !== null) return joined([errorBehind(`${pair[1]}.0`, pair[2] ?? ''), alone(pair[1] ?? '')]);
  const status = ALONE.exec(text)?.[1];
  return status === undefined ? undefined : aloneOrNumber(text, status);
}

function fromFooter([, status = '', substatus = '', hresult = '', build]: RegExpExecArray): Part {
  const part = withSubstatus(status, '.', String(Number(substatus)), hresult);
  const note = build === undefined ? [] : [`${build} is the build of Windows that wrote the page.`];
  return { ...part, notes: [...part.notes, ...note] };
}

function withSubstatus(status: string, separator: string, substatus: string, code: string | undefined): Part {
  const key = `${status}.${substatus}`;
  const own = meaningsOfSubstatus(key);
  const error = code === undefined ? NOTHING : errorBehind(key, code);
  if (own.length > 0) {
    const reason = own.length > 1 ? 'one of several makers of this number' : 'status and substatus of IIS';
    return joined([error, { ...NOTHING, readings: own.map((meaning) => because(meaning, reason)) }]);
  }
  const plain = alone(status);
  if (substatus === '0' && plain.readings.length > 0) {
    const notes = ['Substatus 0: set by the application itself, or passed through from a server behind.'];
    return joined([error, { ...plain, notes }]);
  }
  // `502 64`: a status and an error code, as two columns.
  const second = separator.trim() === '' && code === undefined ? decodeNumber(substatus) : undefined;
  if (second !== undefined && second.readings.length > 0 && plain.readings.length > 0) return joined([plain, second]);
  const unknown = { readings: [], unknown: [key], near: nearStatus(status, substatus), notes: [] };
  return joined([unknown, error]);
}

function meaningsOfSubstatus(key: string): readonly CodeMeaning[] {
  return [...meaningsIn('iis-status'), ...meaningsIn('aspnetcore-module')].filter(({ code }) => code === key);
}

/** The error code behind a status. Behind 502.3 a plain Windows error that IIS never writes there is a mistyped code: it is not believed. */
function errorBehind(key: string, code: string): Part {
  const [number] = readNumber(code);
  if (number === undefined) return { ...NOTHING, unknown: [code], notes: [] };
  if (number.value === 0n)
    return { ...NOTHING, notes: ['Error code 0: Windows saw no error; the status alone tells.'] };
  const meaning = windowsMeaning(number);
  const isOdd = FROM_WINHTTP.test(key) && meaning?.vocabulary === 'win32' && !isReadInLogs(number.win32 ?? 0);
  if (meaning !== undefined && !isOdd) {
    return { ...NOTHING, readings: [because(meaning, `the error code behind ${key}`)] };
  }
  const other = decodeNumber(code);
  if (!isOdd || meaning === undefined) return { ...(other ?? NOTHING), unknown: [code] };
  return {
    readings: [],
    unknown: [code],
    near: [...nearNumber(number.win32 ?? 0), meaning],
    notes: [
      `${code} is ${meaning.name} in Windows, but behind ${key} stands an error of WinHTTP (12001 to 12193) or of the network: it is probably mistyped.`,
    ],
  };
}

function alone(status: string): Part {
  const readings = [...meaningsIn('http'), ...meaningsIn('cloudflare'), ...meaningsIn('aws-alb')]
    .filter(({ code }) => code === status)
    .map((meaning) => because(meaning, 'the status'));
  if (readings.length > 0) return { ...NOTHING, readings };
  return { ...NOTHING, unknown: [status], near: nearStatus(status, undefined) };
}

const AS_NUMBER = new Set<Vocabulary>(['win32', 'winhttp', 'errno']);

/** A bare number of three digits is a status first; it can also be a Windows error. */
function aloneOrNumber(text: string, status: string): Part {
  const part = alone(status);
  if (text.trim() !== status) return part;
  const number = decodeNumber(status)?.readings.filter(({ vocabulary }) => AS_NUMBER.has(vocabulary)) ?? [];
  if (number.length === 0) return part;
  if (part.readings.length === 0) return { ...NOTHING, readings: number };
  const usual = number.filter(({ code }) => isReadInLogs(Number(code)));
  const notes = number
    .filter((reading) => !usual.includes(reading))
    .map(
      ({ vocabulary, name }) =>
        `As ${vocabulary === 'errno' ? 'a number of errno' : 'sc-win32-status'} it would be ${name}.`,
    );
  return { ...part, readings: [...part.readings, ...usual], notes };
}
