/** What commands print. The only place, with the command line itself, that touches the standard streams. */

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EXIT, type Problem, ProfileError, UserError } from '../errors.ts';
import type { Report } from '../model/report.ts';
import type { Severity } from '../model/severity.ts';
import { isAtLeast } from '../model/severity.ts';
import { formatProblems } from '../profile/problems.ts';

export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export function printError(text: string): void {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** Colours only for a human at a terminal; NO_COLOR (no-color.org) is obeyed. */
export function hasColor(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
}

/** Prints an error for its reader and gives the exit code: users get a sentence and what to do, bugs a stack. */
export function explainError(error: unknown): number {
  if (error instanceof ProfileError) {
    printError(formatProblems(error));
    return error.exitCode;
  }
  if (error instanceof UserError) {
    printError(`gateprobe: ${error.message}${error.hint === undefined ? '' : `\n  ${error.hint}`}`);
    return error.exitCode;
  }
  printError(
    `gateprobe: this is a bug. Please report it with the lines below.\n${error instanceof Error ? error.stack : String(error)}`,
  );
  return EXIT.bug;
}

export function exitCodeOf(report: Report, failOn: Severity | 'never'): number {
  if (report.interrupted) return EXIT.interrupted;
  if (!report.validity.ok) return EXIT.invalidRun;
  if (report.thresholds.some(({ gate }) => gate === 'fail')) return EXIT.findings;
  if (failOn === 'never' || report.worst === 'none') return EXIT.ok;
  return isAtLeast(report.worst, failOn) ? EXIT.findings : EXIT.ok;
}

/** Writes a file that the user named, and says so (unless `isSilent`). Throws UserError. */
export async function storeText(file: string, text: string, { isSilent = false } = {}): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (error) {
    throw new UserError(`${file} cannot be written: ${(error as Error).message}`, {
      hint: 'Choose another file with --out.',
    });
  }
  if (!isSilent) printError(`${file} is written.`);
}

/** One line for a problem with a log or a file. */
export function problemText({ path, message, expected, found, hint }: Problem): string {
  const wanted = expected === undefined ? '' : `; expected ${expected}`;
  const got = found === undefined ? '' : `, found ${found}`;
  return `${path}: ${message}${wanted}${got}${hint === undefined ? '' : `. ${hint}`}`;
}
