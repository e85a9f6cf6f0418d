/** Logging in with the token: by a form for people, by a header for programs. */
import type { Context, Hono, MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { html } from '../../report/markup.ts';
import { SESSION_COOKIE } from './access.ts';
import { renderPage } from './layout.ts';
import type { Site } from './site.ts';

/** A token is not longer; what is sent here comes from strangers. */
const MAX_FORM_BYTES = 4_096;
/** Pages of these are needed before somebody has logged in. */
const OPEN_PATHS = /^\/(login|assets\/[\w.]+)$/;

/** Lets in who has a session, or sends the token with each request. */
export function requireAccess(site: Site): MiddlewareHandler {
  return async (c, next) => {
    if (!site.access.isGuarded || OPEN_PATHS.test(c.req.path)) return next();
    if (site.access.hasSession(getCookie(c, SESSION_COOKIE))) return next();
    const bearer = /^Bearer (.+)$/i.exec(c.req.header('authorization') ?? '')?.[1];
    if (bearer !== undefined) {
      const attempt = site.access.tryToken(bearer, addressOf(c));
      if (attempt.ok) return next();
      if (attempt.retryAfterSec !== undefined) return tooMany(c, attempt.retryAfterSec);
    }
    const wantsPage = c.req.method === 'GET' && (c.req.header('accept') ?? '').includes('text/html');
    if (wantsPage && bearer === undefined) return c.redirect(`/login?to=${encodeURIComponent(pathOf(c))}`, 303);
    return c.json({ error: 'a token is needed: Authorization: Bearer <token>' }, 401, { 'www-authenticate': 'Bearer' });
  };
}

export function addLogin(app: Hono, site: Site): void {
  app.get('/login', (c) => c.html(loginPage(c, site, undefined)));
  app.post('/login', async (c) => {
    const text = await readForm(c);
    if (text === undefined) return c.text('the form is too long', 413);
    const form = new URLSearchParams(text);
    const attempt = site.access.tryToken(form.get('token') ?? '', addressOf(c));
    if (!attempt.ok) {
      if (attempt.retryAfterSec !== undefined) return tooMany(c, attempt.retryAfterSec);
      return c.html(loginPage(c, site, 'That is not the token.'), 401);
    }
    // Secure is left out: without TLS in front the browser would drop the cookie, and nobody could log in.
    setCookie(c, SESSION_COOKIE, site.access.openSession(), { httpOnly: true, sameSite: 'Strict', path: '/' });
    return c.redirect(ownPath(c.req.query('to')), 303);
  });
  app.post('/logout', (c) => {
    site.access.closeSession(getCookie(c, SESSION_COOKIE));
    deleteCookie(c, SESSION_COOKIE, { path: '/' });
    return c.redirect('/login', 303);
  });
}

function loginPage(c: Context, site: Site, problem: string | undefined): string {
  const content = html`<h1>Log in</h1>
<p>This monitor can be reached from other machines, so it asks for its token.</p>
<form class="login" method="post" action="/login?to=${encodeURIComponent(ownPath(c.req.query('to')))}">
${problem !== undefined && html`<p class="trouble is-error" role="alert" id="login-problem">${problem}</p>`}
<input type="text" name="username" autocomplete="username" value="gateprobe" hidden>
<label>Token <input type="password" name="token" required autocomplete="current-password" size="32"${problem !== undefined && html` aria-describedby="login-problem"`}></label>
<button type="submit">Log in</button></form>`;
  return renderPage(
    { title: 'Log in', place: 'none', nowAtUs: site.nowAtUs(), isLive: false, hasSession: false },
    content,
  );
}

/** Undefined when it is longer than any token. */
async function readForm(c: Context): Promise<string | undefined> {
  if (Number(c.req.header('content-length') ?? Number.NaN) > MAX_FORM_BYTES) return undefined;
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of c.req.raw.body ?? []) {
    text += decoder.decode(part as Uint8Array, { stream: true });
    if (text.length > MAX_FORM_BYTES) return undefined;
  }
  return text;
}

/** Where to go after logging in: only to a page of ours. */
function ownPath(to: string | undefined): string {
  if (to === undefined || !/^\/(?![/\\])/.test(to)) return '/';
  try {
    const url = new URL(to, 'http://own.invalid');
    return url.host === 'own.invalid' ? `${url.pathname}${url.search}` : '/';
  } catch {
    return '/';
  }
}

function tooMany(c: Context, retryAfterSec: number): Response {
  return c.text(`too many wrong tokens; try again in ${retryAfterSec} s`, 429, {
    'retry-after': String(retryAfterSec),
  });
}

function pathOf(c: Context): string {
  const { pathname, search } = new URL(c.req.url);
  return `${pathname}${search}`;
}

/** The peer of the connection. Forwarding headers are not believed: anybody can write them. */
function addressOf(c: Context): string {
  const { incoming } = c.env as { incoming?: { socket?: { remoteAddress?: string } } };
  return incoming?.socket?.remoteAddress ?? 'unknown';
}
