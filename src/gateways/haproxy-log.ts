import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import { formatDuration } from '../model/quantity.ts';
import type { LooseExtras } from './log-words.ts';
import { isOf, lastMember, passedOn, reading, untold } from './log-words.ts';

type Timers = { readonly before?: number; readonly connect?: number; readonly answer?: number; readonly all?: number };
type Line = {
  readonly access: LogEntry;
  readonly state: string;
  readonly isUnassigned: boolean;
  /** µs; undefined where the line has -1 or nothing. */
  readonly waitedFor: { readonly connect?: number | undefined; readonly answer?: number | undefined };
  readonly extras: LooseExtras;
};

/** Milliseconds of a timer field as µs; undefined for -1 and what is missing. */
function timer(access: LogEntry, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const text = access.extra?.[name];
    if (text !== undefined && /^\+?\d+$/.test(text)) return Number(text) * 1_000;
  }
  return undefined;
}

/** Whether the field is there and says -1: not reached. */
function isNotReached(access: LogEntry, name: string): boolean {
  return access.extra?.[name]?.startsWith('-') === true;
}

function timersOf(access: LogEntry): Timers {
  const request = timer(access, 'TR', 'Tq') ?? 0;
  const queue = timer(access, 'Tw') ?? access.queueUs ?? 0;
  const connect = timer(access, 'Tc');
  const answer = timer(access, 'Tr');
  const all = timer(access, 'Ta', 'Tt') ?? access.durationUs;
  return {
    before: request + queue,
    ...(connect === undefined ? {} : { connect }),
    ...(answer === undefined ? {} : { answer }),
    ...(all === undefined ? {} : { all }),
  };
}

// Fields that users log behind the request: `bc_err=34/SSL handshake failure ssl_bc_err=… dst=…`, up to the next name.
const ERROR_FIELD = /\b(?:ssl_)?bc_err\w*=(.*?)(?= \w+=|$)/g;

/** What `%[bc_err_str]` and `%[ssl_bc_err_str]` say; empty when they are logged and say nothing; undefined when they are not logged. */
function backendError({ extra }: LogEntry): string | undefined {
  const suffix = extra?.['suffix'] ?? '';
  const fields = [...suffix.slice(0, 2_000).matchAll(ERROR_FIELD)].map(([, value]) => value ?? '');
  const values =
    fields.length > 0 ? fields : [extra?.['bc_err'], extra?.['ssl_bc_err']].filter((one) => one !== undefined);
  if (values.length === 0) return undefined;
  return values.filter((value) => !/^[-/]*$/.test(value)).join('; ');
}

function lineOf(access: LogEntry): Line | undefined {
  const state = access.flags;
  if (state === undefined) return undefined;
  const { before = 0, connect, all } = timersOf(access);
  const member = lastMember(access);
  const isUnassigned = member === undefined || member.includes('<NOSRV>');
  const since = (start: number | undefined): number | undefined =>
    all === undefined || start === undefined ? undefined : Math.max(0, all - start);
  return {
    access,
    state,
    isUnassigned,
    waitedFor: { connect: since(before), answer: since(connect === undefined ? undefined : before + connect) },
    extras: {
      code: state,
      member: isUnassigned ? undefined : member,
      failedTries: access.retries,
    },
  };
}

const CERTIFICATE = /certificate|verify failed|\b3[23]\//i;

