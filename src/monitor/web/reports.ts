/** Reports of runs in a folder: which there are, and their files. Only names that the folder itself lists are ever opened. */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { LISTED_QUANTILES } from '../../report/run-index.ts';

export type ReportEntry = {
  readonly name: string;
  readonly profile?: string;
  readonly startedAt?: string;
  readonly worst?: string;
  readonly isValid?: boolean;
  readonly findings?: number;
  /** Titles, worst first, at most three. */
  readonly titles: readonly string[];
  /** Quantiles of warm answers by way, in ms: `gateway p95`, `direct:web1 p50`. */
  readonly latencyMs?: Readonly<Record<string, number>>;
};

/** What a run writes and a reader opens. Recordings are not served: they are large and made for programs. */
export const REPORT_FILES: Readonly<Record<string, string>> = {
  'report.html': 'text/html; charset=utf-8',
  'report.css': 'text/css; charset=utf-8',
  'report.json': 'application/json; charset=utf-8',
  'report.md': 'text/plain; charset=utf-8',
  'junit.xml': 'application/xml; charset=utf-8',
};

/** Newest first. More than these are on disk and not in the list. */
const MAX_LISTED = 200;
/** A report is at most some MB; what is larger is not one of ours. */
const MAX_REPORT_BYTES = 64_000_000;

export type Reports = {
  list(): Promise<readonly ReportEntry[]>;
  /** Undefined: there is no such file. */
  read(name: string, file: string): Promise<Buffer | undefined>;
};

export function createReports(folder: string | undefined): Reports {
  /** By name, as long as the file has not changed: parsing all of them for each look would take seconds. */
  const known = new Map<string, { readonly key: string; readonly entry: ReportEntry }>();
  return {
    async list() {
      if (folder === undefined) return [];
      const entries: ReportEntry[] = [];
      const names = (await namesIn(folder)).slice(0, MAX_LISTED);
      for (const name of names) {
        const path = await fileIn(folder, name, 'report.json');
        if (path === undefined) continue;
        const { mtimeMs, size } = await stat(path);
        const key = `${mtimeMs} ${size}`;
        const before = known.get(name);
        const entry = before?.key === key ? before.entry : await readEntry(path, name, size);
        known.set(name, { key, entry });
        entries.push(entry);
      }
      return entries;
    },
    async read(name, file) {
      if (folder === undefined || !Object.hasOwn(REPORT_FILES, file)) return undefined;
      if (!(await namesIn(folder)).includes(name)) return undefined;
      const path = await fileIn(folder, name, file);
      return path === undefined ? undefined : readFile(path);
    },
  };
}

/** Names of runs end with their time, so that the newest of each profile come last by name; across profiles time decides. */
async function namesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return names.sort((a, b) => timePart(b).localeCompare(timePart(a)) || a.localeCompare(b));
}

function timePart(name: string): string {
  return /\d{4}-?\d\d-?\d\d.*$/.exec(name)?.[0] ?? '';
}

/** Undefined when it is not there, too large, or a link that leads out of the folder. */
async function fileIn(folder: string, name: string, file: string): Promise<string | undefined> {
  try {
    const root = await realpath(folder);
    const path = await realpath(join(root, name, file));
    if (!path.startsWith(root + sep)) return undefined;
    const { size } = await stat(path);
    return size <= MAX_REPORT_BYTES ? path : undefined;
  } catch {
    // Not every folder holds a report.
    return undefined;
  }
}

async function readEntry(path: string, name: string, size: number): Promise<ReportEntry> {
  if (size === 0) return { name, titles: [] };
  try {
    return describe(name, JSON.parse(await readFile(path, 'utf8')) as unknown);
  } catch {
    // A run that was interrupted while it wrote: listed by its name alone.
    return { name, titles: [] };
  }
}

function describe(name: string, report: unknown): ReportEntry {
  if (!isObject(report)) return { name, titles: [] };
  const { profile, startedAt, worst, validity, findings } = report as Record<string, unknown> & {
    profile?: unknown;
    startedAt?: unknown;
    worst?: unknown;
    validity?: unknown;
    findings?: unknown;
  };
  const list = Array.isArray(findings) ? findings.filter(isObject) : undefined;
  const profileName = isObject(profile) ? profile['name'] : profile;
  return {
    name,
    ...(typeof profileName === 'string' && { profile: profileName }),
    ...(typeof startedAt === 'string' && { startedAt }),
    ...(typeof worst === 'string' && { worst }),
    ...(isObject(validity) && typeof validity['ok'] === 'boolean' && { isValid: validity['ok'] }),
    ...(list !== undefined && { findings: list.length }),
    titles: (list ?? []).flatMap(({ title }) => (typeof title === 'string' ? [title] : [])).slice(0, 3),
    ...latenciesOf(report['routes']),
  };
}

/** Those that the sample of the run supports. */
function latenciesOf(routes: unknown): Pick<ReportEntry, 'latencyMs'> {
  if (!Array.isArray(routes)) return {};
  const pairs = routes.filter(isObject).flatMap(({ route, member, latencyMs }) => {
    if (!isObject(latencyMs) || (route !== 'gateway' && typeof member !== 'string')) return [];
    const way = route === 'gateway' ? 'gateway' : `direct:${String(member)}`;
    return LISTED_QUANTILES.flatMap((name): [string, number][] => {
      const quantile = latencyMs[name];
      const value = isObject(quantile) ? quantile['value'] : undefined;
      return typeof value === 'number' ? [[`${way} ${name}`, value]] : [];
    });
  });
  return { latencyMs: Object.fromEntries(pairs) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
