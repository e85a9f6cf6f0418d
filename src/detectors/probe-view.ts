/** What only the probe may see of a member: its name or certificate as this machine takes them, while the gateway has a resolver and a trust of its own. */
import { GATEWAY } from '../model/route.ts';
import type { Candidate, DetectorContext } from './detector.ts';
import { ORDINARY_ROLES } from './elapsed.ts';

/** That a gateway which uses all members alike never takes this one by chance: then it leaves it out. */
const LEFT_OUT_P = 1e-3;

/** How the sentence goes on, for a cause that depends on where one looks from. */
export type ViewWords = {
  /** What the gateway does if it gets along with this member. */
  readonly accepts: string;
  /** What to do so that the probe sees the same. */
  readonly advice: string;
};

/**
 * A fault of direct requests that no request through the gateway shows is the probe's view first of all: the gateway
 * has its own resolver, and its own trust or none. Answers that name the member tell which.
 */
export function asSeenByProbe(candidate: Candidate, words: ViewWords, { measures }: DetectorContext): Candidate {
  // The frame says warning exactly where nothing through the gateway failed for it.
  if (candidate.severity !== 'warning') return candidate;
  const answers = measures.exchanges({ route: GATEWAY, roles: ORDINARY_ROLES, cohorts: ['ok'] });
  const named = answers.filter(({ answeredBy }) => measures.members.some((member) => member === answeredBy));
  const own = named.filter(({ answeredBy }) => answeredBy === candidate.scope.member).length;
  if (own > 0)
    return {
      ...candidate,
      severity: 'info',
      confidence: 'possible',
      title: `${candidate.title} The gateway ${words.accepts}: ${own} of its answers came from this member.`,
      meaning: `${candidate.meaning} So it is how this machine sees the member, not a fault of the farm, but nothing could be asked directly. ${words.advice}`,
    };
  if ((1 - 1 / measures.members.length) ** named.length < LEFT_OUT_P)
    return {
      ...candidate,
      confidence: 'likely',
      title: `${candidate.title} The gateway leaves this member out: redundancy is lost.`,
      meaning: `${candidate.meaning} None of ${named.length} answers through the gateway came from this member.`,
    };
  return {
    ...candidate,
    confidence: 'possible',
    title: `${candidate.title} No request through the gateway failed for it.`,
    meaning: `${candidate.meaning} Whether the gateway ${words.accepts}, or leaves this member out, these answers do not tell: name the header or cookie that says who answered (memberId in the profile). ${words.advice}`,
  };
}
