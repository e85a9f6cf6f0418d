/** The whole site: who may look, what every answer carries, and its addresses. */
import { readFileSync } from 'node:fs';
import { type Context, Hono } from 'hono';
import { darkChartStyles } from '../../charts/palette.ts';
import { reportCss } from '../../report/stylesheet.ts';
import { isForeign, isOwnHost } from './access.ts';
import { addApi } from './api-routes.ts';
import { PAGE_POLICY } from './layout.ts';
import { addLogin, requireAccess } from './login.ts';
import { addPages, missing, problemPage } from './page-routes.ts';
import { BadRequest, type Site } from './site.ts';

/** `report` gets errors that are ours. `isLocal`: reachable from this machine only. */
export function createApp(site: Site, isLocal: boolean, report: (error: unknown) => void): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    secure(c);
  });
  app.use(async (c, next) => {
    const refusal = refusalOf(c, isLocal && !site.access.isGuarded);
    if (refusal !== undefined) return c.text(refusal, 403);
    await next();
  });
  app.use(requireAccess(site));
  addLogin(app, site);
  addAssets(app);
  app.get('/changes', (c) => site.changes.serve(c));
  app.get('/metrics', async (c) =>
    c.body(await site.metrics.render(), 200, { 'content-type': site.metrics.contentType }),
  );
  app.get('/probe', async (c) => {
    const answer = await site.metrics.renderProbe(c.req.query('target'), c.req.query('module'));
    return 'problem' in answer
      ? c.text(`${answer.problem}\n`, 400)
      : c.body(answer.text, 200, { 'content-type': site.metrics.contentType });
  });
  addApi(app, site);
  addPages(app, site);
  app.notFound((c) => missing(c, site, 'There is no such page'));
  app.onError((error, c) => answerError(error, c, site, report));
  return app;
}

function refusalOf(c: Context, mustBeLocal: boolean): string | undefined {
  if (mustBeLocal && !isOwnHost(c.req.header('host')))
    return 'this monitor answers to its loopback names only; to reach it by another name, start it with a token';
  if (isForeign({ site: c.req.header('sec-fetch-site'), mode: c.req.header('sec-fetch-mode') }))
    return 'requests from pages of other sites are refused';
  const isWrite = c.req.method !== 'GET' && c.req.method !== 'HEAD';
  const origin = c.req.header('origin');
  if (isWrite && origin !== undefined && hostOf(origin) !== c.req.header('host'))
    return 'requests from pages of other sites are refused';
  return undefined;
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function secure(c: Context): void {
  const { headers } = c.res;
  if (!headers.has('content-security-policy')) headers.set('content-security-policy', PAGE_POLICY);
  headers.set('x-content-type-options', 'nosniff');
  headers.set('x-frame-options', 'DENY');
  headers.set('referrer-policy', 'no-referrer');
  headers.set('cross-origin-opener-policy', 'same-origin');
  headers.set('cross-origin-resource-policy', 'same-origin');
  if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
}

function addAssets(app: Hono): void {
  const read = (name: string): string => readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');
  const dark = `@media screen and (prefers-color-scheme: dark) {\n${darkChartStyles('.strip')}\n}\n`;
  const files = [
    {
      name: 'dashboard.css',
      type: 'text/css; charset=utf-8',
      text: `${reportCss()}\n${read('dashboard.css')}\n${dark}`,
    },
    { name: 'live.js', type: 'text/javascript; charset=utf-8', text: read('live.js') },
  ];
  for (const { name, type, text } of files)
    app.get(`/assets/${name}`, (c) => c.body(text, 200, { 'content-type': type, 'cache-control': 'no-cache' }));
}

function answerError(error: Error, c: Context, site: Site, report: (error: unknown) => void): Response {
  const isApi = /^\/(api|metrics|probe)\b/.test(c.req.path);
  if (error instanceof BadRequest)
    return isApi ? c.json({ error: error.message }, 400) : problemPage(c, site, error.message);
  report(error);
  // Words of an error may hold anything; they go to the monitor's own log.
  return isApi
    ? c.json({ error: 'the monitor could not make this answer; its log says why' }, 500)
    : c.text('The monitor could not make this page; its log says why.', 500);
}
