/**
 * Recordings kept under a name, to hold later ones against. Each has a folder of its own, `<reports>/baselines/<name>/`, with
 * `baseline.json` and a copy of the recording, so that clearing away old runs does not lose it, and two jobs that set different
 * baselines at once do not write to one file.
 */
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { UserError } from '../errors.ts';
import type { GatewayKind } from '../model/profile.ts';
import { recordingFolder, writePieces } from './folder.ts';

const BASELINE_SCHEMA_VERSION = 1;

/** What `baseline.json` says. */
export type Baseline = {
  readonly schemaVersion: typeof BASELINE_SCHEMA_VERSION;
  readonly name: string;
  /** ISO times: when it was set, and when its run began. */
  readonly setAt: string;
  readonly startedAt: string;
  readonly runId: string;
  readonly profile: string;
  readonly requests: number;
  /** `servers`: the Server headers that came through the gateway, which often name its version. */
  readonly gateway: { readonly kind: GatewayKind; readonly url: string; readonly servers: readonly string[] };
  /** Version of gateprobe that recorded it. */
  readonly version: string;
  /** Where the run was, relative to the reports folder, with "/"; it may be gone. */
  readonly from: string;
};
export type BaselineFacts = Omit<Baseline, 'schemaVersion' | 'name' | 'setAt' | 'from'>;

const FOLDER = 'baselines';
const FILE = 'baseline.json';
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/;
/** Device names of Windows; a folder that is called so, with any extension, cannot be made there. */
const WINDOWS_DEVICES = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** Refuses a name that is no folder name on every system. Throws UserError. */
export function checkBaselineName(name: string): void {
  if (NAME.test(name) && !name.endsWith('.') && !WINDOWS_DEVICES.test(name)) return;
  throw new UserError(`a baseline cannot be called ${JSON.stringify(name)}`, {
    hint: 'A name has letters, digits, "-", "_" and ".", begins with a letter or digit, and has at most 60 characters.',
  });
}

/** Keeps a copy of a recording under a name; gives what stood there before. Throws UserError. */
export async function setBaseline(
  reports: string,
  name: string,
  path: string,
  facts: BaselineFacts,
  setAt: Date,
): Promise<Baseline | undefined> {
  checkBaselineName(name);
  const existing = await listBaselines(reports);
  const before = existing.find((one) => one.name === name);
  const similar = existing.find((one) => one.name !== name && one.name.toLowerCase() === name.toLowerCase());
  if (similar !== undefined) {
    throw new UserError(`there is a baseline ${similar.name} already`, {
      hint: 'Names that differ only in capitals are one folder on some systems. Choose another one.',
    });
  }
  const folder = join(reports, FOLDER, name);
  const fresh = `${folder}.${process.pid}.new`;
  const old = `${folder}.${process.pid}.old`;
  const source = recordingFolder(path);
  const baseline: Baseline = {
    schemaVersion: BASELINE_SCHEMA_VERSION,
    name,
    setAt: setAt.toISOString(),
    ...facts,
    from: relative(resolve(reports), resolve(path)).split(sep).join('/'),
  };
  try {
    await mkdir(fresh, { recursive: true });
    await cp(source, join(fresh, 'recording'), { recursive: true });
    await writePieces(join(fresh, FILE), [`${JSON.stringify(baseline, undefined, 2)}\n`]);
    // The copy is complete before the old one goes, so that a full disk or a Ctrl-C loses nothing.
    if (existsSync(folder)) await rename(folder, old);
    await rename(fresh, folder);
  } catch (error) {
    throw new UserError(`The baseline cannot be written to ${folder}: ${(error as Error).message}`, {
      hint: 'Choose another place with --reports, or make room on the disk.',
      cause: error,
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
    if (existsSync(folder)) await rm(old, { recursive: true, force: true });
  }
  return before;
}

/** In order of name. Folders without a `baseline.json` are none; a damaged one throws UserError. */
export async function listBaselines(reports: string): Promise<readonly Baseline[]> {
  const folder = join(reports, FOLDER);
  if (!existsSync(folder)) return [];
  const names = (await readdir(folder)).filter((name) => NAME.test(name) && existsSync(join(folder, name, FILE)));
  return Promise.all(names.sort().map((name) => readBaseline(join(folder, name, FILE), name)));
}

/** The folder of a baseline, which is read like a run's. Throws UserError that names those there are. */
export async function baselineFolder(reports: string, name: string): Promise<string> {
  const baselines = await listBaselines(reports);
  if (baselines.some((one) => one.name === name)) return join(reports, FOLDER, name);
  const known = baselines.map((one) => one.name).join(', ');
  throw new UserError(`there is no baseline ${JSON.stringify(name)} in ${join(reports, FOLDER)}`, {
    hint: known === '' ? 'Set one: gateprobe baseline set <name> [run].' : `Known: ${known}.`,
  });
}

/** Throws UserError where there is none. */
export async function removeBaseline(reports: string, name: string): Promise<void> {
  await rm(await baselineFolder(reports, name), { recursive: true, force: true });
}

/** The run in the reports folder that began last; undefined where there is none. */
export async function latestRun(reports: string): Promise<string | undefined> {
  if (!existsSync(reports)) return undefined;
  let latest: { readonly path: string; readonly startedAt: string } | undefined;
  for (const entry of await readdir(reports)) {
    const path = join(reports, entry);
    const startedAt = await startOf(join(path, 'recording', 'manifest.json'));
    if (startedAt !== undefined && (latest === undefined || startedAt > latest.startedAt)) latest = { path, startedAt };
  }
  return latest?.path;
}

async function startOf(manifest: string): Promise<string | undefined> {
  if (!existsSync(manifest)) return undefined;
  try {
    const { startedAt } = JSON.parse(await readFile(manifest, 'utf8')) as { readonly startedAt?: unknown };
    return typeof startedAt === 'string' ? startedAt : undefined;
  } catch {
    // A damaged run is not the one that is meant; named on the command line it is refused with a reason.
    return undefined;
  }
}

async function readBaseline(file: string, name: string): Promise<Baseline> {
  const damaged = (why: string): UserError =>
    new UserError(`${file} is damaged: ${why}`, { hint: `Set it again: gateprobe baseline set ${name} <run>.` });
  let value: Baseline;
  try {
    value = JSON.parse(await readFile(file, 'utf8')) as Baseline;
  } catch (error) {
    throw damaged((error as Error).message);
  }
  if (value?.schemaVersion !== BASELINE_SCHEMA_VERSION) throw damaged('its schemaVersion is not known');
  const texts = [value.setAt, value.startedAt, value.runId, value.profile, value.version, value.gateway?.kind];
  if (!texts.every((text) => typeof text === 'string') || !Array.isArray(value.gateway.servers))
    throw damaged('a field is missing');
  return { ...value, name };
}
