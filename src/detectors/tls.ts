/** TLS handshakes that fail: certificates that are refused, or no protocol in common. */
import type { Exchange } from '../model/exchange.ts';
import type { Rival } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import { type BeforeRequest, failedBeforeRequest } from './before-request.ts';
import { detectorOf, gatewayMade, isHandshakeTimeout, type Kind } from './connection.ts';
import { candidatesOr, type Detection, type Detector, insufficient, notApplicable } from './detector.ts';
import { asSeenByProbe } from './probe-view.ts';
import { tallyOf } from './tally.ts';

/** Two could be one incident seen twice. */
const LEAST_EVENTS = 3;

/** OpenSSL's and Node's names of the reasons, in words for a reader who is in a hurry. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/CERT_HAS_EXPIRED/, 'its certificate has expired'],
  [/CERT_NOT_YET_VALID/, 'its certificate is not valid yet, or a clock is wrong'],
  [/ERR_TLS_CERT_ALTNAME_INVALID/, 'its certificate is for another name'],
  [/CERT_REVOKED/, 'its certificate was revoked'],
  [/DEPTH_ZERO_SELF_SIGNED_CERT/, 'its certificate is signed by itself'],
  [
    /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
    'its certificate is signed by nobody that this machine knows, or it does not send the chain',
  ],
  [
    /SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT|CERT_UNTRUSTED/,
    'its certificate is signed by nobody that this machine knows',
  ],
  [/WRONG_VERSION_NUMBER|wrong version number|packet length too long/i, 'what listens there does not speak TLS'],
  [
    /certificate.required|bad.certificate|ALERT_HANDSHAKE_FAILURE|alert handshake failure/i,
    'it refuses what the probe offers: it may ask for a client certificate, or there is no cipher in common',
  ],
  [/UNSUPPORTED_PROTOCOL|protocol version/i, 'there is no version of TLS in common'],
];

function isRefusedTls({ outcome }: Exchange): boolean {
  return outcome.kind === 'connection-error' && (outcome.code === 'tls' || outcome.phase === 'tls');
}

function isTlsFailure(exchange: Exchange): boolean {
  return isRefusedTls(exchange) || isHandshakeTimeout(exchange);
}

/** Why, by the first of them: what a handshake fails of does not change within a run, as a rule. */
export function tlsReason(events: readonly Exchange[]): string {
  const outcome = events[0]?.outcome;
  if (outcome?.kind === 'timeout') return `the handshake was not over after ${formatDuration(outcome.limitUs)}`;
  const detail = outcome?.kind === 'connection-error' ? outcome.detail : '';
  return REASONS.find(([pattern]) => pattern.test(detail))?.[1] ?? detail;
}

const RIVALS: readonly Rival[] = [
  { cause: 'connection/unreachable', whyNot: 'the connection itself was made' },
  { cause: 'connection/refused', whyNot: 'the connection itself was made' },
];

const memberTls: Kind = {
  cause: 'tls/failed',
  matches: isTlsFailure,
  title: (member, _ratio, share, events) => `The TLS handshake with ${member} fails: ${tlsReason(events)} (${share}).`,
  meaning:
    'A gateway that checks certificates answers for such a member with an error of its own: 502 (nginx, Caddy, ARR), 503 (HAProxy, Envoy) or 500 (Apache).',
  rivals: RIVALS,
  leastEvents: LEAST_EVENTS,
  isClosed: true,
  gatewayWaits: false,
  gatewayShows: gatewayMade,
  hiddenWords: '',
};

const WORDS = {
  accepts: 'gets along with it (it does not check, or trusts other authorities)',
  advice: 'Give the member tls.ca, sni or a client certificate in the profile, or tls.verify: false.',
} as const;

const gatewayTls: BeforeRequest = {
  cause: 'tls/failed',
  matches: isTlsFailure,
  title: (failed, share) =>
    share === undefined
      ? `The TLS handshake with the gateway fails: ${tlsReason(failed)}.`
      : `${share} of TLS handshakes with the gateway fail: ${tlsReason(failed)}.`,
  meaning:
    'Clients that check certificates against the same authorities as this machine fail alike. Where some handshakes succeed, machines behind this name differ. Where it is only the probe that lacks an authority, give it as tls.ca of the gateway in the profile.',
  exhibitTitle: 'Handshakes with the gateway',
  rivals: [...RIVALS, { cause: 'gateway/unreachable', whyNot: 'it accepts connections; only TLS on them fails' }],
};

const members: Detector = detectorOf([memberTls], 'TLS handshakes succeed');

export const tlsFailed: Detector = {
  cause: 'tls/failed',
  detect(context): Detection {
    const { profile } = context.measures;
    if (![profile.gateway, ...profile.members].some(({ url }) => url.startsWith('https:')))
      return notApplicable('neither the gateway nor a member is asked over TLS');
    const atGateway = failedBeforeRequest(gatewayTls, context);
    const direct = members.detect(context);
    const found = [
      ...(atGateway === undefined ? [] : [atGateway]),
      ...(direct.state === 'candidates'
        ? direct.candidates.map((candidate) => asSeenByProbe(candidate, WORDS, context))
        : []),
    ];
    if (found.length > 0) return candidatesOr(found, '');
    const asked = tallyOf(context.measures, { connection: 'new' }).ended;
    return asked < LEAST_EVENTS
      ? insufficient(`${LEAST_EVENTS} new connections`, String(asked))
      : candidatesOr([], `no handshake failed on ${asked} new connections`);
  },
};
