import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry, UpstreamTry } from '../model/log.ts';
import { formatDuration } from '../model/quantity.ts';
import type { LooseExtras } from './log-words.ts';
import { isOf, passedOn, reading, untold } from './log-words.ts';

const SEC = 1_000_000;
/** The connect timer, which cannot be changed (AWS documentation). */
const CONNECT_US = 10 * SEC;

type Meaning = { readonly outcome: HopOutcome; readonly sure: number };

// Statuses that are the balancer's alone (AWS documentation).
const OWN: Readonly<Record<number, Meaning>> = {
  400: { outcome: 'client/bad-request', sure: 0.85 },
  401: { outcome: 'gateway/denied', sure: 0.85 },
  403: { outcome: 'gateway/denied', sure: 0.9 },
  405: { outcome: 'client/bad-request', sure: 0.85 },
  408: { outcome: 'client/timeout', sure: 0.9 },
  413: { outcome: 'client/too-large', sure: 0.9 },
  414: { outcome: 'client/too-large', sure: 0.9 },
  460: { outcome: 'client/abort', sure: 1 },
  463: { outcome: 'client/bad-request', sure: 1 },
  464: { outcome: 'gateway/config', sure: 0.95 },
  500: { outcome: 'gateway/internal', sure: 0.7 },
  501: { outcome: 'client/bad-request', sure: 0.85 },
  505: { outcome: 'client/bad-request', sure: 0.85 },
  507: { outcome: 'gateway/config', sure: 0.9 },
  561: { outcome: 'gateway/denied', sure: 0.9 },
};

const REASONS: Readonly<Record<string, Meaning>> = {
  LambdaThrottling: { outcome: 'pool/queue-full', sure: 0.9 },
  LambdaConnectionTimeout: { outcome: 'connect/timeout', sure: 0.95 },
  LambdaInvalidResponse: { outcome: 'response/malformed', sure: 0.95 },
  LambdaResponseTooLarge: { outcome: 'response/malformed', sure: 0.9 },
  LambdaUnhandled: { outcome: 'member/status', sure: 0.85 },
  LambdaServiceException: { outcome: 'gateway/internal', sure: 0.8 },
  LambdaAccessDenied: { outcome: 'gateway/config', sure: 0.95 },
  LambdaResourceNotFound: { outcome: 'gateway/config', sure: 0.95 },
  LambdaRequestTooLarge: { outcome: 'client/too-large', sure: 0.95 },
};

function reasonOf({ flags, extra }: LogEntry): string | undefined {
  const text = [flags, extra?.['error_reason'], extra?.['error-reason']].find(
    (part) => part !== undefined && part !== '-' && part !== '',
  );
  return text !== undefined && REASONS[text] !== undefined ? text : undefined;
}

/** Application Load Balancer: both statuses and the three times, of which -1 (left out here) says how far it came. */
export function readAlbLog(access: LogEntry): HopReading | undefined {
  if (!isOf(access, 'aws-alb')) return undefined;
  const { status, upstream } = access;
  const last = upstream?.at(-1);
  const named = last?.address === '-' || last?.address === '' ? undefined : last?.address;
  const extras: LooseExtras = { member: named };
  if (status === undefined) return untold('the line has no elb_status_code', extras);
  const reason = reasonOf(access);
  const meant = reason === undefined ? undefined : REASONS[reason];
  if (reason !== undefined && meant !== undefined) {
    const madeBy =
      meant.outcome === 'member/status' ? 'member' : meant.outcome.startsWith('client/') ? 'client' : 'gateway';
    return reading(meant.outcome, madeBy, meant.sure, `error_reason ${reason}`, { ...extras, code: reason });
  }
  if (last?.status !== undefined) return answered(access, status, last.status, extras);
  if (status === 502) return badGateway(access, last, extras);
  if (status === 504) return timedOut(access, last, extras);
  if (status === 503) {
    if (named === undefined)
      return reading('pool/none', 'gateway', 0.95, '503 without a target: the target group has none', {
        ...extras,
        code: '503',
      });
    return reading('pool/none', 'gateway', 0.6, '503 without an answer of the target', {
      ...extras,
      code: '503',
      rivals: ['gateway/internal'],
    });
  }
  const own = OWN[status];
  if (own !== undefined) {
    const madeBy = own.outcome.startsWith('client/') ? 'client' : 'gateway';
    return reading(own.outcome, madeBy, own.sure, `${status} without a target_status_code: the balancer's own`, {
      ...extras,
      code: String(status),
    });
  }
  if (status === 0)
    return reading('client/too-large', 'client', 0.6, 'no status: the balancer closed the connection', {
      ...extras,
      rivals: ['client/abort'],
    });
  return reading(
    'gateway/local-response',
    'gateway',
    0.85,
    `${status} without a target_status_code: answered by a rule`,
    extras,
  );
}

