import type { RouteId } from './route.ts';

/**
 * What the probe and the machine under it may have added to a measurement (methods A.5), as it was counted; what it means is said by
 * `detectors/probe-checks.ts`. Left out is what this platform does not tell, or a recording is too old for.
 */
export type InstrumentFacts = {
  /** Quantiles of the same answers counted from when requests were due, and from when they were sent. */
  readonly bias?: readonly BiasFact[];
  readonly arrivals?: ArrivalFacts;
  readonly starvation?: StarvationFacts;
  readonly collector?: CollectorFacts;
  readonly books?: { readonly launched: number; readonly recorded: number };
  /** The most connections opened to one route within a minute. */
  readonly newConnectionsPerMinute?: number;
  /** The probe's code and this machine's loopback together: median time of an answer from a server in the sending thread. */
  readonly blankUs?: number;
  /** Only where several threads sent: each of them, in the order of their numbers. */
  readonly threads?: readonly ThreadFacts[];
  /** The same after the last request. */
  readonly blankAfterUs?: number;
  /** By route: whether connections were used again as planned. */
  readonly reuse?: readonly ReuseFacts[];
  readonly machine?: MachineFacts;
};

export type BiasFact = {
  readonly p: number;
  readonly responseUs: number;
  readonly serviceUs: number;
  readonly count: number;
};

/** Requests of one route that were to go over a connection at hand. */
export type ReuseFacts = {
  readonly route: RouteId;
  readonly asked: number;
  /** Those that had to open one in place of a connection that the other side had closed after an answer, or while it was idle. */
  readonly replacedAfterAnswer: number;
  readonly replacedIdle: number;
};

/** How what left compares to what was planned. */
export type ArrivalFacts = {
  /** Pairs of requests sent one after the other that were due apart, far enough for a pacer to tell them apart. */
  readonly pairs: number;
  /** Those of them that left together all the same. */
  readonly together: number;
  /**
   * Anderson-Darling statistics against exponential gaps, of the firing where what was sent is farthest from its plan. Only where
   * the plan itself passes for Poisson.
   */
  readonly law?: { readonly gaps: number; readonly planned: number; readonly sent: number };
  /** Only of firings whose plan is even: the one whose rate strayed most from it. */
  readonly drift?: DriftFacts;
};

/** Cumulative shares of what was due and of what left, at the moment at which they are farthest apart. */
export type DriftFacts = {
  readonly due: number;
  readonly sent: number;
  /** From the first due request. */
  readonly atUs: number;
  readonly lengthUs: number;
  readonly dueBefore: number;
  readonly sentBefore: number;
};

/** √n·D of what left against its plan: chance exceeds x with a probability of about 2·exp(−2x²) (Kolmogorov). */
export function driftStatistic({ due, sent, dueBefore, sentBefore }: DriftFacts): number {
  return Math.sqrt(sent) * Math.abs(dueBefore / due - sentBefore / sent);
}

/** Time in which the sending thread had work and another program had its processor. */
export type StarvationFacts = {
  readonly activeUs: number;
  readonly starvedUs: number;
  readonly worstSecondUs: number;
  /** How late the thread came back to its connections, half of the time; p99 stands in the quality. */
  readonly delayP50Us?: number;
};

/** One of several sending threads. */
export type ThreadFacts = {
  /** Due requests that it had. */
  readonly launched: number;
  /** Undefined where it ended before it could tell. */
  readonly busyRatio?: number;
  /** Why it ended early, and how many of its requests nobody knows the end of, or were never sent. */
  readonly ended?: { readonly because: string; readonly lost: number };
};

/** Requests under way during a pause of the garbage collector of 1 ms or more. */
export type CollectorFacts = {
  readonly requests: number;
  readonly touched: number;
  /** p99 of the service time of all these requests, and of those that no pause touched. */
  readonly p99Us: number;
  readonly untouchedP99Us: number;
};

/** The machine while traffic ran: all programs on it, not the probe alone. */
export type MachineFacts = {
  readonly durationUs: number;
  readonly processors: number;
  /** Share of all processor time that any program used. */
  readonly busyRatio?: number;
  /** Share of all processor time that the probe itself used. */
  readonly ownRatio?: number;
  /** Share of all processor time that the host of a virtual machine gave to others. */
  readonly stealRatio?: number;
  /** Time for which the quota of the container held its threads back. */
  readonly throttledUs?: number;
  readonly throttledPeriods?: number;
  readonly tcp?: TcpFacts;
  /** Ports that this machine has for connections to one target. */
  readonly localPorts?: number;
  readonly wall: WallClockFacts;
};

/** Counts of the whole machine; those of the probe's own connections are not told apart by any platform. */
export type TcpFacts = {
  readonly segments: number;
  /** Sent again, those that open a connection left out: a target that does not accept is no fault of the way. */
  readonly retransmitted: number;
  /** Connections that a server on this machine dropped because its accept queue was full. */
  readonly listenDrops: number;
};

/** The wall clock against the monotonic one: what it was moved by at once, and what it drifted by besides. */
export type WallClockFacts = { readonly steps: number; readonly largestStepUs: number; readonly driftUs: number };
