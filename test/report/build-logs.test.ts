import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { Recording } from '../../src/model/recording.ts';
import type { Report } from '../../src/model/report.ts';
import { buildReport, type Judged } from '../../src/report/build.ts';
import { isLogExhibit } from '../../src/report/log-exhibits.ts';
import { terminalWriter } from '../../src/report/terminal.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import { explained, logEvidence } from './sample-logs.ts';

const SEC = 1_000_000;

function built(recording: Recording): Report {
  return buildReport(recording, createMeasures(recording), {
    findings: [],
    detectors: [],
    thresholds: [],
    invalidReasons: [],
  });
}

test('logs alone: routes, answer and detectors come from them, nothing from traffic', () => {
  const thresholds: Judged['thresholds'] = [
    { text: 'gateway p99 < 1s', verdict: 'undecided', gate: 'warn', unit: 'us', because: 'nothing was measured' },
  ];
  const detectors: Judged['detectors'] = (['probe/saturated', 'timeout/probe', 'queue/member'] as const).map((id) => ({
    id,
    title: '',
    verdict: { state: 'clear', checked: 'x' },
  }));
  const report = explained(logEvidence(), { thresholds, detectors });
  assert.deepEqual(
    report.routes.map(({ member, count }) => [member, count]),
    [
      [undefined, 4_080],
      ['web1', 2_040],
      ['web2', 2_006],
    ],
  );
  assert.match(report.headline[0] ?? '', /^48 of the 4,080 requests .* none of them could be explained: because /);
  assert.deepEqual(
    report.detectors.map(({ id }) => id),
    ['queue/member'],
  );
  assert.deepEqual([report.thresholds, report.experiments, report.overheadUs], [[], [], {}]);
  assert.deepEqual(report.untested, [
    { what: 'threshold gateway p99 < 1s', why: 'thresholds are judged by what a run measures' },
  ]);
  assert.ok(report.exhibits.every(isLogExhibit) && report.exhibits.length === 3);
});

test('a run with logs has both: its answer is what was measured, the logs stand beside it', () => {
  const recording = makeRecording({ seed: 9 })
    .compare({ durationUs: 10 * SEC })
    .build();
  const plain = built(recording);
  const report = built({ ...recording, logs: logEvidence() });
  assert.deepEqual(report.headline, plain.headline);
  assert.deepEqual(report.routes, plain.routes);
  assert.equal(report.logs?.balance, undefined);
  assert.equal(report.logs?.sources.length, 5);
  assert.deepEqual(report.exhibits.slice(0, plain.exhibits.length), plain.exhibits);
  assert.equal(report.exhibits.filter(isLogExhibit).length, 3);
  assert.deepEqual(report.warnings, logEvidence().problems);
  assert.match(String(terminalWriter.render(report)), /Probe: sent/);
});
