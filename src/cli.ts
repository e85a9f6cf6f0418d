#!/usr/bin/env node
import module from 'node:module';
import { Command, CommanderError } from 'commander';
import { explainError } from './commands/output.ts';
import { packageVersion } from './commands/version.ts';
import { EXIT } from './errors.ts';
import { keepYoungGenerationSmall } from './pipeline/memory-guard.ts';

/** In the order of the help. Loaded when asked for: reading a log needs neither the lab nor what sends traffic. */
const COMMANDS: ReadonlyMap<string, () => Promise<() => Command>> = new Map([
  ['demo', async () => (await import('./commands/demo.ts')).demoCommand],
  ['compare', async () => (await import('./commands/compare.ts')).compareCommand],
  ['init', async () => (await import('./commands/init.ts')).initCommand],
  ['check', async () => (await import('./commands/check.ts')).checkCommand],
  ['run', async () => (await import('./commands/run.ts')).runCommand],
  ['diagnose', async () => (await import('./commands/diagnose.ts')).diagnoseCommand],
  ['diff', async () => (await import('./commands/diff.ts')).diffCommand],
  ['baseline', async () => (await import('./commands/baseline.ts')).baselineCommand],
  ['explain', async () => (await import('./commands/explain.ts')).explainCommand],
  ['decode', async () => (await import('./commands/decode.ts')).decodeCommand],
  ['report', async () => (await import('./commands/report.ts')).reportCommand],
  ['reports', async () => (await import('./commands/reports.ts')).reportsCommand],
  ['export', async () => (await import('./commands/export.ts')).exportCommand],
  ['history', async () => (await import('./commands/history.ts')).historyCommand],
  ['selftest', async () => (await import('./commands/selftest.ts')).selftestCommand],
  ['monitor', async () => (await import('./commands/monitor.ts')).monitorCommand],
  ['member', async () => (await import('./commands/member.ts')).memberCommand],
  ['lab', async () => (await import('./commands/lab.ts')).labCommand],
]);

// Half the time of a start is compiling what the last start compiled: Node keeps it in the folder for temporary files, and
// the processes that we start (lab, judging) find it through the environment. NODE_DISABLE_COMPILE_CACHE=1 turns it off.
const { directory } = module.enableCompileCache();
if (directory !== undefined) process.env['NODE_COMPILE_CACHE'] ??= directory;

/**
 * What records while it sends makes much that dies at once. V8 would spread that over 16 MB and more per generation, past every
 * cache: kept at its first size it takes 30 MB less and some per cent less time per request [measured, 100,000 requests a second].
 */
const RECORDING: ReadonlySet<string | undefined> = new Set(['demo', 'compare', 'run', 'monitor', 'selftest']);
if (RECORDING.has(process.argv[2])) keepYoungGenerationSmall();

const program = new Command('gateprobe')
  .description('A probe for reverse proxies: says which hop, which timer and which line to change.')
  .version(packageVersion())
  .showHelpAfterError('(gateprobe --help lists the commands)');

/** The one that the first word names; all of them for help, and for a word that is none. */
async function commandsFor(word: string | undefined): Promise<readonly Command[]> {
  const named = COMMANDS.get(word ?? '');
  const wanted = named === undefined ? [...COMMANDS.values()] : [named];
  return Promise.all(wanted.map(async (load) => (await load())()));
}

for (const command of await commandsFor(process.argv[2])) {
  command.exitOverride();
  program.addCommand(command);
}
program.exitOverride();

try {
  await program.parseAsync();
} catch (error) {
  // commander has printed its own message already; help and version are no failures.
  process.exitCode =
    error instanceof CommanderError ? (error.exitCode === 0 ? EXIT.ok : EXIT.usage) : explainError(error);
}