/** `SC`: the server, or the way to it, refused while a connection was being made. */
function serverRefused({ access, isUnassigned, waitedFor, extras, state }: Line): HopReading {
  if (isUnassigned) {
    const because = `${state} and <NOSRV>: no server of the backend is up`;
    return reading('pool/none', 'gateway', 0.95, because, extras);
  }
  const error = backendError(access);
  const because = `${state} with Tc -1: the connection was not made`;
  // Measured: a refused connect leaves both fields empty, a rejected certificate does not.
  if (error === '')
    return reading('connect/refused', 'gateway', 0.8, `${because}, and bc_err is empty`, {
      ...extras,
      rivals: ['connect/unreachable', 'connect/reset'],
    });
  if (error !== undefined && CERTIFICATE.test(error)) {
    return reading('tls/verify', 'gateway', 1, `${state}, and the line says: ${error}`, extras);
  }
  if (error !== undefined && /handshake/i.test(error))
    return reading('tls/handshake', 'gateway', 0.9, `${state}, and the line says: ${error}`, extras);
  if (error !== undefined && /refused/i.test(error))
    return reading('connect/refused', 'gateway', 1, `${state}, and the line says: ${error}`, extras);
  // httplog shows the same for a refused connect and a rejected certificate (measured with 2.6): only bc_err would tell.
  return reading('connect/refused', 'gateway', 0.6, `${because}; without %[bc_err] refused and TLS look alike`, {
    ...extras,
    waitedUs: waitedFor.connect,
    rivals: ['tls/verify', 'tls/handshake', 'connect/unreachable', 'connect/reset', 'gateway/resource'],
  });
}

type StateRule = {
  readonly outcome: HopOutcome;
  readonly sure: number;
  readonly says: string;
  readonly rivals?: readonly HopOutcome[];
  readonly waited?: 'connect' | 'answer' | 'queue';
};

// First character: who ended it; second: in which state (HAProxy configuration manual, 8.5). Rivals: what looks the same in the lab.
const STATES: Readonly<Record<string, StateRule>> = {
  sC: {
    outcome: 'connect/timeout',
    sure: 0.65,
    says: 'the connect timer ended, (retries + 1) times',
    rivals: ['tls/handshake-timeout'],
    waited: 'connect',
  },
  SH: {
    outcome: 'response/reset-before-headers',
    sure: 0.65,
    says: 'the server closed before the headers were complete',
    rivals: ['response/keepalive-race', 'tls/handshake', 'tls/protocol-mismatch', 'response/truncated'],
  },
  sH: { outcome: 'response/timeout', sure: 0.95, says: 'the server timer ended before the headers', waited: 'answer' },
  PH: {
    outcome: 'response/malformed',
    sure: 0.65,
    says: 'the headers were not acceptable',
    rivals: ['response/headers-too-large', 'gateway/denied'],
  },
  SD: { outcome: 'response/truncated', sure: 0.95, says: 'the server closed in the middle of the answer' },
  sD: {
    outcome: 'response/stalled',
    sure: 0.8,
    says: 'the server timer ended in the middle of the answer',
    rivals: ['client/abort'],
    waited: 'answer',
  },
  PD: { outcome: 'response/malformed', sure: 0.8, says: 'the framing of the body was not valid' },
  sQ: { outcome: 'pool/queue-timeout', sure: 1, says: 'the queue timer ended', waited: 'queue' },
  SQ: { outcome: 'pool/queue-full', sure: 0.5, says: 'ended in the queue', rivals: ['pool/member-down'] },
  PQ: { outcome: 'pool/queue-full', sure: 0.6, says: 'a limit ended it in the queue', rivals: ['gateway/denied'] },
  PT: { outcome: 'gateway/denied', sure: 1, says: 'the request was tarpitted' },
  cR: { outcome: 'client/timeout', sure: 1, says: 'the client did not send its request in time' },
  cH: { outcome: 'client/timeout', sure: 0.9, says: 'the client did not send its body in time' },
  cD: { outcome: 'client/timeout', sure: 0.9, says: 'the client stopped reading or sending' },
  cL: { outcome: 'client/timeout', sure: 0.9, says: 'the client did not take the last data' },
  CT: { outcome: 'client/abort', sure: 0.9, says: 'the client left the tarpit' },
  LR: { outcome: 'gateway/local-response', sure: 1, says: 'answered by a rule of HAProxy itself' },
  LH: { outcome: 'gateway/local-response', sure: 0.95, says: 'answered by a response rule of HAProxy itself' },
  LC: { outcome: 'gateway/local-response', sure: 0.95, says: 'redirected by the server line' },
};

