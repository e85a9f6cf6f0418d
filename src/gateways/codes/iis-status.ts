import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow } from './code.ts';
import { codeTable } from './code.ts';
import { BAD_GATEWAY, UNAVAILABLE } from './iis-status-502.ts';

type Plain = readonly [code: string, outcome: HopOutcome | undefined, name: string];

const FAST = 'Dynamic IP restrictions: this client asked too fast or too much at once. The probe may have caused it.';
const LISTED = 'IP and domain restrictions: the client is on the deny list.';

// KB943891, “HTTP status codes in IIS”.
const PLAIN: readonly Plain[] = [
  ['400.1', 'client/bad-request', 'Invalid Destination header'],
  ['400.2', 'client/bad-request', 'Invalid Depth header'],
  ['400.3', 'client/bad-request', 'Invalid If header'],
  ['400.4', 'client/bad-request', 'Invalid Overwrite header'],
  ['400.5', 'client/bad-request', 'Invalid Translate header'],
  ['400.6', 'client/bad-request', 'Invalid request body'],
  ['400.7', 'client/bad-request', 'Invalid Content-Length'],
  ['400.8', 'client/bad-request', 'Invalid timeout'],
  ['400.9', 'client/bad-request', 'Invalid lock token'],
  ['400.10', 'client/bad-request', 'Invalid X-Forwarded-For header'],
  ['400.11', 'client/bad-request', 'Invalid WebSocket request'],
  ['400.601', 'client/bad-request', 'Bad client request (ARR)'],
  ['400.602', 'client/bad-request', 'Invalid time format (ARR)'],
  ['400.603', 'client/bad-request', 'Parse range error (ARR)'],
  ['400.606', 'gateway/internal', 'Asynchronous competition error (ARR)'],
  ['401.1', 'gateway/denied', 'Logon failed'],
  ['401.2', 'gateway/denied', 'Logon failed due to server configuration'],
  ['401.3', 'gateway/denied', 'Unauthorized due to ACL on resource'],
  ['401.4', 'gateway/denied', 'Authorization failed by filter'],
  ['401.5', 'gateway/denied', 'Authorization failed by ISAPI or CGI application'],
  ['403.1', 'gateway/denied', 'Execute access forbidden'],
  ['403.2', 'gateway/denied', 'Read access forbidden'],
  ['403.3', 'gateway/denied', 'Write access forbidden'],
  ['403.4', 'gateway/denied', 'TLS required'],
  ['403.5', 'gateway/denied', 'TLS with 128 bit required'],
  ['403.6', 'gateway/denied', 'IP address rejected'],
  ['403.7', 'client/tls', 'Client certificate required'],
  ['403.8', 'gateway/denied', 'Site access denied by the client’s DNS name'],
  ['403.9', 'gateway/conn-limit', 'Too many clients'],
  ['403.10', 'gateway/denied', 'Execute access denied by configuration'],
  ['403.11', 'gateway/denied', 'Password has been changed'],
  ['403.12', 'gateway/denied', 'Certificate mapper denied access'],
  ['403.13', 'client/tls', 'Client certificate revoked'],
  ['403.14', 'gateway/denied', 'Directory listing denied'],
  ['403.15', 'gateway/conn-limit', 'Client access licenses exceeded'],
  ['403.16', 'client/tls', 'Client certificate untrusted or invalid'],
  ['403.17', 'client/tls', 'Client certificate expired or not yet valid'],
  ['403.18', 'gateway/config', 'URL cannot be executed in this application pool'],
  ['403.19', 'gateway/config', 'CGI cannot be executed for the client in this application pool'],
  ['403.20', 'gateway/denied', 'Passport logon failed'],
  ['403.21', 'gateway/denied', 'Source access denied'],
  ['403.22', 'gateway/denied', 'Infinite depth denied'],
  ['404.1', 'gateway/no-route', 'Site not found'],
  ['404.2', 'gateway/denied', 'ISAPI or CGI restriction'],
  ['404.3', 'gateway/config', 'MIME type restriction'],
  ['404.4', 'gateway/no-route', 'No handler configured'],
  ['404.5', 'gateway/denied', 'URL sequence denied by request filtering'],
  ['404.6', 'gateway/denied', 'Verb denied'],
  ['404.7', 'gateway/denied', 'File extension denied'],
  ['404.8', 'gateway/denied', 'Hidden namespace'],
  ['404.9', 'gateway/denied', 'File attribute hidden'],
  ['404.10', 'client/too-large', 'Request header too long'],
  ['404.11', 'gateway/denied', 'Double escape sequence'],
  ['404.12', 'gateway/denied', 'High-bit characters'],
  ['404.13', 'client/too-large', 'Content length too large'],
  ['404.14', 'client/too-large', 'URL too long'],
  ['404.15', 'client/too-large', 'Query string too long'],
  ['404.16', 'gateway/config', 'DAV request sent to the static file handler'],
  ['404.17', 'gateway/config', 'Dynamic content mapped to the static file handler'],
  ['404.18', 'gateway/denied', 'Query string sequence denied'],
  ['404.19', 'gateway/denied', 'Denied by filtering rule'],
  ['404.20', 'client/too-large', 'Too many URL segments'],
  ['405.0', 'gateway/denied', 'Method not allowed'],
  ['406.0', 'client/bad-request', 'Invalid MIME type in Accept'],
  ['412.0', 'client/bad-request', 'Precondition failed'],
  ['413.0', 'client/too-large', 'Request entity too large'],
  ['500.15', 'client/bad-request', 'Direct request for Global.asax'],
  ['500.21', 'gateway/config', 'Module not recognised'],
  ['500.22', 'gateway/config', 'httpModules does not apply in managed pipeline mode'],
  ['500.23', 'gateway/config', 'httpHandlers does not apply in managed pipeline mode'],
  ['500.24', 'gateway/config', 'Impersonation does not apply in managed pipeline mode'],
  ['500.50', 'gateway/config', 'URL Rewrite failed at the begin of the request'],
  ['500.51', 'gateway/config', 'URL Rewrite failed in a global rule'],
  ['500.52', 'gateway/config', 'URL Rewrite failed in an outbound rule'],
  ['500.53', 'gateway/config', 'URL Rewrite failed in an outbound rule, at the release of the request state'],
];

