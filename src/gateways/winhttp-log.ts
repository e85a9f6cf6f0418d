/** What WinHTTP's error number on a 502.3 says about the hop to the member: for ARR and for the ASP.NET Core module alike. */
import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import { formatDuration } from '../model/quantity.ts';
import type { LooseExtras } from './log-words.ts';
import { reading, untold } from './log-words.ts';

type Meaning = {
  readonly name: string;
  readonly outcome: HopOutcome;
  readonly sure: number;
  readonly rivals?: readonly HopOutcome[];
};

// Names from the WinHTTP documentation; what ARR reports with them from real logs.
const MEANINGS: Readonly<Record<number, Meaning>> = {
  12007: { name: 'NAME_NOT_RESOLVED', outcome: 'dns/failed', sure: 0.95 },
  12017: { name: 'OPERATION_CANCELLED', outcome: 'client/abort', sure: 0.6, rivals: ['gateway/shutdown'] },
  12019: { name: 'INCORRECT_HANDLE_STATE', outcome: 'gateway/internal', sure: 0.8 },
  12044: { name: 'CLIENT_AUTH_CERT_NEEDED', outcome: 'tls/handshake', sure: 0.95 },
  12045: { name: 'SECURE_INVALID_CA', outcome: 'tls/verify', sure: 0.95 },
  12037: { name: 'SECURE_CERT_DATE_INVALID', outcome: 'tls/verify', sure: 0.95 },
  12038: { name: 'SECURE_CERT_CN_INVALID', outcome: 'tls/verify', sure: 0.95 },
  12152: {
    name: 'INVALID_SERVER_RESPONSE',
    outcome: 'response/malformed',
    sure: 0.55,
    rivals: ['response/truncated', 'response/reset-before-headers', 'tls/protocol-mismatch'],
  },
  12157: { name: 'SECURE_CHANNEL_ERROR', outcome: 'tls/handshake', sure: 0.9, rivals: ['tls/protocol-mismatch'] },
  12175: {
    name: 'SECURE_FAILURE',
    outcome: 'tls/verify',
    sure: 0.65,
    rivals: ['tls/handshake', 'tls/protocol-mismatch'],
  },
  12181: { name: 'HEADER_COUNT_EXCEEDED', outcome: 'response/headers-too-large', sure: 0.95 },
  12182: { name: 'HEADER_SIZE_OVERFLOW', outcome: 'response/headers-too-large', sure: 0.95 },
  12183: {
    name: 'CHUNKED_ENCODING_HEADER_SIZE_OVERFLOW',
    outcome: 'response/malformed',
    sure: 0.8,
    rivals: ['response/headers-too-large'],
  },
};

const MS = 1_000;
const SEC = 1_000_000;
/** Windows repeats a refused SYN twice, 500 ms apart (KB175523); seven real lines had 1,022 to 1,044 ms. */
const REFUSED_US = { low: 950 * MS, high: 1_200 * MS };
/** SYN at 0, 3 and 9 s, given up at 21 s: Windows up to 2012. Later ones have other sums. */
const SYN_GIVEN_UP_US = { low: 20.5 * SEC, high: 22 * SEC };
/** Defaults of the response timer: server farm 30 s, proxy without a farm and ASP.NET Core module 120 s. They end slightly early at times. */
const RESPONSE_TIMERS_US = [30 * SEC, 120 * SEC];
/** Below any default response timer with room for a coarse clock. */
const BELOW_TIMERS_US = 25 * SEC;
/** A request that meets the close of its connection is lost within one round trip to the member; this is a long one. */
const AT_ONCE_US = 250 * MS;

function isWithin(us: number, { low, high }: { readonly low: number; readonly high: number }): boolean {
  return us >= low && us <= high;
}

function isAtResponseTimer(us: number): boolean {
  return RESPONSE_TIMERS_US.some((timer) => us > timer - 0.5 * SEC && us < timer + 1.5 * SEC);
}

/** Whether a duration could be that of a default timer, or of a refusal. */
function timedOut(us: number | undefined): {
  readonly outcome: HopOutcome;
  readonly sure: number;
  readonly rival: HopOutcome;
} {
  const response = { outcome: 'response/timeout', rival: 'connect/timeout' } as const;
  if (us === undefined) return { ...response, sure: 0.5 };
  if (isWithin(us, SYN_GIVEN_UP_US)) return { outcome: 'connect/timeout', sure: 0.6, rival: 'response/timeout' };
  if (isAtResponseTimer(us)) return { ...response, sure: 0.65 };
  return { ...response, sure: us < BELOW_TIMERS_US ? 0.5 : 0.6 };
}

