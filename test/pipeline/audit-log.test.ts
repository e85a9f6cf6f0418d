import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Exchange } from '../../src/model/exchange.ts';
import { auditLine, auditRecorder } from '../../src/pipeline/audit-log.ts';
import { createRecorder } from '../../src/recording/recorder.ts';

const ORDINARY: Exchange = {
  seq: 1,
  requestId: '3b6e4e250000002a',
  experimentId: 'compare-1',
  route: 'gateway',
  requestName: 'home',
  tag: { kind: 'slot', arm: 'warm' },
  dueUs: 1_000_000,
  sentUs: 1_000_000,
  endUs: 1_010_000,
  outcome: { kind: 'response', status: 502, bodyBytes: 0, complete: true, bodyDigest: 0 },
};
const SLOW: Exchange = {
  ...ORDINARY,
  seq: 2,
  experimentId: 'timeout-1',
  requestName: 'slow',
  tag: { kind: 'delay', delayUs: 4_000_000, purpose: 'beyond' },
  endUs: 2_500_000,
};
const OPTIONS = {
  startedMs: Date.parse('2026-03-01T22:00:00Z'),
  whyRepeated: (id: string) => (id === 'compare-2' ? 'home 3 more times. It failed.' : undefined),
};

test('a slow request on purpose has its id, route, time and reason', () => {
  assert.deepEqual(auditLine(SLOW, OPTIONS), {
    requestId: '3b6e4e250000002a',
    sentAt: '2026-03-01T22:00:01.000Z',
    route: 'gateway',
    request: 'slow',
    experimentId: 'timeout-1',
    why: 'A delay of 4 s, longer than any timer, to see the gateway give up.',
    outcome: '502',
    elapsedMs: 1_500,
  });
});

test('what fails in ordinary traffic is not on purpose, what repeats a failure is, what was never sent is not', () => {
  assert.equal(auditLine(ORDINARY, OPTIONS), undefined);
  assert.match(auditLine({ ...ORDINARY, experimentId: 'compare-2' }, OPTIONS)?.why ?? '', /3 more times/);
  const { sentUs: _, ...unsent } = SLOW;
  assert.equal(auditLine({ ...unsent, outcome: { kind: 'not-sent', reason: 'budget' } }, OPTIONS), undefined);
});

test('lines are on disk as soon as they are recorded, and there is no file without any', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-audit-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const inner = createRecorder({ seed: 1 });
  const { recorder, warnings } = auditRecorder(inner, { ...OPTIONS, folder });
  recorder.record([ORDINARY]);
  assert.ok(!existsSync(join(folder, 'audit.jsonl')));
  recorder.record([SLOW]);
  recorder.record([{ ...SLOW, seq: 3, requestId: '3b6e4e250000002b' }]);
  const lines = readFileSync(join(folder, 'audit.jsonl'), 'utf8').trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as { requestId: string }).requestId),
    ['3b6e4e250000002a', '3b6e4e250000002b'],
  );
  assert.equal(recorder.finish().exchangeCount, 3);
  assert.deepEqual(warnings, []);
});

test('a folder that cannot be written is one warning, and nothing is lost of the recording', () => {
  const folder = join(tmpdir(), 'gateprobe-audit-missing', 'not', 'there');
  const { recorder, warnings } = auditRecorder(createRecorder({ seed: 1 }), { ...OPTIONS, folder });
  recorder.record([SLOW]);
  recorder.record([{ ...SLOW, seq: 3 }]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /audit\.jsonl cannot be written/);
  assert.equal(recorder.finish().exchangeCount, 2);
});
