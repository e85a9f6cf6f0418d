import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison, FindingChange, MetricChange } from '../../src/model/comparison.ts';
import { comparisonJunit } from '../../src/report/comparison-junit.ts';
import { dialectFaults } from '../helpers/junit-dialect.ts';
import { fullComparison } from './sample-comparison.ts';

const metric = (state: MetricChange['state'], name: string): MetricChange => ({
  id: `gateway ${name} p50`,
  route: 'gateway',
  requestName: name,
  what: { kind: 'quantile', p: 0.5 },
  isControlled: true,
  state,
  base: 10_000,
  head: 20_000,
  change: { value: 10_000, low: 9_000, high: 11_000 },
  baseCount: 100,
  headCount: 100,
});
const finding = (state: FindingChange['state'], severity: FindingChange['severity'], title: string): FindingChange => ({
  state,
  severity,
  title,
  cause: 'member/dropped' as FindingChange['cause'],
  scope: { route: 'gateway' },
});
const COMPARISON: Comparison = {
  schemaVersion: 1,
  base: { runId: 'a', startedAt: '2026-03-04T05:06:07.000Z', profile: 'shop', requests: 1 },
  head: { runId: 'b', startedAt: '2026-03-04T06:06:07.000Z', profile: 'shop & co', requests: 1 },
  verdict: 'worse',
  metrics: [metric('worse', 'slow'), metric('same', 'even'), metric('better', 'fast'), metric('insufficient', 'few')],
  phases: [],
  outcomes: [],
  curves: [],
  findings: [
    finding('appeared', 'error', 'New one'),
    finding('appeared', 'info', 'New note'),
    finding('stayed', 'error', 'Old one'),
    finding('unjudged-before', 'error', 'Unknown'),
  ],
  differences: [],
  invalid: [],
};

const caseOf = (xml: string, name: string): string =>
  new RegExp(`<testcase [^>]*name="${name}".*`).exec(xml)?.[0] ?? '';

test('one case for each metric and finding; the worse fails', () => {
  const xml = comparisonJunit(COMPARISON);
  assert.match(xml, /<testsuites name="gateprobe diff shop &amp; co" tests="9" failures="2" errors="0" time="0\.000">/);
  assert.match(xml, /<testsuite name="metrics" tests="4" failures="1" errors="0" skipped="1"/);
  assert.match(xml, /<testsuite name="findings" tests="4" failures="1" errors="0" skipped="1"/);
  assert.match(caseOf(xml, 'gateway slow p50'), /<failure message="worse, \+10 ms/);
  assert.match(caseOf(xml, 'gateway even p50'), /<system-out>/);
  assert.match(caseOf(xml, 'gateway few p50'), /<skipped/);
  assert.match(caseOf(xml, 'member/dropped: New one'), /<failure/);
  assert.match(caseOf(xml, 'member/dropped: New note'), /<system-out>/);
  assert.match(caseOf(xml, 'member/dropped: Unknown'), /<skipped/);
});

test('with rules, a metric is information and the rule is the case', () => {
  const because = '+100 %';
  const thresholds = [
    { text: 'change p50 < 10% of slow', verdict: 'fail', gate: 'fail', unit: 'ratio', because },
    { text: 'change p50 < 10% of few', verdict: 'undecided', gate: 'warn', unit: 'ratio', because },
    { text: 'change p50 < 20% of few', verdict: 'undecided', gate: 'fail', unit: 'ratio', because },
  ] as const;
  const xml = comparisonJunit({ ...COMPARISON, thresholds });
  assert.match(caseOf(xml, 'gateway slow p50'), /<system-out>worse/);
  assert.match(caseOf(xml, 'change p50 &lt; 10% of slow'), /<failure/);
  assert.match(caseOf(xml, 'change p50 &lt; 10% of few'), /<skipped/);
  assert.match(caseOf(xml, 'change p50 &lt; 20% of few'), /<failure/);
});

test('of runs that cannot be compared only that is said', () => {
  const xml = comparisonJunit({ ...COMPARISON, verdict: 'invalid', invalid: ['head: late'] });
  assert.match(xml, /tests="9" failures="0" errors="1" time/);
  const skipped = [...xml.matchAll(/skipped="(\d+)"/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  assert.equal(skipped, 8);
  assert.match(caseOf(xml, 'the two runs can be compared'), /<error .*head: late/);
});

test('the strictest reader of build servers takes it', () => {
  const thresholds = [
    { text: 'change p50 < 10%', verdict: 'undecided', gate: 'fail', unit: 'ratio', because: '<b>' },
  ] as const;
  const all: readonly Comparison[] = [
    COMPARISON,
    fullComparison(),
    { ...COMPARISON, thresholds },
    { ...COMPARISON, verdict: 'invalid', invalid: ['head: late', 'base: ]]>\u0007'] },
  ];
  for (const comparison of all) assert.deepEqual(dialectFaults(comparisonJunit(comparison)), []);
});
