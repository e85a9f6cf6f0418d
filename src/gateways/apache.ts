import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, serverProduct } from './answer.ts';
import { readApacheLog } from './apache-log.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { memberOrigin } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

// Texts of httpd 2.4; lines break at \r\n or \n, depending on the version.
const PROXY_PAGE =
  /<title>50[02] Proxy Error<\/title>|received an invalid\s+response from an upstream server|proxy server could not handle the request/;
const UNAVAILABLE_PAGE =
  /temporarily unable to service your\s+request due to maintenance downtime or capacity\s+problems/;
const ANY_PAGE =
  /^<!DOCTYPE HTML PUBLIC "-\/\/(?:IETF\/\/DTD HTML 2\.0|W3C\/\/DTD HTML 4\.01)\/\/EN"[^>]*>\s*<html><head>\s*<title>\d{3} /;
const PRODUCT = /^Apache\b(?!-Coyote)/i;

function recognise(answer: AnswerFacts): Recognition | undefined {
  const server = serverProduct(answer);
  const names = server !== undefined && PRODUCT.test(server);
  const body = bodyStart(answer);
  if (PROXY_PAGE.test(body)) {
    return names || server === undefined
      ? { certainty: 0.9, because: 'The error page is the one that mod_proxy of Apache httpd writes.' }
      : { certainty: 0.3, because: "The error page is mod_proxy's, but another product put its Server header on it." };
  }
  if (names && ANY_PAGE.test(body)) {
    return { certainty: 0.5, because: `The error page is that of Apache httpd, and the Server header says ${server}.` };
  }
  // httpd passes the member's Server header through and adds its own only where the member sent none.
  return names
    ? { certainty: 0.3, because: `The Server header says ${server}: httpd answered somewhere on the way.` }
    : undefined;
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  if (answer.status < 400) return undefined;
  const server = serverProduct(answer);
  const isOwnName = server === undefined || PRODUCT.test(server);
  const body = bodyStart(answer);
  if (PROXY_PAGE.test(body) || UNAVAILABLE_PAGE.test(body)) return isOwnName ? true : undefined;
  // Its other pages (404, 500) are the same on a member that runs httpd.
  if (ANY_PAGE.test(body)) return undefined;
  return isOwnName ? wroteItByProxyStatus(answer) : false;
}

function conf(title: string, text: string): Command {
  return { gateway: 'apache', title, text };
}

const IN_VHOST = 'In the virtual host';
const IN_BALANCER = 'In <Proxy balancer://…>';

function pass(context: RemedyContext, parameters: string): string {
  return `ProxyPass "/" "${memberOrigin(context)}/" ${parameters}`;
}

function balancerMember(context: RemedyContext, parameters: string): string {
  return `BalancerMember "${memberOrigin(context)}" ${parameters}`;
}

