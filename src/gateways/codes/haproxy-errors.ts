/** Errors of connections (`bc_err`, `fc_err`) and results of health checks in HAProxy. */
import type { HopOutcome } from '../../model/hop.ts';
import type { CodeMeaning, CodeRow } from './code.ts';
import { codeTable } from './code.ts';

type Row = readonly [id: number, name: string, outcome: HopOutcome, meaning: string];

const CONNECTION: readonly Row[] = [
  [1, 'CONF_FDLIM', 'gateway/resource', 'The configured limit of sockets was reached.'],
  [2, 'PROC_FDLIM', 'gateway/resource', 'The process’s limit of file descriptors was reached.'],
  [3, 'SYS_FDLIM', 'gateway/resource', 'The system’s limit of file descriptors was reached.'],
  [4, 'SYS_MEMLIM', 'gateway/resource', 'The system has no memory for a socket.'],
  [5, 'NOPROTO', 'gateway/resource', 'The protocol is not supported.'],
  [6, 'SOCK_ERR', 'gateway/resource', 'A socket could not be made.'],
  [7, 'PORT_RANGE', 'gateway/resource', 'No port is left in the source range.'],
  [8, 'CANT_BIND', 'gateway/resource', 'The source address could not be bound.'],
  [9, 'FREE_PORTS', 'gateway/resource', 'The system has no free port.'],
  [10, 'ADDR_INUSE', 'gateway/resource', 'The local address is in use.'],
  [24, 'SSL_EMPTY', 'tls/handshake', 'The connection was closed before TLS began.'],
  [25, 'SSL_ABORT', 'tls/handshake', 'The connection broke during the TLS handshake.'],
  [26, 'SSL_TIMEOUT', 'tls/handshake-timeout', 'The TLS handshake timed out.'],
  [30, 'SSL_CA_FAIL', 'tls/verify', 'The chain of authorities could not be verified.'],
  [31, 'SSL_CRT_FAIL', 'tls/verify', 'The certificate is not trusted.'],
  [32, 'SSL_MISMATCH', 'tls/verify', 'The server’s certificate is not the configured one.'],
  [33, 'SSL_MISMATCH_SNI', 'tls/verify', 'The server’s certificate is not for the expected name.'],
  [
    34,
    'SSL_HANDSHAKE',
    'tls/handshake',
    'The TLS handshake failed; a certificate that was not accepted counts as well.',
  ],
  [43, 'SSL_FATAL', 'tls/handshake', 'A fatal TLS error: often a client certificate that the server wants.'],
  [45, 'POLLERR', 'connect/failed', 'The poller reported an error.'],
  [46, 'EREFUSED', 'connect/refused', 'The connection was refused.'],
  [47, 'ERESET', 'response/reset-before-headers', 'The connection was reset.'],
  [48, 'EUNREACH', 'connect/unreachable', 'The network cannot be reached.'],
  [56, 'EPIPE', 'request/send-failed', 'The other side closed while HAProxy was sending.'],
];

const CHECKS: readonly CodeRow[] = [
  ['L4CON', 'connect/refused', 'Health check: the connection was refused.'],
  ['L4TOUT', 'connect/timeout', 'Health check: the connection timed out.'],
  ['L6TOUT', 'tls/handshake-timeout', 'Health check: the TLS handshake timed out.'],
  ['L6RSP', 'tls/handshake', 'Health check: TLS gave an answer that is not valid.'],
  ['L7TOUT', 'response/timeout', 'Health check: no HTTP answer in time.'],
  ['L7RSP', 'response/malformed', 'Health check: the HTTP answer is not valid.'],
  ['L7STS', 'member/status', 'Health check: the member answered with an error status.'],
  ['SOCKERR', 'gateway/resource', 'Health check: HAProxy could not make a socket.'],
];
const CHECK_NEXT = [
  'The check asked by hand with the same path and Host',
  '`show stat` on the admin socket: last_chk, lastchg, and since when',
];

const MEANINGS = [
  ...codeTable(
    'haproxy',
    CONNECTION.map(
      ([id, name, outcome, meaning]): CodeRow => [
        name,
        outcome,
        meaning,
        {
          name: `bc_err ${id}`,
          forms: [{ label: '%[bc_err]', text: String(id) }],
          sure: id === 32 || id === 34 || id === 43 ? 'seen' : 'documented',
        },
      ],
    ),
  ),
  ...codeTable(
    'haproxy',
    CHECKS.map(
      ([code, outcome, meaning]): CodeRow => [
        code,
        outcome,
        meaning,
        {
          name: 'check_status',
          next: CHECK_NEXT,
          inALog: 'In the statistics (check_status) and in “Server … is DOWN” lines.',
        },
      ],
    ),
  ),
];

export function haproxyErrors(): readonly CodeMeaning[] {
  return MEANINGS;
}
