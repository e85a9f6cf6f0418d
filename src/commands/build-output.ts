/** Output for a build server: which one it is, and what it is told. */
import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { Option } from 'commander';
import {
  AZURE_WITH_ISSUES,
  azureSummaryLine,
  type BuildNote,
  type BuildServer,
  guardedJson,
  guardedText,
  noteLines,
  type Place,
  summaryText,
} from '../report/build-server.ts';
import { print, printError } from './output.ts';

export type CiChoice = BuildServer | 'none';
type Environment = Readonly<Record<string, string | undefined>>;

export function ciOption(): Option {
  return new Option(
    '--ci <server>',
    'annotations and summary of a build server (default: told from GITHUB_ACTIONS and TF_BUILD)',
  ).choices(['github', 'azure', 'none'] satisfies CiChoice[]);
}

/** The build server that was asked for, or the one whose variables are set. */
export function buildServerOf(choice: CiChoice | undefined, env: Environment): BuildServer | undefined {
  if (choice !== undefined) return choice === 'none' ? undefined : choice;
  if (env['GITHUB_ACTIONS'] === 'true') return 'github';
  // "True" on every agent.
  return env['TF_BUILD']?.toLowerCase() === 'true' ? 'azure' : undefined;
}

export type BuildOutput = {
  /** Prints text or JSON that may hold what a server answered. */
  readonly print: (text: string, kind?: 'text' | 'json') => void;
  /** Tells notes and a summary: Markdown, and the files that hold it. `isOnErrors`: standard output is data. */
  readonly tell: (
    notes: readonly BuildNote[],
    summary: { readonly markdown: string; readonly files: readonly string[] },
    how: { readonly isOnErrors: boolean; readonly exitCode: number },
  ) => void;
  /** Where a threshold stands in a profile. */
  readonly placeOf: (profileFile: string | undefined) => (threshold: string) => Place | undefined;
};

export function createBuildOutput(choice: CiChoice | undefined, env: Environment = process.env): BuildOutput {
  const server = buildServerOf(choice, env);
  return {
    print: (text, kind = 'text') =>
      print(kind === 'json' ? guardedJson(server, text) : guardedText(server, text, randomUUID())),
    tell: (notes, { markdown, files }, { isOnErrors, exitCode }) => {
      if (server === undefined) return;
      const say = isOnErrors ? printError : print;
      for (const line of noteLines(server, notes)) say(line);
      if (server === 'github') appendSummary(env['GITHUB_STEP_SUMMARY'], summaryText(markdown));
      else {
        for (const file of files) say(azureSummaryLine(resolve(file)));
        if (exitCode === 0 && notes.length > 0) say(AZURE_WITH_ISSUES);
      }
    },
    placeOf: (profileFile) => (server === undefined ? () => undefined : placesIn(profileFile, env)),
  };
}

function appendSummary(file: string | undefined, markdown: string): void {
  if (file === undefined || file === '') return;
  try {
    appendFileSync(file, `${markdown}\n`);
  } catch (error) {
    // The answer stands; a summary that cannot be shown must not turn a good build red.
    printError(`The summary cannot be written to ${file}: ${(error as Error).message}`);
  }
}

function placesIn(profileFile: string | undefined, env: Environment): (threshold: string) => Place | undefined {
  if (profileFile === undefined) return () => undefined;
  const root = env['GITHUB_WORKSPACE'] ?? env['BUILD_SOURCESDIRECTORY'] ?? process.cwd();
  const file = relative(root, resolve(profileFile)).split(sep).join('/');
  const lines = linesOf(profileFile);
  return (threshold) => {
    const at = lines.findIndex((line) => line.includes(threshold));
    return at < 0 ? undefined : { file, line: at + 1, column: (lines[at]?.indexOf(threshold) ?? 0) + 1 };
  };
}

/** Loaded a moment ago as a profile; where it is gone by now, annotations have no line. */
function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/);
  } catch {
    return [];
  }
}
