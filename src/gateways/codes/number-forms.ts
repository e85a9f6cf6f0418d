/** Windows numbers in all the forms in which pages, traces, logs and events write them. */
import type { CodeForm } from './code.ts';

const TWO_32 = 0x1_0000_0000n;
const WIN32_FACILITY = 0x8007n;
/** Longest text that is tried as a number; a 64-bit number has 20 digits. */
const MAX_TEXT = 40;

/** How a text was read as a number. */
export type NumberForm = 'decimal' | 'signed decimal' | 'hexadecimal' | 'bytes';
export type NumberReading = {
  readonly form: NumberForm;
  /** Unsigned, as 32 bits where it fits. */
  readonly value: bigint;
  /** The Win32 error in it: a number up to 65535, or that of an HRESULT 0x8007xxxx. */
  readonly win32?: number;
};

function readingOf(form: NumberForm, value: bigint): NumberReading {
  const unsigned = value < 0n && value >= -(TWO_32 / 2n) ? value + TWO_32 : value;
  const win32 = win32Of(unsigned);
  return { form, value: unsigned, ...(win32 === undefined ? {} : { win32 }) };
}

/** The Win32 error of an unsigned number; undefined for other kinds of HRESULT and what is not 32 bits. */
function win32Of(value: bigint): number | undefined {
  if (value < 0n || value >= TWO_32) return undefined;
  if (value <= 0xffffn) return Number(value);
  return value >> 16n === WIN32_FACILITY ? Number(value & 0xffffn) : undefined;
}

/**
 * Every way in which a text can be read as one number, likeliest first; empty when it is none. Eight hexadecimal digits without `0x` can be
 * a number or the little-endian bytes of an event's `Binary`: both are given, and the caller knows which of them is a code.
 */
export function readNumber(text: string): readonly NumberReading[] {
  const trimmed = text.trim();
  if (trimmed.length === 0 || trimmed.length > MAX_TEXT) return [];
  if (/^0x[0-9a-f]+l?$/i.test(trimmed)) return [readingOf('hexadecimal', BigInt(trimmed.replace(/l$/i, '')))];
  if (/^-\d+$/.test(trimmed)) return [readingOf('signed decimal', BigInt(trimmed))];
  const readings: NumberReading[] = [];
  if (/^\+?\d+$/.test(trimmed)) readings.push(readingOf('decimal', BigInt(trimmed.replace('+', ''))));
  const bytes = bytesOf(trimmed);
  if (bytes !== undefined) {
    readings.push(readingOf('bytes', BigInt(`0x${[...bytes].reverse().join('')}`)));
    readings.push(readingOf('hexadecimal', BigInt(`0x${bytes.join('')}`)));
  }
  return readings;
}

/** Four bytes: `E22E0780`, `E2 2E 07 80` or `E2-2E-07-80`. */
function bytesOf(text: string): readonly string[] | undefined {
  const found = /^([0-9a-f]{2})([ :-]?)([0-9a-f]{2})\2([0-9a-f]{2})\2([0-9a-f]{2})$/i.exec(text);
  return found === null ? undefined : [found[1] ?? '', found[3] ?? '', found[4] ?? '', found[5] ?? ''];
}

export function hresultOfWin32(code: number): bigint {
  return code === 0 ? 0n : (WIN32_FACILITY << 16n) | BigInt(code);
}

export function hexOf(value: bigint): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

function signedOf(value: bigint): string {
  return String(value >= TWO_32 / 2n ? value - TWO_32 : value);
}

/** `E22E0780` of 0x80072ee2. */
export function littleEndianOf(value: bigint): string {
  const hex = value.toString(16).padStart(8, '0').toUpperCase();
  return `${hex.slice(6, 8)}${hex.slice(4, 6)}${hex.slice(2, 4)}${hex.slice(0, 2)}`;
}

/** All equal forms of an HRESULT. */
export function formsOfHresult(value: bigint): readonly CodeForm[] {
  return [
    { label: 'HRESULT (detailed page, trace)', text: hexOf(value) },
    { label: 'unsigned (FREB, IIS log)', text: String(value) },
    { label: 'signed (.NET, event log)', text: signedOf(value) },
    { label: 'bytes (Binary of an event)', text: littleEndianOf(value) },
  ];
}

/** All equal forms of a Win32 error: the number itself, and those of its HRESULT. */
export function formsOfWin32(code: number): readonly CodeForm[] {
  const plain = { label: 'sc-win32-status (IIS log)', text: String(code) };
  return code === 0 ? [plain] : [plain, ...formsOfHresult(hresultOfWin32(code))];
}
