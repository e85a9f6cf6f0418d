/**
 * What every detector owes: one row each, with all kinds of recordings by which it can be wrong. A kind is a property, so a row without it does
 * not compile, and `matrix.test.ts` finds a detector of the catalog without a row.
 */
import type { CauseId } from '../../../src/model/causes.ts';
import type { Scope } from '../../../src/model/finding.ts';
import type { Recording } from '../../../src/model/recording.ts';
import type { Severity } from '../../../src/model/severity.ts';

export type Noise = 0 | 1 | 10;

export type Truth = {
  readonly value: number;
  /** How far the measured value may be off, as a share of the truth. */
  readonly within: number;
};

export type Row = {
  readonly cause: CauseId;
  /** The fault, clear to see: found at each noise, at the right place, with the right value. */
  readonly good: {
    readonly make: (seed: number, noise: Noise) => Recording;
    readonly scope: Pick<Scope, 'route' | 'member'>;
    readonly severity: Severity;
    readonly measured?: Readonly<Record<string, Truth>>;
    /** True as well, and so rightly told beside it: `cause@place`. */
    readonly beside?: readonly string[];
  };
  /** The same experiments without the fault: looked at, and clear. */
  readonly healthy: (seed: number, noise: Noise) => Recording;
  /** The fault just too small to be told (no warning), and just large enough. */
  readonly borderline: {
    readonly below: (seed: number) => Recording;
    readonly above: (seed: number) => Recording;
  };
  /** Too few observations of the fault, and what the detector says it lacks. `never`: why no sample can be too small. */
  readonly tooLittle: { readonly recording: () => Recording; readonly need: RegExp } | { readonly never: string };
  /** A farm or a run to which the question does not apply. `never`: why it always does. */
  readonly notApplicable: { readonly recording: () => Recording; readonly reason: RegExp } | { readonly never: string };
};

export const SEC = 1_000_000;
export const MS = 1_000;
export const MEMBERS = ['web1', 'web2', 'web3'] as const;
