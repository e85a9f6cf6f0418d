/** Who may look: a token where the server is reachable from outside, and only pages of our own origin. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

export const SESSION_COOKIE = 'gateprobe_session';

/** A week of watching without logging in again. */
const SESSION_US = 7 * 86_400_000_000;
const MAX_SESSIONS = 1_000;

/**
 * Wrong tokens that are looked at, in a row and then per minute: a person mistypes a few times, while guessing a token of 16
 * characters at this pace takes longer than the universe is old.
 */
const TRIES = 5;
const TRY_EVERY_US = 12_000_000;
/** For all addresses together, so that many of them do not help. */
const TRIES_OVERALL = 30;
const MAX_ADDRESSES = 10_000;

export type Attempt = { readonly ok: true } | { readonly ok: false; readonly retryAfterSec?: number };

export type Access = {
  /** Whether a token is asked for at all. */
  readonly isGuarded: boolean;
  /** Compares in constant time; wrong ones use up the tries of the address. */
  tryToken(token: string, address: string): Attempt;
  openSession(): string;
  hasSession(id: string | undefined): boolean;
  closeSession(id: string | undefined): void;
};

/** `nowUs` is any monotonic clock. */
export function createAccess(token: string | undefined, nowUs: () => number): Access {
  const sessions = new Map<string, number>();
  const tries = createTries(nowUs);
  return {
    isGuarded: token !== undefined,
    tryToken(given, address) {
      if (token === undefined) return { ok: true };
      const waitUs = tries.waitUs(address);
      // Also the right token waits: otherwise the answer would tell a guesser.
      if (waitUs > 0) return { ok: false, retryAfterSec: Math.ceil(waitUs / 1_000_000) };
      if (isSame(given, token)) return { ok: true };
      tries.use(address);
      return { ok: false };
    },
    openSession() {
      for (const [id, endUs] of sessions) if (endUs < nowUs()) sessions.delete(id);
      if (sessions.size >= MAX_SESSIONS) sessions.delete(sessions.keys().next().value ?? '');
      const id = randomBytes(32).toString('base64url');
      sessions.set(id, nowUs() + SESSION_US);
      return id;
    },
    hasSession: (id) => id !== undefined && (sessions.get(id) ?? Number.NEGATIVE_INFINITY) >= nowUs(),
    closeSession: (id) => {
      if (id !== undefined) sessions.delete(id);
    },
  };
}

/** Buckets of tries that fill up again: one for each address, one for all. */
function createTries(nowUs: () => number) {
  const buckets = new Map<string, { left: number; atUs: number }>();
  const all = { left: TRIES_OVERALL, atUs: nowUs() };
  const fill = (bucket: { left: number; atUs: number }, most: number): typeof bucket => {
    const gained = (nowUs() - bucket.atUs) / TRY_EVERY_US;
    bucket.left = Math.min(most, bucket.left + gained);
    bucket.atUs = nowUs();
    return bucket;
  };
  const bucketOf = (address: string) => {
    const bucket = buckets.get(address) ?? { left: TRIES, atUs: nowUs() };
    if (!buckets.has(address)) {
      if (buckets.size >= MAX_ADDRESSES) buckets.delete(buckets.keys().next().value ?? '');
      buckets.set(address, bucket);
    }
    return fill(bucket, TRIES);
  };
  return {
    waitUs(address: string): number {
      const short = Math.max(1 - bucketOf(address).left, 1 - fill(all, TRIES_OVERALL).left);
      return Math.max(0, short) * TRY_EVERY_US;
    },
    use(address: string): void {
      bucketOf(address).left -= 1;
      fill(all, TRIES_OVERALL).left -= 1;
    },
  };
}

/** Digests have one length, so that the time of the comparison tells nothing, not even the length. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** An address that only this machine reaches. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (name === 'localhost' || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

/**
 * On loopback every name in `Host` must be one of loopback too: a page elsewhere whose name is made to point at 127.0.0.1
 * (DNS rebinding) would otherwise read everything. With a token the name is free, and the token protects.
 */
export function isOwnHost(hostHeader: string | undefined): boolean {
  if (hostHeader === undefined) return false;
  const name = /^(\[[0-9a-fA-F:.]+\]|[^:]*)(:\d{1,5})?$/.exec(hostHeader)?.[1];
  return name !== undefined && isLoopback(name);
}

/** Requests that another site's page has its reader's browser make. Following a link to us is allowed. */
export function isForeign(headers: {
  readonly site?: string | undefined;
  readonly mode?: string | undefined;
}): boolean {
  if (headers.site === undefined || headers.site === 'same-origin' || headers.site === 'none') return false;
  return headers.mode !== 'navigate';
}
