/** A comparison for a terminal: the answer first, then what it rests on. */
import type { Comparison } from '../model/comparison.ts';
import { visibleText } from '../model/visible-text.ts';
import { comparisonAnswer } from './comparison-gate.ts';
import { type ComparisonSection, comparisonSections, runLine } from './comparison-sections.ts';
import { HOW_TO_READ } from './comparison-wording.ts';
import { alignColumns, wrapText } from './text-layout.ts';

const WIDTH = 100;
/** Six columns with an interval do not fit into less; a narrower terminal wraps. */
const TABLE_WIDTH = 120;

export function comparisonText(comparison: Comparison): string {
  const { base, head } = comparison;
  const { first, more } = comparisonAnswer(comparison);
  const blocks = [
    wrapped(first),
    ...more.map(wrapped),
    [`base  ${runLine(base)}`, `head  ${runLine(head)}`],
    ...comparisonSections(comparison).map(sectionLines),
    wrapped(HOW_TO_READ),
  ];
  return visibleText(`${blocks.map((block) => block.join('\n')).join('\n\n')}\n`);
}

/** Numbers in columns; words, which may be long, one row after the other. */
function sectionLines({ title, columns, rows }: ComparisonSection): readonly string[] {
  if (columns.some(({ numeric }) => numeric)) {
    const heads = columns.map(({ title: head }, at) => (at === 0 ? title : head.toLowerCase()));
    return alignColumns([heads, ...rows.map(([first = '', ...rest]) => [`  ${first}`, ...rest])], TABLE_WIDTH);
  }
  const lines = rows.flatMap(([first = '', ...rest]) =>
    wrapText(`${first}: ${rest.join(' → ')}`, { width: WIDTH, first: '  ', rest: '    ' }),
  );
  return [`${title}:`, ...lines];
}

function wrapped(text: string): readonly string[] {
  return wrapText(text, { width: WIDTH, first: '', rest: '' });
}
