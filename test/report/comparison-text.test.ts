import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison, MetricChange } from '../../src/model/comparison.ts';
import { comparisonHtml } from '../../src/report/comparison-html.ts';
import { comparisonMarkdown } from '../../src/report/comparison-markdown.ts';
import { comparisonText } from '../../src/report/comparison-text.ts';
import { answerOf, calibrationText } from '../../src/report/comparison-wording.ts';
import { comparison, GATEWAY_P95, RUN } from './sample-comparison.ts';

test('the first sentence answers', () => {
  const { change: _, ...bare } = GATEWAY_P95;
  const open: MetricChange = { ...bare, state: 'inconclusive', needMore: 387 };
  const errors: MetricChange = {
    ...bare,
    what: { kind: 'errors' },
    base: 0,
    head: 0.02,
    change: { value: 0.02, low: 0.01, high: 0.03 },
  };
  const finding = {
    cause: 'gateway/read-timeout',
    scope: { route: 'gateway' },
    severity: 'error',
    title: 'It gives up.',
  };
  const member: MetricChange = { ...bare, route: 'direct:web1', state: 'same' };
  const unknown: MetricChange = { ...member, state: 'inconclusive' };
  const grew = "Worse: the gateway's p95 of home grew by 84 ms (61 ms–110 ms)";
  const cases: readonly (readonly [Partial<Comparison>, string])[] = [
    [{ metrics: [GATEWAY_P95, member] }, `${grew} while the members did not.`],
    [{ metrics: [GATEWAY_P95, unknown] }, `${grew} beyond what its members did.`],
    [
      { verdict: 'same', metrics: [{ ...GATEWAY_P95, state: 'same' }] },
      "No change: the gateway's p95 is within ±10 %.",
    ],
    [
      { verdict: 'cannot-tell', metrics: [open] },
      'Cannot tell: needs about 390 more requests through the gateway in each recording (for p95 of home).',
    ],
    [{ metrics: [errors] }, 'Worse: failures of home through the gateway grew from 0 % to 2 %.'],
    [
      { metrics: [], findings: [{ state: 'appeared', ...finding } as Comparison['findings'][number]] },
      'Worse: a finding appeared: It gives up.',
    ],
    [{ verdict: 'invalid', invalid: ['head: late'] }, 'Not valid: the probe was at its own limit (head: late).'],
  ];
  for (const [changes, expected] of cases) assert.equal(answerOf(comparison(changes)), expected);
});

test('the text shows what the answer rests on, and what is not like for like', () => {
  const text = comparisonText(
    comparison({
      differences: [{ what: 'version of gateprobe', base: '1', head: '2' }],
      outcomes: [
        { route: 'gateway', outcome: '502.3', base: 0, head: 12, baseOf: 600, headOf: 600, adjustedP: 0.001 },
        { route: 'gateway', outcome: '200', base: 600, head: 599, baseOf: 600, headOf: 600, adjustedP: 0.9 },
      ],
      phases: [{ route: 'gateway', requestName: 'home', phase: 'wait', baseUs: 10_000, headUs: 90_000 }],
    }),
  );
  assert.match(text, /version of gateprobe: 1 → 2/);
  assert.match(text, /gateway home p95 +400 ms +484 ms +\+84 ms \(\+61 ms to \+110 ms\) +\+21 % +worse/);
  assert.match(text, /gateway 502\.3 +0 of 600 +12 of 600/);
  assert.doesNotMatch(text, /gateway 200/);
  assert.match(text, /gateway home wait +10 ms +90 ms/);
});

test('what a run is too short for takes one line', () => {
  const { change: _, ...bare } = GATEWAY_P95;
  const few: MetricChange = { ...bare, what: { kind: 'quantile', p: 0.99 }, state: 'insufficient' };
  const text = comparisonText(comparison({ metrics: [GATEWAY_P95, few] }));
  assert.match(text, /Not compared:\n {2}too few requests in a run: gateway home p99\n/);
});

test('a calibration says what share of pairs looks changed', () => {
  const text = calibrationText({
    schemaVersion: 1,
    recordings: 5,
    pairs: 10,
    alarms: 1,
    metrics: [{ id: 'gateway home p50', pairs: 10, excluded: 2 }],
  });
  assert.match(text, /^1 of 10 pairs of 5 recordings look changed \(10 %\)\./);
  assert.match(text, /gateway home p50: 2 of 10 \(20 %\)/);
});

test('every format shows the same, and foreign text does nothing in any', async () => {
  const evil = { ...RUN, profile: '<b>\u001b[31m|x' };
  const sample = comparison({ head: evil });
  const markdown = comparisonMarkdown(sample);
  assert.match(markdown, /^\*\*Worse: the gateway's p95/);
  assert.match(markdown, /\| gateway home p95 \| 400 ms \| 484 ms \|/);
  const page = await comparisonHtml(sample);
  assert.match(page, /<h2 class="answer" id="verdict">Worse: the gateway&#39;s p95/);
  assert.match(page, /Content-Security-Policy/);
  for (const text of [comparisonText(sample), markdown, page]) assert.ok(!text.includes('\u001b'));
  for (const text of [markdown, page]) assert.ok(!text.includes('<b>'));
});

test('the page shows the change with its interval, and the times of both runs over each other, way by way', async () => {
  const curve = [
    [0.5, 10_000],
    [0.9, 20_000],
  ] as const;
  const page = await comparisonHtml(
    comparison({
      metrics: [GATEWAY_P95, { ...GATEWAY_P95, id: 'm', route: 'direct:web1', state: 'same' }],
      curves: [
        { route: 'gateway', requestName: 'home', base: curve, head: curve },
        { route: 'direct:web1', requestName: 'home', base: curve, head: curve },
        { route: 'gateway', requestName: 'evil <i>', base: curve, head: curve },
      ],
    }),
  );
  assert.equal(page.match(/<svg width="680"/g)?.length, 3, 'changes, and a picture for each request');
  assert.match(page, />gateway p95<\/text>.*>web1 p95<\/text>/s);
  assert.match(page, />web1, direct<\/text>/);
  assert.match(page, /<td[^>]*><span class="chip chip-fail">worse/);
  assert.ok(!page.includes('<i>'));
  const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const [, target] of page.matchAll(/href="#([^"]*)"/g)) assert.ok(ids.includes(target), target);
});
