/** The vocabulary of thresholds, and how their text is cut into words. */
import { PHASES } from '../model/exchange.ts';
import type { ThresholdMetric } from '../model/profile.ts';
import { type Fault, refuse } from './parsed.ts';
import { quoted } from './raw.ts';
import { nearestWord } from './spelling.ts';
import { DURATION_PATTERN, RATIO_PATTERN } from './units.ts';

export const SUBJECTS = ['gateway', 'direct', 'overhead', 'phase', 'change'] as const;
export const CHANGE_ROUTES = ['gateway', 'direct'] as const;
export const COMPARISONS = ['<', '<=', '>', '>='] as const;
/** Kinds of experiments whose requests are ordinary: those of the others are slow or fail on purpose. */
export const DURING_KINDS = ['compare', 'ramp', 'burst', 'volley', 'idle'] as const;
const QUANTILES: Readonly<Record<string, number>> = {
  p50: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  'p99.9': 0.999,
  'p99.99': 0.9999,
};
export const METRICS = [...Object.keys(QUANTILES), 'max', 'errors'] as const;
/** What two runs are compared by (`CHANGE_QUANTILES` of the analysis, and failures). */
export const CHANGE_METRICS = ['p50', 'p95', 'p99', 'errors'] as const;

/** Words that a member or a request may not be called, or a threshold would be ambiguous. */
export const THRESHOLD_WORDS: readonly string[] = [...SUBJECTS, ...METRICS, 'of', 'during'];

export type Word = { readonly text: string; readonly offset: number };
export type Words = {
  readonly peek: (ahead?: number) => Word | undefined;
  readonly take: () => Word | undefined;
  /** The next word, where it is this one. */
  readonly takeIf: (text: string) => Word | undefined;
  readonly end: number;
};

export function wordsOf(text: string): Words {
  const words = [...text.matchAll(/[<>=]+|[^\s<>=]+/g)].map((match) => ({ text: match[0], offset: match.index }));
  let next = 0;
  return {
    peek: (ahead = 0) => words[next + ahead],
    take: () => words[next++],
    takeIf: (wanted) => (words[next]?.text === wanted ? words[next++] : undefined),
    end: text.length,
  };
}

export function metricOf(text: string): ThresholdMetric | undefined {
  if (text === 'max' || text === 'errors') return { kind: text };
  const p = Object.hasOwn(QUANTILES, text) ? QUANTILES[text] : undefined;
  return p === undefined ? undefined : { kind: 'quantile', p };
}

/** Whether a word may be the name of a member or a request. */
export function isName(word: Word | undefined): boolean {
  return word !== undefined && !/^[<>=]/.test(word.text) && !['of', 'during', 'phase'].includes(word.text);
}

/** The fault of a word that does not fit, or of the end that comes too early. */
export function unexpected(
  expected: string,
  word: Word | undefined,
  words: Words,
  choices: readonly string[],
  hint?: string,
): Fault {
  // Between quantiles no letter says which one was meant.
  const meant = word === undefined || /^p[\d.]*$/.test(word.text) ? undefined : nearestWord(word.text, choices);
  const advice = hint ?? (meant === undefined ? undefined : `Did you mean ${meant}?`);
  return refuse(expected, {
    found: word === undefined ? 'the end' : quoted(word.text),
    offset: word?.offset ?? words.end,
    ...(advice === undefined ? {} : { hint: advice }),
  });
}

const NAME = String.raw`[\p{L}\p{N}_][\p{L}\p{N}_.-]*`;
const anyOf = (words: readonly string[]): string => `(?:${words.map((word) => word.replace('.', '\\.')).join('|')})`;
const QUANTILE = anyOf(Object.keys(QUANTILES));
const DIRECT = `direct(?: +${NAME})?`;
const TIMED = `(?:${anyOf([...Object.keys(QUANTILES), 'max'])} *[<>]=? *${DURATION_PATTERN}|errors *[<>]=? *${RATIO_PATTERN})`;
const FORMS: readonly string[] = [
  `(?:gateway|${DIRECT}) +${TIMED}`,
  `(?:(?:gateway|${DIRECT}) +)?phase +${anyOf(PHASES)} +${anyOf([...Object.keys(QUANTILES), 'max'])} *[<>]=? *${DURATION_PATTERN}`,
  `overhead +${QUANTILE} *[<>]=? *${DURATION_PATTERN}`,
  `change(?: +(?:gateway|${DIRECT}))? +${anyOf(CHANGE_METRICS)} *<=? *(?:${DURATION_PATTERN}|${RATIO_PATTERN})`,
];

/** For the JSON Schema: what an editor accepts and offers. It knows less than the parser, and refuses nothing that is right. */
export const THRESHOLD_PATTERN = String.raw`\s*(?:${FORMS.join('|')})(?: +(?:of|during) +${NAME}){0,2}\s*`
  .replaceAll(' +', String.raw`\s+`)
  .replaceAll(' *', String.raw`\s*`);
export const THRESHOLD_EXAMPLES: readonly string[] = [
  'gateway p99 < 800ms',
  'gateway errors < 0.1%',
  'direct web2 p95 < 500ms of home',
  'overhead p50 < 15ms',
  'phase connect p99 < 50ms during burst',
  'change p95 < 10%',
];
