/** Windows error numbers in the forms that IIS and its logs write them. */

const TWO_32 = 0x1_0000_0000;
const WIN32_FACILITY = 0x8007_0000;

/** The plain code of an HRESULT of Win32 (0x8007xxxx, signed or unsigned); every other number as it is, signed ones as unsigned. */
export function plainWin32(value: number): number {
  const unsigned = value < 0 && value >= -TWO_32 / 2 ? value + TWO_32 : value;
  return unsigned >= WIN32_FACILITY && unsigned <= WIN32_FACILITY + 0xffff ? unsigned - WIN32_FACILITY : unsigned;
}

/** `0x80072ee2` of an error number. */
export function hexOf(value: number): string {
  return `0x${(value < 0 ? value + TWO_32 : value).toString(16).padStart(8, '0')}`;
}

/**
 * The number in `2147954402`, `-2147012894`, `0x80072ee2` or `The operation timed out (0x80072ee2)`; undefined when there is none. The
 * words before the number are in the server's own language and are not looked at.
 */
export function errorNumberIn(text: string): number | undefined {
  const hex = /^\s*0x([0-9a-f]{1,8})\s*$/i.exec(text) ?? /\(0x([0-9a-f]{1,8})\)\s*$/i.exec(text.slice(-32));
  if (hex?.[1] !== undefined) return Number.parseInt(hex[1], 16);
  return /^\s*-?\d{1,15}\s*$/.test(text) ? Number(text) : undefined;
}

/** Little-endian number of the `Binary` of a Windows event: `6D000780` is 0x8007006d. */
export function errorNumberOfBinary(hex: string): number | undefined {
  const bytes = /^\s*([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})\s*$/i.exec(hex);
  return bytes === null ? undefined : Number.parseInt(`${bytes[4]}${bytes[3]}${bytes[2]}${bytes[1]}`, 16);
}
