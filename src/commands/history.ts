import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { EXIT, UserError } from '../errors.ts';
import { HISTORY_LEVELS, type HistoryLevel, type HistoryQuery, type WriteProblem } from '../model/history.ts';
import { singleLine } from '../model/visible-text.ts';
import { parseDuration } from '../profile/units.ts';
import { historyFile, noHistory } from '../store/database.ts';
import { type HistoryFile, openHistory } from '../store/history.ts';
import { printPieces, storePieces } from './export-output.ts';
import { EXPORT_FORMATS, type ExportFormat, exportPieces, isoTime } from './history-export.ts';
import { dataOption, unitOption } from './options.ts';
import { print, printError } from './output.ts';

const TEN_YEARS_US = 3_650 * 86_400 * 1_000_000;
/** Before every round and after every one: dates of four digits. */
const FIRST_US = 0;
const LAST_US = Date.UTC(9999, 0) * 1_000;
/** Events that `list` shows; all are in the export. */
const MAX_EVENTS = 20;

type DataOption = { readonly data: string };
type ListOptions = DataOption & { readonly json?: boolean };
type ExportOptions = DataOption & {
  readonly profile?: string;
  readonly format: ExportFormat;
  readonly level?: HistoryLevel;
  readonly route?: string;
  readonly from?: number;
  readonly to?: number;
  readonly out?: string;
};
type PruneOptions = DataOption & { readonly olderThan: number; readonly profile?: string };

export function historyCommand(): Command {
  const data = () => dataOption('data folder of the monitor, or a history file');
  return new Command('history')
    .description('what the monitor has kept: list, export, prune, check')
    .addCommand(
      new Command('list')
        .description('profiles, times, sizes and the newest events')
        .addOption(data())
        .option('--json', 'print the same as JSON')
        .action(list),
    )
    .addCommand(
      new Command('export')
        .description('intervals (and with json also exchanges, events and findings) of one profile')
        .addOption(data())
        .option('--profile <name>', 'left out: the only one')
        .addOption(new Option('--format <format>', 'what is written').choices([...EXPORT_FORMATS]).default('json'))
        .addOption(
          new Option('--level <level>', 'left out: the finest that is still there').choices([...HISTORY_LEVELS]),
        )
        .option('--route <route>', 'gateway or direct:<member>; left out: all')
        .option('--from <moment>', 'such as 2026-03-01 or 2026-03-01T22:00Z', moment('from'))
        .option('--to <moment>', 'exclusive', moment('to'))
        .option('--out <file>', 'left out: standard output')
        .action(exportHistory),
    )
    .addCommand(
      new Command('prune')
        .description('delete what is older, and give the room back')
        .addOption(data())
        .requiredOption('--older-than <duration>', 'for example 90d', unitOption(durationUs, 'older-than'))
        .option('--profile <name>', 'left out: all')
        .action(pruneHistory),
    )
    .addCommand(
      new Command('check')
        .description('whether the file is whole, and its sums agree; exit code 1 when not')
        .addOption(data())
        .action(checkHistory),
    );
}

function list({ data, json }: ListOptions): void {
  using(data, true, (history) => {
    const { bytes, intervals, kept, events, findings } = history.size();
    const profiles = history.profiles().map((profile) => profileOf(history, profile));
    if (json === true) {
      const size = { bytes, intervals, exchanges: kept, events, findings };
      print(JSON.stringify({ schemaVersion: 1, file: history.file, size, profiles }, undefined, 2));
      return;
    }
    const levels = HISTORY_LEVELS.map((level) => `${intervals[level]} of ${level}`).join(', ');
    print(`${history.file}: ${(bytes / 1e6).toFixed(1)} MB`);
    print(`intervals ${levels}; ${kept} exchanges, ${events} events, ${findings} findings`);
    if (profiles.length === 0) print('No profile has been monitored yet.');
    for (const { profile, from, to, requests, failed, events: newest } of profiles) {
      print(
        `\n${singleLine(profile)}: ${requests} requests, ${failed} failed; ${from ?? 'no rounds yet'}${to === undefined ? '' : ` to ${to}`}`,
      );
      for (const event of newest)
        print(`  ${isoTime(event.fromAtUs)}  ${event.kind.padEnd(11)} ${singleLine(event.title)}`);
    }
  });
}

