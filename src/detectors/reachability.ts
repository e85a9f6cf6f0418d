/** The gateway that cannot be reached, and answers that the probe itself did not wait for. */
import { type Exchange, isFailure, outcomeKey } from '../model/exchange.ts';
import { formatDuration, formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY, memberOf } from '../model/route.ts';
import { candidatesOr, type Detection, type Detector, insufficient } from './detector.ts';
import { ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

const LEAST_REQUESTS = 3;
/** Nearly all: a gateway that answers now and then is reachable. */
const UNREACHED_RATIO = 0.9;

/** No word of HTTP came back, and not because the answer took long. */
function unreached({ outcome }: Exchange): boolean {
  if (outcome.kind === 'timeout') return outcome.waitingFor === 'connect';
  return outcome.kind === 'connection-error' && ['dns', 'connect', 'tls'].includes(outcome.phase);
}

function words({ outcome }: Exchange): string {
  if (outcome.kind === 'timeout') return `no answer within ${formatDuration(outcome.limitUs)} of connecting`;
  return outcome.kind === 'connection-error' ? outcome.detail : outcomeKey(outcome);
}

export const gatewayUnreachable: Detector = {
  cause: 'gateway/unreachable',
  detect({ measures }): Detection {
    const asked = measures
      .exchanges({ route: GATEWAY })
      .filter(({ sentUs, outcome }) => sentUs !== undefined && outcome.kind !== 'aborted');
    if (asked.length < LEAST_REQUESTS)
      return insufficient(`${LEAST_REQUESTS} requests to the gateway`, String(asked.length));
    const failed = asked.filter(unreached);
    if (failed.length < UNREACHED_RATIO * asked.length) return candidatesOr([], 'the gateway accepts connections');
    const first = failed[0] as Exchange;
    const phase = first.outcome.kind === 'connection-error' ? first.outcome.phase : 'connect';
    const working = measures.members.filter((member) => measures.counts({ route: directTo(member) }).ok > 0);
    return candidatesOr(
      [
        {
          cause: 'gateway/unreachable',
          scope: { route: 'gateway' },
          severity: 'critical',
          confidence: 'confirmed',
          p: 0,
          title: `The gateway cannot be reached (${phase}): ${words(first)}.`,
          meaning: `${failed.length} of ${asked.length} requests ended before a word of HTTP. ${working.length > 0 ? `${working.join(', ')} answer${working.length === 1 ? 's' : ''} directly, so this machine's network works.` : 'No member answers directly either: check the addresses, and the network of this machine.'}`,
          measured: { unreachedRatio: { value: failed.length / asked.length } },
          exhibits: [
            exchangesExhibit(
              'gateway-unreachable',
              'Attempts to reach the gateway',
              'The words are those of the system.',
              failed,
            ),
          ],
          rivals: [{ cause: 'member/none-available', whyNot: 'the gateway itself gave no answer' }],
          affected: { count: failed.length, of: asked.length },
          explains: seqsOf(failed),
        },
      ],
      '',
    );
  },
};

export const probeTimeout: Detector = {
  cause: 'timeout/probe',
  detect({ measures }): Detection {
    const asked = measures.exchanges({ roles: ORDINARY_ROLES }).filter(({ sentUs }) => sentUs !== undefined);
    if (asked.length === 0) return insufficient('ordinary requests', 'none were sent');
    const ended = asked.filter(({ outcome }) => outcome.kind === 'timeout' && outcome.waitingFor !== 'connect');
    const first = ended[0];
    if (first === undefined || first.outcome.kind !== 'timeout')
      return candidatesOr([], 'every request ended before the probe’s own limit');
    const { limitUs } = first.outcome;
    const routes = [...new Set(ended.map(({ route }) => memberOf(route) ?? 'the gateway'))];
    const onGateway = ended.filter(({ route }) => route === GATEWAY);
    const directOk =
      measures.members.some((member) => measures.counts({ route: directTo(member), roles: ORDINARY_ROLES }).ok > 0) &&
      ended.length === onGateway.length;
    return candidatesOr(
      [
        {
          cause: 'timeout/probe',
          scope: { route: 'probe' },
          severity: 'warning',
          confidence: 'confirmed',
          p: 0,
          title: `The probe gave up after ${formatDuration(limitUs)} on ${ended.length} of ${asked.length} requests (${routes.join(', ')}).`,
          meaning: `limits.requestTimeout is shorter than these answers took, so how they would have ended is not known.${directOk ? ' Only requests through the gateway were that slow; members asked directly answered in time.' : ''} ${formatRatio(ended.filter(isFailure).length / asked.length)} of all requests are concerned.`,
          measured: { timeoutUs: { value: limitUs } },
          exhibits: [
            exchangesExhibit(
              'probe-timeouts',
              'Requests that the probe ended',
              'Ended by the probe’s own limit, not by the target.',
              ended,
            ),
          ],
          rivals: [
            { cause: 'timeout/gateway-response', whyNot: 'the gateway had not answered yet when the probe gave up' },
          ],
          affected: { count: ended.length, of: asked.length },
          explains: seqsOf(ended),
        },
      ],
      '',
    );
  },
};
