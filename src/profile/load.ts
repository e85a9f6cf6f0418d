/** A profile's file or text → Profile, or a `ProfileError` with every problem and its line. */
import { readFileSync, statSync } from 'node:fs';
import { readdir, readFile as readFileLater, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Problem, ProfileError } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import { profileError } from './problems.ts';
import type { Environment, ReadFile } from './secret-references.ts';
import { readYaml } from './source.ts';
import { nearestWord } from './spelling.ts';
import { validateProfile } from './validate.ts';

/** A profile of a hundred members has 20 kB; a megabyte is another kind of file. */
const MAX_FILE_BYTES = 1_000_000;

/** Reads and validates a profile. Throws `ProfileError`, also when the file cannot be read. `env` defaults to the process's. */
export async function loadProfile(file: string, options: { readonly env?: Environment } = {}): Promise<Profile> {
  const bytes = await readProfileFile(file);
  const folder = dirname(resolve(file));
  return parseProfile(decodeText(file, bytes), {
    file,
    env: options.env ?? process.env,
    readFile: (path) => readNamedFile(resolve(folder, path)),
  });
}

/** The same for a text. `readFile` gives the text of files that the profile names. Pure but for it. */
export function parseProfile(
  text: string,
  options: { readonly file: string; readonly env: Environment; readonly readFile: ReadFile },
): Profile {
  const { file } = options;
  if (text.length > MAX_FILE_BYTES)
    throw wrong(file, `longer than ${MAX_FILE_BYTES} characters`, 'A profile is a short YAML file.');
  if (text.includes('\0')) throw wrong(file, 'not a text file', 'A profile is a YAML file in UTF-8.');
  const { source, problems } = readYaml(text.replace(/^\uFEFF/, ''));
  if (source === undefined) throw profileError(file, problems);
  if (source.value === null && problems.length === 0) {
    throw wrong(file, 'the profile is empty', 'Write one with: gateprobe init <gateway-url> --member <url>.');
  }
  const { locator } = source;
  return validateProfile(source.value, { ...options, locator, problems });
}

async function readProfileFile(file: string): Promise<Buffer> {
  try {
    const about = await stat(file);
    if (about.isDirectory()) throw wrong(file, 'a folder, not a profile', 'Name a YAML file in it.');
    if (!about.isFile()) throw wrong(file, 'not a regular file', 'Name a YAML file.');
    if (about.size > MAX_FILE_BYTES) {
      throw wrong(
        file,
        `${about.size} bytes long; a profile has at most ${MAX_FILE_BYTES}`,
        'Is this another kind of file?',
      );
    }
    return await readFileLater(file);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const hint = code === 'ENOENT' ? await similarFile(file) : undefined;
    throw wrong(file, `cannot be read: ${reasonOf(code)}`, hint, error);
  }
}

/** A file that the profile names. Bounded, because it is read into memory and sent or hidden as a whole. */
function readNamedFile(path: string): string {
  try {
    const about = statSync(path);
    if (!about.isFile()) throw new Error('it is not a file');
    if (about.size > MAX_FILE_BYTES) throw new Error(`it is longer than ${MAX_FILE_BYTES} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    const code = codeOf(error);
    throw code === undefined ? error : new Error(reasonOf(code), { cause: error });
  }
}

/** UTF-8, or the UTF-16 that PowerShell's `>` writes. */
function decodeText(file: string, bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  try {
    return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    // The decoder says only that it failed.
    throw wrong(file, 'not a text file', 'A profile is a YAML file in UTF-8.');
  }
}

function wrong(file: string, message: string, hint?: string, cause?: unknown): ProfileError {
  const problem: Problem = { path: '', message, ...(hint === undefined ? {} : { hint }) };
  const error = profileError(file, [problem]);
  if (cause !== undefined) error.cause = cause;
  return error;
}

/** Code of an error of the file system or of the decoder; undefined for any other error. */
function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  ENOTDIR: 'a part of its path is not a folder',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENAMETOOLONG: 'the name is too long',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'it is not text in UTF-8',
  ERR_INVALID_ARG_VALUE: 'not a name a file can have',
};

function reasonOf(code: string): string {
  return REASONS[code] ?? code;
}

async function similarFile(file: string): Promise<string | undefined> {
  const entries = await readdir(dirname(resolve(file))).catch(() => [] as string[]);
  const profiles = entries.filter((name) => /\.ya?ml$/i.test(name));
  const name = basename(file);
  const meant = profiles.find((entry) => entry.replace(/\.ya?ml$/i, '') === name) ?? nearestWord(name, profiles);
  if (meant === undefined) return undefined;
  return `Did you mean ${file.slice(0, file.length - name.length)}${meant}?`;
}
