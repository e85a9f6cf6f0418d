/**
 * `npm run bench:engine -- [rounds] [ms] [scenario,…]`: CPU per request of gateprobe's closed loops, fully recorded, and of the load generators
 * that are installed, against one nginx. All tools in turn in each round; ratios are within a round. Writes docs/engine-benchmark.md.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { median } from '../../src/analysis/medians.ts';
import { findProgram } from '../helpers/requires.ts';
import { SCENARIOS, type Scenario, startBenchServer } from './engine/server.ts';
import { commandOf, TOOLS, type Tool } from './engine/tools.ts';

const rounds = Number(process.argv[2] ?? 5);
/** Parts of it only: then nothing is written. */
const chosen = process.argv[4]?.split(',');
const scenarios = SCENARIOS.filter((scenario) => chosen?.includes(scenario) ?? true);
const durationMs = Number(process.argv[3] ?? 3_000);
const ROOT = join(import.meta.dirname, '..', '..');
/** Multiples of wrk and of autocannon that our own engine is to keep. */
const BARS: Readonly<Record<Scenario, readonly [wrk: number, autocannon: number]>> = {
  hello: [1.5, 0.7],
  '10k': [1.5, 0.5],
  tls: [2, 0.6],
  newconn: [3.3, 0.9],
};
type Cell = { readonly cpuUs: number; readonly steadyUs: number | undefined };

const tools = TOOLS.filter(({ program }) => findProgram(program) !== undefined);
const server = await startBenchServer();
const cells = new Map<string, Cell[]>();
const versionsOf = `nginx: ${server.version.trim()}`;
try {
  for (let round = 0; round < rounds; round++) {
    for (const scenario of scenarios) for (const tool of tools) await measure(scenario, tool);
  }
} finally {
  await server.stop();
}
const text = report();
console.log(text);
if (chosen === undefined) writeFileSync(join(ROOT, 'docs', 'engine-benchmark.md'), text);

async function measure(scenario: Scenario, tool: Tool): Promise<void> {
  const command = commandOf(tool, server.urls[scenario], scenario, durationMs, server.caFile);
  if (command === undefined) return;
  const before = await server.requests();
  // bash tells what its children used, in ms: the same way for every tool.
  const { stdout } = spawnSync('bash', ['-c', `${command} 2>&1; times`], { encoding: 'utf8', cwd: ROOT });
  // Reading the counter is a request too.
  const requests = (await server.requests()) - before - 1;
  const times = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(stdout)?.slice(1).map(Number);
  if (times === undefined || requests < 1) return console.error(`${tool.name} ${scenario}: ${stdout.slice(0, 300)}`);
  const [userMin = 0, userSec = 0, systemMin = 0, systemSec = 0] = times;
  const cpuUs = ((userMin + systemMin) * 60 + userSec + systemSec) * 1e6;
  const steady = /"cpuUs":(\d+)/.exec(stdout)?.[1];
  const key = `${scenario} ${tool.name}`;
  const steadyUs = steady === undefined ? undefined : Number(steady) / requests;
  cells.set(key, [...(cells.get(key) ?? []), { cpuUs: cpuUs / requests, steadyUs }]);
}

function ratio(of: readonly Cell[], to: readonly Cell[]): number | undefined {
  const ratios = of.flatMap((cell, round) => {
    const other = to[round];
    return other === undefined ? [] : [(cell.steadyUs ?? cell.cpuUs) / (other.steadyUs ?? other.cpuUs)];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}

function rowsOf(scenario: Scenario): string {
  const of = (name: string): readonly Cell[] => cells.get(`${scenario} ${name}`) ?? [];
  const shown = (value: number | undefined): string => (value === undefined ? '' : value.toFixed(2));
  const rows = tools.flatMap(({ name }) => {
    const values = of(name);
    if (values.length === 0) return [];
    const whole = values.map(({ cpuUs }) => cpuUs);
    const steady = values.flatMap(({ steadyUs }) => steadyUs ?? []);
    return `| ${name} | ${median(whole).toFixed(1)} (${Math.min(...whole).toFixed(1)}-${Math.max(...whole).toFixed(1)}) | ${steady.length === 0 ? '' : median(steady).toFixed(1)} | ${shown(ratio(values, of('wrk')))} | ${shown(ratio(values, of('autocannon')))} | ${values.length} |`;
  });
  return `## ${scenario}\n\n| tool | CPU us/request, whole process (min-max) | sending only | to wrk | to autocannon | rounds |\n|---|---|---|---|---|---|\n${rows.join('\n')}\n\n${verdict(scenario, of)}\n`;
}

function verdict(scenario: Scenario, of: (name: string) => readonly Cell[]): string {
  return BARS[scenario]
    .map((bar, index) => {
      const name = index === 0 ? 'wrk' : 'autocannon';
      const found = ratio(of('gateprobe'), of(name));
      if (found === undefined) return `Bar ${bar} x ${name}: not measured.`;
      return `Bar ${bar} x ${name}: ${found <= bar ? 'kept' : '**not kept**'} (${found.toFixed(2)}).`;
    })
    .join(' ');
}

function report(): string {
  return `# CPU per request of the closed loop

Made by \`npm run bench:engine -- ${rounds} ${durationMs}\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, ${versionsOf}, one worker, 32 connections, loopback.

User and system time of the tool's process over the requests that the server counted; medians of rounds, all tools in turn in each.
"Sending only" leaves out what gateprobe takes to start from TypeScript and to end; the ratios use it where it is known. gateprobe
records every request (windows on disk, histograms, kept exchanges). Rounds are not left out when the machine was disturbed.

${scenarios.map(rowsOf).join('\n')}
`;
}
