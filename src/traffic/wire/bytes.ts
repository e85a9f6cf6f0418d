/** Classes of bytes in HTTP/1.1 (RFC 9110 §5.6.2, RFC 9112), as tables: one look-up per byte. */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;

function tableOf(has: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (has(byte) ? 1 : 0));
}

/** 1 for the characters of a token: names of headers and chunk extensions. */
export const IS_TOKEN = tableOf((byte) => /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)));

/** 1 for what a header value or reason phrase may hold: tab, space, visible ASCII, and bytes beyond ASCII. */
export const IS_TEXT = tableOf((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));

/** Value of a hexadecimal digit, 255 for any other byte. */
export const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase());
  return digit < 0 ? 255 : digit;
});

/** Whether the bytes are `lower` (lower-case ASCII letters, digits and hyphens), in any case. */
export function isWord(bytes: Uint8Array, from: number, to: number, lower: string): boolean {
  if (to - from !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const byte = bytes[from + i] as number;
    const small = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (small !== lower.charCodeAt(i)) return false;
  }
  return true;
}
