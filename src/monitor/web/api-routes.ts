/** Addresses of the JSON API. Read only. */
import type { Context, Hono } from 'hono';
import type { HistoryQuery } from '../../model/history.ts';
import type { RouteId } from '../../model/route.ts';
import {
  publicEvent,
  publicFinding,
  publicInterval,
  publicKept,
  publicQuiet,
  publicRange,
  publicState,
  publicView,
} from './api.ts';
import { isKnownProfile, readFarm, readProfile } from './farm.ts';
import { openApi } from './openapi.ts';
import { BadRequest, rangeOf, type Site, sourcesOf } from './site.ts';
import { readIntervals } from './time-bins.ts';

const DEFAULT_LIMIT = 500;
const MAX_LIMIT = 10_000;

export function addApi(app: Hono, site: Site): void {
  app.get('/api/v1/openapi.json', (c) => c.json(openApi(site.feed.state().version, site.access.isGuarded)));
  app.get('/api/v1/state', (c) => c.json(publicState(site.feed.state())));
  app.get('/api/v1/reports', async (c) => c.json({ reports: await site.reports.list() }));
  app.get('/api/v1/events/:id', (c) => {
    const event = site.history.event(c.req.param('id'));
    return event === undefined ? c.json({ error: 'there is no such event' }, 404) : c.json(publicEvent(event));
  });
  app.get('/api/v1/profiles', (c) => {
    const range = rangeOf(c, site);
    return c.json({ range: publicRange(range), profiles: readFarm(sourcesOf(site), range).map(publicView) });
  });
  app.get('/api/v1/profiles/:profile', (c) =>
    ofProfile(c, site, (profile) => publicView(readProfile(sourcesOf(site), profile, rangeOf(c, site)))),
  );
  app.get('/api/v1/profiles/:profile/:what', (c) => {
    const read = LISTS[c.req.param('what')];
    if (read === undefined) return c.json({ error: 'there is no such list' }, 404);
    return ofProfile(c, site, (profile) => ({ [c.req.param('what')]: read(c, site, profile) }));
  });
  app.all('/api/*', (c) => c.json({ error: 'there is no such address; see /api/v1/openapi.json' }, 404));
}

function ofProfile(c: Context, site: Site, read: (profile: string) => object): Response {
  const profile = c.req.param('profile') ?? '';
  if (!isKnownProfile(sourcesOf(site), profile)) return c.json({ error: 'there is no such profile' }, 404);
  return c.json(read(profile));
}

type List = (c: Context, site: Site, profile: string) => readonly object[];

const LISTS: Readonly<Record<string, List>> = {
  intervals: (c, site, profile) => {
    const { route } = queryOf(c, site, profile);
    const intervals = readIntervals(site.history, profile, rangeOf(c, site));
    return intervals
      .filter((interval) => route === undefined || interval.route === route)
      .map((interval) => publicInterval(interval, site.decode));
  },
  events: (c, site, profile) => site.history.events(queryOf(c, site, profile)).map(publicEvent),
  findings: (c, site, profile) => {
    if (c.req.query('open') !== 'true') return site.history.findings(queryOf(c, site, profile)).map(publicFinding);
    const always = { profile, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER };
    return site.history.findings({ ...always, open: true }).map(publicFinding);
  },
  kept: (c, site, profile) => site.history.kept(queryOf(c, site, profile)).map(publicKept),
  quiet: (c, site, profile) => site.history.quiet(queryOf(c, site, profile)).map(publicQuiet),
};

function queryOf(c: Context, site: Site, profile: string): HistoryQuery {
  const { fromAtUs, toAtUs } = rangeOf(c, site);
  const route = c.req.query('route');
  if (route !== undefined && !isRoute(route))
    throw new BadRequest('route is gateway, or direct: and the name of a member');
  const limit = Number(c.req.query('limit') ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new BadRequest(`limit is a whole number from 1 to ${MAX_LIMIT}`);
  return { profile, fromAtUs, toAtUs, limit, ...(route !== undefined && { route }) };
}

function isRoute(text: string): text is RouteId {
  return text === 'gateway' || text.startsWith('direct:');
}
