import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, headerLine, serverProduct } from './answer.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { strongest } from './mark.ts';
import { memberAddress } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

// Statuses that are Cloudflare's alone, from its documentation.
const STATUS_MEANINGS: Readonly<Record<number, string>> = {
  520: 'the origin sent nothing, something unknown, or headers that were too large',
  521: 'the origin refused the connection',
  522: 'the origin did not answer the connection attempt in time',
  523: 'there is no route to the origin',
  524: 'the origin did not answer in time',
  525: 'the TLS handshake with the origin failed',
  526: "the origin's certificate was not accepted",
  530: 'another error of Cloudflare, named by a number from 1000 on',
};
const CODE_MEANINGS: Readonly<Record<string, string>> = {
  '1000': 'the DNS record points to an address that is not allowed',
  '1001': 'the name does not resolve',
  '1015': 'rate limited',
  '1016': "the origin's name does not resolve",
  '1020': 'denied by a rule of the firewall',
  '1033': 'the tunnel has no connector',
  '1101': 'a Worker failed',
  '1102': 'a Worker used too much processor time',
  '1200': 'too many requests waited for the origin',
};
// Clients that are no browser get only this line.
const TEXT_CODE = /^error code: (\d{3,4})\b/;
const PAGE_CODE = /class="cf-error-code">(\d{3,4})</;
// Cloudflare's own 502 and 504 are nginx-like and bare; the branded page says that the origin answered so.
const BARE_PAGE = /<hr><center>cloudflare(?:-nginx)?<\/center>/;
const BRANDED_PAGE = /id="cf-error-details"/;

function pageCode(answer: AnswerFacts): string | undefined {
  const body = bodyStart(answer);
  return TEXT_CODE.exec(body)?.[1] ?? PAGE_CODE.exec(body)?.[1];
}

