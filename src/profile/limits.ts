/** The caps of a run: defaults, and what the user should know where they lower an experiment. */
import { hasDelay, type Limits, longestDelayUs, type Profile, TIMEOUT_MARGIN } from '../model/profile.ts';
import { formatNumber, formatRatio } from '../model/quantity.ts';
import { US_PER_SEC } from '../model/time.ts';
import type { WrittenExperiment } from './experiment-shape.ts';
import type { WrittenProfile } from './shape.ts';
import { formatDurationText, formatRateText } from './units.ts';

/**
 * Caps where the profile has none. They are to do no harm to a farm whose owner has set no limits yet:
 * - maxRate 20/s: one more busy user for a farm of any size, and 1200 answers a minute, enough for a p99.
 * - maxRequests 5000: a compare of a minute at 20/s through a gateway and to three members is 4800.
 * - maxInFlight 50: one twentieth of the 1000 requests that HTTP.sys queues for an application pool by default, so that
 *   the probe alone never fills the queue of a target that hangs.
 * - maxNewConnections 20/s: a closed connection keeps its local port for a while. Linux has 28 231 ports for 60 s, which
 *   is 470/s to one destination, Windows 16 384 for 120 s, which is 136/s; the probe stays below a quarter of either.
 * - requestTimeout 65s: many gateways give up at exactly 60 s (nginx proxy_read_timeout, the idle timeout of an AWS load
 *   balancer), and the probe must not race with them: with a limit of 60 s it would be chance whose timer is reported.
 *   5 s are room for connecting and for the gateway to answer. Longer timers are looked for with a timeout experiment,
 *   which raises this default.
 * - connectTimeout 10s: lost SYNs are sent again after 1, 3 and 7 s, so three losses in a row are still seen as a slow
 *   connect.
 * - maxBody 10 MB: bodies are read and compared, never kept; what is longer is a download, not a page.
 */
export const DEFAULT_LIMITS: Limits = {
  maxRatePerSec: 20,
  maxRequests: 5_000,
  maxInFlight: 50,
  maxNewConnectionsPerSec: 20,
  requestTimeoutUs: 65 * US_PER_SEC,
  connectTimeoutUs: 10 * US_PER_SEC,
  maxBodyBytes: 10_000_000,
};

/** Default of `requestTimeout`, in µs, for a profile whose timeout experiments go up to these delays (µs). */
export function defaultRequestTimeoutUs(upToUs: readonly number[]): number {
  return Math.round(Math.max(DEFAULT_LIMITS.requestTimeoutUs, ...upToUs.map((us) => us * TIMEOUT_MARGIN)));
}

/** Half of the rounds on new connections: as many of either kind is the best comparison for a given number of rounds. */
export const DEFAULT_NEW_CONNECTION_RATIO = 0.5;

/** What a product of decimal numbers may be off: 7/min on three routes is not above 21/min. */
const ROUNDING = 1 + 1e-9;

type LimitKey = keyof NonNullable<WrittenProfile['limits']>;
type Context = {
  readonly limits: Limits;
  readonly routes: number;
  /** `limits.maxRate 20/s`, with "the default" before it where the profile does not say it. */
  readonly label: (key: LimitKey) => string;
  /** `raise limits.maxRate`, or `set` where the profile does not say it. */
  readonly raise: (key: LimitKey) => string;
};
/** Notes begin with the key of the experiment. Requests are those due at least, on all routes, once its rate is lowered. */
type Lowered = { readonly notes: readonly string[]; readonly requests: number };

/**
 * What the user should know about limits: which defaults apply where the profile has none, and which experiments ask for
 * more than is sent. None is a problem: experiments lower themselves to the limits, and `check` prints to what. Not told
 * here is what the probe adds of itself and what is lowered by that alone: the canary of a burst, the default share of new
 * connections.
 */
