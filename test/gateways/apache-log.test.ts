import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApacheLog } from '../../src/gateways/apache-log.ts';
import type { LogEntry } from '../../src/model/log.ts';

const base = { atUs: 0, resolutionUs: 1, ids: {} } as const;
const refused = (address: string): LogEntry => ({
  ...base,
  format: 'apache-error',
  kind: 'error',
  stamp: 'moment',
  code: 'AH00957',
  message: `(111)Connection refused: AH00957: http: attempt to connect to ${address} (${address}) failed`,
});
const access: LogEntry = { ...base, format: 'apache', kind: 'access', stamp: 'start', status: 503 };

test('the member that Apache could not connect to is the one that its error line names', () => {
  const one = readApacheLog(access, [refused('10.0.0.11:80')]);
  assert.deepEqual([one?.outcome, one?.member], ['connect/refused', '10.0.0.11:80']);
  const two = readApacheLog(access, [refused('10.0.0.11:80'), refused('10.0.0.12:80')]);
  assert.deepEqual([two?.outcome, two?.member], ['connect/refused', undefined]);
  const logged = readApacheLog({ ...access, upstream: [{ address: 'http://10.0.0.12:80' }] }, [
    refused('10.0.0.11:80'),
  ]);
  assert.equal(logged?.member, 'http://10.0.0.12:80');
});
