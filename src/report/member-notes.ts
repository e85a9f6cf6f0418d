/** What one member shows otherwise than all its peers, as notes: whether it should is for those who run it to say. */

import { type LoggedRefusal, loggedRefusals } from '../analysis/logged-refusals.ts';
import type { Measures } from '../analysis/measures.ts';
import { memberDifferences } from '../analysis/member-differences.ts';
import { formatNumber, formatRatio } from '../model/quantity.ts';

/** One sentence a member that differs, by its answers or by its log. */
export function memberNotes(measures: Measures): readonly string[] {
  return [
    ...answeredNotes(measures),
    ...(measures.logs === undefined ? [] : loggedNotes(loggedRefusals(measures.logs))),
  ];
}

function loggedNotes(refusals: readonly LoggedRefusal[]): readonly string[] {
  return [...new Set(refusals.map(({ member }) => member))].map((member) => {
    const own = refusals.filter((refusal) => refusal.member === member);
    const told = own.map(refusalText).join('; ');
    return `${member} answers otherwise than its peers, by their logs: ${told}. No fault is made of answers below 500, but a release or a setting that did not reach it looks like this; so does one client that sticks to it.`;
  });
}

function refusalText({ status, substatus = 0, count, of, peersCount, peersOf }: LoggedRefusal): string {
  const code = substatus === 0 ? `${status}` : `${status}.${substatus}`;
  return `${code} to ${shareText(count, of)}, the peers to ${shareText(peersCount, peersOf)}`;
}

function shareText(count: number, of: number): string {
  return count === 0
    ? `none of ${formatNumber(of)} requests`
    : `${formatNumber(count)} of ${formatNumber(of)} requests (${formatRatio(count / of)})`;
}

function answeredNotes(measures: Measures): readonly string[] {
  const differences = memberDifferences(measures);
  return [...new Set(differences.map(({ member }) => member))].map((member) => {
    const own = differences.filter((difference) => difference.member === member);
    const told = own.map(({ what, own: shown, peers }) => `${what} (${shown}; its peers: ${peers})`).join(', ');
    return `${member} answers otherwise than its peers, which answer alike: ${told}. A release or a setting that did not reach it looks like this; if it is meant to differ, nothing is wrong.`;
  });
}
