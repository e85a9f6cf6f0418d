/** The caps of a run: defaults, and experiments that ask for more. */
import type { Limits } from '../model/profile.ts';
import { US_PER_SEC } from '../model/time.ts';
import { type Parsed, type Path, present } from './parsed.ts';
import type { ProfileFault } from './problems.ts';
import { listOf, mappingOf } from './raw.ts';
import { formatDurationText, formatRateText, parseDuration, parseRate, parseRatio } from './units.ts';

/**
 * Caps where the profile has none. They are to do no harm to a farm whose owner has set no limits yet:
 * - maxRate 20/s: one more busy user for a farm of any size, and 1200 answers a minute, enough for a p99.
 * - maxRequests 5000: a compare of a minute at 20/s through a gateway and to three members is 4800.
 * - maxInFlight 50: one twentieth of the 1000 requests that HTTP.sys queues for an application pool by default, so that
 *   the probe alone never fills the queue of a target that hangs.
 * - maxNewConnections 20/s: a closed connection keeps its local port for a while. Linux has 28 231 ports for 60 s, which
 *   is 470/s to one destination, Windows 16 384 for 120 s, which is 136/s; the probe stays below a quarter of either.
 * - requestTimeout 60s: no shorter than the response timers most gateways have by default (15 s to 60 s). Longer ones
 *   are looked for with a timeout experiment, which raises this default.
 * - connectTimeout 10s: lost SYNs are sent again after 1, 3 and 7 s, so three losses in a row are still seen as a slow
 *   connect.
 * - maxBody 10 MB: bodies are read and compared, never kept; what is longer is a download, not a page.
 */
export const DEFAULT_LIMITS: Limits = {
  maxRatePerSec: 20,
  maxRequests: 5_000,
  maxInFlight: 50,
  maxNewConnectionsPerSec: 20,
  requestTimeoutUs: 60 * US_PER_SEC,
  connectTimeoutUs: 10 * US_PER_SEC,
  maxBodyBytes: 10_000_000,
};

/** The longest delay asked for, and a fifth more: the gateway must be able to give up before the probe does. */
const TIMEOUT_MARGIN = 1.2;

/** Default of `requestTimeout` for a profile whose timeout experiments go up to these delays. */
export function defaultRequestTimeoutUs(upToUs: readonly number[]): number {
  return Math.round(Math.max(DEFAULT_LIMITS.requestTimeoutUs, ...upToUs.map((us) => us * TIMEOUT_MARGIN)));
}

type Caps = {
  readonly maxRate: Cap;
  readonly maxNewConnections: Cap;
  readonly maxInFlight: Cap;
  readonly maxRequests: Cap;
  readonly requestTimeoutUs: number | undefined;
};
type Cap = { readonly value: number; readonly isDefault: boolean };

/** Experiments that ask for more than the limits. Values that cannot be read are left to the shape. */
export function limitFaults(profile: unknown): ProfileFault[] {
  const { limits, experiments, members } = mappingOf(profile);
  const caps = capsOf(mappingOf(limits));
  const routes = listOf(members).length + 1;
  const faults: ProfileFault[] = [];
  let total = 0;
  listOf(experiments).forEach((experiment, index) => {
    for (const [kind, spec] of Object.entries(mappingOf(experiment))) {
      const asked = askedBy(kind, mappingOf(spec), routes);
      faults.push(...exceeded(asked, caps, kind, ['experiments', index, kind]));
      total += asked.requests ?? 0;
    }
  });
  if (total > caps.maxRequests.value && faults.every((fault) => !fault.message.includes('limits.maxRequests'))) {
    faults.push(tooMany(['experiments'], 'the experiments together send', total, caps.maxRequests));
  }
  return faults;
}

/** What an experiment asks for at least. */
type Asked = {
  readonly ratePerSec?: number;
  readonly rateKey?: string;
  readonly newConnectionsPerSec?: number;
  readonly atOnce?: readonly { readonly path: Path; readonly count: number }[];
  /** All routes together. */
  readonly requests?: number;
  readonly upToUs?: number;
};

function askedBy(kind: string, spec: Readonly<Record<string, unknown>>, routes: number): Asked {
  const rate = known(parseRate(spec['rate']));
  const seconds = (known(parseDuration(spec['for'])) ?? 0) / US_PER_SEC;
  switch (kind) {
    case 'compare': {
      const ratio =
        spec['newConnections'] === undefined ? DEFAULT_NEW_CONNECTION_RATIO : known(parseRatio(spec['newConnections']));
      if (rate === undefined) return {};
      return present({
        ratePerSec: rate,
        rateKey: 'rate',
        newConnectionsPerSec: ratio === undefined ? undefined : rate * ratio,
        requests: rate * seconds * routes,
      });
    }
    case 'ramp': {
      const [from, to] = [known(parseRate(spec['from'])), known(parseRate(spec['to']))];
      if (from === undefined || to === undefined) return {};
      return {
        ratePerSec: Math.max(from, to),
        rateKey: from > to ? 'from' : 'to',
        requests: ((from + to) / 2) * seconds,
      };
    }
    case 'burst': {
      const connections = countOf(spec['connections']);
      if (connections !== undefined) return { atOnce: [{ path: ['connections'], count: connections }] };
      return rate === undefined ? {} : { ratePerSec: rate, rateKey: 'rate', requests: rate * seconds };
    }
    case 'volley': {
      const sizes = listOf(spec['sizes']).map((size) => countOf(size) ?? 0);
      return {
        atOnce: sizes.map((count, index) => ({ path: ['sizes', index], count })),
        requests: sizes.reduce((sum, size) => sum + size, 0),
      };
    }
    case 'timeout':
      return present({ upToUs: known(parseDuration(spec['upTo'])) });
    default:
      return {};
  }
}

