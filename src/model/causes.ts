/**
 * Every cause gateprobe can name. Ids are part of the public contract: reports, tests and alerts use them; they are never renamed.
 */
export type CauseSide = 'gateway' | 'member' | 'path' | 'probe' | 'any' | 'gateway or member' | 'gateway+member';
export type Cause = { readonly title: string; readonly side: CauseSide; readonly meaning: string };

export const CAUSES = {
  'timeout/gateway-response': {
    title: "The gateway stopped waiting for the member's answer",
    side: 'gateway',
    meaning:
      'Response timer of the gateway is shorter than the work. Failures pile up at one elapsed time T; direct requests take longer than T and succeed. ARR 502.3/12002, nginx/HAProxy/Caddy 504, Apache 502, Varnish 503.',
  },
  'timeout/gateway-read': {
    title: 'The gateway stopped waiting in the middle of the answer',
    side: 'gateway',
    meaning: 'After the headers were forwarded: a truncated 200 at a constant time since the last byte.',
  },
  'timeout/gateway-connect': {
    title: 'The gateway gave up connecting to the member',
    side: 'gateway',
    meaning:
      'No answer to SYN within the connect timer (host off, firewall drop). ARR 12002 well below the response timer.',
  },
  'timeout/gateway-resolve': {
    title: "The gateway gave up resolving the member's name",
    side: 'gateway',
    meaning: 'Name resolution slower than the resolve timer.',
  },
  'timeout/gateway-send': {
    title: 'The gateway gave up sending the request',
    side: 'gateway',
    meaning: 'The member does not read the request body within the send timer.',
  },
  'timeout/gateway-queue': {
    title: "The gateway's own queue timed out",
    side: 'gateway',
    meaning: 'Waiting for a free member slot exceeded the queue timer (HAProxy sQ).',
  },
  'timeout/member': {
    title: "The member's own timer ended the request",
    side: 'member',
    meaning: 'The member itself answers an error at a constant elapsed time, directly as well.',
  },
  'timeout/middlebox': {
    title: 'Something between probe and gateway ended the request',
    side: 'path',
    meaning: 'A timer that neither the gateway nor the member has: error not made by either.',
  },
  'connection/dropped-before-response': {
    title: 'The member closed or reset before any answer',
    side: 'member',
    meaning: 'Crash, Response.Close, abort, recycle. ARR 502.3/12030 (0x80072efe).',
  },
  'connection/dropped-mid-response': {
    title: 'The member closed or reset in the middle of the answer',
    side: 'member',
    meaning:
      'Truncated content-length or chunked body; a gateway may pass it on, or launder it into a complete answer. ARR 12152 (0x80072f78).',
  },
  'connection/invalid-response': {
    title: "The member's answer is not valid HTTP",
    side: 'member',
    meaning: 'Garbage, oversize header, TLS spoken to a plain port, framing conflicts.',
  },
  'connection/keep-alive-race': {
    title: 'The gateway reuses connections that the member is just closing',
    side: 'gateway+member',
    meaning:
      "Member's idle timeout is shorter than the gateway's pool idle time. idle gap + elapsed is constant and equals the member's idle timeout.",
  },
  'connection/silent-idle-drop': {
    title: 'A device on the path forgets idle connections',
    side: 'path',
    meaning: 'After some idle gap the first request hangs instead of being reset.',
  },
  'connection/refused': {
    title: "A member's port is closed",
    side: 'member',
    meaning: 'connect refused (ARR 12029 after about 1 s, HAProxy 503 after 3 s of retries).',
  },
  'connection/unreachable': {
    title: 'A member cannot be reached',
    side: 'member',
    meaning: 'connect hangs or no route.',
  },
  'connection/port-exhaustion': {
    title: 'No free local ports or address translations',
    side: 'gateway',
    meaning: 'Failures above a rate of new connections; recovers after TIME_WAIT.',
  },
  'connection/syn-loss': {
    title: 'Connection attempts are lost on the way',
    side: 'path',
    meaning: 'Connect times at retransmission modes.',
  },
  'queue/gateway': {
    title: 'Requests wait in the gateway',
    side: 'gateway',
    meaning: 'Latency through the gateway grows in a burst while a direct canary does not.',
  },
  'queue/member': {
    title: 'Requests wait in the member',
    side: 'member',
    meaning: 'Latency grows in a burst on both routes.',
  },
  'queue/listen-backlog': {
    title: 'Requests wait to be accepted',
    side: 'member',
    meaning: 'Growth shows only in the connect phase.',
  },
  'queue/rejected': {
    title: 'The queue is full and requests are refused',
    side: 'gateway or member',
    meaning: 'Immediate 503 above a concurrency level (HTTPERR QueueFull, 503.2, 503.3, 503.4).',
  },
  'queue/thread-starvation': {
    title: 'The member adds threads slower than work arrives',
    side: 'member',
    meaning: 'Departures grow by 1-2 per second in a burst (.NET thread pool; blocking calls).',
  },
  'cold-start/idle': {
    title: 'The first request after an idle period is slow or fails',
    side: 'member',
    meaning: 'Application pool idle timeout (IIS 20 min), suspended process, scale to zero.',
  },
  'cold-start/recycle': {
    title: 'Cold starts come back on a period without idleness',
    side: 'member',
    meaning: 'Scheduled recycling (IIS 29 h), deploys, memory limits.',
  },
  'cold-start/connection': {
    title: 'Only the connection is cold',
    side: 'path',
    meaning: 'Excess in DNS, connect or TLS after idleness, not in the wait for the answer.',
  },
  'member/none-available': {
    title: 'The gateway has no member to send to',
    side: 'gateway',
    meaning: 'ARR 502.4, nginx no live upstreams, HAProxy NOSRV. Says whether the members answer directly.',
  },
  'member/errors': {
    title: 'A member answers errors of its own',
    side: 'member',
    meaning: '5xx made by the application, seen directly too, on this member only.',
  },
  'member/slow': {
    title: 'One member is slower than its peers',
    side: 'member',
    meaning: 'One member is slower than its peers.',
  },
  'member/flapping': { title: 'A member goes up and down', side: 'member', meaning: 'A member goes up and down.' },
  'member/skew': {
    title: 'Traffic is not shared as configured',
    side: 'gateway',
    meaning: 'Traffic is not shared as configured.',
  },
  'application/error': {
    title: 'The application answers errors on every member',
    side: 'member',
    meaning: 'Same error directly and through the gateway.',
  },
  'dns/slow': { title: 'Name resolution is slow', side: 'path', meaning: 'Name resolution is slow.' },
  'dns/failed': { title: 'Name resolution fails', side: 'path', meaning: 'Name resolution fails.' },
  'tls/failed': { title: 'The TLS handshake fails', side: 'gateway or member', meaning: 'The TLS handshake fails.' },
  'tls/slow': { title: 'The TLS handshake is slow', side: 'gateway or member', meaning: 'The TLS handshake is slow.' },
  'tls/certificate-expiring': {
    title: 'A certificate expires soon or has expired',
    side: 'gateway or member',
    meaning: 'A certificate expires soon or has expired.',
  },
  'path/delayed-ack': {
    title: 'Small writes wait for a delayed acknowledgement',
    side: 'path',
    meaning: 'A mode at +40 ms (Linux) on reused connections.',
  },
  'path/retransmission': {
    title: 'Packets are lost and sent again',
    side: 'path',
    meaning: 'Modes at +200 ms and its doublings.',
  },
  'stall/pause': {
    title: 'Everything stops and goes on at one instant',
    side: 'gateway or member',
    meaning: 'Garbage collection, lock, disk: arrival + elapsed is constant for a run of requests.',
  },
  'gateway/overhead': {
    title: 'The gateway adds more time than agreed',
    side: 'gateway',
    meaning: 'Difference of quantiles, proxied minus direct, beyond a threshold.',
  },
  'gateway/unreachable': {
    title: 'The gateway itself cannot be reached',
    side: 'gateway',
    meaning: 'The gateway itself cannot be reached.',
  },
  'gateway/overloaded': {
    title: 'The gateway itself refuses',
    side: 'gateway',
    meaning: 'Its own front queue, pool or limits.',
  },
  'gateway/retry-duplicate': {
    title: 'The gateway sent one request to several members',
    side: 'gateway',
    meaning: 'A masked failure, or a duplicate execution.',
  },
  'gateway/buffering': {
    title: 'The gateway holds back a streamed answer',
    side: 'gateway',
    meaning: 'The gateway holds back a streamed answer.',
  },
  'probe/rate-limited': {
    title: 'The probe was limited by the target',
    side: 'probe',
    meaning: '429, IIS 403.501/502, 404.501/502.',
  },
  'probe/saturated': { title: 'The probe was the bottleneck', side: 'probe', meaning: 'The run is not valid.' },
  'change/latency': {
    title: 'Latency changed and stayed changed',
    side: 'any',
    meaning: 'Change point in scheduled results or between two runs.',
  },
  'change/errors': {
    title: 'The mix of status and substatus changed',
    side: 'any',
    meaning: 'The mix of status and substatus changed.',
  },
  'timeout/gateway-total': {
    title: 'The gateway ended the request at an absolute limit',
    side: 'gateway',
    meaning: 'A timer over the whole exchange, which a dripping answer does not reset.',
  },
  'timeout/probe': {
    title: "The probe's own limit ended the request",
    side: 'probe',
    meaning: 'The limit in the profile is shorter than the answer; says nothing about the target.',
  },
  'gateway/cascade': {
    title: 'One slow or failing request takes members out for everyone',
    side: 'gateway',
    meaning:
      'A retried request, or several at once, make the gateway take out member after member; then every request fails at once.',
  },
  'application/slow': {
    title: 'The application is slow on every member',
    side: 'member',
    meaning: 'Direct requests are as slow as proxied ones: not the gateway.',
  },
  'log/unjoined': {
    title: 'Logs and traffic do not belong together',
    side: 'any',
    meaning: 'Wrong site, wrong time zone, lost or not yet written lines.',
  },
} as const satisfies Record<string, Cause>;

export type CauseId = keyof typeof CAUSES;

export function causeOf(id: CauseId): Cause {
  return CAUSES[id];
}
