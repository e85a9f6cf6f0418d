/** HTTPERR: requests that the kernel's HTTP driver ended itself. They stand in no site's log. */
import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import { isOf, reading, sideOf, untold } from './log-words.ts';

type Meaning = { readonly outcome: HopOutcome; readonly says: string; readonly sure?: number };

const BAD = { outcome: 'client/bad-request', says: 'the request was not valid' } as const;
const OFF = { outcome: 'gateway/shutdown', says: 'its application pool is switched off' } as const;

// s-reason, from the two tables of Microsoft and real files.
const REASONS: Readonly<Record<string, Meaning>> = {
  QueueFull: { outcome: 'gateway/saturated', says: 'the queue of its application pool was full' },
  AppPoolTimer: { outcome: 'gateway/saturated', says: 'its application pool could not take the request' },
  Timer_AppPool: {
    outcome: 'gateway/saturated',
    says: 'the request waited too long in the queue of its application pool',
  },
  Timer_ReqQueue: {
    outcome: 'gateway/saturated',
    says: 'the request waited too long in the queue of its application pool',
  },
  ConnLimit: { outcome: 'gateway/conn-limit', says: "the site's limit of connections was reached" },
  Connections_Refused: { outcome: 'gateway/resource', says: 'the kernel had no memory left for connections' },
  AppOffline: OFF,
  AppShutdown: OFF,
  Disabled: OFF,
  Connection_Abandoned_By_AppPool: {
    outcome: 'gateway/internal',
    says: 'its worker process ended with the request in it',
  },
  Connection_Abandoned_By_ReqQueue: {
    outcome: 'gateway/internal',
    says: 'its worker process ended with the request in it',
  },
  Client_Reset: { outcome: 'client/abort', says: 'the peer left while the request waited for a worker' },
  Connection_Dropped: { outcome: 'client/abort', says: 'the peer left while the request was worked on', sure: 0.8 },
  Connection_Dropped_List_Full: { outcome: 'client/abort', says: 'very many peers left at once' },
  Timer_EntityBody: { outcome: 'client/timeout', says: 'the request body stopped' },
  Timer_HeaderWait: { outcome: 'client/timeout', says: 'the request headers did not come' },
  Timer_MinBytesPerSecond: { outcome: 'client/timeout', says: 'the peer read too slowly' },
  Timer_SslRenegotiation: { outcome: 'client/tls', says: 'the renegotiation of TLS took too long' },
  EntityTooLarge: { outcome: 'client/too-large', says: 'the request body was too large' },
  Request_Too_Large: { outcome: 'client/too-large', says: 'the request was too large' },
  FieldLength: { outcome: 'client/too-large', says: 'a header was too long' },
  RequestLength: { outcome: 'client/too-large', says: 'request line and headers were too long' },
  URL_Length: { outcome: 'client/too-large', says: 'the address was too long' },
  NotFound: { outcome: 'gateway/no-route', says: 'no site is bound to this host and path' },
  Hostname: { outcome: 'gateway/no-route', says: 'no site is bound to this host name', sure: 0.85 },
  'N/A': { outcome: 'gateway/resource', says: 'it could not take the request for a reason of its own', sure: 0.5 },
  Internal: { outcome: 'gateway/internal', says: 'an internal error' },
  Forbidden: { outcome: 'gateway/denied', says: 'the address was not allowed' },
  BadRequest: BAD,
  Header: BAD,
  'Invalid_CR/LF': BAD,
  LengthRequired: BAD,
  Number: BAD,
  Precondition: BAD,
  URL: BAD,
  Verb: BAD,
  'Version_N/S': BAD,
};

/** What one HTTPERR line says; undefined for lines that are about no request. */
export function readHttperr(entry: LogEntry): HopReading | undefined {
  if (!isOf(entry, 'httperr')) return undefined;
  const reason = entry.flags;
  if (reason === undefined) return untold('the HTTPERR line has no reason');
  // An idle connection that ended as it should.
  if (reason === 'Timer_ConnectionIdle') return undefined;
  const meaning = REASONS[reason];
  if (meaning === undefined) return untold(`HTTPERR says ${reason}, which is not known`, { code: reason });
  return reading(
    meaning.outcome,
    sideOf(meaning.outcome),
    meaning.sure ?? 0.95,
    `HTTPERR says ${reason}: ${meaning.says}`,
    { code: reason },
  );
}

/** The first HTTPERR line among several that tells something. */
export function firstHttperr(entries: readonly LogEntry[]): HopReading | undefined {
  for (const entry of entries) {
    const found = readHttperr(entry);
    if (found !== undefined) return found;
  }
  return undefined;
}
