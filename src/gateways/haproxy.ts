import type { AnswerFacts } from '../model/exchange.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, serverProduct } from './answer.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { readHaproxyLog } from './haproxy-log.ts';
import { hostAndPort } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

// The built-in pages of HAProxy 2.6, byte for byte: 400, 403, 500, 502, 503 and 504 were seen.
const PAGES: Readonly<Record<number, string>> = {
  400: '<html><body><h1>400 Bad request</h1>\nYour browser sent an invalid request.\n</body></html>\n',
  403: '<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n',
  500: '<html><body><h1>500 Internal Server Error</h1>\nAn internal server error occurred.\n</body></html>\n',
  502: '<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n',
  503: '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n',
  504: "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n",
};

function isPage(answer: AnswerFacts): boolean {
  return PAGES[answer.status] !== undefined && bodyStart(answer) === PAGES[answer.status];
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  if (!isPage(answer)) return undefined;
  // HAProxy writes no Server header. Where there is one, somebody in front wrote it, and the page came from behind.
  return serverProduct(answer) === undefined
    ? {
        certainty: 0.95,
        because: `The ${answer.status} page is HAProxy's own, byte for byte, and has no Server header.`,
      }
    : {
        certainty: 0.3,
        because: `The ${answer.status} page is HAProxy's own, but another product put its Server header on it.`,
      };
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  const hasServer = serverProduct(answer) !== undefined;
  if (isPage(answer)) return hasServer ? undefined : true;
  // HAProxy adds no Server header of its own, so one that is there came from the member.
  return hasServer ? false : wroteItByProxyStatus(answer);
}

function conf(title: string, text: string): Command {
  return { gateway: 'haproxy', title, text };
}

const IN_BACKEND = 'In the backend';

function server(context: RemedyContext, parameters: string): string {
  return `server <name> ${hostAndPort(context)} ${parameters}`;
}

