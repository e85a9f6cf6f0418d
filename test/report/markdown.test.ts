import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdownWriter } from '../../src/report/markdown.ts';
import { clearReport, demoReport, hostileReport, invalidReport } from './sample-report.ts';

const render = async (report = demoReport()) => markdownWriter.render(report);
const withoutCode = (text: string) =>
  text.replaceAll(/^(`{3,})\n[\s\S]*?^\1$/gm, '').replaceAll(/(?<![\\`])(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, '');

test('a ticket: the answer, findings worst first, commands to copy, the table', async () => {
  const text = await render();
  const inOrder = [
    '## shop-farm: 4 findings',
    '**The gateway gives up after 2 s',
    '### Critical: The gateway gives up',
    'confirmed, in the gateway, `timeout/gateway-response`',
    '**Measured:** timeout 2 s (2 to 2.01 s)',
    '```\n%windir%\\system32\\inetsrv\\appcmd.exe set config',
    '**How to verify:**',
    '### Error: web2 closes',
    '| Route | Requests | Failed | p50 | p95 | p99 |',
    '| web2, direct | 1,207 | 9 | 12.2 ms (11.8 to 12.7 ms) | 25.6 ms (23.2 to 30.5 ms) | n/a, need 368, have 210 |',
    '- **failed** `gateway errors < 0.1%`',
  ];
  let from = 0;
  for (const part of inOrder) {
    const at = text.indexOf(part, from);
    assert.ok(at >= 0, `"${part}" is missing or out of order in\n${text}`);
    from = at;
  }
});

test('a table row has as many cells as its head', async () => {
  const rows = (await render(hostileReport())).split('\n').filter((line) => line.startsWith('| '));
  const cells = rows.map((row) => row.replaceAll('\\|', '').split('|').length);
  assert.equal(new Set(cells).size, 1, rows.join('\n'));
});

test('foreign text formats nothing and links nowhere', async () => {
  const text = withoutCode(await render(hostileReport()));
  assert.doesNotMatch(text, /<script|<img/);
  assert.doesNotMatch(text, /(?<!\\)\]\(/);
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
});

test('commands keep their backticks', async () => {
  const report = demoReport();
  const [finding] = report.findings;
  assert.ok(finding);
  const fenced = {
    ...finding,
    remedy: { ...finding.remedy, commands: [{ gateway: 'arr' as const, title: 't', text: 'a\n```\nb' }] },
  };
  assert.ok((await render({ ...report, findings: [fenced] })).includes('````\na\n```\nb\n````'));
});

test('no verdict when the run is not valid', async () => {
  const text = await render(invalidReport());
  assert.match(text, /^## shop-farm: This run is not valid$/m);
  assert.match(text, /Counted, but not judged: \d+ of /);
  assert.doesNotMatch(text, /Critical|gives up after|### Thresholds/);
});

test('short when nothing was found', async () => {
  const text = await render(clearReport());
  assert.match(text, /^## shop-farm: No fault found$/m);
  assert.ok(text.split('\n').length < 25);
});
