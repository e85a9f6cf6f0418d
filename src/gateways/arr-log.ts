import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import { firstHttperr, readHttperr } from './http-sys-log.ts';
import { ownAnswer } from './iis-own-answer.ts';
import type { LooseExtras } from './log-words.ts';
import { isOf, passedOn, reading, untold } from './log-words.ts';
import { readWinhttp } from './winhttp-log.ts';

const ARR_MODULE = 'ApplicationRequestRouting';

type Meaning = {
  readonly outcome: HopOutcome;
  readonly sure: number;
  readonly says: string;
  readonly rivals?: readonly HopOutcome[];
};

// Substatuses that ARR 3.0 took for itself; the same numbers mean other things in other modules.
const ARR_ONLY: Readonly<Record<string, Meaning>> = {
  '400.601': { outcome: 'client/bad-request', sure: 0.9, says: 'bad client request' },
  '400.602': { outcome: 'client/bad-request', sure: 0.9, says: 'a time in the request is not valid' },
  '400.603': { outcome: 'client/bad-request', sure: 0.9, says: 'a range in the request is not valid' },
  '400.604': { outcome: 'client/abort', sure: 0.95, says: 'the client had left' },
  '400.605': {
    outcome: 'gateway/config',
    sure: 0.95,
    says: 'forwarded too often (Max-Forwards): the request goes in a circle',
  },
  '400.606': { outcome: 'gateway/internal', sure: 0.9, says: 'an asynchronous operation of ARR failed' },
  '502.2': {
    outcome: 'gateway/config',
    sure: 0.6,
    says: 'ARR could not map the request',
    rivals: ['gateway/internal'],
  },
  '502.5': {
    outcome: 'gateway/internal',
    sure: 0.6,
    says: 'ARR failed on a WebSocket',
    rivals: ['response/truncated'],
  },
  '502.6': {
    outcome: 'gateway/internal',
    sure: 0.6,
    says: 'forwarding failed',
    rivals: ['request/send-failed', 'client/abort'],
  },
  '502.7': { outcome: 'gateway/internal', sure: 0.6, says: 'executing the request failed', rivals: ['gateway/config'] },
};

/** Module that a trace names as the one that set the error, by its file or by the trace that belongs to the line. */
export function moduleOf(access: LogEntry, errors: readonly LogEntry[]): string | undefined {
  for (const entry of [access, ...errors]) {
    if (entry.kind !== 'trace') continue;
    const module =
      entry.extra?.['module'] ??
      entry.steps?.findLast(({ name }) => name === 'MODULE_SET_RESPONSE_ERROR_STATUS')?.data['ModuleName'];
    if (module !== undefined) return module;
  }
  return undefined;
}

/** Server that ARR chose, out of its routing events. */
function routedTo(entries: readonly LogEntry[]): string | undefined {
  for (const { steps, upstream } of entries) {
    const routed = steps?.findLast(({ name }) => /^ARR_(?:SERVER|REQUEST)_ROUTED$/.test(name))?.data['Server'];
    if (routed !== undefined && routed !== '') return routed;
    const address = upstream?.at(-1)?.address;
    if (address !== undefined) return address;
  }
  return undefined;
}

/** The line of the site's log with what a trace knows better: the trace keeps the forwarder's number when the client has left. */
function withTrace(access: LogEntry, errors: readonly LogEntry[]): LogEntry {
  const trace = errors.find((error) => isOf(error, 'freb') && error.win32 !== undefined && error.win32 !== 0);
  if (trace?.win32 === undefined || access.kind === 'trace') return access;
  const { win32, substatus } = trace;
  return { ...access, win32, ...(access.substatus === undefined && substatus !== undefined ? { substatus } : {}) };
}

