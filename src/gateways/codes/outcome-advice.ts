/** What is usual for each outcome of a hop: what it means in a log, and what to look at next. */
import type { HopOutcome } from '../../model/hop.ts';

type Advice = { readonly inALog: string; readonly next: readonly string[] };

const ASK_DIRECTLY = 'Ask the member directly from the gateway’s machine: `curl -v http://<member>:<port>/`';
const LISTENING = 'On the member: does it listen there? `ss -ltnp` (Windows: `netstat -ano | findstr :<port>`)';
const MEMBER_LOG = 'The member’s own log at that second: was the request there, and how long did it take?';
const MEMBER_CRASH = 'The member’s system log at that second: crash, out of memory, restart, deployment';
const TLS_TRY = 'From the gateway’s machine: `openssl s_client -connect <member>:<port> -servername <name> </dev/null`';
const SAME_SECOND = 'The lines of other requests at the same second: one request, one member, or all of them?';

const TO_MEMBER: Partial<Record<HopOutcome, Advice>> = {
  ok: { inALog: 'Nothing failed on this hop.', next: [] },
  'ok/retried': {
    inALog:
      'The client got an answer, but not from the first attempt: a hidden failure, and one that a POST would have shown.',
    next: ['Read the failed attempt as if it were the answer: its member and its error line', SAME_SECOND],
  },
  'member/status': {
    inALog: 'The member answered this itself and the gateway passed it on: the cause is in the application.',
    next: [MEMBER_LOG, ASK_DIRECTLY],
  },
  'connect/refused': {
    inALog:
      'The member’s machine is there, but nothing accepts connections on that port. The request never reached the application.',
    next: [LISTENING, ASK_DIRECTLY, 'A restart or deployment of the member at that second?'],
  },
  'connect/timeout': {
    inALog:
      'No answer to the connection request: machine off, packets dropped by a firewall, or a full accept queue. The request was never sent.',
    next: [
      'From the gateway’s machine: `nc -vz <member> <port>` (Windows: `Test-NetConnection <member> -Port <port>`)',
      'Firewall, security group and routing between gateway and member',
      'On the member: `ss -ltn` (Recv-Q at its limit?) and `nstat -az TcpExtListenOverflows`',
    ],
  },
  'connect/unreachable': {
    inALog:
      'The network says that there is no way to the member: a router or firewall rejects, or the address is wrong.',
    next: [
      'From the gateway’s machine: `ip route get <member>` and `ping <member>`',
      'The member’s address in the configuration',
    ],
  },
  'connect/reset': {
    inALog: 'The connection was accepted and reset at once: a limit of the member, or something between the two.',
    next: ['The member’s limit of connections, and its log at that second', ASK_DIRECTLY],
  },
  'connect/failed': {
    inALog:
      'No usable connection to the member. The code does not say whether it was refused, timed out, or failed in TLS: the time it took does.',
    next: [
      'The time it took: about 0 s is a refusal, exactly a configured timeout is a silent drop',
      LISTENING,
      ASK_DIRECTLY,
    ],
  },
  'dns/failed': {
    inALog: 'The member’s name does not resolve. No connection was tried.',
    next: [
      'On the gateway’s machine: `nslookup <member>`',
      'The name in the configuration, and the resolver that the gateway uses',
    ],
  },
  'dns/timeout': {
    inALog: 'The name server did not answer, or answered with an error. No connection was tried.',
    next: [
      'On the gateway’s machine: `nslookup <member> <resolver>`',
      'The resolver’s own health, and what the gateway caches',
    ],
  },
  'tls/verify': {
    inALog:
      'The member’s certificate was not accepted: expired, another name, or an issuer that the gateway does not trust.',
    next: [
      `${TLS_TRY} | openssl x509 -noout -dates -subject -ext subjectAltName`,
      'The name that the gateway expects (SNI and verification), and the authorities that it trusts',
    ],
  },
  'tls/handshake': {
    inALog:
      'TLS with the member failed before any request: versions, ciphers, a client certificate that is wanted, or a missing server name.',
    next: [TLS_TRY, 'Does the member want a client certificate, or the server name (SNI)?'],
  },
  'tls/handshake-timeout': {
    inALog: 'The connection stood, but TLS never finished: often TLS spoken to a port that does not speak it.',
    next: [TLS_TRY, 'https in the configuration, but a plain port at the member?'],
  },
  'tls/protocol-mismatch': {
    inALog: 'One side speaks TLS, the other does not.',
    next: ['http or https in the gateway’s configuration against what the port speaks', TLS_TRY],
  },
  'request/send-failed': {
    inALog:
      'The member closed while the gateway was still sending it the request. Often it had answered early (413, 401) and closed.',
    next: [
      MEMBER_LOG,
      'Limits of body size at the member',
      'A capture of the hop: is there an early answer that was lost?',
    ],
  },
  'request/send-timeout': {
    inALog: 'The member does not read the request: it hangs, or its receive buffer is full.',
    next: [MEMBER_LOG, 'Threads or workers of the member at that second'],
  },
  'request/early-response': {
    inALog: 'The member answered before it had read the whole request.',
    next: [MEMBER_LOG, 'Limits of body size and authentication at the member'],
  },
  'response/timeout': {
    inALog:
      'The member was connected and had the request, but did not begin to answer in time: slow, queueing, or hung. It may still be working on it.',
    next: [
      MEMBER_LOG,
      'The waiting time in the line: exactly the same in all such lines names the timer',
      'The same request asked directly: is it as slow there? (`gateprobe compare`)',
    ],
  },
  'response/reset-before-headers': {
    inALog:
      'The member took the request and closed the connection without a complete answer: crash, kill, recycle, or a keep-alive connection that it had just given up.',
    next: [
      MEMBER_CRASH,
      'In a few milliseconds on a reused connection: the member’s keep-alive timeout is shorter than the gateway’s',
      MEMBER_LOG,
    ],
  },
  'response/keepalive-race': {
    inALog:
      'The gateway reused an idle connection at the moment when the member closed it. Nothing is wrong with the request.',
    next: [
      'Keep-alive timeouts: the member’s must be longer than the gateway’s idle timeout',
      '`gateprobe run` with an idle experiment shows the gap at which it happens',
    ],
  },
  'response/malformed': {
    inALog: 'The member answered, but not in valid HTTP as this gateway reads it.',
    next: [
      'The raw answer: `curl -sv --raw http://<member>:<port>/…`, or a capture of the hop',
      'Duplicate or contradictory headers (Content-Length, Transfer-Encoding), TLS on a plain port',
    ],
  },
  'response/headers-too-large': {
    inALog: 'The headers of the answer do not fit into the gateway’s buffer: cookies, tokens, long redirects.',
    next: [
      'Size of the answer’s headers: `curl -sI http://<member>:<port>/… | wc -c`',
      'Which header grows: usually Set-Cookie',
    ],
  },
  'response/excess-data': {
    inALog:
      'The member sent more than it had announced. The client’s answer is fine, but the connection cannot be reused.',
    next: ['Content-Length of the member against its body: compression or a second write?'],
  },
  'response/truncated': {
    inALog: 'The answer broke off in the middle. The status was sent already, so the access log shows success.',
    next: [
      MEMBER_CRASH,
      'Content-Length against the bytes sent',
      'A wrong Content-Length (compression) breaks every such answer, a crash only some',
    ],
  },
  'response/stalled': {
    inALog: 'The answer began and then stopped coming for longer than the gateway waits between two reads.',
    next: [MEMBER_LOG, 'Long polling or streaming: does it send anything while it has nothing to say?'],
  },
};

