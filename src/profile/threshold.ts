/** One line that a run must hold: `gateway p99 < 800ms`, `direct web2 errors < 0.1%`, `overhead p50 < 15ms of home`. */
import type { Threshold, ThresholdMetric } from '../model/profile.ts';
import { type Fault, refuse } from './parsed.ts';
import { quoted } from './raw.ts';
import { nearestWord } from './spelling.ts';
import { parseDuration, parseRatio } from './units.ts';

/** A threshold, and where in its text names stand that must exist elsewhere in the profile. */
export type ParsedThreshold = {
  readonly ok: true;
  readonly value: Threshold;
  readonly memberOffset?: number;
  readonly requestOffset?: number;
};

const SUBJECTS = ['gateway', 'direct', 'overhead'] as const;
const QUANTILES: Readonly<Record<string, number>> = {
  p50: 0.5,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  'p99.9': 0.999,
  'p99.99': 0.9999,
};
const METRICS = [...Object.keys(QUANTILES), 'max', 'errors'] as const;
const COMPARISONS = ['<', '<=', '>', '>='] as const;
const MAX_TEXT = 200;

/** Words that a member or a request may not be called, or a threshold would be ambiguous. */
export const THRESHOLD_WORDS: readonly string[] = [...SUBJECTS, ...METRICS, 'of'];

type Word = { readonly text: string; readonly offset: number };
type Words = {
  readonly peek: (ahead?: number) => Word | undefined;
  readonly take: () => Word | undefined;
  readonly end: number;
};

/** Never throws. A fault has the offset of the word that does not fit and says what was expected there. */
export function parseThreshold(value: unknown): ParsedThreshold | Fault {
  const example = 'a threshold such as gateway p99 < 800ms';
  if (typeof value !== 'string' || value.trim() === '') return refuse(example);
  if (value.length > MAX_TEXT) return refuse(`${example}, of at most ${MAX_TEXT} characters`);
  const words = wordsOf(value);

  const subjectWord = words.take();
  const subject = SUBJECTS.find((name) => name === subjectWord?.text);
  if (subject === undefined) return unexpected('gateway, direct or overhead', subjectWord, words, SUBJECTS);
  // A word right before the comparison stands where the metric stands, also when it is misspelt.
  const hasMember =
    subject === 'direct' &&
    isName(words.peek()) &&
    metricOf(words.peek()?.text ?? '') === undefined &&
    isName(words.peek(1));
  const memberWord = hasMember ? words.take() : undefined;
  const metricWord = words.take();
  const metric = metricOf(metricWord?.text ?? '');
  if (metric === undefined)
    return unexpected(
      subject === 'direct' && memberWord === undefined
        ? `a member or one of ${METRICS.join(', ')}`
        : `one of ${METRICS.join(', ')}`,
      metricWord,
      words,
      METRICS,
    );
  if (subject === 'overhead' && metric.kind !== 'quantile') {
    return unexpected(
      'a quantile such as p50 after overhead',
      metricWord,
      words,
      [],
      'Overhead is a difference of quantiles.',
    );
  }
  const comparisonWord = words.take();
  const comparison = COMPARISONS.find((sign) => sign === comparisonWord?.text);
  if (comparison === undefined) return unexpected('<, <=, > or >=', comparisonWord, words, []);
  const limit = takeLimit(words, metric);
  if (!limit.ok) return limit;
  const request = takeRequest(words);
  if (!request.ok) return request;
  return {
    ok: true,
    value: {
      text: value.trim(),
      subject:
        subject === 'direct'
          ? { kind: subject, ...(memberWord === undefined ? {} : { member: memberWord.text }) }
          : { kind: subject },
      metric,
      comparison,
      limit: limit.value,
      ...(request.word === undefined ? {} : { request: request.word.text }),
    },
    ...(memberWord === undefined ? {} : { memberOffset: memberWord.offset }),
    ...(request.word === undefined ? {} : { requestOffset: request.word.offset }),
  };
}

function takeLimit(words: Words, metric: ThresholdMetric): { readonly ok: true; readonly value: number } | Fault {
  const isRatio = metric.kind === 'errors';
  const word = words.take();
  if (word === undefined)
    return unexpected(isRatio ? 'a share such as 0.1%' : 'a duration such as 800ms', word, words, []);
  // "800 ms" and "0.1 %" are one quantity.
  const next = words.peek();
  const hasUnit =
    next !== undefined && next.text !== 'of' && /^\d+(\.\d+)?$/.test(word.text) && /^(%|[a-zµ]+)$/.test(next.text);
  const text = hasUnit ? `${word.text}${words.take()?.text}` : word.text;
  const parsed = isRatio ? parseRatio(text) : parseDuration(text);
  if (parsed.ok) return parsed;
  return { ...parsed, expected: `${parsed.expected} here`, found: quoted(text), offset: word.offset };
}

function takeRequest(words: Words): { readonly ok: true; readonly word?: Word } | Fault {
  const of = words.take();
  if (of === undefined) return { ok: true };
  if (of.text !== 'of') return unexpected('the end, or of and the name of a request', of, words, []);
  const word = words.take();
  if (word === undefined || !isName(word)) return unexpected('the name of a request after of', word, words, []);
  const rest = words.take();
  return rest === undefined ? { ok: true, word } : unexpected('the end', rest, words, []);
}

function unexpected(
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

function wordsOf(text: string): Words {
  const words = [...text.matchAll(/[<>=]+|[^\s<>=]+/g)].map((match) => ({ text: match[0], offset: match.index }));
  let next = 0;
  return { peek: (ahead = 0) => words[next + ahead], take: () => words[next++], end: text.length };
}

function metricOf(text: string): ThresholdMetric | undefined {
  if (text === 'max' || text === 'errors') return { kind: text };
  const p = Object.hasOwn(QUANTILES, text) ? QUANTILES[text] : undefined;
  return p === undefined ? undefined : { kind: 'quantile', p };
}

function isName(word: Word | undefined): boolean {
  return word !== undefined && !/^[<>=]/.test(word.text) && word.text !== 'of';
}
