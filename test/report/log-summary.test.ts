import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '../../src/model/finding.ts';
import type { LogClass, LogEvidence } from '../../src/model/journey.ts';
import type { LogBalance } from '../../src/model/report.ts';
import { codeText, logReport, sourceNames } from '../../src/report/log-summary.ts';
import { explained, gatewaySource, logEvidence } from './sample-logs.ts';

const CODES: readonly (readonly [one: Partial<LogClass> & { status: number }, code: string])[] = [
  [{ status: 502, substatus: 3, win32: 12_002 }, '502.3 12002'],
  [{ status: 200, substatus: 0, win32: 0 }, '200'],
  [{ status: 200, substatus: 0, win32: 64 }, '200 64'],
  [{ status: 504, flags: 'sH--' }, '504 sH--'],
  [{ status: 0 }, 'no status'],
];
for (const [one, code] of CODES) {
  test(`${JSON.stringify(one)} is ${code}`, () =>
    assert.equal(codeText({ count: 1, kept: 1, firstAtUs: 0, lastAtUs: 0, ...one }), code));
}

test('sources have names that tell them apart, and everything refers to them', () => {
  const { sources, clocks, classes, preflight } = logReport(logEvidence(), [], { isAlone: true });
  assert.deepEqual(
    sources.map(({ name }) => name),
    ['gateway', 'web1, iis-w3c', 'web1, httperr', 'web2, nginx', 'web2, nginx-error'],
  );
  const twice = [gatewaySource(), { ...gatewaySource(), index: 1 }];
  assert.deepEqual([...sourceNames(twice).values()], ['gateway, iis-w3c', 'gateway, iis-w3c 2']);
  const names = new Set(sources.map(({ name }) => name));
  for (const { source } of [...clocks, ...classes, ...preflight]) assert.ok(names.has(source), source);
});

test('requests and failures are those of the time asked for, lines those of the files', () => {
  const [gateway, , httperr] = logReport(logEvidence(), [], { isAlone: true }).sources;
  assert.deepEqual([gateway?.requests, gateway?.failed, gateway?.lines], [4_080, 51, 4_084]);
  assert.deepEqual([httperr?.requests, httperr?.failed], [0, 0]);
});

test('classes: most frequent first, with their share and the name of the Windows error', () => {
  const { classes } = logReport(logEvidence(), [], { isAlone: true });
  assert.ok(classes.every(({ count }, at) => at === 0 || count <= (classes[at - 1]?.count ?? 0)));
  const timeout = classes.find(({ code }) => code === '502.3 12002');
  assert.deepEqual([timeout?.codeName, timeout?.shareRatio], ['ERROR_WINHTTP_TIMEOUT', 43 / 4_080]);
  assert.equal(classes.find(({ code }) => code === '200 64')?.codeName, 'ERROR_NETNAME_DELETED');
  assert.equal(classes.find(({ source, status }) => source === 'web2, nginx' && status === 502)?.codeName, undefined);
});

function balance(logs: LogEvidence, findings: readonly Finding[] = [], told?: LogBalance['unexplained']): LogBalance {
  const report = logReport(logs, findings, { isAlone: true, unexplained: told });
  assert.ok(report.balance);
  return report.balance;
}

const only = (...indexes: readonly number[]): LogEvidence => {
  const logs = logEvidence();
  return { ...logs, sources: logs.sources.filter(({ index }) => indexes.includes(index)), clocks: [] };
};

const OF: readonly (readonly [what: string, logs: LogEvidence, of: LogBalance['of'], errors: number])[] = [
  ['the gateway’s log counts, whatever the members have', logEvidence(), 'gateway', 48],
  ['without it the members’', only(1, 3), 'members', 5],
  ['a log of details is no log of requests', only(2, 4), 'nobody', 0],
  ['no log', only(), 'nobody', 0],
  ['a log that is nobody’s', { ...only(), sources: [{ ...gatewaySource(), role: 'unknown' }] }, 'unknown', 48],
];
for (const [what, logs, of, errors] of OF) {
  test(`what clients got: ${what}`, () => {
    const got = balance(logs);
    assert.deepEqual([got.of, got.errors], [of, errors]);
  });
}

test('5xx are errors, other failures were cut short', () => {
  assert.deepEqual([balance(only(0)).errors, balance(only(0)).cutShort], [48, 3]);
  assert.deepEqual([balance(only(1)).errors, balance(only(1)).cutShort], [0, 30]);
});

const finding = (cause: Finding['cause'], count: number): Finding => ({
  cause,
  scope: { route: 'gateway' },
  severity: 'error',
  confidence: 'likely',
  title: '',
  meaning: '',
  measured: {},
  rivals: [],
  exhibits: [],
  remedy: { steps: [], commands: [], howToVerify: '' },
  affected: { count, of: 4_080 },
});

test('what the detectors leave unexplained is taken as it is, whole and within what there is', () => {
  const told = [
    { because: 'a', count: 1.6 },
    { because: 'b', count: 7.2 },
    { because: 'c', count: 0.2 },
  ];
  const got = balance(logEvidence(), [finding('timeout/gateway-response', 48)], told);
  assert.deepEqual(got.unexplained, [
    { because: 'b', count: 7 },
    { because: 'a', count: 2 },
  ]);
  assert.equal(got.explained, 39);
  assert.deepEqual(balance(logEvidence(), [], [{ because: 'all', count: 500 }]).unexplained, [
    { because: 'all', count: 48 },
  ]);
  assert.equal(balance(logEvidence(), [], []).explained, 48);
});

const LEFT: readonly (readonly [
  what: string,
  logs: LogEvidence,
  findings: readonly Finding[],
  left: number,
  because: RegExp,
])[] = [
  ['nothing was found', logEvidence(), [], 48, /clocks/],
  ['findings count', logEvidence(), [finding('timeout/gateway-response', 40)], 8, /clocks/],
  ['slow answers are no errors', logEvidence(), [finding('application/slow', 40)], 48, /clocks/],
  ['more was found than there is', logEvidence(), [finding('timeout/gateway-response', 400)], 0, /./],
  ['only the gateway’s log', only(0), [], 48, /no log of a member/],
  ['only the members’ logs', only(3), [], 5, /no log of the gateway/],
  ['all is there', only(0, 1), [], 48, /do not say/],
];
for (const [what, logs, findings, left, because] of LEFT) {
  test(`without word from the detectors findings are counted: ${what}`, () => {
    const { explained: done, errors, unexplained } = balance(logs, findings);
    assert.equal(errors - done, left);
    if (left > 0) assert.match(unexplained[0]?.because ?? '', because);
  });
}

test('a run with logs has no balance: its own requests are accounted for by its findings', () => {
  assert.equal(logReport(logEvidence(), [], { isAlone: false }).balance, undefined);
  assert.ok(explained(logEvidence()).logs?.balance !== undefined);
});
