/** The gateway repeats a failed request at another member: answers that name two members, or a member whose failures never come through. */
import { fisherExact, proportionInterval } from '../analysis/proportion.ts';
import { type Exchange, isFailure } from '../model/exchange.ts';
import { formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  type DetectorContext,
  insufficient,
  notApplicable,
} from './detector.ts';
import { ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** So many failures of a member should have come through, and did not. */
const LEAST_MISSING = 5;
const LEAST_EVENTS = 3;
/** Methods that may be sent twice without doing anything twice (RFC 9110, 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export const retryDuplicate: Detector = {
  cause: 'gateway/retry-duplicate',
  detect(context): Detection {
    const { measures } = context;
    if (measures.members.length < 2)
      return notApplicable('a request can be repeated elsewhere only where there are two members');
    const answers = measures.exchanges({ route: GATEWAY, roles: ORDINARY_ROLES });
    const told = answers.filter((exchange) => namedMembers(exchange, context).length > 1 || attemptsOf(exchange) > 1);
    if (told.length > 0) return candidatesOr([toldCandidate(told, answers.length, context)], '');
    const failing = measures.members
      .map((member) => missingOf(member, context))
      .filter(({ isolated }) => isolated.length >= LEAST_EVENTS);
    if (failing.length === 0)
      return candidatesOr([], 'no answer names two members, and no member failed now and then when asked directly');
    if (answers.some(isCached))
      return insufficient(
        'answers that are made anew',
        'the gateway answers from a cache, and so may hide failures without repeating',
      );
    if (failing.every(({ answered }) => answered === 0))
      return insufficient(
        'answers through the gateway that name their member (memberId in the profile), to see whether a failing member is asked',
        `${failing.map(({ member }) => member).join(', ')} failed directly now and then, and no answer through the gateway came from there`,
      );
    return candidatesOr(
      failing.flatMap((missing) => maskedCandidate(missing, context) ?? []),
      'members that fail now and then do so through the gateway as well',
    );
  },
};

/**
 * Of an answer that lists who was asked (nginx `$upstream_addr`: "192.0.2.1:80, 192.0.2.2:80"), by the names of the profile or by
 * address. The same one twice is a second attempt as well.
 */
function namedMembers({ answeredBy = '' }: Exchange, { measures }: DetectorContext): readonly string[] {
  const known = measures.profile.members.flatMap(({ name, url }) => [
    [name, name] as const,
    [new URL(url).host, name] as const,
  ]);
  const parts = answeredBy.split(/\s*,\s*/);
  const members = parts.flatMap((part) => known.find(([word]) => word === part)?.[1] ?? []);
  // A list with a word that is no member means something else.
  return members.length === parts.length ? members : [];
}

/** What Envoy counts where it is told to (`include_attempt_count_in_response`); only on answers whose headers were kept. */
function attemptsOf({ answer }: Exchange): number {
  const count = answer?.headers['x-envoy-attempt-count'];
  return typeof count === 'string' && /^\d{1,3}$/.test(count) ? Number(count) : 1;
}

/** `Age` above zero, or a cache that says so. */
function isCached({ answer }: Exchange): boolean {
  const { age, 'x-cache': cache } = answer?.headers ?? {};
  return (typeof age === 'string' && Number(age) > 0) || (typeof cache === 'string' && /\bhit\b/i.test(cache));
}

type Missing = {
  readonly member: string;
  /** Direct failures with successes before and after: nothing that a health test would have taken the member out for. */
  readonly isolated: readonly Exchange[];
  /** All that a gateway may repeat, also several in a row. */
  readonly failed: number;
  readonly directOk: number;
  /** Answers of this member through the gateway, and all failures there, whoever's they are. */
  readonly answered: number;
  readonly gatewayFailed: number;
  readonly through: readonly Exchange[];
};

/** A gateway may repeat what a member refused, cut off or failed; what only our own reuse of connections lost is not among it. */
function isMembersFailure({ outcome, connection }: Exchange): boolean {
  if (outcome.kind === 'response') return outcome.complete && outcome.status >= 500;
  if (outcome.kind !== 'connection-error' || outcome.bytesReceived > 0) return false;
  return (
    outcome.code === 'refused' ||
    (connection?.isNew === true && (outcome.code === 'reset' || outcome.code === 'closed'))
  );
}

function missingOf(member: string, { measures }: DetectorContext): Missing {
  // Slots ask the same requests on every route, side by side.
  const direct = measures
    .exchanges({ route: directTo(member), roles: ['slot'] })
    .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted')
    .sort((a, b) => (a.sentUs ?? 0) - (b.sentUs ?? 0));
  const isOk = (index: number): boolean => direct[index] !== undefined && !isFailure(direct[index]);
  const isolated = direct.filter(
    (exchange, i) => isMembersFailure(exchange) && isFailure(exchange) && isOk(i - 1) && isOk(i + 1),
  );
  const gateway = measures.exchanges({ route: GATEWAY, roles: ['slot'] });
  const through = gateway.filter((exchange) => !isFailure(exchange) && exchange.answeredBy === member);
  return {
    member,
    isolated,
    failed: direct.filter((exchange) => isMembersFailure(exchange) && isFailure(exchange)).length,
    directOk: direct.filter((exchange) => !isFailure(exchange)).length,
    answered: through.length,
    gatewayFailed: gateway.filter(isFailure).length,
    through,
  };
}

/** Fails directly now and then, and not through the gateway, although it answers there: by chance, or because it is asked again elsewhere. */
function maskedCandidate(missing: Missing, context: DetectorContext): Candidate | undefined {
  const { member, isolated, failed, directOk, answered, gatewayFailed } = missing;
  const ratio = failed / (failed + directOk);
  // Isolated ones only: of several in a row a health test may have taken the member out.
  const due = (answered * isolated.length) / directOk;
  if (due - gatewayFailed < LEAST_MISSING) return undefined;
  const p =
    fisherExact(isolated.length, directOk, gatewayFailed, answered, 'greater') * context.measures.members.length;
  const isUnsafe = repeatsUnsafely(isolated, context);
  return {
    ...FRAME,
    scope: { route: 'gateway', member },
    // Repeated on purpose, as a GET may be, it hurts nobody; what it hides has a finding of its own.
    severity: isUnsafe ? 'warning' : 'info',
    confidence: 'likely',
    p: Math.min(1, p),
    title: `The gateway repeats what fails at ${member}: directly ${formatRatio(ratio)} of its requests fail, and of those it answered through the gateway at least about ${Math.round(due)} should have, where ${gatewayFailed} did.`,
    meaning: `${member} answered ${answered} requests through the gateway in the same time, so it is in use. Users do not see its failures as errors, but wait for a second attempt.${isUnsafe ? ' Among what fails are requests that must not be done twice (POST): whether the member had done them before it failed, only its log tells.' : ''}`,
    measured: { errorRatio: { value: ratio, ...proportionInterval(failed, failed + directOk) } },
    exhibits: [
      exchangesExhibit(
        `retry-masked-${member}`,
        `Direct requests that failed at ${member}`,
        'Each came between two that succeeded: too short for a health test to take the member out. None of its kind came through the gateway.',
        isolated,
      ),
    ],
    rivals: [
      { cause: 'member/none-available', whyNot: `the gateway uses ${member}: ${answered} answers came from it` },
      {
        cause: 'connection/keep-alive-race',
        whyNot: 'losses on connections that the probe itself reused are not counted',
      },
    ],
  };
}

/** The answer itself says so: by a list of members, or a count of attempts. */
function toldCandidate(told: readonly Exchange[], of: number, context: DetectorContext): Candidate {
  const pairs = [...new Set(told.map((exchange) => namedMembers(exchange, context).join(', ')))].filter(
    (text) => text !== '',
  );
  const isUnsafe = repeatsUnsafely(told, context);
  return {
    ...FRAME,
    scope: { route: 'gateway' },
    severity: isUnsafe ? 'warning' : 'info',
    confidence: 'confirmed',
    // Read, not inferred.
    p: 0,
    title: `The gateway sent ${told.length} of ${of} requests more than once${pairs.length === 0 ? '' : ` (${pairs.slice(0, 3).join('; ')})`}.`,
    meaning: `The answers themselves say so. A first attempt failed, and users waited for the second.${isUnsafe ? ' Among them are requests that must not be done twice (POST): the first member may have done them before it failed.' : ''}`,
    measured: { repeatedRatio: { value: told.length / of, ...proportionInterval(told.length, of) } },
    exhibits: [
      exchangesExhibit(
        'retry-told',
        'Requests that were sent more than once',
        'As the header of the answer says.',
        told,
      ),
    ],
    rivals: [{ cause: 'member/slow', whyNot: 'the gateway counted the attempts' }],
    affected: { count: told.length, of },
    explains: seqsOf(told),
  };
}

/** It explains no failure of its own: those that it hides are another cause's. */
const FRAME = { cause: 'gateway/retry-duplicate', explains: new Set<number>() } as const;

function repeatsUnsafely(exchanges: readonly Exchange[], { measures }: DetectorContext): boolean {
  const unsafe = new Set(
    measures.profile.requests.filter(({ method }) => !IDEMPOTENT.has(method)).map(({ name }) => name),
  );
  return exchanges.some(({ requestName }) => unsafe.has(requestName));
}
