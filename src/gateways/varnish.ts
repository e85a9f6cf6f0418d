import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, headerLine, headerValues, lastVia, serverProduct } from './answer.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { strongest } from './mark.ts';
import { memberAddress } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';
import { readVarnishLog } from './varnish-log.ts';

const VIA = /\(Varnish\/[\d.]+\)|^varnish\b/i;

/** Fastly's network answers with a bare "varnish" in Via, too. */
function isFastly(answer: AnswerFacts): boolean {
  return (
    headerValues(answer, 'x-served-by').some((value) => value.startsWith('cache-')) ||
    headerLine(answer, 'fastly-io-info') !== undefined
  );
}

function isGuruPage(answer: AnswerFacts): boolean {
  const body = bodyStart(answer);
  return body.includes('<h3>Guru Meditation:</h3>') && body.includes('Varnish cache server');
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  if (isFastly(answer)) return undefined;
  const via = lastVia(answer);
  const isOutermost = via === undefined || VIA.test(via);
  return strongest(
    via !== undefined && VIA.test(via) ? { certainty: 0.95, because: `The last entry of Via is ${via}.` } : undefined,
    isOutermost && serverProduct(answer) === 'Varnish' && isGuruPage(answer)
      ? { certainty: 0.95, because: "The error page is Varnish's own (Guru Meditation) and its Server header says so." }
      : undefined,
    headerLine(answer, 'x-varnish') === undefined
      ? undefined
      : { certainty: isOutermost ? 0.7 : 0.3, because: 'The answer carries an X-Varnish header.' },
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  const server = serverProduct(answer);
  // Varnish puts Server: Varnish on answers that it makes itself, and leaves the member's on those that it passes on.
  if (server === 'Varnish') return true;
  if (isGuruPage(answer)) return server === undefined ? true : undefined;
  return server === undefined ? wroteItByProxyStatus(answer) : false;
}

function vcl(title: string, text: string): Command {
  return { gateway: 'varnish', title, text };
}

function backend(context: RemedyContext, lines: readonly string[]): string {
  const { host, port } = memberAddress(context);
  const all = [`.host = "${host}";`, `.port = "${port}";`, ...lines];
  return `backend <name> {\n${all.map((line) => `    ${line}`).join('\n')}\n}`;
}

const PROBE = '.probe = { .url = "/health"; .interval = 2s; .timeout = 1s; .window = 5; .threshold = 3; }';
const CAUSE = 'On the gateway: the cause of each 503 stands only here';
const FETCH_ERRORS = `varnishlog -g request -q 'FetchError' -i BereqURL,BackendOpen,FetchError,BackendClose`;

const RETRY = vcl(
  'In VCL: once more, on another member of the director, only where it is safe',
  'sub vcl_backend_error {\n    if (bereq.retries == 0 && (bereq.method == "GET" || bereq.method == "HEAD")) { return (retry); }\n}',
);

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'Varnish answers 503 (not 504) when first_byte_timeout ends; the FetchError in varnishlog says "first byte timeout".',
    ],
    commands: [vcl('In VCL', backend(context, [`.first_byte_timeout = ${timerSeconds(context, 60 * US_PER_SEC)}s;`]))],
  }),
  'timeout/gateway-read': (context) => ({
    commands: [
      vcl('In VCL', backend(context, [`.between_bytes_timeout = ${timerSeconds(context, 60 * US_PER_SEC)}s;`])),
    ],
  }),
  'timeout/gateway-connect': (context) => ({
    commands: [vcl('In VCL (default 3.5 s)', backend(context, ['.connect_timeout = 2s;', PROBE]))],
  }),
  'queue/gateway': () => ({
    steps: [
      'Requests wait for a worker thread when thread_pool_max is reached (counter MAIN.thread_queue_len), or for the answer to an identical request (request coalescing).',
    ],
    commands: [
      vcl(
        'Parameters of varnishd',
        'varnishadm param.set thread_pool_min 200\nvarnishadm param.set thread_pool_max 5000',
      ),
      vcl('On the gateway', 'varnishstat -1 -f MAIN.thread_queue_len -f MAIN.busy_sleep -f MAIN.sess_queued'),
    ],
  }),
  'queue/member': (context) => ({
    commands: [vcl('In VCL', backend(context, ['.max_connections = 100;']))],
  }),
  'queue/rejected': (context) => ({
    steps: [
      'Varnish does not queue for a member: when .max_connections is reached it answers 503 at once, with "busy" in varnishlog.',
    ],
    commands: [vcl('In VCL', backend(context, ['.max_connections = 300;'])), vcl(CAUSE, FETCH_ERRORS)],
  }),
  'cold-start/idle': (context) => ({
    steps: [
      'A probe on a page of the application keeps it awake; grace lets users have the old object while a slow start fetches a new one.',
    ],
    commands: [
      vcl('In VCL', backend(context, [PROBE])),
      vcl('In VCL', 'sub vcl_backend_response { set beresp.grace = 1h; }'),
    ],
  }),
  'cold-start/connection': () => ({
    commands: [
      vcl(
        'Parameter of varnishd (default 60 s), below the idle timeout of the members',
        'varnishadm param.set backend_idle_timeout 110',
      ),
    ],
  }),
  'connection/refused': (context) => ({
    commands: [vcl('In VCL', backend(context, ['.connect_timeout = 2s;', PROBE])), RETRY],
  }),
  'connection/unreachable': (context) => ({
    commands: [vcl('In VCL', backend(context, ['.connect_timeout = 2s;', PROBE])), RETRY],
  }),
  'connection/dropped-before-response': () => ({
    steps: ['Varnish repeats once by itself when a reused connection turns out to be closed, but not for POST.'],
    commands: [
      RETRY,
      vcl(
        'If it happens after pauses: give up idle connections before the member does',
        'varnishadm param.set backend_idle_timeout 4',
      ),
      vcl(CAUSE, FETCH_ERRORS),
    ],
  }),
  'connection/dropped-mid-response': () => ({
    commands: [
      vcl('On the gateway: answers that broke off', `varnishlog -g request -q 'FetchError ~ "insufficient|chunked"'`),
    ],
  }),
  'member/none-available': (context) => ({
    commands: [
      vcl('In VCL', backend(context, [PROBE])),
      vcl('On the gateway: state of every member', 'varnishadm backend.list -p'),
    ],
  }),
  'member/slow': () => ({
    commands: [
      vcl(
        'In VCL: a director with weights',
        'import directors;\nsub vcl_init {\n    new pool = directors.random();\n    pool.add_backend(<slow>, 1);\n    pool.add_backend(<other>, 4);\n}',
      ),
    ],
  }),
  'member/errors': () => ({
    commands: [vcl('On the gateway, at once', 'varnishadm backend.set_health <name> sick'), RETRY],
  }),
  'application/error': () => ({
    commands: [
      vcl(
        'On the gateway: errors that members answered',
        "varnishlog -g request -q 'BerespStatus >= 500' -i BereqURL,BackendOpen,BerespStatus",
      ),
    ],
  }),
  'gateway/cascade': () => ({
    steps: ['Limit return (retry) in VCL to one, and to failed connects.'],
    commands: [vcl('Parameter of varnishd', 'varnishadm param.set max_retries 1')],
  }),
  'gateway/unreachable': () => ({
    commands: [vcl('On the gateway', 'systemctl status varnish\nvarnishadm status\nvarnishadm panic.show')],
  }),
  'gateway/overhead': () => ({
    commands: [
      vcl(
        'On the gateway: how much comes from the cache',
        'varnishstat -1 -f MAIN.cache_hit -f MAIN.cache_miss -f MAIN.s_pass',
      ),
    ],
  }),
};

/** Varnish Cache. Marks and behaviour measured with 7.1. */
export const varnish: Gateway = {
  kind: 'varnish',
  title: 'Varnish',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readVarnishLog,
  ejection: {
    slowRequest: 'never',
    because:
      'Only probes make a backend sick; a slow or failed fetch does not, and it is repeated only where VCL says return (retry).',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'wait for the first byte',
      directive: 'first_byte_timeout',
      defaultUs: 60 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-read',
      name: 'pause between bytes',
      directive: 'between_bytes_timeout',
      defaultUs: 60 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member',
      directive: 'connect_timeout',
      defaultUs: 3.5 * US_PER_SEC,
    },
  ],
  remedy: (context) => remedyFromTable('varnish', ADVICE, context),
};
