import { existsSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import type { PlacedConfig } from '../model/declared.ts';
import type { Exchange } from '../model/exchange.ts';
import { RECORDING_SCHEMA_VERSION, type Recording, type Window } from '../model/recording.ts';
import { DAMAGED_HINT, isTorn, readJsonLines } from './json-lines.ts';
import { evidenceLines, readEvidence } from './log-evidence.ts';

/** Files of the folder `recording/`. `manifest.json` is written last: where it is, all others are complete. */
const FILES = {
  manifest: 'manifest.json',
  experiments: 'experiments.json',
  targets: 'targets.json',
  gateway: 'gateway.json',
  quality: 'quality.json',
  warnings: 'warnings.json',
  windows: 'windows.jsonl',
  exchanges: 'exchanges.jsonl',
  /** Only where logs were read. */
  logs: 'logs.jsonl',
  /** Only where configuration was read. */
  configs: 'configs.json',
} as const;

/** Lines are handed to the file in pieces of about this size, so that the whole text is never in memory. */
const WRITE_CHUNK_CHARS = 256 * 1024;

export type WriteOptions = {
  /** `windows.jsonl` already holds them (see `RecordedTraffic.windowsOnDisk`). */
  readonly windowsOnDisk?: boolean;
};

/**
 * Writes a recording to `<folder>/recording/`, each file under another name first, so that no reader sees half of one.
 * Throws UserError when the folder cannot be written.
 */
export async function writeRecording(folder: string, recording: Recording, options: WriteOptions = {}): Promise<void> {
  const path = join(folder, 'recording');
  try {
    await mkdir(path, { recursive: true });
    await rm(join(path, FILES.manifest), { force: true });
    if (options.windowsOnDisk !== true) await writeLines(join(path, FILES.windows), recording.windows());
    await writeLines(join(path, FILES.exchanges), recording.exchanges);
    await writeJson(join(path, FILES.experiments), recording.experiments);
    await writeJson(join(path, FILES.targets), recording.targets);
    await writeJson(join(path, FILES.gateway), recording.gateway);
    await writeJson(join(path, FILES.quality), recording.quality);
    await writeJson(join(path, FILES.warnings), recording.warnings);
    if (recording.configs === undefined) await rm(join(path, FILES.configs), { force: true });
    else await writeJson(join(path, FILES.configs), recording.configs);
    if (recording.logs === undefined) await rm(join(path, FILES.logs), { force: true });
    else await writeLines(join(path, FILES.logs), evidenceLines(recording.logs));
    const { manifest, exchangeCount } = recording;
    await writeJson(join(path, FILES.manifest), { ...manifest, exchangeCount });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`The recording cannot be written to ${path}: ${reasonOf(error)}`, {
      hint: 'Choose another folder with --out, or make room on the disk.',
      cause: error,
    });
  }
}

/**
 * Reads a run's folder, or the `recording/` in it. Windows are not read here but from disk whenever they are asked for; a line of
 * theirs that is damaged throws UserError then. Throws UserError when files are missing, damaged or of a newer version.
 */
export async function readRecording(path: string): Promise<Recording> {
  const folder = recordingFolder(path);
  const { exchangeCount, ...manifest } = await readManifest(join(folder, FILES.manifest));
  const warnings = [...(await readArray<string>(join(folder, FILES.warnings)))];
  const windowsFile = requireFile(join(folder, FILES.windows));
  if (isTorn(windowsFile)) warnings.push(tornWarning(FILES.windows));
  const exchanges = readExchanges(requireFile(join(folder, FILES.exchanges)), () => {
    warnings.push(tornWarning(FILES.exchanges));
  });
  const logsFile = join(folder, FILES.logs);
  const logs = existsSync(logsFile)
    ? readEvidence(logsFile, () => {
        warnings.push(tornWarning(FILES.logs));
      })
    : undefined;
  return {
    manifest,
    targets: await readArray<Recording['targets'][number]>(join(folder, FILES.targets)),
    gateway: await readObject<Recording['gateway']>(join(folder, FILES.gateway), ['kind', 'certainty', 'because']),
    experiments: await readArray<Recording['experiments'][number]>(join(folder, FILES.experiments)),
    quality: await readObject<Recording['quality']>(join(folder, FILES.quality), ['latenessUs', 'medianServiceUs']),
    windows: () => readWindows(windowsFile),
    exchanges,
    exchangeCount,
    warnings,
    ...(logs === undefined ? {} : { logs }),
    ...(existsSync(join(folder, FILES.configs))
      ? { configs: await readArray<PlacedConfig>(join(folder, FILES.configs)) }
      : {}),
  };
}

