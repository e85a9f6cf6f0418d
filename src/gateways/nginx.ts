import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, serverProduct } from './answer.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { hostAndPort } from './member-address.ts';
import { readNginxLog } from './nginx-log.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

// Seen on 39 answers of nginx 1.22: all own pages end in this rule, with the value of the Server header in it. OpenResty and
// Tengine are builds of nginx with their own name.
const PAGE = /<hr><center>((?:nginx|openresty|tengine)(?:\/[\w.-]+)?)<\/center>/i;
const PRODUCT = /^(?:nginx|openresty|tengine)\b/i;

function recognise(answer: AnswerFacts): Recognition | undefined {
  const server = serverProduct(answer);
  const page = PAGE.exec(bodyStart(answer))?.[1];
  const names = server !== undefined && PRODUCT.test(server);
  if (page !== undefined && names && page === server) {
    return {
      certainty: 0.95,
      because: `The error page is nginx's own and names the same product as the Server header (${page}).`,
    };
  }
  // nginx replaces the member's Server header, so the header tells who answered last; but other gateways pass a member's nginx through.
  if (names)
    return { certainty: 0.5, because: `The Server header says ${server}: nginx answered somewhere on the way.` };
  if (page !== undefined) {
    return { certainty: 0.3, because: `The error page is that of ${page}, but the Server header does not say so.` };
  }
  return undefined;
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  const server = serverProduct(answer);
  const page = PAGE.exec(bodyStart(answer))?.[1];
  // Without its page, error_page may have put another in place: the answer does not tell.
  if (page === undefined) return wroteItByProxyStatus(answer);
  if (server === undefined || server === page) return true;
  // A page that names another nginx than the header: one behind wrote it, ours only replaced the header.
  return PRODUCT.test(server) ? false : undefined;
}

function conf(title: string, text: string): Command {
  return { gateway: 'nginx', title, text };
}

const IN_LOCATION = 'In the location that proxies the request';
const IN_UPSTREAM = 'In the upstream block';

function upstream(context: RemedyContext, parameters: string, extra = ''): string {
  return `upstream <name> {\n    zone <name> 64k;\n    server ${hostAndPort(context)}${parameters};\n${extra}}`;
}

/** On another member once; `timeout` would also repeat a GET that is merely slow, so it is added only against unreachable members. */
const failover = (context: RemedyContext, when: 'error' | 'error timeout'): readonly Command[] => [
  conf(
    IN_LOCATION,
    `proxy_connect_timeout 3s;\nproxy_next_upstream ${when};\nproxy_next_upstream_tries 2;\nproxy_next_upstream_timeout 10s;`,
  ),
  conf(IN_UPSTREAM, upstream(context, ' max_fails=1 fail_timeout=10s')),
];

