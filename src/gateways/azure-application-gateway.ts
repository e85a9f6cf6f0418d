import type { AnswerFacts } from '../model/exchange.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { AdviceTable, Command } from './advice.ts';
import { remedyFromTable, timerSeconds } from './advice.ts';
import { bodyStart, headerValues, serverProduct } from './answer.ts';
import { readAzureLog } from './azure-application-gateway-log.ts';
import type { Gateway, Recognition, RemedyContext } from './gateway.ts';
import { strongest } from './mark.ts';
import { memberAddress } from './member-address.ts';
import { proxyStatusCodes, wroteItByProxyStatus } from './proxy-status.ts';

const PRODUCT = /^Microsoft-Azure-Application-Gateway\//;
const PAGE = /<hr><center>Microsoft-Azure-Application-Gateway\/v\d<\/center>/;
const COOKIE = /^ApplicationGatewayAffinity(?:CORS)?=/;

function recognise(answer: AnswerFacts): Recognition | undefined {
  const server = serverProduct(answer);
  return strongest(
    server !== undefined && PRODUCT.test(server)
      ? { certainty: 0.98, because: `The Server header says ${server}.` }
      : undefined,
    // A custom error page of another gateway in front may hold it, too.
    PAGE.test(bodyStart(answer))
      ? { certainty: 0.9, because: 'The error page ends in Microsoft-Azure-Application-Gateway.' }
      : undefined,
    headerValues(answer, 'set-cookie').some((cookie) => COOKIE.test(cookie))
      ? { certainty: 0.9, because: 'The cookie ApplicationGatewayAffinity is set.' }
      : undefined,
  );
}

function wroteIt(answer: AnswerFacts): boolean | undefined {
  if (answer.status < 300) return false;
  const server = serverProduct(answer);
  if ((server !== undefined && PRODUCT.test(server)) || PAGE.test(bodyStart(answer))) return true;
  if (answer.status < 400) return undefined;
  return server === undefined ? wroteItByProxyStatus(answer) : false;
}

const NAMES = '--resource-group <group> --gateway-name <gateway>';

function az(title: string, text: string): Command {
  return { gateway: 'azure-application-gateway', title, text };
}

function settings(title: string, options: string): Command {
  return az(title, `az network application-gateway http-settings update ${NAMES} --name <backend-settings> ${options}`);
}

const HEALTH = az(
  'Health of the members, and why',
  'az network application-gateway show-backend-health --resource-group <group> --name <gateway>',
);
const PROBE = az(
  'A probe of its own, used by the backend settings',
  `az network application-gateway probe create ${NAMES} --name health --protocol Http --path /health --interval 10 --timeout 5 --threshold 3 --host-name-from-http-settings true\naz network application-gateway http-settings update ${NAMES} --name <backend-settings> --probe health`,
);
const LOGS = az(
  'Access log: error_info says what went wrong, serverStatus is empty where the gateway made the error',
  'az monitor diagnostic-settings create --name access --resource <gateway-id> --workspace <workspace-id> --logs \'[{"category":"ApplicationGatewayAccessLog","enabled":true}]\'',
);
const CAPACITY = az(
  'More instances at once, and more when needed',
  'az network application-gateway update --resource-group <group> --name <gateway> --min-capacity 4 --max-capacity 20',
);
const POOL = (context: RemedyContext): Command =>
  az(
    'Members of the pool: the list that is given replaces the old one',
    `az network application-gateway address-pool update ${NAMES} --name <pool> --servers ${memberAddress(context).host} <other>`,
  );
const REACH = (context: RemedyContext): Command =>
  az(
    "May the gateway's subnet reach the member? (network security group of the member)",
    `az network nsg rule create --resource-group <group> --nsg-name <member-nsg> --name from-gateway --priority 200 --source-address-prefixes <gateway-subnet> --destination-port-ranges ${memberAddress(context).port} --protocol Tcp --access Allow`,
  );
const OUT = az(
  'Take a member out: leave it off the list',
  `az network application-gateway address-pool update ${NAMES} --name <pool> --servers <other>`,
);

const timer = (context: RemedyContext): Command =>
  settings('Request timer of the backend settings (seconds)', `--timeout ${timerSeconds(context, 20 * US_PER_SEC)}`);