function profileOf(history: HistoryFile, profile: string) {
  const all: HistoryQuery = { profile, fromAtUs: FIRST_US, toAtUs: LAST_US };
  const days = history.intervals({ ...all, level: '1d' });
  const [newest] = history.rounds({ ...all, limit: 1 });
  const first = days[0]?.startAtUs;
  const sum = (key: 'count' | 'failed') => days.reduce((total, day) => total + day[key], 0);
  return {
    profile,
    /** The day of the first round, the end of the last. */
    from: first === undefined ? undefined : isoTime(first),
    to: newest === undefined ? undefined : isoTime(newest.endedAtUs),
    requests: sum('count'),
    failed: sum('failed'),
    events: history.events({ ...all, limit: MAX_EVENTS }),
  };
}

async function exportHistory(options: ExportOptions): Promise<void> {
  const history = openHistory(options.data, { isReadOnly: true });
  try {
    const { from = FIRST_US, to = LAST_US, route, level, format, out } = options;
    const query = {
      profile: chosenProfile(history, options.profile),
      fromAtUs: from,
      toAtUs: to,
      ...(route === undefined ? {} : { route: routeOf(route) }),
      ...(level === undefined ? {} : { level }),
    };
    const pieces = exportPieces(history, format, query);
    await (out === undefined ? printPieces(pieces) : storePieces(out, pieces));
  } finally {
    history.close();
  }
}

function pruneHistory({ data, olderThan, profile }: PruneOptions): void {
  // Pruning a history that is not there must not make one.
  if (!existsSync(historyFile(data))) throw noHistory(data);
  using(data, false, (history) => {
    const name = profile === undefined ? undefined : chosenProfile(history, profile);
    const before = history.size();
    throwProblem(history.prune(Date.now() * 1_000, olderThan, name));
    const after = history.size();
    const deleted = HISTORY_LEVELS.reduce((sum, level) => sum + before.intervals[level] - after.intervals[level], 0);
    print(
      `${Math.max(0, deleted)} intervals and ${before.kept - after.kept} exchanges deleted; ${(after.bytes / 1e6).toFixed(1)} MB are left`,
    );
  });
}

function checkHistory({ data }: DataOption): void {
  using(data, true, (history) => {
    const problems = history.check();
    for (const problem of problems) printError(problem);
    print(problems.length === 0 ? `${history.file} is whole` : `${history.file}: ${problems.length} problems`);
    process.exitCode = problems.length === 0 ? EXIT.ok : EXIT.findings;
  });
}

function using(path: string, isReadOnly: boolean, use: (history: HistoryFile) => void): void {
  const history = openHistory(path, { isReadOnly, maxBytes: Number.MAX_SAFE_INTEGER });
  try {
    use(history);
  } finally {
    history.close();
  }
}

function chosenProfile(history: HistoryFile, wanted: string | undefined): string {
  const profiles = history.profiles();
  const [only] = profiles;
  if (wanted === undefined && only !== undefined && profiles.length === 1) return only;
  if (wanted !== undefined && profiles.includes(wanted)) return wanted;
  const known = profiles.length === 0 ? 'It holds none.' : `It holds ${profiles.map(singleLine).join(', ')}.`;
  throw new UserError(
    wanted === undefined ? 'which profile? give --profile' : `no profile ${wanted} in ${history.file}`,
    {
      hint: known,
    },
  );
}

function routeOf(text: string): 'gateway' | `direct:${string}` {
  if (text === 'gateway') return text;
  if (text.startsWith('direct:')) return `direct:${text.slice('direct:'.length)}`;
  throw new UserError(`--route: expected gateway or direct:<member>, found ${text}`);
}

function moment(name: string): (text: string) => number {
  return (text) => {
    const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(ms)) throw new UserError(`--${name}: expected a moment such as 2026-03-01T22:00Z, found ${text}`);
    return ms * 1_000;
  };
}

function durationUs(text: string) {
  return parseDuration(text, { maxUs: TEN_YEARS_US });
}

function throwProblem(problem: WriteProblem | undefined): void {
  if (problem !== undefined) throw new UserError(problem.text, { hint: 'Nothing else was changed. Try again later.' });
}
