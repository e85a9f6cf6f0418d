/** Plain values → Profile, or every problem at once. What YAML and the command line share. */
import type { Problem } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import { buildProfile } from './build.ts';
import { nameFaults } from './names.ts';
import type { Path } from './parsed.ts';
import { locateFault, profileError } from './problems.ts';
import { quoted } from './raw.ts';
import { ruleFaults, ruleNotes } from './rules.ts';
import { type Environment, type ReadFile, resolveReferences } from './secret-references.ts';
import { profileShape } from './shape.ts';
import { describeSecret, isSecretPlace, shapeFaults } from './shape-faults.ts';
import type { Locator } from './source.ts';

export type ValidationContext = {
  /** Named in messages: a file, or where the values came from. */
  readonly file: string;
  readonly env: Environment;
  readonly readFile: ReadFile;
  readonly locator?: Locator;
  /** Problems that were found before, told together with those found here. */
  readonly problems?: readonly Problem[];
};

/** Throws `ProfileError` with all problems in the order of the file. */
export function validateProfile(raw: unknown, context: ValidationContext): Profile {
  const { file, locator } = context;
  const resolved = resolveReferences(raw, context.env, context.readFile);
  const shown = (path: Path, value: unknown): string | undefined => {
    const written = resolved.written.get(JSON.stringify(path));
    if (written !== undefined) return quoted(written);
    return isSecretPlace(path) ? describeSecret(value) : undefined;
  };
  // A value whose reference failed is told once; what the empty place looks like to the shape is no news.
  const unresolved = new Set(resolved.faults.map(({ path }) => JSON.stringify(path)));
  const others = [
    ...shapeFaults(profileShape, resolved.value, shown),
    ...nameFaults(resolved.value),
    ...ruleFaults(resolved.value),
  ].filter(({ path }) => !unresolved.has(JSON.stringify(path)));
  const problems = [
    ...(context.problems ?? []),
    ...[...resolved.faults, ...others].map((fault) => locateFault(fault, locator)),
  ];
  if (problems.length > 0) throw profileError(file, problems);
  const notes = [...ruleNotes(resolved.value), ...resolved.notes];
  return buildProfile(profileShape.parse(resolved.value), resolved.secrets, notes);
}