const RESTRICTED = ['401', '403', '404'].flatMap((status): CodeRow[] => [
  [
    `${status}.501`,
    'gateway/conn-limit',
    'Too many requests at once from this client.',
    { name: 'Dynamic IP restriction: concurrent requests', inALog: FAST },
  ],
  [
    `${status}.502`,
    'gateway/rate-limit',
    'Too many requests per time from this client.',
    { name: 'Dynamic IP restriction: request rate', inALog: FAST },
  ],
  [
    `${status}.503`,
    'gateway/denied',
    'The client’s address is on the deny list.',
    { name: 'IP restriction: address denied', inALog: LISTED },
  ],
  [
    `${status}.504`,
    'gateway/denied',
    'The client’s host name is on the deny list.',
    { name: 'IP restriction: host name denied', inALog: LISTED },
  ],
]);

// Those whose usual advice is not enough. `when`: the number has several makers.
const TOLD: readonly CodeRow[] = [
  ['400.604', 'client/abort', 'The client left before ARR had an answer for it.', { name: 'Client gone (ARR)' }],
  [
    '400.605',
    'gateway/config',
    'The request went through too many proxies (Max-Forwards, 10).',
    {
      name: 'Maximum number of forwards (ARR)',
      inALog: 'A loop: ARR forwards to itself, or two gateways to each other.',
      next: [
        'Does a member’s name or the rewrite rule lead back to the controller?',
        '`maxForwards` of the farm or proxy (10)',
      ],
    },
  ],
  [
    '404.0',
    'gateway/no-route',
    'Nothing is there under this URL.',
    {
      name: 'Not found',
      inALog:
        'On the controller without X-ARR-LOG-ID in cs-uri-query: the rule that leads to the farm did not match and ARR never saw the request.',
      next: [
        'X-ARR-LOG-ID in cs-uri-query of the line: was it forwarded at all?',
        'Host and path against the URL Rewrite rules',
      ],
    },
  ],
  [
    '500.0',
    'gateway/internal',
    'A module or ISAPI extension failed, or the application itself set 500.',
    {
      name: 'Module or ISAPI error',
      when: 'The Module row of the detailed page names the module; substatus 0 is also what an application’s own 500 has',
    },
  ],
  ['500.11', 'gateway/shutdown', 'The application pool is shutting down.', { name: 'Application is shutting down' }],
  ['500.12', 'gateway/shutdown', 'The application pool is restarting.', { name: 'Application is busy restarting' }],
  ['500.13', 'gateway/saturated', 'The server is too busy to take new requests.', { name: 'Web server is too busy' }],
  [
    '500.19',
    'gateway/config',
    'web.config or applicationHost.config is not valid.',
    {
      name: 'Configuration data is invalid',
      next: [
        'The detailed page on the machine itself names file and line',
        'The error code beside it: 0x8007000d is often a module that is not installed (URL Rewrite)',
      ],
    },
  ],
  ['500.100', 'member/status', 'A classic ASP page failed.', { name: 'Internal ASP error' }],
];

const MEANINGS = codeTable('iis-status', [
  ...PLAIN.map(([code, outcome, name]): CodeRow => [code, outcome, `${name}.`, { name }]),
  ...RESTRICTED,
  ...TOLD,
  ...BAD_GATEWAY,
  ...UNAVAILABLE,
]);

export function iisStatusMeanings(): readonly CodeMeaning[] {
  return MEANINGS;
}
