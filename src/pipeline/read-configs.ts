/** Reads the configuration files that the profile or the command line names. */
import { globSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import type { Problem } from '../errors.ts';
import { readConfig } from '../gateways/config/read-config.ts';
import type { PlacedConfig } from '../model/declared.ts';
import type { ConfigFiles, GatewayKind, Profile } from '../model/profile.ts';

export type ConfigsRead = { readonly configs: readonly PlacedConfig[]; readonly problems: readonly Problem[] };

/** A configuration is text of people; a larger file is none. */
const MAX_BYTES = 32 * 1_024 * 1_024;

/** Gateways first, in the order in which they are named; what cannot be read is a problem, and the run goes on without it. */
export function readConfigs(
  named: readonly ConfigFiles[],
  { members, gateway }: Pick<Profile, 'members' | 'gateway'>,
  kind: GatewayKind | undefined,
  baseFolder: string,
): ConfigsRead {
  const problems: Problem[] = [];
  const configs: PlacedConfig[] = [];
  for (const { from, files } of [...named].sort((a, b) => rank(a) - rank(b))) {
    const paths = found(files, baseFolder);
    if (paths.length === 0)
      problems.push({
        path: files,
        message: 'no configuration file is there',
        expected: 'a file or a pattern',
        hint: `It is looked for in ${baseFolder}.`,
      });
    // What the file itself says goes before what was recognised: the gateway in front may not be the one whose file this is.
    const own = from === 'gateway' ? (gateway.kind ?? (kind === 'unknown' ? undefined : kind)) : undefined;
    const member = members.find(({ name }) => name === from)?.url;
    for (const path of paths) {
      const read = (as: GatewayKind | undefined) =>
        readConfig(
          as,
          path,
          (name) => readText(resolve(baseFolder, name)),
          (pattern) => found(pattern, baseFolder),
        );
      const told = read(undefined);
      const config = told.kind === 'unknown' && own !== undefined ? read(own) : told;
      for (const { file, line, expected, found: text, fix } of config.problems)
        problems.push({
          path: file,
          ...(line > 0 ? { line } : {}),
          message: 'cannot be read',
          expected,
          found: text,
          hint: fix,
        });
      configs.push({
        ...config,
        role: from === 'gateway' ? 'gateway' : 'member',
        ...(member === undefined ? {} : { member }),
      });
    }
  }
  return { configs, problems };
}

function rank({ from }: ConfigFiles): number {
  return from === 'gateway' ? 0 : 1;
}

function readText(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || !stats.isFile() || stats.size > MAX_BYTES) return undefined;
  const bytes = readFileSync(path);
  // Windows writes applicationHost.config in UTF-8, tools save it as UTF-16 at times.
  const text = bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString('utf16le') : bytes.toString('utf8');
  return text.replace(/^\ufeff/, '');
}

/** A name that exists is that file, also with `[` or `*` in it. */
function found(pattern: string, baseFolder: string): readonly string[] {
  const path = resolve(baseFolder, pattern);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) return [shown(path, baseFolder)];
  return globSync(pattern, { cwd: baseFolder })
    .map((name) => resolve(baseFolder, name))
    .filter((name) => statSync(name, { throwIfNoEntry: false })?.isFile() === true)
    .map((name) => shown(name, baseFolder))
    .sort();
}

/** As the user would write it: from where the command runs, where the file lies below. */
function shown(path: string, baseFolder: string): string {
  const short = relative(baseFolder, path);
  return short.startsWith('..') || isAbsolute(short) ? path : short;
}
