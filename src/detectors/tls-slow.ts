/** TLS handshakes that take far longer than round trips and arithmetic explain. */
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import { binomialTail, proportionInterval } from '../analysis/proportion.ts';
import type { Exchange } from '../model/exchange.ts';
import { formatDuration } from '../model/quantity.ts';
import { memberOf, type RouteId, routesTo } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit } from './evidence.ts';
import { tallyOf } from './tally.ts';

/** A full handshake with RSA 4096 on a small machine; with it two round trips (TLS 1.2), and two more for a long chain (methods C.7). */
const ARITHMETIC_US = 200_000;
const ROUND_TRIPS = 4;
/** Share of handshakes that a healthy server takes longer for at the most: a pause, a packet sent again. */
const HEALTHY_RATIO = 0.01;
/** Effect floor: fewer are hardly felt (methods C.0 asks for 1 %; handshakes are rarer than requests). */
const LEAST_RATIO = 0.05;
const LEAST_HANDSHAKES = 10;

type Handshakes = { readonly route: RouteId; readonly all: readonly Exchange[]; readonly of: number };

const tlsUs = ({ phasesUs }: Exchange): number => phasesUs?.tls ?? 0;
const connectUs = ({ phasesUs }: Exchange): number => phasesUs?.connect ?? 0;

export const tlsSlow: Detector = {
  cause: 'tls/slow',
  detect({ measures }): Detection {
    const { profile } = measures;
    if (![profile.gateway, ...profile.members].some(({ url }) => url.startsWith('https:')))
      return notApplicable('neither the gateway nor a member is asked over TLS');
    const routes = routesTo(measures.members).map((route) => handshakesOf(route, measures));
    const most = Math.max(0, ...routes.map(({ all }) => all.length));
    if (most < LEAST_HANDSHAKES) return insufficient(`${LEAST_HANDSHAKES} handshakes on one route`, String(most));
    const found = routes.flatMap((one) => candidateOf(one, routes) ?? []);
    return candidatesOr(found, 'handshakes took no longer than round trips and arithmetic explain');
  },
};

function handshakesOf(route: RouteId, measures: Measures): Handshakes {
  const all = tallyOf(measures, { route }).kept.filter(({ phasesUs }) => phasesUs?.tls !== undefined);
  return { route, all, of: Math.max(all.length, tallyOf(measures, { route, connection: 'new' }).ended) };
}

function candidateOf({ route, all, of }: Handshakes, routes: readonly Handshakes[]): Candidate | undefined {
  if (all.length < LEAST_HANDSHAKES) return undefined;
  const limitUs = ARITHMETIC_US + ROUND_TRIPS * median(all.map(connectUs));
  const slow = all.filter((exchange) => tlsUs(exchange) > limitUs);
  const ratio = { value: slow.length / of, ...proportionInterval(slow.length, of) };
  if (ratio.low <= HEALTHY_RATIO || ratio.value < LEAST_RATIO) return undefined;
  const member = memberOf(route);
  const others = routes.filter((other) => other.route !== route && other.all.length >= LEAST_HANDSHAKES);
  const quick = others.filter((other) => median(other.all.map(tlsUs)) <= limitUs);
  return {
    cause: 'tls/slow',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: 'warning',
    confidence: 'likely',
    p: Math.min(1, binomialTail(slow.length, of, HEALTHY_RATIO) * routes.length),
    title: `TLS handshakes with ${member ?? 'the gateway'} are slow: ${slow.length} of ${of} took ${formatDuration(median(slow.map(tlsUs)))} in the median; connecting takes ${formatDuration(median(all.map(connectUs)))}.`,
    meaning: `Four round trips and the arithmetic of a slow machine make ${formatDuration(limitUs)} at the most. Longer handshakes wait for something: a revocation list or OCSP answer that cannot be fetched, a key in slow hardware, or a processor that is busy. Requests on open connections do not feel it.`,
    measured: { delayUs: { value: Math.round(median(slow.map(tlsUs))) }, slowRatio: ratio },
    exhibits: [
      exchangesExhibit(
        `tls-slow-${route.replace(':', '-')}`,
        'Requests that made a slow handshake',
        'The time includes connecting and the handshake.',
        slow,
      ),
    ],
    rivals: [
      {
        cause: 'probe/saturated',
        whyNot:
          quick.length > 0
            ? `handshakes on ${quick.length} other routes were quick on the same machine`
            : 'the probe sent in time, so its processor was not busy',
      },
      { cause: 'connection/syn-loss', whyNot: 'the connection was there before; only the handshake on it took long' },
    ],
    affected: { count: slow.length, of },
    explains: new Set<number>(),
  };
}
