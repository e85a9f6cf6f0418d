/** Addresses of pages. */
import type { Context, Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { formatBytes, formatDuration } from '../../model/quantity.ts';
import { formatCount } from '../../report/format.ts';
import { html, type Markup } from '../../report/markup.ts';
import { scriptSource } from '../../report/page-script.ts';
import { SESSION_COOKIE } from './access.ts';
import { eventPage, findingPage } from './event-page.ts';
import { isKnownProfile, readFarm, readProfile } from './farm.ts';
import { farmPage } from './farm-page.ts';
import { type Frame, renderPage } from './layout.ts';
import { profilePage } from './profile-page.ts';
import { REPORT_FILES } from './reports.ts';
import { reportsPage } from './reports-page.ts';
import { rangeOf, type Site, sourcesOf } from './site.ts';
import type { TimeRange } from './time-range.ts';

/** More are not read by anybody on one page; the API has them. */
const MAX_EVENTS = 100;
const MAX_KEPT = 200;
/** Requests kept shortly before an event began belong to it: the round that it was seen in had begun. */
const BEFORE_EVENT_US = 60_000_000;
/** A report of a run brings its own inline style sheet and its one script; it may still load nothing, and run nothing else. */
const REPORT_POLICY = `default-src 'none'; script-src ${scriptSource()}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export function addPages(app: Hono, site: Site): void {
  app.get('/', (c) => c.html(farm(c, site)));
  app.get('/profiles/:profile', async (c) => profile(c, site, c.req.param('profile')));
  app.get('/profiles/:profile/findings/:id', async (c) => {
    const { profile: name, id } = c.req.param();
    const all = { profile: name, fromAtUs: 0, toAtUs: Number.MAX_SAFE_INTEGER };
    const record = isKnownProfile(sourcesOf(site), name)
      ? site.history.findings(all).find((one) => one.id === id)
      : undefined;
    if (record === undefined) return missing(c, site, 'There is no such finding');
    return c.html(
      page(
        c,
        site,
        { title: record.finding.title, isLive: record.closedAtUs === undefined },
        await findingPage(record),
      ),
    );
  });
  app.get('/events/:id', (c) => {
    const event = site.history.event(c.req.param('id'));
    if (event === undefined) return missing(c, site, 'There is no such event');
    const kept = site.history.kept({
      profile: event.profile,
      fromAtUs: event.fromAtUs - BEFORE_EVENT_US,
      toAtUs: (event.toAtUs ?? site.nowAtUs()) + 1,
      ...(event.route !== undefined && { route: event.route }),
      limit: MAX_KEPT,
    });
    const content = eventPage(event, kept, site.nowAtUs());
    return c.html(page(c, site, { title: event.title, isLive: event.toAtUs === undefined }, content));
  });
  app.get('/reports', async (c) =>
    c.html(
      page(c, site, { title: 'Reports', place: 'reports', isLive: false }, reportsPage(await site.reports.list())),
    ),
  );
  app.get('/reports/:name/:file', async (c) => {
    const { name, file } = c.req.param();
    const content = await site.reports.read(name, file);
    if (content === undefined) return missing(c, site, 'There is no such report');
    c.header('content-security-policy', REPORT_POLICY);
    return c.body(new Uint8Array(content), 200, { 'content-type': REPORT_FILES[file] ?? 'text/plain' });
  });
}

function farm(c: Context, site: Site): string {
  const range = rangeOf(c, site);
  const sources = sourcesOf(site);
  const views = readFarm(sources, range);
  // Events of the monitor itself belong to no profile.
  const names = [...views.map((view) => view.profile), ''];
  const events = names
    .flatMap((name) => site.history.events({ profile: name, ...within(range), limit: MAX_EVENTS }))
    .sort((a, b) => b.fromAtUs - a.fromAtUs)
    .slice(0, MAX_EVENTS);
  return page(c, site, { title: 'Farm', place: 'farm', range }, farmPage(views, events, sources.state, range));
}

async function profile(c: Context, site: Site, name: string): Promise<Response> {
  const range = rangeOf(c, site);
  const sources = sourcesOf(site);
  if (!isKnownProfile(sources, name)) return missing(c, site, 'There is no such profile');
  const query = { profile: name, ...within(range) };
  const view = readProfile(sources, name, range);
  const content = await profilePage({
    view,
    events: site.history.events({ ...query, limit: MAX_EVENTS }),
    kept: site.history.kept({ ...query, limit: MAX_KEPT }),
    quiet: site.history.quiet(query),
    range: view.range,
    decode: site.decode,
  });
  return c.html(page(c, site, { title: name, range }, content));
}

function within({ fromAtUs, toAtUs }: TimeRange): Pick<TimeRange, 'fromAtUs' | 'toAtUs'> {
  return { fromAtUs, toAtUs };
}

export function missing(c: Context, site: Site, title: string): Response {
  const content = html`<h1>${title}</h1><p><a href="/">Back to the farm</a></p>`;
  return c.html(page(c, site, { title, isLive: false }, content), 404);
}

export function problemPage(c: Context, site: Site, message: string): Response {
  const content = html`<h1>That time cannot be shown</h1><p>${message}.</p><p><a href="${new URL(c.req.url).pathname}">Show the last 90 minutes</a></p>`;
  return c.html(page(c, site, { title: 'Wrong time', isLive: false }, content), 400);
}

type PageFrame = { readonly title: string } & Partial<Omit<Frame, 'nowAtUs' | 'hasSession'>>;

function page(c: Context, site: Site, frame: PageFrame, content: Markup): string {
  const isLive = frame.isLive ?? frame.range?.last !== undefined;
  const hasSession = site.access.isGuarded && site.access.hasSession(getCookie(c, SESSION_COOKIE));
  return renderPage({ place: 'none', ...frame, isLive, nowAtUs: site.nowAtUs(), hasSession }, content, ownHealth(site));
}

/** How the monitor itself is doing stands on every page: a late probe measures itself. */
function ownHealth(site: Site): Markup {
  const { profiles, version, startedAtUs, nowAtUs } = site.feed.state();
  const lag = profiles.reduce((most, profile) => Math.max(most, profile.lag.p99Us), 0);
  const rounds = profiles.reduce(
    (sum, one) => sum + one.rounds.scheduled + one.rounds.confirm + one.rounds.experiment,
    0,
  );
  const { bytes } = site.history.size();
  return html`<p id="own-health" data-part>gateprobe ${version}, running for ${formatDuration(nowAtUs - startedAtUs)}: ${formatCount(rounds)} rounds, begun at most ${formatDuration(lag)} late in 99 of 100; history ${formatBytes(bytes)}.</p>`;
}
