import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, headerLine, lastVia, serverProduct } from './answer.ts';
import { readEnvoyLog } from './envoy-log.ts';
import type { Gateway, Recognition } from './gateway.ts';
import { strongest } from './mark.ts';
import { proxyStatusCodes, proxyStatusError, wroteItByProxyStatus } from './proxy-status.ts';

const RESET =
  /^upstream connect error or disconnect\/reset before headers\.(?: retried and the latest)? reset reason: ([^,]+)/;

// Bodies of local replies and the response flags that Envoy logs with them.
const BODY_FLAGS: Readonly<Record<string, readonly [flag: string, meaning: string]>> = {
  'no healthy upstream': ['UH', 'no healthy member'],
  'upstream request timeout': ['UT', 'the member did not answer within the route timeout'],
  'stream timeout': ['SI', 'the stream was idle for too long'],
};
const RESET_FLAGS: Readonly<Record<string, readonly [flag: string, meaning: string]>> = {
  'remote connection failure': ['UF', 'connecting to the member failed'],
  'connection failure': ['UF', 'connecting to the member failed'],
  'connection timeout': ['UF', 'connecting to the member took too long'],
  'connection termination': ['UC', 'the member closed the connection before it answered'],
  'remote reset': ['UR', 'the member reset the stream'],
  'local reset': ['LR', 'Envoy reset the stream'],
  overflow: ['UO', 'a circuit breaker limit was reached'],
  'protocol error': ['UPE', "the member's answer is not valid HTTP"],
};
const FLAG_MEANINGS: Readonly<Record<string, string>> = {
  UH: 'no healthy member',
  UF: 'connecting to the member failed',
  UO: 'a circuit breaker limit was reached',
  UC: 'the member closed the connection before it answered',
  UR: 'the member reset the stream',
  UT: 'the member did not answer within the route timeout',
  UPE: "the member's answer is not valid HTTP",
  LR: 'Envoy reset the stream',
  SI: 'the stream was idle for too long',
  NR: 'no route matched',
  NC: 'the cluster does not exist',
  OM: 'the overload manager refused the request',
  DF: 'name resolution failed',
  RL: 'rate limited',
  UAEX: 'denied by external authorisation',
};

/** Google's regional balancers are built on Envoy, but are not configured like it. */
function isGoogle(answer: AnswerFacts): boolean {
  return lastVia(answer) === 'google';
}

