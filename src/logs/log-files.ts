/** Opens what the user named: files found, formats recognised, roles told. Nothing is read beyond the head of each file yet. */
import type { Readable } from 'node:stream';
import type { Problem } from '../errors.ts';
import type { LogEntry, LogFormatId, LogRole } from '../model/log.ts';
import type { FormatOptions, LogFormat } from './format.ts';
import { type OpenLog, openLog } from './reading/chunks.ts';
import { findFiles, type LogInput } from './reading/files.ts';
import { readSource } from './reading/read-source.ts';
import { recogniseFormat } from './reading/recognise.ts';
import type { Mask } from './reading/shown-text.ts';
import { tellRoles } from './roles.ts';

/** One entry of the profile's `logs:`, or one group of files on the command line. */
export type LogSpec = {
  /** `gateway`, or the name of a member; undefined: told from the lines. */
  readonly from?: string;
  readonly format?: LogFormatId;
  readonly files: readonly string[];
  readonly pattern?: string;
  readonly timeZone?: string;
  /** Everything up to then (µs since 1970) is known to be written: absence may be claimed that far. */
  readonly writtenUntilUs?: number;
};

export type FileOptions = {
  readonly specs: readonly LogSpec[];
  readonly baseFolder: string;
  /** From the special to the general. */
  readonly formats: readonly LogFormat[];
  readonly memberNames: readonly string[];
  readonly mask: Mask;
  /** Wall time, ms since 1970. */
  readonly wallMs: () => number;
  readonly stdin?: Readable | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type LogFile = {
  readonly input: LogInput;
  readonly name: string;
  readonly format: LogFormat;
  readonly formatOptions: FormatOptions;
  readonly role: LogRole;
  readonly member?: string;
  readonly roleBecause?: string;
  readonly writtenUntilUs?: number;
  /** Opens it anew; standard input only once. */
  open(): Promise<OpenLog>;
};

export type LogFiles = { readonly files: readonly LogFile[]; readonly problems: readonly Problem[] };

type Known = Omit<LogFile, 'role' | 'member' | 'roleBecause'> & {
  readonly from?: string;
  readonly isForced: boolean;
  readonly entries: readonly LogEntry[];
};

export async function openFiles(options: FileOptions): Promise<LogFiles> {
  const problems: Problem[] = [];
  const known: Known[] = [];
  for (const spec of options.specs) {
    const { inputs, problems: missing } = await findFiles(spec.files, options.baseFolder);
    problems.push(...missing);
    for (const input of inputs) {
      const file = await recognise(input, spec, options, problems);
      if (file !== undefined) known.push(file);
    }
  }
  const told = tellRoles(
    known.map(({ name, format, entries, from }) => ({
      name,
      format: format.id,
      entries,
      ...(from === undefined ? {} : { from }),
    })),
    options.memberNames,
  );
  const files = known.map(({ from, entries: _entries, isForced: _forced, ...file }, index): LogFile => {
    if (from === 'gateway') return { ...file, role: 'gateway' };
    if (from !== undefined) return { ...file, role: 'member', member: from };
    const role = told[index];
    if (role === undefined) return { ...file, role: 'unknown' };
    return {
      ...file,
      role: role.role,
      ...(role.member === undefined ? {} : { member: role.member }),
      roleBecause: role.because,
    };
  });
  const isFixed = new Set(files.filter((_, index) => known[index]?.isForced === true));
  return { files: files.map((file) => (isFixed.has(file) ? file : ofProgram(file, files, options.formats))), problems };
}

/**
 * The combined format does not tell who wrote it, and nginx's time is the end of a request, Apache's its start. The error log of the same
 * host tells.
 */
function ofProgram(file: LogFile, files: readonly LogFile[], formats: readonly LogFormat[]): LogFile {
  if (file.format.id !== 'combined' || file.role === 'unknown') return file;
  const beside = files.filter(({ role, member }) => role === file.role && member === file.member);
  const programs = new Set(beside.flatMap(({ format }) => ERROR_LOG_OF[format.id] ?? []));
  const format = programs.size === 1 ? formats.find(({ id }) => programs.has(id)) : undefined;
  return format === undefined ? file : { ...file, format };
}

const ERROR_LOG_OF: Readonly<Partial<Record<LogFormatId, LogFormatId>>> = {
  'nginx-error': 'nginx',
  'apache-error': 'apache',
};

async function recognise(
  input: LogInput,
  spec: LogSpec,
  options: FileOptions,
  problems: Problem[],
): Promise<Known | undefined> {
  const opening = { stdin: options.stdin, signal: options.signal, wallMs: options.wallMs };
  const log = await openLog(input, opening);
  const formatOptions: FormatOptions = {
    ...(spec.pattern === undefined ? {} : { pattern: spec.pattern }),
    ...(spec.timeZone === undefined ? {} : { timeZone: spec.timeZone }),
  };
  const answer = recogniseFormat(log.head, {
    formats: options.formats,
    forced: spec.format,
    formatOptions,
    name: input.name,
    mask: options.mask,
  });
  const isStdin = input.kind === 'stdin';
  if (answer.kind !== 'known') {
    if (answer.kind === 'unknown') problems.push(...log.problems, answer.problem);
    await log.close();
    return undefined;
  }
  if (answer.doubt !== undefined) problems.push(answer.doubt);
  const entries = await headEntries(answer.format, log, formatOptions, options.mask);
  if (!isStdin) await log.close();
  return {
    input,
    name: input.name,
    format: answer.format,
    formatOptions,
    entries,
    isForced: spec.format !== undefined,
    ...(spec.from === undefined ? {} : { from: spec.from }),
    ...(spec.writtenUntilUs === undefined ? {} : { writtenUntilUs: spec.writtenUntilUs }),
    open: isStdin ? async () => log : () => openLog(input, opening),
  };
}

const HEAD_ENTRIES = 200;

/** The first entries of a file, to tell whose it is. */
async function headEntries(
  format: LogFormat,
  log: OpenLog,
  formatOptions: FormatOptions,
  mask: Mask,
): Promise<readonly LogEntry[]> {
  const entries: LogEntry[] = [];
  let rest = log.head;
  const head: OpenLog = {
    ...log,
    // Only the head: what follows is read later, and of standard input only once.
    fill: async (target, from) => {
      const length = Math.min(rest.length, target.length - from);
      rest.copy(target, from, 0, length);
      rest = rest.subarray(length);
      return length;
    },
    close: async () => undefined,
    isComplete: async () => false,
  };
  await readSource({
    format,
    log: head,
    formatOptions,
    source: 0,
    mask,
    sink: {
      row: () => entries.length < HEAD_ENTRIES,
      entry: (entry) => {
        entries.push(entry);
      },
    },
  });
  return entries;
}