function recognise(answer: AnswerFacts): Recognition | undefined {
  const isNamed = serverProduct(answer) === 'cloudflare';
  const hasRay = /^[0-9a-f]{16}(?:-[A-Z]{3})?$/.test(headerLine(answer, 'cf-ray') ?? '');
  return strongest(
    isNamed && hasRay ? { certainty: 0.98, because: 'Server: cloudflare and a CF-RAY are on the answer.' } : undefined,
    isNamed ? { certainty: 0.8, because: 'The Server header says cloudflare.' } : undefined,
    hasRay ? { certainty: 0.8, because: 'The answer has a CF-RAY.' } : undefined,
    // Other products use some of these numbers, too.
    STATUS_MEANINGS[answer.status] !== undefined && pageCode(answer) === String(answer.status)
      ? { certainty: 0.7, because: `The page names the error ${answer.status}, which is Cloudflare's.` }
      : undefined,
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  if (STATUS_MEANINGS[answer.status] !== undefined) return true;
  const body = bodyStart(answer);
  if (BARE_PAGE.test(body)) return true;
  const isGatewayStatus = answer.status === 502 || answer.status === 504;
  if (isGatewayStatus && (BRANDED_PAGE.test(body) || TEXT_CODE.test(body)))
    return BRANDED_PAGE.test(body) ? false : undefined;
  if (TEXT_CODE.test(body) || PAGE_CODE.test(body)) return true;
  return wroteItByProxyStatus(answer);
}

function codes(answer: AnswerFacts): { readonly code: string; readonly meaning?: string } | undefined {
  const own = pageCode(answer);
  if (own !== undefined && own.length === 4) {
    const meaning = CODE_MEANINGS[own];
    return meaning === undefined ? { code: own } : { code: own, meaning };
  }
  const meaning = STATUS_MEANINGS[answer.status];
  // A member of another product may answer such a status: only Cloudflare's own mark makes it a code.
  if (meaning !== undefined && recognise(answer) !== undefined) return { code: String(answer.status), meaning };
  return proxyStatusCodes(answer);
}

function api(title: string, method: string, path: string, body?: string): Command {
  const data = body === undefined ? '' : ` --json '${body}'`;
  return {
    gateway: 'cloudflare',
    title,
    text: `curl -X ${method} "https://api.cloudflare.com/client/v4${path}" -H "Authorization: Bearer <token>"${data}`,
  };
}

function here(title: string, text: string): Command {
  return { gateway: 'cloudflare', title, text };
}

/** Largest value of the setting, in seconds. */
const MAX_READ_SEC = 6_000;

const timer = (context: RemedyContext): Command =>
  api(
    'Wait for the origin (Enterprise only; 1 to 6,000 s)',
    'PATCH',
    '/zones/<zone>/settings/proxy_read_timeout',
    `{"value": ${Math.min(MAX_READ_SEC, timerSeconds(context, 120 * US_PER_SEC))}}`,
  );
const RANGES = (context: RemedyContext): Command =>
  here(
    `On the origin: let Cloudflare's addresses in to port ${memberAddress(context).port}`,
    'curl -fsS https://www.cloudflare.com/ips-v4 https://www.cloudflare.com/ips-v6\nnft list ruleset',
  );
const MONITOR = api(
  'Load Balancing: check the origins',
  'POST',
  '/accounts/<account>/load_balancers/monitors',
  '{"type": "http", "method": "GET", "path": "/health", "interval": 60, "timeout": 5, "retries": 2, "expected_codes": "200"}',
);
const STEERING = api(
  'Load Balancing: send to the origin with the fewest open requests',
  'PATCH',
  '/accounts/<account>/load_balancers/pools/<pool>',
  '{"origin_steering": {"policy": "least_outstanding_requests"}}',
);
const DIRECT = (context: RemedyContext): Command =>
  here(
    'Ask the origin past Cloudflare',
    `curl -sv --resolve <host>:${memberAddress(context).port}:${memberAddress(context).host} http://<host>:${memberAddress(context).port}/ -o /dev/null`,
  );
const POOLS = api(
  'Load Balancing: health of the origins',
  'GET',
  '/accounts/<account>/load_balancers/pools/<pool>/health',
);

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'Cloudflare answers 524 when the origin sends nothing for 120 s (older documentation says 100 s). Only Enterprise zones can change it; others let the work run in the background, or send it past Cloudflare by a name that is not proxied.',
    ],
    commands: [timer(context)],
  }),
  'timeout/gateway-read': (context) => ({ commands: [timer(context)] }),
  'timeout/gateway-connect': (context) => ({
    steps: [
      '522: no answer to the connection attempt within 19 s. It cannot be changed: find out what drops the packets.',
    ],
    commands: [RANGES(context), DIRECT(context)],
  }),
  'queue/gateway': () => ({
    steps: ['Cloudflare queues only for an origin that is slow: error 1200 when the queue is full.'],
    commands: [POOLS, STEERING],
  }),
  'queue/member': () => ({ commands: [STEERING] }),
  'queue/rejected': () => ({
    steps: ['429 with 1015 is a rule of the zone; 1200 means that too many requests waited for the origin.'],
    commands: [
      api('Rate limiting rules of the zone', 'GET', '/zones/<zone>/rulesets/phases/http_ratelimit/entrypoint'),
    ],
  }),
  'cold-start/idle': () => ({
    steps: ['A monitor that asks for a page of the application keeps origins awake.'],
    commands: [MONITOR],
  }),
  'cold-start/connection': () => ({
    steps: [
      'Cloudflare keeps connections to origins for 900 s: let the keep-alive timer of the origin be longer, and use a tunnel where distance matters.',
    ],
    commands: [here('A tunnel keeps its connections', 'cloudflared tunnel run <tunnel>')],
  }),
  'connection/refused': (context) => ({
    steps: ['521: the origin refused. Often its firewall rejects addresses of Cloudflare.'],
    commands: [RANGES(context), DIRECT(context)],
  }),
  'connection/unreachable': (context) => ({
    steps: ['522 and 523: the origin does not answer, or there is no route to it.'],
    commands: [RANGES(context), DIRECT(context)],
  }),
  'connection/dropped-before-response': (context) => ({
    steps: [
      '520: the origin closed, or its headers were too large (128 kB). If it happens after pauses, raise its keep-alive timer above 900 s.',
    ],
    commands: [DIRECT(context)],
  }),
  'connection/dropped-mid-response': (context) => ({ commands: [DIRECT(context)] }),
  'connection/keep-alive-race': (context) => ({
    steps: ["Cloudflare keeps idle connections for 900 s: raise the origin's keep-alive timer above it."],
    commands: [DIRECT(context)],
  }),
  'tls/failed': () => ({
    steps: [
      '525 and 526: in the mode Full (strict) the origin needs a certificate of a public authority or of Cloudflare, valid for the host name.',
    ],
    commands: [api('TLS mode of the zone', 'GET', '/zones/<zone>/settings/ssl')],
  }),
  'member/none-available': () => ({ commands: [POOLS, MONITOR] }),
  'member/slow': () => ({ commands: [STEERING] }),
  'member/errors': () => ({
    commands: [
      api(
        'Load Balancing: take an origin out (name all origins of the pool: the list replaces the old one)',
        'PATCH',
        '/accounts/<account>/load_balancers/pools/<pool>',
        '{"origins": [{"name": "<origin>", "address": "<address>", "enabled": false}]}',
      ),
      POOLS,
    ],
  }),
  'application/error': (context) => ({
    steps: ['A branded 502 or 504 page, or one of the origin itself, means that the origin answered so.'],
    commands: [DIRECT(context)],
  }),
  'gateway/cascade': () => ({
    steps: ['Only monitors take origins out; zero-downtime failover repeats a failed connect once on another origin.'],
    commands: [MONITOR],
  }),
  'gateway/unreachable': () => ({
    commands: [
      here(
        "Is the name proxied, and what does Cloudflare's status page say?",
        'nslookup <host>\ncurl -fsS https://www.cloudflarestatus.com/api/v2/summary.json',
      ),
    ],
  }),
  'gateway/overhead': () => ({
    steps: [
      'cf-ray ends in the data centre that answered: one far from the probe, or from the origin, explains a constant addition.',
    ],
    commands: [here('Which data centre answers here?', 'curl -fsS https://<host>/cdn-cgi/trace')],
  }),
};

/** Cloudflare as a reverse proxy. Behaviour from its documentation; it has no log that is read here. */
export const cloudflare: Gateway = {
  kind: 'cloudflare',
  title: 'Cloudflare',
  recognise,
  wroteIt,
  codes,
  ejection: {
    slowRequest: 'never',
    because: 'Without Load Balancing there is nothing to take out, and with it only monitors do.',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'wait for the origin (524)',
      directive: 'proxy_read_timeout',
      defaultUs: 120 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the origin (522)',
      directive: 'fixed',
      defaultUs: 19 * US_PER_SEC,
    },
    { cause: 'timeout/gateway-send', name: 'send to the origin', directive: 'fixed', defaultUs: 30 * US_PER_SEC },
  ],
  remedy: (context) => remedyFromTable('cloudflare', ADVICE, context),
};
