/** Pages in a real browser that runs their script, reads them aloud, and prints them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { comparisonHtml } from '../../src/report/comparison-html.ts';
import { renderHtml } from '../../src/report/html.ts';
import { runIndexHtml } from '../../src/report/run-index.ts';
import { reportCss } from '../../src/report/stylesheet.ts';
import { COLOUR_RULES, violations } from '../helpers/axe.ts';
import { requireChromium } from '../helpers/chromium.ts';
import { printedPages } from '../helpers/paper.ts';
import { fullComparison } from './sample-comparison.ts';
import { latencyCurves } from './sample-exhibits.ts';
import { SAMPLE_REPORTS } from './sample-report.ts';

const DESKTOP = { viewport: { width: 1280, height: 900 }, colorScheme: 'light' } as const;
const TELEPHONE = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const;
type View = {
  readonly viewport: { readonly width: number; readonly height: number };
  readonly colorScheme: 'light' | 'dark';
  readonly rules?: readonly string[];
};
/** Each width once with every rule; the other colours need those rules only that look at colours. */
const VIEWS: readonly View[] = [
  DESKTOP,
  TELEPHONE,
  { ...DESKTOP, colorScheme: 'dark', rules: COLOUR_RULES },
  { ...TELEPHONE, colorScheme: 'light', rules: COLOUR_RULES },
];
/** For the views that look at colours alone: after the first rows of a table none has a colour that is new. */
const FEW_ROWS = `for (const row of document.querySelectorAll('tbody tr:nth-child(n + 7)')) row.remove()`;
/** A4 without its margins at 96 px to the inch, in px. */
const PAPER_PX = { width: 695, height: 1_016 };

/** axe takes seconds for a page; between them these have every part that a page can have. */
const AXE_REPORTS = ['demo', 'explain'];
/** What is on paper a page of its own without the script. */
const PRINTED = ['demo', 'explain', 'comparison', 'index'];

type Opened = { readonly page: Page; readonly complaints: string[]; readonly requests: string[] };

