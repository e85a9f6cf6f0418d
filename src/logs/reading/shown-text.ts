/** Text out of logs, made fit to be shown: secrets hidden, nothing that a terminal obeys, and an end. */
import { visibleText } from '../../model/visible-text.ts';

export const MAX_RAW_LENGTH = 2_000;

export type Mask = (text: string) => string;

/** Masked before it is cut, so that no half of a secret is left at the end. */
export function shownText(text: string, mask: Mask, maxLength: number = MAX_RAW_LENGTH): string {
  const visible = visibleText(mask(text));
  if (visible.length <= maxLength) return visible;
  // Not between the halves of a character.
  return visible.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '');
}
