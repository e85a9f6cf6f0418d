/**
 * `npm run bench:diagnosis`: faults that are known, in front of them real gateways, and how often gateprobe names the
 * cause. See docs/benchmark.md. Exit code 1: a floor of the short form was missed, or a case was broken.
 */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { findProgram } from '../helpers/requires.ts';
import { missedFloors } from './diagnosis/floor.ts';
import { PROGRAMS } from './diagnosis/gateway-start.ts';
import { renderPage } from './diagnosis/page.ts';
import { type CaseResult, type CaseSpec, caseId, replayCase, runCase } from './diagnosis/running.ts';
import { GATEWAY_NAMES, type GatewayName } from './diagnosis/scenario.ts';
import { ALL_SCENARIOS, chooseCases } from './diagnosis/scenarios.ts';
import { lineOf, type Summary, summarise } from './diagnosis/summary.ts';
import { renderText } from './diagnosis/text.ts';

type Options = {
  readonly short: boolean;
  readonly logs: boolean;
  readonly seed: string;
  readonly runs: string;
  readonly only: readonly string[];
  readonly gateway?: GatewayName;
  readonly jobs: string;
  readonly out: string;
  readonly replay: boolean;
  readonly list: boolean;
  readonly json: boolean;
};

const command = new Command('bench:diagnosis')
  .option('--short', 'one case of each marked scenario, and the floors are held', false)
  .option('--logs', 'the logs of gateways and members are read as well', false)
  .option('--seed <number>', 'first seed', '1')
  .option('--runs <number>', 'runs of each scenario', '5')
  .option('--only <id...>', 'beginnings of scenario ids, or whole case ids (M2-one-refused-nginx-3)', [])
  .addOption(new Option('--gateway <name>', 'only this one').choices([...GATEWAY_NAMES]))
  .option('--jobs <number>', 'cases at a time; more than one needs a processor or two for each', '1')
  .option('--out <folder>', 'folder of the cases and results', join('reports', 'bench-diagnosis'))
  .option('--replay', 'sends nothing: judges the recordings in the folder again', false)
  .option('--list', 'prints the cases and runs none', false)
  .option('--json', 'prints the summary as JSON', false)
  .action(async (options: Options) => {
    process.exitCode = await main(options);
  });
await command.parseAsync();

async function main(options: Options): Promise<number> {
  const out = resolve(options.out);
  const startedMs = performance.now();
  const form = { seed: Number(options.seed), isShort: options.short, logs: options.logs };
  if (options.list) {
    for (const spec of casesOf(options)) console.log(`${caseId(spec)}: ${spec.scenario.title}`);
    return 0;
  }
  const results = options.replay ? await replayAll(out, options.only) : await runAll(casesOf(options), out, options);
  if (results.length === 0) {
    console.error(`no case matches; scenarios: ${ALL_SCENARIOS.map(({ id }) => id).join(', ')}`);
    return 2;
  }
  const summary = summarise(results, form, performance.now() - startedMs);
  await mkdir(out, { recursive: true });
  await writeFile(join(out, 'diagnosis.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
  await writeFile(join(out, 'diagnosis.html'), renderPage(summary));
  console.log(options.json ? JSON.stringify(summary) : `\n${renderText(summary)}\n\n${join(out, 'diagnosis.html')}`);
  return judge(summary, options.short && options.only.length === 0);
}

/** A gateway that is not on the machine is told; with CI=true it is an error. */
function casesOf({ short, seed, runs, only, gateway }: Options): CaseSpec[] {
  const cases = chooseCases({
    ...{ isShort: short, seed: Number(seed), runs: Number(runs), only },
    ...(gateway === undefined ? {} : { gateway }),
  });
  const missing = GATEWAY_NAMES.filter((name) => {
    const program = PROGRAMS[name];
    return program !== undefined && findProgram(program) === undefined && cases.some((one) => one.gateway === name);
  });
  if (missing.length > 0 && process.env['CI'] === 'true') throw new Error(`not on this machine: ${missing.join(', ')}`);
  for (const name of missing) console.error(`${name} is not on this machine: its cases are left out`);
  return cases.filter((one) => !missing.includes(one.gateway));
}

async function runAll(cases: readonly CaseSpec[], out: string, { jobs, logs, json }: Options): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let index = next++; index < cases.length; index = next++) {
      const result = await runCase(cases[index] as CaseSpec, { out, logs });
      results[index] = result;
      if (!json) console.log(linesOf([result]));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Number(jobs)) }, work));
  return results;
}

async function replayAll(out: string, only: readonly string[]): Promise<CaseResult[]> {
  const names = existsSync(out) ? readdirSync(out) : [];
  const folders = names
    .filter((name) => existsSync(join(out, name, 'case.json')))
    .filter((name) => only.length === 0 || only.some((one) => name.startsWith(one)))
    .sort();
  const results: CaseResult[] = [];
  for (const name of folders) {
    results.push(await replayCase(join(out, name)));
    console.log(linesOf(results.slice(-1)));
  }
  return results;
}

function linesOf(results: readonly CaseResult[]): string {
  return summarise(results, { seed: 0, isShort: false, logs: false }, 0).cases.map(lineOf).join('\n');
}

function judge(summary: Summary, holdsFloors: boolean): number {
  const missed = holdsFloors ? missedFloors(summary) : [];
  for (const line of missed) console.error(`BELOW THE FLOOR: ${line}`);
  return missed.length > 0 || summary.states.broken > 0 ? 1 : 0;
}
