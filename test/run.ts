/**
 * `npm test`: system programs, types, lint, all tests. Arguments choose test files by a part of their path:
 * `npm test -- gateways report`. All steps run even when one fails; the exit code is 1 when any did.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { spec } from 'node:test/reporters';
import { provideSystemPackages } from './helpers/system-packages.ts';
import { bundleTests } from './helpers/test-bundles.ts';
import { type Round, runRounds, type Totals } from './helpers/test-stream.ts';

const ROOT = join(import.meta.dirname, '..');
const CACHE = join(ROOT, 'node_modules', '.cache');
const END_TO_END = 'test/end-to-end/';
/** The `engines` of package.json. Node 20 cannot even load this file; 22 and 23 can. */
const OLDEST_NODE = 24;

type Step = { readonly name: string; readonly ok: boolean; readonly durationMs: number };

async function main(filters: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  process.chdir(ROOT);
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    console.error(
      `needs Node ${OLDEST_NODE}, this is ${process.version}: npm ci && npm test takes the one in node_modules`,
    );
    return 1;
  }
  const rounds = chooseRounds(filters);
  if (rounds.length === 0) {
    console.error(`no test file matches ${filters.join(' ')}`);
    return 1;
  }
  // Every test file is a process, and many start others: what Node has once stripped and compiled need not be again.
  process.env['NODE_COMPILE_CACHE'] ??= join(CACHE, 'compile');
  provideSystemPackages((line) => console.log(line));
  const steps = [
    await timed('types', () => runTool('typescript/bin/tsc', '--noEmit')),
    await timed('lint', () => runTool('@biomejs/biome/bin/biome', 'check', '.')),
    await timed('tests', () => runTests(rounds)),
  ];
  const summary = steps.map((step) => `${step.name} ${step.ok ? 'ok' : 'FAILED'} ${seconds(step.durationMs)}`);
  console.log(`${summary.join(' · ')} · total ${seconds(performance.now() - startedMs)}`);
  return steps.every((step) => step.ok) ? 0 : 1;
}

/** End-to-end tests measure time: they come after all others. They mostly wait, so that two files leave each other room. */
function chooseRounds(filters: readonly string[]): Round[] {
  const files = globSync('test/**/*.test.ts')
    .map((path) => path.split(sep).join('/'))
    .filter((path) => filters.length === 0 || filters.some((part) => path.includes(part)))
    .sort();
  const quick = files.filter((path) => !path.startsWith(END_TO_END));
  return [
    // Who asks for some files wants to see each by itself.
    { files: filters.length === 0 ? bundleTests(quick, join(CACHE, 'tests')) : quick, concurrency: 2 },
    { files: files.filter((path) => path.startsWith(END_TO_END)), concurrency: 2 },
  ].filter((round) => round.files.length > 0);
}

function runTool(script: string, ...args: readonly string[]): boolean {
  const result = spawnSync(process.execPath, [join('node_modules', script), ...args], { stdio: 'inherit' });
  return result.status === 0;
}

async function runTests(rounds: readonly Round[]): Promise<boolean> {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  process.once('SIGTERM', stop);
  const totals: Totals = { counts: new Map(), failed: false };
  await pipeline(runRounds(rounds, totals, stopped.signal), new spec(), process.stdout, { end: false });
  process.off('SIGTERM', stop);
  return !totals.failed && !stopped.signal.aborted;
}

async function timed(name: string, action: () => boolean | Promise<boolean>): Promise<Step> {
  const startedMs = performance.now();
  const ok = await action();
  return { name, ok, durationMs: performance.now() - startedMs };
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`;
}

process.exitCode = await main(process.argv.slice(2));
