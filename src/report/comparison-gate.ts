/** The words of thresholds on change and of a repeat, the same in every format. */
import type { Comparison, ComparisonVerdict } from '../model/comparison.ts';
import type { ThresholdResult } from '../model/report.ts';
import { answerOf, VERDICT_WORD } from './comparison-wording.ts';
import { humanTime, plural } from './format.ts';

export type ComparisonAnswer = {
  /** One or two words. */
  readonly label: string;
  /** Whether it is good, bad, or neither. */
  readonly tone: 'error' | 'none' | 'undecided' | 'invalid';
  /** The short first sentence. */
  readonly first: string;
  /** Whole sentences that follow. */
  readonly more: readonly string[];
};

const TONE: Readonly<Record<ComparisonVerdict, ComparisonAnswer['tone']>> = {
  worse: 'error',
  better: 'none',
  same: 'none',
  'cannot-tell': 'undecided',
  invalid: 'invalid',
};

/** Where thresholds on change are declared they are the answer, and what changed at all is the second sentence. */
export function comparisonAnswer(comparison: Comparison): ComparisonAnswer {
  const general = answerOf(comparison);
  const repeat = repeatSentence(comparison);
  const more = repeat === undefined ? [] : [repeat];
  const gate = comparison.verdict === 'invalid' ? undefined : gateAnswer(comparison.thresholds ?? []);
  if (gate !== undefined) return { ...gate, more: [general, ...more] };
  const { verdict } = comparison;
  return { label: VERDICT_WORD[verdict], tone: TONE[verdict], first: general, more };
}

function gateAnswer(results: readonly ThresholdResult[]): Omit<ComparisonAnswer, 'more'> | undefined {
  if (results.length === 0) return undefined;
  const closing = results.filter(({ gate }) => gate === 'fail');
  const [first] = closing.toSorted((a, b) => Number(b.verdict === 'fail') - Number(a.verdict === 'fail'));
  if (first !== undefined) {
    const others = closing.length === 1 ? '' : ` (and ${plural(closing.length - 1, 'other threshold')})`;
    const verb = first.verdict === 'fail' ? 'Breaks' : 'Cannot tell';
    return { label: 'Fails', tone: 'error', first: `${verb} ${first.text}: ${first.because}${others}.` };
  }
  const open = results.filter(({ verdict }) => verdict === 'undecided');
  const [unknown] = open;
  if (unknown !== undefined) {
    const others = open.length === 1 ? '' : ` (and ${plural(open.length - 1, 'other threshold')})`;
    return {
      label: 'Cannot tell',
      tone: 'undecided',
      first: `Cannot tell ${unknown.text}: ${unknown.because}${others}.`,
    };
  }
  const kept =
    results.length === 1 ? 'the threshold on change is kept' : `all ${results.length} thresholds on change are kept`;
  return { label: 'Passes', tone: 'none', first: `Passes: ${kept}.` };
}

/** Undefined where nothing was repeated. */
export function repeatSentence({ repeat }: Comparison): string | undefined {
  if (repeat === undefined) return undefined;
  const head = `Because it was doubtful, the compares were run once more (${humanTime(repeat.run.startedAt)})`;
  if (repeat.invalid.length > 0)
    return `${head}; that run is not valid (${repeat.invalid.join('; ')}), and changes nothing.`;
  const parts = [
    said(repeat.confirmed, 'confirmed'),
    said(repeat.refuted, 'not confirmed, and open now'),
    said(repeat.settled, 'settled as no change'),
  ].filter((part) => part !== undefined);
  return `${head}: ${parts.length === 0 ? 'nothing that it says changes the answer' : parts.join('; ')}.`;
}

function said(ids: readonly string[], what: string): string | undefined {
  return ids.length === 0 ? undefined : `${what}: ${ids.join(', ')}`;
}