/** The folder that holds the files of a recording: a run's folder has it as `recording/`. Throws UserError where there is none. */
export function recordingFolder(path: string): string {
  if (!existsSync(path))
    throw new UserError(`${path} does not exist`, {
      hint: 'Give the folder of a run, for example reports/<name>-<time>.',
    });
  if (!statSync(path).isDirectory()) {
    throw new UserError(`${path} is not a folder`, { hint: 'Give the folder of a run, or the recording/ in it.' });
  }
  const candidates = [join(path, 'recording'), path];
  const complete = candidates.find((folder) => existsSync(join(folder, FILES.manifest)));
  if (complete !== undefined) return complete;
  const started = candidates.find((folder) => existsSync(join(folder, FILES.windows)));
  if (started !== undefined) {
    throw new UserError(
      `${started} has no ${FILES.manifest}: the run was killed before it could finish its recording`,
      {
        hint: 'Run again. Ctrl-C once ends a run early and still writes everything.',
      },
    );
  }
  throw new UserError(`${path} holds no recording`, { hint: 'Give the folder of a run, or the recording/ in it.' });
}

type StoredManifest = Recording['manifest'] & { readonly exchangeCount: number };

async function readManifest(file: string): Promise<StoredManifest> {
  const { schemaVersion } = await readObject<{ readonly schemaVersion: unknown }>(file, ['schemaVersion']);
  if (typeof schemaVersion !== 'number' || !Number.isInteger(schemaVersion) || schemaVersion < 1) {
    throw damaged(file, 'schemaVersion is not a version');
  }
  if (schemaVersion > RECORDING_SCHEMA_VERSION) {
    throw new UserError(
      `${file} was written by a newer gateprobe (recording version ${schemaVersion}; this one reads up to ${RECORDING_SCHEMA_VERSION})`,
      { hint: 'Update gateprobe.' },
    );
  }
  const keys = ['runId', 'startedAt', 'durationUs', 'seed', 'profile', 'plan', 'exchangeCount'];
  const manifest = await readObject<StoredManifest>(file, keys);
  if (Number.isNaN(Date.parse(manifest.startedAt))) throw damaged(file, 'startedAt is not a time');
  return manifest;
}

function readExchanges(file: string, onTorn: () => void): Exchange[] {
  const exchanges: Exchange[] = [];
  for (const value of readJsonLines(file, onTorn)) {
    if (!hasKeys<Exchange>(value, ['seq', 'experimentId', 'route', 'dueUs', 'endUs', 'outcome'])) {
      throw damaged(file, `entry ${exchanges.length + 1} is not an exchange`);
    }
    exchanges.push(value);
  }
  return exchanges.sort((a, b) => a.seq - b.seq);
}

function* readWindows(file: string): Generator<Window> {
  for (const value of readJsonLines(requireFile(file))) {
    if (!hasKeys<Window>(value, ['experimentId', 'route', 'cohort', 'startUs', 'outcomes', 'response', 'service'])) {
      throw damaged(file, 'an entry is not a window');
    }
    yield value;
  }
}

async function readArray<T>(file: string): Promise<readonly T[]> {
  const value = await readJson(file);
  if (!Array.isArray(value)) throw damaged(file, 'not a list');
  return value as readonly T[];
}

async function readObject<T extends object>(file: string, keys: readonly string[]): Promise<T> {
  const value = await readJson(file);
  if (!hasKeys<T>(value, keys)) throw damaged(file, `one of ${keys.join(', ')} is missing`);
  return value;
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(requireFile(file), 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(file, 'not valid JSON', error);
  }
}

function hasKeys<T extends object>(value: unknown, keys: readonly string[]): value is T {
  return typeof value === 'object' && value !== null && keys.every((key) => key in value);
}

function requireFile(file: string): string {
  if (existsSync(file)) return file;
  throw new UserError(`${file} is missing`, {
    hint: 'The recording is not complete. Copy the whole folder, or run again.',
  });
}

function damaged(file: string, what: string, cause?: unknown): UserError {
  return new UserError(`${file}: ${what}`, { hint: DAMAGED_HINT, cause });
}

function tornWarning(file: string): string {
  return `The last line of recording/${file} was not written completely and is left out.`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await writePieces(file, [`${JSON.stringify(value, undefined, 2)}\n`]);
}

async function writeLines(file: string, values: Iterable<unknown>): Promise<void> {
  await writePieces(file, joined(values));
}

function* joined(values: Iterable<unknown>): Generator<string> {
  let piece = '';
  for (const value of values) {
    piece += `${JSON.stringify(value)}\n`;
    if (piece.length < WRITE_CHUNK_CHARS) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

/** Writes under another name and renames, so that the file is there completely or not at all. */
export async function writePieces(file: string, pieces: Iterable<string>): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      for (const piece of pieces) await handle.writeFile(piece);
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
