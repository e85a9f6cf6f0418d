/** Which line of each product's configuration belongs to an outcome, and where the product says more. */
import type { HopOutcome } from '../../model/hop.ts';
import type { Vocabulary } from './code.ts';

type Settings = Partial<Record<HopOutcome, string>>;

const IIS: Settings = {
  'response/timeout':
    'ARR’s timeout: 30 s per farm (webFarms), 120 s for a rewrite without a farm (system.webServer/proxy)',
  'pool/none':
    'ARR: health of the members in IIS Manager › Server Farms, and `minServers` of the health test (0: all may be taken out)',
  'response/headers-too-large': 'ARR: `maxResponseHeaderSize` (65536)',
};

const SETTINGS: Partial<Record<Vocabulary, Settings>> = {
  'iis-status': IIS,
  winhttp: IIS,
  'aspnetcore-module': { 'response/timeout': '`requestTimeout` of aspNetCore in web.config (2 minutes)' },
  nginx: {
    'connect/timeout': '`proxy_connect_timeout` (60 s)',
    'response/timeout': '`proxy_read_timeout` (60 s, between two reads)',
    'response/stalled': '`proxy_read_timeout` (60 s, between two reads)',
    'request/send-timeout': '`proxy_send_timeout` (60 s)',
    'tls/handshake-timeout': '`proxy_connect_timeout` (60 s) covers the handshake too',
    'tls/verify': '`proxy_ssl_name`, `proxy_ssl_server_name on`, `proxy_ssl_trusted_certificate`',
    'tls/handshake': '`proxy_ssl_server_name on`, `proxy_ssl_protocols`, `proxy_ssl_certificate`',
    'response/headers-too-large': '`proxy_buffer_size` (4k or 8k)',
    'pool/none': '`max_fails` and `fail_timeout` of the servers (1 failure, 10 s)',
    'pool/member-ejected': '`max_fails` and `fail_timeout` of the server (1 failure, 10 s)',
    'response/reset-before-headers': '`keepalive_timeout` of the upstream against the member’s own keep-alive timeout',
    'client/too-large': '`client_max_body_size`, `large_client_header_buffers`',
    'client/timeout': '`client_header_timeout`, `client_body_timeout` (60 s)',
    'gateway/rate-limit': '`limit_req` of the location',
    'gateway/conn-limit': '`limit_conn` of the location',
    'dns/timeout': '`resolver` and `resolver_timeout` (30 s)',
    'dns/failed': '`resolver`, and the name in `proxy_pass` or `server`',
  },
  haproxy: {
    'connect/timeout': '`timeout connect` × (`retries` + 1)',
    'connect/refused': '`retries` and `option redispatch`',
    'response/timeout': '`timeout server`',
    'response/stalled': '`timeout server`',
    'pool/queue-timeout': '`timeout queue`, `maxconn` of the server',
    'client/timeout': '`timeout http-request`, `timeout client`',
    'response/malformed': '`show errors` on the admin socket prints the bytes that were refused',
    'response/headers-too-large': '`tune.bufsize` (16384), `tune.http.maxhdr` (101)',
    'response/reset-before-headers': '`http-reuse`, `pool-purge-delay`, `retry-on conn-failure empty-response`',
    'pool/none': '`show servers state` and `show stat` on the admin socket: check_status and last_chk',
  },
  apache: {
    'connect/timeout': '`connectiontimeout=` of ProxyPass or BalancerMember, else `ProxyTimeout`',
    'response/timeout':
      '`timeout=` of ProxyPass, else `ProxyTimeout`, else `Timeout` (60 s); Apache answers 502 for it',
    'response/stalled': '`timeout=` of ProxyPass, else `ProxyTimeout`, else `Timeout` (60 s)',
    'response/reset-before-headers': '`disablereuse=On`, or `ttl=` below the member’s keep-alive timeout',
    'response/headers-too-large': '`responsefieldsize=` of ProxyPass (8192)',
    'pool/member-ejected': '`retry=` of the worker (60 s out after a failed connect)',
    'pool/none': '`retry=` and `status=` of the members; balancer-manager shows them',
    'pool/queue-timeout': '`max=` and `acquire=` of the worker',
    'gateway/saturated': '`MaxRequestWorkers`, `ListenBacklog`',
    'tls/verify': '`SSLProxyCACertificateFile`, `SSLProxyCheckPeerName`; `LogLevel ssl:info` says why',
  },
  envoy: {
    'connect/timeout': '`connect_timeout` of the cluster (5 s)',
    'response/timeout': '`timeout` of the route (15 s, all tries together)',
    'pool/circuit-open': '`circuit_breakers.thresholds` of the cluster (1024 connections, 1024 pending, 3 retries)',
    'response/reset-before-headers':
      '`common_http_protocol_options.idle_timeout` of the cluster (1 h) below the member’s keep-alive timeout',
    'pool/none': '`/clusters` of the admin port: health flags of every host',
    'gateway/local-timeout': '`stream_idle_timeout` (5 min), `max_connection_duration`',
  },
  varnish: {
    'connect/timeout': '`.connect_timeout` of the backend (3.5 s)',
    'response/timeout': '`.first_byte_timeout` (60 s), `.between_bytes_timeout` (60 s)',
    'response/stalled': '`.between_bytes_timeout` of the backend (60 s)',
    'response/reset-before-headers': '`backend_idle_timeout` (60 s) below the member’s keep-alive timeout',
    'response/headers-too-large': '`http_resp_size`, `http_resp_hdr_len`, `http_max_hdr` (64)',
    'pool/none': '`varnishadm backend.list -p`: what the health probe got',
    'pool/queue-full': '`.max_connections` of the backend (no queue)',
  },
  caddy: {
    'connect/timeout': '`dial_timeout` of the transport (3 s); Caddy answers 502 for it',
    'response/timeout': '`response_header_timeout` of the transport (off unless set)',
    'response/reset-before-headers': '`keepalive` of the transport (2 min) below the member’s keep-alive timeout',
    'pool/none': '`health_uri`, `fail_duration`, `unhealthy_request_count` of reverse_proxy',
    'tls/verify': '`tls_server_name`, `tls_trust_pool` of the transport',
  },
  traefik: {
    'connect/timeout': '`serversTransport.forwardingTimeouts.dialTimeout` (30 s)',
    'response/timeout': '`serversTransport.forwardingTimeouts.responseHeaderTimeout` (off unless set)',
    'response/reset-before-headers': '`idleConnTimeout` (90 s) below the member’s keep-alive timeout',
    'tls/verify': '`serversTransport.rootCAs`, `serverName`',
    'pool/none': '`loadBalancer.healthCheck` of the service',
  },
  yarp: {
    'response/timeout': '`ActivityTimeout` of the cluster’s HttpRequest (100 s)',
    'pool/none': 'Health checks of the cluster, and the load-balancing policy',
  },
  'aws-alb': {
    'response/timeout': 'The idle timeout of the balancer (60 s)',
    'response/reset-before-headers':
      'The targets’ keep-alive timeout must be longer than the balancer’s idle timeout (60 s)',
    'connect/timeout': 'Security groups and network ACLs to the targets (10 s connect timeout)',
    'pool/none': 'Targets registered in the group and in an enabled zone',
  },
  'azure-application-gateway': {
    'response/timeout': 'Request timeout of the backend setting (20 s)',
    'pool/none': 'Backend health in the portal, and the health probe’s host, path and status codes',
  },
  gcp: {
    'response/timeout': '`timeoutSec` of the backend service (30 s)',
    'response/reset-before-headers': 'The backends’ keep-alive timeout must be longer than 600 s (use 620 s)',
    'pool/none': 'Health checks, and the firewall rule for 130.211.0.0/22 and 35.191.0.0/16',
  },
  cloudflare: {
    'response/timeout': 'Proxy read timeout: 120 s (older text: 100 s), only Enterprise can change it',
    'connect/refused': 'The origin’s firewall: are Cloudflare’s addresses let in?',
    'connect/timeout': 'The origin’s firewall: are Cloudflare’s addresses let in?',
  },
};

