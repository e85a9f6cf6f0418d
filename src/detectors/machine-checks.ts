/** Self-checks of the machine under the probe: processor time, its network, its clock, its ports. */
import type { InstrumentFacts, MachineFacts } from '../model/instrument.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import type { ProbeQuality } from '../model/recording.ts';
import type { ProbeCheck } from '../model/report.ts';

/** Less of its working time taken away is what any machine with other programs does. */
const STARVED_RATIO = 0.1;
/** What late reading may add: a loop that comes back within 2 ms is good (methods A.5, check 8), as are 2 % of what is reported (check 2). */
const READ_LATE_US = 2_000;
const READ_LATE_RATIO = 0.02;
/** A finite interval of a p99 needs so many answers (methods A.7). */
const SUPPORTS_P99 = 368;
/** A host that takes more has other guests at work (methods A.5, check 10: none). */
const STEAL_RATIO = 0.01;
/** Held back for more than the share of requests that p99 leaves out, p99 is the quota's; a tenth of that reaches p99.9. */
const THROTTLED_RATIO = 0.01;
const THROTTLED_SOME_RATIO = 0.001;
/** A way that loses more is broken (methods A.5, check 12); fewer segments than this are one bad moment. */
const RETRANSMITTED_RATIO = 0.01;
const LEAST_RETRANSMITTED = 10;
/** Half of the ports for one target: the rest may be in use, or wait out their minute (methods A.5, check 11). */
const PORTS_RATIO = 0.5;
/** Lines of logs are joined by time within 250 ms; a fifth of that is worth a word. */
const DRIFT_US = 50_000;

export function machineChecks(facts: InstrumentFacts, quality: Pick<ProbeQuality, 'loopDelayP99Us'>): ProbeCheck[] {
  const { machine } = facts;
  if (machine === undefined) return [starvationCheck(facts, quality)];
  return [
    starvationCheck(facts, quality),
    quotaCheck(machine),
    stealCheck(machine),
    networkCheck(machine),
    ...listenCheck(machine),
    portCheck(facts, machine),
    clockCheck(machine),
  ];
}

/**
 * Time taken from the sending thread matters where answers lay unread meanwhile: as long as its loop came back late, against the
 * quantile of the answers that so many are late for. What it did to sending is told by lateness and by the check of its bias.
 */
function starvationCheck(facts: InstrumentFacts, quality: Pick<ProbeQuality, 'loopDelayP99Us'>): ProbeCheck {
  const { starvation, machine } = facts;
  const about = { id: 'processor', title: 'time in which other programs had the processor of the sending thread' };
  if (starvation === undefined || starvation.activeUs === 0)
    return { ...about, state: 'unknown', text: 'no open loop ran' };
  const { activeUs, starvedUs, worstSecondUs } = starvation;
  const text = `${formatRatio(starvedUs / activeUs)} of its working time, at worst ${formatDuration(worstSecondUs)} within a second`;
  const effect = starvedUs <= STARVED_RATIO * activeUs ? undefined : readLate(facts, quality);
  if (effect === undefined) return { ...about, state: 'good', text };
  const others =
    machine?.busyRatio === undefined || machine.ownRatio === undefined
      ? ''
      : ` Other programs used ${formatRatio(Math.max(0, machine.busyRatio - machine.ownRatio))} of this machine.`;
  return {
    ...about,
    state: 'caution',
    text: `${effect}, because answers lay unread while other programs had the processor of the sending thread (${text}).${others}`,
  };
}

/** What late reading may have added to the answer, the median first; undefined where it is too little to change it. */
function readLate(
  { bias = [], starvation }: InstrumentFacts,
  { loopDelayP99Us }: Pick<ProbeQuality, 'loopDelayP99Us'>,
): string | undefined {
  const median = bias.find(({ p }) => p === 0.5);
  const tail = bias.find(({ p, count }) => p === 0.99 && count >= SUPPORTS_P99);
  const isMuch = (addedUs: number, serviceUs: number): boolean =>
    addedUs > Math.max(READ_LATE_US, READ_LATE_RATIO * serviceUs);
  // What was not taken from it did not make it late.
  const mostUs = starvation?.worstSecondUs ?? 0;
  const halfUs = Math.min(starvation?.delayP50Us ?? 0, mostUs);
  const lateUs = Math.min(loopDelayP99Us, mostUs);
  if (median !== undefined && isMuch(halfUs, median.serviceUs))
    return `Half of all times may be ${formatDuration(halfUs)} and more too long, with a median of ${formatDuration(median.serviceUs)}`;
  if (tail !== undefined && isMuch(lateUs, tail.serviceUs))
    return `p99 (${formatDuration(tail.serviceUs)}) may be up to ${formatDuration(lateUs)} too long`;
  return undefined;
}

