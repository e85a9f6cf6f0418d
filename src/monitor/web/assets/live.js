// Keeps an open page true without a reload. Without this script every page works and shows the moment it was made.

/** A change comes at most once a second; a page is fetched again at most this often. */
const LEAST_PAUSE_MS = 2000;
/** Also when nothing changes, the newest bar moves on with time. */
const LONGEST_PAUSE_MS = 60000;

let waiting = false;
let timer;
let lastMs = 0;
let source;

if (document.body.dataset.live === 'on') start();

function start() {
  connect();
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') refreshSoon();
  });
  plan(LONGEST_PAUSE_MS);
}

function connect() {
  source = new EventSource('/changes');
  source.addEventListener('hello', () => note(''));
  source.addEventListener('change', refreshSoon);
  source.addEventListener('error', () => note('The connection to the monitor is lost; what is shown may be old.'));
  window.addEventListener('pagehide', () => source.close());
  window.addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
}

function refreshSoon() {
  plan(Math.max(0, lastMs + LEAST_PAUSE_MS - Date.now()));
}

function plan(ms) {
  clearTimeout(timer);
  timer = setTimeout(refresh, ms);
}

async function refresh() {
  if (waiting) return;
  // A page that nobody sees is brought up to date when it is looked at.
  if (document.visibilityState !== 'visible') return;
  waiting = true;
  lastMs = Date.now();
  try {
    const response = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'manual' });
    if (!response.ok) throw new Error(String(response.status));
    replaceParts(new DOMParser().parseFromString(await response.text(), 'text/html'));
    if (source.readyState === EventSource.OPEN) note('');
  } catch {
    note('The monitor does not answer; what is shown may be old.');
  } finally {
    waiting = false;
    plan(LONGEST_PAUSE_MS);
  }
}

/** Only what changed is touched: focus, selection, open folds and the place in scrolled tables stay. */
function replaceParts(fresh) {
  for (const old of document.querySelectorAll('[data-part]')) {
    const next = fresh.getElementById(old.id);
    if (next === null || next.innerHTML === old.innerHTML) continue;
    const memory = remember(old);
    old.replaceChildren(...next.childNodes);
    restore(old, memory);
  }
  document.title = fresh.title;
}

function remember(part) {
  const active = part.contains(document.activeElement) ? document.activeElement : null;
  const focusable = [...part.querySelectorAll(FOCUSABLE)];
  return {
    href: active?.getAttribute('href') ?? null,
    index: active === null ? -1 : focusable.indexOf(active),
    open: [...part.querySelectorAll('details')].map((details) => details.open),
    scrolled: [...part.querySelectorAll('.scroll')].map((box) => box.scrollLeft),
  };
}

const FOCUSABLE = 'a[href], summary, button, input, [tabindex]';

function restore(part, { href, index, open, scrolled }) {
  part.querySelectorAll('details').forEach((details, at) => {
    if (open[at]) details.open = true;
  });
  part.querySelectorAll('.scroll').forEach((box, at) => {
    if (scrolled[at]) box.scrollLeft = scrolled[at];
  });
  if (index < 0) return;
  const focusable = [...part.querySelectorAll(FOCUSABLE)];
  const same = href === null ? undefined : focusable.find((element) => element.getAttribute('href') === href);
  (same ?? focusable[Math.min(index, focusable.length - 1)])?.focus({ preventScroll: true });
}

function note(text) {
  const place = document.getElementById('live-note');
  if (place === null) return;
  place.textContent = text;
  place.hidden = text === '';
}
