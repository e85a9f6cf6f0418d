import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow, MessagePattern } from './code.ts';
import { codeMeaning, codeTable, messageTable } from './code.ts';

// Configuration manual, “Session state at disconnection”: four letters, two in TCP mode.
const ENDED_BY: Readonly<Record<string, string>> = {
  C: 'the client closed or reset',
  S: 'the server closed, reset or refused',
  P: 'HAProxy itself ended it: a limit, a rule, or a message that is not valid',
  L: 'HAProxy answered locally',
  R: 'HAProxy ran out of a resource',
  I: 'an internal error',
  D: 'the server was marked down',
  U: 'an active server came back, so the backup was cut',
  K: 'an administrator ended it',
  c: 'the client’s timer ended',
  s: 'the server’s timer ended',
  '-': 'both sides ended it normally',
};
const STATE: Readonly<Record<string, string>> = {
  R: 'while the request was read',
  Q: 'in the queue',
  C: 'while connecting to the server',
  H: 'while waiting for the headers of the answer',
  D: 'during the data',
  L: 'while the last data went to the client',
  T: 'in the tarpit',
  '-': 'after everything was done',
};
const COOKIE_SEEN: Readonly<Record<string, string>> = {
  N: 'the client sent no cookie',
  I: 'the cookie fits no server',
  D: 'the cookie names a server that is down',
  V: 'the cookie is valid',
  E: 'the cookie has expired (maxidle)',
  O: 'the cookie is too old (maxlife)',
  U: 'the cookie was not used (use-server)',
};
const COOKIE_SET: Readonly<Record<string, string>> = {
  N: 'no cookie was set',
  I: 'a cookie was inserted',
  U: 'the cookie was updated',
  P: 'the server’s own cookie was passed on',
  R: 'the server’s cookie was rewritten',
  D: 'the server’s cookie was deleted',
};

const CLIENT_LEFT = {
  inALog:
    'The client went away. HAProxy 2.6 was seen not to notice this while it waits for headers: such lines then end as if the client were there.',
};

// Outcomes of pairs; the first group was measured with 2.6, the rest is documented or follows from the letters.
const PAIRS: readonly CodeRow[] = [
  [
    '--',
    'ok',
    'Ended normally on both sides.',
    { inALog: 'If the status is an error, the server sent it itself (Tr is not -1).', sure: 'seen' },
  ],
  [
    'SC',
    'connect/failed',
    'The server, or the way to it, refused the connection.',
    {
      inALog:
        'Status 503. With <NOSRV> as server: no server was up, nobody was asked. With a server: refused (it takes retries × 1 s), reset, or TLS that failed; httplog shows the same for all of them.',
      next: [
        'Server field of the line: <NOSRV> means that all are down; `show stat` says since when and why',
        '`%[bc_err_str]` and `%[ssl_bc_err_str]` in the log-format tell refused from TLS',
        'On the member: does it listen there? `ss -ltnp`',
      ],
      sure: 'seen',
    },
  ],
  [
    'SC <NOSRV>',
    'pool/none',
    'No server of the backend was up; nobody was asked.',
    { inALog: 'Status 503 in 0 ms: all servers are down, disabled, or their names do not resolve.', sure: 'seen' },
  ],
  [
    'sC',
    'connect/timeout',
    'The connect timer ended: the server did not answer the connection request.',
    {
      inALog:
        'Status 503, never 504. Ta is about (retries + 1) × timeout connect. The same letters come for TLS spoken to a plain port.',
      sure: 'seen',
    },
  ],
  [
    'SH',
    'response/reset-before-headers',
    'The server closed before the headers of its answer were complete.',
    { sure: 'seen' },
  ],
  ['sH', 'response/timeout', 'The server’s timer ended before the headers of the answer.', { sure: 'seen' }],
  [
    'PH',
    'response/malformed',
    'HAProxy refused the server’s answer: not valid, headers too large or too many, or a rule.',
    { sure: 'seen' },
  ],
  ['SD', 'response/truncated', 'The server closed in the middle of the answer.', { sure: 'seen' }],
  [
    'sD',
    'response/stalled',
    'The server’s timer ended in the middle of the answer.',
    {
      inALog: 'The answer stopped coming. Also when the client vanished without a word and nothing could be written.',
      sure: 'seen',
    },
  ],
  ['PD', 'response/malformed', 'The chunks of the answer were not valid.'],
  ['sQ', 'pool/queue-timeout', 'The queue timer ended: no server had a free place in time.', { sure: 'seen' }],
  ['CQ', 'client/abort', 'The client left while its request was in the queue.'],
  ['CC', 'client/abort', 'The client left before the connection to the server stood.'],
  ['CD', 'client/abort', 'The client left during the data.', { sure: 'seen' }],
  ['CH', 'client/abort', 'The client left while HAProxy waited for the headers of the answer.', CLIENT_LEFT],
  ['CR', 'client/abort', 'The client left before its request was complete.', { sure: 'seen' }],
  ['CT', 'client/abort', 'The client left the tarpit.'],
  ['CL', 'client/abort', 'The client left while the last data went to it.'],
  ['cD', 'client/timeout', 'The client stopped reading or sending during the data.'],
  ['cH', 'client/timeout', 'The client did not send its body in time.'],
  ['cR', 'client/timeout', 'The client did not send its request in time (timeout http-request).', { sure: 'seen' }],
  ['cL', 'client/timeout', 'The client did not take the last data in time.'],
  [
    'PR',
    'client/bad-request',
    'HAProxy refused the request: not valid (400), or a rule (403, 429 …).',
    {
      inALog: 'With status 400 and <BADREQ> the request was not valid; with another status a deny rule refused it.',
      sure: 'seen',
    },
  ],
  ['PT', 'gateway/denied', 'The request was held in the tarpit.', { sure: 'seen' }],
  ['PC', 'gateway/resource', 'The process’s limit of sockets was reached while connecting.'],
  [
    'LR',
    'gateway/local-response',
    'HAProxy answered by a rule of its own: redirect, return, statistics.',
    { sure: 'seen' },
  ],
  ['LH', 'gateway/local-response', 'HAProxy answered by a response rule of its own.'],
  ['LC', 'gateway/local-response', 'HAProxy redirected because of “redir” at the server.'],
  ['RC', 'gateway/resource', 'No socket, port or memory was left to connect with.'],
  ['DH', 'pool/member-down', 'The server was marked down while its answer was awaited.', { sure: 'recalled' }],
  ['DD', 'pool/member-down', 'The server was marked down in the middle of its answer.', { sure: 'recalled' }],
  [
    'UD',
    'pool/member-drain',
    'A session on the backup was cut because an active server came back.',
    { sure: 'recalled' },
  ],
  ['KD', 'gateway/shutdown', 'An administrator ended the session.', { sure: 'recalled' }],
  ['IH', 'gateway/internal', 'An internal error while waiting for the answer.', { sure: 'recalled' }],
  ['IR', 'gateway/internal', 'An internal error while reading the request.', { sure: 'recalled' }],
];

