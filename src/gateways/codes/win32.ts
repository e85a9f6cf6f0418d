import { readFileSync } from 'node:fs';
import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow } from './code.ts';
import { codeMeaning } from './code.ts';
import { formsOfWin32 } from './number-forms.ts';

type Own = readonly [
  outcome: HopOutcome | undefined,
  meaning: string,
  inALog?: string | undefined,
  next?: readonly string[],
];

const PEER_GONE =
  'The other side of the connection left before the answer was out. On a member behind ARR the other side is ARR: it gave up first. The status is still what the application set, often 200. On ARR itself: its client left, and this number stands in place of the WinHTTP code.';
const PEER_GONE_NEXT = [
  'time-taken of the line: about ARR’s timeout (30 s farm, 120 s server) means that ARR gave up',
  'On ARR with 502.3 and 0 bytes: about 1.0 s is a refused connection (12029), about the timeout is 12002',
  'The line of the same request on the other machine',
];
const PORTS_NEXT = [
  '`netstat -ano | find /c "TIME_WAIT"` and `netsh int ipv4 show dynamicport tcp` on the gateway',
  'System event log: Tcpip 4227 and 4231 (ports used up)',
];

// Readings of those that stand in IIS logs and traces; documented meaning, and what real logs showed.
const OWN: Readonly<Record<number, Own>> = {
  0: ['ok', 'Success.', 'Windows saw no error; the status alone tells.'],
  2: [undefined, 'The file is not there.', 'Usual beside 404.0.', ['The physical path of the request on that machine']],
  3: [
    undefined,
    'The folder is not there.',
    'Usual beside 404.0.',
    ['The physical path of the request on that machine'],
  ],
  5: [
    'gateway/denied',
    'Access is denied.',
    'Usual beside 401 and 403: rights of the pool’s identity or of the user.',
    ['Rights of the pool identity on the content', 'A failed-request trace (FREB) names the module'],
  ],
  13: [
    'gateway/config',
    'The data is not valid.',
    'Beside 500.19: web.config or applicationHost.config cannot be read.',
    ['The detailed error page on the machine itself names file and line'],
  ],
  38: ['client/abort', 'End of file.', 'The client closed in the middle of the request body.'],
  50: [
    undefined,
    'Not supported.',
    'Usual beside 500.21 and 405: a handler or verb that is not there.',
    ['Handlers and modules of the site'],
  ],
  59: [
    'connect/failed',
    'An unexpected network error.',
    'The connection, often to a file share, broke.',
    ['The share or member that the content comes from'],
  ],
  64: ['client/abort', 'The network name is no longer available: the peer disconnected.', PEER_GONE, PEER_GONE_NEXT],
  87: [
    undefined,
    'A parameter is not correct.',
    'An internal call was refused; rarely more than a companion.',
    ['A failed-request trace (FREB) names the module'],
  ],
  109: [
    'response/reset-before-headers',
    'The pipe has ended: the process at its other end is gone.',
    'A worker, FastCGI or CGI process ended while it was spoken to. In a WAS 5011 event it says that the worker crashed.',
  ],
  121: [
    'client/timeout',
    'The semaphore timeout expired.',
    'http.sys gave up sending: the peer stopped reading (minBytesPerSecond or the connection timer).',
  ],
  232: [
    'response/reset-before-headers',
    'The pipe is being closed.',
    'A FastCGI or CGI process went away while it was spoken to.',
  ],
  233: [
    'response/reset-before-headers',
    'No process is at the other end of the pipe.',
    'A FastCGI or CGI process is gone.',
  ],
  258: [
    'response/timeout',
    'A wait timed out.',
    'FastCGI, CGI or ISAPI did not answer in its time.',
    ['`activityTimeout` and `requestTimeout` of the FastCGI application', 'The application’s own log at that second'],
  ],
  995: [
    'response/truncated',
    'The operation was aborted: the thread ended or the application asked for it.',
    'The answer was ended from inside: Response.Close, a recycle, or the application shutting down.',
    [
      'WAS events 5074 to 5080, 5117 and 5186 around that second: was it a recycle?',
      'Response.Close or an abort in the application’s code',
    ],
  ],
  1117: [
    'gateway/resource',
    'An input/output device failed.',
    'The disk or share with the content failed.',
    ['System event log at that second: disk, share'],
  ],
  1167: [
    'gateway/resource',
    'The device is not connected.',
    'The disk or share with the content is gone.',
    ['System event log at that second: disk, share'],
  ],
  1225: ['connect/refused', 'The remote computer refused the connection.'],
  1226: ['response/reset-before-headers', 'The peer closed the connection in an orderly way.'],
  1229: [
    'client/abort',
    'An operation on a connection that no longer exists.',
    'The peer had gone before the answer was sent; in traces as 0x800704cd while the answer is flushed.',
    PEER_GONE_NEXT,
  ],
  1231: ['connect/unreachable', 'The network cannot be reached.'],
  1232: ['connect/unreachable', 'The host cannot be reached.'],
  1233: ['connect/unreachable', 'The protocol cannot be reached at the host.'],
  1234: ['connect/refused', 'Nothing listens on that port of the host.'],
  1235: ['client/abort', 'The request was aborted.'],
  1236: ['client/abort', 'The connection was aborted by the local system.', PEER_GONE, PEER_GONE_NEXT],
  1326: [
    'gateway/denied',
    'The user name or password is not correct.',
    'Usual beside 401.1.',
    ['Security event log 4625 on that machine'],
  ],
  1450: ['gateway/resource', 'Not enough system resources.'],
  1460: [
    'response/timeout',
    'A timeout expired.',
    'The timer of WinHTTP for the answer: in a trace under 12002 it says that the member was slow, not the connect.',
  ],
  10048: [
    'gateway/resource',
    'The address is already in use.',
    'Usual when the gateway’s own ports are used up.',
    PORTS_NEXT,
  ],
  10051: ['connect/unreachable', 'The network cannot be reached.'],
  10053: ['client/abort', 'The connection was aborted by software on this machine.', PEER_GONE, PEER_GONE_NEXT],
  10054: [
    'response/reset-before-headers',
    'The peer reset the connection.',
    'Under 12030 in a trace: the member closed. In sc-win32-status: the other side of this connection did.',
  ],
  10055: ['gateway/resource', 'No buffer space: ports or memory of sockets are used up.', undefined, PORTS_NEXT],
  10060: [
    'connect/timeout',
    'The connection attempt timed out: the host did not answer.',
    'Under 12002 in a trace it says that the connect timed out, not the answer: machine off, or packets dropped.',
  ],
  10061: [
    'connect/refused',
    'The connection was refused: nothing listens on that port.',
    'Under 12029 in a trace. Windows tries three times, so it takes about 1 s.',
  ],
  10064: ['connect/unreachable', 'The host is down.'],
  10065: ['connect/unreachable', 'There is no route to the host.'],
  11001: ['dns/failed', 'The host name does not exist.', 'Under 12007 in a trace.'],
  11002: ['dns/timeout', 'The name server did not answer; try again.'],
};

