/** The profile of a comparison without a file: `gateprobe compare <gateway-url> <member-url>…`. */
import type { Profile } from '../model/profile.ts';
import { US_PER_SEC } from '../model/time.ts';
import { present } from './parsed.ts';
import { THRESHOLD_WORDS } from './threshold.ts';
import { formatDurationText } from './units.ts';
import { validateProfile } from './validate.ts';

export type AdhocInput = {
  /** With a path, that path is asked for. */
  readonly gatewayUrl: string;
  readonly memberUrls: readonly string[];
  /** Host header on every route. */
  readonly host?: string;
  /** Path and query to ask for; default: that of `gatewayUrl`, or `/`. */
  readonly path?: string;
  readonly durationUs?: number;
  readonly ratePerSec?: number;
  /** Accept any certificate. */
  readonly insecure?: boolean;
};

/** 300 rounds: enough for a p99 of either kind of connection, and less than a user clicking through a page. */
const DEFAULT_DURATION_US = 30 * US_PER_SEC;
const DEFAULT_RATE_PER_SEC = 10;
/** Requests that wait at once, per round and second: a target that takes 2 s is still measured in full. */
const IN_FLIGHT_SECONDS = 2;

/** Compare only; the limits are what this comparison needs and no more. Throws `ProfileError` as for a file. */
export function adhocProfile(input: AdhocInput): Profile {
  const { host, durationUs = DEFAULT_DURATION_US, ratePerSec = DEFAULT_RATE_PER_SEC } = input;
  const gateway = splitUrl(input.gatewayUrl);
  const path = input.path ?? gateway.path ?? '/';
  const settings = (url: string) => {
    const isInsecure = input.insecure === true && /^https:/i.test(url);
    return present({ host, tls: isInsecure ? { verify: false } : undefined });
  };
  const names = memberNames(input.memberUrls);
  const members = input.memberUrls.map((text, index) => {
    const member = splitUrl(text);
    // The path of the request, said again for the member, is no contradiction.
    return { name: names[index], url: member.path === path ? member.url : text, ...settings(text) };
  });
  const routes = members.length + 1;
  const rate = `${decimal(ratePerSec)}/s`;
  // Of the rate as it is written: rounded by itself it could be a little less than all routes need.
  const allRoutes = `${decimal(Number(decimal(ratePerSec)) * routes)}/s`;
  const raw = {
    name: 'compare',
    gateway: { url: gateway.url, ...settings(gateway.url) },
    members,
    requests: [{ name: 'request', path }],
    experiments: [{ compare: { rate, for: formatDurationText(durationUs) } }],
    limits: {
      // A rate that is none is told once, where it stands.
      // The rate counts slots; each asks every route once.
      ...(ratePerSec > 0 ? { maxRate: allRoutes, maxNewConnections: allRoutes } : {}),
      maxRequests: wholeBetween(
        1,
        Math.ceil((ratePerSec * durationUs * routes) / US_PER_SEC) * POISSON_MARGIN + 10 * routes,
        100_000_000,
      ),
      maxInFlight: wholeBetween(50, ratePerSec * routes * IN_FLIGHT_SECONDS, 10_000),
    },
  };
  return validateProfile(raw, {
    file: 'command line',
    env: {},
    readFile: () => {
      throw new Error('the command line names no files');
    },
  });
}

/** Arrivals at random are now and then more than their mean: by 4 standard deviations of 100 at most 40 %. */
const POISSON_MARGIN = 1.4;

function wholeBetween(low: number, value: number, high: number): number {
  // What is no number is refused where it stands: at the rate or at the duration.
  return Number.isFinite(value) ? Math.min(Math.max(Math.ceil(value), low), high) : high;
}

/** Without an exponent, which no rate of a profile has. */
function decimal(value: number): string {
  return Number.isFinite(value) ? value.toFixed(6).replace(/\.?0+$/, '') : String(value);
}

/** Origin, and path with query where there is one. What is no http URL stays whole, for the validation to refuse. */
function splitUrl(text: string): { readonly url: string; readonly path?: string } {
  const parts = /^(https?:\/\/[^/?#\s]+)(\/[^#\s]*)?$/i.exec(text);
  if (parts?.[1] === undefined) return { url: text };
  const [, url, path] = parts;
  return path === undefined || path === '/' ? { url } : { url, path };
}

/** `192.0.2.11-8080`: what a user gave, in characters that a name may have, and each only once. */
function memberNames(urls: readonly string[]): string[] {
  const names: string[] = [];
  for (const [index, text] of urls.entries()) {
    const host = URL.canParse(text) ? new URL(text).host : '';
    const plain = host
      .replace(/[[\]]/g, '')
      .replace(/[^\p{L}\p{N}_.-]+/gu, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 50);
    const name = plain === '' || THRESHOLD_WORDS.includes(plain) ? `member${index + 1}` : plain;
    names.push(names.includes(name) ? `${name}-${index + 1}` : name);
  }
  return names;
}