export function limitNotes(
  written: WrittenProfile,
  { limits, requests: kinds }: Pick<Profile, 'limits' | 'requests'>,
): string[] {
  const context = contextOf(written, limits);
  const { label, raise } = context;
  const notes = Object.keys(written.limits ?? {}).length === 0 ? [defaultsNote(limits)] : [];
  let total = 0;
  for (const [index, experiment] of (written.experiments ?? []).entries()) {
    const lowered = loweredBy(experiment, context, kinds.some(hasDelay));
    notes.push(...lowered.notes.map((note) => `experiments[${index}].${note}`));
    if (lowered.requests > limits.maxRequests) {
      const [kind] = Object.keys(experiment);
      notes.push(
        `experiments[${index}].${kind} asks for about ${countText(lowered.requests)} requests, above ${label('maxRequests')}: it ends when about as many as that were due; ${raise('maxRequests')}, or lower rate or time`,
      );
    }
    total += Math.min(lowered.requests, limits.maxRequests);
  }
  if (total > limits.maxRequests) {
    notes.push(
      `experiments: together they ask for about ${countText(total)} requests or more, above ${label('maxRequests')}: no more than that are sent, what is due afterwards is recorded as not sent; ${raise('maxRequests')}, or lower rate or time`,
    );
  }
  return notes;
}

function contextOf({ limits: written = {}, members }: WrittenProfile, limits: Limits): Context {
  const texts = limitTexts(limits);
  return {
    limits,
    routes: members.length + 1,
    label: (key) => `${written[key] === undefined ? 'the default ' : ''}limits.${key} ${texts[key]}`,
    raise: (key) => `${written[key] === undefined ? 'set' : 'raise'} limits.${key}`,
  };
}

function limitTexts(limits: Limits): Readonly<Record<LimitKey, string>> {
  return {
    maxRate: formatRateText(limits.maxRatePerSec),
    maxRequests: String(limits.maxRequests),
    maxInFlight: String(limits.maxInFlight),
    maxNewConnections: formatRateText(limits.maxNewConnectionsPerSec),
    requestTimeout: formatDurationText(limits.requestTimeoutUs),
    connectTimeout: formatDurationText(limits.connectTimeoutUs),
    maxBody: `${limits.maxBodyBytes / 1e6}MB`,
  };
}

function defaultsNote(limits: Limits): string {
  const texts = Object.entries(limitTexts(limits)).map(([key, text]) => `${key} ${text}`);
  return `limits is left out: the defaults apply, ${texts.join(', ')}`;
}

/** Rounded first, because a rate such as 1/3 per second leaves a rest in the last digits. */
function countText(requests: number): string {
  return String(Math.ceil(Number(requests.toPrecision(12))));
}

function loweredBy(experiment: WrittenExperiment, context: Context, canDelay: boolean): Lowered {
  const { compare, ramp, burst, volley, timeout } = experiment;
  if (compare !== undefined) return loweredCompare(compare, context);
  if (burst !== undefined) return loweredBurst(burst, context);
  if (volley !== undefined) return loweredVolley(volley.sizes, context);
  const most = context.limits.maxRatePerSec;
  if (ramp !== undefined) {
    const meanPerSec = (Math.min(ramp.from, most) + Math.min(ramp.to, most)) / 2;
    return {
      notes: [...rateNotes('ramp.from', ramp.from, context), ...rateNotes('ramp.to', ramp.to, context)],
      requests: (meanPerSec * ramp.for) / US_PER_SEC,
    };
  }
  // Without a request whose delay can be asked for, the experiment sends nothing.
  return { notes: timeout !== undefined && canDelay ? timeoutNotes(timeout.upTo, context) : [], requests: 0 };
}

function rateNotes(key: string, rate: number, { limits, label, raise }: Context): string[] {
  if (rate <= limits.maxRatePerSec) return [];
  return [
    `${key} ${formatRateText(rate)} is above ${label('maxRate')}: no more than that is sent; ${raise('maxRate')} or lower the rate`,
  ];
}

