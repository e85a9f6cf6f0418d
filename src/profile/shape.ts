/** The shape of a profile: which keys there are, what each may hold, and what an editor says about it. */
import { z } from 'zod';
import { GATEWAY_KINDS, MOST_THREADS } from '../model/profile.ts';
import { SEVERITIES } from '../model/severity.ts';
import { experimentShape } from './experiment-shape.ts';
import {
  cookieValueLeaf,
  headerNameLeaf,
  headerValueLeaf,
  hostLeaf,
  methodLeaf,
  originLeaf,
  pathLeaf,
  proxyLeaf,
  serverNameLeaf,
  statusesLeaf,
  tokenLeaf,
} from './http-leaves.ts';
import {
  alertsShape,
  certificatesShape,
  configShape,
  historyShape,
  logShape,
  maintenanceShape,
  scheduleShape,
} from './later-shape.ts';
import {
  booleanLeaf,
  choiceLeaf,
  durationLeaf,
  exactlyOne,
  fileNameLeaf,
  integerLeaf,
  leaf,
  nameLeaf,
  rateLeaf,
  sizeLeaf,
  someOf,
  textLeaf,
  thresholdSchema,
  weightLeaf,
} from './leaves.ts';
import { accept, refuse } from './parsed.ts';
import { parseThreshold, THRESHOLD_WORDS } from './threshold.ts';

const headers = z.record(headerNameLeaf(), headerValueLeaf());

const tls = z
  .strictObject({
    ca: textLeaf('the path of a PEM file')
      .describe('PEM file of the authority that signed its certificate.')
      .optional(),
    verify: booleanLeaf().describe('false accepts any certificate. Default true.').optional(),
    cert: textLeaf('the path of a PEM file').describe('PEM file of a client certificate.').optional(),
    key: textLeaf('the path of a PEM file').describe('PEM file of the key of the client certificate.').optional(),
  })
  .describe('How TLS is spoken with it.');

const target = {
  url: originLeaf().describe('Where to connect: scheme, host and port.'),
  host: hostLeaf().describe('Host header; left out: host and port of url.').optional(),
  sni: serverNameLeaf().describe('TLS server name; left out: the name in host, or in url.').optional(),
  tls: tls.optional(),
  http: leaf((value) => (value === 1 || value === 2 ? accept(value) : refuse('1 or 2')), { enum: [1, 2] })
    .describe('HTTP version: 1 (default) or 2, which needs https.')
    .optional(),
  httpProxy: proxyLeaf().describe('Forward proxy on the way, such as http://proxy.example.com:3128.').optional(),
};

const request = z
  .strictObject({
    name: nameLeaf(THRESHOLD_WORDS).describe('How reports and experiments call it.'),
    path: pathLeaf().describe('Path and query. {delayMs} marks an endpoint whose delay the probe controls.'),
    method: methodLeaf().describe('Default GET. Others than GET, HEAD and OPTIONS need safe: true.').optional(),
    headers: headers.describe('Further headers.').optional(),
    body: textLeaf('a text', { allowEmpty: true }).describe('Body, as text.').optional(),
    weight: weightLeaf().describe('How often it is drawn, relative to the others. Default 1.').optional(),
    safe: booleanLeaf().describe('true: repeating it, and letting it fail on purpose, does no harm.').optional(),
    expect: z
      .strictObject({
        status: statusesLeaf()
          .describe('Statuses that count as success: 200, [200, 304] or 2xx. Default: below 500.')
          .optional(),
        body: z
          .strictObject({ includes: textLeaf().describe('Text that the body must contain.') })
          .describe('What the body must hold.')
          .optional(),
        maxMs: leaf(
          (value) =>
            typeof value === 'number' && value > 0 && value <= 86_400_000
              ? accept(value)
              : refuse('milliseconds above 0, as a number'),
          { type: 'number', exclusiveMinimum: 0, maximum: 86_400_000 },
        )
          .describe('Longest time for the answer, in milliseconds.')
          .optional(),
      })
      .describe('What a good answer is.')
      .optional(),
  })
  .describe('One kind of request.');

