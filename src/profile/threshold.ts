/**
 * One line that a run must hold: `gateway p99 < 800ms`, `direct web2 errors < 0.1%`, `overhead p50 < 15ms of home`,
 * `phase connect p99 < 50ms during burst`, `change p95 < 10%`.
 */
import { PHASES, type PhaseName } from '../model/exchange.ts';
import type { Threshold, ThresholdMetric, ThresholdSubject } from '../model/profile.ts';
import { type Fault, type Parsed, refuse } from './parsed.ts';
import { quoted } from './raw.ts';
import {
  CHANGE_METRICS,
  CHANGE_ROUTES,
  COMPARISONS,
  DURING_KINDS,
  isName,
  METRICS,
  metricOf,
  SUBJECTS,
  unexpected,
  type Word,
  type Words,
  wordsOf,
} from './threshold-words.ts';
import { parseDuration, parseRatio } from './units.ts';

export { THRESHOLD_WORDS } from './threshold-words.ts';

/** A threshold, and where in its text names stand that must exist elsewhere in the profile. */
export type ParsedThreshold = {
  readonly ok: true;
  readonly value: Threshold;
  readonly memberOffset?: number;
  readonly requestOffset?: number;
  readonly duringOffset?: number;
};

type Taken<T> = { readonly ok: true; readonly value: T } | Fault;
type Head = { readonly subject: ThresholdSubject; readonly memberWord?: Word; readonly phase?: PhaseName };
type Tail = { readonly request?: Word; readonly during?: Word };

const MAX_TEXT = 200;

/** Never throws. A fault has the offset of the word that does not fit and says what was expected there. */
export function parseThreshold(value: unknown): ParsedThreshold | Fault {
  const example = 'a threshold such as gateway p99 < 800ms';
  if (typeof value !== 'string' || value.trim() === '') return refuse(example);
  if (value.length > MAX_TEXT) return refuse(`${example}, of at most ${MAX_TEXT} characters`);
  const words = wordsOf(value);
  const head = takeHead(words);
  if (!head.ok) return head;
  const { subject, memberWord, phase } = head.value;
  const metric = takeMetric(words, head.value);
  if (!metric.ok) return metric;
  const signs = subject.kind === 'change' ? COMPARISONS.slice(0, 2) : COMPARISONS;
  const sign = words.take();
  const comparison = signs.find((one) => one === sign?.text);
  if (comparison === undefined) {
    const wanted = subject.kind === 'change' ? '< or <=' : '<, <=, > or >=';
    return unexpected(wanted, sign, words, []);
  }
  const limit = takeLimit(words, metric.value, subject.kind === 'change');
  if (!limit.ok) return limit;
  const tail = takeTail(words, subject);
  if (!tail.ok) return tail;
  const { request, during } = tail.value;
  return {
    ok: true,
    value: {
      text: value.trim(),
      subject,
      ...(phase === undefined ? {} : { phase }),
      metric: metric.value,
      comparison,
      ...limit.value,
      ...(request === undefined ? {} : { request: request.text }),
      ...(during === undefined ? {} : { during: during.text }),
    },
    ...(memberWord === undefined ? {} : { memberOffset: memberWord.offset }),
    ...(request === undefined ? {} : { requestOffset: request.offset }),
    ...(during === undefined ? {} : { duringOffset: during.offset }),
  };
}

/** What is looked at: everything before the metric. */
function takeHead(words: Words): Taken<Head> {
  const first = words.take();
  switch (first?.text) {
    case 'gateway': {
      const phase = takePhase(words);
      return phase.ok ? { ok: true, value: { subject: { kind: 'gateway' }, ...phase.value } } : phase;
    }
    case 'direct': {
      const member = takeMember(words);
      const phase = takePhase(words);
      return phase.ok ? { ok: true, value: { ...directHead(member), ...phase.value } } : phase;
    }
    case 'phase': {
      const phase = phaseOf(words);
      return phase.ok ? { ok: true, value: { subject: { kind: 'gateway' }, phase: phase.value } } : phase;
    }
    case 'overhead':
      return { ok: true, value: { subject: { kind: 'overhead' } } };
    case 'change': {
      if (words.takeIf('direct') !== undefined) {
        const member = takeMember(words);
        const of = member === undefined ? {} : { member: member.text };
        const subject = { kind: 'change', route: 'direct', ...of } as const;
        return { ok: true, value: { subject, ...(member === undefined ? {} : { memberWord: member }) } };
      }
      words.takeIf('gateway');
      return { ok: true, value: { subject: { kind: 'change', route: 'gateway' } } };
    }
    default:
      return unexpected('gateway, direct, overhead, phase or change', first, words, SUBJECTS);
  }
}

function directHead(member: Word | undefined): Head {
  return member === undefined
    ? { subject: { kind: 'direct' } }
    : { subject: { kind: 'direct', member: member.text }, memberWord: member };
}

/** A word right before the comparison stands where the metric stands, also when it is misspelt. */
function takeMember(words: Words): Word | undefined {
  const [word, next] = [words.peek(), words.peek(1)];
  if (!isName(word) || metricOf(word?.text ?? '') !== undefined) return undefined;
  return isName(next) || next?.text === 'phase' ? words.take() : undefined;
}