/** Where a product says more about one request than the code does. */
const SOURCES: Partial<Record<Vocabulary, string>> = {
  'iis-status':
    'Not sure which module? A detailed error page or a failed-request trace (FREB) names it in its Module row',
  winhttp: 'A failed-request trace (FREB) for 502 on the ARR server shows the module and the time in each phase',
  httperr: 'HTTPERR has no line in the site’s log beside it: join by client address, port and second',
  nginx: 'Log `$upstream_addr $upstream_status $upstream_connect_time $upstream_header_time` in the access log',
  haproxy: 'Add `%[bc_err_str] %[ssl_bc_err_str]` to the log-format: it tells refused from TLS (2.5 and later)',
  apache: 'Log `%L` in the access log and in ErrorLogFormat: it joins the two lines exactly',
  envoy: 'Log `%RESPONSE_CODE_DETAILS%` and `%UPSTREAM_TRANSPORT_FAILURE_REASON%`: Envoy has no error line per request',
  varnish: '`varnishlog -g request -q "vxid == <X-Varnish of the answer>"` shows the whole fetch',
  caddy: 'The access line with the same `duration` belongs to this error line',
  traefik: 'Proxy errors are logged at DEBUG only; with the usual level the access log is all there is',
  'aws-alb': 'In the access log: target:port, the three times (-1: not reached) and target_status_code',
  'azure-application-gateway':
    'In the access log: serverRouted, serverStatus (empty: no answer) and serverResponseLatency',
  gcp: 'In the log entry: `jsonPayload.statusDetails` and `httpRequest.latency`',
  cloudflare: 'Ray ID and time of the error page, against the origin’s own log',
};

export function settingFor(vocabulary: Vocabulary, outcome: HopOutcome): string | undefined {
  const setting = SETTINGS[vocabulary]?.[outcome];
  return setting?.startsWith('`') === true ? `Its setting: ${setting}` : setting;
}

/** Undefined where the outcome is not about the hop to a member: there is no more to be found. */
export function sourceFor(vocabulary: Vocabulary, outcome: HopOutcome | undefined): string | undefined {
  const family = outcome?.split('/')[0] ?? '';
  if (!['connect', 'tls', 'request', 'response', 'pool'].includes(family)) return undefined;
  // The fields that HAProxy’s step names are about making a connection.
  const isLate = family === 'pool' || outcome === 'response/timeout' || outcome === 'response/stalled';
  return vocabulary === 'haproxy' && isLate ? undefined : SOURCES[vocabulary];
}