const failover = (context: RemedyContext): readonly Command[] => [
  conf(
    IN_BACKEND,
    `timeout connect 3s\nretries 2\noption redispatch 1\noption httpchk GET /health\n${server(context, 'check inter 2s fall 3 rise 2')}`,
  ),
];

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'HAProxy has no default for timeout server; the value stands in defaults or in the backend, and the backend wins.',
    ],
    commands: [conf(IN_BACKEND, `timeout server ${timerSeconds(context, 30_000_000)}s`)],
  }),
  'timeout/gateway-read': (context) => ({
    commands: [conf(IN_BACKEND, `timeout server ${timerSeconds(context, 30_000_000)}s`)],
  }),
  'timeout/gateway-connect': (context) => ({
    steps: [
      'A connect that times out is answered 503 after (retries + 1) times timeout connect: with the default of 3 retries, four times.',
    ],
    commands: failover(context),
  }),
  'timeout/gateway-queue': (context) => ({
    commands: [conf(IN_BACKEND, `timeout queue 5s\n${server(context, 'maxconn 200')}`)],
  }),
  'queue/gateway': (context) => ({
    steps: [
      'Requests wait when the maxconn of every server is reached (log field Tw, backend queue), or before HAProxy when the frontend or global maxconn is: then HAProxy logs nothing of the wait.',
    ],
    commands: [
      conf('In global and the frontend', 'maxconn 20000'),
      conf(IN_BACKEND, `timeout queue 5s\n${server(context, 'maxconn 200')}`),
      conf('On the gateway: current queues', 'echo "show stat" | socat stdio <stats-socket> | cut -d, -f1-5'),
    ],
  }),
  'queue/member': (context) => ({
    commands: [conf(IN_BACKEND, `balance leastconn\n${server(context, 'maxconn 100')}`)],
  }),
  'queue/rejected': (context) => ({
    steps: ['A full queue shows as sQ in the log: timeout queue or maxqueue ended the wait.'],
    commands: [conf(IN_BACKEND, `timeout queue 10s\n${server(context, 'maxconn 200 maxqueue 0')}`)],
  }),
  'cold-start/idle': (context) => ({
    steps: [
      'A health check on a page of the application keeps it awake, as long as it comes more often than the idle timeout.',
    ],
    commands: [conf(IN_BACKEND, `option httpchk GET /health\n${server(context, 'check inter 30s slowstart 30s')}`)],
  }),
  'cold-start/connection': (context) => ({
    commands: [
      conf(IN_BACKEND, `http-reuse safe\n${server(context, 'pool-purge-delay 60s pool-max-conn 100')}`),
      conf('In the frontend', 'timeout http-keep-alive 60s'),
    ],
  }),
  'connection/refused': (context) => ({
    steps: [
      'By default a refused connect is tried again on the same server, one second apart, and answered 503 after 3 s: redispatch sends it to another one.',
    ],
    commands: failover(context),
  }),
  'connection/unreachable': (context) => ({ commands: failover(context) }),
  'connection/dropped-before-response': (context) => ({
    steps: [
      'On the second and later requests of a client connection HAProxy closes without an answer and without a log line when the member does so: count requests of the probe that are missing in the log.',
    ],
    commands: [
      conf(
        `${IN_BACKEND}, for requests that may be repeated`,
        'retry-on conn-failure empty-response\nretries 2\noption redispatch 1',
      ),
      conf('If it happens after pauses: give up idle connections earlier', server(context, 'pool-purge-delay 1s')),
    ],
  }),
  'connection/dropped-mid-response': () => ({
    commands: [
      conf(
        'On the gateway: requests that ended in the data phase (SD, sD)',
        "grep -E ' [sS]D[-A-Z]{2} ' /var/log/haproxy.log | tail -50",
      ),
    ],
  }),
  'member/none-available': (context) => ({
    commands: [
      conf(
        IN_BACKEND,
        `option httpchk GET /health\n${server(context, 'check inter 2s fall 3 rise 2')}\nserver <spare> <member>:<port> check backup`,
      ),
      conf('On the gateway: which servers are down, and why', 'echo "show servers state" | socat stdio <stats-socket>'),
    ],
  }),
  'member/slow': (context) => ({
    commands: [conf(IN_BACKEND, `balance leastconn\n${server(context, 'weight 25')}`)],
  }),
  'member/errors': (context) => ({
    commands: [
      conf('On the gateway, at once', 'echo "set server <backend>/<server> state drain" | socat stdio <stats-socket>'),
      conf(
        `${IN_BACKEND}, to let it happen by itself`,
        server(context, 'check observe layer7 error-limit 10 on-error mark-down'),
      ),
    ],
  }),
  'application/error': () => ({
    commands: [
      conf(
        'On the gateway: errors that members answered (-- in the log, Tr not -1)',
        "grep -E ' 5[0-9][0-9] [0-9]+ - - ----' /var/log/haproxy.log | tail -50",
      ),
    ],
  }),
  'gateway/retry-duplicate': (context) => ({
    commands: [
      conf(
        `${IN_BACKEND}, so that a server that takes no connections is left out`,
        server(context, 'check inter 2s fall 3 rise 2'),
      ),
      conf(
        'On the gateway: failed connections, retries and redispatches of each server',
        'echo "show stat" | socat stdio <stats-socket> | cut -d, -f1,2,14,16,17',
      ),
    ],
  }),
  'gateway/cascade': () => ({
    steps: [
      'HAProxy repeats only failed connects unless retry-on says more, and takes a server out for user requests only with observe.',
    ],
    commands: [conf(IN_BACKEND, 'retry-on conn-failure\nretries 1\noption redispatch 1')],
  }),
  'gateway/unreachable': () => ({
    commands: [
      conf(
        'On the gateway',
        "haproxy -c -f /etc/haproxy/haproxy.cfg\nsystemctl status haproxy\nss -ltnp 'sport = :80 or sport = :443'",
      ),
    ],
  }),
  'gateway/overhead': (context) => ({
    commands: [conf(IN_BACKEND, `http-reuse safe\n${server(context, 'pool-purge-delay 60s')}`)],
  }),
};

/** HAProxy. Marks and behaviour measured with 2.6. */
export const haproxy: Gateway = {
  kind: 'haproxy',
  title: 'HAProxy',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readHaproxyLog,
  ejection: {
    slowRequest: 'never',
    because:
      'By default only health checks take a server out; user requests count only where a server line has "observe". A timed-out request is not repeated (retry-on conn-failure).',
  },
  timers: [
    { cause: 'timeout/gateway-response', name: 'wait for the answer', directive: 'timeout server' },
    { cause: 'timeout/gateway-read', name: 'pause within the answer', directive: 'timeout server' },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member, (retries + 1) times',
      directive: 'timeout connect',
    },
    {
      cause: 'timeout/gateway-queue',
      name: 'wait for a free slot',
      directive: 'timeout queue (timeout connect when not set)',
    },
  ],
  remedy: (context) => remedyFromTable('haproxy', ADVICE, context),
};
