/** Pieces that every section of the page uses. */
import type { Exhibit, Finding } from '../model/finding.ts';
import type { Report } from '../model/report.ts';
import type { Severity } from '../model/severity.ts';
import type { ChartFigure } from './chart-figure.ts';
import { plural } from './format.ts';
import { html, type Markup, type MarkupPart } from './markup.ts';
import { SEVERITY_LABEL } from './wording.ts';

/** What every part of the page may need. */
export type Page = {
  readonly report: Report;
  readonly charts: ReadonlyMap<Exhibit, ChartFigure>;
  readonly anchors: ReadonlyMap<Finding, string>;
};

/** More items than this are folded away: a reader sees that they are there without scrolling past them. */
const LONG_LIST = 8;

export function section(id: string, title: string, lead: MarkupPart, content: MarkupPart): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 class="section-title" id="${id}-title">${title}</h2>
${lead !== undefined && lead !== false && html`<p class="lead">${lead}</p>`}
${content}
</section>`;
}

export type Column = { readonly title: string; readonly numeric?: boolean };
export type Cell = MarkupPart;

/**
 * A table that scrolls inside its own box, also by keyboard; on a telephone one of words only is stacked instead.
 * The first cell of each row is its head. Cells have no end tag: HTML needs none, and a report has thousands of them.
 */
export function table(label: string, columns: readonly Column[], rows: readonly (readonly Cell[])[]): Markup {
  const isWords = columns.length <= 4 && columns.every(({ numeric }) => numeric !== true);
  // Said once for the table where it holds for all cells: most tables are a name and its numbers.
  const isAllNumbers = columns.length > 1 && columns.every(({ numeric }, index) => (numeric === true) === index > 0);
  const isNumber = (index: number): boolean => !isAllNumbers && columns[index]?.numeric === true;
  const heads = columns.map(({ title }, index) => html`<th scope="col"${numericClass(isNumber(index))}>${title}`);
  const body = rows.map((row) => html`<tr>${row.map((cell, index) => tableCell(cell, index, isNumber(index)))}</tr>\n`);
  const look = isWords ? html` class="stack"` : isAllNumbers && html` class="quantities"`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${label}"><table${look}><thead><tr>${heads}</tr></thead><tbody>
${body}</tbody></table></div>`;
}

function tableCell(cell: Cell, index: number, numeric: boolean): Markup {
  if (index === 0) return html`<th scope="row"${numericClass(numeric)}>${cell}`;
  return html`<td${numericClass(numeric)}>${cell}`;
}

function numericClass(numeric: boolean): Markup | false {
  return numeric && html` class="number"`;
}

/** The same, with all but the first rows folded away when there are many. */
export function longTable(
  label: string,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  noun: string,
): Markup {
  // A fold that hides one or two rows costs more than it saves.
  if (rows.length <= LONG_LIST + 2) return table(label, columns, rows);
  const rest = rows.slice(LONG_LIST);
  return html`${table(label, columns, rows.slice(0, LONG_LIST))}
${fold(`${plural(rest.length, noun)} more`, table(`${label}, continued`, columns, rest))}`;
}

export function longList(items: readonly Markup[], noun: string): Markup {
  if (items.length <= LONG_LIST + 2) return html`<ul class="plain">${items}</ul>`;
  const rest = items.slice(LONG_LIST);
  return html`<ul class="plain">${items.slice(0, LONG_LIST)}</ul>${fold(`${rest.length} more ${noun}`, html`<ul class="plain">${rest}</ul>`)}`;
}

export function fold(summary: MarkupPart, content: MarkupPart, isOpen = false): Markup {
  return html`<details${isOpen && html` open`}><summary>${summary}</summary>${content}</details>`;
}

export function severityTag(severity: Severity): Markup {
  return html`<span class="tag is-${severity}">${SEVERITY_LABEL[severity]}</span>`;
}

/** A value with what qualifies it in small type below. */
export function withNote(value: MarkupPart, note: MarkupPart): Markup {
  return html`${value}${note !== undefined && note !== false && html`<small>${note}</small>`}`;
}
