/** A comparison for a pull request or a ticket. */
import type { Comparison } from '../model/comparison.ts';
import { comparisonAnswer } from './comparison-gate.ts';
import { type ComparisonSection, comparisonSections, runLine } from './comparison-sections.ts';
import { HOW_TO_READ } from './comparison-wording.ts';
import { plain, tableText } from './markdown.ts';

export function comparisonMarkdown(comparison: Comparison): string {
  const { base, head } = comparison;
  const { first, more } = comparisonAnswer(comparison);
  const parts = [
    `**${plain(first)}**`,
    ...more.map(plain),
    `Base: ${plain(runLine(base))}<br>\nHead: ${plain(runLine(head))}`,
    ...comparisonSections(comparison).flatMap(({ title, columns, rows }) => [
      `### ${plain(title)}`,
      tableText(
        columns.map((column) => column.title),
        wordColumns(columns),
        rows.map((row) => row.map(plain)),
      ),
    ]),
    plain(HOW_TO_READ),
  ];
  return `${parts.join('\n\n')}\n`;
}

function wordColumns(columns: ComparisonSection['columns']): number {
  return columns.filter(({ numeric }) => !numeric).length;
}
