import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFormatId, LogRole } from '../../src/model/log.ts';
import type { RecognisedGateway } from '../../src/model/recording.ts';
import { kindWithLogs } from '../../src/pipeline/kind-from-logs.ts';
import { evidenceOf, summary } from '../detectors/synthetic-journeys.ts';

const seen = (kind: RecognisedGateway['kind'], certainty: number, declared = false): RecognisedGateway => ({
  kind,
  certainty,
  because: [],
  declared,
});

const ROWS: readonly (readonly [
  what: string,
  answers: RecognisedGateway,
  format: LogFormatId,
  role: LogRole,
  kind: string,
])[] = [
  ['answers without a mark, as HAProxy passes them on', seen('unknown', 0), 'haproxy', 'gateway', 'haproxy'],
  ['a Server header that a member may have set', seen('nginx', 0.6), 'haproxy', 'gateway', 'haproxy'],
  ["the gateway's own error pages", seen('nginx', 0.95), 'haproxy', 'gateway', 'nginx'],
  ['the user said it', seen('nginx', 1, true), 'haproxy', 'gateway', 'nginx'],
  ['a format that several write', seen('unknown', 0), 'combined', 'gateway', 'unknown'],
  ['the log of a member', seen('unknown', 0), 'nginx-error', 'member', 'unknown'],
  ['IIS without ARR', seen('iis', 0.6), 'iis-w3c', 'gateway', 'iis'],
];
for (const [what, answers, format, role, kind] of ROWS) {
  test(`which gateway it is, with its log: ${what}`, () => {
    const logs = { ...evidenceOf([]), sources: [summary({ index: 0, role, format })] };
    assert.equal(kindWithLogs(answers, logs).kind, kind);
  });
}