async function openPage(t: TestContext, context: BrowserContext, url: string, view: View = DESKTOP): Promise<Opened> {
  const page = await context.newPage();
  t.after(() => page.close());
  await page.setViewportSize(view.viewport);
  await page.emulateMedia({ colorScheme: view.colorScheme });
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
  // Making one takes longer than opening a page in it.
  const scripted = await browser.newContext();
  const silent = await browser.newContext({ javaScriptEnabled: false });
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
        const { page, complaints, requests } = await openPage(s, scripted, url);
        await page.evaluate(`for (const fold of document.querySelectorAll('details')) fold.open = true`);
        for (const { viewport, colorScheme, rules } of VIEWS) {
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme });
          if (rules !== undefined) await page.evaluate(FEW_ROWS);
          assert.deepEqual(await violations(page, rules), [], `${viewport.width} px, ${colorScheme}`);
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

  await t.test('the nearest point is named under the pointer, in the units of the axes', async (s) => {
    const { page, complaints } = await openPage(s, scripted, demoUrl);
    const readAt = async (title: string, share = 0.5): Promise<string> => {
      const chart = page.locator('figure', { hasText: title }).locator('.chart-wide').first();
      const box = await chart.boundingBox();
      assert.ok(box !== null);
      await chart.hover({ position: { x: box.width / 2, y: box.height * share } });
      return (await chart.locator('.hover-label').textContent()) ?? '';
    };
    assert.match(await readAt('Response time by percentile'), /^(gateway|web\d, direct): p[\d.]+, [\d.]+ m?s$/);
    assert.match(
      await readAt('Every request by when it was due'),
      /^(answered|failed): [\d.]+ s to [\d.]+ s, [\d.]+ ms to [\d.]+ ms$/,
    );
    assert.match(await readAt('Each way by itself', 0.25), /^web\d, direct: [\d.]+ s, [\d.]+ m?s$/);
    await page.mouse.move(0, 0);
    assert.equal(await page.locator('.hover-label:visible').count(), 0);
    assert.deepEqual(complaints, []);
  });

  await t.test('the value that is named is the one that was measured', async (s) => {
    const { page } = await openPage(s, scripted, demoUrl);
    const chart = page.locator('figure', { hasText: 'Response time by percentile' }).locator('.chart-wide').first();
    const exhibit = latencyCurves();
    assert.ok(exhibit.kind === 'xy');
    await chart.focus();
    for (const { name, points } of exhibit.series) {
      await page.keyboard.press('End');
      const [share = 0, us = 0] = points.at(-1) ?? [];
      const said = (await chart.locator('.hover-label').textContent()) ?? '';
      const [, label, percentile, ms, unit] = /^(.*): p([\d.]+), ([\d.,]+) (m?s)$/.exec(said) ?? [];
      assert.equal(label, name);
      assert.ok(Math.abs(Number(percentile) / 100 - share) < 1e-4, said);
      const read = Number(ms?.replace(',', '')) * (unit === 's' ? 1e6 : 1e3);
      // A tenth of a pixel on an axis of decades is less than a hundredth, and three digits are told.
      assert.ok(Math.abs(read / us - 1) < 0.01, `${said}, measured ${us}`);
      await page.keyboard.press('ArrowDown');
    }
  });

  await t.test('by keyboard: along a series, to another, and away', async (s) => {
    const { page, complaints } = await openPage(s, scripted, demoUrl);
    const chart = page.locator('figure', { hasText: 'Each way by itself' }).locator('.chart-wide').first();
    const label = chart.locator('.hover-label');
    await chart.focus();
    const texts: string[] = [];
    for (const key of ['ArrowRight', 'ArrowRight', 'Home', 'ArrowDown', 'End']) {
      await page.keyboard.press(key);
      texts.push((await label.textContent()) ?? '');
    }
    assert.match(texts[0] ?? '', /^gateway: 0 /);
    assert.match(texts[1] ?? '', /^gateway: 1 s/);
    assert.equal(texts[2], texts[0]);
    assert.match(texts[3] ?? '', /^web1, direct: 0 /);
    assert.match(texts[4] ?? '', /^web1, direct: 39 s/);
    // Read aloud as well: what is inside an image is not.
    assert.equal(await chart.locator('~ [role=status]').first().textContent(), texts[4]);
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.hover-label:visible').count(), 0);
    assert.deepEqual(complaints, []);
  });

  await t.test('a picture can be made larger and scrolls in its own box; values are still read off it', async (s) => {
    const { page, complaints } = await openPage(s, scripted, demoUrl);
    const figure = page.locator('figure', { hasText: 'Response time by percentile' }).first();
    const chart = figure.locator('.chart-wide');
    const widthOf = async () => (await chart.locator('svg').boundingBox())?.width ?? 0;
    const before = await widthOf();
    const larger = figure.getByRole('button', { name: 'Larger' });
    await larger.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    assert.ok(Math.abs((await widthOf()) / before - 4) < 0.1);
    assert.ok(await larger.isDisabled());
    assert.equal(await page.evaluate('document.documentElement.scrollWidth'), DESKTOP.viewport.width);
    await chart.focus();
    await page.keyboard.press('Home');
    assert.match((await chart.locator('.hover-label').textContent()) ?? '', /: p0, [\d.]+ ms$/);
    await page.keyboard.press('End');
    const [dot, box] = [await chart.locator('.hover-dot').boundingBox(), await chart.boundingBox()];
    assert.ok(dot && box && dot.x >= box.x && dot.x + dot.width <= box.x + box.width + 1, 'the point is in view');
    const smaller = figure.getByRole('button', { name: 'Smaller' });
    await smaller.click();
    await smaller.click();
    assert.ok(Math.abs((await widthOf()) / before - 1) < 0.01);
    assert.deepEqual(complaints, []);
  });

  await t.test('a filter leaves what holds all its words; commands can be copied', async (s) => {
    const { page, complaints } = await openPage(s, scripted, demoUrl);
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
    await page.evaluate(`navigator.clipboard.writeText = async (text) => { window.copied = text; }`);
    const numbers = page.locator('figure', { hasText: 'The slowest request' }).locator('details').first();
    await numbers.locator('summary').click();
    await numbers.getByRole('button', { name: 'Copy numbers' }).click();
    assert.match(String(await page.evaluate('window.copied')), /^Request\tPhase\t.*\ngateway: 2\.01 s, 502\t/);
    assert.deepEqual(complaints, []);
  });

  await t.test('a link into a fold opens it', async (s) => {
    const { page } = await openPage(s, scripted, demoUrl);
    await page.evaluate(`document.querySelector('details:not([open]) table').id = 'inside'; location.hash = '#inside'`);
    await page.locator('#inside').waitFor({ state: 'visible' });
  });

  await t.test('text of a target cannot become a script, and the test would see one', async (s) => {
    const evil = demo.replace('<main>', '<main><script>document.title = "owned"</script><b onclick="1">x</b>');
    const { page, complaints } = await openPage(s, scripted, store('evil.html', evil));
    assert.notEqual(await page.title(), 'owned');
    assert.ok(
      complaints.some((text) => /script/i.test(text)),
      complaints.join('\n'),
    );
  });

  await t.test('on paper: white also from a dark screen, the large charts, nothing wider than the sheet', async (s) => {
    const { page } = await openPage(s, silent, demoUrl, { ...TELEPHONE, viewport: PAPER_PX });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const look = await page.evaluate(`(() => {
      const charts = [...document.querySelectorAll('.chart')].filter((chart) => chart.offsetHeight > 0);
      return {
        background: getComputedStyle(document.body).backgroundColor,
        charts: charts.length,
        narrow: charts.filter((chart) => chart.classList.contains('chart-narrow')).length,
        widest: Math.max(...charts.map((chart) => chart.getBoundingClientRect().right)),
      };
    })()`);
    const { background, charts, narrow, widest } = look as Record<string, number>;
    assert.equal(background, 'rgb(255, 255, 255)');
    assert.deepEqual([charts, narrow], [10, 0]);
    assert.ok((widest ?? 0) <= PAPER_PX.width, `${widest} px: wider than a page`);
  });

  for (const name of PRINTED) {
    await t.test(`the ${name} page on paper: no chart and no row is cut by the end of a sheet`, async (s) => {
      const { page } = await openPage(s, silent, pages.get(name)!);
      await page.emulateMedia({ media: 'print' });
      const { pageCount, cut, looked } = await printedPages(page, '.chart, .verdict, .scroll tr');
      assert.deepEqual(cut, []);
      assert.ok(looked > 0 && pageCount <= 40, `${looked} parts on ${pageCount} pages`);
    });
  }

  await t.test('the test of paper would see a cut chart', async (s) => {
    const { page } = await openPage(s, silent, pages.get('index')!);
    await page.setContent('<div style="height:900px"></div><div class="chart" style="height:300px">x</div>');
    assert.deepEqual((await printedPages(page, '.chart')).cut, [0]);
  });
});
