/** Single values of a profile: each knows what it expects in words, and its pattern for the JSON Schema. */
import { z } from 'zod';
import { accept, type Fault, type Parsed, refuse } from './parsed.ts';
import { isMapping, quoted } from './raw.ts';
import { nearestWord } from './spelling.ts';
import { THRESHOLD_EXAMPLES, THRESHOLD_PATTERN } from './threshold-words.ts';
import * as units from './units.ts';

/** A text that holds `${env:…}` or `${file:…}` is checked after it was replaced; an editor lets it pass. */
const REFERENCE_PATTERN = String.raw`\$\{(?:env|file):`;

/** A leaf of the profile. The fault of a refused value travels in `params.fault` of the zod issue. */
export function leaf<T>(parse: (value: unknown) => Parsed<T>, schema: Readonly<Record<string, unknown>>) {
  return z
    .unknown()
    .meta(schema)
    .transform((value, context): T => {
      const parsed = parse(value);
      if (parsed.ok) return parsed.value;
      context.issues.push({ code: 'custom', input: value, message: parsed.expected, params: { fault: parsed } });
      return z.NEVER;
    });
}

function textSchema(pattern: string): Readonly<Record<string, unknown>> {
  return { type: 'string', pattern: `^(?:${pattern})$|${REFERENCE_PATTERN}` };
}

export function durationLeaf(range: units.DurationRange = {}) {
  return leaf((value) => units.parseDuration(value, range), textSchema(units.DURATION_PATTERN));
}

export function rateLeaf() {
  return leaf(units.parseRate, textSchema(units.RATE_PATTERN));
}

export function sizeLeaf(range: units.SizeRange = {}) {
  return leaf((value) => units.parseSize(value, range), textSchema(units.SIZE_PATTERN));
}

export function ratioLeaf() {
  return leaf(units.parseRatio, {
    anyOf: [{ type: 'number', minimum: 0, maximum: 1 }, textSchema(units.RATIO_PATTERN)],
  });
}

/** An editor that offers examples completes them; the pattern underlines what the parser will refuse. */
export function thresholdSchema(): Readonly<Record<string, unknown>> {
  return { ...textSchema(THRESHOLD_PATTERN), examples: THRESHOLD_EXAMPLES };
}

/** A whole number; digits in quotes count too, because a reference is always text. */
export function integerLeaf(minimum: number, maximum: number) {
  return leaf(
    (value) => {
      const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
      if (typeof number !== 'number' || !Number.isInteger(number)) return refuse('a whole number');
      return number >= minimum && number <= maximum
        ? accept(number)
        : refuse(`a whole number from ${minimum} to ${maximum}`);
    },
    {
      anyOf: [
        { type: 'integer', minimum, maximum },
        { type: 'string', pattern: REFERENCE_PATTERN },
      ],
    },
  );
}

export function weightLeaf() {
  return leaf(
    (value) => (typeof value === 'number' && value > 0 && value <= 1e6 ? accept(value) : refuse('a number above 0')),
    { type: 'number', exclusiveMinimum: 0, maximum: 1e6 },
  );
}

export function booleanLeaf() {
  return leaf(
    (value) => {
      if (typeof value === 'boolean') return accept(value);
      const word = typeof value === 'string' ? value.toLowerCase() : '';
      if (['yes', 'on', 'true'].includes(word)) return refuse('true or false', { hint: 'Write true.' });
      return refuse('true or false', ['no', 'off', 'false'].includes(word) ? { hint: 'Write false.' } : {});
    },
    { type: 'boolean' },
  );
}

/** Any text; numbers and booleans are refused because YAML has already changed what was written (0123, 1.0, yes). */
export function textLeaf(what = 'a text', options: { readonly allowEmpty?: boolean } = {}) {
  return leaf(
    (value) => {
      if (typeof value === 'number' || typeof value === 'boolean') return refuse(what, { hint: 'Put it in quotes.' });
      if (typeof value !== 'string' || (value === '' && options.allowEmpty !== true)) return refuse(what);
      return accept(value);
    },
    options.allowEmpty === true ? { type: 'string' } : { type: 'string', minLength: 1 },
  );
}

export function choiceLeaf<const T extends string>(choices: readonly T[]) {
  return leaf(
    (value): Parsed<T> => {
      const choice = choices.find((name) => name === value);
      if (choice !== undefined) return accept(choice);
      const meant = typeof value === 'string' ? nearestWord(value, choices) : undefined;
      return refuse(`one of ${choices.join(', ')}`, meant === undefined ? {} : { hint: `Did you mean ${meant}?` });
    },
    { enum: choices },
  );
}

/** Two letters more than a file name may lose on any system, and short enough for a chart. */
const MAX_NAME = 60;

/** Names of members and requests: they stand in thresholds, in columns of tables and in tags of `latency.hlog`. */
export function nameLeaf(reserved: readonly string[]) {
  return leaf(
    (value) => {
      const expected = 'a name of letters, digits, "-", "_" and "."';
      if (typeof value === 'number' || typeof value === 'boolean')
        return refuse(expected, { hint: 'Put it in quotes.' });
      if (typeof value !== 'string' || !/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(value)) return refuse(expected);
      if (value.length > MAX_NAME) return refuse(`a name of at most ${MAX_NAME} characters`);
      if (reserved.includes(value)) return refuse(`a name other than ${quoted(value)}, which has a meaning of its own`);
      return accept(value);
    },
    { type: 'string', pattern: `^[\\p{L}\\p{N}_][\\p{L}\\p{N}_.-]*$|${REFERENCE_PATTERN}` },
  );
}

/** Device names of Windows; a file that is called so, with any extension, cannot be made there. */
const WINDOWS_DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** The profile's name begins the name of the folder that a run writes. */
export function fileNameLeaf() {
  return leaf(
    (value) => {
      if (typeof value === 'number' || typeof value === 'boolean')
        return refuse('a name', { hint: 'Put it in quotes.' });
      if (typeof value !== 'string' || value === '') return refuse('a name');
      const bad = /[<>:"/\\|?*\u0000-\u001f\u007f]/.exec(value)?.[0];
      const expected = 'a name that can stand in a file name';
      if (bad !== undefined) return refuse(expected, { hint: `Leave out ${JSON.stringify(bad)}.` });
      if (/^[.\s]|[.\s]$/.test(value))
        return refuse(expected, { hint: 'It must not begin or end with a dot or a space.' });
      if (WINDOWS_DEVICES.test(value)) return refuse(expected, { hint: 'Windows keeps this name for a device.' });
      return value.length > MAX_NAME ? refuse(`a name of at most ${MAX_NAME} characters`) : accept(value);
    },
    { type: 'string', minLength: 1, maxLength: MAX_NAME },
  );
}

/** A list with at least one entry. */
export function someOf<T extends z.ZodType>(item: T) {
  return z.array(item).min(1);
}

/** A mapping of which exactly one key is given. */
export function exactlyOne<T extends z.ZodRawShape>(shape: T) {
  const names = Object.keys(shape);
  const wanted = names.length === 2 ? names.join(' or ') : `one of ${names.join(', ')}`;
  const given = (value: unknown): string[] => names.filter((name) => isMapping(value) && value[name] !== undefined);
  const fault = { ok: false, expected: `exactly one key: ${wanted}` } satisfies Fault;
  return z
    .strictObject(shape)
    .partial()
    .refine((value) => given(value).length === 1, {
      error: fault.expected,
      params: { fault, isKeyCount: true },
      // Also when a value inside is wrong: all problems are told at once.
      when: (payload) => isMapping(payload.value),
    })
    .meta({ minProperties: 1, maxProperties: 1 });
}
