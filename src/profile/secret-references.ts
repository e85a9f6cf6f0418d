/** `${env:NAME}` and `${file:path}` in a profile, and the certificate files it names, replaced by what they stand for. */
import { formatPath, type Path } from './parsed.ts';
import type { ProfileFault } from './problems.ts';
import { isMapping } from './raw.ts';
import { nearestWord } from './spelling.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
/** Text of a file named in the profile. Throws when it cannot be read; the message completes "cannot be read: …". */
export type ReadFile = (path: string) => string;

export type Resolved = {
  readonly value: unknown;
  readonly faults: readonly ProfileFault[];
  /** What the references stood for, except names, addresses and numbers. */
  readonly secrets: readonly string[];
  readonly notes: readonly string[];
  /** Values that were replaced, as they are written in the profile, by path (JSON). */
  readonly written: ReadonlyMap<string, string>;
};

const REFERENCE = /\$\{(env|file):([^${}]*)\}/g;
const LOOKS_LIKE_REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/;

/** Replaces every reference in every text of `value`. Keys are never replaced. */
export function resolveReferences(value: unknown, env: Environment, readFile: ReadFile): Resolved {
  const faults: ProfileFault[] = [];
  const secrets = new Set<string>();
  const notes: string[] = [];
  const written = new Map<string, string>();

  const lookUp = (scheme: string, name: string, path: Path): string | undefined => {
    const found = scheme === 'env' ? readVariable(name.trim(), env) : readText(name.trim(), readFile);
    if ('text' in found && found.text !== '') return found.text;
    faults.push({
      path,
      message: 'text' in found ? `\${${scheme}:${name}} is empty` : found.message,
      ...('hint' in found ? { hint: found.hint } : {}),
    });
    return undefined;
  };
  const textAt = (text: string, path: Path): unknown => {
    const unreplaced = LOOKS_LIKE_REFERENCE.exec(text)?.[1];
    if (unreplaced !== undefined) {
      notes.push(
        `${formatPath(path)}: \${${unreplaced}} is sent as it is written; an environment variable is \${env:${unreplaced}}`,
      );
    }
    let isReplaced = false;
    let isMissing = false;
    const replaced = text.replace(REFERENCE, (reference, scheme: string, name: string) => {
      isReplaced = true;
      const found = lookUp(scheme, name, path);
      if (found === undefined) isMissing = true;
      else if (isSecret(path)) secrets.add(found);
      return found ?? reference;
    });
    if (isReplaced) written.set(JSON.stringify(path), text);
    return isPemPath(path) && !isMissing ? pemAt(replaced, text, path) : replaced;
  };
  const pemAt = (replaced: string, text: string, path: Path): unknown => {
    const part = String(path.at(-1));
    let pem = replaced;
    if (!replaced.includes('-----BEGIN ')) {
      const file = readText(replaced, readFile);
      if (!('text' in file)) {
        faults.push({ path, message: file.message, ...(file.hint === undefined ? {} : { hint: file.hint }) });
        return undefined;
      }
      pem = file.text;
    }
    written.set(JSON.stringify(path), text);
    if (part === 'key') secrets.add(pem.trim());
    const wanted =
      part === 'key' ? /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/ : /-----BEGIN (?:TRUSTED )?CERTIFICATE-----/;
    if (wanted.test(pem)) return pem;
    faults.push({
      path,
      message: `expected a PEM file with a ${part === 'key' ? 'PRIVATE KEY without a passphrase' : 'CERTIFICATE'} in it`,
      hint: 'A .pfx file becomes PEM with: openssl pkcs12 -in site.pfx -out site.pem -nodes.',
    });
    return undefined;
  };
  const walk = (node: unknown, path: Path): unknown => {
    if (typeof node === 'string') return textAt(node, path);
    if (Array.isArray(node)) return node.map((item, index) => walk(item, [...path, index]));
    if (!isMapping(node)) return node;
    const copy: Record<string, unknown> = Object.create(null);
    for (const [key, item] of Object.entries(node)) copy[key] = walk(item, [...path, key]);
    return copy;
  };
  return { value: walk(value, []), faults, secrets: [...secrets], notes, written };
}

type Found = { readonly text: string } | { readonly message: string; readonly hint?: string };

function readVariable(name: string, env: Environment): Found {
  const text = Object.hasOwn(env, name) ? env[name] : undefined;
  if (text !== undefined) return { text };
  if (name === '') return { message: `\${env:} names no environment variable`, hint: `Write \${env:NAME}.` };
  const similar = nearestWord(name, Object.keys(env));
  return {
    message: `the environment variable ${name} is not set`,
    hint: similar === undefined ? 'Set it before the run.' : `Set it before the run. Did you mean ${similar}?`,
  };
}

/** A secret file usually ends in one line break that is no part of the secret. */
function readText(name: string, readFile: ReadFile): Found {
  if (name === '') return { message: 'no file is named', hint: 'Write the path of a file, relative to the profile.' };
  try {
    return {
      text: readFile(name)
        .replace(/^\uFEFF/, '')
        .replace(/\r?\n$/, ''),
    };
  } catch (error) {
    // What a file system refuses is a problem of the profile, told beside the others.
    const reason = error instanceof Error ? error.message : String(error);
    return { message: `the file ${name} cannot be read: ${reason}`, hint: 'Paths are relative to the profile.' };
  }
}

function isPemPath(path: Path): boolean {
  const inTls = path.at(-2) === 'tls' && ['ca', 'cert', 'key'].includes(String(path.at(-1)));
  return inTls && (path[0] === 'gateway' ? path.length === 3 : path[0] === 'members' && path.length === 4);
}

/** Keys below which a value is a name, an address or a quantity: masked in a report, nothing would be left to read. */
const PUBLIC_KEYS = new Set([
  'name',
  'gateway',
  'members',
  'experiments',
  'limits',
  'thresholds',
  'failOn',
  'onUndecided',
  'spin',
  'threads',
  'schedule',
  'history',
  'maintenance',
]);
const PUBLIC_REQUEST_KEYS = new Set(['name', 'method', 'weight', 'safe']);

function isSecret(path: Path): boolean {
  if (isPemPath(path)) return path.at(-1) === 'key';
  if (path[0] === 'requests') return !PUBLIC_REQUEST_KEYS.has(String(path[2]));
  return !PUBLIC_KEYS.has(String(path[0]));
}