/** IIS as an ARR controller: its own site log, traces of failed requests, and HTTPERR of the same host. */
export function readArrLog(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined {
  if (access.kind === 'kernel') return readHttperr(access);
  if (!isOf(access, 'iis-w3c', 'iis-native', 'freb')) return undefined;
  const line = withTrace(access, errors);
  const { status, substatus, extra } = line;
  const module = moduleOf(access, errors);
  const extras: LooseExtras = { member: routedTo([access, ...errors]) };
  if (status === undefined) return firstHttperr(errors) ?? untold('the log has no sc-status', extras);
  const serverStatus = extra?.['server-status'];
  if (serverStatus !== undefined && /^\d{3}$/.test(serverStatus))
    return answered(line, status, Number(serverStatus), extras);
  const isArr =
    line.ids.arr !== undefined ||
    extra?.['x-arr-log-id'] !== undefined ||
    extra?.['x-arr-cache-hit'] !== undefined ||
    module === ARR_MODULE;
  if (isArr && status < 400) return served(line, status, extras);
  // A trace writes 502 for 502.0; a site's log without the column tells nothing.
  if (substatus === undefined && status === 502 && access.kind !== 'trace')
    return untold('502, but the log has no sc-substatus', extras);
  const key = `${status}.${substatus ?? 0}`;
  if (key === '502.3') return forwarder(line, key, module, isArr, extras);
  if (key === '502.4') return noServer(module, isArr, extras);
  const own = ARR_ONLY[key];
  if (own !== undefined) return byNumber(key, own, module, isArr, extras);
  return firstHttperr(errors) ?? local(line, status, isArr, extras);
}

function answered(line: LogEntry, status: number, serverStatus: number, extras: LooseExtras): HopReading {
  const said = `SERVER-STATUS=${serverStatus}`;
  if (line.win32 === 64 || line.win32 === 1236 || line.win32 === 1229) {
    const because = `${said}, but sc-win32-status ${line.win32}: the client left before it had the answer`;
    return reading('client/abort', 'client', 0.85, because, { ...extras, code: String(line.win32) });
  }
  if (serverStatus === status) return passedOn(line, 1, `${said}: the member itself answered it`, extras);
  // A member that broke off after its status: ARR had not sent anything yet and turns it into an error of its own.
  if (status === 502 && line.substatus === 3)
    return { ...readWinhttp(line, '502.3', extras), because: `${said}, then 502.3 with ${line.win32}` };
  const because = `${said}, but the client got ${status}: rewritten by ARR or IIS`;
  return reading('gateway/local-response', 'gateway', 0.7, because, { ...extras, rivals: ['member/status'] });
}

function served(line: LogEntry, status: number, extras: LooseExtras): HopReading {
  if (line.extra?.['x-arr-cache-hit'] === '1') {
    return reading('gateway/local-response', 'gateway', 0.9, `X-ARR-CACHE-HIT=1: ${status} out of ARR's cache`, extras);
  }
  const because = `${status} through ARR without SERVER-STATUS: it does not say what the member answered`;
  return reading('ok', 'unknown', 0.5, because, { ...extras, rivals: ['gateway/local-response'] });
}

function forwarder(
  line: LogEntry,
  key: string,
  module: string | undefined,
  isArr: boolean,
  extras: LooseExtras,
): HopReading {
  const found = readWinhttp(line, key, extras);
  if (isArr || module === undefined || module === ARR_MODULE) return found;
  const because = `${found.because}, set by the module ${module}`;
  return { ...found, because };
}

function noServer(module: string | undefined, isArr: boolean, extras: LooseExtras): HopReading {
  const isKnown = isArr || module === ARR_MODULE;
  return reading('pool/none', 'gateway', isKnown ? 1 : 0.9, '502.4: ARR had no server to send to', {
    ...extras,
    code: '502.4',
  });
}

function byNumber(
  key: string,
  own: Meaning,
  module: string | undefined,
  isArr: boolean,
  extras: LooseExtras,
): HopReading {
  const isShared = key === '502.2' || key === '502.5';
  if (isShared && module !== undefined && module !== ARR_MODULE) {
    const because = `${key}, set by the module ${module}: an application on the gateway host itself`;
    return reading('gateway/local-response', 'gateway', 0.8, because, { ...extras, code: key });
  }
  if (isShared && !isArr) {
    const rivals: readonly HopOutcome[] = [own.outcome, 'gateway/local-response'];
    return untold(
      `${key} means one thing to ARR and another to CGI or the ASP.NET Core module; a trace (FREB) would name the module`,
      {
        ...extras,
        code: key,
        rivals,
      },
    );
  }
  const madeBy = own.outcome.startsWith('client/') ? 'client' : 'gateway';
  return reading(own.outcome, madeBy, own.sure, `${key}: ${own.says}`, { ...extras, code: key, rivals: own.rivals });
}

/** Nothing of ARR in the line: the site itself answered, if the query was logged at all. */
function local(line: LogEntry, status: number, isArr: boolean, extras: LooseExtras): HopReading {
  const own = ownAnswer(status, line.substatus, extras);
  if (own !== undefined) return own;
  const key = `${status}.${line.substatus ?? 0}`;
  if (isArr) {
    return untold(`${key} through ARR without SERVER-STATUS: no member's answer, and the number does not say why`, {
      ...extras,
      code: key,
    });
  }
  const because = `${key} without X-ARR-LOG-ID in the query: the gateway's own site answered`;
  return reading('gateway/local-response', 'gateway', status === 502 ? 0.65 : 0.6, because, {
    ...extras,
    code: status < 400 ? undefined : key,
    rivals: status < 400 ? ['ok'] : ['member/status'],
  });
}