function said(key: string, name: string, entry: LogEntry): string {
  const { durationUs } = entry;
  return `${key} with ${entry.win32} (ERROR_WINHTTP_${name})${durationUs === undefined ? '' : ` after ${formatDuration(durationUs)}`}`;
}

function unknownNumber(entry: LogEntry, key: string, extras: LooseExtras): HopReading {
  if (entry.win32 === undefined) return untold(`${key}, but the log has no sc-win32-status`, extras);
  return untold(
    `${key} with ${entry.extra?.['win32'] ?? entry.win32}, which is no known error of the forwarder`,
    extras,
  );
}

/** A forwarder error by its number. `key` is status and substatus, as in `502.3`. */
export function readWinhttp(entry: LogEntry, key: string, extras: LooseExtras): HopReading {
  const { win32, durationUs } = entry;
  const code = win32 === undefined ? undefined : String(win32);
  const more: LooseExtras = { ...extras, code };
  if (win32 === 12002) {
    const { outcome, sure, rival } = timedOut(durationUs);
    return reading(outcome, 'gateway', sure, said(key, 'TIMEOUT', entry), {
      ...more,
      waitedUs: durationUs,
      rivals: [rival],
    });
  }
  if (win32 === 12029) {
    const isTypical = durationUs !== undefined && isWithin(durationUs, REFUSED_US);
    const because = said(key, 'CANNOT_CONNECT', entry);
    return reading('connect/refused', 'gateway', isTypical ? 0.95 : 0.7, because, {
      ...more,
      rivals: isTypical ? undefined : ['connect/unreachable', 'connect/reset', 'gateway/resource', 'tls/handshake'],
    });
  }
  if (win32 === 12030) {
    const isQuick = durationUs !== undefined && durationUs < AT_ONCE_US;
    const because = said(key, 'CONNECTION_ERROR', entry);
    return reading('response/reset-before-headers', 'gateway', isQuick ? 0.65 : 0.8, because, {
      ...more,
      rivals: isQuick
        ? ['response/keepalive-race', 'tls/protocol-mismatch']
        : ['tls/protocol-mismatch', 'response/truncated'],
    });
  }
  if (win32 === 64 || win32 === 1236 || win32 === 1229) return overwritten(entry, key, more);
  const meaning = win32 === undefined ? undefined : MEANINGS[win32];
  if (meaning === undefined) return unknownNumber(entry, key, more);
  const madeBy = meaning.outcome.startsWith('client/') ? 'client' : 'gateway';
  return reading(meaning.outcome, madeBy, meaning.sure, said(key, meaning.name, entry), {
    ...more,
    rivals: meaning.rivals,
  });
}

/** The client had left before the 502 could be sent: its 64 stands where the forwarder's number was. The duration is what is left. */
function overwritten(entry: LogEntry, key: string, extras: LooseExtras): HopReading {
  const { durationUs, win32 } = entry;
  const because = `${key} with ${win32}: the client had left before the error was sent, which hides the forwarder's number`;
  if (durationUs === undefined) return untold(because, extras);
  const after = `${because}; it ended after ${formatDuration(durationUs)}`;
  const by = (outcome: HopOutcome, sure: number, rivals: readonly HopOutcome[]): HopReading =>
    reading(outcome, 'gateway', sure, after, {
      ...extras,
      rivals,
      waitedUs: outcome.endsWith('timeout') ? durationUs : undefined,
    });
  if (isWithin(durationUs, REFUSED_US))
    return by('connect/refused', 0.45, ['response/reset-before-headers', 'client/abort']);
  if (isWithin(durationUs, SYN_GIVEN_UP_US)) return by('connect/timeout', 0.4, ['response/timeout', 'client/abort']);
  if (isAtResponseTimer(durationUs)) return by('response/timeout', 0.45, ['connect/timeout', 'client/abort']);
  return reading('client/abort', 'client', 0.35, after, {
    ...extras,
    rivals: ['response/timeout', 'connect/timeout', 'response/reset-before-headers', 'connect/refused'],
  });
}
