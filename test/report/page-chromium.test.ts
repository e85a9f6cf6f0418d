/** Pages in a real browser that runs their script, reads them aloud, and prints them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { comparisonHtml } from '../../src/report/comparison-html.ts';
import { renderHtml } from '../../src/report/html.ts';
import { runIndexHtml } from '../../src/report/run-index.ts';
import { reportCss } from '../../src/report/stylesheet.ts';
import { violations } from '../helpers/axe.ts';
import { requireChromium } from '../helpers/chromium.ts';
import { fullComparison } from './sample-comparison.ts';
import { SAMPLE_REPORTS } from './sample-report.ts';

const DESKTOP = { viewport: { width: 1280, height: 900 }, colorScheme: 'light' } as const;
const TELEPHONE = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const;
/** A4 without its margins at 96 px to the inch, in px. */
const PAPER_PX = { width: 695, height: 1_016 };

/** axe takes seconds for a page; between them these have every part that a page can have. */
const AXE_REPORTS = ['demo', 'explain'];

type Opened = { readonly page: Page; readonly complaints: string[]; readonly requests: string[] };

async function openPage(
  t: TestContext,
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
): Promise<Opened> {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  return { page, complaints, requests };
}

test('pages in a real browser, with their script', async (t) => {
  const path = requireChromium(t);
  if (path === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const store = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return pathToFileURL(join(folder, name)).href;
  };
  store('report.css', reportCss());
  const demo = await renderHtml(SAMPLE_REPORTS['demo']!());
  const demoUrl = store('demo.html', demo);
  const pages = new Map([['comparison', store('comparison.html', await comparisonHtml(fullComparison()))]]);
  const runs = [
    { name: 'one', profile: 'shop', startedAt: '2026-03-02T09:15:04Z', worst: 'error', titles: ['It fails.'] },
  ];
  pages.set('index', store('index.html', runIndexHtml(runs)));
  for (const name of AXE_REPORTS)
    pages.set(name, store(`${name.replaceAll(' ', '-')}.html`, await renderHtml(SAMPLE_REPORTS[name]!())));

  for (const [name, url] of pages) {
    await t.test(
      `the ${name} page: no violation, no complaint, no wider than the screen, light and dark`,
      async (s) => {
        const { page, complaints, requests } = await openPage(s, browser, url, DESKTOP);
        for (const { viewport, colorScheme } of [DESKTOP, TELEPHONE]) {
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme });
          await page.evaluate(`for (const fold of document.querySelectorAll('details')) fold.open = true`);
          assert.deepEqual(await violations(page), []);
          const width = await page.evaluate('document.documentElement.scrollWidth');
          assert.ok(Number(width) <= viewport.width, `${width} px wide`);
        }
        assert.deepEqual(complaints, []);
        assert.deepEqual(
          requests.filter((request) => request !== url && !request.endsWith('/report.css')),
          [],
        );
      },
    );
  }

  await t.test('values stand under the pointer, in the units of the axes', async (s) => {
    const { page, complaints } = await openPage(s, browser, demoUrl, DESKTOP);
    const readAt = async (title: string, share = 0.5): Promise<string> => {
      const chart = page.locator('figure', { hasText: title }).locator('.chart-wide').first();
      const box = await chart.boundingBox();
      assert.ok(box !== null);
      await chart.hover({ position: { x: box.width / 2, y: box.height * share } });
      return (await chart.locator('.hover-label').textContent()) ?? '';
    };
    assert.match(await readAt('Response time by percentile'), /^p[\d.]+, [\d.]+ m?s$/);
    assert.match(await readAt('Every request by when it was due'), /^[\d.]+ s, [\d.]+ m?s$/);
    assert.match(await readAt('Each way by itself', 0.25), /^[\d.]+ s, [\d.]+ m?s$/);
    await page.mouse.move(0, 0);
    assert.equal(await page.locator('.hover-label:visible').count(), 0);
    assert.deepEqual(complaints, []);
  });

  await t.test('a filter leaves what holds all its words; commands can be copied', async (s) => {
    const { page, complaints } = await openPage(s, browser, demoUrl, DESKTOP);
    const all = await page.locator('.finding').count();
    const filter = page.getByLabel('Filter findings');
    await filter.fill('zzz');
    assert.equal(await page.locator('.finding:visible').count(), 0);
    assert.equal(await page.locator('#findings > .filter .filter-count').textContent(), `0 of ${all}`);
    const first = (await page.locator('.finding .cause code').first().textContent()) ?? '';
    await filter.fill(first.toUpperCase());
    assert.equal(await page.locator('.finding:visible').count(), 1);
    await filter.fill('');
    assert.equal(await page.locator('.finding:visible').count(), all);
    const copy = page.locator('.command .copy').first();
    await copy.click();
    await page.locator('.command .copy', { hasText: 'Copied' }).first().waitFor();
    assert.deepEqual(complaints, []);
  });

  await t.test('a link into a fold opens it', async (s) => {
    const { page } = await openPage(s, browser, demoUrl, DESKTOP);
    await page.evaluate(`document.querySelector('details:not([open]) table').id = 'inside'; location.hash = '#inside'`);
    await page.locator('#inside').waitFor({ state: 'visible' });
  });

  await t.test('text of a target cannot become a script, and the test would see one', async (s) => {
    const evil = demo.replace('<main>', '<main><script>document.title = "owned"</script><b onclick="1">x</b>');
    const { page, complaints } = await openPage(s, browser, store('evil.html', evil), DESKTOP);
    assert.notEqual(await page.title(), 'owned');
    assert.ok(
      complaints.some((text) => /script/i.test(text)),
      complaints.join('\n'),
    );
  });

  await t.test('on paper: white also from a dark screen, no chart is cut, and every fold is open', async (s) => {
    const { page } = await openPage(s, browser, demoUrl, {
      ...TELEPHONE,
      viewport: PAPER_PX,
      javaScriptEnabled: false,
    });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const look = await page.evaluate(`(() => {
      const charts = [...document.querySelectorAll('.chart')].filter((chart) => chart.offsetHeight > 0);
      return {
        background: getComputedStyle(document.body).backgroundColor,
        charts: charts.length,
        breaks: [...new Set(charts.map((chart) => getComputedStyle(chart).breakInside))],
        highest: Math.max(...[...document.querySelectorAll('.exhibit-xy, .exhibit-heat, .exhibit-bars, .exhibit-waterfall')].map((one) => one.offsetHeight)),
        narrow: charts.filter((chart) => chart.classList.contains('chart-narrow')).length,
        widest: Math.max(...charts.map((chart) => chart.getBoundingClientRect().right)),
      };
    })()`);
    const { background, charts, breaks, highest, narrow, widest } = look as Record<string, number> & {
      breaks: string[];
    };
    assert.equal(background, 'rgb(255, 255, 255)');
    assert.deepEqual([charts, narrow, breaks], [10, 0, ['avoid']]);
    assert.ok((highest ?? 0) < PAPER_PX.height, `${highest} px: higher than a page, so it would be cut`);
    assert.ok((widest ?? 0) <= PAPER_PX.width, `${widest} px: wider than a page`);
    const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true });
    const pageCount = Math.max(...[...pdf.toString('latin1').matchAll(/\/Count (\d+)/g)].map(([, n]) => Number(n)));
    assert.ok(pageCount >= 5 && pageCount <= 40, `${pageCount} pages`);
  });
});