const REUSE = [
  conf(
    'Reuse connections to members (the default from 1.29.7 on)',
    'upstream <name> {\n    server <member>:<port>;\n    keepalive 32;\n    keepalive_timeout 60s;\n}\n# in the location\nproxy_http_version 1.1;\nproxy_set_header Connection "";',
  ),
];

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'proxy_read_timeout counts between two reads, and a GET that times out is run again on the next member: with several members users wait several times as long.',
      'Each timeout takes its member out for fail_timeout, also without timeout in proxy_next_upstream: max_fails counts it in any case, unless there is only one server. max_fails=0 switches that off where slow requests are no sign of a bad member.',
    ],
    commands: [
      conf(IN_LOCATION, `proxy_read_timeout ${timerSeconds(context, 60 * US_PER_SEC)}s;\nproxy_next_upstream error;`),
    ],
  }),
  'timeout/gateway-connect': () => ({
    steps: ['The default of proxy_connect_timeout is 60 s; 3 s leaves room for one lost packet.'],
    commands: [conf(IN_LOCATION, 'proxy_connect_timeout 3s;')],
  }),
  'timeout/gateway-read': (context) => ({
    commands: [conf(IN_LOCATION, `proxy_read_timeout ${timerSeconds(context, 60 * US_PER_SEC)}s;`)],
  }),
  'queue/gateway': () => ({
    steps: ['nginx keeps no queue of its own: look at worker_connections, the accept backlog and the processor.'],
    commands: [
      conf(
        'In the main and events blocks',
        'worker_processes auto;\nworker_rlimit_nofile 65536;\nevents { worker_connections 16384; }',
      ),
      conf('In the server block (and net.core.somaxconn as high)', 'listen 80 backlog=4096;'),
      ...REUSE,
    ],
  }),
  'queue/member': (context) => ({
    steps: ['Send the next request to the member with the fewest in work.'],
    commands: [conf(IN_UPSTREAM, upstream(context, ' max_conns=64', '    least_conn;\n'))],
  }),
  'queue/rejected': (context) => ({
    steps: [
      'nginx answers 502 "no live upstreams" when max_conns is reached, and 503 for limit_conn and limit_req; it does not queue.',
    ],
    commands: [
      conf(IN_UPSTREAM, upstream(context, ' max_conns=256')),
      conf('Where limit_req refuses', 'limit_req zone=<zone> burst=50 nodelay;'),
    ],
  }),
  'cold-start/idle': () => ({
    commands: [
      conf(
        'Try the next member rather than wait for one that starts',
        'proxy_connect_timeout 3s;\nproxy_next_upstream error;',
      ),
    ],
  }),
  'cold-start/connection': () => ({ commands: REUSE }),
  'connection/refused': (context) => ({ commands: failover(context, 'error') }),
  'connection/unreachable': (context) => ({ commands: failover(context, 'error timeout') }),
  'connection/dropped-before-response': (context) => ({
    steps: [
      'nginx repeats a GET on the next member by itself, but no POST, LOCK or PATCH once it was sent; add non_idempotent only where the application stands it.',
    ],
    commands: [
      ...failover(context, 'error'),
      conf('If it happens after pauses: close idle connections before the member does', 'keepalive_timeout 4s;'),
    ],
  }),
  'connection/dropped-mid-response': () => ({
    commands: [
      conf(
        'To see it: log what was promised and what was sent',
        `log_format lengths '$request $status $sent_http_content_length $body_bytes_sent $upstream_bytes_received';`,
      ),
    ],
  }),
  'member/none-available': (context) => ({
    steps: [
      'The first cause stands in error.log before the burst of "no live upstreams": one "temporarily disabled" line per member.',
      'max_fails=0 lets nginx never take a member out; use it when failures are those of single requests rather than of members.',
    ],
    commands: [
      conf(IN_UPSTREAM, upstream(context, ' max_fails=0', '    server <spare>:<port> backup;\n')),
      conf(
        'On the gateway: which request began it',
        'grep -E "temporarily disabled|no live upstreams" /var/log/nginx/error.log | tail -50',
      ),
    ],
  }),
  'member/slow': (context) => ({
    commands: [
      conf(IN_UPSTREAM, upstream(context, ' weight=1', '    server <other>:<port> weight=3;\n    least_conn;\n')),
    ],
  }),
  'member/errors': (context) => ({
    steps: [
      'nginx passes 5xx of members on unless proxy_next_upstream names them; http_503 is safe where 503 means that nothing was done.',
    ],
    commands: [
      conf(`${IN_UPSTREAM}, then nginx -s reload`, upstream(context, ' down')),
      conf(IN_LOCATION, 'proxy_next_upstream error timeout http_503;\nproxy_next_upstream_tries 2;'),
    ],
  }),
  'application/error': () => ({
    commands: [
      conf(
        'To see whose error it is: a number in $upstream_header_time means that the member answered',
        `log_format upstream '$request $status $upstream_addr $upstream_status $upstream_header_time $upstream_response_time';`,
      ),
    ],
  }),
  'gateway/cascade': (context) => ({
    steps: [
      'By default a GET that times out is repeated on every member, each failure takes its member out for fail_timeout (10 s), and then nginx answers 502 "no live upstreams" to everybody.',
      'Without timeout in proxy_next_upstream, or with off, it is not repeated, but still takes out the member that it was sent to: as many slow requests as there are members do the same. max_fails decides how many it takes (0: never).',
    ],
    commands: [
      // First what helps in both forms: where nothing is repeated, the other changes nothing.
      conf(IN_UPSTREAM, upstream(context, ' max_fails=3 fail_timeout=5s')),
      conf(IN_LOCATION, 'proxy_next_upstream error;\nproxy_next_upstream_tries 2;\nproxy_next_upstream_timeout 10s;'),
    ],
  }),
  'gateway/unreachable': () => ({
    commands: [conf('On the gateway', "nginx -t\nsystemctl status nginx\nss -ltnp 'sport = :80 or sport = :443'")],
  }),
  'gateway/overhead': () => ({ commands: REUSE }),
};

/** nginx, and builds of it (OpenResty, Tengine). Marks and behaviour measured with 1.22. */
export const nginx: Gateway = {
  kind: 'nginx',
  title: 'nginx',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readNginxLog,
  ejection: {
    slowRequest: 'all-members',
    because:
      'With the defaults (max_fails=1, proxy_next_upstream error timeout) a GET that times out is repeated on every member and takes each out for 10 s; a POST takes out one, and with proxy_next_upstream off so does a GET, because a timeout always counts. Only max_fails=0 or a single server keeps members in. Measured with nginx 1.22.',
    holdUs: 10 * US_PER_SEC,
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'wait for the answer',
      directive: 'proxy_read_timeout',
      defaultUs: 60 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-read',
      name: 'pause within the answer',
      directive: 'proxy_read_timeout',
      defaultUs: 60 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member',
      directive: 'proxy_connect_timeout',
      defaultUs: 60 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-send',
      name: 'send the request',
      directive: 'proxy_send_timeout',
      defaultUs: 60 * US_PER_SEC,
    },
  ],
  remedy: (context) => remedyFromTable('nginx', ADVICE, context),
};
