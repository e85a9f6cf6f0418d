/** The same logs through every writer: the lines are there, and nothing is said of traffic that there was not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exhibit, LinesRow } from '../../src/model/finding.ts';
import type { Report } from '../../src/model/report.ts';
import { htmlWriter } from '../../src/report/html.ts';
import { jsonWriter } from '../../src/report/json.ts';
import { junitWriter } from '../../src/report/junit.ts';
import { groupLines, lineTime, reasonSentence } from '../../src/report/line-rows.ts';
import { markdownWriter } from '../../src/report/markdown.ts';
import { renderTerminal, terminalWriter } from '../../src/report/terminal.ts';
import { pageOf } from './page-markup.ts';
import {
  calmLogsReport,
  DROPPED_ROW,
  explained,
  explainReport,
  GATEWAY_LINE,
  linesExhibit,
  logEvidence,
  MEMBER_LINE,
  NGINX_LINE,
  TIMEOUT_ROW,
  unexplainedReport,
} from './sample-logs.ts';
import { demoReport, HOSTILE } from './sample-report.ts';

const unescaped = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
const bodyOf = (page: string): string => unescaped(page.slice(page.indexOf('<body>')).replaceAll(/<[^>]+>/g, ' '));
const LOG_REPORTS: Readonly<Record<string, () => Report>> = {
  explain: explainReport,
  unexplained: unexplainedReport,
  calm: calmLogsReport,
};

/** What only a run that sent something may say. */
const OF_TRAFFIC =
  /the probe|requests in [\d.]+ (?:ms|s|min|h)\b|sent late|lateness|gateway adds(?! more time than agreed)|How to run this again|open loop|warm connection|(?<!--)\bseed \d|this run\b|, direct/i;
