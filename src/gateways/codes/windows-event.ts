import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow } from './code.ts';
import { codeTable } from './code.ts';

type Source = { readonly short: string; readonly provider: string; readonly channel: string };
type Row = readonly [source: Source, id: number, outcome: HopOutcome | undefined, meaning: string, inALog?: string];

const WAS: Source = { short: 'WAS', provider: 'Microsoft-Windows-WAS', channel: 'System' };
const ANCM: Source = { short: 'ANCM', provider: 'IIS AspNetCore Module V2', channel: 'Application' };
const APP: Source = { short: 'Application Error', provider: 'Application Error', channel: 'Application' };
const NET: Source = { short: '.NET Runtime', provider: '.NET Runtime', channel: 'Application' };
const WER: Source = { short: 'Windows Error Reporting', provider: 'Windows Error Reporting', channel: 'Application' };
const ASPNET: Source = { short: 'ASP.NET', provider: 'ASP.NET 4.0.30319.0', channel: 'Application' };
const TCPIP: Source = { short: 'Tcpip', provider: 'Tcpip', channel: 'System' };
const HTTP: Source = { short: 'HttpEvent', provider: 'Microsoft-Windows-HttpEvent', channel: 'System' };
const SCM: Source = { short: 'Service Control Manager', provider: 'Service Control Manager', channel: 'System' };

const CRASH =
  'Requests in that worker are cut: HTTPERR Connection_Abandoned_By_ReqQueue, and 502.3 with 12030 on ARR. The event may come some seconds after the crash itself.';
const RECYCLE =
  'The next requests wait for the new worker: slow first requests, no errors unless the old one passes its shutdown limit.';
const OFF = 'All requests of the pool end as 503 (HTTPERR AppOffline or Disabled) until it is started again.';

