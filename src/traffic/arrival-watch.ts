/**
 * Watches when requests leave against when they were due, in the order in which they are due. A plan is kept by its due times;
 * whether what left still has its shape is another question: a coarse pacer, or a loop that waits for answers, changes it.
 */
import { type ArrivalFacts, driftStatistic } from '../model/instrument.ts';
import { createDriftWatch } from './arrival-drift.ts';
import { exponentialStatistic, LEAST_GAPS, MOST_GAPS } from './arrival-law.ts';

export type ArrivalWatch = {
  begin(): void;
  /** One due request; `sentUs` is undefined where it was not sent. */
  launched(dueUs: number, sentUs: number | undefined): void;
  /** The firing is over: its gaps are judged. */
  end(): void;
  /** Undefined where nothing was watched. */
  facts(): ArrivalFacts | undefined;
};

/** Requests due closer than this share a wake-up of the pacing thread, or may by its jitter alone. */
const APART_US = 250;
/** Apart when planned, together when sent: a tenth of the gap is left. */
const TOGETHER_RATIO = 0.1;
/** A plan that exponential gaps exceed once in a hundred times is taken for no Poisson plan: the law of what left is not asked. */
const POISSON_STATISTIC = 1.957;

export function createArrivalWatch(): ArrivalWatch {
  let pairs = 0;
  let together = 0;
  let law: ArrivalFacts['law'];
  let drift: ArrivalFacts['drift'];
  const spread = createDriftWatch();
  let lastDueUs: number | undefined;
  let lastSent: { readonly dueUs: number; readonly sentUs: number } | undefined;
  let plannedGaps: number[] = [];
  let sentGaps: number[] = [];
  function begin(): void {
    lastDueUs = undefined;
    lastSent = undefined;
    plannedGaps = [];
    sentGaps = [];
  }
  return {
    begin,
    launched(dueUs, sentUs) {
      spread.launched(dueUs, sentUs);
      if (lastDueUs !== undefined && plannedGaps.length < MOST_GAPS) plannedGaps.push(dueUs - lastDueUs);
      lastDueUs = dueUs;
      if (sentUs === undefined) return;
      if (lastSent !== undefined) {
        const plannedUs = dueUs - lastSent.dueUs;
        const gapUs = sentUs - lastSent.sentUs;
        if (sentGaps.length < MOST_GAPS) sentGaps.push(gapUs);
        if (plannedUs >= APART_US) {
          pairs++;
          if (gapUs < TOGETHER_RATIO * plannedUs) together++;
        }
      }
      lastSent = { dueUs, sentUs };
    },
    end() {
      const found = lawOf(plannedGaps, sentGaps);
      if (found !== undefined && (law === undefined || found.sent - found.planned > law.sent - law.planned))
        law = found;
      const strayed = spread.end();
      if (strayed !== undefined && (drift === undefined || driftStatistic(strayed) > driftStatistic(drift)))
        drift = strayed;
      begin();
    },
    facts: () =>
      pairs === 0
        ? undefined
        : { pairs, together, ...(law === undefined ? {} : { law }), ...(drift === undefined ? {} : { drift }) },
  };
}

function lawOf(planned: readonly number[], sent: readonly number[]): ArrivalFacts['law'] {
  if (sent.length < LEAST_GAPS) return undefined;
  const ofPlan = exponentialStatistic(planned);
  const ofSent = exponentialStatistic(sent);
  if (ofPlan === undefined || ofSent === undefined || ofPlan > POISSON_STATISTIC) return undefined;
  return { gaps: sent.length, planned: ofPlan, sent: ofSent };
}
