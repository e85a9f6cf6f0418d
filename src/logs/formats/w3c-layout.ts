/** The columns of a W3C extended log: from `#Fields`, or by how a line without header looks. */
import { dateKey, digits, isAddress, isDash, isMethod, isVersion, NOT_A_NUMBER, timeUs } from './w3c-bytes.ts';
import { createTokens, type Tokens } from './w3c-tokens.ts';

type Check = 'text' | 'date' | 'time' | 'address' | 'port' | 'method' | 'stem' | 'version' | 'status' | 'number';

export type W3cLayout = {
  /** As in the header. */
  readonly names: readonly string[];
  /** Standard names, lower case: `timetakenms` of Advanced Logging is `time-taken`. */
  readonly keys: readonly string[];
  readonly checks: readonly Check[];
  readonly date: number;
  readonly time: number;
  readonly status: number;
  readonly substatus: number;
  readonly win32: number;
  readonly taken: number;
};

const CHECKS: Readonly<Record<string, Check>> = {
  date: 'date',
  time: 'time',
  's-ip': 'address',
  'c-ip': 'address',
  's-port': 'port',
  'c-port': 'port',
  'cs-method': 'method',
  'cs-uri-stem': 'stem',
  'cs-version': 'version',
  'sc-status': 'status',
  'sc-substatus': 'number',
  'sc-win32-status': 'number',
  'sc-bytes': 'number',
  'cs-bytes': 'number',
  'time-taken': 'number',
};
/** Names of the Advanced Logging module for what IIS calls otherwise. */
const ALIASES: Readonly<Record<string, string>> = { timetakenms: 'time-taken', 'cs(host)': 'cs-host' };

export function layoutOf(names: readonly string[]): W3cLayout {
  const keys = names.map((name) => ALIASES[name.toLowerCase()] ?? name.toLowerCase());
  const at = (key: string): number => keys.indexOf(key);
  return {
    names,
    keys,
    checks: keys.map((key) => (Object.hasOwn(CHECKS, key) ? (CHECKS[key] as Check) : 'text')),
    date: at('date'),
    time: at('time'),
    status: at('sc-status'),
    substatus: at('sc-substatus'),
    win32: at('sc-win32-status'),
    taken: at('time-taken'),
  };
}

const MIDDLE = 'cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip';
const TAIL = 'sc-status sc-substatus sc-win32-status';

/** What IIS logs unless told otherwise (8 and later; 7; 6), with all standard fields, and on Azure App Service. */
const DEFAULT_LAYOUTS: readonly W3cLayout[] = [
  `date time s-ip ${MIDDLE} cs(User-Agent) cs(Referer) ${TAIL} time-taken`,
  `date time s-ip ${MIDDLE} cs(User-Agent) ${TAIL} time-taken`,
  `date time s-sitename s-ip ${MIDDLE} cs(User-Agent) ${TAIL}`,
  `date time s-sitename s-computername s-ip ${MIDDLE} cs-version cs(User-Agent) cs(Cookie) cs(Referer) cs-host ${TAIL} sc-bytes cs-bytes time-taken`,
  `date time s-sitename ${MIDDLE} cs(User-Agent) cs(Cookie) cs(Referer) cs-host ${TAIL} sc-bytes cs-bytes time-taken`,
].map((fields) => layoutOf(fields.split(' ')));

/** The default layout that a line without header fits in every checked column; undefined when none or several do. */
export function inferLayout(buffer: Buffer, tokens: Tokens, count: number): W3cLayout | undefined {
  const fitting = DEFAULT_LAYOUTS.filter(
    (layout) => layout.keys.length === count && fitsFrom(layout, buffer, tokens, 0, count, 0),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** Whether columns `from` to `to` (not included) fit the tokens that stand `shift` further right. */
function fitsFrom(layout: W3cLayout, buffer: Buffer, tokens: Tokens, from: number, to: number, shift: number): boolean {
  for (let column = from; column < to; column++) {
    const start = tokens.starts[column + shift] as number;
    const end = tokens.ends[column + shift] as number;
    if (!fits(layout.checks[column] as Check, buffer, start, end)) return false;
  }
  return true;
}

function fits(check: Check, buffer: Buffer, start: number, end: number): boolean {
  if (check === 'date') return !Number.isNaN(dateKey(buffer, start, end));
  if (check === 'time') return !Number.isNaN(timeUs(buffer, start, end));
  if (check === 'status') return end - start === 3 && digits(buffer, start, end) >= 100;
  // IIS always knows these; a dash there is the value of a neighbour.
  if (check === 'address') return isAddress(buffer, start, end);
  if (check === 'port') return end - start <= 5 && digits(buffer, start, end) >= 0;
  if (check === 'method') return isMethod(buffer, start, end) && !isDash(buffer, start, end);
  if (check === 'text' || isDash(buffer, start, end)) return true;
  if (check === 'stem') return buffer[start] === 47 || buffer[start] === 42;
  if (check === 'version') return isVersion(buffer, start, end);
  return end > start && digits(buffer, start, end) !== NOT_A_NUMBER;
}

const scratch = createTokens();

/**
 * A line with more pieces than columns has blanks inside a field. Finds the fields that could hold them so that every other one fits;
 * columns on which the possibilities differ become empty. False when nothing fits. `tokens` then holds one piece for each column.
 */
export function alignSurplus(layout: W3cLayout, buffer: Buffer, tokens: Tokens, count: number): boolean {
  const columns = layout.keys.length;
  const surplus = count - columns;
  const isFree = (column: number): boolean => layout.checks[column] === 'text' || layout.checks[column] === 'stem';
  const free = layout.keys.map((_, column) => column).filter(isFree);
  const holders = free.filter(
    (column) =>
      fitsFrom(layout, buffer, tokens, 0, column, 0) && fitsFrom(layout, buffer, tokens, column + 1, columns, surplus),
  );
  const first = holders[0] ?? free[0];
  const last = holders.at(-1) ?? free.at(-1);
  if (first === undefined || last === undefined) return false;
  if (holders.length === 0 && !fitsOutside(layout, buffer, tokens, first, last, surplus)) return false;
  for (let column = 0; column < columns; column++) {
    const isOutside = column < first || column > last;
    const from = column < first ? column : column + surplus;
    const start = (isOutside ? tokens.starts[from] : tokens.starts[column]) as number;
    const isHolder = holders.length === 1 && column === first;
    scratch.starts[column] = start;
    scratch.ends[column] =
      isOutside || isHolder ? (tokens.ends[column < first ? column : column + surplus] as number) : start;
  }
  tokens.starts.set(scratch.starts.subarray(0, columns));
  tokens.ends.set(scratch.ends.subarray(0, columns));
  return true;
}

/** Blanks in several fields: what stands before the first and behind the last field of free text can still be told. */
function fitsOutside(
  layout: W3cLayout,
  buffer: Buffer,
  tokens: Tokens,
  first: number,
  last: number,
  surplus: number,
): boolean {
  const columns = layout.keys.length;
  if (layout.status >= first && layout.status <= last) return false;
  return fitsFrom(layout, buffer, tokens, 0, first, 0) && fitsFrom(layout, buffer, tokens, last + 1, columns, surplus);
}
