/** What one member shows otherwise than all its peers, as notes: whether it should is for those who run it to say. */

import type { Measures } from '../analysis/measures.ts';
import { memberDifferences } from '../analysis/member-differences.ts';

/** One sentence a member that differs. */
export function memberNotes(measures: Measures): readonly string[] {
  const differences = memberDifferences(measures);
  return [...new Set(differences.map(({ member }) => member))].map((member) => {
    const own = differences.filter((difference) => difference.member === member);
    const told = own.map(({ what, own: shown, peers }) => `${what} (${shown}; its peers: ${peers})`).join(', ');
    return `${member} answers otherwise than its peers, which answer alike: ${told}. A release or a setting that did not reach it looks like this; if it is meant to differ, nothing is wrong.`;
  });
}
