import { randomInt } from 'node:crypto';
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, type Problem, UserError } from '../errors.ts';
import { formatsOfPattern } from '../logs/pattern-format.ts';
import type { LogSpec } from '../logs/read-logs.ts';
import { LOG_FORMATS, type LogFormatId } from '../model/log.ts';
import { type ConfigFiles, GATEWAY_KINDS, type GatewayKind, type Profile } from '../model/profile.ts';
import { diagnose, explainLogs, readConfigs, writeRun } from '../pipeline.ts';
import { loadProfile } from '../profile/load.ts';
import { logsProfile } from '../profile/logs-profile.ts';
import { parseDuration } from '../profile/units.ts';
import { answer, parseSeed, runFolder } from './live-run.ts';
import { failOnOption } from './options.ts';
import { exitCodeOf, printError, problemText } from './output.ts';
import { packageVersion } from './version.ts';

type Options = {
  readonly gateway?: readonly string[];
  readonly member?: readonly (readonly [name: string, files: string])[];
  readonly profile?: string;
  readonly format?: LogFormatId;
  readonly pattern?: string;
  readonly timezone?: string;
  readonly kind?: GatewayKind;
  readonly config?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly out?: string;
  readonly seed?: number;
  readonly json?: boolean;
  readonly failOn?: Profile['failOn'];
};

export function explainCommand(): Command {
  return new Command('explain')
    .description('no traffic: explains errors and slow answers from logs of the gateway and its members')
    .argument('[log...]', 'files, folders or patterns; whose they are is told from their lines; - is standard input')
    .option('--gateway <files...>', 'logs of the gateway')
    .option('--member <name=files>', 'logs of a member; may be repeated', collectMember)
    .option('--profile <file>', 'names, addresses and logs: of this profile')
    .addOption(new Option('--format <format>', 'of the logs named without a profile').choices(LOG_FORMATS))
    .option('--pattern <text>', 'with --format: nginx log_format, Apache LogFormat or varnishncsa -F, as configured')
    .option('--timezone <zone>', 'of times that do not say theirs (default UTC)')
    .addOption(
      new Option('--kind <gateway>', 'which gateway it is').choices(GATEWAY_KINDS.filter((kind) => kind !== 'unknown')),
    )
    .option('--config <files...>', 'configuration of the gateway; of a member: web1=files')
    .option('--since <moment>', 'only what is later: 2026-03-01T22:00Z, or 2h', parseMoment)
    .option('--until <moment>', 'only what is earlier', parseMoment)
    .option('--out <folder>', 'write into this folder (default: reports/logs-<time>)')
    .option('--seed <number>', 'repeat the choice of lines that are kept', parseSeed)
    .option('--json', 'print report.json on standard output')
    .addOption(failOnOption())
    .action(async (logs: readonly string[], options: Options) => {
      process.exitCode = await explain(logs, options);
    });
}

async function explain(logs: readonly string[], options: Options): Promise<number> {
  if (options.pattern !== undefined && options.format === undefined) throw patternAlone(options.pattern);
  const profile = options.profile === undefined ? logsProfile('logs') : await loadProfile(options.profile);
  const specs = specsOf(logs, options, profile);
  if (specs.length === 0)
    throw new UserError('No log was named', { hint: 'Name files: gateprobe explain arr/u_ex*.log web1/u_ex*.log' });
  const since = { ...(options.since === undefined ? {} : { sinceUs: options.since }) };
  const until = { ...(options.until === undefined ? {} : { untilUs: options.until }) };
  const { recording, problems } = await explainLogs({
    specs,
    baseFolder: process.cwd(),
    profile,
    ...(options.kind === undefined ? {} : { kind: options.kind }),
    seed: options.seed ?? randomInt(0x7fffffff),
    version: packageVersion(),
    wallMs: Date.now,
    stdin: process.stdin,
    ...since,
    ...until,
  });
  if ((recording.logs?.sources ?? []).every(({ entries }) => entries === 0)) throw unreadable(problems);
  const named = [...(profile.config ?? []), ...(options.config ?? []).map(configFiles)];
  const read = readConfigs(named, recording.manifest.profile, recording.gateway.kind, process.cwd());
  const warnings = [...recording.warnings, ...[...problems, ...read.problems].map(problemText)];
  const explained = { ...recording, warnings, ...(read.configs.length === 0 ? {} : { configs: read.configs }) };
  const report = diagnose(explained);
  const folder = resolve(options.out ?? runFolder(profile.name, new Date()));
  await writeRun(folder, report, { recording: explained, windowsOnDisk: false });
  answer(report, options.json === true, join(folder, 'report.html'));
  return exitCodeOf(report, options.failOn ?? profile.failOn);
}

function specsOf(logs: readonly string[], options: Options, profile: Profile): readonly LogSpec[] {
  const common = {
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.pattern === undefined ? {} : { pattern: options.pattern }),
    ...(options.timezone === undefined ? {} : { timeZone: options.timezone }),
  };
  return [
    ...profile.logs.map(({ from, format, files, pattern, timezone }) => ({
      from,
      files: [files],
      ...(format === undefined ? {} : { format }),
      ...(pattern === undefined ? {} : { pattern }),
      ...(timezone === undefined ? {} : { timeZone: timezone }),
    })),
    ...(options.gateway === undefined ? [] : [{ from: 'gateway', files: options.gateway.map(inFolder), ...common }]),
    ...(options.member ?? []).map(([name, files]) => ({ from: name, files: [inFolder(files)], ...common })),
    ...(logs.length === 0 ? [] : [{ files: logs.map(inFolder), ...common }]),
  ];
}

/** A folder means all files in it. */
function inFolder(name: string): string {
  if (name === '-') return name;
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() === true ? join(name, '**', '*') : name;
}

function collectMember(
  text: string,
  previous: readonly (readonly [string, string])[] = [],
): readonly (readonly [string, string])[] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw new InvalidArgumentError('Write name=files, for example web1=logs/web1/*.log.');
  return [...previous, [text.slice(0, at), text.slice(at + 1)]];
}

function configFiles(text: string): ConfigFiles {
  const [, from, files] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  return from === undefined || files === undefined ? { from: 'gateway', files: text } : { from, files };
}

/** µs since 1970 of a moment, or of so long ago. */
function parseMoment(text: string): number {
  const ago = parseDuration(text);
  if (ago.ok) return Date.now() * 1000 - ago.value;
  const ms = Date.parse(/[Zz]|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`);
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('Write a moment such as 2026-03-01T22:00Z, or how long ago: 2h.');
  return ms * 1000;
}

/** Without a format a pattern would be used for those logs only that are recognised anyway. */
function patternAlone(pattern: string): UserError {
  const formats = formatsOfPattern(pattern);
  const choice = (formats.length === 0 ? ['nginx', 'apache', 'varnish'] : formats).map((id) => `--format ${id}`);
  return new UserError('--pattern needs --format: it is read differently for each program', {
    hint: `Add ${choice.join(' or ')}.${formats.length === 1 ? ' That is what the pattern looks like.' : ''}`,
    exitCode: EXIT.usage,
  });
}

function unreadable(problems: readonly Problem[]): UserError {
  for (const problem of problems) printError(problemText(problem));
  if (problems.length === 0)
    return new UserError('No line of a log could be read: what was named is empty', {
      hint: 'Name the logs of the time in question; rotated ones have a number or a date behind their name.',
      exitCode: EXIT.usage,
    });
  return new UserError('No line of a log could be read', {
    hint: 'Name the format with --format, and for a format of your own its pattern with --pattern too.',
    exitCode: EXIT.usage,
  });
}
