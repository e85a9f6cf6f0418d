import type { HopReading } from '../model/hop.ts';
import type { LogEntry, UpstreamTry } from '../model/log.ts';
import type { LooseExtras, WordRule } from './log-words.ts';
import { byRule, firstRule, isOf, passedOn, quote, reading, untold } from './log-words.ts';

// Messages are `<what> while <stage>`; what and stage together are the cause. Each was seen with nginx 1.22 unless it says otherwise.
const TO_MEMBER: readonly WordRule[] = [
  { words: /no live upstreams while connecting/, outcome: 'pool/none', rivals: ['pool/member-limit'] },
  { words: /upstream timed out .* while connecting to upstream/, outcome: 'connect/timeout' },
  { words: /upstream timed out .* while SSL handshaking/, outcome: 'tls/handshake-timeout' },
  { words: /upstream timed out .* while sending request/, outcome: 'request/send-timeout' },
  { words: /upstream timed out .* while reading response header/, outcome: 'response/timeout' },
  { words: /upstream timed out .* while reading upstream/, outcome: 'response/stalled' },
  // `<member> failed (111: Connection refused)`: numbers of errno on Linux; 10061 and 10060 are those of Windows.
  { words: /\((?:111|10061): .*while connecting to upstream/, outcome: 'connect/refused' },
  { words: /\((?:110|10060): .*while connecting to upstream/, outcome: 'connect/timeout' },
  {
    words: /\((?:113|101|10051|10065): .*while connecting to upstream|unix:\S+ failed \(2: /,
    outcome: 'connect/unreachable',
  },
  { words: /\((?:104|10054): .*while connecting to upstream/, outcome: 'connect/reset' },
  { words: /\(99: .*while connecting to upstream|\(24: Too many open files\)/, outcome: 'gateway/resource' },
  { words: /worker_connections are not enough/, outcome: 'gateway/resource' },
  { words: /unix:\S+ failed \(11: /, outcome: 'pool/member-limit' },
  { words: /connect\(\) .*failed \(13: Permission denied\)/, outcome: 'gateway/config' },
  { words: /upstream SSL certificate (?:verify error|does not match)/, outcome: 'tls/verify' },
  {
    words: /(?:wrong version number|packet length too long).* while SSL handshaking/,
    outcome: 'tls/protocol-mismatch',
  },
  { words: /while SSL handshaking to upstream|peer closed connection in SSL handshake/, outcome: 'tls/handshake' },
  { words: /upstream sent too big header/, outcome: 'response/headers-too-large' },
  { words: /upstream sent more data than specified/, outcome: 'response/excess-data' },
  {
    words: /upstream sent (?:no valid|invalid|duplicate header|"(?:Transfer-Encoding|Content-Length)" and)/,
    outcome: 'response/malformed',
  },
  {
    words: /(?:prematurely closed connection|failed \((?:104|10054): .*|failed \(32: .*) while reading response header/,
    outcome: 'response/reset-before-headers',
    rivals: ['response/keepalive-race'],
  },
  {
    words:
      /(?:upstream prematurely closed connection|failed \((?:104|10054): .*) while (?:reading upstream|sending to client)/,
    outcome: 'response/truncated',
  },
  { words: /failed \((?:32|104): .* while sending request to upstream/, outcome: 'request/send-failed' },
];

const OWN: readonly WordRule[] = [
  { words: /could not be resolved \(3: |host not found in upstream/, outcome: 'dns/failed' },
  { words: /could not be resolved \(110: /, outcome: 'dns/timeout' },
  { words: /could not be resolved \(/, outcome: 'dns/failed' },
  { words: /no resolver defined to resolve/, outcome: 'gateway/config' },
  { words: /limiting requests, excess/, outcome: 'gateway/rate-limit' },
  { words: /limiting connections by zone/, outcome: 'gateway/conn-limit' },
  { words: /client prematurely closed connection|client closed connection/, outcome: 'client/abort' },
  { words: /client intended to send too large|client sent too (?:long|large)/, outcome: 'client/too-large' },
  { words: /client timed out/, outcome: 'client/timeout' },
  { words: /client (?:SSL certificate verify error|sent no required SSL certificate)/, outcome: 'client/tls' },
  { words: /client sent (?:plain HTTP request|invalid)/, outcome: 'client/bad-request' },
  { words: /access forbidden by rule/, outcome: 'gateway/denied' },
  { words: /rewrite or internal redirection cycle/, outcome: 'gateway/config' },
  // A file of its own that is not there: no member was meant.
  { words: /failed \(2: No such file or directory\)/, outcome: 'gateway/local-response' },
];

type OwnStatus = Pick<WordRule, 'outcome' | 'sure' | 'rivals'>;

const OWN_STATUS: Readonly<Record<number, OwnStatus>> = {
  // Also what clients get for its internal 494 to 497: too large headers, certificates, plain HTTP on a TLS port.
  400: { outcome: 'client/bad-request', sure: 0.65, rivals: ['client/too-large', 'client/tls'] },
  408: { outcome: 'client/timeout', sure: 0.9 },
  413: { outcome: 'client/too-large', sure: 0.9 },
  414: { outcome: 'client/too-large', sure: 0.9 },
  444: { outcome: 'gateway/denied', sure: 0.9 },
};

/** Attempts that ended without an answer, before the last. Their error lines are about them, not about what the client got. */
function failedBefore(tries: readonly UpstreamTry[]): number {
  return tries.slice(0, -1).filter(({ headerUs }) => headerUs === undefined).length;
}

/** Members are addresses (`10.0.0.1:80`, `[::1]:80`, `unix:…`); a bare name is that of the group: no member was chosen. */
function isGroupName(address: string): boolean {
  return !/^(?:unix:.+|\[[^\]]*\]:\d+|[^:]+:\d+)$/.test(address);
}

function isAbout(error: LogEntry, address: string): boolean {
  if (error.upstream !== undefined) return error.upstream.some((one) => one.address === address);
  return error.message?.includes(`//${address}/`) === true;
}

/** The error line that decides: about the last member where lines name members, else the last that says anything. */
function decisive(errors: readonly LogEntry[], member: string | undefined) {
  const told = errors.flatMap((error) => {
    const message = error.message ?? '';
    const rule = firstRule(TO_MEMBER, message) ?? firstRule(OWN, message);
    return rule === undefined ? [] : [{ error, rule, message }];
  });
  const ofMember = member === undefined ? [] : told.filter(({ error }) => isAbout(error, member));
  return (ofMember.length > 0 ? ofMember : told).at(-1);
}

/** nginx's own lines: the last attempt decides, and a member answered exactly when its header time is a number. */
export function readNginxLog(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined {
  if (!isOf(access, 'nginx', 'nginx-error', 'combined')) return undefined;
  const own = errors.filter((error) => isOf(error, 'nginx-error'));
  if (access.kind === 'error') return fromErrors([access, ...own], access, undefined, {});
  if (isOf(access, 'combined') && own.length === 0) return undefined;
  const tries = access.upstream;
  const last = tries?.at(-1);
  const extras: LooseExtras = {
    member: last === undefined || isGroupName(last.address) ? undefined : last.address,
    failedTries: tries === undefined ? undefined : failedBefore(tries),
  };
  if (access.status === 499 || access.clientGone === true) {
    return reading('client/abort', 'client', 1, 'status 499: the client left before the answer', {
      ...extras,
      code: '499',
    });
  }
  if (access.status === 9) {
    const because = 'status 009: the member answered something that is not HTTP, and it was passed on as it was';
    return reading('response/malformed', 'member', 1, because, { ...extras, code: '009' });
  }
  if (last?.headerUs !== undefined) return answered(access, own, last, extras);
  if (last === undefined && (access.status ?? 500) < 400) {
    const repeated = answeredAfter(access, own);
    if (repeated !== undefined) return repeated;
  }
  return fromErrors(own, access, last, extras) ?? fromTimes(access, last, extras);
}

const BEFORE_HEADER =
  /while (?:connecting to|SSL handshaking to|sending request to|reading response header from) upstream/;

/** Without times of members: an attempt failed, and the client got a good answer, from another member or, rarely, from an error_page. */
function answeredAfter(access: LogEntry, own: readonly LogEntry[]): HopReading | undefined {
  const failed = own.filter(
    ({ level, message = '' }) =>
      level !== 'warn' && BEFORE_HEADER.test(message) && firstRule(TO_MEMBER, message) !== undefined,
  );
  const [first] = failed;
  if (first === undefined || failed.some(({ message = '' }) => /no live upstreams/.test(message))) return undefined;
  const because = `answered ${access.status} after "${quote(first.message ?? '')}" at another member`;
  return passedOn(access, 0.8, because, { failedTries: failed.length });
}

/** A header came: the status is the member's. What went wrong later stands only in the error log. */
function answered(access: LogEntry, own: readonly LogEntry[], last: UpstreamTry, extras: LooseExtras): HopReading {
  const { status } = access;
  const later = decisive(own, undefined);
  if (later !== undefined && /while (?:reading upstream|sending to client)/.test(later.message)) {
    if (later.rule.outcome === 'response/excess-data') {
      const because = `passed on with ${status}, though "${quote(later.message)}"`;
      return reading('response/excess-data', 'member', 1, because, extras);
    }
    const waitedUs = later.rule.outcome === 'response/stalled' ? waitedAfterHeader(last) : undefined;
    return byRule({ ...later.rule, madeBy: 'member' }, `error log: "${quote(later.message)}"`, { ...extras, waitedUs });
  }
  if (status === 100) {
    // RFC 9110 15.2: an interim answer is never the last one.
    return reading('response/malformed', 'member', 0.8, 'the interim answer 100 was logged as the final one', extras);
  }
  const because = `upstream header time is a number: the member itself answered ${last.status ?? status}`;
  if (last.status !== undefined && status !== undefined && last.status !== status && status >= 400) {
    const rewritten = `the member answered ${last.status}, nginx ${status} (intercepted or internal)`;
    return reading('gateway/local-response', 'gateway', 0.6, rewritten, { ...extras, rivals: ['member/status'] });
  }
  // Without an error line a cut answer looks like a whole one.
  const isMaybeCut = own.length === 0 && (status ?? 0) < 400;
  return passedOn(access, isMaybeCut ? 0.65 : 1, because, extras);
}

function waitedAfterHeader({ headerUs, responseUs }: UpstreamTry): number | undefined {
  return headerUs === undefined || responseUs === undefined ? undefined : Math.max(0, responseUs - headerUs);
}

function fromErrors(
  own: readonly LogEntry[],
  access: LogEntry,
  last: UpstreamTry | undefined,
  extras: LooseExtras,
): HopReading | undefined {
  const found = decisive(own, last?.address);
  if (found === undefined) return undefined;
  const { rule, message, error } = found;
  // Of an access log without $upstream_addr the error line tells the member.
  const named = error.upstream?.at(-1)?.address;
  const member = extras.member ?? (named === undefined || isGroupName(named) ? undefined : named);
  const isTimeout = /timeout$/.test(rule.outcome);
  const waitedUs = isTimeout ? (last?.responseUs ?? access.durationUs) : undefined;
  const isEjection = own.some((error) => /temporarily disabled/.test(error.message ?? ''));
  // With max_conns the same line appears, but then no member was disabled before: rivals stay (measured).
  const rivals = rule.outcome === 'pool/none' && !isEjection ? rule.rivals : undefined;
  const isRace = rule.outcome === 'response/reset-before-headers';
  return byRule(
    {
      words: rule.words,
      outcome: rule.outcome,
      sure: rule.outcome === 'pool/none' && !isEjection ? 0.65 : isRace ? 0.9 : 1,
    },
    `error log: "${quote(message)}"`,
    { ...extras, member, waitedUs, rivals: isRace ? ['response/keepalive-race'] : rivals },
  );
}

/** An empty time means that a step was not reached, but only in a line that has such times: the bytes received tell that, too. */
function hasTimes(tries: readonly UpstreamTry[]): boolean {
  return tries.some(({ connectUs, headerUs, bytesReceived }) => (connectUs ?? headerUs ?? bytesReceived) !== undefined);
}

/** Without an error line: which of the times the last attempt reached. */
function fromTimes(access: LogEntry, last: UpstreamTry | undefined, extras: LooseExtras): HopReading {
  const { status, upstream } = access;
  if (upstream === undefined) return untold('the log_format has no $upstream_addr and no error line was found', extras);
  if (last === undefined) return ownAnswer(access, extras);
  if (isGroupName(last.address)) {
    const because = `$upstream_addr is the group ${last.address}: no member was free`;
    return reading('pool/none', 'gateway', 0.65, because, { ...extras, rivals: ['pool/member-limit'] });
  }
  if (status !== undefined && status < 400) {
    // nginx itself puts only 502 and 504 into $upstream_status: a lower one came from a member, also where no times are logged.
    if (last.status === status)
      return passedOn(access, 0.65, `$upstream_status ${status}: the member answered`, extras);
    return untold(`status ${status} without $upstream_header_time: it does not say whether a member answered`, extras);
  }
  if (!hasTimes(upstream)) {
    return untold(
      'the log_format has neither $upstream_connect_time nor $upstream_header_time, and no error line was found',
      {
        ...extras,
        rivals: ['member/status', 'connect/failed', 'response/timeout', 'response/reset-before-headers'],
      },
    );
  }
  const isTimeout = (last.status ?? status) === 504;
  if (last.connectUs === undefined) {
    const because = `$upstream_connect_time is empty with ${status}: the connection was not finished`;
    return isTimeout
      ? reading('connect/timeout', 'gateway', 0.65, because, {
          ...extras,
          waitedUs: last.responseUs,
          rivals: ['tls/handshake-timeout', 'response/timeout'],
        })
      : reading('connect/failed', 'gateway', 0.6, because, {
          ...extras,
          rivals: ['connect/refused', 'connect/unreachable', 'tls/verify', 'tls/handshake'],
        });
  }
  const because = `connected, but $upstream_header_time is empty with ${status}`;
  if (isTimeout) {
    return reading('response/timeout', 'gateway', 0.85, because, {
      ...extras,
      waitedUs: last.responseUs,
      rivals: ['request/send-timeout'],
    });
  }
  const received = last.bytesReceived;
  const isSilent = received === 0;
  return reading('response/reset-before-headers', 'gateway', isSilent ? 0.65 : 0.5, because, {
    ...extras,
    rivals: ['response/malformed', 'response/headers-too-large', 'response/keepalive-race', 'request/send-failed'],
  });
}

function ownAnswer(access: LogEntry, extras: LooseExtras): HopReading {
  const { status } = access;
  const because = `no member was asked ($upstream_addr is empty), and nginx answered ${status}`;
  const own = status === undefined ? undefined : OWN_STATUS[status];
  if (own !== undefined) return byRule({ words: /$/, ...own }, because, extras);
  return reading('gateway/local-response', 'gateway', (status ?? 500) < 500 ? 0.8 : 0.6, because, {
    ...extras,
    rivals: ['gateway/rate-limit', 'gateway/conn-limit', 'dns/failed', 'gateway/config'],
  });
}
