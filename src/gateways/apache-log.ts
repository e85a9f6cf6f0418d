import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import type { LooseExtras, WordRule } from './log-words.ts';
import { byRule, firstRule, isOf, lastMember, passedOn, quote, reading, textOf, untold } from './log-words.ts';

const RACE: readonly HopOutcome[] = ['response/keepalive-race'];

// The AH number says what was tried, the errno in front of it how it ended; both are needed. Seen with httpd 2.4.71 in this lab, the
// FastCGI and AJP ones from its source. All lines of one request are tried together, so the order is from exact to general.
const RULES: readonly WordRule[] = [
  { words: /AH01590|AH02475|AH02476/, outcome: 'response/malformed' },
  { words: /\((?:70007|110)\)[^\n]*AH01110|AH01110[^\n]*\(70007\)/, outcome: 'response/stalled' },
  { words: /AH01110/, outcome: 'response/truncated' },
  { words: /AH10124/, outcome: 'response/headers-too-large' },
  { words: /\((?:70007|110)\)[^\n]*AH10404|AH10404[^\n]*\(70007\)/, outcome: 'response/timeout' },
  { words: /AH10404/, outcome: 'response/reset-before-headers' },
  // Versions without AH10404 log only this for a header that was cut or never ended.
  {
    words: /AH01106/,
    outcome: 'response/malformed',
    sure: 0.85,
    rivals: ['response/reset-before-headers', 'response/timeout'],
  },
  { words: /AH02268/, outcome: 'tls/handshake' },
  { words: /AH02276|AH02411|AH02005/, outcome: 'tls/verify' },
  { words: /AH01961|AH00961|AH01144/, outcome: 'gateway/config' },
  { words: /AH02003[\s\S]*SSL Library Error/, outcome: 'tls/handshake', sure: 0.9 },
  {
    words: /AH02003/,
    outcome: 'tls/handshake-timeout',
    sure: 0.6,
    rivals: ['tls/handshake', 'tls/protocol-mismatch', 'tls/verify'],
  },
  {
    words: /Error during SSL Handshake/,
    outcome: 'tls/handshake',
    sure: 0.5,
    rivals: ['tls/verify', 'tls/handshake-timeout', 'tls/protocol-mismatch'],
  },
  { words: /EAI -?3\b[^\n]*DNS lookup failure/, outcome: 'dns/timeout', sure: 0.8, rivals: ['dns/failed'] },
  { words: /DNS lookup failure/, outcome: 'dns/failed' },
  { words: /\((?:70007|110)\)[^\n]*AH01102|AH01102[^\n]*\(70007\)/, outcome: 'response/timeout' },
  { words: /AH01102|AH01104/, outcome: 'response/reset-before-headers', sure: 0.9, rivals: RACE },
  { words: /\(70007\)[^\n]*AH01075/, outcome: 'response/timeout' },
  { words: /AH01067|AH0089[23]|AH00878/, outcome: 'response/reset-before-headers', sure: 0.8, rivals: RACE },
  { words: /AH01382|AH01095/, outcome: 'client/timeout', sure: 0.95 },
  { words: /AH00941/, outcome: 'pool/queue-timeout' },
  { words: /AH00934/, outcome: 'pool/queue-full' },
  { words: /AH01170|AH01167|AH01171/, outcome: 'pool/none' },
  { words: /AH00940/, outcome: 'pool/member-ejected' },
  { words: /AH01084|AH01097/, outcome: 'request/send-failed', sure: 0.8 },
];

// A failed connect may be followed by one that succeeds (balancer), so these decide only when nothing else does.
const CONNECT: readonly WordRule[] = [
  { words: /\((?:111|10061|OS 10061)\)[^\n]*AH00957|AH00957[^\n]*\(111\)/, outcome: 'connect/refused' },
  { words: /\((?:70007|110|10060|OS 10060)\)[^\n]*AH00957|AH00957[^\n]*\(70007\)/, outcome: 'connect/timeout' },
  { words: /\((?:113|101)\)[^\n]*AH00957/, outcome: 'connect/unreachable' },
  { words: /\(104\)[^\n]*AH00957/, outcome: 'connect/reset' },
  { words: /\(99\)[^\n]*AH00957/, outcome: 'gateway/resource' },
  {
    words: /AH00957|AH01114|AH01079|AH00896/,
    outcome: 'connect/failed',
    sure: 0.8,
    rivals: ['connect/refused', 'connect/timeout', 'connect/unreachable'],
  },
];

/** Status of the member out of `%{proxy-status}n`: `none` where the field is logged and empty. */
function proxyStatus(access: LogEntry): number | 'none' | undefined {
  const status = access.upstream?.at(-1)?.status;
  if (status !== undefined) return status;
  const { extra } = access;
  const text = extra?.['proxy-status'];
  if (text === undefined) return access.upstream?.length === 0 ? 'none' : undefined;
  return /^\d{3}$/.test(text) ? Number(text) : 'none';
}

const isTimed = (outcome: HopOutcome): boolean => /(?:timeout|stalled)$/.test(outcome);

