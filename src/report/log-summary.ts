/** What a report says about the logs: their sources, their classes, and what became of the errors in them. */
import { win32Names } from '../gateways/codes/win32.ts';
import { winhttpName } from '../gateways/codes/winhttp.ts';
import type { CauseId } from '../model/causes.ts';
import type { Finding } from '../model/finding.ts';
import type { LogClass, LogEvidence, LogSourceSummary } from '../model/journey.ts';
import type { LogBalance, LogClassShare, LogReport, LogSourceReport } from '../model/report.ts';

/** Requests with an error whose lines do not decide, as the detectors counted them. */
export type Unexplained = LogBalance['unexplained'];

export function logReport(
  logs: LogEvidence,
  findings: readonly Finding[],
  options: { readonly isAlone: boolean; readonly unexplained?: Unexplained | undefined },
): LogReport {
  const names = sourceNames(logs.sources);
  const nameOf = (index: number): string => names.get(index) ?? `log ${index + 1}`;
  return {
    sources: logs.sources.map((source) => sourceReport(source, nameOf(source.index))),
    clocks: logs.clocks.map(({ source, ...clock }) => ({ source: nameOf(source), ...clock })),
    classes: logs.sources
      .flatMap((source) => classShares(source, nameOf(source.index)))
      .sort((a, b) => b.count - a.count),
    preflight: logs.preflight.map(({ source, what, command }) => ({ source: nameOf(source), what, command })),
    problems: logs.problems,
    ...(options.isAlone ? { balance: balanceOf(logs, findings, options.unexplained) } : {}),
  };
}

export function requestCount({ minutes }: Pick<LogSourceSummary, 'minutes'>): number {
  return minutes.reduce((sum, { count }) => sum + count, 0);
}

export function failedRequests({ minutes }: Pick<LogSourceSummary, 'minutes'>): number {
  return minutes.reduce((sum, { failed }) => sum + failed, 0);
}

/** Whose log it is; with its format where a host has several. */
export function sourceNames(sources: readonly LogSourceSummary[]): ReadonlyMap<number, string> {
  const who = ({ role, member }: LogSourceSummary): string => (role === 'member' ? (member ?? 'member') : role);
  const names = new Map<number, string>();
  const taken = new Set<string>();
  for (const source of sources) {
    const isAlone = sources.filter((other) => who(other) === who(source)).length === 1;
    const base = isAlone ? who(source) : `${who(source)}, ${source.format}`;
    let name = base;
    for (let n = 2; taken.has(name); n++) name = `${base} ${n}`;
    taken.add(name);
    names.set(source.index, name);
  }
  return names;
}

function sourceReport(source: LogSourceSummary, name: string): LogSourceReport {
  const {
    role,
    member,
    roleBecause,
    format,
    files,
    lines,
    entries,
    bad,
    badFirst,
    bytes,
    firstAtUs,
    lastAtUs,
    missing,
  } = source;
  return {
    name,
    role,
    ...(member === undefined ? {} : { member }),
    ...(roleBecause === undefined ? {} : { roleBecause }),
    format,
    files,
    lines,
    entries,
    bad,
    badFirst,
    bytes,
    ...(firstAtUs === undefined ? {} : { firstAtUs }),
    ...(lastAtUs === undefined ? {} : { lastAtUs }),
    missing,
    requests: requestCount(source),
    failed: failedRequests(source),
  };
}

function classShares(source: LogSourceSummary, name: string): LogClassShare[] {
  const all = requestCount(source);
  return source.classes.map((one) => {
    const { status, substatus, win32, flags, count, firstAtUs, lastAtUs } = one;
    const codeName = codeNameOf(one, source);
    return {
      source: name,
      code: codeText(one),
      ...(codeName === undefined ? {} : { codeName }),
      status,
      ...(substatus === undefined ? {} : { substatus }),
      ...(win32 === undefined ? {} : { win32 }),
      ...(flags === undefined ? {} : { flags }),
      count,
      shareRatio: all === 0 ? 0 : Math.min(1, count / all),
      firstAtUs,
      lastAtUs,
    };
  });
}