const ENDER_OUTCOME: Readonly<Record<string, HopOutcome>> = {
  C: 'client/abort',
  P: 'gateway/denied',
  L: 'gateway/local-response',
  R: 'gateway/resource',
  I: 'gateway/internal',
  D: 'pool/member-down',
  U: 'pool/member-drain',
  K: 'gateway/shutdown',
  c: 'client/timeout',
};

const KNOWN = new Map(codeTable('haproxy', PAIRS).map((meaning) => [meaning.code, meaning]));

/** Pairs with a meaning of their own: two letters each. */
export function haproxyPairs(): readonly CodeMeaning[] {
  return [...KNOWN.values()];
}

/**
 * Meaning of a termination state of two or four letters. A pair that is not documented is put together from its two letters; undefined when
 * a letter is none of the manual’s. Upper and lower case differ in meaning.
 */
export function haproxyTermination(state: string): CodeMeaning | undefined {
  if (!/^[CSPLRIDUKcs-][RQCHDLT-](?:[NIDVEOU-][NIUPRD-])?$/.test(state)) return undefined;
  const [ender = '', phase = '', seen = '', set = ''] = state;
  const known = KNOWN.get(state.slice(0, 2)) ?? composed(ender, phase);
  if (state.length === 2 || known === undefined) return known;
  const cookies = [COOKIE_SEEN[seen], COOKIE_SET[set]].filter((part) => part !== undefined);
  return {
    ...known,
    code: state,
    ...(cookies.length === 0 ? {} : { beside: [{ label: 'letters 3 and 4', text: cookies.join('; ') }] }),
  };
}

function composed(ender: string, phase: string): CodeMeaning | undefined {
  const who = ENDED_BY[ender];
  const where = STATE[phase];
  if (who === undefined || where === undefined || ender === '-') return undefined;
  const meaning = `${who.charAt(0).toUpperCase()}${who.slice(1)}, ${where}.`;
  return codeMeaning('haproxy', [
    `${ender}${phase}`,
    ENDER_OUTCOME[ender] ?? 'unknown',
    meaning,
    { inALog: 'Not among the pairs of the manual: put together from its two letters.', sure: 'recalled' },
  ]);
}

const MESSAGES: readonly MessagePattern[] = messageTable(
  'haproxy',
  [
    [
      /Server \S+\/\S+ is DOWN/,
      'Server shop/web1 is DOWN, reason: Layer4 connection problem',
      'pool/member-down',
      'A health check took the server out; the reason stands in the line.',
      { name: 'server is DOWN' },
    ],
    [
      /\b(?:backend|proxy) \S+ has no server available!/,
      'backend shop has no server available!',
      'pool/none',
      'The last server of the backend went down.',
      { name: 'no server available' },
    ],
    [
      /Server \S+\/\S+ is UP/,
      'Server shop/web1 is UP, reason: Layer7 check passed',
      'ok',
      'A server is back.',
      { name: 'server is UP' },
    ],
    [
      /(?:Connection (?:closed|error) during SSL handshake|SSL handshake failure)/,
      'SSL handshake failure',
      'client/tls',
      'TLS with the client failed; in a bc_err field: TLS with the server.',
      { name: 'SSL handshake failure' },
    ],
  ],
  'seen',
);

export function haproxyMessages(): readonly MessagePattern[] {
  return MESSAGES;
}
