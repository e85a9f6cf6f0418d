/** Which findings another one of the same place makes unnecessary: the rule of the judge, for findings of several looks. Pure. */
import { EXPLAINED_BY } from '../detectors/explained-by.ts';
import type { Finding } from '../model/finding.ts';

export type Explanation<T> = { readonly by: T; readonly because: string };

type Placed = Pick<Finding, 'cause' | 'scope'>;

/**
 * Undefined: none of `others` explains it. Only rules that need no more than cause and place: what else a rule asks for was
 * measured in another look.
 */
export function explainedBy<T extends Placed>(finding: Placed, others: readonly T[]): Explanation<T> | undefined {
  for (const { loser, winner, sameMember, when, because } of EXPLAINED_BY) {
    if (loser !== finding.cause || when !== undefined) continue;
    const by = others.find(
      ({ cause, scope }) => cause === winner && (!sameMember || scope.member === finding.scope.member),
    );
    if (by !== undefined) return { by, because };
  }
  return undefined;
}
