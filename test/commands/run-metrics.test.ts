import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runMetricPieces } from '../../src/commands/run-metrics.ts';
import { directTo } from '../../src/model/route.ts';
import { diagnose } from '../../src/pipeline.ts';
import {
  type FullReply,
  fails,
  makeRecording,
  notSent,
  OK,
  type RecordingOptions,
  timesOut,
} from '../helpers/make-recording.ts';
import { findProgram, missingProgram } from '../helpers/requires.ts';

const given = ({ us, outcome = OK }: FullReply) => ({ us, outcome });

function textOf(options: RecordingOptions = {}): string {
  const recording = makeRecording({ noise: 0, ...options })
    .experiment('compare', [
      { route: 'gateway', us: 4_000 },
      { route: 'gateway', dueUs: 1_000_000, us: 4_000 },
      { route: 'gateway', dueUs: 2_000_000, ...given(fails(30_010_000, 502, 3)) },
      { route: directTo('web1'), dueUs: 2_000_000, ...given(timesOut(400_000_000)) },
      { route: directTo('web1'), dueUs: 3_000_000, ...given(notSent()) },
    ])
    .build();
  return [...runMetricPieces(recording, diagnose(recording))].join('');
}

/** Value of the series whose name and labels hold all these texts. */
function seriesValue(text: string, name: string, ...labels: string[]): number {
  const found = text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) && labels.every((one) => line.includes(one)));
  assert.equal(found.length, 1, `${name} ${labels.join(' ')}: ${found.join('\n')}`);
  return Number(found[0]?.split(' ').at(-1));
}

test('every due request is counted, by how it ended', () => {
  const text = textOf();
  const count = (...labels: string[]) => seriesValue(text, 'gateprobe_requests_total', ...labels);
  assert.equal(count('route="gateway"', 'outcome="200"', 'status="200"', 'class="ok"'), 2);
  assert.equal(count('route="gateway"', 'outcome="502"', 'class="error"'), 1);
  assert.equal(count('member="web1"', 'outcome="timeout:headers"', 'status=""', 'class="timeout"'), 1);
  assert.equal(count('member="web1"', 'outcome="not-sent:cap"', 'class="not-sent"'), 1);
});

test('times are cumulative histograms in seconds; what was not sent has none', () => {
  const text = textOf();
  const bucket = (le: string, ...labels: string[]) =>
    seriesValue(text, 'gateprobe_service_seconds_bucket', `le="${le}"`, ...labels);
  assert.deepEqual(
    ['0.0025', '0.005', '30', '35', '+Inf'].map((le) => bucket(le, 'route="gateway"')),
    [0, 2, 2, 3, 3],
  );
  assert.deepEqual(
    ['305', '+Inf'].map((le) => bucket(le, 'member="web1"')),
    [0, 1],
  );
  assert.equal(seriesValue(text, 'gateprobe_service_seconds_count', 'member="web1"'), 1);
  const sum = seriesValue(text, 'gateprobe_service_seconds_sum', 'route="gateway"');
  assert.ok(Math.abs(sum / 30.018 - 1) < 0.001, String(sum));
});

test('findings are those of the report', () => {
  const recording = makeRecording({ seed: 2 })
    .compare({ member: { web1: 10_000, web2: fails(5_000, 500) } })
    .build();
  const report = diagnose(recording);
  const text = [...runMetricPieces(recording, report)].join('');
  assert.ok(report.findings.length > 0);
  for (const { cause, severity } of report.findings)
    assert.ok(text.includes(`cause="${cause}",severity="${severity}"`), cause);
  assert.match(text, /^gateprobe_run_valid\{profile="[^"]+"\} 1$/m);
  assert.doesNotMatch(textOf(), /gateprobe_finding\{[^\n]*cause="member\/errors"/);
});

test('a run of a probe that was at its limit says so', () => {
  const text = textOf({
    quality: {
      busyRatioMax: 1,
      busyRatio: 1,
      notSentCap: 1_000,
      latenessCount: 1_000,
      latenessUs: { p50: 900_000, p99: 900_000, p999: 900_000, max: 900_000 },
    },
  });
  assert.match(text, /^gateprobe_run_valid\{profile="[^"]+"\} 0$/m);
});

test('promtool finds nothing to complain about, also with names that need escaping', {
  skip: missingProgram('promtool'),
}, () => {
  const odd = textOf({ request: 'a"b\\c\nd' });
  assert.ok(odd.includes('request="a\\"b\\\\c\\nd"'));
  for (const input of [textOf(), odd]) {
    const { status, stdout, stderr } = spawnSync(findProgram('promtool')!, ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  }
});

test('what the monitor tells too is named and described as in docs/metrics.md', () => {
  const docs = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'metrics.md'), 'utf8');
  const told = [...textOf().matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  assert.equal(told.length, 8);
  for (const [, name, type] of told) assert.ok(docs.includes(`| \`${name}\` | ${type} |`), name);
});
