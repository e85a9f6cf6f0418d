import type { MessagePattern, MessageRow } from './code.ts';
import { messageTable } from './code.ts';
import { NGINX_OWN } from './nginx-own.ts';

const RACE_NEXT = [
  '`$upstream_response_time` of the line: near 0 on a reused connection is the keep-alive race, else a crash or kill',
  'The member’s keep-alive timeout against `keepalive_timeout` of the upstream (60 s)',
  'The member’s system log at that second: crash, out of memory, restart, deployment',
];
const SEEN = { sure: 'seen' } as const;

// The error message is `<what> while <stage>`; what and stage together are the cause. `sure: seen` was measured with 1.22.
const TO_MEMBER: readonly MessageRow[] = [
  [
    /no live upstreams while connecting/,
    'no live upstreams while connecting to upstream',
    'pool/none',
    'Every member is out (fail_timeout), down, or at its max_conns.',
    {
      ...SEEN,
      inALog:
        'nginx asked nobody: every member had failed shortly before, or all are at max_conns. With “upstream server temporarily disabled” lines before it, those failures are the cause; without any, it is max_conns.',
    },
  ],
  [
    /upstream timed out .{0,80}while connecting to upstream/,
    'upstream timed out (110: Connection timed out) while connecting to upstream',
    'connect/timeout',
    'The member did not answer the connection request in time.',
    SEEN,
  ],
  [
    /upstream timed out .{0,80}while SSL handshaking to upstream/,
    'upstream timed out (110: Connection timed out) while SSL handshaking to upstream',
    'tls/handshake-timeout',
    'The TLS handshake with the member did not finish in time.',
    SEEN,
  ],
  [
    /upstream timed out .{0,80}while sending request to upstream/,
    'upstream timed out (110: Connection timed out) while sending request to upstream',
    'request/send-timeout',
    'The member did not read the request in time.',
  ],
  [
    /upstream timed out .{0,80}while reading response header from upstream/,
    'upstream timed out (110: Connection timed out) while reading response header from upstream',
    'response/timeout',
    'The member did not begin to answer in time.',
    SEEN,
  ],
  [
    /upstream timed out .{0,80}while reading upstream/,
    'upstream timed out (110: Connection timed out) while reading upstream',
    'response/stalled',
    'The body of the answer stopped coming.',
    SEEN,
  ],
  [
    /unix:\S+ failed \(2: /,
    'connect() to unix:/run/app.sock failed (2: No such file or directory) while connecting to upstream',
    'connect/refused',
    'The member’s socket file is not there: it does not run.',
  ],
  [
    /unix:\S+ failed \(11: /,
    'connect() to unix:/run/app.sock failed (11: Resource temporarily unavailable) while connecting to upstream',
    'pool/member-limit',
    'The member’s accept queue is full.',
  ],
  [
    /connect\(\) .{0,200}failed \(13: /,
    'connect() to 127.0.0.1:8080 failed (13: Permission denied) while connecting to upstream',
    'gateway/config',
    'nginx may not connect: SELinux, or rights of the socket file.',
    {
      next: [
        '`ausearch -m avc -ts recent`; with SELinux: `setsebool -P httpd_can_network_connect 1`',
        'Owner and rights of the socket file',
      ],
    },
  ],
  [
    /failed \((?:111|61|10061): .{0,80}while (?:connecting to|sending request to|reading response header from) upstream/,
    'connect() failed (111: Connection refused) while connecting to upstream',
    'connect/refused',
    'The member refused the connection: nothing listens on that port.',
    SEEN,
  ],
  [
    /failed \((?:113|101|10051|10065): .{0,80}while connecting to upstream/,
    'connect() failed (113: No route to host) while connecting to upstream',
    'connect/unreachable',
    'There is no way to the member.',
  ],
  [
    /failed \((?:104|10054): .{0,80}while connecting to upstream/,
    'connect() failed (104: Connection reset by peer) while connecting to upstream',
    'connect/reset',
    'The member reset the connection while it was being made.',
  ],
  [
    /failed \((?:110|10060): .{0,80}while connecting to upstream/,
    'connect() failed (110: Connection timed out) while connecting to upstream',
    'connect/timeout',
    'The system gave up connecting to the member.',
  ],
  [
    /failed \(99: /,
    'connect() to 10.0.0.5:80 failed (99: Cannot assign requested address) while connecting to upstream',
    'gateway/resource',
    'The gateway has no port left for connections to this member.',
  ],
  [
    /\(24: Too many open files\)/,
    'socket() failed (24: Too many open files) while connecting to upstream',
    'gateway/resource',
    'The worker has no file descriptor left.',
    {
      next: [
        '`worker_rlimit_nofile` and `worker_connections`',
        'Open files of the worker: `ls /proc/<pid>/fd | wc -l`',
      ],
    },
  ],
  [
    /worker_connections are not enough/,
    '1024 worker_connections are not enough while connecting to upstream',
    'gateway/resource',
    'All connections of the worker are in use; each proxied request needs two.',
    { next: ['`worker_connections` and `worker_rlimit_nofile`', 'Are members slow? Slow answers keep connections'] },
  ],
  [
    /upstream SSL certificate verify error/,
    'upstream SSL certificate verify error: (10:certificate has expired) while SSL handshaking to upstream',
    'tls/verify',
    'The member’s certificate was not accepted; the number in brackets is OpenSSL’s: 10 expired, 18 self-signed, 20 unknown issuer.',
    SEEN,
  ],
  [
    /upstream SSL certificate does not match/,
    'upstream SSL certificate does not match "web1" while SSL handshaking to upstream',
    'tls/verify',
    'The member’s certificate is for another name.',
    SEEN,
  ],
  [
    /(?:wrong version number|packet length too long).{0,200}while SSL handshaking to upstream/,
    'SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream',
    'tls/protocol-mismatch',
    'https is spoken to a port that answers in plain HTTP.',
  ],
  [
    /alert number 70/,
    'SSL_do_handshake() failed (SSL: error:0A00042E:SSL routines::tlsv1 alert protocol version:SSL alert number 70) while SSL handshaking to upstream',
    'tls/handshake',
    'Gateway and member have no TLS version in common.',
    SEEN,
  ],
  [
    /alert number (?:40|42|116)/,
    'SSL_do_handshake() failed (SSL: error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40) while SSL handshaking to upstream',
    'tls/handshake',
    'The member refused the handshake: no cipher in common, or it wants a client certificate.',
    SEEN,
  ],
  [
    /SSL_do_handshake\(\) failed .{0,300}while SSL handshaking to upstream/,
    'SSL_do_handshake() failed (SSL: error:0A000126:SSL routines::unexpected eof) while SSL handshaking to upstream',
    'tls/handshake',
    'The TLS handshake with the member failed.',
    SEEN,
  ],
  [
    /peer closed connection in SSL handshake .{0,120}while SSL handshaking to upstream|peer closed connection in SSL handshake while SSL handshaking to upstream/,
    'peer closed connection in SSL handshake (104: Connection reset by peer) while SSL handshaking to upstream',
    'tls/handshake',
    'The member closed during the handshake: often it needs the server name (proxy_ssl_server_name on).',
  ],
  [
    /upstream prematurely closed connection while reading response header from upstream/,
    'upstream prematurely closed connection while reading response header from upstream',
    'response/reset-before-headers',
    'The member closed the connection before its headers were complete.',
    { ...SEEN, next: RACE_NEXT },
  ],
  [
    /failed \((?:104|10054): .{0,80}while reading response header from upstream/,
    'recv() failed (104: Connection reset by peer) while reading response header from upstream',
    'response/reset-before-headers',
    'The member reset the connection before its headers were complete.',
    { ...SEEN, next: RACE_NEXT },
  ],
  [
    /failed \((?:32|104|10054): .{0,80}while sending request to upstream/,
    'writev() failed (104: Connection reset by peer) while sending request to upstream',
    'request/send-failed',
    'The member closed while nginx was sending it the request.',
  ],
  [
    /upstream prematurely closed connection while (?:reading upstream|sending to client)/,
    'upstream prematurely closed connection while reading upstream',
    'response/truncated',
    'The member closed in the middle of the body.',
    SEEN,
  ],
  [
    /failed \((?:104|10054): .{0,80}while (?:reading upstream|sending to client)/,
    'readv() failed (104: Connection reset by peer) while reading upstream',
    'response/truncated',
    'The member reset the connection in the middle of the body.',
    SEEN,
  ],
  [
    /upstream sent no valid HTTP\/1\.\d header/,
    'upstream sent no valid HTTP/1.0 header while reading response header from upstream',
    'response/malformed',
    'The member’s answer does not begin like HTTP; nginx takes it for HTTP/0.9 and logs status 009.',
    SEEN,
  ],
  [
    /upstream sent invalid header/,
    'upstream sent invalid header: "this\\x20..." while reading response header from upstream',
    'response/malformed',
    'A header line of the member is not valid.',
    SEEN,
  ],
  [
    /upstream sent too big header/,
    'upstream sent too big header while reading response header from upstream',
    'response/headers-too-large',
    'The member’s headers do not fit proxy_buffer_size.',
    SEEN,
  ],
  [
    /upstream sent invalid chunked response/,
    'upstream sent invalid chunked response while reading upstream',
    'response/malformed',
    'The chunks of the member’s body are not valid; the client may get nothing although the access log says 200.',
    SEEN,
  ],
  [
    /upstream sent duplicate header line/,
    'upstream sent duplicate header line: "Content-Length: 9", previous value: "Content-Length: 6" while reading response header from upstream',
    'response/malformed',
    'The member sent a header twice that may come only once (refused since 1.23).',
  ],
  [
    /upstream sent "(?:Transfer-Encoding|Content-Length)" and/,
    'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time while reading response header from upstream',
    'response/malformed',
    'The member sent a length and chunks together (refused since 1.23).',
  ],
  [
    /upstream sent more data than specified/,
    'upstream sent more data than specified in "Content-Length" header while reading upstream',
    'response/excess-data',
    'The member sent more than its Content-Length; only a warning.',
    SEEN,
  ],
  [
    /upstream server temporarily disabled/,
    'upstream server temporarily disabled while connecting to upstream',
    'pool/member-ejected',
    'The member failed max_fails times and is left out for fail_timeout; only a warning.',
    SEEN,
  ],
];

const MESSAGES = messageTable('nginx', [...TO_MEMBER, ...NGINX_OWN]);

export function nginxMessages(): readonly MessagePattern[] {
  return MESSAGES;
}
