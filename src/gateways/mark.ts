import type { Recognition } from './gateway.ts';

/** The mark that says most; undefined when there is none. */
export function strongest(...marks: readonly (Recognition | undefined)[]): Recognition | undefined {
  let best: Recognition | undefined;
  for (const mark of marks) {
    if (mark !== undefined && (best === undefined || mark.certainty > best.certainty)) best = mark;
  }
  return best;
}