const limits = z
  .strictObject({
    maxRate: rateLeaf().describe('Most requests per second on one route. Default 20/s.').optional(),
    maxRequests: integerLeaf(1, 100_000_000)
      .describe('Most requests of a run, all routes together. Default 5000.')
      .optional(),
    maxInFlight: integerLeaf(1, 10_000)
      .describe('Most requests that wait for an answer at once. Default 50.')
      .optional(),
    maxNewConnections: rateLeaf()
      .describe(
        'Most connections per second that a compare, on all routes, or an idle, on one, opens on purpose. Default 20/s.',
      )
      .optional(),
    requestTimeout: durationLeaf()
      .describe("The probe's own limit for one request. Default the larger of 65s and 1.2 × the largest timeout.upTo.")
      .optional(),
    connectTimeout: durationLeaf().describe("The probe's own limit for connecting. Default 10s.").optional(),
    maxBody: sizeLeaf().describe('Longest body that is read. Default 10MB.').optional(),
  })
  .describe(
    'The only caps: nothing above them is ever sent. An experiment that asks for more is lowered, and check says so.',
  );

const auth = exactlyOne({
  basic: z
    .strictObject({
      user: textLeaf().describe('User name.'),
      password: textLeaf('a text', { allowEmpty: true }).describe(`Best as \${env:NAME}.`),
    })
    .describe('User and password in each request.'),
  bearer: headerValueLeaf('a token of printable ASCII without spaces', /[^\u0021-\u007e]/).describe(
    `The token, best as \${env:NAME}.`,
  ),
  login: z
    .strictObject({
      path: pathLeaf().describe('Where to log in.'),
      method: methodLeaf().describe('Default POST.').optional(),
      form: z
        .record(z.string(), textLeaf('a text', { allowEmpty: true }))
        .describe('Fields of a form, sent url-encoded.')
        .optional(),
      body: textLeaf().describe('Body as text, instead of form.').optional(),
      headers: headers.describe('Further headers.').optional(),
    })
    .describe('One request before the run whose cookies are kept.'),
}).describe('How the probe proves who it is: basic, bearer or login.');

export const profileShape = z
  .strictObject({
    name: fileNameLeaf().describe('Name of the profile; begins the name of the folder that a run writes.'),
    gateway: z
      .strictObject({
        ...target,
        kind: choiceLeaf(GATEWAY_KINDS).describe('Left out: told from its answers.').optional(),
      })
      .describe('The reverse proxy under test.'),
    members: someOf(
      z.strictObject({ name: nameLeaf([...THRESHOLD_WORDS]).describe('How reports call it.'), ...target }),
    ).describe('The servers behind it.'),
    requests: someOf(request).describe('What is asked. Left out: one request home for /.').optional(),
    experiments: z.array(experimentShape).describe('What a run does, in order. Left out: the run chooses.').optional(),
    schedule: scheduleShape.optional(),
    limits: limits.optional(),
    thresholds: z
      .array(
        leaf(parseThreshold, thresholdSchema()).describe(
          'For example: gateway p99 < 800ms, direct web2 errors < 0.1%, overhead p50 < 15ms of home, phase connect p99 < 50ms during burst, change p95 < 10% (needs a baseline).',
        ),
      )
      .describe('What a run must hold.')
      .optional(),
    logs: z.array(logShape).describe('Logs to read beside the traffic.').optional(),
    failOn: choiceLeaf([...SEVERITIES, 'never'])
      .describe('The least severity for exit code 1. Default warning.')
      .optional(),
    onUndecided: choiceLeaf(['pass', 'warn', 'fail'])
      .describe(
        'What a threshold that can neither be called kept nor broken means. Default warn: said, exit code as it is.',
      )
      .optional(),
    spin: booleanLeaf()
      .describe('true: requests leave exact to some µs, at the price of a processor of this machine. Default false.')
      .optional(),
    threads: integerLeaf(1, MOST_THREADS)
      .describe('Threads that send, for rates above what one of them keeps. Default 1.')
      .optional(),
    memberId: exactlyOne({
      header: tokenLeaf('a header name such as X-Served-By').describe('A header of the answer that names the member.'),
      cookie: tokenLeaf('a cookie name such as ARRAffinity').describe(
        'An affinity cookie whose value stands for the member.',
      ),
    })
      .describe('How to tell which member answered through the gateway: a header or a cookie.')
      .optional(),
    cookies: z.record(tokenLeaf('a cookie name'), cookieValueLeaf()).describe('Cookies to send.').optional(),
    auth: auth.optional(),
    mask: z
      .array(textLeaf('the name of a query parameter'))
      .describe('Query parameters whose values are hidden in everything written.')
      .optional(),
    config: configShape.optional(),
    maintenance: maintenanceShape.optional(),
    alerts: alertsShape.optional(),
    certificates: certificatesShape.optional(),
    history: historyShape.optional(),
  })
  .describe('A profile of gateprobe.');

export type WrittenProfile = z.output<typeof profileShape>;
