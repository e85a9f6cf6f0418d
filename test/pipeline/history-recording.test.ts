import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { History, HistoryEvidence } from '../../src/model/history.ts';
import type { Profile } from '../../src/model/profile.ts';
import { directTo, GATEWAY, memberOf } from '../../src/model/route.ts';
import { recordingOfHistory } from '../../src/pipeline/history-recording.ts';
import { diagnose } from '../../src/pipeline.ts';
import { syntheticProfile } from '../helpers/synthetic-frame.ts';
import {
  type Answered,
  type Asked,
  type HistoryOptions,
  HOUR_US,
  makeHistory,
  ordinary,
} from '../helpers/synthetic-history.ts';
import { timeoutFinding } from '../report/sample-findings.ts';

/** A history that can only be read. */
function readable(evidence: HistoryEvidence): History {
  const refuse = (): never => {
    throw new Error('nothing is written here');
  };
  return {
    append: refuse,
    addQuiet: refuse,
    putEvent: refuse,
    putFinding: refuse,
    maintain: refuse,
    size: refuse,
    profiles: () => ['farm'],
    intervals: () => evidence.series.flatMap(({ intervals }) => intervals),
    kept: () => evidence.kept.toReversed(),
    quiet: () => evidence.quiet,
    events: () => evidence.events,
    event: () => undefined,
    findings: () => [],
    check: () => [],
    close: () => undefined,
  };
}

function recordingOf(options: HistoryOptions) {
  const evidence = makeHistory(options);
  const profile: Profile = { ...syntheticProfile(['web1', 'web2'], 'page'), name: 'farm', secrets: [] };
  const { fromAtUs, toAtUs } = evidence;
  return recordingOfHistory(readable(evidence), { profile, fromAtUs, toAtUs, version: '0.0.0' });
}

const failing =
  (ratio: number) =>
  (asked: Asked): Answered =>
    memberOf(asked.route) === 'web1' && asked.random.next() < ratio ? { us: 4_000, status: 503 } : ordinary(asked);

test('every request of the time is counted, failures apart, and times are those of history', () => {
  const recording = recordingOf({ seed: 1, days: 0.5, answer: failing(0.1) });
  const measures = createMeasures(recording);
  const all = measures.counts({});
  assert.equal(all.due, 3 * 720);
  assert.equal(all.sent, all.due);
  const web1 = measures.counts({ route: directTo('web1') });
  assert.equal(web1.failed, measures.exchanges({ route: directTo('web1') }).length);
  assert.ok(web1.failed > 40 && web1.failed + web1.ok === 720, JSON.stringify(web1));
  assert.deepEqual(Object.keys(web1.outcomes).sort(), ['200', '503']);
  const median = measures.quantile({ route: GATEWAY }, 0.5);
  assert.ok('value' in median && Math.abs(median.value - 13_000) < 1_500, JSON.stringify(median));
  assert.equal(recording.experiments[0]?.dueCount, all.due);
  const [first, second] = recording.exchanges;
  assert.ok((first?.dueUs ?? 0) >= 0 && (first?.dueUs ?? 0) < (second?.dueUs ?? 0), 'in order of time');
});

test('a healthy day has no finding, whatever the noise and the level', () => {
  for (const [seed, noise, level] of [
    [1, 0, '5m'],
    [2, 1, '5m'],
    [3, 10, '5m'],
    [4, 1, '10s'],
    [5, 10, '1h'],
    [6, 1, '1h'],
    [7, 10, '5m'],
    [8, 10, '5m'],
  ] as const) {
    const report = diagnose(recordingOf({ seed, noise, level, days: 1, everyUs: 120_000_000 }));
    assert.deepEqual(
      report.findings.map(({ title }) => title),
      [],
      `seed ${seed}, noise ${noise}, ${level}`,
    );
    assert.deepEqual(
      report.detectors.filter(({ verdict }) => verdict.state === 'failed'),
      [],
    );
  }
});

test('a member that fails through a day is named by the detectors of a run', () => {
  const report = diagnose(recordingOf({ seed: 2, days: 1, answer: failing(0.3) }));
  const finding = report.findings.find(({ cause }) => cause === 'member/errors');
  assert.equal(finding?.scope.member, 'web1', report.findings.map(({ title }) => title).join('\n'));
});

test('a member that goes up and down is one finding, its errors are explained by it', () => {
  const answer = (asked: Asked): Answered =>
    memberOf(asked.route) === 'web2' && asked.atUs % (3 * HOUR_US) < HOUR_US / 2
      ? { us: 2_000, status: 503 }
      : ordinary(asked);
  const report = diagnose(recordingOf({ seed: 3, days: 1, answer }));
  const causes = report.findings.filter(({ severity }) => severity !== 'info').map(({ cause }) => cause);
  assert.deepEqual(causes, ['member/flapping'], report.findings.map(({ title }) => title).join('\n'));
});

test('no history at all is a recording without experiments', () => {
  const recording = recordingOf({ seed: 1, days: 0 });
  assert.deepEqual(recording.experiments, []);
  assert.deepEqual(diagnose(recording).findings, []);
});

test('the timer of the gateway that was last found goes with the history, also where its finding is closed', () => {
  const evidence = makeHistory({ days: 0.1 });
  const profile: Profile = { ...syntheticProfile(['web1', 'web2'], 'page'), name: 'farm', secrets: [] };
  const record = (lastSeenAtUs: number, value: number) => ({
    ...{ id: String(value), profile: 'farm', firstSeenAtUs: 1, lastSeenAtUs, closedAtUs: lastSeenAtUs, timesSeen: 1 },
    finding: { ...timeoutFinding(), measured: { timeoutUs: { value } } },
  });
  const found = { ...readable(evidence), findings: () => [record(5, 30_000_000), record(9, 60_000_000), record(2, 1)] };
  const { fromAtUs, toAtUs } = evidence;
  const options = { profile, fromAtUs, toAtUs, version: '0' };
  assert.equal(recordingOfHistory(found, options).history?.gatewayTimerUs?.value, 60_000_000);
  assert.equal(recordingOfHistory(readable(evidence), options).history?.gatewayTimerUs, undefined);
});
