/** Sentences about logs that several writers share. */
import type { Finding } from '../model/finding.ts';
import { formatDuration } from '../model/quantity.ts';
import type { LogBalance, LogClassShare, LogReport, LogSourceReport, Report } from '../model/report.ts';
import { isAtLeast } from '../model/severity.ts';
import { formatCount, humanPeriod, plural } from './format.ts';

/** A report of logs alone: nothing was sent, so there is nothing to say about sending. */
export function isFromLogs(report: Pick<Report, 'logs'>): boolean {
  return report.logs?.balance !== undefined;
}

/** Whether finding nothing means something: the right logs were read, and no error in them is left without a reason. */
export function isAccounted({ of, unexplained, cutShort }: LogBalance): boolean {
  if (unexplained.length > 0) return false;
  // Who leaves a gateway is a client; who leaves a member is the gateway, and its client got an error that no log here has.
  return of === 'gateway' || (of === 'members' && cutShort === 0);
}

/** The answer of logs: what was found, what is left, what was read. */
export function logHeadline(
  logs: LogReport,
  findings: readonly Finding[],
  span: Pick<Report, 'startedAt' | 'durationUs' | 'interrupted'>,
): readonly string[] {
  const serious = findings.filter(({ severity }) => isAtLeast(severity, 'warning')).map(({ title }) => title);
  return [
    ...serious,
    ...(logs.balance === undefined ? [] : [balanceSentence(logs.balance, serious.length > 0)]),
    readSentence(logs, span),
    ...(span.interrupted ? ['Reading was interrupted; this is what was read until then.'] : []),
  ];
}

function balanceSentence(balance: LogBalance, hasFound: boolean): string {
  const { of, requests, errors, explained, unexplained } = balance;
  if (of === 'nobody')
    return hasFound
      ? 'No log of requests was read, only messages: how many requests went well is not known.'
      : 'No log of requests of the gateway or a member could be read, so nothing is said about errors.';
  if (errors === 0) return noErrorSentence(balance, hasFound);
  const all = plural(requests, 'request');
  const cut = cutText(balance);
  const why = reasonsText(unexplained, errors - explained);
  if (explained === 0) {
    const none = errors === 1 ? 'it could not' : 'none of them could';
    return `${formatCount(errors)} of the ${all} in ${PLACE[of]} ended with an error (5xx), and ${none} be explained: ${why}.${cut}`;
  }
  if (requests === 1) return `The one request in ${PLACE[of]} ended with an error (5xx), and it is explained.${cut}`;
  const among = `(5xx) among the ${all} in ${PLACE[of]}`;
  if (unexplained.length === 0)
    return errors === 1
      ? `The one error ${among} is explained.${cut}`
      : `All ${plural(errors, 'error')} ${among} are explained.${cut}`;
  const rest = errors - explained;
  return `${formatCount(explained)} of ${plural(errors, 'error')} ${among} ${isOrAre(explained)} explained. ${formatCount(rest)} ${isOrAre(rest)} not: ${why}.${cut}`;
}

function isOrAre(count: number): string {
  return count === 1 ? 'is' : 'are';
}

const PLACE: Readonly<Record<LogBalance['of'], string>> = {
  gateway: 'the gateway’s log',
  members: 'the members’ logs (no log of the gateway was read)',
  unknown: 'the logs',
  nobody: 'the logs',
};

function noErrorSentence(balance: LogBalance, hasFound: boolean): string {
  const none = `one of the ${plural(balance.requests, 'request')} in ${PLACE[balance.of]} ended with an error (5xx).${cutText(balance)}`;
  if (balance.of === 'unknown')
    return `N${none} Whose log it is could not be told, so nothing is ruled out: name it with --gateway or --member.`;
  return hasFound || !isAccounted(balance) ? `N${none}` : `No fault found: n${none}`;
}

function cutText({ of, errors, cutShort }: LogBalance): string {
  if (cutShort === 0) return '';
  const many = plural(cutShort, errors === 0 ? 'request' : 'more request');
  return ` ${many} ${cutShort === 1 ? 'was' : 'were'} cut short${of === 'members' ? ': whoever asked the member did not wait for the answer' : ''}.`;
}

/** Beyond these a sentence is no longer read; the tables have all. */
const MAX_REASONS = 3;

/** One reason stands alone; of several each has its number. */
function reasonsText(unexplained: LogBalance['unexplained'], total: number): string {
  const [only] = unexplained;
  if (only !== undefined && only.count === total) return `because ${clause(only.because)}`;
  const shown = unexplained
    .slice(0, MAX_REASONS)
    .map(({ because, count }) => `${formatCount(count)} because ${clause(because)}`);
  const more = unexplained.slice(MAX_REASONS).reduce((sum, { count }) => sum + count, 0);
  return [...shown, ...(more > 0 ? [`${formatCount(more)} for other reasons`] : [])].join('; ');
}

