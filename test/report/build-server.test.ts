import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Comparison } from '../../src/model/comparison.ts';
import {
  type BuildNote,
  comparisonNotes,
  guardedJson,
  guardedText,
  noteLines,
  reportNotes,
  summaryText,
} from '../../src/report/build-server.ts';
import { clearReport, demoReport, hostileReport, invalidReport } from './sample-report.ts';

const nowhere = (): undefined => undefined;
const PLAIN: Comparison = {
  schemaVersion: 1,
  base: { runId: 'a', startedAt: '2026-03-04T05:06:07Z', profile: 'shop', requests: 1 },
  head: { runId: 'b', startedAt: '2026-03-04T06:06:07Z', profile: 'shop', requests: 1 },
  verdict: 'same',
  metrics: [],
  phases: [],
  outcomes: [],
  curves: [],
  findings: [],
  differences: [],
  invalid: [],
};

test('a report gives a note for each threshold that is not kept and each finding that counts', () => {
  const place = { file: 'ci/shop.yaml', line: 12, column: 5 };
  const notes = reportNotes(demoReport(), 'error', (text) => (text.startsWith('gateway errors') ? place : undefined));
  const [broken, open] = notes;
  assert.deepEqual(
    [broken?.level, broken?.title, broken?.place],
    ['error', 'Threshold broken: gateway errors < 0.1%', place],
  );
  assert.deepEqual([open?.level, open?.title], ['warning', 'Threshold undecided: overhead p99 < 15ms']);
  for (const finding of demoReport().findings.filter(({ severity }) => severity !== 'info')) {
    const note = notes.find(({ title, text }) => title === finding.cause && text.startsWith(finding.title));
    assert.equal(note?.level, finding.severity === 'warning' ? 'warning' : 'error', finding.cause);
    assert.match(note?.text ?? '', / What to change: /);
  }
  assert.ok(reportNotes(demoReport(), 'never', nowhere).filter(({ level }) => level === 'error').length === 1);
  assert.deepEqual(reportNotes({ ...clearReport(), thresholds: [] }, 'warning', nowhere), []);
  assert.deepEqual(
    reportNotes(invalidReport(), 'warning', nowhere).map(({ level }) => level),
    ['error'],
  );
});

test('a comparison gives notes of its own, and none twice beside a report', () => {
  const threshold = { text: 'change p50 < 1%', verdict: 'fail', gate: 'fail', unit: 'ratio', because: '+3 %' } as const;
  const broken = { ...PLAIN, thresholds: [threshold] };
  assert.deepEqual(
    comparisonNotes(broken, 'warning', false).map(({ level, title }) => [level, title]),
    [['error', 'Threshold broken: change p50 < 1%']],
  );
  assert.deepEqual(comparisonNotes(broken, 'warning', true), []);
  assert.deepEqual(comparisonNotes(PLAIN, 'warning', false), []);
  const invalid: Comparison = { ...PLAIN, verdict: 'invalid', invalid: ['head: late'] };
  assert.match(comparisonNotes(invalid, 'warning', true)[0]?.text ?? '', /head: late/);
  const worse: Comparison = {
    ...PLAIN,
    verdict: 'worse',
    metrics: [
      {
        id: 'gateway home p50',
        route: 'gateway',
        requestName: 'home',
        what: { kind: 'quantile', p: 0.5 },
        isControlled: true,
        state: 'worse',
        base: 10_000,
        head: 20_000,
        change: { value: 10_000, low: 9_000, high: 11_000 },
        baseCount: 100,
        headCount: 100,
      },
    ],
  };
  for (const [failOn, level] of [
    ['warning', 'error'],
    ['never', 'warning'],
  ] as const) {
    const [note, more] = comparisonNotes(worse, failOn, false);
    assert.deepEqual([note?.level, more], [level, undefined]);
    assert.match(note?.title ?? '', /^Worse than before: gateway home p50/);
  }
  // Within what was agreed.
  const kept = { ...threshold, verdict: 'pass', gate: 'pass' } as const;
  assert.deepEqual(comparisonNotes({ ...worse, thresholds: [kept] }, 'warning', false), []);
});

test('notes are one line each, and nothing in them is a command', () => {
  const note: BuildNote = {
    level: 'error',
    title: 'a, b: 100%\n::warning::c',
    text: 'x\r\n::set-env name=a::b ##vso[task.setvariable variable=a]b 5% ]',
    place: { file: 'a;b],c.yaml', line: 3, column: 7 },
  };
  const [github] = noteLines('github', [note]);
  assert.equal(
    github,
    '::error file=a;b]%2Cc.yaml,line=3,col=7,title=a%2C b%3A 100%25 %3A%3Awarning%3A%3Ac::x ::set-env name=a::b ##vso[task.setvariable variable=a]b 5%25 ]',
  );
  const [azure] = noteLines('azure', [note]);
  assert.ok(
    azure?.startsWith(
      '##vso[task.logissue type=error;sourcepath=a%3Bb%5D,c.yaml;linenumber=3;columnnumber=7;]a, b: 100%AZP25 ',
    ),
    azure,
  );
  for (const server of ['github', 'azure'] as const) {
    for (const line of noteLines(server, reportNotes(hostileReport(), 'warning', nowhere))) {
      assert.doesNotMatch(line, /[\r\n]/);
    }
  }
});

test('what a server answered cannot speak to the build server', () => {
  const text = 'the answer was\n::add-mask::secret\n##vso[task.complete result=Succeeded;]\n##[error]x';
  assert.equal(guardedText('github', text, 'tok'), `::stop-commands::tok\n${text}\n::tok::\n`);
  assert.doesNotMatch(guardedText('azure', text, 'tok'), /##vso\[|##\[/);
  assert.equal(guardedText(undefined, text, 'tok'), text);
  const json = JSON.stringify({ text: '##vso[task.complete]##[error]###[x]' });
  assert.doesNotMatch(guardedJson('azure', json), /##/);
  assert.deepEqual(JSON.parse(guardedJson('azure', json)), JSON.parse(json));
  assert.equal(guardedJson('github', json), json);
});

test('a long summary is cut at a line, and says so', () => {
  assert.equal(summaryText('short'), 'short');
  const long = summaryText('äö line\n'.repeat(200_000));
  assert.ok(new TextEncoder().encode(long).length < 1_048_576);
  assert.match(long, /line\n\nThe rest is in the report\.\n$/);
});
