import type { HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import { GO_ERRORS } from './go-errors.ts';
import type { LooseExtras } from './log-words.ts';
import { byRule, firstRule, isOf, lastMember, passedOn, quote, reading, untold } from './log-words.ts';

// Traefik answers its own errors with the bare reason: these lengths tell them from members' answers (source of 3.7).
const OWN_LENGTHS: Readonly<Record<number, number>> = { 500: 21, 502: 11, 504: 15 };
// "no available server" with a line break.
const NO_SERVER_LENGTH = 20;
const US_PER_SEC = 1_000_000;
/** Default of dialTimeout. */
const DIAL_SEC = 30;

/** Traefik's access log is all there is: it logs why a member failed only at debug level. */
export function readTraefikLog(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined {
  if (!isOf(access, 'traefik')) return undefined;
  const { status } = access;
  const tried = access.retries ?? 0;
  const extras: LooseExtras = { member: lastMember(access), failedTries: tried };
  for (const { message = '' } of errors.filter((error) => isOf(error, 'traefik'))) {
    const rule = firstRule(GO_ERRORS, message);
    if (rule !== undefined) return byRule(rule, `log: "${quote(message)}"`, extras);
  }
  if (status === undefined) return untold('the line has no status', extras);
  if (status === 499 || access.clientGone === true)
    return reading('client/abort', 'client', 0.95, 'status 499: the client left', { ...extras, code: '499' });
  const origin = access.upstream?.at(-1);
  if (access.upstream !== undefined && origin === undefined) return ownAnswer(access, status, extras);
  if (status === 503 && access.bytesSent === NO_SERVER_LENGTH) {
    return reading('pool/none', 'gateway', 0.85, '503 of 20 bytes: "no available server"', extras);
  }
  if (OWN_LENGTHS[status] !== undefined && access.bytesSent === OWN_LENGTHS[status])
    return madeHere(access, status, extras);
  if (status < 500) return passedOn(access, origin === undefined ? 0.6 : 0.9, `answered ${status}`, extras);
  if (access.bytesSent === undefined) {
    return untold(`${status}, but the line has no size: it does not say whose answer it was`, {
      ...extras,
      rivals: ['member/status'],
    });
  }
  if (origin !== undefined && (origin.status === undefined || origin.status === status)) {
    return passedOn(
      access,
      0.8,
      `${status} with a body of ${access.bytesSent} bytes, which Traefik's own errors do not have`,
      extras,
    );
  }
  return untold(`${status}, and the origin's status differs`, {
    ...extras,
    rivals: ['member/status', 'gateway/local-response'],
  });
}

function madeHere(access: LogEntry, status: number, extras: LooseExtras): HopReading {
  const because = `${status} of ${access.bytesSent} bytes: Traefik's own words`;
  const waitedUs = access.durationUs;
  if (status === 504) {
    // Both timers end in 504; the header timer is off by default, the dial timer is 30 s.
    const isDial = waitedUs !== undefined && Math.abs(waitedUs - DIAL_SEC * US_PER_SEC) < 0.5 * US_PER_SEC;
    return reading(isDial ? 'connect/timeout' : 'response/timeout', 'gateway', 0.6, because, {
      ...extras,
      waitedUs,
      rivals: [isDial ? 'response/timeout' : 'connect/timeout'],
    });
  }
  const rivals =
    status === 502
      ? (['connect/refused', 'connect/reset', 'response/reset-before-headers', 'dns/failed'] as const)
      : (['response/malformed', 'tls/verify', 'tls/protocol-mismatch', 'response/reset-before-headers'] as const);
  const { rivals: _, ...rest } = extras;
  return { ...untold(`${because}; why is logged only at debug level`, { ...rest, rivals }), madeBy: 'gateway' };
}

function ownAnswer(access: LogEntry, status: number, extras: LooseExtras): HopReading {
  const because = `no service was asked, and Traefik answered ${status}`;
  if (status === 404) return reading('gateway/no-route', 'gateway', 0.85, because, extras);
  if (status === 429) return reading('gateway/rate-limit', 'gateway', 0.8, because, extras);
  if (status === 401 || status === 403) return reading('gateway/denied', 'gateway', 0.8, because, extras);
  if (status === 503)
    return reading('pool/none', 'gateway', access.bytesSent === NO_SERVER_LENGTH ? 0.85 : 0.6, because, {
      ...extras,
      rivals: ['pool/circuit-open'],
    });
  return reading('gateway/local-response', 'gateway', 0.7, because, extras);
}
