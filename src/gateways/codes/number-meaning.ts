import type { CodeMeaning } from './code.ts';
import { hresultMeaning } from './hresult.ts';
import { nearNumber } from './near.ts';
import type { NumberReading } from './number-forms.ts';
import { hexOf, readNumber } from './number-forms.ts';
import type { Part, Reading } from './part.ts';
import { because, joined, NOTHING } from './part.ts';
import { errnoMeaning } from './system-errors.ts';
import { meaningsIn } from './tables.ts';
import { isReadInLogs, win32Meaning } from './win32.ts';
import { winhttpMeaning } from './winhttp.ts';

const TWO_32 = 0x1_0000_0000n;

/** The Windows error in a number: of WinHTTP, of the system, or of another facility. */
export function windowsMeaning(reading: NumberReading): CodeMeaning | undefined {
  const { win32, value } = reading;
  if (win32 === undefined) return hresultMeaning(value);
  return winhttpMeaning(win32) ?? win32Meaning(win32);
}

/**
 * A number alone, in any form. Undefined: the text is no number. A number that is no known code has itself in `unknown`, and never a
 * reading. Statuses of HTTP are not looked for here.
 */
export function decodeNumber(text: string): Part | undefined {
  const ways = readNumber(text);
  const first = ways[0];
  if (first === undefined) return undefined;
  const readings = ways.flatMap((way) => readingsOf(way));
  const isBytes = ways.some(({ form }) => form === 'bytes');
  const notes = isBytes ? otherWays(text, ways, readings) : [];
  if (readings.length > 0) return joined([{ ...NOTHING, readings, notes }]);
  const near = ways.flatMap(({ win32 }) => (win32 === undefined ? [] : nearNumber(win32)));
  return { readings: [], unknown: [text.trim()], near, notes: [...notes, ...whatItIsNot(first)] };
}

function readingsOf(way: NumberReading): readonly Reading[] {
  const windows = windowsMeaning(way);
  const { form, value } = way;
  const isPlain = form === 'decimal' && value <= 0xffffn;
  const own = windows === undefined ? [] : [because(windows, reasonOf(way, windows))];
  if (!isPlain) return own;
  const number = String(value);
  const events = meaningsIn('windows-event')
    .filter(({ code }) => code.endsWith(` ${number}`))
    .map((meaning) => because(meaning, 'as the number of an event'));
  const cloudflare = meaningsIn('cloudflare')
    .filter(({ code }) => code === number)
    .map((meaning) => because(meaning, 'as the number on a page of Cloudflare'));
  const errno = errnoMeaning(Number(value));
  const system = errno === undefined ? [] : [because(errno, 'as a number of errno, in messages of Linux programs')];
  // A number that is met in IIS logs is likelier there than as an event; of the others the event is.
  const isUsual = windows?.vocabulary === 'winhttp' || isReadInLogs(Number(value));
  return isUsual ? [...own, ...events, ...cloudflare, ...system] : [...events, ...cloudflare, ...system, ...own];
}

function reasonOf({ form, win32, value }: NumberReading, { vocabulary }: CodeMeaning): string {
  if (form === 'bytes') return `as bytes of an event, lowest first: ${hexOf(value)}`;
  if (vocabulary === 'hresult') return `the HRESULT or NTSTATUS ${hexOf(value)}`;
  if (value > 0xffffn) return `${hexOf(value)} is the HRESULT of ${win32}`;
  return vocabulary === 'winhttp'
    ? 'numbers from 12001 to 12193 are those of WinHTTP'
    : 'as sc-win32-status, or in a trace';
}

/** For eight hexadecimal digits without `0x`: the ways that were not taken. */
function otherWays(text: string, ways: readonly NumberReading[], readings: readonly Reading[]): readonly string[] {
  if (readings.length === 0) return [];
  return ways
    .filter((way) => windowsMeaning(way) === undefined)
    .map(({ form, value }) => {
      const shown = form === 'decimal' ? String(value) : hexOf(value);
      return `${text} read as ${form === 'bytes' ? 'bytes' : `a ${form} number`} would be ${shown}, which is no known code.`;
    });
}

function whatItIsNot({ value, win32 }: NumberReading): readonly string[] {
  if (value < 0n || value >= TWO_32) return ['It does not fit into 32 bits, so it is no Windows error as a whole.'];
  if (win32 !== undefined && value > 0xffffn)
    return [`${hexOf(value)} is the HRESULT of the Windows error ${win32}, and there is none.`];
  return [];
}
