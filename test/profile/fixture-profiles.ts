import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ProfileError } from '../../src/errors.ts';
import type { Profile } from '../../src/model/profile.ts';
import { loadProfile, parseProfile } from '../../src/profile/load.ts';
import { formatProblems } from '../../src/profile/problems.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const FIXTURES = join(ROOT, 'test', 'fixtures', 'profiles');
export const EXAMPLES = join(ROOT, 'profiles');
export const SCHEMA_FILE = join(ROOT, 'src', 'profile', 'profile.schema.json');

/** What the fixtures' references stand for. */
export const ENVIRONMENT = { SITE: 'shop', SHOP_TOKEN: 's3cr3t-token', COUNT: '600', RATE: '5/s', EMPTY: '' };

export function yamlFilesIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.yaml'));
}

export function loadFixture(folder: string, name: string): Promise<Profile> {
  return loadProfile(join(folder, name), { env: ENVIRONMENT });
}

export function readLines(folder: string, name: string): string[] {
  return readFileSync(join(folder, name), 'utf8').split(/\r?\n/);
}

/** A profile of one line of text more than the least there is. */
export function parseWith(extra: string, env: Readonly<Record<string, string>> = ENVIRONMENT): Profile {
  return parseText(
    `name: shop\ngateway: { url: "https://shop.example.com" }\nmembers: [{ name: web1, url: "http://192.0.2.11:8080" }]\n${extra}\n`,
    env,
  );
}

export function parseText(text: string, env: Readonly<Record<string, string>> = ENVIRONMENT): Profile {
  return parseProfile(text, {
    file: 'shop.yaml',
    env,
    readFile: () => {
      throw new Error('no such file');
    },
  });
}

/** The rendered problems of what must not be valid. */
export async function problemsOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ProfileError) return formatProblems(error);
    throw error;
  }
  throw new Error('the profile is valid');
}
