import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arr } from '../../src/gateways/arr.ts';
import { iis } from '../../src/gateways/iis.ts';
import { readMemberLog } from '../../src/gateways/member-log.ts';
import type { HopOutcome, HopReading } from '../../src/model/hop.ts';
import type { LogEntry } from '../../src/model/log.ts';

const BASE: LogEntry = { format: 'iis-w3c', kind: 'access', atUs: 0, stamp: 'end', resolutionUs: 1_000_000, ids: {} };
const ARR_ID = { arr: '6bdf2da2-0000-4000-8000-000000000001' };

function line(
  status: number,
  substatus: number,
  win32: number,
  durationMs: number,
  more: Partial<LogEntry> = {},
): LogEntry {
  return {
    ...BASE,
    status,
    substatus,
    win32,
    durationUs: durationMs * 1_000,
    ids: ARR_ID,
    extra: { 'x-arr-cache-hit': '0' },
    ...more,
  };
}

const OWN_SITE = { ids: {}, extra: {} };

type Row = readonly [
  name: string,
  access: LogEntry,
  expected: HopOutcome,
  madeBy: HopReading['madeBy'],
  sure: readonly [low: number, high: number],
  rival?: HopOutcome,
];

const ARR_ROWS: readonly Row[] = [
  [
    'the timer of a farm, slightly under',
    line(502, 3, 12002, 29_889),
    'response/timeout',
    'gateway',
    [0.6, 0.7],
    'connect/timeout',
  ],
  [
    'the timer of the proxy',
    line(502, 3, 12002, 120_031),
    'response/timeout',
    'gateway',
    [0.6, 0.7],
    'connect/timeout',
  ],
  [
    'SYNs given up after 21 s',
    line(502, 3, 12002, 21_048),
    'connect/timeout',
    'gateway',
    [0.6, 0.6],
    'response/timeout',
  ],
  [
    'a timeout far below both',
    line(502, 3, 12002, 7_000),
    'response/timeout',
    'gateway',
    [0.5, 0.5],
    'connect/timeout',
  ],
  [
    'a timeout of a configured timer',
    line(502, 3, 12002, 60_010),
    'response/timeout',
    'gateway',
    [0.6, 0.6],
    'connect/timeout',
  ],
  ['refused after a second', line(502, 3, 12029, 1_039), 'connect/refused', 'gateway', [0.9, 1]],
  ['cannot connect, at once', line(502, 3, 12029, 3), 'connect/refused', 'gateway', [0.6, 0.8], 'gateway/resource'],
  [
    'closed at once',
    line(502, 3, 12030, 2),
    'response/reset-before-headers',
    'gateway',
    [0.5, 0.7],
    'response/keepalive-race',
  ],
  [
    'closed after a while',
    line(502, 3, 12030, 4_200),
    'response/reset-before-headers',
    'gateway',
    [0.7, 0.9],
    'tls/protocol-mismatch',
  ],
  ['not valid, or cut', line(502, 3, 12152, 40), 'response/malformed', 'gateway', [0.5, 0.6], 'response/truncated'],
  ['name', line(502, 3, 12007, 12), 'dns/failed', 'gateway', [0.9, 1]],
  ['certificate', line(502, 3, 12175, 12), 'tls/verify', 'gateway', [0.6, 0.7], 'tls/handshake'],
  ['channel', line(502, 3, 12157, 12), 'tls/handshake', 'gateway', [0.8, 1], 'tls/protocol-mismatch'],
  ['client certificate', line(502, 3, 12044, 12), 'tls/handshake', 'gateway', [0.9, 1]],
  ['headers', line(502, 3, 12182, 12), 'response/headers-too-large', 'gateway', [0.9, 1]],
  ['a number that does not exist', line(502, 3, 12092, 12), 'unknown', 'unknown', [0, 0]],
  [
    'no sc-win32-status',
    { ...line(502, 3, 0, 12), win32: undefined } as unknown as LogEntry,
    'unknown',
    'unknown',
    [0, 0],
  ],
  ['overwritten after a second', line(502, 3, 64, 1_039), 'connect/refused', 'gateway', [0.3, 0.5], 'client/abort'],
  ['overwritten at 30 s', line(502, 3, 64, 30_010), 'response/timeout', 'gateway', [0.3, 0.5], 'client/abort'],
  ['overwritten at 21 s', line(502, 3, 64, 21_010), 'connect/timeout', 'gateway', [0.3, 0.5], 'response/timeout'],
  ['overwritten at no known time', line(502, 3, 64, 5_010), 'client/abort', 'client', [0.2, 0.5], 'response/timeout'],
  ['no server', line(502, 4, 0, 0), 'pool/none', 'gateway', [1, 1]],
  ['no server, without keys of ARR', line(502, 4, 0, 0, OWN_SITE), 'pool/none', 'gateway', [0.9, 0.9]],
  ['client gone', line(400, 604, 64, 30), 'client/abort', 'client', [0.9, 1]],
  ['a circle', line(400, 605, 0, 30), 'gateway/config', 'gateway', [0.9, 1]],
  ['502.2 through ARR', line(502, 2, 0, 30), 'gateway/config', 'gateway', [0.5, 0.7]],
  ['502.2 of who knows whom', line(502, 2, 0, 30, OWN_SITE), 'unknown', 'unknown', [0, 0], 'gateway/local-response'],
  ['502.5 of who knows whom', line(502, 5, 0, 30, OWN_SITE), 'unknown', 'unknown', [0, 0], 'gateway/local-response'],
  [
    'an application on the controller',
    line(502, 0, 0, 9_922, OWN_SITE),
    'gateway/local-response',
    'gateway',
    [0.6, 0.7],
    'member/status',
  ],
  ['the member answered', line(200, 0, 0, 30, { extra: { 'server-status': '200' } }), 'ok', 'member', [1, 1]],
  ['the member erred', line(500, 0, 0, 30, { extra: { 'server-status': '500' } }), 'member/status', 'member', [1, 1]],
  [
    'the member sent a 502',
    line(502, 0, 0, 30, { extra: { 'server-status': '502' } }),
    'member/status',
    'member',
    [1, 1],
  ],
  [
    'rewritten',
    line(500, 52, 0, 30, { extra: { 'server-status': '200' } }),
    'gateway/local-response',
    'gateway',
    [0.6, 0.8],
    'member/status',
  ],
  [
    'the client left before the answer',
    line(200, 0, 64, 30, { extra: { 'server-status': '200' } }),
    'client/abort',
    'client',
    [0.8, 0.9],
  ],
  [
    'out of the cache',
    line(200, 0, 0, 0, { extra: { 'x-arr-cache-hit': '1' } }),
    'gateway/local-response',
    'gateway',
    [0.9, 0.9],
  ],
  ['requests at once', line(503, 2, 0, 0, OWN_SITE), 'gateway/conn-limit', 'gateway', [0.9, 1]],
  ['the queue of ASP.NET', line(503, 3, 0, 0, OWN_SITE), 'gateway/saturated', 'gateway', [0.9, 1]],
  ['no rule for it', line(404, 0, 2, 0, OWN_SITE), 'gateway/no-route', 'gateway', [0.6, 0.6]],
  ['the probe was limited', line(403, 502, 0, 0, OWN_SITE), 'gateway/rate-limit', 'gateway', [0.9, 1]],
  ['a broken rule', line(500, 50, 0, 0, OWN_SITE), 'gateway/config', 'gateway', [0.9, 0.9]],
  ['no sc-substatus', { ...BASE, status: 502, win32: 12002 }, 'unknown', 'unknown', [0, 0]],
  ['no sc-status', BASE, 'unknown', 'unknown', [0, 0]],
];

