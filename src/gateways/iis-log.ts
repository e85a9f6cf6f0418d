import type { HopReading } from '../model/hop.ts';
import type { LogEntry } from '../model/log.ts';
import { moduleOf } from './arr-log.ts';
import { firstHttperr, readHttperr } from './http-sys-log.ts';
import { ownAnswer } from './iis-own-answer.ts';
import type { LooseExtras } from './log-words.ts';
import { isOf, passedOn, reading, untold } from './log-words.ts';
import { readWinhttp } from './winhttp-log.ts';

const ANCM_MODULE = /^AspNetCoreModule(?:V2)?$/;

type Start = { readonly says: string; readonly isConfig?: boolean };

// Errors of the ASP.NET Core module while it starts the application, from its documentation.
const START: Readonly<Record<string, Start>> = {
  '500.30': { says: 'the application failed to start' },
  '500.31': { says: 'native dependencies were not found', isConfig: true },
  '500.32': { says: 'the application does not fit the bitness of the pool', isConfig: true },
  '500.33': { says: 'the request handler could not be loaded', isConfig: true },
  '500.34': { says: 'hosting models are mixed in one pool', isConfig: true },
  '500.35': { says: 'several applications in one process', isConfig: true },
  '500.36': { says: 'the out-of-process handler could not be loaded', isConfig: true },
  '500.37': { says: 'the application did not start within startupTimeLimit' },
  '500.38': { says: 'the assembly of the application was not found', isConfig: true },
  '502.5': { says: 'the process of the application could not be started, or ended at once' },
};

/** IIS in front of Kestrel (ASP.NET Core module): site log, traces and HTTPERR of the same host. */
export function readIisLog(access: LogEntry, errors: readonly LogEntry[]): HopReading | undefined {
  if (access.kind === 'kernel') return readHttperr(access);
  if (!isOf(access, 'iis-w3c', 'iis-native', 'freb')) return undefined;
  const { status, substatus } = access;
  if (status === undefined) return firstHttperr(errors) ?? untold('the log has no sc-status');
  const module = moduleOf(access, errors);
  const isAncm = module !== undefined && ANCM_MODULE.test(module);
  const extras: LooseExtras = {};
  if (substatus === undefined && status >= 500 && access.kind !== 'trace')
    return untold(`${status}, but the log has no sc-substatus`, extras);
  const key = `${status}.${substatus ?? 0}`;
  const start = START[key];
  if (start !== undefined) {
    const because = `${key}: ${start.says}`;
    const sure = isAncm ? 1 : key === '502.5' ? 0.8 : 0.9;
    return reading(start.isConfig === true ? 'gateway/config' : 'pool/member-down', 'gateway', sure, because, {
      ...extras,
      code: key,
    });
  }
  if (key === '502.3') return readWinhttp(traced(access, errors), key, extras);
  if (key === '503.0') {
    const because = '503.0: the application was shutting down or is switched off';
    return reading('gateway/shutdown', 'gateway', 0.65, because, { ...extras, code: key, rivals: ['member/status'] });
  }
  if (access.win32 === 64 || access.win32 === 1236) {
    return reading('client/abort', 'client', 0.7, `${key} with sc-win32-status ${access.win32}: the client left`, {
      ...extras,
      code: String(access.win32),
    });
  }
  if (substatus !== undefined && substatus > 0)
    return ownAnswer(status, substatus, extras) ?? untold(`${key} is not known`, { ...extras, code: key });
  // Out of process or in process, an answer of the application has substatus 0, but so have a few of the server itself.
  return passedOn(access, status >= 400 ? 0.6 : 0.7, `${key}: substatus 0 is what an application's own answer has`, {
    ...extras,
    rivals: ['gateway/local-response'],
  });
}

function traced(access: LogEntry, errors: readonly LogEntry[]): LogEntry {
  const win32 = errors.find((error) => isOf(error, 'freb') && (error.win32 ?? 0) > 0)?.win32;
  return win32 === undefined ? access : { ...access, win32 };
}
