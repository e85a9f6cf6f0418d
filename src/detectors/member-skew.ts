/** Shares of the members in what the gateway answers, where answers name their member. */
import type { Measures } from '../analysis/measures.ts';
import { binomialTail, proportionInterval } from '../analysis/proportion.ts';
import { formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';

/** So many answers for each member, so that an even share of one is told from a chance of none (methods C.6 asks for n ≥ 10·m). */
const LEAST_PER_MEMBER = 10;
/** Cramér's φ from which a difference of shares matters (methods C.6). */
const LEAST_EFFECT = 0.1;
/** As the judge asks of a warning: below it chance is no explanation. */
const ALPHA = 1e-4;

/** Members that fail more often directly are no equals. */
const FAILING_RATIO = 0.05;

type Share = { readonly member: string; readonly count: number; readonly p: number };

export const memberSkew: Detector = {
  cause: 'member/skew',
  detect({ measures }): Detection {
    // Whom a fault keeps from answering has its share explained.
    const members = measures.members.filter((member) => {
      const { sent, failed } = measures.counts({ route: directTo(member) });
      return failed <= FAILING_RATIO * sent;
    });
    if (members.length < 2) return notApplicable('shares need two members that answer directly');
    // Slots come evenly; a burst may be answered by whoever is left.
    const answers = measures.exchanges({ route: GATEWAY, roles: ['slot'], cohorts: ['ok'] });
    const named = answers.filter(({ answeredBy }) => answeredBy !== undefined && members.includes(answeredBy));
    const need = LEAST_PER_MEMBER * members.length;
    if (named.length < need)
      return insufficient(
        `${need} answers through the gateway that name their member (memberId in the profile: a header or cookie with the member's name)`,
        `${named.length} of ${answers.length}`,
      );
    const shares = members.map((member): Share => {
      const count = named.filter(({ answeredBy }) => answeredBy === member).length;
      return { member, count, p: twoSided(count, named.length, 1 / members.length) };
    });
    const even = named.length / members.length;
    const chiSquare = shares.reduce((sum, { count }) => sum + (count - even) ** 2 / even, 0);
    const effect = Math.sqrt(chiSquare / named.length / (members.length - 1));
    const p = Math.min(1, members.length * Math.min(...shares.map((share) => share.p)));
    const text = shares.map(({ member, count }) => `${member} ${formatRatio(count / named.length)}`).join(', ');
    if (p > ALPHA || effect < LEAST_EFFECT)
      return candidatesOr([], `shares of ${named.length} answers are even (${text})`);
    return candidatesOr([candidateOf(shares, named.length, text, p, measures)], '');
  },
};

/** Exact, both tails: the chance of a share this far from even, if each answer came from any member alike. */
function twoSided(k: number, n: number, share: number): number {
  return Math.min(1, 2 * Math.min(binomialTail(k, n, share), 1 - binomialTail(k + 1, n, share)));
}

function candidateOf(shares: readonly Share[], of: number, text: string, p: number, measures: Measures): Candidate {
  const furthest = shares.reduce((a, b) =>
    Math.abs(b.count - of / shares.length) > Math.abs(a.count - of / shares.length) ? b : a,
  );
  const idle = shares.filter(({ member, count }) => count === 0 && measures.counts({ route: directTo(member) }).ok > 0);
  const never = idle.map(({ member }) => member).join(', ');
  const share = { value: furthest.count / of, ...proportionInterval(furthest.count, of) };
  return {
    cause: 'member/skew',
    scope: { route: 'gateway', member: furthest.member },
    // What is meant is not known: weights, spares and affinity by address look the same.
    severity: 'info',
    confidence: 'possible',
    p,
    title:
      idle.length > 0
        ? `The gateway took none of ${of} answers from ${never}, which answers directly; shares: ${text}.`
        : `The gateway does not share traffic evenly: ${text} of ${of} answers.`,
    meaning:
      'If equal shares are meant, chance does not explain this. Weights, a spare member, affinity by address or cookie, and balancing by connections that stay open look the same; a member that its health test wrongly takes out as well.',
    measured: { share },
    expected: `${formatRatio(1 / shares.length)} each, if all members count alike`,
    exhibits: [
      {
        kind: 'table',
        id: 'member-shares',
        title: 'Who answered through the gateway',
        reading: 'Steady requests that succeeded, by the member that the answer names.',
        columns: [
          { title: 'member', unit: 'text' },
          { title: 'answers', unit: 'count' },
          { title: 'share', unit: 'ratio' },
        ],
        rows: shares.map(({ member, count }) => [member, count, count / of]),
      },
    ],
    rivals: [{ cause: 'member/errors', whyNot: 'only answers that succeeded are counted' }],
    explains: new Set<number>(),
  };
}