/** `502.3 12002`: zeros say nothing and are left out. */
export function codeText({ status, substatus = 0, win32 = 0, flags }: Omit<LogClass, 'source'>): string {
  const code = status <= 0 ? 'no status' : substatus > 0 ? `${status}.${substatus}` : String(status);
  return [code, win32 > 0 ? String(win32) : undefined, flags].filter((part) => part !== undefined).join(' ');
}

function codeNameOf({ win32 = 0 }: LogClass, { format }: LogSourceSummary): string | undefined {
  if (win32 <= 0 || !format.startsWith('iis-')) return undefined;
  return winhttpName(win32) ?? win32Names().get(win32);
}

/** Their findings tell of slow answers or of work done twice, not of errors. */
const NOT_ERRORS: readonly CauseId[] = [
  'application/slow',
  'queue/gateway',
  'cold-start/idle',
  'cold-start/recycle',
  'gateway/retry-duplicate',
  'gateway/overhead',
  'member/slow',
];

function balanceOf(logs: LogEvidence, findings: readonly Finding[], told: Unexplained | undefined): LogBalance {
  const { of, sources } = frontSources(logs.sources);
  const sum = (count: (source: LogSourceSummary) => number): number =>
    sources.reduce((total, source) => total + count(source), 0);
  const requests = sum(requestCount);
  const errors = sum(({ classes }) =>
    classes.reduce((total, { status, count }) => (status >= 500 ? total + count : total), 0),
  );
  const unexplained = fitted(told ?? leftOver(logs, findings, errors), errors);
  return {
    of,
    requests,
    errors,
    cutShort: Math.max(0, sum(failedRequests) - errors),
    explained: errors - unexplained.reduce((total, { count }) => total + count, 0),
    unexplained,
  };
}

/** What clients got stands in the gateway's log; in the members' where there is none; else in whatever there is. */
function frontSources(sources: readonly LogSourceSummary[]): {
  readonly of: LogBalance['of'];
  readonly sources: readonly LogSourceSummary[];
} {
  const counted = sources.filter((source) => requestCount(source) > 0);
  for (const [role, of] of [
    ['gateway', 'gateway'],
    ['member', 'members'],
    ['unknown', 'unknown'],
  ] as const) {
    const own = counted.filter((source) => source.role === role);
    if (own.length > 0) return { of, sources: own };
  }
  return { of: 'nobody', sources: [] };
}

/** Whole requests, and never more than there are errors: what a class of many lines stands for is a share of them. */
function fitted(unexplained: Unexplained, errors: number): Unexplained {
  let left = errors;
  const parts: { because: string; count: number }[] = [];
  for (const { because, count } of [...unexplained].sort((a, b) => b.count - a.count)) {
    const own = Math.min(left, Math.round(count));
    if (own > 0) parts.push({ because, count: own });
    left -= own;
  }
  return parts;
}

/** Errors beyond those that findings count, with the one reason that the logs as a whole give. */
function leftOver(logs: LogEvidence, findings: readonly Finding[], errors: number): Unexplained {
  const counted = findings
    .filter(({ cause }) => !NOT_ERRORS.includes(cause))
    .reduce((sum, { affected }) => sum + (affected?.count ?? 0), 0);
  const count = errors - Math.min(errors, counted);
  return count === 0 ? [] : [{ because: whatIsMissing(logs), count }];
}

function whatIsMissing({ sources, clocks }: LogEvidence): string {
  if (sources.every(({ role }) => role === 'unknown')) return 'whose logs these are could not be told';
  if (!sources.some(({ role }) => role === 'gateway')) return 'no log of the gateway was read';
  if (!sources.some(({ role }) => role === 'member')) return 'no log of a member was read';
  if (clocks.some(({ known }) => !known)) return 'the clocks of the hosts could not be set against each other';
  return 'their lines do not say what went wrong';
}
