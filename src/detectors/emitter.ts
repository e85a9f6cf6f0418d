/** Who made the failures of a timer: the gateway, or something else on the way. */
import { serverProduct } from '../gateways/answer.ts';
import type { AnswerFacts, Exchange } from '../model/exchange.ts';
import type { GatewayKind } from '../model/profile.ts';
import { routesTo } from '../model/route.ts';
import type { DetectorContext } from './detector.ts';

export type Emitter =
  /** Answers under a name that the gateway does not use; `isCertain` where the gateway is known well enough to say so. */
  | { readonly kind: 'foreign'; readonly name: string; readonly isCertain: boolean }
  /** Connections that end without a word; `isCertain` where the gateway always says something. */
  | { readonly kind: 'silent'; readonly isCertain: boolean }
  | { readonly kind: 'gateway' };

/** Nearly all: a failure of another origin may fall among those of a timer. */
const NEARLY_ALL = 0.9;
/** Below it the kind is a guess, and a guess proves nothing about who did not write a page. */
const KNOWN_FROM = 0.7;
/** These end a request that waits too long with a page of their own (tables of their files in `gateways/`); Caddy's server timers just close. */
const ANSWERING: readonly GatewayKind[] = [
  'arr',
  'nginx',
  'haproxy',
  'apache',
  'envoy',
  'varnish',
  'traefik',
  'yarp',
  'aws-alb',
  'azure-application-gateway',
  'gcp-load-balancer',
];

/** Works out who made these failures. Without anything that speaks against it, it is the gateway. */
export function emitterOf(failures: readonly Exchange[], context: DetectorContext): Emitter {
  const { kind, certainty } = context.measures.gateway;
  const isKnown = kind !== 'unknown' && certainty >= KNOWN_FROM;
  const silent = failures.filter(
    ({ outcome }) =>
      outcome.kind === 'connection-error' &&
      (outcome.code === 'closed' || outcome.code === 'reset') &&
      outcome.bytesReceived === 0,
  );
  if (silent.length >= NEARLY_ALL * failures.length)
    return { kind: 'silent', isCertain: isKnown && ANSWERING.includes(kind) };
  const answers = failures.flatMap(({ answer }) => answer ?? []);
  const foreign = foreignNames(answers, context);
  const name = foreign[0];
  // Where the gateway's kind was told from these very answers, they would not be foreign to it.
  return name !== undefined && foreign.length >= NEARLY_ALL * failures.length && new Set(foreign).size === 1
    ? { kind: 'foreign', name, isCertain: isKnown }
    : { kind: 'gateway' };
}

/** Names in `Server` that no other answer of the run carries, on answers without any mark of the gateway. */
function foreignNames(answers: readonly AnswerFacts[], { measures, gateway }: DetectorContext): readonly string[] {
  const usual = new Set(
    routesTo(measures.members)
      .flatMap((route) => measures.exchanges({ route, cohorts: ['ok'] }))
      .flatMap(({ answer }) => (answer === undefined ? [] : (serverProduct(answer) ?? []))),
  );
  return answers.flatMap((answer) => {
    const name = serverProduct(answer);
    if (name === undefined || usual.has(name)) return [];
    return gateway.recognise(answer) === undefined && gateway.wroteIt(answer) !== true ? [name] : [];
  });
}
