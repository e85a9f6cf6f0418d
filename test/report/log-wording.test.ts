import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogBalance, LogReport, LogSourceReport } from '../../src/model/report.ts';
import {
  clockText,
  explainCommand,
  isAccounted,
  isErrorClass,
  logAmount,
  logHeadline,
  quietLogLabel,
} from '../../src/report/log-wording.ts';
import {
  coverageSentence,
  interruptedSentence,
  isReassuring,
  subjectName,
  verdictLabel,
} from '../../src/report/wording.ts';
import { calmLogsReport, explainReport, unexplainedReport } from './sample-logs.ts';
import { demoReport } from './sample-report.ts';

const SPAN = { startedAt: '2011-07-18T16:20:03.000Z', durationUs: 7_193_000_000, interrupted: false };
const logs = explainReport().logs as LogReport;
const BALANCE: LogBalance = { of: 'gateway', requests: 4_080, errors: 48, cutShort: 0, explained: 48, unexplained: [] };
const because = (...parts: readonly (readonly [number, string])[]): Partial<LogBalance> => ({
  explained: 48 - parts.reduce((sum, [count]) => sum + count, 0),
  unexplained: parts.map(([count, text]) => ({ count, because: text })),
});

const SENTENCES: readonly (readonly [balance: Partial<LogBalance>, sentence: string, label: string])[] = [
  [{}, 'All 48 errors (5xx) among the 4,080 requests in the gateway’s log are explained.', 'No fault found'],
  [
    { errors: 1, explained: 1, cutShort: 1 },
    'The one error (5xx) among the 4,080 requests in the gateway’s log is explained. 1 more request was cut short.',
    'No fault found',
  ],
  [
    { requests: 1, errors: 1, explained: 1 },
    'The one request in the gateway’s log ended with an error (5xx), and it is explained.',
    'No fault found',
  ],
  [
    because([2, 'x; y.']),
    '46 of 48 errors (5xx) among the 4,080 requests in the gateway’s log are explained. 2 are not: because x, and y.',
    '2 errors without an explanation',
  ],
  [
    because([40, 'x'], [4, 'y'], [2, 'z'], [1, 'a'], [1, 'b']),
    '48 of the 4,080 requests in the gateway’s log ended with an error (5xx), and none of them could be explained: 40 because x; 4 because y; 2 because z; 2 for other reasons.',
    '48 errors without an explanation',
  ],
  [
    { errors: 1, explained: 0, unexplained: [{ because: 'x', count: 1 }] },
    '1 of the 4,080 requests in the gateway’s log ended with an error (5xx), and it could not be explained: because x.',
    '1 error without an explanation',
  ],
  [
    { errors: 0, explained: 0 },
    'No fault found: none of the 4,080 requests in the gateway’s log ended with an error (5xx).',
    'No fault found',
  ],
  [
    { errors: 0, explained: 0, of: 'members', cutShort: 2 },
    'None of the 4,080 requests in the members’ logs (no log of the gateway was read) ended with an error (5xx). 2 requests were cut short: whoever asked the member did not wait for the answer.',
    'Requests were cut short, and no log of the gateway says why',
  ],
  [
    { errors: 0, explained: 0, of: 'unknown' },
    'None of the 4,080 requests in the logs ended with an error (5xx). Whose log it is could not be told, so nothing is ruled out: name it with --gateway or --member.',
    'Whose logs these are could not be told',
  ],
  [
    { of: 'nobody', requests: 0, errors: 0, explained: 0 },
    'No log of requests of the gateway or a member could be read, so nothing is said about errors.',
    'No log of requests could be read',
  ],
];
for (const [parts, sentence, label] of SENTENCES) {
  test(`the answer of logs: ${sentence.slice(0, 100)}`, () => {
    const balance = { ...BALANCE, ...parts };
    const [first, read] = logHeadline({ ...logs, balance }, [], SPAN);
    assert.equal(first, sentence);
    assert.match(
      read ?? '',
      /^Read: 8,146 lines of 5 logs \(gateway; web1, iis-w3c; .*\), 18 July 2011, 16:20:03 to 18:19:56 UTC; 2 lines could not be read\.$/,
    );
    assert.equal(quietLogLabel(balance), label);
    assert.equal(isAccounted(balance), label === 'No fault found');
  });
}

test('findings come before what is left and what was read; an interruption last', () => {
  const { findings } = explainReport();
  const headline = logHeadline({ ...logs, balance: BALANCE }, findings, { ...SPAN, interrupted: true });
  assert.deepEqual(
    headline.map((sentence) => sentence.split(' ')[0]),
    ['The', 'web2', 'All', 'Read:', 'Reading'],
  );
  const none = logHeadline({ ...logs, balance: { ...BALANCE, errors: 0, explained: 0 } }, findings, SPAN);
  assert.ok(!none.join(' ').includes('No fault found'));
});

