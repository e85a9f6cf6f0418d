import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison, ComparisonRepeat } from '../../src/model/comparison.ts';
import type { ThresholdResult } from '../../src/model/report.ts';
import { comparisonAnswer, repeatSentence } from '../../src/report/comparison-gate.ts';
import { comparisonHtml } from '../../src/report/comparison-html.ts';
import { comparisonMarkdown } from '../../src/report/comparison-markdown.ts';
import { comparisonText } from '../../src/report/comparison-text.ts';

const RUN = { runId: 'r', startedAt: '2026-03-04T05:06:07Z', profile: 'shop', requests: 1_800 };
const PLAIN: Comparison = {
  schemaVersion: 1,
  base: RUN,
  head: RUN,
  verdict: 'same',
  metrics: [],
  phases: [],
  outcomes: [],
  curves: [],
  findings: [],
  differences: [],
  invalid: [],
};

function rule(verdict: ThresholdResult['verdict'], gate: ThresholdResult['gate'] = 'warn'): ThresholdResult {
  return {
    text: 'change p95 < 10%',
    verdict,
    gate: verdict === 'undecided' ? gate : verdict,
    unit: 'ratio',
    because: '+42 % (+38 % to +47 %) for home through the gateway',
  };
}

const CASES: readonly (readonly [readonly ThresholdResult[], string, string, string])[] = [
  [[rule('pass')], 'Passes', 'none', 'Passes: the threshold on change is kept.'],
  [[rule('pass'), rule('pass')], 'Passes', 'none', 'Passes: all 2 thresholds on change are kept.'],
  [[rule('pass'), rule('fail')], 'Fails', 'error', 'Breaks change p95 < 10%: +42 %'],
  [[rule('undecided', 'fail'), rule('fail')], 'Fails', 'error', 'Breaks change p95 < 10%: +42 %'],
  [[rule('undecided', 'fail')], 'Fails', 'error', 'Cannot tell change p95 < 10%'],
  [[rule('undecided')], 'Cannot tell', 'undecided', 'Cannot tell change p95 < 10%'],
];

for (const [thresholds, label, tone, first] of CASES) {
  test(`${thresholds.map(({ verdict, gate }) => `${verdict}/${gate}`).join(' and ')}: ${label}`, () => {
    const answer = comparisonAnswer({ ...PLAIN, thresholds });
    assert.deepEqual([answer.label, answer.tone], [label, tone]);
    assert.ok(answer.first.startsWith(first), answer.first);
    // What changed at all is still said.
    assert.match(answer.more[0] ?? '', /^No change: /);
  });
}

test('without rules the change is the answer, and of runs that are not valid no rule is', () => {
  assert.deepEqual([comparisonAnswer(PLAIN).label, comparisonAnswer(PLAIN).more], ['No change', []]);
  const invalid: Comparison = {
    ...PLAIN,
    verdict: 'invalid',
    invalid: ['head: late'],
    thresholds: [rule('undecided')],
  };
  assert.equal(comparisonAnswer(invalid).label, 'Not valid');
});

test('a repeat is told with what it changed', () => {
  const repeat: ComparisonRepeat = { run: RUN, confirmed: [], refuted: [], settled: [], invalid: [] };
  assert.equal(repeatSentence(PLAIN), undefined);
  const say = (more: Partial<ComparisonRepeat>): string =>
    repeatSentence({ ...PLAIN, repeat: { ...repeat, ...more } }) ?? '';
  assert.match(say({}), /once more \(4 March 2026.*\): nothing that it says changes the answer\.$/);
  assert.match(say({ confirmed: ['a'], refuted: ['b', 'c'] }), /: confirmed: a; not confirmed, and open now: b, c\.$/);
  assert.match(say({ settled: ['a'] }), /settled as no change: a\.$/);
  assert.match(say({ invalid: ['head: late'] }), /that run is not valid \(head: late\), and changes nothing\.$/);
  const open: Comparison = { ...PLAIN, verdict: 'cannot-tell', repeat: { ...repeat, refuted: ['gateway home p50'] } };
  assert.match(
    comparisonAnswer(open).first,
    /^Cannot tell: gateway home p50 looked changed, and a second run does not/,
  );
});

test('every format shows the rules and begins with the answer; markup in a name stays text', async () => {
  const hostile = { ...rule('fail'), text: 'change p95 < 10% of <b>|x' };
  const comparison = { ...PLAIN, thresholds: [hostile, rule('pass')] };
  const text = comparisonText(comparison);
  assert.match(text, /^Breaks change p95 < 10% of <b>\|x: \+42 %/);
  assert.match(text, /Thresholds on change:\n {2}failed: change p95/);
  const markdown = comparisonMarkdown(comparison);
  assert.match(markdown, /^\*\*Breaks change p95 &lt; 10% of &lt;b\\>\\\|x/);
  assert.match(markdown, /### Thresholds on change\n\n\| Result \| Threshold \| Why \|/);
  const html = await comparisonHtml(comparison);
  assert.match(html, /class="verdict is-error"/);
  assert.ok(!html.includes('<b>|x'));
});