/** httpd: the error lines decide; the access line alone tells only whether a member answered, and only with `%{proxy-status}n`. */
export function readApacheLog(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined {
  if (!isOf(access, 'apache', 'apache-error', 'combined')) return undefined;
  const own = (access.kind === 'error' ? [access, ...errors] : errors).filter((error) => isOf(error, 'apache-error'));
  if (isOf(access, 'combined') && own.length === 0) return undefined;
  const lines = own.map(textOf);
  const text = lines.join('\n');
  const refusals = lines.filter((line) => line.includes('AH00957')).length;
  const member = lastMember(access);
  const extras: LooseExtras = {
    member: member === undefined || member === '' || member === '-' ? onlyTried(lines) : member,
  };
  if (access.clientGone === true)
    return reading('client/abort', 'client', 0.9, 'the connection status is X: the client left', extras);
  const rule = firstRule(RULES, text);
  if (rule !== undefined) return decided(access, rule, lines, { ...extras, failedTries: refusals });
  const connect =
    firstRule(CONNECT, lines.findLast((line) => firstRule(CONNECT, line)?.outcome !== 'connect/failed') ?? text) ??
    firstRule(CONNECT, text);
  if (
    connect !== undefined &&
    (access.status === undefined || access.status >= 500) &&
    typeof proxyStatus(access) !== 'number'
  ) {
    return decided(access, connect, lines, { ...extras, failedTries: Math.max(0, refusals - 1) });
  }
  return fromAccess(access, own.length > 0, { ...extras, failedTries: refusals });
}

const TRIED = /AH00957: \S+ attempt to connect to (\S+:\d+) \(/;

/** The member that could not be connected to, where the lines name one only. */
function onlyTried(lines: readonly string[]): string | undefined {
  const tried = new Set(lines.flatMap((line) => TRIED.exec(line)?.[1] ?? []));
  return tried.size === 1 ? [...tried][0] : undefined;
}

function decided(access: LogEntry, rule: WordRule, lines: readonly string[], extras: LooseExtras): HopReading {
  const said = lines.findLast((line) => rule.words.test(line)) ?? lines.join(' · ');
  const code = /AH\d{5}/.exec(said)?.[0];
  const because = `error log: "${quote(said)}"`;
  // Served as HTTP/0.9: httpd took a status line that it could not read for the body, and then waited for its end.
  if (/^response\/(?:stalled|truncated)$/.test(rule.outcome) && proxyStatus(access) === 'none') {
    const asBody = `${because}, and the member's answer had no status line`;
    return reading('response/malformed', 'member', 0.65, asBody, { ...extras, code, rivals: [rule.outcome] });
  }
  const waitedUs = isTimed(rule.outcome) && sideIsMember(rule.outcome) ? access.durationUs : undefined;
  const madeBy =
    /^response\/(?:truncated|stalled)$/.test(rule.outcome) && (access.status ?? 0) < 400 ? 'member' : undefined;
  return byRule(madeBy === undefined ? rule : { ...rule, madeBy }, because, { ...extras, code, waitedUs });
}

function sideIsMember(outcome: HopOutcome): boolean {
  return !outcome.startsWith('client/');
}

// What `%{error-notes}n` says, for logs without an error log.
const NOTES: readonly WordRule[] = [
  {
    words: /Error reading from remote server/,
    outcome: 'response/reset-before-headers',
    sure: 0.5,
    rivals: ['response/timeout', 'response/keepalive-race'],
  },
  { words: /DNS lookup failure/, outcome: 'dns/failed' },
  { words: /SSL Handshake/, outcome: 'tls/handshake', sure: 0.5, rivals: ['tls/verify', 'tls/handshake-timeout'] },
];

/** `hasErrors`: without an error line a cut answer looks like a whole one. */
function fromAccess(access: LogEntry, hasErrors: boolean, extras: LooseExtras): HopReading {
  const { status } = access;
  const told = proxyStatus(access);
  if (status === undefined) return untold('the line has no status', extras);
  if (typeof told === 'number') return compared(access, told, hasErrors, extras);
  const notes = access.kind === 'access' ? access.message : undefined;
  const rule = notes === undefined ? undefined : firstRule(NOTES, notes);
  if (rule !== undefined && notes !== undefined) return byRule(rule, `error notes: "${quote(notes)}"`, extras);
  if (status === 408)
    return reading('client/timeout', 'client', 0.8, 'httpd answered 408: the request did not come in time', extras);
  if (told === undefined) return untold('the LogFormat has no %{proxy-status}n and no error line was found', extras);
  if (status === 502 && (access.bytesSent ?? 1) === 0) {
    const because =
      '502 with nothing sent: httpd closed the connection of the client because the member had closed its own';
    return reading('response/reset-before-headers', 'gateway', 0.7, because, {
      ...extras,
      rivals: ['response/keepalive-race', 'response/timeout'],
    });
  }
  if (status < 400) {
    const because = `${status}, but no status of a member: httpd's own answer, or a member's without a status line`;
    return reading('gateway/local-response', 'gateway', 0.5, because, {
      ...extras,
      rivals: ['response/malformed', 'ok'],
    });
  }
  if (status < 500)
    return reading(
      'gateway/local-response',
      'gateway',
      0.7,
      `${status} without a status of a member: httpd's own answer`,
      extras,
    );
  return untold(`httpd itself answered ${status}; why stands only in its error log`, {
    ...extras,
    rivals: ['connect/refused', 'connect/timeout', 'response/timeout', 'response/reset-before-headers', 'pool/none'],
  });
}

function compared(access: LogEntry, told: number, hasErrors: boolean, extras: LooseExtras): HopReading {
  const { status = 0 } = access;
  if (told === status)
    return passedOn(
      access,
      status >= 400 ? 1 : hasErrors ? 0.9 : 0.65,
      `proxy-status: the member itself answered ${told}`,
      extras,
    );
  const because = `the member answered ${told}, httpd ${status}`;
  if (status >= 500 && told < 400) {
    return reading('response/malformed', 'gateway', 0.5, `${because}: what followed the status line was not accepted`, {
      ...extras,
      rivals: ['response/headers-too-large', 'response/timeout', 'response/reset-before-headers'],
    });
  }
  return reading('gateway/local-response', 'gateway', 0.6, because, { ...extras, rivals: ['member/status'] });
}
