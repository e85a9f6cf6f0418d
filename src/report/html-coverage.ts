/** What was looked for and what came of it; what was not tested, and why. */
import type { VerdictState } from '../model/finding.ts';
import type { Report } from '../model/report.ts';
import { plural } from './format.ts';
import { fold, longTable, type Page, section, table } from './html-parts.ts';
import { html, type Markup, type MarkupPart } from './markup.ts';
import { coverageSentence, subjectOf, VERDICT_LABEL, verdictDetail } from './wording.ts';

type Detector = Report['detectors'][number];

/** What needs the reader first; the two that need nobody are folded. */
const ORDER: readonly { readonly state: VerdictState; readonly folded: boolean }[] = [
  { state: 'found', folded: false },
  { state: 'failed', folded: false },
  { state: 'insufficient-data', folded: false },
  { state: 'clear', folded: true },
  { state: 'not-applicable', folded: true },
];

export function coverageSection(page: Page): Markup {
  const { detectors } = page.report;
  const open = ORDER.filter(({ folded }) => !folded).flatMap(({ state }) => inState(detectors, state));
  const folds = ORDER.filter(({ folded }) => folded).map(({ state }) => {
    const group = inState(detectors, state);
    if (group.length === 0) return false;
    return fold(foldLabel(state, group.length, subjectOf(page.report)), detectorTable(group, page));
  });
  const content = [
    open.length > 0 && longTable('Causes to know about', COLUMNS, detectorRows(open, page), 'cause'),
    folds,
  ];
  const { ok } = page.report.validity;
  const lead = ok ? coverageSentence(page.report) : 'The run is not valid: none of this is a verdict.';
  return section('coverage', 'What was looked for', lead, ok ? content : fold('What the checks came to', content));
}

function foldLabel(state: VerdictState, count: number, subject: string): string {
  const causes = plural(count, 'cause');
  if (state === 'clear') return `${causes} clear`;
  return count === 1 ? `${causes} that does not apply to ${subject}` : `${causes} that do not apply to ${subject}`;
}

const COLUMNS = [{ title: 'Cause' }, { title: 'Result' }, { title: 'Why' }];

function detectorTable(detectors: readonly Detector[], page: Page): Markup {
  return table('Causes', COLUMNS, detectorRows(detectors, page));
}

function detectorRows(detectors: readonly Detector[], page: Page): MarkupPart[][] {
  return detectors.map(({ id, title, verdict }) => [
    html`${title}<small><code>${id}</code></small>`,
    html`<span class="chip chip-${verdict.state}">${VERDICT_LABEL[verdict.state]}</span>`,
    verdict.state === 'found' ? findingLinks(id, page) : verdictDetail(verdict),
  ]);
}

function findingLinks(id: string, { report, anchors }: Page): MarkupPart {
  const found = report.findings.filter(({ cause }) => cause === id);
  if (found.length === 0) return 'See the findings.';
  return found.map((finding) => html`<a href="#${anchors.get(finding)}">${finding.title}</a> `);
}

function inState(detectors: readonly Detector[], state: VerdictState): readonly Detector[] {
  return detectors.filter(({ verdict }) => verdict.state === state);
}

export function untestedSection(report: Report): Markup | false {
  if (report.untested.length === 0) return false;
  const rows = report.untested.map(({ what, why }) => [what, why]);
  return section(
    'untested',
    'What was not tested',
    undefined,
    longTable('Not tested', [{ title: 'What' }, { title: 'Why' }], rows, 'row'),
  );
}
