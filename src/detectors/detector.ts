import type { Measures } from '../analysis/measures.ts';
import type { Gateway } from '../gateways/gateway.ts';
import type { CauseId } from '../model/causes.ts';
import type { Confidence, Estimate, Exhibit, Rival, Scope } from '../model/finding.ts';
import type { Severity } from '../model/severity.ts';

/** What a detector may see besides the measures: the recognised gateway's file, to tell who wrote an error. */
export type DetectorContext = { readonly measures: Measures; readonly gateway: Gateway };

/**
 * A cause with its evidence, before rivals and error control. The judge makes findings of candidates.
 * `p` is the probability of evidence at least this strong if the cause were absent, corrected for what the detector
 * searched over; 0 only where the observation itself is the cause (a refused connection is refused).
 */
export type Candidate = {
  readonly cause: CauseId;
  readonly scope: Scope;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly p: number;
  /** The answer in one plain sentence, with its numbers. */
  readonly title: string;
  /** What it means for users, and why we think so: one to three sentences. */
  readonly meaning: string;
  readonly measured: Readonly<Record<string, Estimate>>;
  readonly expected?: string;
  readonly exhibits: readonly Exhibit[];
  /** Rivals that this detector itself has excluded, with the reason. */
  readonly rivals: readonly Rival[];
  readonly affected?: { readonly count: number; readonly of: number };
  /** Sequence numbers of the kept failures or slow exchanges that this cause explains. The judge drops a candidate whose exchanges a stronger one explains. */
  readonly explains: ReadonlySet<number>;
  /** For the remedy: path of the request, and a value that the work would fit into. */
  readonly requestPath?: string;
  readonly suggestedUs?: number;
  /** For the remedy: the reason of the gateway's own HTTPERR, where all refusals have the same. */
  readonly refusedBy?: string;
};

export type Detection =
  | { readonly state: 'clear'; readonly checked: string }
  | { readonly state: 'candidates'; readonly candidates: readonly Candidate[] }
  | { readonly state: 'not-applicable'; readonly reason: string }
  | { readonly state: 'insufficient-data'; readonly need: string; readonly have: string };

/** A pure function from measures to a detection, one per cause. Never does I/O, never formats for a medium. */
export interface Detector {
  readonly cause: CauseId;
  detect(context: DetectorContext): Detection;
}

export function clear(checked: string): Detection {
  return { state: 'clear', checked };
}

export function notApplicable(reason: string): Detection {
  return { state: 'not-applicable', reason };
}

export function insufficient(need: string, have: string): Detection {
  return { state: 'insufficient-data', need, have };
}

/** Candidates, or clear when there are none. */
export function candidatesOr(candidates: readonly Candidate[], checked: string): Detection {
  return candidates.length > 0 ? { state: 'candidates', candidates } : clear(checked);
}