const OWN: Partial<Record<HopOutcome, Advice>> = {
  'pool/none': {
    inALog: 'The gateway had no member to send to: all are out, or none is configured. It asked nobody.',
    next: [
      'The lines before it: the first failures or health checks that took the members out are the cause',
      'Health checks asked by hand, with the same path and Host',
    ],
  },
  'pool/member-down': {
    inALog: 'A health check or repeated failures took the member out.',
    next: ['The health check asked by hand, with the same path and Host', MEMBER_LOG],
  },
  'pool/member-ejected': {
    inALog: 'The gateway took this member out after failed requests. Others get its load.',
    next: [
      'The failures before it: they are the cause',
      'How long it stays out, and whether one slow request may take a member out',
    ],
  },
  'pool/member-drain': {
    inALog: 'The member was being taken out on purpose.',
    next: ['Deployment or administrator at that second'],
  },
  'pool/member-limit': {
    inALog: 'The member’s limit of connections or requests, as the gateway counts it, was reached.',
    next: ['Requests in flight at that second against the limit', 'Is the member slow? Slow answers fill the limit'],
  },
  'pool/queue-timeout': {
    inALog: 'The request waited in a queue for a free place and did not get one in time. No member saw it.',
    next: ['Are members slow? The queue is only where it shows', 'Limits per member, workers and threads', SAME_SECOND],
  },
  'pool/queue-full': {
    inALog: 'The queue was full and the request was turned away at once.',
    next: ['Are members slow? The queue is only where it shows', 'Load at that second against the limits'],
  },
  'pool/circuit-open': {
    inALog: 'The gateway protects the member: its own limit of connections, pending requests or retries was reached.',
    next: [
      'Requests in flight and waiting at that second against the thresholds',
      'Is the member slow? Slow answers fill the limit',
    ],
  },
  'gateway/no-route': {
    inALog: 'No rule of the server that logged it fits this host and path. Nobody behind it was asked.',
    next: ['Host, path and method of the request against the rules'],
  },
  'gateway/config': {
    inALog: 'The configuration of the server that logged it prevents it.',
    next: [
      'The last change of the configuration',
      'The server’s own check of its configuration (`nginx -t`, `haproxy -c`, `apachectl -t`, the detailed page of IIS)',
    ],
  },
  'gateway/denied': {
    inALog: 'The server that logged it refused: a rule, rights, or a login. Nobody behind it was asked.',
    next: ['Which rule, and whether the probe’s own address or User-Agent is caught by it'],
  },
  'gateway/rate-limit': {
    inALog: 'A limit of requests per time refused it. The probe may have caused it.',
    next: ['Rate of this client against the limit', 'Probe more slowly, or exempt the probe’s address'],
  },
  'gateway/conn-limit': {
    inALog: 'A limit of connections refused it. The probe may have caused it.',
    next: [
      'Connections of this client against the limit',
      'Probe with fewer connections, or exempt the probe’s address',
    ],
  },
  'gateway/local-response': {
    inALog: 'The gateway answered this itself by a rule. No member was asked.',
    next: ['The rule that answers: redirect, fixed response, cache, error page'],
  },
  'gateway/local-timeout': {
    inALog: 'A timer of the gateway that is not about the member’s answer ended it.',
    next: ['The duration in the line: which timer of the gateway has this value?'],
  },
  'gateway/queue-delay': {
    inALog: 'The gateway held the request back on purpose: latency that no member made.',
    next: ['The rule that delays, and its burst'],
  },
  'gateway/resource': {
    inALog: 'The machine that logged it ran out of something: sockets, ports, file descriptors, memory.',
    next: [
      'On the gateway: `ss -s`, open files against `ulimit -n` (Windows: `netstat -ano` and `netsh int ipv4 show dynamicport tcp`)',
      'Are connections to members reused? Without keep-alive ports run out first',
    ],
  },
  'gateway/saturated': {
    inALog: 'The gateway has no worker left. Clients wait in the kernel’s backlog, and that time is in no log.',
    next: [
      'Time at the client against time in the gateway’s log: the difference is the wait',
      'Workers, threads or connections against their limit',
    ],
  },
  'gateway/internal': {
    inALog: 'The server that logged it failed by itself.',
    next: ['Its error log or event log at that second', 'Its version against the known faults of it'],
  },
  'gateway/shutdown': {
    inALog: 'The gateway or its process was stopping.',
    next: ['Restart, deployment or administrator at that second'],
  },
  'gateway/fault-injected': {
    inALog: 'Somebody configured this fault on purpose.',
    next: ['The fault-injection rule of the route'],
  },
  'gateway/backend-fetch-failed': {
    inALog: 'The gateway could not fetch the answer; its access log does not say why.',
    next: ['The gateway’s detailed log of this request by its id'],
  },
  'client/abort': {
    inALog:
      'The client went away before the answer was complete. If many do after the same time, it is the client’s own timeout, and the member is slow.',
    next: [
      'The duration in such lines: always the same is a timeout of the client (or of a balancer before it)',
      MEMBER_LOG,
    ],
  },
  'client/timeout': {
    inALog: 'The client did not send, or did not read, in time.',
    next: ['Which clients: one slow network, or a health check that opens a connection and says nothing?'],
  },
  'client/bad-request': {
    inALog: 'The request itself was refused as not valid. No member was asked.',
    next: ['The raw request: scanner, TLS on a plain port, or a client that changed?'],
  },
  'client/too-large': {
    inALog: 'The request was larger than allowed: body, headers or URL.',
    next: ['Size of the request against the limit; headers grow with cookies and tokens'],
  },
  'client/tls': {
    inALog: 'TLS between the client and the gateway failed. No request was read.',
    next: ['`openssl s_client -connect <gateway>:443 -servername <name> </dev/null`'],
  },
  unknown: { inALog: 'It does not tell what became of the request.', next: [SAME_SECOND] },
};

export const ADVICE: Partial<Record<HopOutcome, Advice>> = { ...TO_MEMBER, ...OWN };