test('messages without a log of requests: what was found stands, and no share of requests is claimed', () => {
  const { findings } = explainReport();
  const balance: LogBalance = { ...BALANCE, of: 'nobody', requests: 0, errors: 0, explained: 0 };
  const sentences = logHeadline({ ...logs, balance }, findings, SPAN);
  assert.equal(sentences[2], 'No log of requests was read, only messages: how many requests went well is not known.');
  assert.equal(logAmount({ ...logs, balance }), '8,146 lines in 5 logs');
  assert.equal(logAmount(logs), '4,080 requests in 5 logs');
});

test('logs in which errors are left are not called faultless, and rule nothing out', () => {
  const open = unexplainedReport();
  assert.equal(verdictLabel(open), '48 errors without an explanation');
  assert.equal(isReassuring(open), false);
  assert.match(coverageSentence(open), /50 that no line points at\.$/);
  const calm = calmLogsReport();
  assert.equal(verdictLabel(calm), 'No fault found');
  assert.equal(isReassuring(calm), true);
  assert.match(coverageSentence(calm), /50 clear\.$/);
});

test('what was read without a profile has no name of its own', () => {
  assert.equal(subjectName(explainReport()), 'What the logs say');
  const { profile } = explainReport();
  assert.equal(
    subjectName({ ...explainReport(), profile: { ...profile, name: 'shop', gatewayUrl: 'http://shop' } }),
    'shop',
  );
  assert.equal(subjectName(demoReport()), 'shop-farm');
  assert.doesNotMatch(interruptedSentence(explainReport()), /run/);
});

const CLOCK = { source: 'web1', offsetUs: 0, errorUs: 500_000, basedOn: 9, agreeRatio: 1, known: true };
const CLOCKS: readonly (readonly [clock: Partial<LogReport['clocks'][number]>, text: string])[] = [
  [{ offsetUs: 1_250_000 }, '1.25 s ahead, ± 500 ms'],
  [{ offsetUs: -40_000, errorUs: 0 }, '40 ms behind'],
  [{}, 'the same, ± 500 ms'],
  [{ errorUs: 0, basedOn: 0 }, 'the reference'],
  [{ known: false, errorUs: 2_000_000, basedOn: 0 }, 'not known; taken as equal within 2 s'],
];
for (const [clock, text] of CLOCKS)
  test(`a clock: ${text}`, () => assert.equal(clockText({ ...CLOCK, ...clock }), text));

const one = (status: number, win32?: number) => ({
  ...{ source: 'gateway', code: '', status, count: 1, shareRatio: 1, firstAtUs: 0, lastAtUs: 0 },
  ...(win32 === undefined ? {} : { win32 }),
});
test('failed are 5xx, no status, and what was cut short', () => {
  for (const failed of [one(500), one(503), one(0), one(499), one(408), one(200, 64), one(404, 12_152)])
    assert.ok(isErrorClass(failed), JSON.stringify(failed));
  for (const fine of [one(200), one(404, 2), one(200, 0), one(304)])
    assert.ok(!isErrorClass(fine), JSON.stringify(fine));
});

const source = (role: LogSourceReport['role'], files: readonly string[], member?: string): LogSourceReport => ({
  ...{
    name: 'x',
    role,
    format: 'nginx',
    files,
    lines: 1,
    entries: 1,
    bad: 0,
    badFirst: [],
    bytes: 1,
    missing: [],
    requests: 1,
    failed: 0,
  },
  ...(member === undefined ? {} : { member }),
});
const COMMANDS: readonly (readonly [sources: readonly LogSourceReport[], logs: string])[] = [
  [
    [source('gateway', ['a.log', 'b.log']), source('member', ['C:\\logs\\u ex.log'], 'web1')],
    '--gateway a.log b.log --member "web1=C:\\logs\\u ex.log"',
  ],
  // After --gateway every name would be the gateway's.
  [[source('gateway', ['a.log']), source('unknown', ['b.log'])], 'b.log --gateway a.log'],
  [[source('gateway', ['$(rm -rf x).log'])], '<log>…'],
  [[source('member', ['a.log'], 'web1"; rm x')], '<log>…'],
  [[source('gateway', ['standard input'])], '<log>…'],
  [[source('gateway', ['1', '2', '3', '4', '5', '6', '7'])], '<log>…'],
];
for (const [sources, text] of COMMANDS) {
  test(`read again: ${text}`, () =>
    assert.equal(explainCommand({ ...logs, sources }, 7), `gateprobe explain ${text} --seed 7`));
}
