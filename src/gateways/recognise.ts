import type { AnswerFacts } from '../model/exchange.ts';
import type { GatewayKind } from '../model/profile.ts';
import { formatRatio } from '../model/quantity.ts';
import type { RecognisedGateway } from '../model/recording.ts';
import { lastVia } from './answer.ts';
import type { Gateway } from './gateway.ts';

/** Below this a kind is not named: at 0.6 the marks speak for one kind, but a wrong name is worse than none. */
const NAMED_FROM = 0.6;
/** What is left of a mark when the members are of the same kind: the strongest mark (0.98) then stays below `NAMED_FROM`. */
const SHARED_KIND_FACTOR = 0.6;

type Mark = {
  readonly kind: GatewayKind;
  readonly title: string;
  readonly certainty: number;
  readonly because: string;
};

/** Marks of one kind on the answers of one route, by their sentence, with the number of answers that carry each. */
type Sightings = ReadonlyMap<string, { readonly certainty: number; readonly count: number }>;

function sight(gateway: Gateway, answers: readonly AnswerFacts[]): Sightings {
  const marks = new Map<string, { readonly certainty: number; readonly count: number }>();
  for (const answer of answers) {
    const recognition = gateway.recognise(answer);
    if (recognition === undefined) continue;
    const count = (marks.get(recognition.because)?.count ?? 0) + 1;
    marks.set(recognition.because, { certainty: recognition.certainty, count });
  }
  return marks;
}

/**
 * Marks that cannot come from a member: of the statuses that direct answers have, too, every answer through the gateway carries a mark
 * of the kind that no direct answer shows. One answer without it may have come from a member, and so may then the others.
 */
function gatewayOnly(
  gateway: Gateway,
  answers: readonly AnswerFacts[],
  directAnswers: readonly AnswerFacts[],
  directMarks: Sightings,
): ReadonlySet<string> {
  const statuses = new Set(directAnswers.map((answer) => answer.status));
  const comparable = answers.filter((answer) => statuses.has(answer.status));
  const marks = comparable.map((answer) => gateway.recognise(answer)?.because);
  const isAlways = marks.every((mark) => mark !== undefined && !directMarks.has(mark));
  return new Set(isAlways ? marks.filter((mark) => mark !== undefined) : []);
}

/** The strongest mark in the light of the direct answers. */
function bestMark(
  gateway: Gateway,
  answers: readonly AnswerFacts[],
  directAnswers: readonly AnswerFacts[],
): Mark | undefined {
  const marks = sight(gateway, answers);
  if (marks.size === 0) return undefined;
  const directMarks = sight(gateway, directAnswers);
  const ownMarks = gatewayOnly(gateway, answers, directAnswers, directMarks);
  let best: Mark | undefined;
  for (const [because, { certainty, count }] of marks) {
    const weighed = weigh(certainty, directMarks.has(because), ownMarks.has(because), directMarks.size > 0);
    if (best !== undefined && weighed <= best.certainty) continue;
    const shown = directMarks.has(because) ? ' Members show it on direct answers, too, so it proves nothing.' : '';
    const sentence = `${because} Seen on ${count} of ${answers.length} answers through the gateway.${shown}`;
    best = { kind: gateway.kind, title: gateway.title, certainty: weighed, because: sentence };
  }
  return best;
}

function weigh(certainty: number, isMembers: boolean, isOnlyGateways: boolean, areMembersOfKind: boolean): number {
  if (isMembers) return 0;
  // Half of the doubt was that the mark may be a member's.
  if (isOnlyGateways) return certainty + (1 - certainty) / 2;
  return areMembersOfKind ? certainty * SHARED_KIND_FACTOR : certainty;
}

function unknown(because: readonly string[], certainty: number): RecognisedGateway {
  return { kind: 'unknown', certainty, because, declared: false };
}

/** Names of proxies in `Via` that no file of ours knows, for the reader. */
function viaHints(answers: readonly AnswerFacts[]): readonly string[] {
  const names = new Set(answers.map(lastVia).filter((name) => name !== undefined));
  return [...names].slice(0, 3).map((name) => `The last entry of Via is ${name}.`);
}

function fromMarks(marks: readonly Mark[], answers: readonly AnswerFacts[]): RecognisedGateway {
  const [first, second] = marks;
  if (first === undefined) {
    return unknown([`Nothing in ${answers.length} answers names a kind of gateway.`, ...viaHints(answers)], 0);
  }
  if (first.certainty < NAMED_FROM) {
    const doubt = `Too little to name ${first.title} (${formatRatio(first.certainty)} sure).`;
    return unknown([first.because, doubt], first.certainty);
  }
  if (second !== undefined && second.certainty >= NAMED_FROM) {
    const conflict = `The answers speak for ${first.title} and for ${second.title}; name the kind in the profile (gateway: kind).`;
    return unknown([conflict, first.because, second.because], first.certainty - second.certainty);
  }
  return { kind: first.kind, certainty: first.certainty, because: [first.because], declared: false };
}

/**
 * Which kind of gateway this is, from answers through it and direct answers of its members. A kind that the profile declares is
 * believed; what speaks against it is said. `unknown` when the marks are weak, contradict each other, or are those of the members.
 */
export function recogniseGateway(
  gateways: readonly Gateway[],
  answers: readonly AnswerFacts[],
  directAnswers: readonly AnswerFacts[],
  declared?: GatewayKind,
): RecognisedGateway {
  const marks = gateways
    .map((gateway) => bestMark(gateway, answers, directAnswers))
    .filter((mark) => mark !== undefined)
    .sort((a, b) => b.certainty - a.certainty);
  const seen = fromMarks(marks, answers);
  if (declared === undefined || declared === 'unknown') return seen;
  const because = ['The profile says so.'];
  if (seen.kind === declared) because.push(...seen.because);
  else if (seen.kind !== 'unknown')
    because.push(`But its answers look like ${marks[0]?.title}: ${seen.because.join(' ')}`);
  return { kind: declared, certainty: 1, because, declared: true };
}
