/** Error texts of Go's HTTP client, in which Caddy and Traefik report what went wrong with a member. */
import type { WordRule } from './log-words.ts';

// Measured with Caddy 2.6 except `no route`, DNS timeouts and `first record`, which are texts of Go's own library.
export const GO_ERRORS: readonly WordRule[] = [
  { words: /lookup .*(?:i\/o timeout|server misbehaving)/, outcome: 'dns/timeout', sure: 0.9, rivals: ['dns/failed'] },
  { words: /lookup .*no such host/, outcome: 'dns/failed' },
  { words: /dial \w+ .*connection refused/, outcome: 'connect/refused' },
  { words: /dial \w+ .*(?:i\/o timeout|connection timed out)/, outcome: 'connect/timeout' },
  { words: /dial \w+ .*(?:no route to host|network is unreachable)/, outcome: 'connect/unreachable' },
  { words: /dial \w+ .*connection reset by peer/, outcome: 'connect/reset' },
  { words: /dial \w+ .*cannot assign requested address|too many open files/, outcome: 'gateway/resource' },
  { words: /TLS handshake timeout/, outcome: 'tls/handshake-timeout' },
  { words: /x509: /, outcome: 'tls/verify' },
  {
    words: /first record does not look like a TLS handshake|server gave HTTP response to HTTPS client/,
    outcome: 'tls/protocol-mismatch',
  },
  { words: /tls: /, outcome: 'tls/handshake' },
  { words: /timeout awaiting response headers/, outcome: 'response/timeout' },
  { words: /server response headers exceeded/, outcome: 'response/headers-too-large' },
  {
    words: /malformed HTTP|malformed MIME|multiple Content-Length|malformed chunked|invalid byte in chunk/,
    outcome: 'response/malformed',
  },
  // An attempt before this one had used the body up: what failed first, a refused connection in the lab, the text does not say.
  { words: /invalid Read on closed Body/, outcome: 'request/send-failed', sure: 0.6, rivals: ['connect/refused'] },
  { words: /context canceled|operation was canceled/, outcome: 'client/abort' },
  { words: /no upstreams available/, outcome: 'pool/none', sure: 0.9, rivals: ['pool/member-limit'] },
  { words: /write \w+ .*(?:broken pipe|connection reset)/, outcome: 'request/send-failed' },
  {
    words:
      /transport connection broken: unexpected EOF|^EOF$|: EOF$|"EOF"|read: connection reset by peer|unexpected EOF|server closed idle connection/,
    outcome: 'response/reset-before-headers',
    sure: 0.9,
    rivals: ['response/keepalive-race'],
  },
];