const failover = (context: RemedyContext): readonly Command[] => [
  conf(
    `${IN_BALANCER} (a balancer tries the next member when the connect fails)`,
    `${balancerMember(context, 'connectiontimeout=3 retry=10')}\n${'BalancerMember "http://<other>:<port>" connectiontimeout=3 retry=10'}`,
  ),
];

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'httpd answers 502 (not 504) when its timer ends: timeout= on ProxyPass, else ProxyTimeout, else Timeout (60 s).',
    ],
    commands: [conf(IN_VHOST, pass(context, `timeout=${timerSeconds(context, 60 * US_PER_SEC)}`))],
  }),
  'timeout/gateway-read': (context) => ({
    commands: [conf(IN_VHOST, pass(context, `timeout=${timerSeconds(context, 60 * US_PER_SEC)}`))],
  }),
  'timeout/gateway-connect': (context) => ({
    steps: ['Without connectiontimeout= the connect timer is the response timer, 60 s.'],
    commands: [conf(IN_VHOST, pass(context, 'connectiontimeout=3'))],
  }),
  'queue/gateway': (context) => ({
    steps: [
      'A request waits before httpd when all its workers are busy: %D does not contain that wait, so the access log looks fast. error.log says AH00484 once.',
    ],
    commands: [
      conf(
        'In the server configuration (event MPM)',
        'ServerLimit 16\nThreadsPerChild 64\nMaxRequestWorkers 1024\nListenBacklog 4096',
      ),
      conf(IN_VHOST, pass(context, 'max=64')),
    ],
  }),
  'queue/member': (context) => ({
    commands: [conf(IN_BALANCER, `${balancerMember(context, 'max=25 acquire=5000')}\nProxySet lbmethod=bybusyness`)],
  }),
  'queue/rejected': (context) => ({
    steps: ['503 with AH00941 in error.log: max= was reached and acquire= (milliseconds) ended the wait.'],
    commands: [conf(IN_VHOST, pass(context, 'max=100 acquire=5000'))],
  }),
  'cold-start/idle': () => ({
    steps: [
      'Health checks of mod_proxy_hcheck keep the application awake, as long as they come more often than its idle timeout.',
    ],
    commands: [conf(IN_BALANCER, 'BalancerMember "http://<member>:<port>" hcmethod=GET hcuri=/health hcinterval=30')],
  }),
  'cold-start/connection': (context) => ({
    commands: [conf(IN_VHOST, pass(context, 'enablereuse=on ttl=120'))],
  }),
  'connection/refused': (context) => ({
    steps: ['A member of a balancer whose connect fails is left out for retry= seconds (60 by default).'],
    commands: failover(context),
  }),
  'connection/unreachable': (context) => ({ commands: failover(context) }),
  'connection/dropped-before-response': (context) => ({
    steps: [
      'httpd does not repeat a request on a new connection, not even a GET: a pooled connection that the member just closed costs a 502.',
    ],
    commands: [
      conf(`${IN_VHOST}, if it happens after pauses: shorter than the member's idle timeout`, pass(context, 'ttl=4')),
      conf(`${IN_VHOST}, or without reuse`, pass(context, 'disablereuse=on')),
    ],
  }),
  'connection/dropped-mid-response': () => ({
    commands: [
      conf('On the gateway: answers that the member broke off', 'grep AH01110 /var/log/apache2/error.log | tail -50'),
    ],
  }),
  'member/none-available': (context) => ({
    commands: [
      conf(
        IN_BALANCER,
        `${balancerMember(context, 'retry=10')}\nBalancerMember "http://<spare>:<port>" status=+H\nProxySet forcerecovery=On`,
      ),
      conf(
        'On the gateway: which member went into error state, and why',
        'grep -E "AH00957|AH00959|AH01170" /var/log/apache2/error.log | tail -50',
      ),
    ],
  }),
  'member/slow': (context) => ({
    commands: [
      conf(
        IN_BALANCER,
        `${balancerMember(context, 'loadfactor=1')}\nBalancerMember "http://<other>:<port>" loadfactor=3\nProxySet lbmethod=bybusyness`,
      ),
    ],
  }),
  'member/errors': (context) => ({
    commands: [
      conf(
        `${IN_BALANCER}: take it out (D), or let its 503 do so`,
        `${balancerMember(context, 'status=+D')}\nProxySet failonstatus=503`,
      ),
    ],
  }),
  'application/error': () => ({
    commands: [
      conf(
        'To see whose error it is: proxy-status is the status of the member, - when httpd wrote the answer',
        'LogFormat "%h %t \\"%r\\" %>s %b D=%D X=%X ps=%{proxy-status}n en=%{error-notes}n" probe',
      ),
    ],
  }),
  'gateway/cascade': () => ({
    steps: [
      'httpd takes a member out after a failed connect (retry=60), and after a slow answer only with failontimeout=On.',
    ],
    commands: [conf(IN_BALANCER, 'ProxySet failontimeout=Off maxattempts=1 forcerecovery=On')],
  }),
  'gateway/unreachable': () => ({
    commands: [
      conf(
        'On the gateway',
        "apachectl configtest\nsystemctl status apache2 httpd\nss -ltnp 'sport = :80 or sport = :443'",
      ),
    ],
  }),
  'gateway/overhead': (context) => ({
    commands: [conf(IN_VHOST, `${pass(context, 'enablereuse=on max=64')}\nHostnameLookups Off`)],
  }),
};

/** Apache httpd with mod_proxy_http. Marks and behaviour measured with 2.4. */
export const apache: Gateway = {
  kind: 'apache',
  title: 'Apache httpd',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readApacheLog,
  ejection: {
    slowRequest: 'never',
    because:
      'A slow answer does not put a worker into error state unless the balancer has failontimeout=On (default Off); only failed connects do. A timed-out request is not repeated.',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'wait for the answer',
      directive: 'ProxyTimeout (timeout= on ProxyPass)',
      defaultUs: 60 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-read',
      name: 'pause within the answer',
      directive: 'ProxyTimeout (timeout= on ProxyPass)',
      defaultUs: 60 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member',
      directive: 'connectiontimeout= (ProxyTimeout when not set)',
      defaultUs: 60 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-send',
      name: 'send the request',
      directive: 'ProxyTimeout (timeout= on ProxyPass)',
      defaultUs: 60 * US_PER_SEC,
    },
  ],
  remedy: (context) => remedyFromTable('apache', ADVICE, context),
};
