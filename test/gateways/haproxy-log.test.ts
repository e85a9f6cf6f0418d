import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readHaproxyLog } from '../../src/gateways/haproxy-log.ts';
import type { LogEntry } from '../../src/model/log.ts';

const answered = (more: Partial<LogEntry>): LogEntry => ({
  format: 'haproxy',
  kind: 'access',
  atUs: 0,
  stamp: 'start',
  resolutionUs: 1_000,
  status: 200,
  flags: '----',
  ids: {},
  upstream: [{ address: 'shop/web1' }],
  ...more,
  extra: { TR: '0', Tw: '1', Tc: '0', Tr: '2', Ta: '3', ...more.extra },
});

test('attempts that HAProxy repeated are told as what they are: connects that failed', () => {
  const once = readHaproxyLog(answered({ retries: 1, extra: { redispatched: 'yes' } }));
  assert.equal(once?.outcome, 'ok/retried');
  assert.match(
    once.because,
    /after one attempt more, the last at another server than the first; .* repeats only what it could not connect$/,
  );
  assert.match(
    readHaproxyLog(answered({ retries: 3 }))?.because ?? '',
    /after 3 attempts more, the last at this server/,
  );
  const plain = readHaproxyLog(answered({}));
  assert.deepEqual([plain?.outcome, /attempt/.test(plain?.because ?? '')], ['ok', false]);
});
