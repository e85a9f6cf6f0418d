import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../src/model/report.ts';
import { htmlWriter } from '../../src/report/html.ts';
import { pageOf } from './page-markup.ts';
import {
  clearReport,
  demoReport,
  HOSTILE,
  hostileReport,
  hugeReport,
  interruptedReport,
  invalidReport,
  SAMPLE_REPORTS,
} from './sample-report.ts';

const KB = 1_000;

/** What a reader sees, in order; style sheet and head left out. */
async function textOf(report: Report): Promise<string> {
  const page = await pageOf(report);
  const words = page.slice(page.indexOf('<body>')).replaceAll(/<[^>]+>|\u00a0/g, ' ');
  const plain = words
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
  return plain.replaceAll(/\s+/g, ' ');
}

function assertInOrder(text: string, parts: readonly string[]): void {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    assert.ok(
      at >= 0,
      `"${part}" is missing, or stands too early, after "${text.slice(Math.max(0, from - 60), from)}"`,
    );
    from = at;
  }
}

for (const [name, build] of Object.entries({ ...SAMPLE_REPORTS, huge: hugeReport })) {
  test(`the ${name} page is sound: ids, headings, links, loads`, async () => {
    const page = await pageOf(build());
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, 'ids are unique');
    for (const [, target] of page.matchAll(/href="#([^"]*)"/g))
      assert.ok(ids.includes(target), `#${target} leads nowhere`);
    for (const [, id] of page.matchAll(/(?:aria-labelledby|url\(#)="?([\w-]+)/g))
      assert.ok(ids.includes(id), `${id} is not there`);

    const levels = [...page.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
    assert.equal(levels.filter((level) => level === 1).length, 1);
    assert.ok(
      levels.every((level, i) => i === 0 || level <= (levels[i - 1] ?? 0) + 1),
      `headings skip a level: ${levels.join('')}`,
    );

    const links = [...page.matchAll(/href="([^"]*)"/g)]
      .map(([, href = '']) => href)
      .filter((href) => !href.startsWith('#'));
    assert.deepEqual(links, ['data:,', 'report.css']);
    assert.doesNotMatch(page, /<(script|img|iframe|object|embed|form|base|link rel="(?!icon|stylesheet))/i);
    assert.doesNotMatch(page, /\s(src|srcset|action|on\w+|style|xlink:href|formaction)=(?=["'])/i);
    assert.doesNotMatch(page, /url\((?!#)|@import|expression\(/i);
    assert.match(page, /^<!doctype html>\n<html lang="en">/);
    assert.match(
      page,
      /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; script-src &#39;sha256-[\w+/=]{44}&#39;; style-src/,
    );
  });

  test(`the ${name} page is the same each time, whatever was drawn before`, async () => {
    const first = await pageOf(build());
    await pageOf(demoReport());
    assert.equal(await pageOf(build()), first);
  });
}

test('tags are closed in order', async () => {
  const page = await pageOf(hostileReport());
  const open: string[] = [];
  for (const [, closing, name = '', selfClosing] of page.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s[^<>]*?)?(\/?)>/gi)) {
    if (selfClosing === '/' || /^(meta|link|br|wbr)$/.test(name)) continue;
    // A cell ends with the next one, or with its row (HTML, optional tags).
    const isCellOver = closing === '' ? /^t[dh]$/.test(name) : name === 'tr';
    if (isCellOver && /^t[dh]$/.test(open.at(-1) ?? '')) open.pop();
    if (closing === '') open.push(name);
    else assert.equal(open.pop(), name);
  }
  assert.deepEqual(open, []);
});

test('the first screen: verdict, answer, then findings worst first, each with what to change before its evidence', async () => {
  assertInOrder(await textOf(demoReport()), [
    'shop-farm',
    'https://shop.example.com',
    '4 findings: 1 critical, 1 error, 1 warning, 1 note',
    'The gateway gives up after 2 s: every request to /report',
    'web1 goes to sleep',
    '53 causes looked for',
    'Critical confirmed in the gateway',
    'timeout 2 s 2 to 2.01 s',
    '74 of 2,400 requests (3.08 %)',
    'What to change',
    'Raise the proxy timeout',
    "%windir%\\system32\\inetsrv\\appcmd.exe set config -section:webFarms /[name='shop-farm']",
    'How to verify',
    'Evidence',
    'Every request to /report by the time it took',
    'Failures stand on one line',
    'Why not something else',
    "The member's own timer ended the request",
    'Error likely between the gateway and web2',
    'Warning confirmed at the member web1',
    'Note possible in the gateway',
    'Thresholds',
    'Through the gateway, and directly',
    'Measurements',
    'Experiments',
    'What was looked for',
    'What was not tested',
    'The probe itself',
    'Warnings',
    'gateprobe run <profile> --seed 20260302',
    '2026-03-02T09:15:04.250Z',
  ]);
});

test('findings come by severity, whatever their order in the report', async () => {
  const report = demoReport();
  const text = await textOf({ ...report, findings: [...report.findings].reverse() });
  assertInOrder(text, ['Critical confirmed', 'Error likely', 'Warning confirmed', 'Note possible']);
});

test('a quantile that the sample does not support says what is missing', async () => {
  const text = (await textOf(demoReport())).replaceAll(/\s+/g, ' ');
  assert.ok(text.includes('n/a, need 368, have 210'), text.slice(text.indexOf('p99.9'), text.indexOf('p99.9') + 400));
  assert.ok(text.includes('193 ms at least 155 ms'));
  assert.ok(text.includes('+1.75 ms 1.61 to 1.93 ms'));
});

test('requests carry wall time and id', async () => {
  assert.match(await textOf(demoReport()), /[0-9a-f]{16} 2026-03-02T09:15:04\.662Z gateway report 502\.3 2\.0\d s/);
  assert.ok((await textOf(demoReport())).includes('40 of 74 were kept.'));
});

test('what could not be told says what is missing, what was not tested says why', async () => {
  const text = await textOf(demoReport());
  for (const part of [
    'needs 30 failures on one route; has 9',
    'TypeError: cannot read the window',
    'The run had no experiment that shows it.',
    'The profile has no keep-alive experiment.',
    'not run, to protect other users',
  ]) {
    assert.ok(text.includes(part), part);
  }
});

test('a run that is not valid is called so, loudly, and nothing is said about the target', async () => {
  const page = await pageOf(invalidReport());
  assertInOrder(await textOf(invalidReport()), [
    'No verdict',
    'This run is not valid',
    'p99 of the lateness is 61 ms',
    'Counted, but not judged: ',
    'Seen, without a verdict',
    'not judged',
    'what the pictures suggest is no verdict',
  ]);
  assert.doesNotMatch(page, /class="verdict is-(critical|error|warning|info|none)"/);
  assert.doesNotMatch(page, /class="tag is-|chip-(pass|fail|undecided)"/);
  assert.match(page, /<title>shop-farm: This run is not valid/);
  const beforeFindings = page.slice(page.indexOf('<body>'), page.indexOf('id="findings"'));
  assert.ok(!beforeFindings.includes('gives up after'), 'no headline about the target');
});

test('an interrupted run says so, and is not called faultless', async () => {
  const page = await pageOf(interruptedReport());
  assert.match(page, /class="verdict is-undecided"/);
  assert.match(page, /Interrupted\.<\/strong> The run was interrupted after 1\.24 s/);
  const bad = { ...demoReport(), interrupted: true };
  assert.match(await pageOf(bad), /class="verdict is-critical"[\s\S]*?Interrupted\./);
});

test('a clear run begins calmly and says how much was looked at', async () => {
  const text = await textOf(clearReport());
  assertInOrder(text, ['No fault found', 'Nothing wrong was found: 2,400 requests', 'causes looked for', 'clear']);
  assert.match(await pageOf(clearReport()), /class="verdict is-none"/);
  assert.doesNotMatch(text, /Findings \(/);
});

test('every chart is an image with a name, and can be read without seeing it', async () => {
  const page = await pageOf(demoReport());
  const charts = [
    ...page.matchAll(/<div class="chart chart-(?:wide|narrow)" role="img" aria-labelledby="([^"]+)"[^>]*><svg /g),
  ];
  assert.equal(charts.length, 20, 'ten exhibits, each for two widths');
  assert.equal(page.match(/<details><summary>The same in numbers/g)?.length, 10, 'and each as a table');
  for (const [, id = ''] of charts) {
    const said = new RegExp(`<h([35]) id="${id}">([^<]+)</h\\1><p class="reading">([^<]+)</p>`).exec(page);
    assert.ok((said?.[2]?.length ?? 0) > 10 && (said?.[3]?.length ?? 0) > 30, id);
  }
  assert.equal(page.match(/<svg/g)?.length, charts.length + (page.match(/<svg[^>]*aria-hidden="true"/g)?.length ?? 0));
});

test('foreign text is text everywhere: titles, names, addresses, charts, keys of counts', async () => {
  const page = await pageOf(hostileReport());
  assert.doesNotMatch(page, /<script|<img/i);
  assert.doesNotMatch(page, /[\u0000-\u0008\u000b-\u001f\u202e]/);
  assert.ok(!page.includes(HOSTILE));
  assert.ok((page.match(/&lt;script&gt;alert\(1\)&lt;\/script&gt;/g)?.length ?? 0) > 200);
});

test('anchors of findings are stable', async () => {
  const page = await pageOf(demoReport());
  for (const id of [
    'finding-timeout-gateway-response',
    'finding-connection-keep-alive-race-web2',
    'finding-cold-start-idle-web1',
    'finding-queue-gateway',
  ]) {
    assert.ok(page.includes(`<article class="finding`) && page.includes(`id="${id}"`), id);
  }
});

test('size: below 300 kB as usual, below 1 MB after a million requests', async () => {
  const usual = Buffer.byteLength(await pageOf(demoReport()));
  const huge = Buffer.byteLength(await pageOf(hugeReport()));
  assert.ok(usual < 300 * KB, `${usual} bytes`);
  assert.ok(huge < 1_000 * KB, `${huge} bytes`);
});

test('long lists are folded, nothing is lost', async () => {
  const page = await pageOf(hugeReport());
  assert.match(page, /<summary>192 more warnings<\/summary>/);
  assert.ok(page.includes('Line 200 of web1.log could not be read.'));
});

test('an almost empty report is still a page', async () => {
  const report = interruptedReport();
  const page = await pageOf({
    ...report,
    routes: [],
    detectors: [],
    experiments: [],
    untested: [],
    warnings: [],
    profile: { ...report.profile, members: [] },
    headline: ['Nothing was measured.'],
  });
  assert.ok(page.includes('Nothing was measured.'));
  assert.doesNotMatch(page, /undefined|NaN|\[object/);
});

test('the writer', () => {
  assert.deepEqual([htmlWriter.id, htmlWriter.extension], ['html', 'html']);
});

test('requests that were not sent at the cap are told with what they do to the quantiles', async () => {
  const withCap = (notSentCap: number): Report => {
    const report = clearReport();
    return { ...report, quality: { ...report.quality, latenessCount: 980, notSentCap } };
  };
  assert.match(
    await textOf(withCap(20)),
    /not sent at the cap 20 too many .*: times above p98 are at least what is said/,
  );
  assert.match(await textOf(withCap(0)), /not sent at the cap 0 every request had room/);
});

test('failures without a cause are no reason to be calm', async () => {
  const [gateway, ...members] = clearReport().routes;
  const { failureRatio: _, ...counted } = gateway as Report['routes'][number];
  const routes = [{ ...counted, outcomes: { '200': 990, '502': 10 }, count: 1_000 }, ...members];
  const page = await pageOf({ ...clearReport(), routes });
  assert.match(page, /class="verdict is-undecided"/);
  assert.match(page, /No cause found for 10 failed requests/);
});

test('no line of the answer ends between a number and its unit', async () => {
  assert.match(await pageOf(demoReport()), /<h2 class="answer"[^>]*>.*\d\u00a0s/);
});
