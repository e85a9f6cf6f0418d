/** Self-checks of the machine under the probe: processor time, its network, its clock, its ports. */
import type { InstrumentFacts, MachineFacts } from '../model/instrument.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import type { ProbeCheck } from '../model/report.ts';

/** A tenth of its working time taken away, and as long as answers may lie unread (methods A.5, check 8). */
const STARVED_RATIO = 0.1;
const STARVED_FLOOR_US = 20_000;
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

export function machineChecks(facts: InstrumentFacts): ProbeCheck[] {
  const { machine } = facts;
  if (machine === undefined) return [starvationCheck(facts)];
  return [
    starvationCheck(facts),
    quotaCheck(machine),
    stealCheck(machine),
    networkCheck(machine),
    ...listenCheck(machine),
    portCheck(facts, machine),
    clockCheck(machine),
  ];
}

function starvationCheck({ starvation, machine }: InstrumentFacts): ProbeCheck {
  const about = { id: 'processor', title: 'time in which other programs had the processor of the sending thread' };
  if (starvation === undefined || starvation.activeUs === 0)
    return { ...about, state: 'unknown', text: 'no open loop ran' };
  const { activeUs, starvedUs, worstSecondUs } = starvation;
  const text = `${formatRatio(starvedUs / activeUs)} of its working time, at worst ${formatDuration(worstSecondUs)} within a second`;
  if (starvedUs <= STARVED_RATIO * activeUs || worstSecondUs <= STARVED_FLOOR_US)
    return { ...about, state: 'good', text };
  const others =
    machine?.busyRatio === undefined || machine.ownRatio === undefined
      ? ''
      : ` Other programs used ${formatRatio(Math.max(0, machine.busyRatio - machine.ownRatio))} of this machine.`;
  return {
    ...about,
    state: 'caution',
    text: `Single times may be up to ${formatDuration(worstSecondUs)} too long, because other programs had the processor while the sending thread had work (${text}).${others}`,
  };
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
