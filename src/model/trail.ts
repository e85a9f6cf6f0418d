/** How a run that chooses its experiments itself came to its answer. */

/** What such a run may spend. The profile's limits hold besides. */
export type AutoBudget = {
  readonly durationUs: number;
  /** Requests on all routes together. */
  readonly requests: number;
  /** Requests that are slow or failing on purpose. */
  readonly deliberate: number;
};

export type TrailStep = {
  /** Of the recording. */
  readonly experimentId: string;
  /** A few words: what was tried. */
  readonly what: string;
  /** One sentence: what it followed from. */
  readonly why: string;
  readonly gatewayRequests: number;
  readonly directRequests: number;
  /** Of these, slow or failing on purpose: their ids are in the audit log. */
  readonly deliberate: number;
  readonly startUs: number;
  readonly durationUs: number;
  /** One sentence: what it showed. */
  readonly result: string;
};

/**
 * `firm`: the verdict stands. `nothing-wrong`: nothing looked wrong within what was asked. `undecided`: something looked
 * wrong, and no step is left that is permitted and would tell. `budget`: the next step would have cost too much.
 */
export type TrailEnd = 'firm' | 'nothing-wrong' | 'undecided' | 'budget' | 'interrupted';

export type Trail = {
  readonly steps: readonly TrailStep[];
  readonly end: TrailEnd;
  /** One or two sentences: why it stopped there. */
  readonly because: string;
  readonly notLookedFor: readonly { readonly what: string; readonly why: string }[];
  readonly budget: AutoBudget;
};

/** File beside `recording/` that lists requests that were slow or failing on purpose. */
export const AUDIT_FILE = 'audit.jsonl';
