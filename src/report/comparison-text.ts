/** A comparison for a terminal: the answer first, then what it rests on. */
import type { Comparison, MetricChange } from '../model/comparison.ts';
import { formatDuration } from '../model/quantity.ts';
import {
  answerOf,
  changeText,
  FINDING_WORD,
  HOW_TO_READ,
  metricName,
  ratioText,
  stateText,
  valueText,
} from './comparison-wording.ts';
import { formatCount, humanTime, routeLabel } from './format.ts';
import { alignColumns, wrapText } from './text-layout.ts';

const WIDTH = 100;
/** Medians of phases closer than a millisecond explain nothing that is judged. */
const PHASE_STEP_US = 1_000;
/** Outcomes whose share changed by chance this often are not shown. */
const OUTCOME_LEVEL = 0.05;

export function comparisonText(comparison: Comparison): string {
  const { base, head } = comparison;
  const runs = [
    `base  ${base.profile}, ${humanTime(base.startedAt)}, ${formatCount(base.requests)} requests`,
    `head  ${head.profile}, ${humanTime(head.startedAt)}, ${formatCount(head.requests)} requests`,
  ];
  const blocks = [
    wrapText(answerOf(comparison), { width: WIDTH, first: '', rest: '' }),
    runs,
    differenceLines(comparison),
    metricLines(comparison.metrics),
    findingLines(comparison),
    outcomeLines(comparison),
    phaseLines(comparison),
    wrapText(HOW_TO_READ, { width: WIDTH, first: '', rest: '' }),
  ];
  const filled = blocks.filter((block) => block.length > 0);
  return `${filled.map((block) => block.join('\n')).join('\n\n')}\n`;
}

function differenceLines({ differences }: Comparison): string[] {
  if (differences.length === 0) return [];
  const lines = differences.flatMap(({ what, base, head }) =>
    wrapText(`${what}: ${base} → ${head}`, { width: WIDTH, first: '  ', rest: '    ' }),
  );
  return ['Not like for like: a change may come from this.', ...lines];
}

function metricLines(metrics: readonly MetricChange[]): string[] {
  if (metrics.length === 0) return [];
  const rows = metrics.map((metric) => [
    metricName(metric),
    valueText(metric, metric.base),
    valueText(metric, metric.head),
    changeText(metric),
    ratioText(metric),
    stateText(metric),
  ]);
  return alignColumns([['', 'base', 'head', 'change (95 %)', '', ''], ...rows], WIDTH + 20);
}

function findingLines({ findings }: Comparison): string[] {
  if (findings.length === 0) return [];
  const lines = findings.flatMap(({ state, title, titleBefore }) => [
    ...wrapText(`${FINDING_WORD[state]}: ${title}`, { width: WIDTH, first: '  ', rest: '    ' }),
    ...(state === 'changed' && titleBefore !== undefined
      ? wrapText(`before: ${titleBefore}`, { width: WIDTH, first: '    ', rest: '    ' })
      : []),
  ]);
  return ['Findings', ...lines];
}

function outcomeLines({ outcomes }: Comparison): string[] {
  const moved = outcomes.filter(({ adjustedP }) => adjustedP <= OUTCOME_LEVEL);
  if (moved.length === 0) return [];
  const rows = moved.map(({ route, outcome, base, head, baseOf, headOf }) => [
    `  ${routeLabel(route)} ${outcome}`,
    `${formatCount(base)} of ${formatCount(baseOf)}`,
    '→',
    `${formatCount(head)} of ${formatCount(headOf)}`,
  ]);
  return ['Outcomes whose share changed', ...alignColumns(rows, WIDTH)];
}

function phaseLines({ phases }: Comparison): string[] {
  const moved = phases.filter(({ baseUs, headUs }) => Math.abs(headUs - baseUs) >= PHASE_STEP_US);
  if (moved.length === 0) return [];
  const rows = moved.map(({ route, requestName, phase, baseUs, headUs }) => [
    `  ${routeLabel(route)} ${requestName} ${phase}`,
    formatDuration(baseUs),
    '→',
    formatDuration(headUs),
  ]);
  return ['Phases whose median moved (explains, is not judged)', ...alignColumns(rows, WIDTH)];
}
