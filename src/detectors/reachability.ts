/** The gateway that cannot be reached, and answers that the probe itself did not wait for. */
import type { Measures } from '../analysis/measures.ts';
import { type Exchange, isFailure, outcomeKey } from '../model/exchange.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf } from '../model/route.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { afterSendUs, ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { memberHangs } from './member-hangs.ts';
import { LEAST_TIMER_US } from './outage.ts';
import { type Tally, tallyOf } from './tally.ts';
import { tlsReason } from './tls.ts';

const LEAST_REQUESTS = 3;
/** Nearly all: a gateway that answers now and then is reachable. */
const UNREACHED_RATIO = 0.9;

/** No word of HTTP came back, and not because the answer took long. */
function unreached({ outcome }: Exchange): boolean {
  if (outcome.kind === 'timeout') return outcome.waitingFor === 'connect';
  return outcome.kind === 'connection-error' && ['dns', 'connect', 'tls'].includes(outcome.phase);
}

const PHASE_WORDS: Readonly<Record<string, string>> = {
  dns: 'its name does not resolve',
  connect: 'no connection',
  tls: 'the TLS handshake fails',
};

function phaseOf({ outcome }: Exchange): string {
  return outcome.kind === 'connection-error' ? outcome.phase : 'connect';
}

function words(exchange: Exchange): string {
  const { outcome } = exchange;
  if (outcome.kind === 'timeout') return `nobody answered within ${formatDuration(outcome.limitUs)}`;
  // The words of a TLS library are no sentence.
  if (outcome.kind === 'connection-error' && outcome.phase === 'tls') return tlsReason([exchange]);
  return outcome.kind === 'connection-error' ? outcome.detail : outcomeKey(outcome);
}

/** The most frequent one: a run may see several, for example a timeout first and refusals after a restart. */
function commonest(failed: readonly Exchange[]): Exchange {
  const key = (exchange: Exchange): string => `${phaseOf(exchange)} ${words(exchange)}`;
  const counts = new Map<string, number>();
  for (const exchange of failed) counts.set(key(exchange), (counts.get(key(exchange)) ?? 0) + 1);
  return failed.reduce((best, exchange) =>
    (counts.get(key(exchange)) ?? 0) > (counts.get(key(best)) ?? 0) ? exchange : best,
  );
}

function directWords(measures: Measures): string {
  if (measures.members.length === 0) return 'The profile names no members to ask instead.';
  const counts = measures.members.map((member) => ({ member, ...measures.counts({ route: directTo(member) }) }));
  if (counts.every(({ sent }) => sent === 0)) return 'Members were not asked directly.';
  const working = counts.filter(({ ok }) => ok > 0).map(({ member }) => member);
  return working.length > 0
    ? `${working.length} of ${counts.length} members answer directly (${working.join(', ')}): they work, and so does this machine's network towards them.`
    : 'No member answers directly either: check the addresses, and the network of this machine.';
}

/** No word of the other side at all: not even that its port is closed. */
function isSilent({ outcome }: Exchange): boolean {
  if (outcome.kind === 'timeout') return outcome.waitingFor === 'connect';
  return outcome.kind === 'connection-error' && (outcome.code === 'unreachable' || outcome.code === 'dns');
}

/** All ways are silent: as seen from here they share this machine and its network, which nothing in the run can tell from the farm. */
function reachesNobody(measures: Measures, gateway: readonly Exchange[]): boolean {
  const direct = measures.members.map((member) => tallyOf(measures, { route: directTo(member) }));
  const failed = [...gateway, ...direct.flatMap(({ kept }) => kept.filter(isFailure))];
  const answered = measures.members.some((member) => measures.counts({ route: directTo(member) }).ok > 0);
  return direct.length > 0 && direct.every(({ ended }) => ended > 0) && !answered && failed.every(isSilent);
}

/** It takes the request and closes at once, without a byte. */
function isWordless(exchange: Exchange): boolean {
  const { outcome } = exchange;
  return (
    outcome.kind === 'connection-error' &&
    ['send', 'wait', 'receive'].includes(outcome.phase) &&
    (outcome.code === 'closed' || outcome.code === 'reset') &&
    outcome.bytesReceived === 0 &&
    afterSendUs(exchange) < LEAST_TIMER_US
  );
}

/** Nearly every request ends so, and only through the gateway: it does not speak HTTP on this port, or does not want to. */
function wordless(tally: Tally, measures: Measures): Candidate | undefined {
  const closed = tally.kept.filter(isWordless);
  const count = tally.countOf(closed);
  if (closed.length < LEAST_REQUESTS || count < UNREACHED_RATIO * tally.ended) return undefined;
  const direct = measures.members.map((member) => tallyOf(measures, { route: directTo(member) }));
  // Members that do the same are a fault of their own, and the gateway may only pass it on.
  if (direct.some(({ kept }) => kept.some(isWordless))) return undefined;
  const answered = measures.members.reduce((sum, member) => sum + measures.counts({ route: directTo(member) }).ok, 0);
  const isCompared = answered >= LEAST_DIRECT;
  return {
    cause: 'gateway/unreachable',
    scope: { route: 'gateway' },
    severity: 'critical',
    confidence: isCompared ? 'likely' : 'possible',
    // Seen by itself: who closes at once does not answer.
    p: 0,
    title: `The gateway accepts connections and closes them without a word of HTTP: ${count} of ${tally.ended} requests${isCompared ? ', while members answer directly' : ''}.`,
    meaning: `The requests were sent, and the connections ended after ${formatDuration(afterSendUs(closed[0] as Exchange))} without a byte. A port that expects TLS does so when it is asked with http://, and so does a rule that drops requests unanswered (nginx 444, a firewall for applications), or another service on that port. ${directWords(measures)}`,
    measured: { unreachedRatio: { value: count / tally.ended } },
    exhibits: [
      exchangesExhibit(
        'gateway-unreachable',
        'Requests that the gateway ended without an answer',
        'Connected, sent, closed; no byte came back.',
        closed,
      ),
    ],
    rivals: [
      { cause: 'connection/dropped-before-response', whyNot: 'members asked directly answer' },
      { cause: 'timeout/gateway-response', whyNot: 'no timer is that short' },
    ],
    affected: { count, of: tally.ended },
    explains: seqsOf(closed),
  };
}

export const gatewayUnreachable: Detector = {
  cause: 'gateway/unreachable',
  detect({ measures }): Detection {
    const tally = tallyOf(measures, { route: GATEWAY });
    if (tally.ended < LEAST_REQUESTS)
      return insufficient(`${LEAST_REQUESTS} requests to the gateway`, String(tally.ended));
    const failed = tally.kept.filter(unreached);
    const count = tally.countOf(failed);
    if (failed.length < LEAST_REQUESTS || count < UNREACHED_RATIO * tally.ended) {
      const closing = wordless(tally, measures);
      return candidatesOr(
        closing === undefined ? [] : [closing],
        'the gateway accepts connections and answers on them',
      );
    }
    const example = commonest(failed);
    const phase = phaseOf(example);
    const isAlone = reachesNobody(measures, failed);
    const how = `${PHASE_WORDS[phase] ?? phase}: ${words(example)}`;
    return candidatesOr(
      [
        {
          cause: 'gateway/unreachable',
          scope: { route: 'gateway' },
          severity: 'critical',
          confidence: isAlone ? 'possible' : 'confirmed',
          // Seen by itself: who cannot connect is not answered.
          p: 0,
          title: isAlone
            ? `This machine reaches neither the gateway nor any member: look at its own network and at the addresses first (${how}).`
            : `The gateway cannot be reached, ${how}.`,
          meaning: `${count} of ${tally.ended} requests ended before a word of HTTP (in the phase ${phase}). ${directWords(measures)}`,
          measured: { unreachedRatio: { value: count / tally.ended } },
          exhibits: [
            exchangesExhibit(
              'gateway-unreachable',
              'Attempts to reach the gateway',
              'The words are those of the system.',
              failed,
            ),
          ],
          rivals: [{ cause: 'member/none-available', whyNot: 'the gateway itself gave no answer' }],
          affected: { count, of: tally.ended },
          explains: seqsOf(failed),
        },
      ],
      '',
    );
  },
};

/** With as many direct answers and none that took as long, a wait through the gateway only is no chance. */
const LEAST_DIRECT = 10;
const LEAST_HANGS = 3;

type GivenUp = {
  readonly ended: readonly Exchange[];
  readonly count: number;
  readonly asked: number;
  readonly limitUs: number;
};

export const probeTimeout: Detector = {
  cause: 'timeout/probe',
  detect({ measures }): Detection {
    const tally = tallyOf(measures, { roles: ORDINARY_ROLES });
    if (tally.ended === 0) return insufficient('ordinary requests', 'none were sent');
    // Where only one member hangs, the limit was long enough: that is the member's.
    const hung = new Set(
      memberHangs(measures).flatMap((hang) => [...hang.hung, ...hang.gateway].map(({ seq }) => seq)),
    );
    const ended = tally.kept.filter(
      ({ outcome, seq }) => outcome.kind === 'timeout' && outcome.waitingFor !== 'connect' && !hung.has(seq),
    );
    const limits = ended.map(({ outcome }) => (outcome.kind === 'timeout' ? outcome.limitUs : 0));
    if (ended.length === 0)
      return candidatesOr(
        [],
        hung.size === 0
          ? "every request ended before the probe's own limit"
          : 'only one member leaves requests without an answer',
      );
    const limitUs = Math.min(...limits);
    return candidatesOr(
      [givenUpCandidate({ ended, count: tally.countOf(ended), asked: tally.ended, limitUs }, measures)],
      '',
    );
  },
};

/** Whether only requests through the gateway hang, while members answer the same requests well within the limit. */
function hangsInGateway({ ended, limitUs }: GivenUp, measures: Measures): boolean {
  if (ended.length < LEAST_HANGS || ended.some(({ route }) => route !== GATEWAY)) return false;
  return [...new Set(ended.map(({ requestName }) => requestName))].every((requestName) =>
    measures.members.some((member) => {
      const direct = { route: directTo(member), roles: ORDINARY_ROLES, requestName };
      const times = measures.times(direct, 'service');
      return times.count >= LEAST_DIRECT && times.max < limitUs / 2;
    }),
  );
}

function givenUpCandidate(givenUp: GivenUp, measures: Measures): Candidate {
  const { ended, count, asked, limitUs } = givenUp;
  const isGateway = hangsInGateway(givenUp, measures);
  const routes = [...new Set(ended.map(({ route }) => memberOf(route) ?? 'the gateway'))].join(', ');
  const duration = formatDuration(limitUs);
  return {
    cause: 'timeout/probe',
    scope: { route: isGateway ? 'gateway' : 'probe' },
    severity: isGateway ? 'error' : 'warning',
    confidence: 'confirmed',
    // Seen by itself: the probe ended them.
    p: 0,
    title: isGateway
      ? `${count} requests through the gateway had no answer after ${duration}, when the probe gave up; members answer the same requests directly in time.`
      : `The probe gave up after ${duration} on ${count} of ${asked} requests (${routes}): limits.requestTimeout is shorter than the answer.`,
    meaning: isGateway
      ? 'The requests hang in the gateway, or between it and a member. How they would have ended is not known: raise limits.requestTimeout to learn whether a timer of the gateway ends them.'
      : 'How these requests would have ended is not known, so this says nothing about the target except that it was slower than the limit. Raise limits.requestTimeout above the longest answer.',
    measured: { timeoutUs: { value: limitUs } },
    exhibits: [
      exchangesExhibit(
        'probe-timeouts',
        'Requests that the probe ended',
        "Ended by the probe's own limit, not by the target.",
        ended,
      ),
    ],
    rivals: [{ cause: 'timeout/gateway-response', whyNot: 'the gateway had not answered yet when the probe gave up' }],
    affected: { count, of: asked },
    explains: seqsOf(ended),
  };
}
