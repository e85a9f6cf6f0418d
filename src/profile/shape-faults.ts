/** Issues of the shape (zod's) → faults in the profile's words. */
import type { z } from 'zod';
import { type Fault, formatPath, type Path } from './parsed.ts';
import { faultOfValue, type ProfileFault } from './problems.ts';
import { describeValue, isMapping } from './raw.ts';
import { meantKey } from './spelling.ts';

type Issue = z.core.$ZodIssue;

/** What a message may show of a value: never what a reference stood for, and nothing of what is secret by its place. */
export type Shown = (path: Path, value: unknown) => string | undefined;

/** All faults of a value against its shape. */
export function shapeFaults(shape: z.ZodType, value: unknown, shown: Shown): ProfileFault[] {
  // zod's own English sentences, which nobody sees, throw on values such as `{ constructor: { name: {} } }`.
  const result = shape.safeParse(value, { error: ({ code }) => code });
  if (result.success) return [];
  const { issues } = result.error;
  const withUnknownKeys = new Set(
    issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => formatPath(path as Path)),
  );
  const faults = issues.flatMap((issue) => faultsOf(issue, withUnknownKeys, shape, value, shown));
  // "gatway" is one mistake: not also a missing gateway.
  const meant = new Set(
    faults.flatMap((fault) => (fault.meantPath === undefined ? [] : [JSON.stringify(fault.meantPath)])),
  );
  return faults
    .filter((fault) => !(fault.isMissing && meant.has(JSON.stringify(fault.path))))
    .map(({ isMissing, meantPath, ...fault }) => fault);
}

type ShapeFault = ProfileFault & { readonly isMissing?: boolean; readonly meantPath?: Path };

function faultsOf(
  issue: Issue,
  withUnknownKeys: ReadonlySet<string>,
  shape: z.ZodType,
  root: unknown,
  shown: Shown,
): ShapeFault[] {
  const path = issue.path as Path;
  const value = valueAt(root, path);
  const refused = (fault: Fault): ShapeFault[] => [
    { ...faultOfValue(path, value, fault, shown(path, value)), isMissing: value === undefined },
  ];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], keysAt(shape, path), value));
    case 'invalid_key': {
      const fault = faultIn(issue.issues[0]) ?? { ok: false, expected: 'another key' };
      const key = path.at(-1) ?? '';
      return [{ ...faultOfValue(path, key, fault), part: 'key' }];
    }
    case 'too_small':
      return refused({ ok: false, expected: 'at least one entry' });
    case 'invalid_type':
      return refused({
        ok: false,
        expected: issue.expected === 'array' ? 'a list' : 'a mapping',
        ...listHint(issue.expected, value, path),
      });
    default: {
      const fault = faultIn(issue) ?? { ok: false, expected: issue.message };
      const isKeyCount = issue.code === 'custom' && issue.params?.['isKeyCount'] === true;
      if (!isKeyCount) return refused(fault);
      // An unknown key at this place has been told already, and stands for the one that is missing.
      if (withUnknownKeys.has(formatPath(path))) return [];
      const keys = isMapping(value) ? Object.keys(value) : [];
      return [faultOfValue(path, value, fault, keys.length > 1 ? keys.join(' and ') : 'none')];
    }
  }
}

function faultIn(issue: Issue | undefined): Fault | undefined {
  return issue?.code === 'custom' ? (issue.params?.['fault'] as Fault | undefined) : undefined;
}

/** What a text stands for where a mapping is expected. */
const SHORT_FORMS: Readonly<Record<string, (text: string) => string>> = {
  members: (text) => `{ name: web1, url: ${text} }`,
  requests: (text) => `{ name: home, path: ${text} }`,
  experiments: (text) => `${text}: { … }`,
  gateway: (text) => `gateway: { url: ${text} }`,
  body: (text) => `body: { includes: ${text} }`,
};

function listHint(expected: string, value: unknown, path: Path): { hint?: string } {
  if (expected === 'array') return isMapping(value) ? { hint: 'Begin each entry with "- ".' } : {};
  if (Array.isArray(value)) return { hint: 'Leave out the "- ".' };
  const name = String(path.at(-1));
  const form = path.length === 2 || path.length === 1 ? SHORT_FORMS[String(path[0])] : SHORT_FORMS[name];
  return typeof value === 'string' && form !== undefined && /^[\w./:-]{1,60}$/.test(value)
    ? { hint: `Write ${form(value)}.` }
    : {};
}

function unknownKey(path: Path, known: readonly string[], parent: unknown): ShapeFault {
  const key = String(path.at(-1));
  const meant = meantKey(
    key,
    known.filter((name) => !isMapping(parent) || parent[name] === undefined),
  );
  return {
    path,
    part: 'key',
    message: 'unknown key',
    expected: known.join(', '),
    found: key,
    hint: meant === undefined ? `Known here: ${known.join(', ')}.` : `Did you mean ${meant}?`,
    ...(meant === undefined ? {} : { meantPath: [...path.slice(0, -1), meant] }),
  };
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[part];
  }
  return value;
}

/** The keys that the shape knows at a path. */
function keysAt(shape: z.ZodType, path: Path): readonly string[] {
  let here: z.core.$ZodType | undefined = shape;
  for (const part of path) {
    const def = definitionOf(here);
    here = def.type === 'object' ? def.shape[part] : def.type === 'array' ? def.element : undefined;
  }
  const def = definitionOf(here);
  return def.type === 'object' ? Object.keys(def.shape) : [];
}

type Definition = z.core.$ZodObjectDef | z.core.$ZodArrayDef | z.core.$ZodOptionalDef;

function definitionOf(shape: z.core.$ZodType | undefined): Definition | { readonly type: 'none' } {
  const def = shape?._zod.def as Definition | undefined;
  if (def === undefined) return { type: 'none' };
  return def.type === 'optional' ? definitionOf(def.innerType) : def;
}

/** Parts of a profile whose values a message describes without repeating them. */
export function isSecretPlace(path: Path): boolean {
  const [section, second, third] = path;
  if (section === 'requests') return third === 'headers' || third === 'body';
  if (section === 'alerts') return second === 'webhook' || second === 'command';
  if (section === 'auth') return third !== 'path' && third !== 'method';
  return section === 'cookies';
}

export function describeSecret(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'an empty text' : 'a text that is not shown here';
  return typeof value === 'number' || typeof value === 'boolean' ? `a ${typeof value}` : describeValue(value);
}
