import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { awsAlb } from '../../../src/logs/formats/aws-alb.ts';
import { fuzzLines } from '../../helpers/fuzz-lines.ts';
import { readLines } from '../../helpers/read-log.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/logs/aws-alb/${name}`, import.meta.url), 'utf8');
const ACCESS = fixture('access.log');
const BASE_US = Date.UTC(2026, 10, 20, 17, 44, 49) * 1_000;

test('a line, whole', () => {
  const { entries, rows } = readLines(awsAlb, ACCESS);
  assert.deepEqual(entries[0], {
    format: 'aws-alb',
    kind: 'access',
    atUs: BASE_US + 509_114,
    stamp: 'end',
    resolutionUs: 1,
    method: 'GET',
    path: '/cart',
    query: 'id=7',
    status: 200,
    durationUs: 53_000,
    durationResolutionUs: 3_000,
    bytesSent: 57,
    bytesReceived: 366,
    clientIp: '192.0.2.10',
    clientPort: 2_817,
    host: 'shop.example.com',
    userAgent: 'gateprobe/0.1.0 (run=0a1b2c3d; id=00112233445566aa)',
    upstream: [{ address: '192.0.2.81:80', status: 200, headerUs: 50_000 }],
    ids: { probe: '00112233445566aa', request: 'Root=1-58337262-36d228ad5d99923122bbe354' },
    extra: {
      request_processing_time: '0.001',
      target_processing_time: '0.050',
      response_processing_time: '0.002',
      actions_executed: 'forward',
      target_status_code_list: '200',
      target_group_arn: 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/73e2d6bc24d8a067',
      conn_trace_id: 'TID_1234abcd5678ef90',
      targetStatus: '200',
    },
  });
  assert.deepEqual(rows[0], { atUs: BASE_US + 509_114, status: 200, substatus: -1, win32: -1, durationUs: 53_000 });
});

test('durations, targets, reasons and clients that left', () => {
  const { entries, bad } = readLines(awsAlb, ACCESS);
  assert.deepEqual(bad, []);
  assert.deepEqual(
    entries.map(({ status, durationUs, upstream, flags, clientGone, extra }) => [
      status,
      durationUs,
      upstream,
      flags,
      clientGone,
      extra?.['request_processing_time'],
    ]),
    [
      [200, 53_000, [{ address: '192.0.2.81:80', status: 200, headerUs: 50_000 }], undefined, undefined, '0.001'],
      [502, 2_123, [{ address: '192.0.2.82:80' }], undefined, undefined, '0.000'],
      [503, 0, [], undefined, undefined, '-1'],
      [502, 1_000, [], 'LambdaInvalidResponse', undefined, '0.000'],
      // An old line: nothing behind the protocol, so no creation time.
      [460, undefined, [{ address: '192.0.2.81:80' }], undefined, true, '0.000'],
    ],
  );
  assert.equal(entries[1]?.userAgent, 'agent with "quotes"');
  assert.equal(entries[1]?.extra?.['classification'], 'Ambiguous');
});

test('several targets, the last one counts', () => {
  const line = (ACCESS.split('\n')[0] ?? '')
    .replace('"192.0.2.81:80" "200"', '"192.0.2.82:80 192.0.2.81:80" "502 200"')
    .concat(' "one" more "in the" future');
  assert.deepEqual(readLines(awsAlb, line).entries[0]?.upstream, [
    { address: '192.0.2.82:80', status: 502 },
    { address: '192.0.2.81:80', status: 200, headerUs: 50_000 },
  ]);
});

test('other logs of the same bucket are not ours', () => {
  for (const name of ['nlb-tls.log', 'connections.log']) {
    assert.equal(awsAlb.recognise(fixture(name)), 0);
    assert.deepEqual(readLines(awsAlb, fixture(name)).kinds, ['bad']);
  }
});

test('mutated lines', () => {
  fuzzLines(awsAlb, ACCESS);
});