function takePhase(words: Words): Taken<{ readonly phase?: PhaseName }> {
  if (words.takeIf('phase') === undefined) return { ok: true, value: {} };
  const phase = phaseOf(words);
  return phase.ok ? { ok: true, value: { phase: phase.value } } : phase;
}

function phaseOf(words: Words): Taken<PhaseName> {
  const word = words.take();
  const phase = PHASES.find((name) => name === word?.text);
  return phase === undefined
    ? unexpected(`one of ${PHASES.join(', ')} after phase`, word, words, PHASES)
    : { ok: true, value: phase };
}

function takeMetric(words: Words, { subject, memberWord, phase }: Head): Taken<ThresholdMetric> {
  const word = words.take();
  const metric = metricOf(word?.text ?? '');
  const allowed: readonly string[] = subject.kind === 'change' ? CHANGE_METRICS : METRICS;
  if (metric === undefined || (subject.kind === 'change' && !allowed.includes(word?.text ?? ''))) {
    const list = `one of ${allowed.join(', ')}`;
    if (subject.kind === 'change') {
      const choices = [...allowed, ...CHANGE_ROUTES];
      const hint = metric === undefined ? undefined : 'Two runs are compared by these.';
      return unexpected(memberWord === undefined ? `gateway, direct, or ${list}` : list, word, words, choices, hint);
    }
    const mayBeMember = subject.kind === 'direct' && memberWord === undefined && phase === undefined;
    return unexpected(mayBeMember ? `a member or ${list}` : list, word, words, allowed);
  }
  if (subject.kind === 'overhead' && metric.kind !== 'quantile') {
    const hint = 'Overhead is a difference of quantiles.';
    return unexpected('a quantile such as p50 after overhead', word, words, [], hint);
  }
  if (phase !== undefined && metric.kind === 'errors') {
    const hint = 'A phase has times; failures are counted for whole requests.';
    return unexpected('a quantile such as p99, or max, after a phase', word, words, [], hint);
  }
  return { ok: true, value: metric };
}

type Limit = Pick<Threshold, 'limit' | 'isRelative'>;

function takeLimit(words: Words, metric: ThresholdMetric, isChange: boolean): Taken<Limit> {
  const isErrors = metric.kind === 'errors';
  const word = words.take();
  if (word === undefined) {
    const wanted = isErrors ? 'a share such as 0.1%' : 'a duration such as 800ms';
    return unexpected(isChange && !isErrors ? 'a share such as 10%, or a duration' : wanted, word, words, []);
  }
  // "800 ms" and "0.1 %" are one quantity.
  const unit = words.peek()?.text ?? '';
  const hasUnit = /^\d+(\.\d+)?$/.test(word.text) && /^(%|[a-zµ]+)$/.test(unit) && !['of', 'during'].includes(unit);
  const text = hasUnit ? `${word.text}${words.take()?.text}` : word.text;
  const isShare = isErrors || (isChange && /%$|^\d+(\.\d+)?$/.test(text));
  const parsed =
    isChange && isShare && !isErrors ? parseGrowth(text) : isErrors ? parseRatio(text) : parseDuration(text);
  if (parsed.ok)
    return {
      ok: true,
      value: { limit: parsed.value, ...(isShare && isChange && !isErrors ? { isRelative: true } : {}) },
    };
  return { ...parsed, expected: `${parsed.expected} here`, found: quoted(text), offset: word.offset };
}

/** A share of the baseline's value; more than all of it is a growth like any other. */
function parseGrowth(text: string): Parsed<number> {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1];
  return percent === undefined
    ? refuse('a share such as 10%, or a duration with a unit')
    : { ok: true, value: Number(percent) / 100 };
}

/** `of <request>` and `during <experiment>`, each once, in any order. */
function takeTail(words: Words, subject: ThresholdSubject): Taken<Tail> {
  let request: Word | undefined;
  let during: Word | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word.text === 'of' && request === undefined) {
      const name = words.take();
      if (name === undefined || !isName(name)) return unexpected('the name of a request after of', name, words, []);
      request = name;
    } else if (word.text === 'during' && during === undefined) {
      const name = words.take();
      const fault = duringFault(word, name, subject, words);
      if (fault !== undefined) return fault;
      during = name;
    } else {
      const left = [request === undefined ? 'of <request>' : '', during === undefined ? 'during <experiment>' : ''];
      const wanted = ['the end', ...left.filter((part) => part !== '')].join(', or ');
      return unexpected(wanted, word, words, ['of', 'during']);
    }
  }
  return {
    ok: true,
    value: { ...(request === undefined ? {} : { request }), ...(during === undefined ? {} : { during }) },
  };
}

function duringFault(at: Word, name: Word | undefined, subject: ThresholdSubject, words: Words): Fault | undefined {
  if (subject.kind === 'overhead' || subject.kind === 'change') {
    const hint = 'Both are told from compares alone.';
    return unexpected(`the end, since ${subject.kind} takes no during`, at, words, [], hint);
  }
  const kind = /^([a-z-]+?)(?:-[1-9]\d{0,2})?$/.exec(name?.text ?? '')?.[1];
  if (DURING_KINDS.some((one) => one === kind)) return undefined;
  const hint = kind === 'timeout' || kind === 'keep-alive' ? 'Its requests are slow or fail on purpose.' : undefined;
  return unexpected(`one of ${DURING_KINDS.join(', ')} (or burst-2) after during`, name, words, DURING_KINDS, hint);
}
