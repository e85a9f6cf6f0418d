/** What the keys mean under which outcomes are counted: `502.3`, `timeout:headers`, `504 sH--`. */
import type { Vocabulary } from '../gateways/codes/code.ts';
import { decode } from '../gateways/codes/decode.ts';
import type { ConnectionErrorCode, NotSentReason } from '../model/exchange.ts';
import type { GatewayKind } from '../model/profile.ts';

export type OutcomeMeaning = {
  /** What the code is called, where it has a name. */
  readonly name?: string;
  readonly meaning: string;
  /** What this gateway means by it, where several products write the same code. */
  readonly here?: string;
};

const TIMEOUTS: Readonly<Record<string, string>> = {
  connect: 'The probe waited for the connection until its own limit; nothing answered at that address.',
  headers: 'The request was sent, and until the probe’s own limit not one byte came back.',
  body: 'The answer began and did not end within the probe’s own limit.',
};

const ERRORS: Readonly<Record<ConnectionErrorCode, string>> = {
  refused: 'Nothing listens on that port, or a firewall rejects: the connection was refused.',
  reset: 'The other side cut the connection (RST) before the answer was complete.',
  closed: 'The other side closed the connection (FIN) without an answer.',
  parse: 'What came back is not valid HTTP.',
  tls: 'The TLS handshake failed.',
  dns: 'The name did not resolve.',
  unreachable: 'The network has no way to that address.',
  ports: 'The probe had no local port left: its own limit, not the target’s fault.',
  proxy: 'A proxy between the probe and the target refused to connect.',
  'header-too-large': 'The header of the answer is larger than the 64 kB that the probe reads.',
  'too-large': 'The body is larger than limits.maxBody allows.',
  other: 'The connection failed in another way; the request’s detail has the system’s own words.',
};

const NOT_SENT: Readonly<Record<NotSentReason, string>> = {
  cap: 'Not sent: so many requests were open already that limits.maxInFlight was reached.',
  'retry-after': 'Not sent: the target asked for a pause (Retry-After).',
  aborted: 'Not sent: the experiment was stopped before its turn.',
  budget: 'Not sent: a limit of the profile was used up.',
  thread: 'Not sent: the sending thread of the probe that had it ended early, which is a fault of the probe.',
};

const ABORTED = 'The probe gave it up when its experiment was stopped; it is nobody’s failure.';
const TRUNCATED = 'The answer began with this status and broke off before its body was complete.';

const NUMBERS: ReadonlySet<Vocabulary> = new Set<Vocabulary>(['win32', 'winhttp', 'errno', 'hresult', 'windows-event']);

/** As the tables of codes name the makers of one code. */
const MAKERS: Partial<Record<GatewayKind, RegExp>> = {
  arr: /\bARR\b/,
  iis: /\bIIS\b/,
  nginx: /^nginx/i,
  haproxy: /HAProxy/i,
  apache: /Apache/i,
  envoy: /Envoy/i,
  varnish: /Varnish/i,
  caddy: /Caddy/i,
  traefik: /Traefik/i,
  yarp: /YARP/i,
  'aws-alb': /AWS ALB/i,
  'azure-application-gateway': /Azure/i,
  cloudflare: /Cloudflare/i,
};

/** Undefined for a code that is in no table: no meaning is better than an invented one. */
export function outcomeMeaning(key: string, gateway?: GatewayKind): OutcomeMeaning | undefined {
  const [head = '', detail = ''] = key.split(':');
  if (head === 'timeout') return plain(TIMEOUTS[detail]);
  if (head === 'error') return plain(own(ERRORS, detail));
  if (head === 'not-sent') return plain(own(NOT_SENT, detail));
  if (key === 'aborted') return plain(ABORTED);
  if (detail === 'truncated') return plain(TRUNCATED);
  if (!/^\d{3}\b/.test(key)) return undefined;
  return statusMeaning(key, gateway);
}

function plain(meaning: string | undefined): OutcomeMeaning | undefined {
  return meaning === undefined ? undefined : { meaning };
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function statusMeaning(key: string, gateway: GatewayKind | undefined): OutcomeMeaning | undefined {
  // A bare status that no table has may still be the number of a Windows error: that is not what was counted.
  const isBare = /^\d{3}$/.test(key);
  const readings = decode(key).readings.filter(({ vocabulary }) => !isBare || !NUMBERS.has(vocabulary));
  const isArr = gateway === 'arr';
  // A substatus may have several makers; which one it was, the kind of the gateway tells.
  const reading = (isArr ? readings.find(({ when }) => when?.startsWith('ARR')) : undefined) ?? readings[0];
  if (reading === undefined) return undefined;
  const pattern = gateway === undefined ? undefined : MAKERS[gateway];
  const maker = pattern && reading.makers?.find(({ who }) => pattern.test(who));
  return {
    ...(reading.name === undefined ? {} : { name: reading.name }),
    meaning: reading.meaning,
    ...(maker === undefined ? {} : { here: `${maker.who}: ${maker.when}` }),
  };
}
