import type { CauseId } from '../model/causes.ts';
import type { Confidence } from '../model/finding.ts';
import type { HopOutcome } from '../model/hop.ts';
import type { Facts } from './log-facts.ts';

/** What a row of the table came to. Without a cause: the request is explained and is nobody's fault, or cannot be explained. */
export type Decision = {
  /** Number of the row, part of the evidence. */
  readonly row: string;
  readonly cause?: CauseId;
  readonly confidence: Confidence;
  /** One sentence in the words of the lines. */
  readonly because: string;
  /** Who is meant, where the cause is a member's. */
  readonly member?: string;
  /** What the gateway waited for, where it timed out (µs). */
  readonly waitedUs?: number;
  /** The lines do not tell; `because` says what is missing. */
  readonly undecided?: true;
};

export type TableRow = {
  readonly row: string;
  readonly when: (facts: Facts) => boolean;
  readonly decide: (facts: Facts) => Omit<Decision, 'row'>;
};

/** What both sides say together is proof; what a row of medium weight says is likely; the rest is possible (methods D.6). */
export const HIGH: Confidence = 'confirmed';
export const MEDIUM: Confidence = 'likely';
export const LOW: Confidence = 'possible';

/** The gateway's own words are exact from here on; below, a number or a duration has rivals. */
const SURE = 0.85;
const FAIRLY = 0.65;
/** Below it the gateway's line is as likely wrong as right, and the member's line would have to prove all. */
const EVEN = 0.5;

/** Confidence of what only the gateway's own lines say. Nothing is proved by one side. */
export function fromFrontAlone({ reading }: Facts): Confidence {
  return (reading?.sure ?? 0) >= FAIRLY ? MEDIUM : LOW;
}

/** Proof where a line of the member agrees that is certainly about this request; else what the gateway's words are worth. */
export function withLine(facts: Facts, isAgreeing: boolean): Confidence {
  if (isAgreeing && facts.isSameRequest && (facts.reading?.sure ?? 0) >= EVEN) return HIGH;
  return fromFrontAlone(facts);
}

/** A missing line fits several causes: it proves only what the gateway says in exact words. */
export function withAbsence(facts: Facts): Confidence {
  return isAbsent(facts) && isExact(facts) ? HIGH : fromFrontAlone(facts);
}

export function isExact({ reading }: Facts): boolean {
  return (reading?.sure ?? 0) >= SURE;
}

/** The member's log reaches beyond this request and has no line of it. */
export function isAbsent({ memberPresence, memberLine }: Facts): boolean {
  return memberPresence === 'absent' && memberLine === 'none';
}

/** The reading is one of these, or may be one where it is not exact. */
export function mayBe(facts: Facts, ...outcomes: readonly HopOutcome[]): boolean {
  if (outcomes.includes(facts.outcome)) return true;
  return !isExact(facts) && (facts.reading?.rivals ?? []).some((rival) => outcomes.includes(rival));
}

export function is(facts: Facts, ...outcomes: readonly HopOutcome[]): boolean {
  return outcomes.includes(facts.outcome);
}

export function says({ reading }: Facts): string {
  return reading?.because ?? 'the gateway’s line does not say more';
}

export function at(facts: Facts): { readonly member?: string } {
  return facts.memberName === undefined ? {} : { member: facts.memberName };
}

export function kernelSays({ kernel }: Facts, pattern: RegExp): string | undefined {
  return kernel.find((reason) => pattern.test(reason));
}
