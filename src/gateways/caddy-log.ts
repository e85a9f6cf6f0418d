import type { HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import { GO_ERRORS } from './go-errors.ts';
import type { LooseExtras, WordRule } from './log-words.ts';
import { byRule, firstRule, isOf, lastMember, passedOn, quote, reading, untold } from './log-words.ts';

// Once the status was sent, Caddy can only say that it broke off. The texts with them say why.
const IN_BODY = /reading from backend|aborting with incomplete response/;
const BODY_RULES: readonly WordRule[] = [
  { words: /i\/o timeout/, outcome: 'response/stalled' },
  { words: /invalid byte in chunk|malformed chunked/, outcome: 'response/malformed' },
  { words: /context canceled|broken pipe/, outcome: 'client/abort', sure: 0.8, rivals: ['response/truncated'] },
  { words: /./, outcome: 'response/truncated' },
];

type Said = { readonly message: string; readonly error: string };

function said(entry: LogEntry): Said {
  return { message: entry.message ?? '', error: entry.extra?.['error'] ?? '' };
}

/** Caddy: its error entry holds the text of the failure; an access entry alone only whether the body was empty. */
export function readCaddyLog(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined {
  if (!isOf(access, 'caddy')) return undefined;
  const lines = [...errors, ...(access.kind === 'error' ? [access] : [])]
    .filter((error) => isOf(error, 'caddy') && error.kind === 'error')
    .map(said);
  const extras: LooseExtras = { member: lastMember(access), failedTries: access.retries };
  const inBody = lines.filter(({ message }) => IN_BODY.test(message));
  const body = inBody.find(({ error }) => error !== '') ?? inBody[0];
  if (body !== undefined) {
    const rule = firstRule(BODY_RULES, body.error === '' ? body.message : body.error);
    if (rule !== undefined) return inBodyReading(access, rule, body, extras);
  }
  for (const { message } of lines) {
    const rule = firstRule(GO_ERRORS, message);
    if (rule === undefined) continue;
    const waitedUs = /timeout/.test(rule.outcome) ? access.durationUs : undefined;
    return byRule(rule, `error entry: "${quote(message)}"`, { ...extras, waitedUs });
  }
  return fromAccess(access, extras);
}

function inBodyReading(access: LogEntry, rule: WordRule, { message, error }: Said, extras: LooseExtras): HopReading {
  const because = `error entry: "${quote(error === '' ? message : `${message}: ${error}`)}"`;
  if (rule.outcome === 'client/abort') return byRule(rule, because, extras);
  const waitedUs = rule.outcome === 'response/stalled' ? access.durationUs : undefined;
  return byRule({ ...rule, madeBy: 'member' }, because, { ...extras, waitedUs });
}

function fromAccess(access: LogEntry, extras: LooseExtras): HopReading {
  const { status, bytesSent } = access;
  if (status === undefined) return untold('the entry has no status', extras);
  if (status === 499 || status === 0) {
    const because = `status ${status}: no answer was written before the request ended`;
    return reading('client/abort', 'client', status === 499 ? 0.95 : 0.8, because, {
      ...extras,
      rivals: status === 0 ? ['gateway/no-route'] : undefined,
    });
  }
  if (status < 500) {
    const because = `answered ${status} without an error entry; the access log does not name members`;
    return passedOn(access, 0.65, because, { ...extras, rivals: ['gateway/local-response'] });
  }
  // Caddy's own errors have no body (32 of 32 in the lab).
  if (bytesSent !== undefined && bytesSent > 0)
    return passedOn(access, 0.85, `${status} with a body: Caddy's own errors have none`, extras);
  const because = `${status} without a body, and no error entry was found`;
  if (status === 504)
    return reading('response/timeout', 'gateway', 0.5, because, {
      ...extras,
      waitedUs: access.durationUs,
      rivals: ['member/status'],
    });
  if (status === 503)
    return reading('pool/none', 'gateway', 0.5, because, { ...extras, rivals: ['pool/member-limit', 'member/status'] });
  return untold(because, {
    ...extras,
    rivals: ['connect/refused', 'connect/timeout', 'response/reset-before-headers', 'tls/verify', 'dns/failed'],
  });
}
