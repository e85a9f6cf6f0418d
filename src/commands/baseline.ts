import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { UserError } from '../errors.ts';
import type { Recording } from '../model/recording.ts';
import type { Report } from '../model/report.ts';
import { isAtLeast } from '../model/severity.ts';
import { singleLine } from '../model/visible-text.ts';
import { serversOf } from '../pipeline/compare-conditions.ts';
import { diagnose } from '../pipeline.ts';
import {
  type Baseline,
  type BaselineFacts,
  baselineFolder,
  checkBaselineName,
  latestRun,
  listBaselines,
  removeBaseline,
  setBaseline,
} from '../recording/baselines.ts';
import { readRecording } from '../recording/folder.ts';
import { formatCount, humanTime, plural } from '../report/format.ts';
import { print, printError } from './output.ts';
import { REPORTS_FOLDER, recordingPath } from './recording-choice.ts';

type PlaceOption = { readonly reports: string };
type ShowOptions = PlaceOption & { readonly json?: boolean };

export function baselineCommand(): Command {
  const reports = () => new Option('--reports <folder>', 'where runs and baselines are').default(REPORTS_FOLDER);
  return new Command('baseline')
    .description('recordings kept under a name, for diff and run --against: set, list, show, remove')
    .addCommand(
      new Command('set')
        .description('keep a copy of a run under a name; replaces the one that has it')
        .argument('<name>', 'letters, digits, "-", "_" and "."')
        .argument('[run]', 'folder of a run, or its recording/ (default: the newest in the reports folder)')
        .addOption(reports())
        .action(set),
    )
    .addCommand(
      new Command('list')
        .description('names, when, and of what')
        .addOption(reports())
        .option('--json', 'print the same as JSON')
        .action(list),
    )
    .addCommand(
      new Command('show')
        .description('one of them, with what its run said')
        .argument('<name>')
        .addOption(reports())
        .option('--json', 'print baseline.json')
        .action(show),
    )
    .addCommand(
      new Command('remove')
        .description('delete the copy; the run it came from stays')
        .argument('<name>')
        .addOption(reports())
        .action(remove),
    );
}

async function set(name: string, run: string | undefined, { reports }: PlaceOption): Promise<void> {
  checkBaselineName(name);
  const path = run === undefined ? await latestRun(reports) : await recordingPath(run, reports);
  if (path === undefined) {
    throw new UserError(`there is no run in ${reports}`, {
      hint: 'Run first: gateprobe run <profile>. Or name it: gateprobe baseline set <name> <run>.',
    });
  }
  const recording = await readRecording(path);
  const report = diagnose(recording);
  refuseUseless(path, recording, report);
  const before = await setBaseline(reports, name, path, factsOf(recording), new Date());
  const graver = report.findings.filter(({ severity }) => isAtLeast(severity, 'warning')).length;
  print(`${name} is now ${runWords(factsOf(recording))}, from ${path}.`);
  if (before !== undefined) print(`Before, it was ${runWords(before)}.`);
  if (graver > 0)
    printError(`Note: this run has ${plural(graver, 'finding')} of its own; later runs are held against it as it is.`);
  if (recording.manifest.interrupted)
    printError('Note: this run was interrupted, so it has less than its profile asks for.');
}

/** A baseline that cannot be compared with would only be noticed at the next release. */
function refuseUseless(path: string, { experiments, manifest }: Recording, { validity }: Report): void {
  if (experiments.length === 0) {
    throw new UserError(`${path} holds logs and nothing measured`, { hint: 'Take a run of a profile.' });
  }
  if (!validity.ok) {
    throw new UserError(`the run of ${humanTime(manifest.startedAt)} is not valid: ${validity.reasons.join('; ')}`, {
      hint: 'Every comparison with it would be invalid. Run again on a less busy machine.',
    });
  }
}

function factsOf(recording: Recording): BaselineFacts {
  const { manifest, gateway, exchangeCount } = recording;
  return {
    startedAt: manifest.startedAt,
    runId: manifest.runId,
    profile: manifest.profile.name,
    requests: exchangeCount,
    gateway: { kind: gateway.kind, url: manifest.profile.gateway.url, servers: serversOf(recording) },
    version: manifest.tool.version,
  };
}

/** `shop of 4 March 2026, 05:06:07 UTC, 1,800 requests through nginx/1.28.0`. */
function runWords({ profile, startedAt, requests, gateway }: BaselineFacts): string {
  const servers = gateway.servers.length === 0 ? gateway.kind : gateway.servers.join(', ');
  return singleLine(`${profile} of ${humanTime(startedAt)}, ${formatCount(requests)} requests through ${servers}`);
}

async function list({ reports, json }: ShowOptions): Promise<void> {
  const baselines = await listBaselines(reports);
  if (json === true) return print(JSON.stringify({ schemaVersion: 1, reports, baselines }, undefined, 2));
  if (baselines.length === 0) return print(`No baseline in ${reports}. Set one: gateprobe baseline set <name> [run].`);
  const width = Math.max(...baselines.map(({ name }) => name.length));
  for (const baseline of baselines) print(`${baseline.name.padEnd(width)}  ${runWords(baseline)}`);
}

async function show(name: string, { reports, json }: ShowOptions): Promise<void> {
  const folder = await baselineFolder(reports, name);
  const baseline = (await listBaselines(reports)).find((one): one is Baseline => one.name === name);
  if (baseline === undefined) return;
  if (json === true) return print(JSON.stringify(baseline, undefined, 2));
  const report = diagnose(await readRecording(folder));
  const lines = [
    `${name}: ${runWords(baseline)}`,
    `  gateway   ${singleLine(baseline.gateway.url)} (${baseline.gateway.kind})`,
    `  set       ${humanTime(baseline.setAt)}, from ${singleLine(baseline.from)}`,
    `  recorded  by gateprobe ${singleLine(baseline.version)}`,
    `  folder    ${resolve(folder)}`,
    '',
    ...report.headline,
    '',
    `Hold a run against it: gateprobe diff ${name} <run>. Its whole report: gateprobe report ${join(folder)}.`,
  ];
  print(lines.join('\n'));
}

async function remove(name: string, { reports }: PlaceOption): Promise<void> {
  await removeBaseline(reports, name);
  print(`The baseline ${name} is removed.`);
}
