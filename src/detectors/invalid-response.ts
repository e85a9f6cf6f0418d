/** A member that answers, but not with HTTP that gateways take: other bytes, broken framing, or a header beyond every limit. */
import { binomialTail, proportionInterval } from '../analysis/proportion.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Rival } from '../model/finding.ts';
import { formatRatio } from '../model/quantity.ts';
import { directTo, GATEWAY } from '../model/route.ts';
import { detectorOf, gatewayMade, type Kind } from './connection.ts';
import { type Candidate, candidatesOr, type Detection, type Detector, type DetectorContext } from './detector.ts';
import { ORDINARY_ROLES } from './elapsed.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';
import { headerLimit } from './header-limit.ts';
import { tallyOf } from './tally.ts';

/** Two could be one incident seen twice (as for dropped connections, methods C.2). */
const LEAST_EVENTS = 3;
/** Share of broken answers in a healthy network at the most (as for dropped connections). */
const HEALTHY_RATIO = 1e-3;

/** The probe's parser met bytes that are not HTTP/1.1. */
function isUnparsable({ outcome }: Exchange): boolean {
  return outcome.kind === 'connection-error' && outcome.code === 'parse';
}

/** Beyond 64 kB of header; a body beyond `limits.maxBody` is no fault. */
function isOversized({ outcome }: Exchange): boolean {
  return outcome.kind === 'connection-error' && outcome.code === 'header-too-large';
}

/** The gateway answers for the member, or passes on what it got. */
function gatewayShows(exchange: Exchange, context: DetectorContext): boolean {
  return gatewayMade(exchange, context) || isUnparsable(exchange) || isOversized(exchange);
}

const RIVALS: readonly Rival[] = [
  { cause: 'connection/dropped-before-response', whyNot: 'bytes did come back before the connection ended' },
  { cause: 'timeout/gateway-response', whyNot: 'a timer ends in an error page or in silence, not in other bytes' },
];

/** The first frame of any HTTP/2 server (RFC 9113 §3.4): three bytes of length, type 4 (SETTINGS), no flags, stream 0; as the detail shows bytes. */
const HTTP2_SETTINGS = /^"\\x00\\x00.{1,4}\\x04\\x00(\\x00){4}/;

/** The first bytes of the first one, as the connection told them. */
function beginning([first]: readonly Exchange[]): string {
  const detail = first?.outcome.kind === 'connection-error' ? first.outcome.detail : '';
  const shown = /; it began with (".*")$/.exec(detail)?.[1];
  if (shown === undefined) return '';
  return HTTP2_SETTINGS.test(shown)
    ? '; they begin as HTTP/2 does: it speaks nothing else here'
    : `; they begin with ${shown}`;
}

const unparsable: Kind = {
  cause: 'connection/invalid-response',
  matches: isUnparsable,
  title: (member, ratio, _share, events) =>
    `${member} answers ${ratio} of requests with bytes that are not valid HTTP${beginning(events)}.`,
  meaning:
    'The connection worked and bytes came back, but no HTTP parser can read them: another service on that port, TLS spoken to a plain port, text written before the status line, or a body framed wrongly. Most gateways make a 502 or 503 of it; nginx and Apache may pass it on as it is.',
  rivals: RIVALS,
  leastEvents: LEAST_EVENTS,
  isClosed: false,
  gatewayWaits: false,
  gatewayShows,
  laundered: {
    reading: 'Status 200 and complete, but another and shorter body than the one that every member sends.',
    words: (count) =>
      `${count} more answers through the gateway have status 200 and another body than members send: it may have passed the bytes on as a page.`,
  },
};

const oversized: Kind = {
  cause: 'connection/invalid-response',
  matches: isOversized,
  title: (member, ratio) => `${member} sends a header of more than 64 kB with ${ratio} of its answers.`,
  meaning:
    'Hardly any gateway takes a header that large (nginx 4 or 8 kB, HAProxy 16 kB, Varnish 32 kB, WinHTTP 64 kB by default): it throws the answer away and says 502 or 503. Cookies that grow, or debugging output in a header, are the usual reason.',
  rivals: RIVALS,
  leastEvents: LEAST_EVENTS,
  isClosed: false,
  gatewayWaits: false,
  gatewayShows,
};

/** Only answers through the gateway are broken: it or something on the way makes them so. */
function atGateway({ measures }: DetectorContext): Candidate | undefined {
  const tally = tallyOf(measures, { route: GATEWAY, roles: ORDINARY_ROLES });
  const broken = tally.kept.filter((exchange) => isUnparsable(exchange) || isOversized(exchange));
  const count = tally.countOf(broken);
  const ratio = { value: count / Math.max(1, tally.ended), ...proportionInterval(count, tally.ended) };
  if (broken.length < LEAST_EVENTS || ratio.low <= HEALTHY_RATIO) return undefined;
  const direct = measures.members.reduce((sum, member) => sum + measures.counts({ route: directTo(member) }).ok, 0);
  // That members send such answers as often, and directly it never happened.
  const isCompared = (1 - ratio.low) ** direct < 0.01;
  return {
    cause: 'connection/invalid-response',
    scope: { route: 'gateway' },
    severity: 'error',
    confidence: isCompared ? 'likely' : 'possible',
    p: binomialTail(count, tally.ended, HEALTHY_RATIO),
    title: `${formatRatio(ratio.value)} of answers through the gateway are not valid HTTP${beginning(broken)}.`,
    meaning: `${count} of ${tally.ended} answers could not be read. ${direct === 0 ? 'No member answered directly, so who makes them so is not known.' : `${direct} direct answers of members were in order, so the gateway makes them so, or something on the way, or what listens at its address is not the gateway.`}`,
    measured: { errorRatio: ratio },
    exhibits: [
      exchangesExhibit(
        'invalid-response-gateway',
        'Answers through the gateway that could not be read',
        'Bytes came back, but they are not an answer in HTTP, or their header has no end.',
        broken,
      ),
    ],
    rivals: RIVALS,
    affected: { count, of: tally.ended },
    explains: seqsOf(broken),
  };
}

const direct: Detector = detectorOf(
  [unparsable, oversized],
  "every member's answers could be parsed, and their headers were not too large",
);

export const invalidResponse: Detector = {
  cause: 'connection/invalid-response',
  detect(context): Detection {
    const detection = direct.detect(context);
    if (detection.state === 'candidates') return detection;
    // What the probe takes may still be too much for the gateway; and what members say well may come out broken.
    const other = headerLimit(context) ?? atGateway(context);
    return other === undefined ? detection : candidatesOr([other], '');
  },
};
