/** The dashboard in a real browser: what changes by itself, what the keyboard reaches, what axe-core finds. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { startWeb, type Web } from '../../src/monitor/web.ts';
import { COLOUR_RULES, violations } from '../helpers/axe.ts';
import { requireChromium } from '../helpers/chromium.ts';
import { printedPages } from '../helpers/paper.ts';
import { BAD, NOW_US, type SampleFarm, sampleFarm } from './sample-farm.ts';

const TOKEN = 'a token of enough characters';
const PAGES = [
  '/',
  '/?last=24h',
  '/profiles/shop',
  '/events/failing-1',
  '/profiles/shop/findings/finding%201',
  '/reports',
  '/nothing',
];
/** What paper has no use for. */
const CLICKED = 'button:visible, input:visible, .menu:visible';
const VIEWS = [
  { name: 'on a desktop', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { name: 'on a telephone in the dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const;

type Opened = { readonly page: Page; readonly complaints: string[] };

async function openPage(t: TestContext, browser: Browser, options: object = {}): Promise<Opened> {
  const context = await browser.newContext(options);
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => {
    // Leaving a page ends its stream of changes.
    if (!request.url().endsWith('/changes')) complaints.push(`failed: ${request.url()}`);
  });
  return { page, complaints };
}

/** On both screens in both colours: no violation, not wider than the screen. On paper: one white sheet without what can only be clicked. */
async function assertFits(page: Page, when: string): Promise<void> {
  for (const { viewport } of VIEWS) {
    await page.setViewportSize(viewport);
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme, media: 'screen' });
      assert.deepEqual(await violations(page), [], `${when}: ${viewport.width} px, ${scheme}`);
    }
    assert.ok(Number(await page.evaluate('document.documentElement.scrollWidth')) <= viewport.width, when);
  }
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)', when);
  assert.equal(await page.locator(CLICKED).count(), 0, when);
  const printed = await printedPages(page, 'h1, p');
  assert.deepEqual([printed.pageCount, printed.cut], [1, []], when);
  await page.emulateMedia({ media: 'screen' });
}

