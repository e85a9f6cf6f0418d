/** The bars of a row: every bin of the range, what failed in it and what was slow. */
import { formatDuration } from '../../model/quantity.ts';
import { formatCount, plural } from '../../report/format.ts';
import { html, type Markup } from '../../report/markup.ts';
import { momentWords } from './layout.ts';
import type { Bin } from './time-bins.ts';
import type { TimeRange } from './time-range.ts';

const BAR_PX = 4;
const GAP_PX = 1;
const HEIGHT_PX = 28;
/** A good bar is lower than a failing one, so that failures differ by form too, for readers who do not see the colour. */
const GOOD_PX = 16;
const NONE_PX = 3;

/** One image with a sentence for screen readers; what each bar holds is in its title, and in the table of the profile's page. */
export function barStrip(bins: readonly Bin[], range: TimeRange, name: string): Markup {
  const bars = bins.map((bin, index) => bar(bin, index * (BAR_PX + GAP_PX)));
  const widthPx = bins.length * (BAR_PX + GAP_PX) - GAP_PX;
  return html`<svg class="strip" viewBox="0 0 ${widthPx} ${HEIGHT_PX}" preserveAspectRatio="none" role="img" aria-label="${name}: ${stripSentence(bins, range)}">${bars}</svg>`;
}

function bar(bin: Bin, x: number): Markup {
  const words = `${momentWords(bin.startAtUs)}: ${binSentence(bin)}`;
  const title = html`<title>${words}</title>`;
  if (bin.count === 0) return html`<g>${title}${box('none', x, NONE_PX, HEIGHT_PX)}</g>`;
  if (bin.failed === 0) return html`<g>${title}${box('good', x, GOOD_PX, HEIGHT_PX)}</g>`;
  // A single failure must be seen, however many good answers there are.
  const failedPx = Math.max(6, Math.round((bin.failed / bin.count) * HEIGHT_PX));
  return html`<g>${title}${box('mixed', x, HEIGHT_PX, HEIGHT_PX)}${box('bad', x, failedPx, HEIGHT_PX)}</g>`;
}

function box(kind: string, x: number, height: number, bottom: number): Markup {
  return html`<rect class="bar-${kind}" x="${x}" y="${bottom - height}" width="${BAR_PX}" height="${height}"/>`;
}

function binSentence({ count, failed, maxUs, response }: Bin): string {
  if (count === 0) return 'no request';
  const failures = failed === 0 ? 'none failed' : `${formatCount(failed)} failed`;
  const median = response.count > 0 ? `, half within ${formatDuration(response.quantile(0.5))}` : '';
  return `${plural(count, 'request')}, ${failures}${median}, slowest ${formatDuration(maxUs)}`;
}

function stripSentence(bins: readonly Bin[], range: TimeRange): string {
  const bin = formatDuration(range.binUs);
  const used = bins.filter(({ count }) => count > 0);
  if (used.length === 0) return `no request in ${plural(bins.length, 'bar')} of ${bin}`;
  const failing = used.filter(({ failed }) => failed > 0);
  const last = failing.at(-1);
  const failures =
    last === undefined
      ? 'none with a failure'
      : `${failing.length} with failures, last at ${momentWords(last.startAtUs)}`;
  return `${plural(used.length, 'bar')} of ${bin} with requests, ${failures}`;
}