let namesByCode: ReadonlyMap<number, string> | undefined;

/** Numbers and names of all Windows errors; the list is read when it is first needed. */
export function win32Names(): ReadonlyMap<number, string> {
  namesByCode ??= readNames();
  return namesByCode;
}

function readNames(): ReadonlyMap<number, string> {
  const text = readFileSync(new URL('./win32-codes.txt', import.meta.url), 'utf8');
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.indexOf(' ');
      return [Number(line.slice(0, end)), line.slice(end + 1)];
    }),
  );
}

/** Whether the number has a reading of its own: it was met in logs of IIS. */
export function isReadInLogs(code: number): boolean {
  return code in OWN;
}

export function win32Meaning(code: number): CodeMeaning | undefined {
  const name = win32Names().get(code);
  if (name === undefined) return undefined;
  const forms = formsOfWin32(code);
  const [outcome, meaning, inALog, next] = OWN[code] ?? [
    undefined,
    `The name says it: ${name
      .replace(/^(?:ERROR|WSA)_?/, '')
      .replaceAll('_', ' ')
      .toLowerCase()}.`,
    'Not one of those that are usual in logs of web servers.',
    [`On any Windows machine: \`net helpmsg ${code}\` prints the system’s own text`],
  ];
  const row: CodeRow = [
    String(code),
    outcome,
    meaning,
    { name, forms, ...(inALog === undefined ? {} : { inALog }), ...(next === undefined ? {} : { next }) },
  ];
  return codeMeaning('win32', row);
}
