import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNginxLog } from '../../src/gateways/nginx-log.ts';
import type { HopOutcome } from '../../src/model/hop.ts';
import type { LogEntry, LogFormatId } from '../../src/model/log.ts';

function entry(format: LogFormatId, more: Partial<LogEntry>): LogEntry {
  return { format, kind: 'access', atUs: 0, stamp: 'end', resolutionUs: 1_000_000, ids: {}, ...more };
}

test('nginx without the fields of its members: an error line of an attempt, and a good answer after it', () => {
  const table: readonly (readonly [status: number, message: string, expected: HopOutcome])[] = [
    [200, 'connect() failed (111: Connection refused) while connecting to upstream', 'ok/retried'],
    [200, 'upstream prematurely closed connection while reading upstream', 'response/truncated'],
    [200, 'no live upstreams while connecting to upstream', 'pool/none'],
    [502, 'connect() failed (111: Connection refused) while connecting to upstream', 'connect/refused'],
  ];
  for (const [status, message, expected] of table) {
    const error = entry('nginx-error', { message, kind: 'error' });
    const found = readNginxLog(entry('combined', { status }), [error]);
    assert.equal(found?.outcome, expected, `${status} ${message}`);
    assert.equal(found.failedTries, expected === 'ok/retried' ? 1 : undefined);
  }
});

test('nginx without the fields of its members: the error line names the member, unless it names their group only', () => {
  const message = 'connect() failed (111: Connection refused) while connecting to upstream';
  for (const [address, expected] of [
    ['192.0.2.12:8080', '192.0.2.12:8080'],
    ['shop', undefined],
  ] as const) {
    const error = entry('nginx-error', { message, kind: 'error', upstream: [{ address }] });
    assert.equal(readNginxLog(entry('combined', { status: 502 }), [error])?.member, expected);
  }
});
