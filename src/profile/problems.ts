/** Faults of a profile in the form a user reads, with line, column, what was expected and what was found. */
import { type Problem, ProfileError } from '../errors.ts';
import { type Fault, formatPath, type Path } from './parsed.ts';
import { describeValue } from './raw.ts';
import type { Locator } from './source.ts';

/** One fault, not yet located in the file. */
export type ProfileFault = {
  readonly path: Path;
  /** Whether it is about the key or about the value; default: the value. */
  readonly part?: 'key' | 'value';
  /** Characters into the value. */
  readonly offset?: number;
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  readonly hint?: string;
};

/** A value that a parser refused. `shown` is what is shown as found where the value itself must not be. */
export function faultOfValue(path: Path, value: unknown, fault: Fault, shown?: string): ProfileFault {
  const found = shown ?? fault.found ?? describeValue(value);
  return {
    path,
    message: `expected ${fault.expected}, found ${found}`,
    expected: fault.expected,
    found,
    ...(fault.hint === undefined ? {} : { hint: fault.hint }),
    ...(fault.offset === undefined ? {} : { offset: fault.offset }),
  };
}

export function locateFault(fault: ProfileFault, locator: Locator | undefined): Problem {
  const { path, part, offset, ...words } = fault;
  const position = locator?.position(path, part, offset);
  // Only of a threshold: its words depend on each other, and it holds no secret, as other lines may.
  const excerpt =
    path[0] === 'thresholds' && path.length > 1 && position !== undefined ? locator?.line(position.line) : undefined;
  return { path: formatPath(path), ...position, ...words, ...(excerpt === undefined ? {} : { excerpt }) };
}

/** In the order of the file, without repetitions; what has no line comes first. */
export function sortedProblems(problems: readonly Problem[]): Problem[] {
  const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...unique.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

/** More lines than these are not read by anybody; the first ones are the ones to mend. */
const MAX_SHOWN_PROBLEMS = 100;

/** A longer line would wrap, and the caret would point at nothing. */
const MAX_EXCERPT = 160;

/** One line per problem, of a threshold also the line itself: `profiles/shop.yaml:14:12 experiments[1].burst.rate: expected a rate …, found 300. Write 300/s.` */
export function formatProblems(error: ProfileError): string {
  const lines = error.problems.slice(0, MAX_SHOWN_PROBLEMS).map((problem) => formatProblem(error.file, problem));
  const hidden = error.problems.length - lines.length;
  if (hidden > 0) lines.push(`${error.file}: and ${hidden} more`);
  return lines.join('\n');
}

function formatProblem(file: string, problem: Problem): string {
  const place = [file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  const about = problem.path === '' ? ': ' : ` ${problem.path}: `;
  const hint = problem.hint === undefined ? '' : ` ${problem.hint}`;
  const line = oneLine(`${place}${about}${problem.message}${/[.?!]$/.test(problem.message) ? '' : '.'}${hint}`);
  return [line, ...excerptLines(problem)].join('\n');
}

/** The line as it is written, and a caret below the word that is meant. */
function excerptLines({ excerpt, column }: Problem): readonly string[] {
  if (excerpt === undefined || column === undefined || excerpt.length > MAX_EXCERPT) return [];
  // One character stays one character: the caret must not move.
  const shown = excerpt.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
  return [`  ${shown}`, `  ${' '.repeat(column - 1)}^`];
}

/** A user's text may hold anything; a control character must not reach a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
}

export function profileError(file: string, problems: readonly Problem[]): ProfileError {
  return new ProfileError(file, sortedProblems(problems));
}