function answered(access: LogEntry, status: number, target: number, extras: LooseExtras): HopReading {
  if (target === status)
    return passedOn(access, 1, `target_status_code ${target}: the target itself answered it`, extras);
  const because = `target_status_code ${target}, but the balancer answered ${status}`;
  // The balancer waits for the bytes that Content-Length promised (AWS documentation).
  if (status === 504)
    return reading('response/truncated', 'gateway', 0.85, because, {
      ...extras,
      waitedUs: access.durationUs,
      rivals: ['response/stalled'],
    });
  if (status === 460) return reading('client/abort', 'client', 0.95, because, { ...extras, code: '460' });
  return reading('response/malformed', 'gateway', 0.5, because, {
    ...extras,
    rivals: ['response/truncated', 'response/headers-too-large'],
  });
}

function badGateway(access: LogEntry, last: UpstreamTry | undefined, extras: LooseExtras): HopReading {
  const code = '502';
  if (extras.member === undefined)
    return untold('502 without a target: the line does not say what the balancer tried', { ...extras, code });
  if (
    access.queueUs === undefined &&
    last?.connectUs === undefined &&
    access.extra?.['request_processing_time']?.startsWith('-1') === true
  ) {
    const because = '502 with request_processing_time -1: the request could not be sent to the target';
    return reading('connect/refused', 'gateway', 0.6, because, {
      ...extras,
      code,
      rivals: ['connect/reset', 'tls/handshake', 'connect/unreachable'],
    });
  }
  const because = '502 without a target_status_code: the target closed, or its answer was not valid';
  return reading('response/reset-before-headers', 'gateway', 0.55, because, {
    ...extras,
    code,
    rivals: [
      'response/keepalive-race',
      'response/malformed',
      'response/headers-too-large',
      'connect/refused',
      'tls/handshake',
    ],
  });
}

function timedOut(access: LogEntry, last: UpstreamTry | undefined, extras: LooseExtras): HopReading {
  const { durationUs } = access;
  const waitedUs = durationUs ?? last?.responseUs;
  const after = waitedUs === undefined ? '' : ` after ${formatDuration(waitedUs)}`;
  const because = `504 without a target_status_code${after}`;
  const more: LooseExtras = { ...extras, code: '504', waitedUs };
  // 10 s for the connection, and 10 s for the handshake; the idle timer is 60 s by default.
  if (waitedUs !== undefined && Math.abs(waitedUs - CONNECT_US) < 0.5 * SEC) {
    return reading('connect/timeout', 'gateway', 0.65, because, {
      ...more,
      rivals: ['tls/handshake-timeout', 'response/timeout'],
    });
  }
  const isLong = waitedUs !== undefined && waitedUs > 15 * SEC;
  return reading('response/timeout', 'gateway', isLong ? 0.85 : 0.6, because, {
    ...more,
    rivals: isLong ? ['request/send-timeout'] : ['connect/timeout', 'tls/handshake-timeout'],
  });
}