function isLocalReply(answer: AnswerFacts): boolean {
  const body = bodyStart(answer);
  return RESET.test(body) || BODY_FLAGS[body] !== undefined;
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  if (isGoogle(answer)) return undefined;
  const server = serverProduct(answer);
  const names = server === 'envoy' || server === 'istio-envoy';
  // Envoy overwrites Server by default, so another name means that it stands behind somebody else.
  const isBehind = server !== undefined && !names;
  return strongest(
    names ? { certainty: 0.85, because: `The Server header says ${server}, which Envoy sets itself.` } : undefined,
    headerLine(answer, 'x-envoy-upstream-service-time') === undefined
      ? undefined
      : { certainty: isBehind ? 0.3 : 0.85, because: 'The answer carries x-envoy-upstream-service-time.' },
    isLocalReply(answer) ? { certainty: isBehind ? 0.3 : 0.8, because: 'The error text is one of Envoy.' } : undefined,
    proxyStatusError(answer)?.proxy === 'envoy' ? { certainty: 0.9, because: 'Proxy-Status names envoy.' } : undefined,
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  // Set only when a member answered.
  if (headerLine(answer, 'x-envoy-upstream-service-time') !== undefined) return false;
  if (isLocalReply(answer) || headerLine(answer, 'x-envoy-overloaded') !== undefined) return true;
  return wroteItByProxyStatus(answer);
}

function codes(answer: AnswerFacts): ReturnType<Gateway['codes']> {
  // details="<response code details>; <flags>", as Envoy writes it.
  const flags = proxyStatusError(answer)?.details?.split('; ').at(-1);
  if (flags !== undefined && /^[A-Z]{2,6}(?:,[A-Z]{2,6})*$/.test(flags)) {
    const meaning = FLAG_MEANINGS[flags.split(',')[0] ?? ''];
    return meaning === undefined ? { code: flags } : { code: flags, meaning };
  }
  const body = bodyStart(answer);
  const reason = RESET.exec(body)?.[1]?.trim().replaceAll('_', ' ');
  const known = reason === undefined ? BODY_FLAGS[body] : RESET_FLAGS[reason];
  if (known !== undefined) return { code: known[0], meaning: known[1] };
  if (reason !== undefined) return { meaning: `reset reason: ${reason}` };
  return proxyStatusCodes(answer);
}

function yaml(title: string, text: string): Command {
  return { gateway: 'envoy', title, text };
}

const HEALTH_CHECK =
  'health_checks:\n- timeout: 2s\n  interval: 5s\n  unhealthy_threshold: 3\n  healthy_threshold: 2\n  http_health_check: { path: /health }';
const RETRY_CONNECT = 'retry_policy: { retry_on: "connect-failure,refused-stream", num_retries: 1 }';
const FAILOVER: readonly Command[] = [
  yaml('In the cluster', `connect_timeout: 2s\n${HEALTH_CHECK}`),
  yaml('In the route', RETRY_CONNECT),
];
const BREAKERS =
  'circuit_breakers:\n  thresholds:\n  - { max_connections: 4096, max_pending_requests: 4096, max_requests: 4096, max_retries: 10 }';

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'The route timeout (15 s by default) spans the whole answer, retries included; in Istio it is http.timeout of the VirtualService.',
    ],
    commands: [yaml('In the route (0s switches it off)', `timeout: ${timerSeconds(context, 15 * US_PER_SEC)}s`)],
  }),
  'timeout/gateway-total': (context) => ({
    commands: [yaml('In the route (0s switches it off)', `timeout: ${timerSeconds(context, 15 * US_PER_SEC)}s`)],
  }),
  'timeout/gateway-connect': () => ({
    steps: ['A connect that times out is answered 503 with the flag UF, not 504.'],
    commands: FAILOVER,
  }),
  'queue/gateway': () => ({
    steps: [
      'Requests wait for a connection only up to max_pending_requests; look at upstream_rq_pending_active of the cluster and at the number of worker threads.',
    ],
    commands: [
      yaml('In the cluster', BREAKERS),
      yaml(
        'On the gateway',
        "curl -s http://localhost:9901/stats | grep -E 'upstream_rq_pending|upstream_cx_active|server.concurrency'",
      ),
    ],
  }),
  'queue/member': () => ({
    commands: [yaml('In the cluster', 'lb_policy: LEAST_REQUEST')],
  }),
  'queue/rejected': () => ({
    steps: [
      '503 with x-envoy-overloaded (flag UO): a circuit breaker of the cluster is full. The defaults are 1024 connections, pending requests and requests.',
    ],
    commands: [yaml('In the cluster', BREAKERS)],
  }),
  'cold-start/idle': () => ({
    steps: ['Active health checks keep the application awake, as long as they come more often than its idle timeout.'],
    commands: [yaml('In the cluster', HEALTH_CHECK)],
  }),
  'cold-start/connection': () => ({
    commands: [
      yaml(
        'In the cluster (default 1 h; stay below the idle timeout of the members)',
        'common_http_protocol_options: { idle_timeout: 110s }\npreconnect_policy: { per_upstream_preconnect_ratio: 1.2 }',
      ),
    ],
  }),
  'connection/refused': () => ({ commands: FAILOVER }),
  'connection/unreachable': () => ({ commands: FAILOVER }),
  'connection/dropped-before-response': () => ({
    steps: [
      'Envoy keeps idle connections for an hour by default, longer than almost every member: 503 with the flag UC after pauses is that race.',
    ],
    commands: [
      yaml(
        "In the cluster: shorter than the member's idle timeout",
        'common_http_protocol_options: { idle_timeout: 4s }',
      ),
      yaml(
        'In the route, for requests that may be repeated',
        'retry_policy: { retry_on: "connect-failure,refused-stream,reset-before-request", num_retries: 1 }',
      ),
    ],
  }),
  'connection/dropped-mid-response': () => ({
    commands: [
      yaml(
        'To see it: in the access log format',
        '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_SENT%',
      ),
    ],
  }),
  'member/none-available': () => ({
    commands: [
      yaml(
        'In the cluster: below this share of healthy members, use all of them',
        'common_lb_config: { healthy_panic_threshold: { value: 50 } }',
      ),
      yaml(
        'On the gateway: what it thinks of each member',
        "curl -s http://localhost:9901/clusters | grep -E 'health_flags|cx_connect_fail'",
      ),
    ],
  }),
  'member/slow': () => ({ commands: [yaml('In the cluster', 'lb_policy: LEAST_REQUEST')] }),
  'member/errors': () => ({
    commands: [
      yaml(
        'In the cluster: leave a member out while it answers errors',
        'outlier_detection: { consecutive_5xx: 5, base_ejection_time: 30s, max_ejection_percent: 30 }',
      ),
    ],
  }),
  'application/error': () => ({
    commands: [
      yaml(
        'To see whose error it is: via_upstream means the member',
        '%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %UPSTREAM_HOST%',
      ),
    ],
  }),
  'gateway/cascade': () => ({
    commands: [
      yaml('In the route', RETRY_CONNECT),
      yaml(
        'In the cluster',
        'outlier_detection: { consecutive_5xx: 10, max_ejection_percent: 30 }\ncircuit_breakers:\n  thresholds:\n  - { max_retries: 3 }',
      ),
    ],
  }),
  'gateway/unreachable': () => ({
    commands: [yaml('On the gateway', 'curl -s http://localhost:9901/ready\ncurl -s http://localhost:9901/listeners')],
  }),
  'gateway/overhead': () => ({
    commands: [
      yaml(
        'On the gateway: are connections reused?',
        "curl -s http://localhost:9901/stats | grep -E 'upstream_cx_total|upstream_rq_total'",
      ),
    ],
  }),
};

/** Envoy and Istio's build of it. Marks and behaviour from its source and documentation. */
export const envoy: Gateway = {
  kind: 'envoy',
  title: 'Envoy',
  recognise,
  wroteIt,
  codes,
  readLog: readEnvoyLog,
  ejection: {
    slowRequest: 'unknown',
    because:
      'Envoy itself takes no member out, but outlier_detection does after consecutive 5xx, timeouts included; control planes and meshes set it per cluster, and it cannot be seen from outside.',
    holdUs: 30 * US_PER_SEC,
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'route timeout over the whole answer, retries included',
      directive: 'route timeout',
      defaultUs: 15 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-total',
      name: 'route timeout over the whole answer, retries included',
      directive: 'route timeout',
      defaultUs: 15 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-read',
      name: 'idle stream',
      directive: 'stream_idle_timeout',
      defaultUs: 300 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member, TLS included',
      directive: 'connect_timeout',
      defaultUs: 5 * US_PER_SEC,
    },
  ],
  remedy: (context) => remedyFromTable('envoy', ADVICE, context),
};