test('the dashboard in a real browser', async (t) => {
  const path = requireChromium(t);
  if (path === undefined) return;
  const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const start = async (s: TestContext, token?: string): Promise<{ farm: SampleFarm; web: Web }> => {
    const farm = sampleFarm();
    const { history, feed, clock } = farm;
    const web = await startWeb({ history, feed, clock, host: '127.0.0.1', port: 0, token, reportsFolder: 'reports' });
    s.after(() => web.close());
    return { farm, web };
  };

  for (const { name, ...view } of VIEWS) {
    await t.test(`every page ${name}: no violation, no complaint, not wider than the screen`, async (s) => {
      const { web } = await start(s);
      const { page, complaints } = await openPage(s, browser, view);
      for (const address of PAGES) {
        await page.goto(web.url + address);
        for (const fold of await page.locator('details').all())
          await fold.evaluate((element) => element.setAttribute('open', ''));
        assert.deepEqual(await violations(page), [], address);
        await page.emulateMedia({ colorScheme: view.colorScheme === 'dark' ? 'light' : 'dark' });
        assert.deepEqual(await violations(page, COLOUR_RULES), [], `${address} in the other colours`);
        await page.emulateMedia({ colorScheme: view.colorScheme });
        const width = await page.evaluate('document.documentElement.scrollWidth');
        assert.ok(Number(width) <= view.viewport.width, `${address} is ${width} px wide`);
      }
      // The browser itself tells of the page that is not there.
      assert.deepEqual(
        complaints.filter((text) => !/404/.test(text)),
        [],
      );
    });
  }

  await t.test('every page on paper: white, no chart, no row and no card is cut by the end of a sheet', async (s) => {
    const { web } = await start(s);
    const { page } = await openPage(s, browser, { colorScheme: 'dark', javaScriptEnabled: false });
    await page.emulateMedia({ media: 'print' });
    let charts = 0;
    for (const address of PAGES) {
      await page.goto(web.url + address);
      assert.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
      charts += await page.locator('.chart:visible').count();
      assert.equal(await page.locator(CLICKED).count(), 0, address);
      assert.deepEqual((await printedPages(page, '.chart, .scroll tr, .strip-cell')).cut, [], address);
    }
    assert.ok(charts >= 3, `${charts} charts on all pages`);
  });

  await t.test('axe-core would find a fault', async (s) => {
    const { page } = await openPage(s, browser);
    await page.setContent('<html lang="en"><title>t</title><main><h1>h</h1><img src="data:,"></main>');
    assert.match((await violations(page)).join('\n'), /image-alt/);
  });

  await t.test('what happens is shown without a reload, and nothing else is touched', async (s) => {
    const { web, farm } = await start(s);
    const { page, complaints } = await openPage(s, browser);
    await page.goto(web.url);
    await page.evaluate('window.isSamePage = true');
    await page.locator('#range-other summary').click();
    const link = page.locator('#farm h2 a');
    await link.focus();
    const [profile] = farm.feed.state().profiles;
    const routes = profile!.routes.map((route) => ({ ...route, failing: { sinceAtUs: NOW_US, eventId: 'e' } }));
    farm.addRound(BAD);
    farm.setState({ profiles: [{ ...profile!, routes }] });
    await page.getByText('Failing now: shop through the gateway').waitFor();
    await page.getByText('Failing', { exact: true }).first().waitFor();
    assert.equal(await page.evaluate('window.isSamePage'), true, 'no reload');
    assert.equal(await page.evaluate('document.activeElement.getAttribute("href")'), '/profiles/shop', 'focus stays');
    assert.notEqual(await page.locator('#range-other').getAttribute('open'), null, 'what was open stays open');
    assert.deepEqual(complaints, []);
  });

  await t.test('a lost connection is said', async (s) => {
    const { web } = await start(s);
    const { page } = await openPage(s, browser);
    await page.goto(web.url);
    await web.close();
    await page.getByText('what is shown may be old').waitFor();
  });

  await t.test('a fixed time stays as it is', async (s) => {
    const { web, farm } = await start(s);
    const { page } = await openPage(s, browser);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${web.url}/?from=2026-03-02T11:00Z&to=2026-03-02T11:30Z`);
    farm.addRound(BAD);
    assert.ok(!asked.includes('/changes'));
  });

  await t.test('by keyboard alone: to the content, to a profile, to another time and back', async (s) => {
    const { web, farm } = await start(s);
    assert.ok(farm);
    const { page, complaints } = await openPage(s, browser);
    await page.goto(web.url);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content');
    await page.keyboard.press('Enter');
    for (let n = 0; n < 20; n++) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate('document.activeElement.getAttribute("href")')) === '/profiles/shop') break;
    }
    await page.keyboard.press('Enter');
    await page.waitForURL(`${web.url}/profiles/shop`);
    await page.getByRole('link', { name: '6 hours' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${web.url}/profiles/shop?last=6h`);
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Farm' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL(`${web.url}/?last=6h`);
    assert.deepEqual(complaints, []);
  });

  await t.test("a time of one's own stands in the address", async (s) => {
    const { web } = await start(s);
    const { page } = await openPage(s, browser);
    await page.goto(web.url);
    await page.locator('#range-other summary').click();
    await page.getByLabel('From (UTC)').fill('2026-03-02T11:00Z');
    await page.getByLabel('To (UTC)').fill('2026-03-02T11:30Z');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('2026-03-02 11:00 to 2026-03-02 11:30').waitFor();
    assert.match(page.url(), /from=2026-03-02T11%3A00Z&to=/);
  });

  await t.test('a report of a run opens under its own policy', async (s) => {
    const { web } = await start(s);
    const { page, complaints } = await openPage(s, browser);
    await page.goto(`${web.url}/reports`);
    await page.locator('#reports a').first().click();
    await page.waitForURL(/\/reports\/.*\/report\.html$/);
    await page.locator('.verdict').waitFor();
    assert.deepEqual(complaints, []);
  });

  await t.test('logging in with the token', async (s) => {
    const { web } = await start(s, TOKEN);
    const { page, complaints } = await openPage(s, browser);
    await page.goto(`${web.url}/profiles/shop`);
    await assertFits(page, 'asked for');
    await page.getByLabel('Token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('That is not the token.').waitFor();
    await assertFits(page, 'refused');
    await page.getByLabel('Token').fill(TOKEN);
    await page.keyboard.press('Enter');
    await page.waitForURL(`${web.url}/profiles/shop`);
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.waitForURL(`${web.url}/login`);
    assert.deepEqual(
      complaints.filter((text) => !/401/.test(text)),
      [],
    );
  });
});
