/** Answers that members send piece by piece and the gateway sends all at once. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { allExceedP } from '../analysis/rank.ts';
import { headerLine } from '../gateways/answer.ts';
import type { Exchange } from '../model/exchange.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY, type RouteId } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit } from './evidence.ts';

/** Held back for less, nobody sees it (a tenth of a second is felt as at once; twice that leaves room for the network). */
const LEAST_HELD_US = 200_000;
/** A body that takes this share of the whole time is sent piece by piece, not merely large. */
const STREAMED_RATIO = 0.3;
/** Of the time that the body takes directly, what is left of it behind a gateway that collects it first. */
const COLLECTED_RATIO = 0.2;
const LEAST_ANSWERS = 8;
/** Of these somebody reads the pieces as they come; a file that is collected first is as good. */
const STREAMS = /^(?:text\/event-stream|application\/(?:x-ndjson|jsonl|stream\+json|grpc)|multipart\/x-mixed-replace)/i;

export const gatewayBuffering: Detector = {
  cause: 'gateway/buffering',
  detect({ measures }): Detection {
    if (measures.members.length === 0) return notApplicable('the profile names no members to compare with');
    const asked = measures.profile.requests.map(({ name }) => answersOf(name, measures));
    const most = Math.max(0, ...asked.map(({ direct, gateway }) => Math.min(direct.length, gateway.length)));
    if (most < LEAST_ANSWERS) return insufficient(`${LEAST_ANSWERS} answers to one request on each way`, String(most));
    const candidates = asked.flatMap((one) => candidateOf(one, measures) ?? []);
    return candidatesOr(candidates, 'no answer that members send piece by piece came all at once through the gateway');
  },
};

type Answers = {
  readonly requestName: string;
  readonly direct: readonly Exchange[];
  readonly gateway: readonly Exchange[];
};

const waitOf = ({ phasesUs }: Exchange): number => phasesUs?.wait ?? 0;
const receiveOf = ({ phasesUs }: Exchange): number => phasesUs?.receive ?? 0;

function answersOf(requestName: string, measures: Measures): Answers {
  const of = (route: RouteId): readonly Exchange[] =>
    measures.exchanges({ route, roles: ['slot'], requestName, cohorts: ['ok'] });
  return { requestName, direct: measures.members.flatMap((member) => of(directTo(member))), gateway: of(GATEWAY) };
}

function candidateOf({ requestName, direct, gateway }: Answers, measures: Measures): Candidate | undefined {
  if (direct.length < LEAST_ANSWERS || gateway.length < LEAST_ANSWERS) return undefined;
  const directReceiveUs = median(direct.map(receiveOf));
  const directWaitUs = median(direct.map(waitOf));
  const heldUs = median(gateway.map(waitOf)) - directWaitUs;
  const isStreamed =
    directReceiveUs >= LEAST_HELD_US && directReceiveUs >= STREAMED_RATIO * (directWaitUs + directReceiveUs);
  const isCollected = median(gateway.map(receiveOf)) <= COLLECTED_RATIO * directReceiveUs;
  // Held back for about as long as the body takes: a gateway that is merely slow adds a time of its own.
  const isHeld = heldUs >= LEAST_HELD_US && heldUs >= 0.5 * directReceiveUs && heldUs <= 1.5 * directReceiveUs;
  if (!isStreamed || !isCollected || !isHeld) return undefined;
  // All first bytes through the gateway after all direct ones; a few exceptions cost more than they prove.
  const latestDirectUs = Math.max(...direct.map(waitOf));
  const later = gateway.filter((exchange) => waitOf(exchange) > latestDirectUs);
  if (later.length < 0.9 * gateway.length) return undefined;
  const path =
    measures.profile.requests.find(({ name }) => name === requestName)?.path.replace(/\?.*/, '') ?? requestName;
  const isStream = gateway.some(
    ({ answer }) => answer !== undefined && STREAMS.test(headerLine(answer, 'content-type') ?? ''),
  );
  return {
    cause: 'gateway/buffering',
    scope: { route: 'gateway' },
    severity: isStream ? 'warning' : 'info',
    confidence: 'likely',
    p: allExceedP(direct.length, later.length),
    title: `The gateway holds ${path} back until it is complete: its first byte comes ${formatDuration(heldUs)} later than directly.`,
    meaning: `Members begin to answer after ${formatDuration(directWaitUs)} and go on for ${formatDuration(directReceiveUs)}; through the gateway everything comes at once at the end. ${isStream ? 'Its type is a stream: whoever reads it waits for each piece.' : 'For a file that is as good; for progress, events and long polls it is not.'}`,
    measured: { heldUs: { value: Math.round(heldUs) } },
    exhibits: [
      exchangesExhibit(
        `buffering-${requestName}`,
        'Answers that were held back',
        'As late as the whole answer takes directly, then all at once.',
        later,
      ),
    ],
    rivals: [
      { cause: 'gateway/overhead', whyNot: 'the end comes no later than directly, only the beginning' },
      { cause: 'queue/gateway', whyNot: 'the body, which takes its time directly, comes at once' },
    ],
    explains: new Set<number>(),
    requestPath: path,
  };
}