const ROWS: readonly Row[] = [
  [WAS, 5002, 'pool/member-down', 'The pool was disabled after a series of failures (rapid-fail protection).', OFF],
  [WAS, 5005, 'gateway/shutdown', 'WAS stops because of an error.'],
  [WAS, 5009, 'response/reset-before-headers', 'A worker ended unexpectedly; the event has its exit code.', CRASH],
  [
    WAS,
    5010,
    'response/timeout',
    'A worker did not answer a ping: it hangs or is overloaded.',
    'WAS kills it and starts another: requests in it are cut, ARR shows 502.3 with 12030.',
  ],
  [WAS, 5011, 'response/reset-before-headers', 'A worker had a fatal communication error with WAS: it crashed.', CRASH],
  [WAS, 5012, 'pool/member-down', 'A worker took too long to start.'],
  [
    WAS,
    5013,
    'response/reset-before-headers',
    'A worker took too long to shut down and was killed.',
    'The recycle passed shutdownTimeLimit (90 s): long requests are cut, ARR shows 502.3 with 12030.',
  ],
  [WAS, 5021, 'pool/member-down', 'The identity of the pool is not valid: password or account.', OFF],
  [WAS, 5057, 'pool/member-down', 'The pool was disabled because its identity cannot log on.', OFF],
  [WAS, 5059, 'pool/member-down', 'The pool has been disabled.', OFF],
  [WAS, 5074, 'gateway/shutdown', 'Recycle: the worker reached its allowed time (29 hours).', RECYCLE],
  [WAS, 5075, 'gateway/shutdown', 'Recycle: the worker reached its number of requests.', RECYCLE],
  [WAS, 5076, 'gateway/shutdown', 'Recycle at its scheduled time.', RECYCLE],
  [WAS, 5077, 'gateway/shutdown', 'Recycle: the limit of virtual memory was reached.', RECYCLE],
  [WAS, 5078, 'gateway/shutdown', 'Recycle: an ISAPI extension reported itself unhealthy.', RECYCLE],
  [WAS, 5079, 'gateway/shutdown', 'Recycle by an administrator or a deployment.', RECYCLE],
  [WAS, 5080, 'gateway/shutdown', 'Recycle after a change of configuration.', RECYCLE],
  [WAS, 5081, 'gateway/shutdown', 'Recycle: the configuration store recovered.', RECYCLE],
  [
    WAS,
    5117,
    'gateway/shutdown',
    'Recycle: the limit of private memory was reached.',
    `${RECYCLE} Often: a leak of memory in the application.`,
  ],
  [WAS, 5139, 'pool/member-down', 'A listener channel of the worker had a problem.'],
  [
    WAS,
    5186,
    'ok',
    'A worker was shut down because it was idle (20 minutes by default).',
    'The next request after it starts a new worker and is slow: the cold start.',
  ],
  [
    APP,
    1000,
    'response/reset-before-headers',
    'A process crashed: w3wp.exe, dotnet.exe or php-cgi.exe, with module and exception code.',
    CRASH,
  ],
  [NET, 1025, 'response/reset-before-headers', 'A .NET process ended itself (FailFast).', CRASH],
  [
    NET,
    1026,
    'response/reset-before-headers',
    'A .NET process ended by an exception that nobody caught; the event has its text.',
    CRASH,
  ],
  [WER, 1001, undefined, 'A report of a crash was written: companion of Application Error 1000.'],
  [ASPNET, 1309, 'member/status', 'A request of ASP.NET failed with an exception; the event has it.'],
  [
    ASPNET,
    1325,
    'response/reset-before-headers',
    'An exception of ASP.NET that nobody caught ended the process.',
    CRASH,
  ],
  [ANCM, 1000, 'pool/member-down', 'The application’s process could not be started.'],
  [ANCM, 1001, 'ok', 'The application’s process has started.'],
  [
    ANCM,
    1003,
    'pool/member-down',
    'The application failed too often in a minute (rapid fail) and is not started for now.',
  ],
  [ANCM, 1004, 'gateway/config', 'aspNetCore in web.config is not valid.'],
  [ANCM, 1005, 'response/reset-before-headers', 'The application did not stop in time and was killed.'],
  [ANCM, 1006, 'gateway/shutdown', 'The application was asked to shut down.'],
  [ANCM, 1007, 'gateway/config', 'The .NET runtime could not be loaded.'],
  [ANCM, 1008, 'gateway/config', 'Several in-process applications share one pool (500.35).'],
  [ANCM, 1009, 'gateway/config', 'In-process and out-of-process share one pool (500.34).'],
  [ANCM, 1010, 'gateway/internal', 'The application could not be added.'],
  [ANCM, 1011, 'response/reset-before-headers', 'The thread of an in-process application ended.'],
  [ANCM, 1012, 'gateway/shutdown', 'The application was recycled because of app_offline.htm: a deployment.'],
  [ANCM, 1013, 'gateway/config', 'The module is disabled.'],
  [ANCM, 1018, 'response/reset-before-headers', 'An in-process application threw an exception that nobody caught.'],
  [ANCM, 1020, 'pool/member-down', 'The process started but did not listen on its port, or ended at once (502.5).'],
  [ANCM, 1021, 'gateway/shutdown', 'The application was recycled after a change of configuration.'],
  [ANCM, 1022, 'gateway/internal', 'The application could not be recycled.'],
  [ANCM, 1024, 'gateway/internal', 'app_offline.htm could not be watched.'],
  [ANCM, 1025, undefined, 'A general note of the module.'],
  [ANCM, 1026, undefined, 'A general warning of the module.'],
  [ANCM, 1027, undefined, 'A general error of the module; its text tells.'],
  [ANCM, 1028, 'gateway/config', 'The request handler is missing beside the module (500.36).'],
  [ANCM, 1029, 'gateway/config', 'The request handler of this version is missing.'],
  [ANCM, 1030, 'pool/member-down', 'The application’s process has ended.'],
  [ANCM, 1031, 'pool/member-down', 'An in-process application could not start (500.30).'],
  [ANCM, 1032, 'ok', 'An in-process application has started.'],
  [ANCM, 1033, 'gateway/shutdown', 'The application has shut down.'],
  [ANCM, 1034, 'gateway/config', 'The configuration could not be loaded.'],
  [
    ANCM,
    1035,
    'response/reset-before-headers',
    'The thread of an in-process application ended; the event has its output.',
  ],
  [ANCM, 1036, undefined, 'A line of the module’s debug log.'],
  [
    TCPIP,
    4227,
    'gateway/resource',
    'A port for an outgoing connection could not be had: too many were used lately.',
    'The gateway’s own ports are used up: 502.3 with 12029 in bursts. Reuse connections to members.',
  ],
  [
    TCPIP,
    4231,
    'gateway/resource',
    'All ports for outgoing connections are in use.',
    'The gateway’s own ports are used up: 502.3 with 12029 in bursts. Reuse connections to members.',
  ],
  [HTTP, 15005, 'gateway/config', 'A binding could not be set up.'],
  [HTTP, 15006, 'gateway/config', 'A binding with a name could not be set up.'],
  [HTTP, 15021, 'client/tls', 'The TLS configuration of a binding failed: certificate or its private key.'],
  [SCM, 7031, 'pool/member-down', 'A service (W3SVC, WAS) ended unexpectedly and is started again.'],
  [SCM, 7034, 'pool/member-down', 'A service (W3SVC, WAS) ended unexpectedly.'],
];

const RECALLED = new Set<Source>([TCPIP, HTTP, SCM]);
// What the event means for requests, where its row does not say.
const USUAL: Partial<Record<HopOutcome, string>> = {
  'pool/member-down': 'All requests of the application or pool fail until it runs again.',
  'gateway/config': 'The configuration of the site, pool or application on that machine prevents it.',
  'gateway/shutdown': RECYCLE,
  'response/reset-before-headers': CRASH,
};
const NEXT = [
  'The whole event: pool, process id, exit or exception code. Events of the same process id belong together',
  'The lines of ARR and of HTTPERR from 2 minutes before to 2 minutes after it',
];

function eventRow([source, id, outcome, meaning, own]: Row): CodeRow {
  const inALog = own ?? USUAL[outcome ?? 'ok'];
  return [
    `${source.short} ${id}`,
    outcome,
    meaning,
    {
      name: `${source.provider} ${id}`,
      beside: [{ label: 'event log', text: source.channel }],
      next: NEXT,
      ...(inALog === undefined ? {} : { inALog }),
      ...(RECALLED.has(source) ? { sure: 'recalled' } : {}),
    },
  ];
}

const MEANINGS = codeTable('windows-event', ROWS.map(eventRow));

export function windowsEventMeanings(): readonly CodeMeaning[] {
  return MEANINGS;
}
