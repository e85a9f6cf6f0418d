/**
 * From what client, gateway and member logged about one request to its cause: the decision table of methods D.6, all rows, in
 * order; the first that matches wins and its number is evidence. Pure.
 */

import type { Decision, TableRow } from './decision.ts';
import { DECISIONS_ANSWERED } from './decision-rows-answered.ts';
import { DECISIONS_FAILED } from './decision-rows-failed.ts';
import { DECISIONS_FRONT } from './decision-rows-front.ts';
import { DECISIONS_SLOW } from './decision-rows-slow.ts';
import { DECISIONS_TIMEOUT } from './decision-rows-timeout.ts';
import type { Facts } from './log-facts.ts';

/**
 * What an answer cost beyond the first attempt (37, 39, 42) goes before how slow it was (32-36): a repeat explains the time. Rows of
 * which a later one has the exacter evidence (43 and 44, a missing line) stand where the line is missing, at the beginning.
 */
export const DECISION_TABLE: readonly TableRow[] = [
  ...DECISIONS_FRONT,
  ...DECISIONS_TIMEOUT,
  ...DECISIONS_FAILED,
  ...DECISIONS_ANSWERED,
  ...DECISIONS_SLOW,
];

/** Nothing matched: what is missing for an answer is said. */
const UNDECIDED: Omit<Decision, 'because'> = { row: '45', confidence: 'possible', undecided: true };

export function decide(facts: Facts): Decision {
  for (const { row, when, decide: answer } of DECISION_TABLE) if (when(facts)) return { row, ...answer(facts) };
  return { ...UNDECIDED, because: whyUndecided(facts) };
}

function whyUndecided({ reading, frontLine, memberPresence, journey }: Facts): string {
  if (frontLine === undefined) return journey.gateway.because ?? 'the gateway’s log has no line of this request';
  if (reading === undefined) return 'the gateway’s line does not say what went wrong on the way to the member';
  if (memberPresence === 'unknown')
    return `${reading.because}; the member’s log was not given or has no certain line of it`;
  return reading.because;
}
