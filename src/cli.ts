#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { checkCommand } from './commands/check.ts';
import { compareCommand } from './commands/compare.ts';
import { decodeCommand } from './commands/decode.ts';
import { demoCommand } from './commands/demo.ts';
import { diagnoseCommand } from './commands/diagnose.ts';
import { explainCommand } from './commands/explain.ts';
import { initCommand } from './commands/init.ts';
import { labCommand } from './commands/lab.ts';
import { memberCommand } from './commands/member.ts';
import { explainError } from './commands/output.ts';
import { reportCommand } from './commands/report.ts';
import { runCommand } from './commands/run.ts';
import { selftestCommand } from './commands/selftest.ts';
import { packageVersion } from './commands/version.ts';
import { EXIT } from './errors.ts';

const program = new Command('gateprobe')
  .description('A probe for reverse proxies: says which hop, which timer and which line to change.')
  .version(packageVersion())
  .showHelpAfterError('(gateprobe --help lists the commands)');

const COMMANDS = [
  demoCommand,
  compareCommand,
  initCommand,
  checkCommand,
  runCommand,
  diagnoseCommand,
  explainCommand,
  decodeCommand,
  reportCommand,
  selftestCommand,
  memberCommand,
  labCommand,
];
for (const make of COMMANDS) {
  const command = make();
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