function quotaCheck({ throttledUs, throttledPeriods, durationUs }: MachineFacts): ProbeCheck {
  const about = { id: 'quota', title: 'held back by the quota of the container' };
  if (throttledUs === undefined || throttledPeriods === undefined)
    return { ...about, state: 'unknown', text: 'this platform does not tell' };
  if (throttledUs <= THROTTLED_SOME_RATIO * durationUs)
    return { ...about, state: 'good', text: throttledUs <= 0 ? 'never' : `for ${formatDuration(throttledUs)}` };
  const meanUs = throttledUs / Math.max(1, throttledPeriods);
  const share = formatRatio(Math.min(1, throttledUs / durationUs));
  return {
    ...about,
    state: throttledUs > THROTTLED_RATIO * durationUs ? 'invalid' : 'caution',
    text: `About ${share} of times may be ${formatDuration(meanUs)} and more too long, because the processor quota of this container held its programs back ${formatNumber(throttledPeriods)} times, for ${formatDuration(throttledUs)} in all. Give it more processor time, or lower the rate.`,
  };
}

function stealCheck({ stealRatio }: MachineFacts): ProbeCheck {
  const about = { id: 'steal', title: 'processor time that the host gave to other machines' };
  if (stealRatio === undefined) return { ...about, state: 'unknown', text: 'this platform does not tell' };
  if (stealRatio <= STEAL_RATIO) return { ...about, state: 'good', text: formatRatio(stealRatio) };
  return {
    ...about,
    state: 'caution',
    text: `Up to ${formatRatio(stealRatio)} of times may be too long by some ms, because the host of this virtual machine gave ${formatRatio(stealRatio)} of its processor time to others: such a pause looks like the target's.`,
  };
}

function networkCheck({ tcp }: MachineFacts): ProbeCheck {
  const about = { id: 'network', title: 'TCP segments that this machine sent again' };
  if (tcp === undefined) return { ...about, state: 'unknown', text: 'this platform does not tell' };
  const share = tcp.segments <= 0 ? 0 : tcp.retransmitted / tcp.segments;
  const text = `${formatNumber(tcp.retransmitted)} of ${formatNumber(tcp.segments)}`;
  if (share <= RETRANSMITTED_RATIO || tcp.retransmitted < LEAST_RETRANSMITTED) return { ...about, state: 'good', text };
  return {
    ...about,
    state: 'caution',
    text: `About ${formatRatio(share)} of times may be 200 ms and more too long, because this machine had to send ${text} TCP segments again, all its programs together: packets are lost on the way from it, which is no fault of gateway or members.`,
  };
}

function listenCheck({ tcp }: MachineFacts): ProbeCheck[] {
  if (tcp === undefined || tcp.listenDrops <= 0) return [];
  return [
    {
      id: 'accept-queue',
      title: 'connections that a server on this machine dropped',
      state: 'caution',
      text: `Connections to a server on this machine may take 1 s and more too long, because its accept queue was full and the system dropped ${formatNumber(tcp.listenDrops)} attempts. Where gateway or members run here, that is theirs.`,
    },
  ];
}

function portCheck({ newConnectionsPerMinute = 0 }: InstrumentFacts, { localPorts }: MachineFacts): ProbeCheck {
  const about = { id: 'ports', title: 'connections opened to one target within a minute' };
  if (localPorts === undefined) return { ...about, state: 'unknown', text: 'this platform does not tell its ports' };
  const text = `${formatNumber(newConnectionsPerMinute)}; this machine has ${formatNumber(localPorts)} ports for them`;
  if (newConnectionsPerMinute <= PORTS_RATIO * localPorts) return { ...about, state: 'good', text };
  return {
    ...about,
    state: 'caution',
    text: `Connections may fail here and not at the target, because a port can be taken again only about a minute after its connection was closed: the probe opened ${formatNumber(newConnectionsPerMinute)} connections to one target within a minute, and this machine has ${formatNumber(localPorts)} ports for them.`,
  };
}

function clockCheck({ wall: { steps, largestStepUs, driftUs } }: MachineFacts): ProbeCheck {
  const about = { id: 'clock', title: 'the wall clock of this machine' };
  const way = (us: number): string => `${formatDuration(Math.abs(us))} ${us < 0 ? 'back' : 'forward'}`;
  if (steps === 0 && Math.abs(driftUs) <= DRIFT_US)
    return { ...about, state: 'good', text: `was not set, and drifted by ${formatDuration(Math.abs(driftUs))}` };
  const what =
    steps === 0
      ? `drifted by ${way(driftUs)}`
      : `was set ${steps === 1 ? 'once' : `${formatNumber(steps)} times`}, by up to ${way(largestStepUs)}`;
  return {
    ...about,
    state: 'caution',
    text: `Times of day in this report, and lines of logs that were joined by time, may be off by as much as the wall clock moved: it ${what} while the run went on. Latencies do not hang on it.`,
  };
}
