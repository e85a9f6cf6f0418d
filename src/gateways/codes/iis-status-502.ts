/** 502 and 503 of IIS: numbers that ARR, CGI and the ASP.NET Core Module share. */
import type { CodeRow } from './code.ts';

const ARR =
  'ARR: the Module row of the detailed page says ApplicationRequestRouting, and cs-uri-query of the controller’s line holds X-ARR-LOG-ID';
const CGI = 'CGI or FastCGI: the Module row says CgiModule or FastCgiModule';
const DETAILS = 'The error code beside it (sc-win32-status, or the page’s Error Code): `gateprobe decode <code>`';

// KB943891; the numbers with “(ARR)” were added by ARR 3.0.1916 and use some of the older ones again.
export const BAD_GATEWAY: readonly CodeRow[] = [
  [
    '502.0',
    'member/status',
    'An application set 502 itself, or it was passed through from a server behind.',
    {
      name: 'Bad gateway',
      inALog:
        'Substatus 0 without X-ARR-LOG-ID: the site’s own application made it. With SERVER-STATUS=502 in cs-uri-query: the member sent it through ARR.',
      next: ['SERVER-STATUS in cs-uri-query of the line', 'The application’s own log at that second'],
    },
  ],
  [
    '502.1',
    'response/timeout',
    'A CGI or FastCGI application did not answer in time.',
    {
      name: 'CGI application timeout',
      when: CGI,
      next: [
        '`activityTimeout` and `requestTimeout` of the FastCGI application',
        'The application’s own log at that second',
      ],
    },
  ],
  [
    '502.2',
    'gateway/config',
    'ARR could not map the request to a farm.',
    {
      name: 'Map request failure (ARR)',
      when: ARR,
      next: [
        'The URL Rewrite rule of the farm and the farm’s name in it',
        'A failed-request trace (FREB) for 502 on the controller',
      ],
    },
  ],
  [
    '502.2',
    'response/reset-before-headers',
    'A CGI or FastCGI process ended before its answer was complete, or its headers were not valid.',
    {
      name: 'Bad gateway: premature exit (CGI)',
      when: CGI,
      next: [
        'Application event log: Application Error 1000 for php-cgi.exe or the like',
        'The answer that the process wrote: run it by hand',
      ],
    },
  ],
  [
    '502.3',
    undefined,
    'ARR could not get an answer from the member. The error code beside it says why.',
    {
      name: 'Forwarder connection error, WinHTTP asynchronous completion failure (ARR)',
      when: `${ARR}, but no SERVER-STATUS`,
      inALog:
        'The member gave no answer that ARR could use: too slow (12002), refused (12029), closed the connection (12030), not valid HTTP (12152), TLS (12175). If sc-win32-status is 64, the client had left and the code is lost: time-taken still tells.',
      next: [
        DETAILS,
        'time-taken: about the ARR timeout is a slow member, about 1.0 s is a refused connection, a few ms is the keep-alive race',
        'The member’s log and HTTPERR log at that second',
      ],
    },
  ],
  [
    '502.4',
    'pool/none',
    'ARR had no server to send to: all are unhealthy, stopped or draining.',
    {
      name: 'No server (ARR)',
      when: ARR,
      inALog: 'Comes in 0 ms with error code 0x00000000: nobody was asked.',
      next: [
        'Health of the farm’s servers in IIS Manager, and the health test’s URL asked by hand',
        '`minServers` of the health test: 0 allows that all are taken out; 1 or more keeps some',
        'Live-traffic failures: a burst of errors may take servers out as well (`liveTrafficFailureCodes`)',
      ],
    },
  ],
  [
    '502.5',
    'response/reset-before-headers',
    'A WebSocket through ARR failed.',
    {
      name: 'WebSocket failure (ARR)',
      when: ARR,
      next: ['WebSocket Protocol installed on controller and member?', DETAILS],
    },
  ],
  [
    '502.6',
    'connect/failed',
    'Forwarding the request failed.',
    {
      name: 'Forwarded request failure (ARR)',
      when: ARR,
      next: [DETAILS, 'A failed-request trace (FREB) for 502 on the controller'],
    },
  ],
  [
    '502.7',
    'gateway/internal',
    'ARR failed while it executed the request.',
    {
      name: 'Execute request failure (ARR)',
      when: ARR,
      next: [DETAILS, 'A failed-request trace (FREB) for 502 on the controller'],
    },
  ],
];

export const UNAVAILABLE: readonly CodeRow[] = [
  [
    '503.0',
    'pool/member-down',
    'The application pool is stopped, disabled, or cannot start.',
    {
      name: 'Application pool unavailable',
      when: 'Answered by http.sys (Server: Microsoft-HTTPAPI/2.0): no line in the site’s log, but one in HTTPERR',
      next: [
        'HTTPERR at that second: AppOffline, Disabled, QueueFull …',
        'WAS events 5002 (rapid-fail), 5021, 5057, 5059 in the System event log',
        'State of the pool: `appcmd list apppool`',
      ],
    },
  ],
  [
    '503.2',
    'gateway/conn-limit',
    'More requests at once than serverRuntime/appConcurrentRequestLimit (5000) allows.',
    {
      name: 'Concurrent request limit exceeded',
      next: ['Requests in flight: are answers slow?', '`appConcurrentRequestLimit` of system.webServer/serverRuntime'],
    },
  ],
  [
    '503.3',
    'pool/queue-full',
    'The queue of ASP.NET is full.',
    {
      name: 'ASP.NET queue full',
      next: [
        'Are requests slow? Threads and requests in flight at that second',
        '`requestQueueLimit`, `maxConcurrentRequestsPerCPU`',
      ],
    },
  ],
  [
    '503.4',
    'pool/queue-full',
    'The queue of the FastCGI application is full.',
    {
      name: 'FastCGI queue full',
      next: ['`queueLength` and `maxInstances` of the FastCGI application', 'Are requests slow?'],
    },
  ],
];
