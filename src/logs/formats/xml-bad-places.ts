/** Places in a document that could not be read: the first few, and how many there were. */

type Place = { readonly offset: number; readonly reason: string };

/** Enough to find what is wrong; the rest is only counted. */
const KEPT = 20;

export function createBadPlaces() {
  const kept: Place[] = [];
  let count = 0;
  return {
    add: (offset: number, reason: string): void => {
      count++;
      if (kept.length < KEPT) kept.push({ offset, reason });
    },
    places: (): readonly Place[] => kept,
    count: (): number => count,
  };
}
