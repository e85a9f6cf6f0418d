/** What decoding gives, and how parts of it are joined. */
import type { CodeMeaning } from './code.ts';

/** One meaning of a code, and what in the input says that it is this one. */
export type Reading = CodeMeaning & { readonly because: string };

/** What became of one part of an input. */
export type Part = {
  /** Several when the code is ambiguous: most likely first. */
  readonly readings: readonly Reading[];
  /** Parts of the input that are no known code, verbatim. */
  readonly unknown: readonly string[];
  /** Known codes that look like the unknown parts; never meant as their meaning. */
  readonly near: readonly CodeMeaning[];
  /** Other ways in which the input could have been read, and why they were not taken. */
  readonly notes: readonly string[];
};

export const NOTHING: Part = { readings: [], unknown: [], near: [], notes: [] };

export function because(meaning: CodeMeaning, reason: string): Reading {
  return { ...meaning, because: reason };
}

/** Whether every part of the input is a known code. */
export function isKnown({ readings, unknown }: Part): boolean {
  return readings.length > 0 && unknown.length === 0;
}

function isSame(a: CodeMeaning, b: CodeMeaning): boolean {
  // The same number may have several meanings in one table (502.2): they differ in what they say.
  return a.vocabulary === b.vocabulary && a.code === b.code && a.meaning === b.meaning;
}

/** Parts joined, each reading once; the first reason stays. */
export function joined(parts: readonly Part[]): Part {
  const readings = parts.flatMap((part) => part.readings);
  const near = parts.flatMap((part) => part.near);
  return {
    readings: readings.filter((reading, i) => readings.findIndex((other) => isSame(other, reading)) === i),
    unknown: [...new Set(parts.flatMap(({ unknown }) => unknown))],
    near: near.filter((meaning, i) => near.indexOf(meaning) === i),
    notes: [...new Set(parts.flatMap(({ notes }) => notes))],
  };
}
