/**
 * Foreign text (names, addresses, headers, log lines) made safe to show: what a terminal would obey or a reader could not see
 * becomes a visible escape, `\x1b` or `\u202e`. Line breaks and tabs stay.
 */
export function visibleText(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (c) => `\\x${hex(c, 2)}`)
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g, (c) => `\\u${hex(c, 4)}`);
}

/** The same on one line. */
export function singleLine(text: string): string {
  return visibleText(text).replaceAll(/\s+/g, ' ').trim();
}

function hex(character: string, digits: number): string {
  return character.charCodeAt(0).toString(16).padStart(digits, '0');
}
