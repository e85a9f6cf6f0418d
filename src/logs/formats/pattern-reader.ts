/** Lines read by a compiled pattern: places first, texts only when asked for. */
import { UserError } from '../../errors.ts';
import type { FormatOptions, PatternProblem } from '../format.ts';
import { plainText } from './clf-request.ts';
import type { CompiledPattern, PatternMatcher } from './pattern-match.ts';

/** How some variables are taken. */
export type ValueRules = {
  /** Kept also when they are `-` or empty, because that says something. */
  readonly kept: ReadonlySet<string>;
  /** Left as logged: paths and queries. Escapes of JSON are undone in all. */
  readonly verbatim: ReadonlySet<string>;
};

/** The values of the first `count` fields of a matched line by name, those that are `-` or empty left out. Of a variable that stands twice the first one counts. */
export function valuesOf(
  { fields, escaping }: CompiledPattern,
  { starts, ends }: PatternMatcher,
  buffer: Buffer,
  { kept, verbatim }: ValueRules,
  count = fields.length,
): Map<string, string> {
  const values = new Map<string, string>();
  for (const [index, { name }] of fields.entries()) {
    if (index === count) break;
    if (values.has(name)) continue;
    const start = starts[index] as number;
    const end = ends[index] as number;
    const isNothing = end <= start || (end - start === 1 && buffer[start] === 45);
    if (isNothing && !kept.has(name)) continue;
    values.set(name, plainText(buffer, start, end, escaping === 'backslash' && verbatim.has(name) ? 'none' : escaping));
  }
  return values;
}

/** Place of a field in the pattern; -1 when it is not in it. */
export function fieldAt({ fields }: CompiledPattern, ...names: readonly string[]): number {
  for (const name of names) {
    const at = fields.findIndex((field) => field.name === name);
    if (at >= 0) return at;
  }
  return -1;
}

/** Compiles what the options say. Profiles are checked before; whoever comes here with a pattern that cannot be read gets the reason. */
export function patternOf(
  options: FormatOptions,
  compile: (text: string) => CompiledPattern | readonly PatternProblem[],
): CompiledPattern | undefined {
  if (options.pattern === undefined) return undefined;
  const compiled = compile(options.pattern);
  if ('fields' in compiled) return compiled;
  const [problem] = compiled;
  throw new UserError(
    `the log pattern cannot be used: at character ${(problem?.offset ?? 0) + 1}, expected ${problem?.expected}, found ${problem?.found}`,
    { hint: 'Copy the log_format or LogFormat as it stands in the configuration of the gateway.' },
  );
}
