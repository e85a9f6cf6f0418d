import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning } from './code.ts';
import { codeMeaning } from './code.ts';

type Row = readonly [
  reason: string,
  statuses: string,
  outcome: HopOutcome | undefined,
  meaning: string,
  inALog?: string,
  next?: readonly string[],
];

const NO_SITE_LINE = 'http.sys answers it itself: no line in the site’s own log.';
const POOL_OUT_NEXT = [
  'WAS events 5002, 5009, 5011, 5021, 5057, 5059 in the System event log',
  'State of the pool: `appcmd list apppool`; start it again only when the crash is understood',
];
const QUEUE_NEXT = [
  'Requests that were slow or hung just before: threads, locks, a database',
  'The pool’s `queueLength` (1000) against load × answer time',
  'Worker start or recycle at that second (WAS 5074 to 5080, 5117)',
];
const GONE = 'Behind ARR the peer is ARR: its timeout ended, or its own client left.';

// Microsoft KB820729 and the HTTP Server API documentation; the last two were seen in real files only.
const ROWS: readonly Row[] = [
  [
    'AppOffline',
    '503',
    'pool/member-down',
    'The application pool was switched off after too many failures (rapid-fail protection).',
    `${NO_SITE_LINE} The pool crashed several times (5 in 5 minutes) and stays off until it is started again.`,
    POOL_OUT_NEXT,
  ],
  [
    'AppPoolTimer',
    '503',
    'pool/queue-timeout',
    'The pool’s workers were too busy to take the request.',
    `${NO_SITE_LINE} Too few workers or threads.`,
    QUEUE_NEXT,
  ],
  [
    'AppShutdown',
    '503',
    'gateway/shutdown',
    'The pool was shut down by policy: recycle, idle timeout, or a start that was not allowed.',
    NO_SITE_LINE,
  ],
  ['BadRequest', '400', 'client/bad-request', 'The request could not be read.'],
  [
    'Client_Reset',
    '',
    'client/abort',
    'The peer closed before a worker took the request.',
    `The request waited in the queue of http.sys and its sender gave up. ${GONE} So it queued longer than ARR’s timeout, or the worker was starting.`,
    QUEUE_NEXT,
  ],
  [
    'ConnLimit',
    '503',
    'gateway/conn-limit',
    'The site’s limit of connections (maxConnections) was reached.',
    NO_SITE_LINE,
  ],
  [
    'Connection_Abandoned_By_AppPool',
    '',
    'response/reset-before-headers',
    'The worker went away with the request still in it (older name).',
    'Crash, kill or a recycle past its limit. ARR shows it as 502.3 with 12030.',
    [
      'WAS events 5009, 5011, 5013 and Application Error 1000 at that second',
      'Application event log: .NET Runtime 1026',
    ],
  ],
  [
    'Connection_Abandoned_By_ReqQueue',
    '',
    'response/reset-before-headers',
    'The worker went away with the request still in it.',
    'Crash, kill or a recycle past shutdownTimeLimit. ARR shows it as 502.3 with 12030.',
    [
      'WAS events 5009, 5011, 5013 and Application Error 1000 at that second',
      'Application event log: .NET Runtime 1026',
    ],
  ],
  [
    'Connection_Dropped',
    '',
    'client/abort',
    'The connection was closed after a worker had the request and before the answer was complete.',
    `${GONE} Or the application closed the answer itself (Response.Close). The site’s log may have a line as well, with sc-win32-status 64 or 1236.`,
    [
      'Time between the request and this line: about ARR’s timeout means that ARR gave up',
      'Only some URLs: Response.Close in their code',
    ],
  ],
  [
    'Connection_Dropped_List_Full',
    '',
    'client/abort',
    'As Connection_Dropped; the list of such connections was full.',
    'Very many peers gave up at once.',
  ],
  [
    'Connections_Refused',
    '',
    'gateway/resource',
    'The kernel’s non-paged memory fell below 20 MB and http.sys takes no connections.',
    'The whole machine refuses connections; peers see 12029 or resets.',
    ['Non-paged pool of the machine (`poolmon`), drivers that leak'],
  ],
  [
    'Disabled',
    '503',
    'pool/member-down',
    'An administrator, or a deployment, stopped the pool or the site.',
    NO_SITE_LINE,
    ['Deployment or administrator at that second', 'State of the pool: `appcmd list apppool`'],
  ],
  ['EntityTooLarge', '413', 'client/too-large', 'The body is larger than allowed.'],
  [
    'FieldLength',
    '400',
    'client/too-large',
    'One header is longer than MaxFieldLength (16384).',
    'Large cookies or Kerberos tickets. ARR adds headers: a request that just fits at ARR can fail at the member.',
    ['`MaxFieldLength` and `MaxRequestBytes` of HTTP\\Parameters in the registry, on both machines'],
  ],
  ['Forbidden', '403, 400', 'client/bad-request', 'A character or sequence that is not allowed.'],
  ['Header', '400', 'client/bad-request', 'A header could not be read.'],
  [
    'Hostname',
    '400',
    'client/bad-request',
    'The Host header is missing, not valid, or fits no binding.',
    'On a member: preserveHostHeader of ARR and the member’s bindings do not fit, or a health check asks by address.',
    ['Host that ARR sends against the member’s bindings: `appcmd list site`'],
  ],
  ['Internal', '500', 'gateway/internal', 'http.sys failed.'],
  ['Invalid_CR/LF', '400', 'client/bad-request', 'A line end at a place where none may be.'],
  ['LengthRequired', '411', 'client/bad-request', 'The length of the body is missing.'],
  [
    'N/A',
    '503',
    'gateway/config',
    'No URL group owns this URL, or http.sys failed for lack of memory.',
    `${NO_SITE_LINE} Usual for URLs of services that are not running.`,
    ['`netsh http show urlacl` and `netsh http show servicestate`'],
  ],
  ['N/I', '501, 503', 'client/bad-request', 'Not implemented: an unknown transfer encoding.'],
  ['Number', '400', 'client/bad-request', 'A number could not be read.'],
  ['Precondition', '412, 400', 'client/bad-request', 'A condition that is required is missing.'],
  [
    'QueueFull',
    '503',
    'pool/queue-full',
    'The queue of the application pool is full (queueLength, 1000).',
    `${NO_SITE_LINE} True queueing: the workers do not keep up. With loadBalancerCapabilities=TcpLevel the peer gets a reset instead of the 503.`,
    QUEUE_NEXT,
  ],
  [
    'RequestLength',
    '400',
    'client/too-large',
    'Request line and headers together are longer than MaxRequestBytes (16384).',
    'The headers that ARR adds count as well.',
    ['`MaxRequestBytes` of HTTP\\Parameters in the registry'],
  ],
  [
    'Timer_AppPool',
    '503',
    'pool/queue-timeout',
    'The request waited in the pool’s queue longer than connectionTimeout, 120 s (older name).',
    NO_SITE_LINE,
    QUEUE_NEXT,
  ],
  [
    'Timer_ConnectionIdle',
    '',
    'ok',
    'An idle connection was closed after connectionTimeout (120 s).',
    'Normal: no request was on it. It is evidence only together with a 502.3 / 12030 in the same second: then ARR reused the connection just as it was closed.',
    ['Only with 12030 on ARR within a second: the keep-alive race'],
  ],
  ['Timer_EntityBody', '', 'client/timeout', 'The body of the request stopped coming for two minutes.'],
  [
    'Timer_HeaderWait',
    '',
    'client/timeout',
    'The headers of the request did not come within two minutes.',
    'A connection that was opened and said nothing: TCP health checks, scanners, slow clients.',
  ],
  ['Timer_MinBytesPerSecond', '', 'client/timeout', 'The peer reads more slowly than minBytesPerSecond (240 B/s).'],
  [
    'Timer_ReqQueue',
    '503',
    'pool/queue-timeout',
    'The request waited in the queue longer than connectionTimeout (120 s).',
    `${NO_SITE_LINE} Extreme queueing, or a worker that hangs while it starts.`,
    QUEUE_NEXT,
  ],
  ['Timer_Response', '', undefined, 'Reserved; not used.'],
  ['Timer_SslRenegotiation', '', 'client/tls', 'A TLS renegotiation took longer than two minutes.'],
  ['URL', '400', 'client/bad-request', 'The URL could not be read.'],
  ['URL_Length', '414', 'client/too-large', 'The URL is longer than allowed.'],
  [
    'Verb',
    '400',
    'client/bad-request',
    'The method could not be read.',
    'Often TLS spoken to a plain port, or a scanner.',
  ],
  ['Version_N/S', '505', 'client/bad-request', 'This version of HTTP is not supported.'],
  ['NotFound', '404', 'gateway/no-route', 'No site or service has registered this host and path.'],
  ['Request_Too_Large', '413', 'client/too-large', 'The request is larger than allowed.'],
];

const SEEN_ONLY = new Set(['NotFound', 'Request_Too_Large']);
const MEANINGS = new Map(ROWS.map((row) => [row[0].toLowerCase(), meaningOf(row)]));

function meaningOf([reason, statuses, outcome, meaning, inALog, next]: Row): CodeMeaning {
  return codeMeaning('httperr', [
    reason,
    outcome,
    meaning,
    {
      ...(statuses === '' ? {} : { beside: [{ label: 'status in the line', text: statuses }] }),
      ...(inALog === undefined ? {} : { inALog }),
      ...(next === undefined ? {} : { next }),
      ...(SEEN_ONLY.has(reason) ? { sure: 'seen' } : {}),
    },
  ]);
}

export function httperrMeanings(): readonly CodeMeaning[] {
  return [...MEANINGS.values()];
}

/** Meaning of a reason of HTTPERR, in any case of letters. */
export function httperrReason(reason: string): CodeMeaning | undefined {
  return MEANINGS.get(reason.toLowerCase());
}