for (const [name, build] of Object.entries(LOG_REPORTS)) {
  for (const writer of [htmlWriter, markdownWriter, terminalWriter, junitWriter]) {
    test(`${writer.id} of the ${name} report says nothing of traffic, numbers that are none, or empty sections`, async () => {
      const text = writer.id === 'html' ? await pageOf(build()) : await writer.render(build());
      const said = writer.id === 'html' ? bodyOf(text) : text;
      assert.doesNotMatch(said, OF_TRAFFIC);
      assert.doesNotMatch(said, /NaN|undefined|Infinity|\[object|(?<![\d,.])0 requests|\(0\)/);
    });
  }
}

function row(lines: LinesRow['lines'], because = 'x'): LinesRow {
  return { atUs: TIMEOUT_ROW.atUs, row: '1', because, lines };
}

test('lines: the gateway’s first, each host once, its place apart', () => {
  assert.deepEqual(
    groupLines(
      row([
        { source: 'web1, a.log, line 2', text: 'm1' },
        { source: 'gateway, g.log, line 1', text: 'g' },
        { source: 'web1, e.log, line 9', text: 'm2' },
        { source: 'log', text: 'l' },
      ]),
    ),
    [
      { who: 'gateway', isGateway: true, lines: [{ place: 'g.log, line 1', text: 'g' }] },
      {
        who: 'web1',
        isGateway: false,
        lines: [
          { place: 'a.log, line 2', text: 'm1' },
          { place: 'e.log, line 9', text: 'm2' },
        ],
      },
      { who: 'log', isGateway: false, lines: [{ place: '', text: 'l' }] },
    ],
  );
  assert.equal(lineTime(TIMEOUT_ROW), '2011-07-18 16:50:20.111 UTC');
  assert.equal(lineTime({ ...TIMEOUT_ROW, atUs: Number.NaN }), '–');
  assert.equal(reasonSentence(row([], 'it was so')), 'It was so.');
  assert.equal(reasonSentence(row([], 'It was so.')), 'It was so.');
  assert.equal(reasonSentence(row([], ' ')), '');
});

test('html: both lines whole, in order, with reason, row and place', async () => {
  const text = bodyOf(await pageOf(explainReport()));
  let from = text.indexOf('Evidence');
  for (const part of [
    'The gateway gave up after 29.9 s with 502.3 12002',
    '2011-07-18 16:50:20.111 UTC',
    'row 11 of the decision table',
    'logs/arr/u_ex110718.log, line 1204',
    GATEWAY_LINE,
    'logs/web1/u_ex110718.log, line 618',
    MEMBER_LINE,
    '39 more requests were decided in the same way',
    NGINX_LINE,
  ]) {
    const at = text.indexOf(part, from);
    assert.ok(at >= 0, `${part} is missing or out of order`);
    from = at;
  }
  const twice = text.split('The gateway gave up after 29.9 s with').length - 1;
  assert.equal(twice, 1, 'the same reason is not said again');
});

test('html: what the logs hold, whose they are, their clocks, what to switch on, the command', async () => {
  const text = bodyOf(await pageOf(explainReport())).replaceAll(/\s+/g, ' ');
  for (const part of [
    'What the logs say',
    '4,080 requests in 5 logs',
    'Failed requests over time, at the gateway',
    '502.3 12002 ERROR_ WINHTTP_ TIMEOUT gateway 43 1.05 % 2011-07-18 16:50:50 2011-07-18 17:50:09',
    'the gateway’s: line with what ARR appends to the query',
    '2 lines could not be read',
    '2011-07-18 16:2',
    '1.25 s ahead, ± 500 ms From 1,874 requests that both have.'.replace('both have', 'both logs have'),
    'not known; taken as equal within 2 s',
    'What to switch on',
    'logFile.logExtFileFlags:Date,Time,ClientIP',
    'How to read these logs again',
    '--gateway logs/arr/u_ex110718.log --member web1=logs/web1/u_ex110718.log',
    '2011-07-18T18:19:56.000Z',
  ])
    assert.ok(text.includes(part), part);
  for (const id of ['thresholds', 'experiments', 'quality', 'measurements', 'untested'])
    assert.ok(!text.includes(`id="${id}"`), id);
});

test('html: errors without an explanation are not called faultless', async () => {
  const page = await pageOf(unexplainedReport());
  assert.match(page, /class="verdict is-undecided"/);
  assert.match(page, /<title>What the logs say: 48 errors without an explanation/);
  assert.doesNotMatch(bodyOf(page), /No fault found/);
  assert.match(await pageOf(calmLogsReport()), /class="verdict is-none"/);
});

test('html: a run with logs has its own sections and those of the logs', async () => {
  const { logs, exhibits } = explainReport();
  assert.ok(logs);
  const { balance: _, ...read } = logs;
  const demo = demoReport();
  const page = await pageOf({ ...demo, logs: read, exhibits: [...demo.exhibits, ...exhibits] });
  const ids = [...page.matchAll(/<section id="([\w-]+)"/g)].map(([, id]) => id);
  assert.deepEqual(ids, [
    ...['findings', 'thresholds', 'latency', 'measurements', 'experiments', 'logs', 'preflight', 'coverage'],
    ...['untested', 'quality', 'warnings'],
  ]);
  const measured = page.slice(page.indexOf('<section id="measurements"'), page.indexOf('<section id="experiments"'));
  assert.ok(measured.includes('Response time by percentile') && !measured.includes('Requests over time'));
  assert.ok(bodyOf(page).includes('How to run this again'));
});

test('markdown: lines in a fence that they cannot end', async () => {
  const text = await markdownWriter.render(explainReport());
  assert.ok(
    text.includes(`\`\`\`\n# gateway, logs/arr/u_ex110718.log, line 1204\n${GATEWAY_LINE}\n# web1, logs/web1`),
    text,
  );
  const evil = withLines([row([{ source: 'gateway, a, line 1', text: 'x ``` \n```\n# Heading' }])]);
  assert.ok((await markdownWriter.render(evil)).includes('````\n# gateway, a, line 1\nx ``` \n```\n# Heading\n````'));
  assert.ok(text.includes('| `502.3 12002` ERROR\\_WINHTTP\\_TIMEOUT | gateway | 2011-07-18 16:50:50 |'));
});

function withLines(rows: readonly LinesRow[]): Report {
  const report = explainReport();
  const [finding] = report.findings;
  assert.ok(finding);
  const exhibits: readonly Exhibit[] = [linesExhibit(rows, rows.length)];
  return { ...report, findings: [{ ...finding, exhibits }] };
}

test('terminal: one pair of lines, cut to the width, with what they end in', () => {
  const lines = renderTerminal(explainReport(), { color: false }).split('\n');
  const gateway = lines.find((line) => line.startsWith('   gateway | ')) ?? '';
  const member = lines.find((line) => line.startsWith('   web1    | ')) ?? '';
  assert.match(gateway, /^ {3}gateway \| 2011-07-18 16:50:50 192\.0\.2\.10 GET \/time\/ .*….* - 502 3 12002 29889$/);
  assert.match(member, /\| 2011-07-18 16:51:06 .*….* - 200 0 64 45208$/);
  assert.equal(gateway.length, 100);
  assert.ok(lines.some((line) => /^502\.3 12002 ERROR_WINHTTP_TIMEOUT +gateway +43 +2011/.test(line)));
  assert.ok(lines.includes('- The log of web1 has no c-ip, cs(User-Agent).'));
});

test('terminal: of a message the beginning is kept; after three findings no more lines', () => {
  const [, , nginx] = DROPPED_ROW.lines;
  assert.ok(nginx);
  assert.match(
    renderTerminal(withLines([row([nginx])]), { color: false }),
    /web2 \| 2011\/07\/18 17:12:44 \[error\] 7#7: \*25 upstream prematurely closed connection .*…$/m,
  );
  const report = explainReport();
  const many = { ...report, findings: Array.from({ length: 3 }, () => report.findings).flat() };
  assert.equal(renderTerminal(many, { color: false }).match(/^ {3}gateway \|/gm)?.length, 3);
});

test('terminal: a status in the middle of a long line is not what is cut away', () => {
  const haproxy =
    '<134>1 2026-11-20T17:38:29.499723+00:00 - haproxy 16301 - - 127.0.0.1:52162 [20/Nov/2026:17:38:29.496] front members/web1 0/0/0/-1/3 502 218 - - SH-- 1/1/0/0/0 0/0 "GET /a/close HTTP/1.1" 7F000001:CBC2_7F000001:46A1_691F5455_0003:0D09';
  const text = renderTerminal(withLines([row([{ source: 'gateway', text: haproxy }])]), { color: false });
  assert.match(text, /gateway \| <134>1 2026-11-20T17:38:29\.499723.*….*0\/0\/0\/-1\/3 502 218 - - SH-- .*…$/m);
});

test('terminal: control characters of a line do nothing', () => {
  const text = renderTerminal(withLines([row([{ source: 'gateway', text: HOSTILE.repeat(5) }])]), { color: false });
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  assert.ok(text.split('\n').every((line) => line.length <= 100 || line.includes('appcmd')));
});

test('junit: right logs, every error explained, lines in a failure', async () => {
  const text = await junitWriter.render(explainReport());
  assert.match(
    text,
    /<testcase classname="gateprobe.logs" name="logs of the gateway or its members were read" time="0"\/>/,
  );
  assert.match(text, /name="every error in them is explained" time="0"><skipped message="[^"]*2 are not: because/);
  assert.ok(
    unescaped(text).includes(`Logged: The gateway gave up after 29.9 s`) && unescaped(text).includes(MEMBER_LINE),
  );
  assert.match(text, /<testsuites [^>]* time="0.000">/);
  const nobody = explained({ ...logEvidence(), sources: [], clocks: [], preflight: [] });
  assert.match(await junitWriter.render(nobody), /<error message="No log of requests could be read"/);
  assert.match(await junitWriter.render(calmLogsReport()), /name="every error in them is explained" time="0"\/>/);
});

