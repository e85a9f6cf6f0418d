/** The second look at a doubtful comparison: what is sent, so that drift cannot speak for either side. */
import type { CompareSpec } from '../model/profile.ts';
import { shuffled } from '../model/random.ts';
import { type Random, US_PER_SEC } from '../model/time.ts';

/** Some hundred slots each, and shorter than the drift of a machine that warms up or is shared. */
const BLOCK_US = 10 * US_PER_SEC;

/**
 * The compares of a repeat. Within each the arms take turns already: every slot asks the gateway and each member, in random order. Where a
 * profile has several compares, they are cut into blocks of about 10 s that take turns in random order, so that a machine that gets slower
 * meets all of them alike; each keeps its length. A compare that ends by itself is not cut.
 */
export function confirmingCompares(compares: readonly CompareSpec[], random: Random): readonly CompareSpec[] {
  if (compares.length < 2) return compares;
  const counts = compares.map(({ chosen, durationUs }) =>
    chosen === undefined ? Math.max(1, Math.round(durationUs / BLOCK_US)) : 1,
  );
  const turns = Math.max(...counts);
  const order: CompareSpec[] = [];
  for (let turn = 0; turn < turns; turn++) {
    // The blocks of a shorter compare are spread over all turns.
    const due = compares.flatMap((spec, at) => {
      const count = counts[at]!;
      const isDue = Math.floor(((turn + 1) * count) / turns) > Math.floor((turn * count) / turns);
      return isDue ? [{ ...spec, durationUs: Math.round(spec.durationUs / count) }] : [];
    });
    order.push(...shuffled(due, random));
  }
  return order;
}