const ADVICE: AdviceTable = {
  'timeout/gateway-response': (context) => ({
    steps: [
      'The request timer stands in the backend settings (20 s in the portal, 30 s by the command line) and ends in 504 on v2, in 502 on v1.',
    ],
    commands: [timer(context)],
  }),
  'timeout/gateway-read': (context) => ({ commands: [timer(context)] }),
  'timeout/gateway-connect': (context) => ({ commands: [REACH(context), HEALTH] }),
  'queue/gateway': () => ({
    steps: ['New instances take minutes to come: keep enough of them for a sudden peak.'],
    commands: [CAPACITY],
  }),
  'queue/member': (context) => ({
    steps: [
      'The gateway shares requests in turn and knows no other way: add members, or take the load off the slow one.',
    ],
    commands: [POOL(context)],
  }),
  'queue/rejected': () => ({
    steps: [
      '502 with ERRORINFO_UPSTREAM_NO_LIVE means that no member was thought healthy; limits of requests come from the web application firewall (403, 429).',
    ],
    commands: [HEALTH, LOGS],
  }),
  'cold-start/idle': () => ({
    steps: ['A probe that asks for a page of the application keeps members awake.'],
    commands: [PROBE],
  }),
  'cold-start/connection': () => ({
    steps: [
      'Connections of the gateway to its members cannot be tuned, except that they are dropped less often with fewer changes of the configuration.',
    ],
    commands: [LOGS],
  }),
  'connection/refused': (context) => ({ commands: [HEALTH, POOL(context)] }),
  'connection/unreachable': (context) => ({ commands: [REACH(context), HEALTH] }),
  'connection/dropped-before-response': () => ({
    steps: [
      "If it happens after pauses, raise the member's keep-alive timer above four minutes, after which Azure's network forgets idle connections.",
    ],
    commands: [LOGS],
  }),
  'connection/keep-alive-race': () => ({
    steps: ["Raise the member's keep-alive timer above 240 s: the gateway's own cannot be changed."],
    commands: [LOGS],
  }),
  'connection/dropped-mid-response': () => ({ commands: [LOGS] }),
  'tls/failed': () => ({
    steps: [
      'The gateway refuses certificates of members that do not lead to a known or uploaded root, or whose name differs from the host name it sends.',
    ],
    commands: [
      az(
        'Upload the root of the members',
        `az network application-gateway root-cert create ${NAMES} --name members --cert-file root.cer\naz network application-gateway http-settings update ${NAMES} --name <backend-settings> --root-certs members`,
      ),
    ],
  }),
  'member/none-available': () => ({
    steps: [
      'Without a probe of its own the gateway asks for http://127.0.0.1/ and takes every status from 200 to 399 for healthy.',
    ],
    commands: [HEALTH, PROBE],
  }),
  'member/slow': () => ({ commands: [OUT] }),
  'member/errors': () => ({ commands: [OUT, LOGS] }),
  'application/error': () => ({ commands: [LOGS] }),
  'gateway/cascade': () => ({
    steps: [
      'Only probes take members out: let them need several failures, and let the page they ask not depend on a database.',
    ],
    commands: [
      az(
        'More failures before a member is out',
        `az network application-gateway probe update ${NAMES} --name <probe> --threshold 5 --timeout 10 --interval 10`,
      ),
    ],
  }),
  'gateway/unreachable': () => ({
    commands: [
      az(
        'State and addresses of the gateway',
        'az network application-gateway show --resource-group <group> --name <gateway> --query "{state:operationalState,provisioning:provisioningState,ips:frontendIPConfigurations}"',
      ),
    ],
  }),
  'gateway/overhead': () => ({
    steps: ['The web application firewall adds time that the access log shows as WAFEvaluationTime.'],
    commands: [LOGS, CAPACITY],
  }),
};

/** Azure Application Gateway v2. Behaviour from the documentation of Azure, the page from many public copies of it. */
export const azureApplicationGateway: Gateway = {
  kind: 'azure-application-gateway',
  title: 'Azure Application Gateway',
  recognise,
  wroteIt,
  codes: proxyStatusCodes,
  readLog: readAzureLog,
  ejection: {
    slowRequest: 'unknown',
    because: 'Health probes take members out; whether failed user requests count as well is not documented.',
  },
  timers: [
    {
      cause: 'timeout/gateway-response',
      name: 'request timer',
      directive: 'http-settings --timeout',
      defaultUs: 20 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-read',
      name: 'request timer',
      directive: 'http-settings --timeout',
      defaultUs: 20 * US_PER_SEC,
    },
    {
      cause: 'timeout/gateway-connect',
      name: 'connect to the member',
      directive: 'fixed; the value is not documented',
    },
  ],
  remedy: (context) => remedyFromTable('azure-application-gateway', ADVICE, context),
};