function check(found: HopReading | undefined, [name, , expected, madeBy, [low, high], rival]: Row): void {
  assert.equal(found?.outcome, expected, name);
  assert.equal(found.madeBy, madeBy, name);
  assert.ok(found.sure >= low && found.sure <= high, `${name}: ${found.sure}`);
  if (rival !== undefined) assert.ok(found.rivals?.includes(rival), `${name}: ${found.rivals}`);
  assert.doesNotMatch(found.because, /undefined|NaN/, name);
  assert.ok(!(found.rivals ?? []).includes(found.outcome), name);
}

for (const row of ARR_ROWS) {
  test(`ARR's log, ${row[0]}: ${row[2]}`, () => check(arr.readLog?.(row[1], []), row));
}

test('a trace gives back what the 64 of a client that left has hidden, and names the member', () => {
  const trace: LogEntry = {
    ...BASE,
    format: 'freb',
    kind: 'trace',
    status: 502,
    substatus: 3,
    win32: 12_029,
    upstream: [{ address: '10.0.0.7' }],
    extra: { module: 'ApplicationRequestRouting' },
  };
  const both = arr.readLog?.(line(502, 3, 64, 1_030), [trace]);
  assert.equal(both?.outcome, 'connect/refused');
  assert.equal(both.sure, 0.95);
  assert.equal(both.member, '10.0.0.7');
  const alone = arr.readLog?.({ ...trace, durationUs: 1_020_000 }, []);
  assert.equal(alone?.outcome, 'connect/refused');
  const other = arr.readLog?.({ ...trace, substatus: 5, extra: { module: 'AspNetCoreModuleV2' } }, []);
  assert.equal(other?.outcome, 'gateway/local-response');
  assert.match(other.because, /AspNetCoreModuleV2/);
});

