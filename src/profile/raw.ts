/** Lenient reading of values that have not been validated, so that one wrong value does not hide what is wrong elsewhere. */

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as a mapping; empty when it is none. */
export function mappingOf(value: unknown): Readonly<Record<string, unknown>> {
  return isMapping(value) ? value : {};
}

/** The value as a list; empty when it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** `name` of each entry of a list, in order; entries without one give undefined. */
export function namesIn(list: unknown): (string | undefined)[] {
  return listOf(list).map((entry) => textOf(mappingOf(entry)['name']));
}

/** A value as it is shown after "found". Text is cut, and credentials in an address are hidden. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'string') return value === '' ? 'an empty text' : quoted(value);
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping';
  return String(value);
}

/** Longest piece of a user's text that a message repeats; enough to recognise it, short enough for one line. */
const MAX_SHOWN = 60;

export function quoted(text: string): string {
  const shown = text.replace(/:\/\/\S*@/g, '://***@');
  return JSON.stringify(shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown);
}
