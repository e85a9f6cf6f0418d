import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, headerValues, lastVia } from './answer.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { readGcpLog } from './gcp-load-balancer-log.ts';
import { strongest } from './mark.ts';
import { memberAddress } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

// Page of the classic and global balancers.
const PAGE = /<title>\d{3} Server Error<\/title>[\s\S]*<h1>Error: Server Error<\/h1>/;
// Regional and internal balancers are built on Envoy and answer with its words.
const ENVOY_WORDS =
  /^(?:upstream connect error or disconnect\/reset before headers|upstream request timeout|no healthy upstream)/;

function isGoogle(answer: AnswerFacts): boolean {
  return lastVia(answer) === 'google';
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  return strongest(
    isGoogle(answer) ? { certainty: 0.9, because: 'The last entry of Via is google.' } : undefined,
    headerValues(answer, 'set-cookie').some((cookie) => /^GCLB=/.test(cookie))
      ? { certainty: 0.8, because: "The cookie GCLB is set, the balancer's own for sticky sessions." }
      : undefined,
    answer.status >= 500 && PAGE.test(bodyStart(answer))
      ? { certainty: 0.6, because: "The error page is that of Google's front ends." }
      : undefined,
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  const body = bodyStart(answer);
  if (PAGE.test(body)) return true;
  if (isGoogle(answer) && ENVOY_WORDS.test(body)) return true;
  return wroteItByProxyStatus(answer);
}

function gcloud(title: string, text: string): Command {
  return { gateway: 'gcp-load-balancer', title, text };
}

/** `--global` is for global balancers; regional ones take `--region`. */
function backend(title: string, options: string): Command {
  return gcloud(title, `gcloud compute backend-services update <backend-service> --global ${options}`);
}

const HEALTH = gcloud('Health of the members', 'gcloud compute backend-services get-health <backend-service> --global');
const CHECK = gcloud(
  'A quicker health check of a page of the application',
  'gcloud compute health-checks update http <health-check> --request-path=/health --check-interval=5s --timeout=3s --healthy-threshold=2 --unhealthy-threshold=2',
);
const FIREWALL = (context: RemedyContext): Command =>
  gcloud(
    "Let the balancer's and the health checks' ranges in",
    `gcloud compute firewall-rules create allow-load-balancer --source-ranges=130.211.0.0/22,35.191.0.0/16 --allow=tcp:${memberAddress(context).port} --network=<network>`,
  );
const LOGS = backend('Log every request: statusDetails is the cause', '--enable-logging --logging-sample-rate=1.0');
const LEAST = backend(
  'Send to the member with the fewest open requests (not for classic balancers)',
  '--locality-lb-policy=LEAST_REQUEST',
);
const OUT = gcloud(
  'Take a group of members out (capacity 0; 1 puts it back)',
  'gcloud compute backend-services update-backend <backend-service> --global --instance-group=<group> --instance-group-zone=<zone> --capacity-scaler=0',
);
const READ = gcloud(
  'Which cause has the balancer logged?',
  'gcloud logging read \'resource.type="http_load_balancer" AND httpRequest.status>=500\' --limit=50 --format="value(timestamp,httpRequest.status,jsonPayload.statusDetails)"',
);

const timer = (context: RemedyContext): Command =>
  backend(
    'Timer of the backend service (default 30 s, for the whole answer)',
    `--timeout=${timerSeconds(context, 30 * US_PER_SEC)}s`,
  );

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'The timer of the backend service counts until the last byte of the answer; for WebSockets it is the life of the connection.',
    ],
    commands: [timer(context)],
  }),
  'timeout/gateway-read': (context) => ({ commands: [timer(context)] }),
  'timeout/gateway-total': (context) => ({ commands: [timer(context)] }),
  'timeout/gateway-connect': (context) => ({ commands: [FIREWALL(context), HEALTH] }),
  'queue/gateway': () => ({
    steps: ['The balancer keeps no queue; what looks like one waits in the members.'],
    commands: [
      gcloud(
        'How much a group takes',
        'gcloud compute backend-services update-backend <backend-service> --global --instance-group=<group> --instance-group-zone=<zone> --balancing-mode=RATE --max-rate-per-instance=<requests-per-second>',
      ),
    ],
  }),
  'queue/member': () => ({ commands: [LEAST] }),
  'queue/rejected': () => ({ commands: [HEALTH, READ] }),
  'cold-start/idle': () => ({
    steps: ['Health checks keep members awake as long as they ask for a page of the application.'],
    commands: [CHECK],
  }),
  'cold-start/connection': () => ({
    steps: [
      'The balancer keeps connections for 600 s, and this cannot be changed: the keep-alive timer of the members must be longer (620 s).',
    ],
    commands: [READ],
  }),
  'connection/refused': (context) => ({ commands: [HEALTH, FIREWALL(context)] }),
  'connection/unreachable': (context) => ({ commands: [FIREWALL(context), HEALTH] }),
  'connection/dropped-before-response': () => ({
    steps: [
      'statusDetails is backend_connection_closed_before_data_sent_to_client. If it happens after pauses, raise the keep-alive timer of the members above 600 s (620 s is advised).',
    ],
    commands: [READ],
  }),
  'connection/keep-alive-race': () => ({
    steps: ['The balancer keeps idle connections for 600 s: set the keep-alive timer of the members to 620 s.'],
    commands: [READ],
  }),
  'connection/dropped-mid-response': () => ({ commands: [READ, LOGS] }),
  'member/none-available': (context) => ({
    steps: [
      'failed_to_pick_backend means that no member is healthy; the usual reason is a firewall without the ranges of the health checks.',
    ],
    commands: [HEALTH, FIREWALL(context)],
  }),
  'member/slow': () => ({ commands: [LEAST, OUT] }),
  'member/errors': () => ({ commands: [OUT, READ] }),
  'application/error': () => ({
    steps: ['response_sent_by_backend in statusDetails means that the member wrote the error.'],
    commands: [READ],
  }),
  'gateway/cascade': () => ({
    steps: [
      'Members go out by health checks and, where it is set, by outlier detection: let both need several failures.',
    ],
    commands: [
      gcloud(
        'What is set now (outlierDetection)',
        'gcloud compute backend-services describe <backend-service> --global --format="yaml(outlierDetection,healthChecks)"',
      ),
      CHECK,
    ],
  }),
  'gateway/unreachable': () => ({
    commands: [
      gcloud(
        'Forwarding rules and their proxies',
        'gcloud compute forwarding-rules list\ngcloud compute target-https-proxies list',
      ),
    ],
  }),
  'gateway/overhead': () => ({
    steps: [
      'The way from the front end near the client to the region of the members is part of what the balancer adds.',
    ],
    commands: [READ],
  }),
};

/** Google Cloud's external and internal HTTP(S) balancers. Behaviour from the documentation of Google. */
export const gcpLoadBalancer: Gateway = {
  kind: 'gcp-load-balancer',
  title: 'Google Cloud Load Balancing',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readGcpLog,
  ejection: {
    slowRequest: 'unknown',
    because: 'Health checks take members out; outlier detection, where it is configured, counts user requests as well.',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'backend service timeout',
      directive: 'timeoutSec',
      defaultUs: 30 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-total',
      name: 'backend service timeout',
      directive: 'timeoutSec',
      defaultUs: 30 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member, within the backend service timeout',
      directive: 'timeoutSec',
    },
  ],
  remedy: (context) => remedyFromTable('gcp-load-balancer', ADVICE, context),
};