function loweredCompare(compare: NonNullable<WrittenExperiment['compare']>, context: Context): Lowered {
  const { limits, routes, label, raise } = context;
  const { rate, newConnections } = compare;
  const { maxRatePerSec, maxNewConnectionsPerSec } = limits;
  const notes: string[] = [];
  if (rate * routes > maxRatePerSec * ROUNDING) {
    notes.push(
      `compare.rate ${formatRateText(rate)} asks for ${formatNumber(rate * routes)}/s on ${routes} routes together, above ${label('maxRate')}: it is lowered to that; ${raise('maxRate')} or lower the rate`,
    );
  }
  const sentPerSec = Math.min(rate * routes, maxRatePerSec);
  // A rate that is lowered far enough opens few connections of itself.
  if (newConnections !== undefined && sentPerSec * newConnections > maxNewConnectionsPerSec * ROUNDING) {
    notes.push(
      `compare.newConnections ${formatRatio(newConnections)} asks for ${formatNumber(sentPerSec * newConnections)}/s on ${routes} routes together, above ${label('maxNewConnections')}: the share is lowered to that; ${raise('maxNewConnections')}, or lower rate or newConnections`,
    );
  }
  return { notes, requests: (sentPerSec * compare.for) / US_PER_SEC };
}

function loweredBurst(burst: NonNullable<WrittenExperiment['burst']>, context: Context): Lowered {
  const { rate, replay, connections = 0 } = burst;
  // What the log asks for is known when it is read; the plan says what is left out.
  if (replay !== undefined) return { notes: [], requests: 0 };
  const { limits, label, raise } = context;
  if (rate !== undefined) {
    return {
      notes: rateNotes('burst.rate', rate, context),
      requests: (Math.min(rate, limits.maxRatePerSec) * burst.for) / US_PER_SEC,
    };
  }
  // Each connection sends at once, so that their number is a rate and a count of requests too.
  const caps: readonly (readonly [LimitKey, number])[] = [
    ['maxInFlight', limits.maxInFlight],
    ['maxRate', Math.max(1, Math.floor(limits.maxRatePerSec))],
    ['maxRequests', limits.maxRequests],
  ];
  const most = Math.min(...caps.map(([, cap]) => cap));
  const key = caps.find(([, cap]) => cap === most)?.[0] ?? 'maxInFlight';
  if (connections <= most) return { notes: [], requests: 0 };
  return {
    notes: [
      `burst.connections ${connections} is above ${label(key)}: ${most} are used; ${raise(key)} or lower the number`,
    ],
    requests: 0,
  };
}

function loweredVolley(sizes: readonly number[], { limits, routes, label, raise }: Context): Lowered {
  const { maxInFlight, maxRatePerSec } = limits;
  const sent = sizes.filter((size) => size <= maxInFlight && size <= maxRatePerSec);
  const tooMany = sizes.filter((size) => size > maxInFlight);
  // A volley is sent within a second, so that its size is a rate too.
  const tooFast = sizes.filter((size) => size <= maxInFlight && size > maxRatePerSec);
  const consequence = sent.length === 0 ? 'no size is left, and the experiment is not run' : 'left out';
  const notes = [[tooMany, 'maxInFlight'] as const, [tooFast, 'maxRate'] as const].flatMap(([above, key]) => {
    if (above.length === 0) return [];
    const are = above.length === 1 ? 'is' : 'are';
    return [
      `volley.sizes ${above.join(', ')} ${are} above ${label(key)}: ${consequence}; ${raise(key)} or lower the numbers`,
    ];
  });
  return { notes, requests: sent.reduce((sum, size) => sum + size, 0) * routes };
}

function timeoutNotes(upToUs: number, { limits, label }: Context): string[] {
  const mostUs = longestDelayUs(limits);
  if (upToUs <= mostUs) return [];
  return [
    `timeout.upTo ${formatDurationText(upToUs)} leaves no room below ${label('requestTimeout')}: it is lowered to ${formatDurationText(mostUs)}; raise limits.requestTimeout to ${formatDurationText(defaultRequestTimeoutUs([upToUs]))} or leave it out`,
  ];
}
