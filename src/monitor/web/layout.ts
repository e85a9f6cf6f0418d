/** The frame of every page, and small parts that several pages use. */
import { humanTime } from '../../report/format.ts';
import { brandMark } from '../../report/html.ts';
import { html, type Markup, type MarkupPart } from '../../report/markup.ts';
import { LAST_CHOICES, type TimeRange } from './time-range.ts';

/** Scripts and styles come from here only, and nothing is loaded from anywhere else. */
export const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

export type Frame = {
  readonly title: string;
  /** Where the reader is: marks the entry of the menu. */
  readonly place: 'farm' | 'reports' | 'none';
  readonly nowAtUs: number;
  /** Pages of one time have a choice of times, and change by themselves when it ends now. */
  readonly range?: TimeRange;
  readonly isLive: boolean;
  /** Whether somebody is logged in, and can log out. */
  readonly hasSession: boolean;
};

export function renderPage(frame: Frame, content: MarkupPart, foot?: MarkupPart): string {
  const search = frame.range?.search ?? '';
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${frame.title} – gateprobe</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/dashboard.css">
<script src="/assets/live.js" defer></script>
</head>
<body${frame.isLive && html` data-live="on"`}>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
${brandMark()}
<nav aria-label="Pages"><ul class="menu">
<li><a href="/${search}"${current(frame.place === 'farm')}>Farm</a></li>
<li><a href="/reports"${current(frame.place === 'reports')}>Reports</a></li>
<li><a href="/api/v1/openapi.json">API</a></li>
<li><a href="/metrics">Metrics</a></li>
</ul></nav>
${frame.hasSession && html`<form method="post" action="/logout"><button type="submit">Log out</button></form>`}
</header>
<main id="content" tabindex="-1">
${content}
</main>
<footer class="foot">
${foot}
<p>All times are UTC. <span id="made-at" data-part>This page was made at ${timeElement(frame.nowAtUs)}.</span>${frame.isLive && html` <span id="live-note" hidden></span>`}</p>
</footer>
</body>
</html>
`;
  return document.markup;
}

function current(isCurrent: boolean): Markup | false {
  return isCurrent && html` aria-current="page"`;
}

/** Links to the usual times, and a form for any other: works without a script. */
export function rangeChoice(range: TimeRange, path: string): Markup {
  const links = LAST_CHOICES.map(({ key, label }) => {
    const href = key === LAST_CHOICES[0].key ? path : `${path}?last=${key}`;
    return html`<li><a href="${href}"${range.last === key && html` aria-current="true"`}>${label}</a></li>`;
  });
  return html`<nav class="range" aria-label="Time shown"><ul class="menu"><li class="range-word">Last</li>${links}</ul>
<details id="range-other"><summary>Other time</summary><form method="get" action="${path}" class="range-form">
<label>From (UTC) <input name="from" required value="${isoMinute(range.fromAtUs)}" size="18" autocomplete="off"></label>
<label>To (UTC) <input name="to" required value="${isoMinute(range.toAtUs)}" size="18" autocomplete="off"></label>
<button type="submit">Show</button></form></details>
<p class="range-says" id="range-says" data-part>${rangeWords(range)}</p></nav>`;
}

export function rangeWords({ fromAtUs, toAtUs }: Pick<TimeRange, 'fromAtUs' | 'toAtUs'>): string {
  return `${momentWords(fromAtUs)} to ${momentWords(toAtUs)}`;
}

/** Part of a page that a live page replaces when it has changed. */
export function livePart(id: string, content: MarkupPart): Markup {
  return html`<div id="${id}" data-part>${content}</div>`;
}

/** `2026-03-02 09:15`. */
export function momentWords(atUs: number): string {
  return new Date(atUs / 1_000).toISOString().slice(0, 16).replace('T', ' ');
}

export function isoMoment(atUs: number): string {
  return new Date(atUs / 1_000).toISOString();
}

/** A moment for humans and machines. */
export function timeElement(atUs: number): Markup {
  const iso = isoMoment(atUs);
  return html`<time datetime="${iso}" title="${humanTime(iso)}">${iso.slice(0, 19).replace('T', ' ')}</time>`;
}

function isoMinute(atUs: number): string {
  return `${isoMoment(atUs).slice(0, 16)}Z`;
}
