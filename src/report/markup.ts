/**
 * HTML that escapes by default: whatever is put into an `html` template is text unless it is Markup itself.
 */
import { visibleText } from '../model/visible-text.ts';

/** HTML that is safe to write as it stands. Only this file makes it. */
export type Markup = { readonly markup: string };
export type MarkupPart = Markup | string | number | undefined | false | readonly MarkupPart[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Safe in element content and in quoted attributes; invisible controls are made visible. Also right for XML. */
export function escapeHtml(text: string): string {
  return visibleText(text).replaceAll(/[&<>"']/g, (c) => ENTITIES[c] ?? c);
}

/** Template tag. Arrays are joined without a separator; undefined and false leave nothing. */
export function html(strings: TemplateStringsArray, ...parts: readonly MarkupPart[]): Markup {
  let markup = strings[0] ?? '';
  for (const [index, part] of parts.entries()) markup += renderPart(part) + (strings[index + 1] ?? '');
  return { markup };
}

/** Markup made elsewhere under the same promise: our own style sheet, our own charts. Never foreign text. */
export function trustedMarkup(markup: string): Markup {
  return { markup };
}

function renderPart(part: MarkupPart): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  if ('markup' in part) return part.markup;
  return part.map(renderPart).join('');
}
