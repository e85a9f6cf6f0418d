/** A probe and a machine with nothing wrong. */
import type { InstrumentFacts, MachineFacts } from '../../src/model/instrument.ts';

export const GOOD_MACHINE: MachineFacts = {
  durationUs: 60_000_000,
  processors: 4,
  busyRatio: 0.2,
  ownRatio: 0.05,
  stealRatio: 0,
  throttledUs: 0,
  throttledPeriods: 0,
  tcp: { segments: 100_000, retransmitted: 3, listenDrops: 0 },
  localPorts: 28_232,
  wall: { steps: 0, largestStepUs: 0, driftUs: 400 },
};

export const GOOD_INSTRUMENT: InstrumentFacts = {
  bias: [
    { p: 0.5, responseUs: 10_020, serviceUs: 10_000, count: 5_000 },
    { p: 0.99, responseUs: 40_090, serviceUs: 40_000, count: 5_000 },
  ],
  arrivals: {
    pairs: 4_900,
    together: 3,
    law: { gaps: 2_000, planned: 0.7, sent: 0.8 },
    drift: { due: 5_000, sent: 5_000, atUs: 21_000_000, lengthUs: 60_000_000, dueBefore: 1_750, sentBefore: 1_748 },
  },
  starvation: { activeUs: 6_000_000, starvedUs: 60_000, worstSecondUs: 4_000 },
  collector: { requests: 5_000, touched: 10, p99Us: 40_000, untouchedP99Us: 39_900 },
  books: { launched: 5_000, recorded: 5_000 },
  newConnectionsPerMinute: 300,
  blankUs: 120,
  blankAfterUs: 130,
  reuse: [{ route: 'gateway', asked: 5_000, replacedAfterAnswer: 2, replacedIdle: 1 }],
  machine: GOOD_MACHINE,
};
