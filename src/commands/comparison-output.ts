/** What `diff` and `run --against` share. */
import { EXIT } from '../errors.ts';
import type { Comparison } from '../model/comparison.ts';
import type { Profile } from '../model/profile.ts';
import { isGateClosed } from '../pipeline/gate.ts';

export function comparisonJson(comparison: Comparison): string {
  return `${JSON.stringify(comparison, null, 2)}\n`;
}

/** Exit code of a comparison, by itself. */
export function comparisonExit(comparison: Comparison, failOn: Profile['failOn']): number {
  if (comparison.verdict === 'invalid') return EXIT.invalidRun;
  return isGateClosed(comparison, failOn) ? EXIT.findings : EXIT.ok;
}