test('json: lines whole, moments as ISO, lengths in ms, no quality', async () => {
  const value = JSON.parse(await jsonWriter.render(explainReport()));
  const [first] = value.findings[0].exhibits[0].rows;
  assert.deepEqual([first.at, first.row, first.lines[0].text], ['2011-07-18T16:50:20.111Z', '11', GATEWAY_LINE]);
  assert.equal(value.quality, undefined);
  const { sources, clocks, classes, balance } = value.logs;
  assert.deepEqual(
    [sources[0].name, sources[0].requests, sources[0].firstAt],
    ['gateway', 4_080, '2011-07-18T16:20:03.000Z'],
  );
  assert.deepEqual([clocks[1].source, clocks[1].offsetMs, clocks[1].errorMs], ['web1, iis-w3c', 1_250, 500]);
  const timeout = classes.find(({ code }: { code: string }) => code === '502.3 12002');
  assert.deepEqual([timeout.count, timeout.firstAt], [43, '2011-07-18T16:50:50.000Z']);
  assert.deepEqual([balance.errors, balance.explained, balance.unexplained[0].count], [48, 46, 2]);
  const odd = JSON.parse(await jsonWriter.render(withLines([{ ...TIMEOUT_ROW, atUs: Number.NaN }])));
  assert.equal(odd.findings[0].exhibits[0].rows[0].at, null);
  assert.ok(JSON.parse(await jsonWriter.render(demoReport())).quality.latenessMs);
});
