/** Which silence to try next: a ladder that doubles until a first request is cold, one step between, then the proof. */
import { formatDuration } from '../../model/quantity.ts';
import { US_PER_SEC } from '../../model/time.ts';
import type { Symptoms } from './symptoms.ts';

const FIRST_GAP_US = US_PER_SEC;
const FACTOR = 2;
/** Four cold ones above fifty warm ones are no chance (1 in 300,000); of the fourth one is there already. */
const PROOF_REPEATS = 3;
const COLD_WANTED = PROOF_REPEATS + 1;

export type Gaps = {
  readonly spec: { readonly gapsUs: readonly number[]; readonly repeats: number };
  /** Left out for the first one, which a symptom asks for. */
  readonly why?: string;
};

/** Undefined when the ladder is climbed: the threshold was tried as often as the proof needs. */
export function nextGaps(pauses: Symptoms['pauses']): Gaps | undefined {
  if (pauses.length === 0) return { spec: { gapsUs: [FIRST_GAP_US], repeats: 1 } };
  const cold = pauses.filter(({ isCold }) => isCold).map(({ gapUs }) => gapUs);
  const coldFromUs = Math.min(...cold);
  const warmUpToUs = Math.max(0, ...pauses.filter(({ isCold }) => !isCold).map(({ gapUs }) => gapUs));
  if (cold.length === 0) {
    return {
      spec: { gapsUs: [FACTOR * warmUpToUs], repeats: 1 },
      why: `After ${formatDuration(warmUpToUs)} of silence nothing was cold.`,
    };
  }
  const between = Math.round(Math.sqrt(warmUpToUs * coldFromUs) / 1_000) * 1_000;
  // Half of the doubling is near enough for a remedy; each step costs its whole silence.
  if (cold.length === 1 && coldFromUs >= 1.9 * warmUpToUs && warmUpToUs > 0) {
    return {
      spec: { gapsUs: [between], repeats: 1 },
      why: `Cold after ${formatDuration(coldFromUs)} of silence, warm after ${formatDuration(warmUpToUs)}: the threshold lies between.`,
    };
  }
  // Also where the proof did not come out as the ladder did.
  if (pauses.filter(({ gapUs }) => gapUs === coldFromUs).length >= COLD_WANTED) return undefined;
  // Short pauses among them keep as many warm requests on record as the cold ones are told from.
  return {
    spec: { gapsUs: [FIRST_GAP_US / 2, coldFromUs], repeats: PROOF_REPEATS },
    why: `Cold after ${formatDuration(coldFromUs)} of silence: repeated, so that it is no chance.`,
  };
}
