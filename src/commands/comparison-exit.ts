/** What a comparison means to whoever called the command. */
import { EXIT } from '../errors.ts';
import type { Comparison } from '../model/comparison.ts';
import type { Profile } from '../model/profile.ts';
import { isGateClosed } from '../pipeline/gate.ts';

/** Exit code of a comparison, by itself. */
export function comparisonExit(comparison: Comparison, failOn: Profile['failOn']): number {
  if (comparison.verdict === 'invalid') return EXIT.invalidRun;
  return isGateClosed(comparison, failOn) ? EXIT.findings : EXIT.ok;
}
