import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, headerLine, serverProduct } from './answer.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { memberOrigin } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';
import { readTraefikLog } from './traefik-log.ts';

// What Traefik 3 writes itself: the bare reason, without a line break, as text/plain and without a Server header. Other programs
// write the same bare words for 500 and 404 (Go's own handlers, Koa), so those prove little.
const REASONS: Readonly<Record<number, string>> = { 502: 'Bad Gateway', 504: 'Gateway Timeout' };
const NO_SERVER = 'no available server';

function isPlain(answer: AnswerFacts): boolean {
  return (
    serverProduct(answer) === undefined &&
    /^text\/plain; ?charset=utf-8$/i.test(headerLine(answer, 'content-type') ?? '')
  );
}

function isNoServer(answer: AnswerFacts): boolean {
  return answer.status === 503 && bodyStart(answer).trimEnd() === NO_SERVER && isPlain(answer);
}

function isReason(answer: AnswerFacts): boolean {
  return REASONS[answer.status] !== undefined && bodyStart(answer) === REASONS[answer.status] && isPlain(answer);
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  if (isNoServer(answer)) return { certainty: 0.85, because: `The 503 says "${NO_SERVER}", as Traefik does.` };
  if (isReason(answer)) {
    return {
      certainty: 0.5,
      because: `The ${answer.status} is the bare reason as plain text without a Server header, as Traefik writes it.`,
    };
  }
  if (answer.status === 404 && bodyStart(answer) === '404 page not found\n' && isPlain(answer)) {
    return { certainty: 0.1, because: 'The 404 is that of a program in Go without a Server header; Traefik is one.' };
  }
  return undefined;
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  if (isNoServer(answer) || isReason(answer)) return true;
  // Traefik adds no Server header, so one that is there came from the member.
  return serverProduct(answer) === undefined ? wroteItByProxyStatus(answer) : false;
}

function dynamic(text: string): Command {
  return { gateway: 'traefik', title: 'Dynamic configuration', text };
}

function fixed(text: string): Command {
  return { gateway: 'traefik', title: 'Static configuration (needs a restart)', text };
}

function transport(lines: readonly string[]): Command {
  const body = lines.map((line) => `        ${line}`).join('\n');
  return dynamic(
    `http:\n  serversTransports:\n    <transport>:\n      forwardingTimeouts:\n${body}\n  services:\n    <service>:\n      loadBalancer:\n        serversTransport: <transport>`,
  );
}

function balancer(lines: readonly string[]): Command {
  return dynamic(
    `http:\n  services:\n    <service>:\n      loadBalancer:\n${lines.map((line) => `        ${line}`).join('\n')}`,
  );
}

const HEALTH = ['healthCheck:', '  path: /health', '  interval: 5s', '  timeout: 2s'];
const RETRY = dynamic(
  'http:\n  middlewares:\n    <retry>:\n      retry:\n        attempts: 2\n        initialInterval: 100ms',
);

const failover = (context: RemedyContext): readonly Command[] => [
  balancer(['servers:', `- url: ${memberOrigin(context)}`, '- url: http://<other>:<port>', ...HEALTH]),
  transport(['dialTimeout: 3s']),
  RETRY,
];

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'Traefik has no response timer unless responseHeaderTimeout is set; since v3 its entry points give clients 60 s to send their request (readTimeout).',
    ],
    commands: [transport([`responseHeaderTimeout: ${timerSeconds(context, 30 * US_PER_SEC)}s`])],
  }),
  'timeout/gateway-connect': (context) => ({
    steps: ['The default of dialTimeout is 30 s.'],
    commands: failover(context),
  }),
  'queue/gateway': () => ({
    steps: ['Traefik has no queue of its own; requests wait for connections or for the processor.'],
    commands: [fixed('serversTransport:\n  maxIdleConnsPerHost: 500')],
  }),
  'queue/member': () => ({
    commands: [dynamic('http:\n  middlewares:\n    <limit>:\n      inFlightReq:\n        amount: 100')],
  }),
  'queue/rejected': () => ({
    steps: [
      'inFlightReq and rateLimit answer 429; a 503 with "no available server" means that health checks took all members out.',
    ],
    commands: [dynamic('http:\n  middlewares:\n    <limit>:\n      inFlightReq:\n        amount: 300')],
  }),
  'cold-start/idle': () => ({
    steps: ['Health checks keep the application awake, as long as they come more often than its idle timeout.'],
    commands: [balancer(['healthCheck:', '  path: /health', '  interval: 30s', '  timeout: 20s'])],
  }),
  'cold-start/connection': () => ({
    commands: [transport(['idleConnTimeout: 110s']), fixed('serversTransport:\n  maxIdleConnsPerHost: 200')],
  }),
  'connection/refused': (context) => ({ commands: failover(context) }),
  'connection/unreachable': (context) => ({ commands: failover(context) }),
  'connection/dropped-before-response': () => ({
    steps: [
      'A stale connection is tried again by itself for GET and HEAD, not for POST. Traefik logs these errors at level DEBUG only.',
    ],
    commands: [transport(['idleConnTimeout: 4s']), RETRY],
  }),
  'connection/dropped-mid-response': () => ({ commands: [fixed('log:\n  level: DEBUG\naccessLog:\n  format: json')] }),
  'member/none-available': (context) => ({
    commands: [balancer(['servers:', `- url: ${memberOrigin(context)}`, ...HEALTH])],
  }),
  'member/slow': (context) => ({
    commands: [
      balancer([
        'servers:',
        `- { url: "${memberOrigin(context)}", weight: 1 }`,
        '- { url: "http://<other>:<port>", weight: 3 }',
      ]),
    ],
  }),
  'member/errors': () => ({ commands: [balancer(HEALTH)] }),
  'application/error': () => ({
    steps: [
      'An OriginContentSize of 11, 15 or 21 bytes in the access log is a text of Traefik itself; anything else came from the member.',
    ],
    commands: [fixed('accessLog:\n  format: json')],
  }),
  'gateway/cascade': () => ({
    steps: [
      'Traefik repeats a request only with the retry middleware, and takes members out only by health checks: lower attempts, and use the middleware only on routes that stand it.',
    ],
    commands: [dynamic('http:\n  middlewares:\n    <retry>:\n      retry:\n        attempts: 1')],
  }),
  'gateway/unreachable': () => ({
    commands: [
      {
        gateway: 'traefik',
        title: 'On the gateway (needs ping in the static configuration)',
        text: 'traefik healthcheck\nsystemctl status traefik',
      },
    ],
  }),
  'gateway/overhead': () => ({
    commands: [fixed('serversTransport:\n  maxIdleConnsPerHost: 500\naccessLog:\n  bufferingSize: 1000')],
  }),
};

/** Traefik 3. Marks and behaviour from its source. */
export const traefik: Gateway = {
  kind: 'traefik',
  title: 'Traefik',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readTraefikLog,
  ejection: {
    slowRequest: 'never',
    because:
      'Members are taken out by health checks only, unless passiveHealthCheck is configured; requests are repeated only with the retry middleware.',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'wait for the headers',
      directive: 'serversTransport.forwardingTimeouts.responseHeaderTimeout',
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member',
      directive: 'serversTransport.forwardingTimeouts.dialTimeout',
      defaultUs: 30 * US_PER_SEC,
    },
  ],
  remedy: (context) => remedyFromTable('traefik', ADVICE, context),
};
