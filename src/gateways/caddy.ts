import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { headerLine, headerValues, isBodyless, lastVia } from './answer.ts';
import { readCaddyLog } from './caddy-log.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { strongest } from './mark.ts';
import { memberOrigin } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

/** Newer versions add themselves to Via on every answer that they pass on. */
function isVia(answer: AnswerFacts): boolean {
  return /^Caddy\b/.test(lastVia(answer) ?? '');
}

/** Older versions (seen: 2.6) put their own Server line before the member's. The two may have been joined on the way to us. */
function hasTwoServers(answer: AnswerFacts): boolean {
  const servers = headerValues(answer, 'server');
  return servers[0] === 'Caddy' ? servers.length > 1 : /^Caddy,\s*\S/.test(servers[0] ?? '');
}

function isOnlyCaddy(answer: AnswerFacts): boolean {
  const servers = headerValues(answer, 'server');
  return servers.length === 1 && servers[0] === 'Caddy';
}

/** Errors of reverse_proxy have no body and no type. */
function isBareError(answer: AnswerFacts): boolean {
  return (
    [502, 503, 504].includes(answer.status) &&
    isOnlyCaddy(answer) &&
    isBodyless(answer) &&
    headerLine(answer, 'content-type') === undefined
  );
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  return strongest(
    isVia(answer) ? { certainty: 0.95, because: 'The last entry of Via is Caddy.' } : undefined,
    hasTwoServers(answer)
      ? { certainty: 0.95, because: "Caddy's Server line stands before the member's own." }
      : undefined,
    isBareError(answer)
      ? {
          certainty: 0.85,
          because: 'An error with Server: Caddy, without a body or a type, as its reverse_proxy writes it.',
        }
      : undefined,
    isOnlyCaddy(answer)
      ? { certainty: 0.5, because: 'The Server header says Caddy: it answered somewhere on the way.' }
      : undefined,
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  if (isVia(answer) || hasTwoServers(answer)) return false;
  return isBareError(answer) ? true : wroteItByProxyStatus(answer);
}

function caddyfile(title: string, text: string): Command {
  return { gateway: 'caddy', title, text };
}

/** All members of one reverse_proxy must have the same scheme. */
function proxy(context: RemedyContext, lines: readonly string[], withSecond = false): string {
  const origin = memberOrigin(context);
  const second = withSecond ? ` ${origin.slice(0, origin.indexOf(':'))}://<other>:<port>` : '';
  return `reverse_proxy ${origin}${second} {\n${lines.map((line) => `    ${line}`).join('\n')}\n}`;
}

function transport(lines: readonly string[]): readonly string[] {
  return ['transport http {', ...lines.map((line) => `    ${line}`), '}'];
}

const HEALTH = ['health_uri /health', 'health_interval 5s', 'health_timeout 2s'];

const failover = (context: RemedyContext): readonly Command[] => [
  caddyfile(
    'In the Caddyfile (several members; the defaults try one member only)',
    proxy(context, ['lb_try_duration 5s', 'fail_duration 10s', ...HEALTH, ...transport(['dial_timeout 2s'])], true),
  ),
];

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'Caddy has no response timer unless response_header_timeout (or read_timeout) is set: look for it in the transport block.',
    ],
    commands: [
      caddyfile(
        'In the Caddyfile',
        proxy(context, transport([`response_header_timeout ${timerSeconds(context, 30 * US_PER_SEC)}s`])),
      ),
    ],
  }),
  'timeout/gateway-read': (context) => ({
    commands: [
      caddyfile(
        'In the Caddyfile',
        proxy(context, transport([`read_timeout ${timerSeconds(context, 30 * US_PER_SEC)}s`])),
      ),
    ],
  }),
  'timeout/gateway-connect': (context) => ({
    commands: [caddyfile('In the Caddyfile (default 3 s)', proxy(context, transport(['dial_timeout 2s'])))],
  }),
  'queue/gateway': (context) => ({
    steps: ['Caddy has no queue of its own, except where max_conns_per_host lets requests wait for a connection.'],
    commands: [
      caddyfile(
        'In the Caddyfile',
        proxy(context, transport(['max_conns_per_host 0', 'keepalive_idle_conns_per_host 128'])),
      ),
      caddyfile('In the service unit', 'LimitNOFILE=1048576'),
    ],
  }),
  'queue/member': (context) => ({
    commands: [caddyfile('In the Caddyfile', proxy(context, ['lb_policy least_conn'], true))],
  }),
  'queue/rejected': (context) => ({
    steps: [
      'With unhealthy_request_count, a member that has so many requests in work counts as down: the answer is 503 at once.',
    ],
    commands: [caddyfile('In the Caddyfile', proxy(context, ['unhealthy_request_count 256', 'lb_try_duration 5s']))],
  }),
  'cold-start/idle': (context) => ({
    steps: ['Active health checks keep the application awake, as long as they come more often than its idle timeout.'],
    commands: [
      caddyfile(
        'In the Caddyfile',
        proxy(context, ['health_uri /health', 'health_interval 30s', 'health_timeout 20s']),
      ),
    ],
  }),
  'cold-start/connection': (context) => ({
    commands: [
      caddyfile(
        'In the Caddyfile (default 2 min)',
        proxy(context, transport(['keepalive 5m', 'keepalive_idle_conns_per_host 64'])),
      ),
    ],
  }),
  'connection/refused': (context) => ({ commands: failover(context) }),
  'connection/unreachable': (context) => ({ commands: failover(context) }),
  'connection/dropped-before-response': (context) => ({
    steps: ['A stale connection is tried again by itself for GET and HEAD, not for POST.'],
    commands: [
      caddyfile(
        "If it happens after pauses: shorter than the member's idle timeout",
        proxy(context, transport(['keepalive 4s'])),
      ),
      ...failover(context),
    ],
  }),
  'connection/dropped-mid-response': () => ({
    steps: [
      'Before 2.8.0 Caddy closes a cut chunked answer as if it were complete: users get a valid answer with half the content. Upgrade.',
    ],
    commands: [caddyfile('On the gateway', 'caddy version')],
  }),
  'member/none-available': (context) => ({
    commands: [
      caddyfile(
        'In the Caddyfile',
        proxy(context, [...HEALTH, 'health_status 2xx', 'fail_duration 5s', 'max_fails 3', 'lb_try_duration 5s'], true),
      ),
      caddyfile(
        'On the gateway: what it thinks of each member',
        'curl -s http://localhost:2019/reverse_proxy/upstreams',
      ),
    ],
  }),
  'member/slow': (context) => ({
    commands: [caddyfile('In the Caddyfile', proxy(context, ['lb_policy least_conn'], true))],
  }),
  'member/errors': (context) => ({
    commands: [
      caddyfile(
        'In the Caddyfile: leave it out while it answers errors',
        proxy(context, ['fail_duration 10s', 'max_fails 3', 'unhealthy_status 5xx'], true),
      ),
    ],
  }),
  'application/error': () => ({
    commands: [
      caddyfile(
        'To see whose error it is: Caddy logs its own at level error',
        `journalctl -u caddy --since -1h | grep '"logger":"http.log.error'`,
      ),
    ],
  }),
  'gateway/cascade': (context) => ({
    steps: [
      'Caddy repeats failed connects for lb_try_duration, other failures only for GET, and takes a member out only with fail_duration.',
    ],
    commands: [
      caddyfile(
        'In the Caddyfile',
        proxy(context, ['lb_retries 1', 'lb_try_duration 2s', 'max_fails 3', 'fail_duration 5s'], true),
      ),
    ],
  }),
  'gateway/unreachable': () => ({
    commands: [
      caddyfile(
        'On the gateway',
        "caddy validate --config /etc/caddy/Caddyfile\nsystemctl status caddy\nss -ltnp 'sport = :80 or sport = :443'",
      ),
    ],
  }),
  'gateway/overhead': (context) => ({
    commands: [
      caddyfile('In the Caddyfile', proxy(context, transport(['keepalive 5m', 'keepalive_idle_conns_per_host 128']))),
    ],
  }),
};

/** Caddy 2. Marks and behaviour measured with 2.6; Via of newer versions read in its source. */
export const caddy: Gateway = {
  kind: 'caddy',
  title: 'Caddy',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readCaddyLog,
  ejection: {
    slowRequest: 'never',
    because:
      'Passive health checks are off unless fail_duration is set, and slowness counts only with unhealthy_latency.',
  },
  timers: [
    { cause: 'timeout/gateway-response', name: 'wait for the headers', directive: 'response_header_timeout' },
    { cause: 'timeout/gateway-read', name: 'wait for bytes', directive: 'read_timeout' },
    { cause: 'timeout/gateway-send', name: 'send the request', directive: 'write_timeout' },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member',
      directive: 'dial_timeout',
      defaultUs: 3 * US_PER_SEC,
    },
  ],
  remedy: (context) => remedyFromTable('caddy', ADVICE, context),
};
