import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import type { LooseExtras } from './log-words.ts';
import { isOf, passedOn, reading, untold } from './log-words.ts';

type Meaning = { readonly outcome: HopOutcome; readonly sure: number; readonly rivals?: readonly HopOutcome[] };

const BAD: Meaning = { outcome: 'client/bad-request', sure: 0.95 };

// error_info without ERRORINFO_ (Azure documentation; CLIENT_TIMED_OUT and UPSTREAM_INVALID_HEADER from reports of users).
const ERRORS: Readonly<Record<string, Meaning>> = {
  UPSTREAM_NO_LIVE: { outcome: 'pool/none', sure: 0.85, rivals: ['connect/refused', 'connect/timeout', 'tls/verify'] },
  UPSTREAM_CLOSED_CONNECTION: {
    outcome: 'response/reset-before-headers',
    sure: 0.9,
    rivals: ['response/keepalive-race'],
  },
  UPSTREAM_TIMED_OUT: { outcome: 'response/timeout', sure: 0.9, rivals: ['connect/timeout'] },
  UPSTREAM_INVALID_HEADER: { outcome: 'response/malformed', sure: 0.8, rivals: ['response/headers-too-large'] },
  CLIENT_CLOSED_REQUEST: { outcome: 'client/abort', sure: 1 },
  CLIENT_TIMED_OUT: { outcome: 'client/timeout', sure: 0.85 },
  INVALID_HOST: { outcome: 'gateway/no-route', sure: 0.95 },
  HTTPS_NO_CERT: { outcome: 'client/tls', sure: 0.95 },
  INVALID_METHOD: BAD,
  INVALID_REQUEST: BAD,
  INVALID_VERSION: BAD,
  INVALID_09_METHOD: BAD,
  INVALID_CONTENT_LENGTH: BAD,
  INVALID_METHOD_TRACE: BAD,
  REQUEST_URI_INVALID: BAD,
  HTTP_NO_HOST_HEADER: BAD,
  HTTP_TO_HTTPS_PORT: BAD,
};

/** Azure Application Gateway v2: `error_info` says what went wrong, `serverStatus` whether a member answered. */
export function readAzureLog(access: LogEntry): HopReading | undefined {
  if (!isOf(access, 'azure-application-gateway')) return undefined;
  const { status, flags, upstream } = access;
  const last = upstream?.at(-1);
  const extras: LooseExtras = { member: last?.address === '-' || last?.address === '' ? undefined : last?.address };
  if (status === undefined) return untold('the record has no httpStatus', extras);
  const info = flags?.replace(/^ERRORINFO_/, '');
  const error = info === undefined ? undefined : ERRORS[info];
  if (info !== undefined && error !== undefined) {
    const madeBy = error.outcome.startsWith('client/') ? 'client' : 'gateway';
    const waitedUs = error.outcome === 'response/timeout' ? access.durationUs : undefined;
    return reading(error.outcome, madeBy, error.sure, `error_info ${flags}`, {
      ...extras,
      code: flags,
      waitedUs,
      rivals: error.rivals,
    });
  }
  if (last?.status !== undefined) {
    if (last.status === status)
      return passedOn(access, 1, `serverStatus ${last.status}: the member itself answered it`, extras);
    const because = `serverStatus ${last.status}, but the gateway answered ${status}`;
    return reading('gateway/local-response', 'gateway', 0.6, because, { ...extras, rivals: ['member/status'] });
  }
  return withoutServer(access, status, info, extras);
}

function withoutServer(access: LogEntry, status: number, info: string | undefined, extras: LooseExtras): HopReading {
  const because = `${status} without serverStatus: the gateway's own answer`;
  if (info !== undefined && info !== 'NO_ERROR' && info !== '-')
    return untold(`error_info ${access.flags} is not known`, { ...extras, code: access.flags });
  if (status === 499)
    return reading('client/abort', 'client', 0.95, 'status 499: the client left', { ...extras, code: '499' });
  if (status === 403) return reading('gateway/denied', 'gateway', 0.8, because, extras);
  if (status === 504) {
    return reading('response/timeout', 'gateway', 0.65, because, {
      ...extras,
      waitedUs: access.durationUs,
      rivals: ['connect/timeout'],
    });
  }
  if (status >= 500) {
    return untold(`${because}, and error_info is missing`, {
      ...extras,
      rivals: ['pool/none', 'response/reset-before-headers', 'response/timeout', 'connect/refused'],
    });
  }
  return reading('gateway/local-response', 'gateway', status >= 300 ? 0.75 : 0.5, because, {
    ...extras,
    rivals: status < 300 ? ['ok'] : undefined,
  });
}
