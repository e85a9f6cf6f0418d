/** What first requests after quiet windows came to: where cold starts begin, and how often they come back. */
import { xyChart } from '../../charts/xy-chart.ts';
import { isFailure, responseTimeUs } from '../../model/exchange.ts';
import type { Exhibit, XySeries } from '../../model/finding.ts';
import type { HistoryEvent, KeptExchange, QuietSpan } from '../../model/history.ts';
import { formatDuration } from '../../model/quantity.ts';
import type { RouteId } from '../../model/route.ts';
import { html, type Markup } from '../../report/markup.ts';
import type { RouteState } from '../feed.ts';
import { rowName } from './farm.ts';
import { timeElement } from './layout.ts';
import { drawFigure } from './profile-charts.ts';

/** The first request on a route after nothing was sent to it for a while. */
export type FirstRequest = {
  readonly route: RouteId;
  readonly atUs: number;
  readonly quietUs: number;
  readonly responseUs: number;
  readonly failed: boolean;
};

/** A first request belongs to the quiet span of its route that ended last before it, at most this long ago: a round or two. */
const MAX_AFTER_US = 300_000_000;

export function firstRequests(kept: readonly KeptExchange[], quiet: readonly QuietSpan[]): readonly FirstRequest[] {
  return kept.flatMap(({ reason, atUs, exchange }): FirstRequest[] => {
    if (reason !== 'first') return [];
    const spans = quiet.filter(({ route, toAtUs }) => route === exchange.route && toAtUs <= atUs + 1_000_000);
    const span = spans.reduce<QuietSpan | undefined>(
      (a, b) => (a === undefined || b.toAtUs > a.toAtUs ? b : a),
      undefined,
    );
    if (span === undefined || atUs - span.toAtUs > MAX_AFTER_US) return [];
    return [
      {
        route: exchange.route,
        atUs,
        quietUs: Math.max(1, span.toAtUs - span.fromAtUs),
        responseUs: Math.max(1, responseTimeUs(exchange)),
        failed: isFailure(exchange),
      },
    ];
  });
}

/** Chart and table; says what is missing where there is nothing. */
export async function idlePicture(
  firsts: readonly FirstRequest[],
  coldStarts: readonly HistoryEvent[],
  routes: readonly RouteState[],
): Promise<Markup> {
  const chart =
    firsts.length === 0
      ? html`<p class="empty" id="idle" data-part>No quiet window ended in this time, so nothing is known about first requests after a pause.</p>`
      : await drawFigure(
          {
            id: 'idle',
            title: 'First requests after a pause',
            reading:
              'Right is a longer pause, up is slower. A step upwards is the idle time after which an application is stopped.',
          },
          (width) => xyChart(idleExhibit(firsts), width),
        );
  return html`${chart}${learned(routes)}<div id="cold-starts" data-part>${coldStartList(coldStarts)}</div>`;
}

function idleExhibit(firsts: readonly FirstRequest[]): Exhibit & { kind: 'xy' } {
  const routes = [...new Set(firsts.map(({ route }) => route))].sort();
  const series = routes.flatMap((route): XySeries[] => {
    const mine = firsts.filter((first) => first.route === route && !first.failed);
    if (mine.length === 0) return [];
    const points = mine.map(({ quietUs, responseUs }) => [quietUs, responseUs] as const);
    return [{ name: rowName(route), role: route === 'gateway' ? 'gateway' : 'direct', style: 'points', points }];
  });
  const failed = firsts.filter((first) => first.failed);
  const failures: XySeries[] =
    failed.length === 0
      ? []
      : [
          {
            name: 'failed',
            role: 'failure',
            style: 'points',
            points: failed.map(({ quietUs, responseUs }) => [quietUs, responseUs] as const),
          },
        ];
  return {
    kind: 'xy',
    id: 'idle',
    title: '',
    reading: '',
    x: { title: 'pause before', unit: 'us', scale: 'log' },
    y: { title: 'response time of the first request', unit: 'us', scale: 'log' },
    series: [...series, ...failures],
  };
}

/** What the monitor has learned by widening its quiet windows. */
function learned(routes: readonly RouteState[]): Markup {
  const lines = routes.flatMap(({ route, idle }) => {
    if (idle === undefined) return [];
    const { longestWarmUs: warm, shortestColdUs: cold, coldCount } = idle;
    if (warm === undefined && cold === undefined) return [];
    if (cold === undefined) return [html`<li>${rowName(route)}: still warm after ${formatDuration(warm ?? 0)}.</li>`];
    if (warm === undefined) return [html`<li>${rowName(route)}: cold after ${formatDuration(cold)}.</li>`];
    if (coldCount === 1) {
      return [
        html`<li>${rowName(route)}: still warm after ${formatDuration(warm)}, cold once, after ${formatDuration(cold)}. One cold start may be chance, or a restart: more nights tell.</li>`,
      ];
    }
    return [
      html`<li>${rowName(route)}: still warm after ${formatDuration(warm)}, cold after ${formatDuration(cold)}. The idle time lies between.</li>`,
    ];
  });
  return html`<ul class="plain" id="idle-learned" data-part>${lines}</ul>`;
}

/** The distances between cold starts show a period: 29 h is the recycling of IIS. */
function coldStartList(events: readonly HistoryEvent[]): Markup | false {
  if (events.length === 0) return false;
  const ordered = [...events].sort((a, b) => a.fromAtUs - b.fromAtUs);
  const items = ordered.map((event, index) => {
    const before = ordered
      .slice(0, index)
      .findLast(({ route, member }) => route === event.route && member === event.member);
    const gap =
      before !== undefined &&
      html` <small>${formatDuration(event.fromAtUs - before.fromAtUs)} after the one before</small>`;
    return html`<li>${timeElement(event.fromAtUs)} <a href="/events/${encodeURIComponent(event.id)}">${event.title}</a>${gap}</li>`;
  });
  return html`<h3 class="part">Cold starts</h3><ul class="plain">${items}</ul>`;
}