/** Half of the rounds on new connections: as many of either kind is the best comparison for a given number of rounds. */
export const DEFAULT_NEW_CONNECTION_RATIO = 0.5;

function exceeded(asked: Asked, caps: Caps, kind: string, path: Path): ProfileFault[] {
  const faults: ProfileFault[] = [];
  const { ratePerSec, rateKey = 'rate', newConnectionsPerSec, requests, upToUs } = asked;
  if (ratePerSec !== undefined && ratePerSec > caps.maxRate.value) {
    const what = `${kind}.${rateKey} ${formatRateText(ratePerSec)}`;
    faults.push(
      above([...path, rateKey], what, `maxRate ${formatRateText(caps.maxRate.value)}`, caps.maxRate, 'lower the rate'),
    );
  }
  if (newConnectionsPerSec !== undefined && newConnectionsPerSec > caps.maxNewConnections.value) {
    const what = `${kind} opens ${formatRateText(newConnectionsPerSec)} new connections on each route, which`;
    faults.push(
      above(
        [...path, 'newConnections'],
        what,
        `maxNewConnections ${formatRateText(caps.maxNewConnections.value)}`,
        caps.maxNewConnections,
        'lower rate or newConnections',
      ),
    );
  }
  for (const { path: part, count } of asked.atOnce ?? []) {
    if (count <= caps.maxInFlight.value) continue;
    faults.push(
      above(
        [...path, ...part],
        `${kind}.${String(part[0])} ${count}`,
        `maxInFlight ${caps.maxInFlight.value}`,
        caps.maxInFlight,
        'lower the number',
      ),
    );
  }
  if (requests !== undefined && requests > caps.maxRequests.value)
    faults.push(tooMany(path, `${kind} sends`, requests, caps.maxRequests));
  if (upToUs !== undefined && caps.requestTimeoutUs !== undefined && upToUs > caps.requestTimeoutUs) {
    faults.push({
      path: [...path, 'upTo'],
      message: `timeout.upTo ${formatDurationText(upToUs)} is above limits.requestTimeout ${formatDurationText(caps.requestTimeoutUs)}: the probe would give up first`,
      hint: 'Raise limits.requestTimeout or leave it out.',
    });
  }
  return faults;
}

function above(path: Path, what: string, limit: string, cap: Cap, remedy: string): ProfileFault {
  const raise = cap.isDefault ? `set limits.${limit.split(' ')[0]}` : 'raise the limit';
  return {
    path,
    message: `${what} is above ${cap.isDefault ? 'the default ' : ''}limits.${limit}: ${raise} or ${remedy}`,
  };
}

function tooMany(path: Path, who: string, requests: number, cap: Cap): ProfileFault {
  const count = Math.ceil(Number(requests.toPrecision(12)));
  const raise = cap.isDefault ? 'set limits.maxRequests' : 'raise the limit';
  return {
    path,
    message: `${who} about ${count} requests, above ${cap.isDefault ? 'the default ' : ''}limits.maxRequests ${cap.value}: ${raise}, or lower rate or time`,
  };
}

function capsOf(limits: Readonly<Record<string, unknown>>): Caps {
  const cap = (key: string, read: (value: unknown) => number | undefined, fallback: number): Cap =>
    limits[key] === undefined
      ? { value: fallback, isDefault: true }
      : { value: read(limits[key]) ?? Number.POSITIVE_INFINITY, isDefault: false };
  const rate = (value: unknown): number | undefined => known(parseRate(value));

  return {
    maxRate: cap('maxRate', rate, DEFAULT_LIMITS.maxRatePerSec),
    maxNewConnections: cap('maxNewConnections', rate, DEFAULT_LIMITS.maxNewConnectionsPerSec),
    maxInFlight: cap('maxInFlight', countOf, DEFAULT_LIMITS.maxInFlight),
    maxRequests: cap('maxRequests', countOf, DEFAULT_LIMITS.maxRequests),
    requestTimeoutUs: known(parseDuration(limits['requestTimeout'])),
  };
}

/** A whole number above 0, also as the text that a reference leaves. */
function countOf(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && Number.isInteger(count) && count > 0 ? count : undefined;
}

function known<T>(parsed: Parsed<T>): T | undefined {
  return parsed.ok ? parsed.value : undefined;
}