function readSentence(logs: LogReport, span: Pick<Report, 'startedAt' | 'durationUs'>): string {
  const { sources } = logs;
  const lines = sources.reduce((sum, source) => sum + source.lines, 0);
  const bad = sources.reduce((sum, source) => sum + source.bad, 0);
  const unread = bad === 0 ? '' : `; ${plural(bad, 'line')} could not be read`;
  return `Read: ${plural(lines, 'line')} of ${plural(sources.length, 'log')} (${namesText(sources)}), ${humanPeriod(span.startedAt, span.durationUs)}${unread}.`;
}

/** Within a list whose parts end in semicolons. */
function clause(because: string): string {
  return because.replaceAll('; ', ', and ').replace(/\.$/, '');
}

const MAX_NAMES = 5;

function namesText(sources: readonly LogSourceReport[]): string {
  const names = sources.map(({ name, role }) => (role === 'unknown' ? 'one whose host could not be told' : name));
  const more = names.length - MAX_NAMES;
  return more > 1 ? `${names.slice(0, MAX_NAMES).join('; ')}; and ${more} more` : names.join('; ');
}

/** `2,412 requests in 3 logs`; lines where none of them is a request. */
export function logAmount({ sources, balance }: LogReport): string {
  const requests = balance?.requests ?? sources.reduce((sum, source) => sum + source.requests, 0);
  const what =
    requests > 0
      ? plural(requests, 'request')
      : plural(
          sources.reduce((sum, { lines }) => sum + lines, 0),
          'line',
        );
  return `${what} in ${plural(sources.length, 'log')}`;
}

/** What a report without a finding may be called. */
export function quietLogLabel(balance: LogBalance): string {
  const rest = balance.errors - balance.explained;
  if (balance.of === 'nobody') return 'No log of requests could be read';
  if (rest > 0) return `${plural(rest, 'error')} without an explanation`;
  if (balance.of === 'unknown') return 'Whose logs these are could not be told';
  return balance.of === 'members' && balance.cutShort > 0
    ? 'Requests were cut short, and no log of the gateway says why'
    : 'No fault found';
}

/** `1.25 s ahead, ± 500 ms`. */
export function clockText(clock: LogReport['clocks'][number]): string {
  const { offsetUs, errorUs, known } = clock;
  if (!known) return `not known; taken as equal within ${formatDuration(errorUs)}`;
  if (isReference(clock)) return 'the reference';
  const error = errorUs === 0 ? '' : `, ± ${formatDuration(errorUs)}`;
  if (offsetUs === 0) return `the same${error}`;
  return `${formatDuration(Math.abs(offsetUs))} ${offsetUs > 0 ? 'ahead' : 'behind'}${error}`;
}

/** The clock that the others are set against. */
export function isReference({ offsetUs, errorUs, known, basedOn }: LogReport['clocks'][number]): boolean {
  return known && offsetUs === 0 && errorUs === 0 && basedOn === 0;
}

/** Statuses that a user would call a failure. What was cut short below 500 shows by its Windows error or its status. */
export function isErrorClass({ status, win32 = 0 }: LogClassShare): boolean {
  if (status >= 500 || status <= 0 || CUT_STATUSES.includes(status)) return true;
  return CUT_WIN32.includes(win32) || (win32 > 12_000 && win32 < 12_200);
}

/** As the logs are counted (logs/join/collector.ts). */
const CUT_STATUSES: readonly number[] = [9, 408, 460, 499];
const CUT_WIN32: readonly number[] = [64, 121, 995, 1229, 1236];

/** More files than this are not named one by one. */
const MAX_NAMED = 6;
/** What every shell, also of Windows, takes as it stands, at most within double quotes. */
const PLAIN_NAME = /^[\w ./\\:@+,-]+$/;

/** The command that reads the same logs, where it can be told. The seed repeats which lines are kept as examples. */
export function explainCommand({ sources }: LogReport, seed: number): string {
  const names = sources.flatMap(({ files, member = '' }) => [...files, ...(member === '' ? [] : [member])]);
  const files = sources.flatMap((source) => source.files);
  const canBeNamed =
    files.length <= MAX_NAMED && !files.includes('standard input') && names.every((name) => PLAIN_NAME.test(name));
  // An option for files takes all names that follow it, so names without an option stand first.
  const inOrder = (['unknown', 'gateway', 'member'] as const).flatMap((role) =>
    sources.filter((source) => source.role === role),
  );
  const logs = canBeNamed ? inOrder.flatMap(logArguments).join(' ') : '<log>…';
  return `gateprobe explain ${logs} --seed ${seed}`;
}

function logArguments({ role, member, files }: LogSourceReport): string[] {
  if (role === 'gateway') return ['--gateway', ...files.map(quoted)];
  if (role === 'member' && member !== undefined)
    return files.flatMap((name) => ['--member', quoted(`${member}=${name}`)]);
  return files.map(quoted);
}

function quoted(text: string): string {
  return text.includes(' ') ? `"${text}"` : text;
}
