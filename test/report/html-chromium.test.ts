import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { renderHtml } from '../../src/report/html.ts';
import { reportCss } from '../../src/report/stylesheet.ts';
import { launchChromium, type PageOptions, requireChromium } from '../helpers/chromium.ts';
import { SAMPLE_REPORTS } from './sample-report.ts';

const DESKTOP: PageOptions = { widthPx: 1280 };
const VIEWS: readonly (readonly [name: string, options: PageOptions])[] = [
  ['on a desktop', DESKTOP],
  ['in the dark', { widthPx: 1280, dark: true }],
  ['on a telephone', { widthPx: 390, heightPx: 844 }],
  ['on paper', { widthPx: 718, media: 'print' }],
];
/** Ten exhibits of the demo report have a chart, each in two widths. */
const DEMO_CHARTS = 20;

/** Serves a folder's two files under a policy of its own, as build servers do. */
async function serve(t: TestContext, page: string, policy: string): Promise<string> {
  const server = createServer((request, response) => {
    const isSheet = request.url === '/report.css';
    response.setHeader('content-type', isSheet ? 'text/css' : 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', policy);
    response.end(isSheet ? reportCss() : page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/report.html`;
}

test('report.html in a real browser, without scripts', async (t) => {
  const path = requireChromium(t);
  if (path === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-report-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const browser = await launchChromium(path);
  t.after(() => browser.close());
  const store = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return pathToFileURL(join(folder, name)).href;
  };
  const sheetUrl = store('report.css', reportCss());
  const demo = await renderHtml(SAMPLE_REPORTS['demo']!());
  const demoUrl = store('demo.html', demo);
  const { contentHeightPx: styledHeightPx } = await browser.view(demoUrl, DESKTOP);

  await t.test('what a page may not do is seen by this test', async () => {
    const bad = demo.replace('<main>', '<main><img src="http://127.0.0.1:9/x.png"><p style="color:red">x</p>');
    const { complaints } = await browser.view(store('bad.html', bad), DESKTOP);
    assert.ok(
      complaints.some((complaint) => complaint.includes('img-src')),
      complaints.join('\n'),
    );
  });

  for (const [name, build] of Object.entries(SAMPLE_REPORTS)) {
    await t.test(`the ${name} report`, async (s) => {
      const url = store(`${name.replaceAll(' ', '-')}.html`, await renderHtml(build()));
      for (const [how, options] of VIEWS) {
        await s.test(how, async () => {
          const view = await browser.view(url, options);
          assert.deepEqual(view.requests, [url, sheetUrl], 'nothing else is loaded');
          assert.deepEqual(view.complaints, []);
          assert.ok(
            view.contentWidthPx <= options.widthPx,
            `${view.contentWidthPx} px wide: the page scrolls sideways`,
          );
          assert.equal(view.dom.match(/<script/gi)?.length, 1, 'its own, which did not run');
          assert.doesNotMatch(view.dom, /<img|class="copy"/i);
        });
      }
    });
  }

  await t.test('charts are there, and become pictures', async () => {
    const { dom } = await browser.view(demoUrl, DESKTOP);
    assert.equal(dom.match(/<div class="chart [^>]*><svg/g)?.length, DEMO_CHARTS);
    const [light, dark] = [
      await browser.screenshot(demoUrl, DESKTOP),
      await browser.screenshot(demoUrl, { ...DESKTOP, dark: true }),
    ];
    assert.equal(light.toString('latin1', 1, 4), 'PNG');
    assert.ok(light.length > 200_000, `${light.length} bytes: the picture is almost empty`);
    assert.ok(!light.equals(dark), 'dark looks different');
  });

  await t.test('under style-src self the sheet beside the report does the work of the inline one', async (s) => {
    // As Jenkins serves what a build leaves behind.
    const url = await serve(s, demo, "sandbox; default-src 'none'; img-src 'self'; style-src 'self';");
    const view = await browser.view(url, DESKTOP);
    assert.equal(view.contentHeightPx, styledHeightPx);
    // The same picture to the last pixel: charts in the colours of the page, the small ones on a telephone.
    for (const options of [DESKTOP, { ...DESKTOP, dark: true }, { widthPx: 390, heightPx: 844, dark: true }]) {
      const [served, opened] = [await browser.screenshot(url, options), await browser.screenshot(demoUrl, options)];
      assert.ok(served.equals(opened), `${options.widthPx} px ${options.dark === true ? 'dark' : 'light'}`);
    }
    // The inline sheet, the script and the empty icon are dropped, nothing else is missed.
    const dropped = /^Blocked script execution|inline style|kInlineViolation|data:,|"blockedURL":"data"/;
    assert.deepEqual(
      view.complaints.filter((complaint) => !dropped.test(complaint)),
      [],
    );
  });

  await t.test('under style-src unsafe-inline the inline sheet suffices', async (s) => {
    const url = await serve(s, demo, "default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    const view = await browser.view(url, DESKTOP);
    assert.equal(view.contentHeightPx, styledHeightPx);
    assert.deepEqual(
      view.requests.filter((request) => !/\/report\.(html|css)$/.test(request)),
      [],
    );
  });

  await t.test('with no style at all it still reads, each chart once', async (s) => {
    const url = await serve(s, demo, "default-src 'none'");
    const view = await browser.view(url, DESKTOP);
    assert.notEqual(view.contentHeightPx, styledHeightPx, 'this test would not notice a missing sheet');
    assert.equal(view.dom.match(/<div class="chart chart-narrow"[^>]* hidden/g)?.length, DEMO_CHARTS / 2);
  });

  await t.test('alone in a folder, as an attachment is, it looks the same', async () => {
    mkdirSync(join(folder, 'alone'));
    const view = await browser.view(store(join('alone', 'report.html'), demo), DESKTOP);
    assert.equal(view.contentHeightPx, styledHeightPx);
    assert.ok(view.requests.every((request) => request.startsWith('file:')));
  });
});
