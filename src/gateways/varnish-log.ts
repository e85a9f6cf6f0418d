import type { HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import type { LooseExtras, WordRule } from './log-words.ts';
import { byRule, firstRule, isOf, lastMember, passedOn, quote, reading, untold } from './log-words.ts';

// FetchError of the backend request. One request has several where the fetch goes wrong in the body: the first cause comes first here.
// Measured with 7.1; `Could not get storage`, `req.body read error` and gzip are from its source.
const RULES: readonly WordRule[] = [
  { words: /chunked header non-hex|chunked header too long|no NL\b/, outcome: 'response/malformed' },
  { words: /Resource temporarily unavailable/, outcome: 'response/stalled' },
  { words: /Connection reset by peer/, outcome: 'response/truncated' },
  { words: /straight insufficient bytes|chunked read err/, outcome: 'response/truncated' },
  { words: /http format error/, outcome: 'response/malformed', sure: 0.9, rivals: ['response/headers-too-large'] },
  { words: /\boverflow\b/, outcome: 'response/headers-too-large' },
  { words: /first byte timeout/, outcome: 'response/timeout' },
  { words: /fail errno 110|fail errno 60\b/, outcome: 'connect/timeout' },
  { words: /fail errno 111|fail errno 61\b/, outcome: 'connect/refused' },
  { words: /fail errno (?:113|101|65|51)\b/, outcome: 'connect/unreachable' },
  {
    // Held down after an earlier failure to the same address: the earlier line says which.
    words: /fail errno 0\b/,
    outcome: 'connect/refused',
    sure: 0.65,
    rivals: ['connect/timeout', 'connect/unreachable', 'connect/failed'],
  },
  { words: /fail errno/, outcome: 'connect/failed', sure: 0.9 },
  { words: /: unhealthy|^unhealthy/, outcome: 'pool/none' },
  { words: /: busy|^busy/, outcome: 'pool/member-limit' },
  { words: /No backend/i, outcome: 'pool/none' },
  { words: /Could not get storage/, outcome: 'gateway/resource' },
  { words: /req\.body read error/, outcome: 'client/abort', sure: 0.8 },
  { words: /gzip/i, outcome: 'response/malformed', sure: 0.8 },
  { words: /(?:^|: |\n)timeout\b/, outcome: 'response/timeout' },
  {
    words: /HTC eof/,
    outcome: 'response/reset-before-headers',
    sure: 0.9,
    rivals: ['response/keepalive-race', 'tls/protocol-mismatch'],
  },
];

const EARLY = /HTC eof/;

function messagesOf(entries: readonly LogEntry[]): readonly string[] {
  return entries.flatMap(({ message }) => (message === undefined ? [] : message.split('\n')));
}

/** Whether the connection of the last attempt had been used before. */
function wasReused(entries: readonly LogEntry[]): boolean {
  return entries.some(({ extra, message }) =>
    /\breuse\b|reused connection/.test(
      `${extra?.['BackendOpen'] ?? extra?.['backend-open'] ?? ''} ${extra?.['connection'] ?? ''} ${message ?? ''}`,
    ),
  );
}

/** Varnish: its access log knows only that a fetch failed; the FetchError of the transaction log says why. */
export function readVarnishLog(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined {
  if (!isOf(access, 'varnish', 'varnishlog', 'combined')) return undefined;
  const details = errors.filter((error) => isOf(error, 'varnishlog'));
  if (isOf(access, 'combined') && details.length === 0) return undefined;
  const told = isOf(access, 'varnishlog') ? [access, ...details] : details;
  const member = lastMember(access) ?? told.map(lastMember).findLast((address) => address !== undefined);
  const messages = messagesOf(told).filter((message) => firstRule(RULES, message) !== undefined);
  const { status } = access;
  const isOwn = status === undefined || status === 503 || access.kind === 'error';
  // One silent repeat on a new connection when a used one was closed (never for POST): the failed try is a line of its own.
  const failedTries = messages.filter((message) => EARLY.test(message)).length;
  if (messages.length > 0 && failedTries === messages.length && !isOwn) {
    return passedOn(access, 0.95, `answered ${status} after "${quote(messages[0] ?? '')}" on another connection`, {
      member,
      failedTries,
    });
  }
  const rule = firstRule(RULES, messages.join('\n'));
  if (rule !== undefined)
    return byError(access, rule, messages, told, { member, failedTries: Math.max(0, failedTries - 1) });
  return fromAccess(access, told, { member });
}

function byError(
  access: LogEntry,
  rule: WordRule,
  messages: readonly string[],
  told: readonly LogEntry[],
  extras: LooseExtras,
): HopReading {
  const said = messages.find((message) => rule.words.test(message)) ?? messages.join(' · ');
  const because = `FetchError: "${quote(said)}"${wasReused(told) ? ' on a connection that had been used before' : ''}`;
  const waitedUs = /timeout|stalled/.test(rule.outcome) ? access.durationUs : undefined;
  const isLate = /^response\/(?:truncated|stalled)$/.test(rule.outcome);
  return byRule(isLate ? { ...rule, madeBy: 'member' } : rule, because, { ...extras, waitedUs, code: said });
}

/** Content-Length and Transfer-Encoding together (the laboratory), or a bogus length (Varnish's own tests); older versions say it in VCL_Error. */
function hasNoLength({ message, extra }: LogEntry): boolean {
  return /\bBody cannot be fetched\b/.test(`${message ?? ''}\n${extra?.['VCL_Error'] ?? ''}`);
}

function fromAccess(access: LogEntry, told: readonly LogEntry[], extras: LooseExtras): HopReading {
  const { status } = access;
  if (status === undefined) return untold('the line has no status', extras);
  const answered = [access, ...told].flatMap((entry) => entry.upstream ?? []).at(-1)?.status;
  if (status === 503 && answered === 503)
    return passedOn(access, 0.9, 'BerespStatus: the member itself answered 503', extras);
  if (status === 503 && answered !== undefined && answered < 200) {
    const because = `the member sent only an interim answer (${answered})`;
    return reading('response/malformed', 'gateway', 0.6, because, {
      ...extras,
      rivals: ['response/reset-before-headers'],
    });
  }
  if (status === 503 && told.some(hasNoLength)) {
    const because = 'Error: "Body cannot be fetched": the headers contradict each other on how the body ends';
    return reading('response/malformed', 'gateway', 0.9, because, extras);
  }
  if (status === 503) {
    const because =
      told.length > 0
        ? 'Varnish answered 503, and its transaction log has no FetchError that says why'
        : 'Varnish answers 503 whatever went wrong with the fetch; the transaction log (varnishlog) would say what';
    return reading('gateway/backend-fetch-failed', 'gateway', 0.5, because, {
      ...extras,
      rivals: [
        'member/status',
        'connect/refused',
        'connect/timeout',
        'response/timeout',
        'response/reset-before-headers',
        'response/malformed',
        'pool/none',
      ],
    });
  }
  if (status === 0 || access.clientGone === true)
    return reading('client/abort', 'client', 0.7, 'nothing was sent: the client left', extras);
  const because = status >= 500 ? `Varnish's own errors are 503: ${status} came from the member` : `answered ${status}`;
  return passedOn(access, status >= 400 ? 0.85 : 0.65, because, extras);
}