// First characters whose meaning does not depend on the state.
const ENDERS: Readonly<Record<string, StateRule>> = {
  C: { outcome: 'client/abort', sure: 0.95, says: 'the client left' },
  R: { outcome: 'gateway/resource', sure: 0.95, says: 'HAProxy had no more sockets, ports or memory' },
  I: { outcome: 'gateway/internal', sure: 0.95, says: 'an internal error' },
  D: { outcome: 'pool/member-down', sure: 0.95, says: 'cut because the server was marked down' },
  U: { outcome: 'pool/member-drain', sure: 0.95, says: 'cut on the backup because a server came back' },
  K: { outcome: 'gateway/shutdown', sure: 0.9, says: 'cut by an administrator' },
};

/** `PR`: refused while the request was read: a bad request, or a rule of the configuration. */
function requestRefused({ access, extras, state }: Line): HopReading {
  const { status } = access;
  const isBad = status === 400 || access.method === undefined || access.method === '<BADREQ>';
  if (isBad)
    return reading('client/bad-request', 'client', 0.8, `${state} with ${status}: not a valid request`, extras);
  const outcome = status === 429 ? 'gateway/rate-limit' : 'gateway/denied';
  return reading(outcome, 'gateway', 0.95, `${state} with ${status}: a rule of HAProxy refused it`, extras);
}

/** HAProxy's termination state, its timers and the server it names. */
export function readHaproxyLog(access: LogEntry): HopReading | undefined {
  if (!isOf(access, 'haproxy') || access.kind !== 'access') return undefined;
  const line = lineOf(access);
  if (line === undefined) return untold('the line has no termination state');
  const { state, extras, waitedFor } = line;
  const two = state.slice(0, 2);
  if (two === '--') return ended(line);
  if (two === 'SC') return serverRefused(line);
  if (two === 'PR') return requestRefused(line);
  const rule = STATES[two] ?? ENDERS[state.charAt(0)];
  if (rule === undefined) return untold(`the termination state ${state} is not known`, extras);
  if (two === 'sC' && isNotReached(access, 'Tc') === false && access.extra?.['Tc'] !== undefined) {
    return untold(`${state}, but Tc says that the connection was made`, extras);
  }
  const tlsAlert = two === 'SH' && /handshake|alert|SSL/i.test(backendError(access) ?? '');
  if (tlsAlert)
    return reading('tls/handshake', 'gateway', 0.9, `${state}, and the line says: ${backendError(access)}`, extras);
  const waitedUs =
    rule.waited === 'queue'
      ? (timer(access, 'Tw') ?? access.queueUs)
      : rule.waited === undefined
        ? undefined
        : waitedFor[rule.waited];
  const after = waitedUs === undefined ? '' : ` after ${formatDuration(waitedUs)}`;
  const madeBy = rule.outcome.startsWith('client/') ? 'client' : 'gateway';
  return reading(rule.outcome, madeBy, rule.sure, `${state}: ${rule.says}${after}`, {
    ...extras,
    waitedUs,
    rivals: rule.rivals,
  });
}

/** Which server it could not reach, the line does not say: it names the last one only. */
function retriedText({ retries = 0, extra }: LogEntry): string {
  if (retries === 0) return '';
  const where = extra?.['redispatched'] === 'yes' ? 'another server than the first' : 'this server';
  return ` after ${retries === 1 ? 'one attempt more' : `${retries} attempts more`}, the last at ${where}; unless retry-on says otherwise, HAProxy repeats only what it could not connect`;
}

/** `--`: ended as it should. The member answered exactly when Tr is not -1. */
function ended({ access, extras, state, isUnassigned }: Line): HopReading {
  const answer = timer(access, 'Tr');
  if (answer !== undefined)
    return passedOn(
      access,
      1,
      `${state} with Tr ${formatDuration(answer)}: the server answered${retriedText(access)}`,
      extras,
    );
  if (isNotReached(access, 'Tr') || isUnassigned) {
    return reading('gateway/local-response', 'gateway', 0.8, `${state} without an answer of a server`, extras);
  }
  return untold(`${state}, but the line has no timers: it does not say whether a server answered`, extras);
}
