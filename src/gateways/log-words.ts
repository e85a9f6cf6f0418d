/** Readings of log lines, made of rules over words. */
import type { HopOutcome, HopReading } from '../model/hop.ts';
import type { LogEntry, LogFormatId } from '../model/log.ts';

type Side = HopReading['madeBy'];

/** What a text means. Rules are tried in order: the most exact first. */
export type WordRule = {
  readonly words: RegExp;
  readonly outcome: HopOutcome;
  /** Default: the gateway, and the client for outcomes of the family `client`. */
  readonly madeBy?: Side;
  /** Default 1: the gateway says so in its own words. */
  readonly sure?: number;
  readonly rivals?: readonly HopOutcome[];
};

/** Longest quotation of a log line in a sentence; messages may hold whole headers of a member. */
const MAX_QUOTE = 160;

/** A clause of any longer text would not be read. */
const MAX_BECAUSE = 400;

function clip(text: string): string {
  return text.length <= MAX_BECAUSE ? text : `${text.slice(0, MAX_BECAUSE - 1)}…`;
}

/** A message as it may stand in a sentence. */
export function quote(text: string): string {
  const line = text
    .slice(0, 4 * MAX_QUOTE)
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length <= MAX_QUOTE ? line : `${line.slice(0, MAX_QUOTE - 1)}…`;
}

export function isOf(entry: LogEntry, ...formats: readonly LogFormatId[]): boolean {
  return formats.includes(entry.format);
}

/** Who caused the outcome, where a rule does not say: outcomes of the family `client` the client, all others the gateway's judgement. */
export function sideOf(outcome: HopOutcome): Side {
  return outcome.startsWith('client/') ? 'client' : 'gateway';
}

export type Extras = Pick<HopReading, 'code' | 'member' | 'waitedUs' | 'failedTries' | 'rivals'>;
export type LooseExtras = { readonly [Key in keyof Extras]?: Extras[Key] | undefined };

/** A reading without the extras that are not known. */
export function reading(
  outcome: HopOutcome,
  madeBy: Side,
  sure: number,
  because: string,
  extras: LooseExtras = {},
): HopReading {
  const { code, member, waitedUs, failedTries, rivals } = extras;
  return {
    outcome,
    madeBy,
    sure,
    because: clip(because),
    ...(code === undefined ? {} : { code: quote(code) }),
    ...(member === undefined ? {} : { member }),
    ...(waitedUs === undefined ? {} : { waitedUs }),
    ...(failedTries === undefined || failedTries === 0 ? {} : { failedTries }),
    ...(rivals === undefined || rivals.length === 0 ? {} : { rivals }),
  };
}

/** The line does not tell; `because` names what is missing. */
export function untold(because: string, extras: LooseExtras = {}): HopReading {
  return reading('unknown', 'unknown', 0, because, extras);
}

/** More of a text is not looked at: error lines are a few hundred characters long, and patterns with gaps are slow on huge ones. */
const MAX_TEXT = 8_000;

export function firstRule(rules: readonly WordRule[], text: string): WordRule | undefined {
  const start = text.slice(0, MAX_TEXT);
  return rules.find(({ words }) => words.test(start));
}

export function byRule(rule: WordRule, because: string, extras: LooseExtras = {}): HopReading {
  const { outcome, madeBy = sideOf(outcome), sure = 1, rivals } = rule;
  return reading(outcome, madeBy, sure, because, { ...extras, rivals: rivals ?? extras.rivals });
}

/**
 * The member's answer was passed on. Errors are the member's own; `sure` is how certain it is that a member answered at all.
 * `because` says what shows it.
 */
export function passedOn(entry: LogEntry, sure: number, because: string, extras: LooseExtras = {}): HopReading {
  const { status } = entry;
  if (status !== undefined && status >= 400) return reading('member/status', 'member', sure, because, extras);
  return reading((extras.failedTries ?? 0) > 0 ? 'ok/retried' : 'ok', 'member', sure, because, extras);
}

/** Address of the last attempt at a member, verbatim. */
export function lastMember(entry: LogEntry): string | undefined {
  return entry.upstream?.at(-1)?.address;
}

/** Code and message of an error line as one text, for rules. */
export function textOf({ code, message = '' }: LogEntry): string {
  return code === undefined || message.includes(code) ? message : `${code}: ${message}`;
}