const KERNEL_ROWS: readonly (readonly [reason: string, expected: HopOutcome | undefined])[] = [
  ['QueueFull', 'gateway/saturated'],
  ['AppOffline', 'gateway/shutdown'],
  ['ConnLimit', 'gateway/conn-limit'],
  ['Connection_Abandoned_By_ReqQueue', 'gateway/internal'],
  ['Client_Reset', 'client/abort'],
  ['Timer_HeaderWait', 'client/timeout'],
  ['Hostname', 'gateway/no-route'],
  ['Something_New', 'unknown'],
  ['Timer_ConnectionIdle', undefined],
];
for (const [flags, expected] of KERNEL_ROWS) {
  test(`HTTPERR ${flags}: ${expected}`, () => {
    const entry: LogEntry = { ...BASE, format: 'httperr', kind: 'kernel', flags };
    for (const read of [arr.readLog, iis.readLog, readMemberLog]) assert.equal(read?.(entry, [])?.outcome, expected);
  });
}

const MODULE: readonly Row[] = [
  [
    'the timer of the module',
    line(502, 3, 12002, 120_010, OWN_SITE),
    'response/timeout',
    'gateway',
    [0.6, 0.7],
    'connect/timeout',
  ],
  ['Kestrel is gone', line(502, 3, 12029, 1_020, OWN_SITE), 'connect/refused', 'gateway', [0.9, 1]],
  ['the process did not start', line(502, 5, 0, 30, OWN_SITE), 'pool/member-down', 'gateway', [0.8, 0.8]],
  ['start-up failed in process', line(500, 30, 0, 30, OWN_SITE), 'pool/member-down', 'gateway', [0.9, 0.9]],
  ['it took too long to start', line(500, 37, 0, 120_000, OWN_SITE), 'pool/member-down', 'gateway', [0.9, 0.9]],
  ['mixed hosting', line(500, 34, 0, 30, OWN_SITE), 'gateway/config', 'gateway', [0.9, 0.9]],
  ['shutting down', line(503, 0, 0, 0, OWN_SITE), 'gateway/shutdown', 'gateway', [0.6, 0.7], 'member/status'],
  [
    'an error of the application',
    line(500, 0, 0, 30, OWN_SITE),
    'member/status',
    'member',
    [0.6, 0.6],
    'gateway/local-response',
  ],
  ['an answer', line(200, 0, 0, 30, OWN_SITE), 'ok', 'member', [0.7, 0.7]],
  ['the client left', line(200, 0, 64, 30, OWN_SITE), 'client/abort', 'client', [0.7, 0.7]],
  ['the configuration', line(500, 19, 13, 30, OWN_SITE), 'gateway/config', 'gateway', [0.9, 1]],
];
for (const row of MODULE) {
  test(`log of IIS before Kestrel, ${row[0]}: ${row[2]}`, () => check(iis.readLog?.(row[1], []), row));
}

const MEMBER: readonly Row[] = [
  ['an answer', line(200, 0, 0, 30, OWN_SITE), 'ok', 'member', [0.9, 1]],
  ['an error', line(500, 0, 0, 30, OWN_SITE), 'member/status', 'member', [0.9, 1]],
  ['the gateway had gone', line(200, 0, 64, 45_208, OWN_SITE), 'client/abort', 'client', [0.9, 1]],
  ['the gateway stopped reading', line(200, 0, 121, 45_208, OWN_SITE), 'client/timeout', 'client', [0.9, 1]],
  ['aborted by the application', line(200, 0, 995, 30, OWN_SITE), 'response/truncated', 'member', [0.8, 0.8]],
  ['an nginx whose client left', { ...BASE, format: 'nginx', status: 499 }, 'client/abort', 'client', [0.9, 1]],
  ['no status', BASE, 'unknown', 'unknown', [0, 0]],
];
for (const row of MEMBER) {
  test(`a member's log, ${row[0]}: ${row[2]}`, () => check(readMemberLog(row[1], []), row));
}

test('lines of other programs are not read as those of IIS', () => {
  for (const format of ['nginx', 'apache', 'caddy', 'combined', 'aws-alb'] as const) {
    assert.equal(arr.readLog?.({ ...BASE, format, status: 502 }, []), undefined);
    assert.equal(iis.readLog?.({ ...BASE, format, status: 502 }, []), undefined);
  }
});
