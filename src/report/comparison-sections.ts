/** What stands under the answer of a comparison, as tables of text: every format shows the same. */
import type { Comparison, FindingChange } from '../model/comparison.ts';
import { formatDuration } from '../model/quantity.ts';
import { changeText, FINDING_WORD, metricName, ratioText, stateText, valueText } from './comparison-wording.ts';
import { formatCount, humanTime, routeLabel } from './format.ts';
import { historySentences } from './run-history.ts';
import { THRESHOLD_LABEL } from './wording.ts';

export type ComparisonSection = {
  readonly id: string;
  readonly title: string;
  readonly columns: readonly { readonly title: string; readonly numeric: boolean }[];
  readonly rows: readonly (readonly string[])[];
};

/** Medians of phases closer than a millisecond explain nothing that is judged. */
const PHASE_STEP_US = 1_000;
/** Outcomes whose share changed by chance this often are not shown. */
const OUTCOME_LEVEL = 0.05;

/** Those that have rows. */
export function comparisonSections(comparison: Comparison): readonly ComparisonSection[] {
  const sections = [
    thresholdSection(comparison),
    differenceSection(comparison),
    metricSection(comparison),
    historySection(comparison),
    missingSection(comparison),
    findingSection(comparison),
    outcomeSection(comparison),
    phaseSection(comparison),
  ];
  return sections.filter(({ rows }) => rows.length > 0);
}

/** `shop, 4 March 2026, 05:06:07 UTC, 1,800 requests`. */
export function runLine({ profile, startedAt, requests }: Comparison['base']): string {
  return `${profile}, ${humanTime(startedAt)}, ${formatCount(requests)} requests`;
}

function columns(words: readonly string[], numbers: readonly string[] = []): ComparisonSection['columns'] {
  return [...words.map((title) => ({ title, numeric: false })), ...numbers.map((title) => ({ title, numeric: true }))];
}

function differenceSection({ differences }: Comparison): ComparisonSection {
  return {
    id: 'differences',
    title: 'Not like for like: a change may come from this',
    columns: columns(['What', 'Base', 'Head']),
    rows: differences.map(({ what, base, head }) => [what, base, head]),
  };
}

function thresholdSection({ thresholds = [] }: Comparison): ComparisonSection {
  return {
    id: 'thresholds',
    title: 'Thresholds on change',
    columns: columns(['Result', 'Threshold', 'Why']),
    rows: thresholds.map(({ text, verdict, because }) => [THRESHOLD_LABEL[verdict], text, because]),
  };
}

function metricSection({ metrics }: Comparison): ComparisonSection {
  return {
    id: 'metrics',
    title: 'Times and failures',
    columns: columns(['What'], ['Base', 'Head', 'Change (95 %)', 'Share', 'Answer']),
    rows: metrics
      .filter(({ state }) => state !== 'insufficient')
      .map((metric) => [
        metricName(metric),
        valueText(metric, metric.base),
        valueText(metric, metric.head),
        changeText(metric),
        ratioText(metric),
        stateText(metric),
      ]),
  };
}

function historySection({ history }: Comparison): ComparisonSection {
  return {
    id: 'history',
    title: 'Over the runs',
    columns: columns(['Profile', 'Course']),
    rows: history === undefined ? [] : historySentences(history).map((sentence) => [history.profile, sentence]),
  };
}

/** One line for all: what a run is too short for is no news. */
function missingSection({ metrics }: Comparison): ComparisonSection {
  const few = metrics.filter(({ state }) => state === 'insufficient');
  return {
    id: 'missing',
    title: 'Not compared',
    columns: columns(['Why', 'What']),
    rows: few.length === 0 ? [] : [['too few requests in a run', few.map(metricName).join('; ')]],
  };
}

function findingSection({ findings }: Comparison): ComparisonSection {
  const said = ({ state, title, titleBefore }: FindingChange): string =>
    state === 'changed' && titleBefore !== undefined ? `${title} Before: ${titleBefore}` : title;
  return {
    id: 'findings',
    title: 'Findings',
    columns: columns(['Finding', 'What it says']),
    rows: findings.map((finding) => [FINDING_WORD[finding.state], said(finding)]),
  };
}

function outcomeSection({ outcomes }: Comparison): ComparisonSection {
  const moved = outcomes.filter(({ adjustedP }) => adjustedP <= OUTCOME_LEVEL);
  return {
    id: 'outcomes',
    title: 'Outcomes whose share changed',
    columns: columns(['Outcome'], ['Base', 'Head']),
    rows: moved.map(({ route, outcome, base, head, baseOf, headOf }) => [
      `${routeLabel(route)} ${outcome}`,
      `${formatCount(base)} of ${formatCount(baseOf)}`,
      `${formatCount(head)} of ${formatCount(headOf)}`,
    ]),
  };
}

function phaseSection({ phases }: Comparison): ComparisonSection {
  const moved = phases.filter(({ baseUs, headUs }) => Math.abs(headUs - baseUs) >= PHASE_STEP_US);
  return {
    id: 'phases',
    title: 'Phases whose median moved (explains, is not judged)',
    columns: columns(['Phase'], ['Base', 'Head']),
    rows: moved.map(({ route, requestName, phase, baseUs, headUs }) => [
      `${routeLabel(route)} ${requestName} ${phase}`,
      formatDuration(baseUs),
      formatDuration(headUs),
    ]),
  };
}
