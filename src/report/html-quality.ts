/** The probe's own quality: whether the times can be believed. */
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import type { ProbeQuality } from '../model/recording.ts';
import type { ProbeCheck, Report } from '../model/report.ts';
import { formatCount } from './format.ts';
import { section, table } from './html-parts.ts';
import { html, type Markup } from './markup.ts';
import { cautionTexts } from './wording.ts';

export function qualitySection(report: Report): Markup {
  const { quality } = report;
  const tiles: readonly (readonly [label: string, value: string, note: string])[] = [
    ...latenessTiles(quality),
    ['sent in time', formatRatio(quality.achievedRateRatio), 'of the requests that were due'],
    ['sending thread busy', formatRatio(quality.busyRatio), `at most ${formatRatio(quality.busyRatioMax)}`],
    ['longest collector pause', formatDuration(quality.gcPauseMaxUs), `${formatDuration(quality.gcTotalUs)} in all`],
    ['answers read late, p99', formatDuration(quality.loopDelayP99Us), 'while the sending thread did something else'],
    ['not sent at the cap', formatCount(quality.notSentCap), capNote(quality)],
    ['no free local port', formatCount(quality.portShortages), 'connections that failed through this machine'],
  ];
  const lead = report.validity.ok
    ? `What the probe itself could have added to the times. ${cautionTexts(report).length > 0 ? 'The answer stands; what to mistrust of it is said below.' : 'It is far enough below what was measured.'}`
    : 'What the probe itself could have added to the times. It is too much: see the reasons above.';
  const items = tiles.map(
    ([label, value, note]) => html`<div><dt>${label}</dt><dd>${value}<small>${note}</small></dd></div>`,
  );
  return section(
    'quality',
    'The probe itself',
    lead,
    html`<dl class="measured">${items}</dl>${checkTable(report.checks ?? [])}`,
  );
}

const STATE_LABEL: Readonly<Record<ProbeCheck['state'], string>> = {
  good: 'good',
  caution: 'caution',
  invalid: 'not valid',
  unknown: 'not known',
};

/** What asks for attention first. */
const STATE_ORDER: readonly ProbeCheck['state'][] = ['invalid', 'caution', 'good', 'unknown'];

function checkTable(checks: readonly ProbeCheck[]): Markup | false {
  if (checks.length === 0) return false;
  const rows = STATE_ORDER.flatMap((state) => checks.filter((check) => check.state === state)).map(
    ({ title, state, text }) => [title, STATE_LABEL[state], text],
  );
  const columns = [{ title: 'check' }, { title: 'result' }, { title: 'measured, and what it does to the answer' }];
  return html`<h3 class="part">What the probe checked of itself</h3>
${table('What the probe checked of itself', columns, rows)}`;
}

/** Requests that are not sent have no time, and would have been among the slowest: above their share times are bounds (methods A.3). */
/** Of requests with a due time of their own: a closed loop asks as soon as it was answered. */
function latenessTiles({
  latenessUs,
  latenessCount,
  medianServiceUs,
}: ProbeQuality): (readonly [string, string, string])[] {
  if (latenessCount === 0) return [['sent late', 'n/a', 'no request had a due time of its own']];
  return [
    [
      'sent late, p99',
      formatDuration(latenessUs.p99),
      `p50 ${formatDuration(latenessUs.p50)}, worst ${formatDuration(latenessUs.max)}`,
    ],
    ['median service time', formatDuration(medianServiceUs), `lateness over ${formatCount(latenessCount)} requests`],
  ];
}

function capNote({ notSentCap, latenessCount }: ProbeQuality): string {
  if (notSentCap === 0) return 'every request had room';
  const known = latenessCount / (latenessCount + notSentCap);
  return `too many requests were unanswered: times above p${formatNumber(Math.floor(known * 1_000) / 10)} are at least what is said`;
}
