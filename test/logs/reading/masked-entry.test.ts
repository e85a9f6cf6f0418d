import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskedEntry } from '../../../src/logs/reading/masked-entry.ts';
import type { LogEntry } from '../../../src/model/log.ts';
import { createMasker } from '../../../src/profile/mask.ts';

const ENTRY: LogEntry = {
  ...{ format: 'freb', kind: 'access', atUs: 1, stamp: 'end', resolutionUs: 1 },
  path: '/a/hush-hush',
  query: 'token=abc&q=1',
  message: 'sent "hush-hush"',
  userAgent: 'curl hush-hush',
  steps: [{ name: 'GENERAL_REQUEST_HEADERS', atUs: 2, data: { Headers: 'Authorization: Bearer hush-hush' } }],
  extra: { 'cs(Referer)': 'http://me:pw@shop/', win32: '64' },
  ids: { request: 'hush-hush' },
};

test('every text of an entry is masked; what lines are joined by is not', () => {
  const masked = maskedEntry(ENTRY, createMasker(['hush-hush'], ['token']));
  assert.deepEqual(masked, {
    ...ENTRY,
    path: '/a/***',
    query: 'token=***&q=1',
    message: 'sent "***"',
    userAgent: 'curl ***',
    steps: [{ name: 'GENERAL_REQUEST_HEADERS', atUs: 2, data: { Headers: 'Authorization: Bearer ***' } }],
    extra: { 'cs(Referer)': 'http://***@shop/', win32: '64' },
  });
});

test('a field that the line does not have is not made', () => {
  const bare: LogEntry = { format: 'combined', kind: 'access', atUs: 1, stamp: 'end', resolutionUs: 1, ids: {} };
  assert.deepEqual(maskedEntry(bare, createMasker(['abcd'], [])), bare);
});
