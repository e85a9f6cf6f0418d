/** Profiles as their files say, again whenever a file changes. A broken one is refused and the old one stays. */
import { type Problem, ProfileError, UserError } from '../errors.ts';
import type { Profile } from '../model/profile.ts';
import { createRandom } from '../model/random.ts';
import type { RefusedProfile } from './feed.ts';
import { readCron, rhythmOf } from './schedule.ts';

export type ProfileFiles = {
  readonly load: (file: string) => Promise<Profile>;
  /** Changes when the file does; undefined while it is not there. */
  readonly stamp: (file: string) => Promise<string | undefined>;
};

export type LoadedProfile = { readonly file: string; readonly profile: Profile };

export type ProfileChange =
  | { readonly kind: 'loaded'; readonly loaded: LoadedProfile; readonly previous?: LoadedProfile }
  | { readonly kind: 'refused'; readonly refused: RefusedProfile; readonly previous?: LoadedProfile };

export type Reloader = {
  /** Looks at every file; `force` loads also what looks unchanged, for secrets in other files. Never rejects for a wrong file. */
  look(nowAtUs: number, force?: boolean): Promise<readonly ProfileChange[]>;
  loaded(): readonly LoadedProfile[];
};

export function createReloader(files: readonly string[], { load, stamp }: ProfileFiles): Reloader {
  const stamps = new Map<string, string | undefined>();
  const current = new Map<string, LoadedProfile>();
  const refusedFiles = new Set<string>();

  async function lookAt(file: string, nowAtUs: number, force: boolean): Promise<ProfileChange | undefined> {
    const now = await stamp(file);
    if (!force && stamps.has(file) && stamps.get(file) === now) return undefined;
    const previous = current.get(file);
    const before = previous === undefined ? {} : { previous };
    stamps.set(file, now);
    try {
      const profile = await load(file);
      refuseTwins(file, profile, [...current.values()]);
      checkCron(file, profile);
      const isSame = previous !== undefined && JSON.stringify(profile) === JSON.stringify(previous.profile);
      // A file that is right again is told, also when it says what it said before.
      if (isSame && !refusedFiles.has(file)) return undefined;
      refusedFiles.delete(file);
      const loaded = { file, profile };
      current.set(file, loaded);
      return { kind: 'loaded', loaded, ...before };
    } catch (error) {
      refusedFiles.add(file);
      const refused = { file, atUs: nowAtUs, problems: problemsOf(error) };
      return { kind: 'refused', refused, ...before };
    }
  }
  return {
    async look(nowAtUs, force = false) {
      const changes: ProfileChange[] = [];
      for (const file of files) {
        const change = await lookAt(file, nowAtUs, force);
        if (change !== undefined) changes.push(change);
      }
      return changes;
    },
    loaded: () => [...current.values()],
  };
}

function refuseTwins(file: string, { name }: Profile, others: readonly LoadedProfile[]): void {
  const twin = others.find((other) => other.profile.name === name && other.file !== file);
  if (twin === undefined) return;
  const hint = 'History is kept by name: give each profile its own.';
  throw new ProfileError(file, [{ path: 'name', message: `${twin.file} is named ${name} too`, hint }]);
}

/** What cron lines may hold is the library's to judge, which reading a profile does without. */
function checkCron(file: string, { schedule, maintenance = [] }: Profile): void {
  const checks: [string, () => unknown][] = [
    ...(schedule === undefined
      ? []
      : [
          ['schedule', () => rhythmOf(schedule, createRandom(0))] as [string, () => unknown],
          ...schedule.heavier.map(({ cron }, i): [string, () => unknown] => [
            `schedule.heavier[${i}].cron`,
            () => readCron(cron, schedule.timezone),
          ]),
        ]),
    ...maintenance.map((window, i): [string, () => unknown] => [
      `maintenance[${i}].cron`,
      () => (window.kind === 'cron' ? readCron(window.cron, window.timezone) : undefined),
    ]),
  ];
  const problems = checks.flatMap(([path, check]): Problem[] => {
    try {
      check();
      return [];
    } catch (error) {
      return [{ path, ...problemOf(error) }];
    }
  });
  if (problems.length > 0) throw new ProfileError(file, problems);
}

function problemsOf(error: unknown): readonly Problem[] {
  return error instanceof ProfileError ? error.problems : [{ path: '', ...problemOf(error) }];
}

/** Anything but an error for the user is a bug, and goes on as one. */
function problemOf(error: unknown): Omit<Problem, 'path'> {
  if (!(error instanceof UserError)) throw error;
  return { message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}
