/**
 * The self-checks of methods A.5: what the probe and its machine added to the answer, in sentences that say how much. Not valid
 * is only what makes the answer worthless; a caution leaves it standing and says which part of it to mistrust.
 */
import type { InstrumentFacts } from '../model/instrument.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import type { ProbeQuality } from '../model/recording.ts';
import type { ProbeCheck } from '../model/report.ts';
import { machineChecks } from './machine-checks.ts';
import { driftChecks, reuseChecks } from './sending-checks.ts';

/** A finite interval of a p99 needs so many answers (methods A.7). */
const SUPPORTS_P99 = 368;
/** What the probe adds may be 2 % of what is reported (methods A.5, check 2); below 1 ms it is the scheduling of any machine. */
const BIAS_RATIO = 0.02;
const BIAS_FLOOR_US = 1_000;
/** A single request so late is a hole in the sending, not jitter. */
const SINGLE_LATE_US = 100_000;
/** More than one in a thousand left out moves p99.9 (methods A.5, check 4). */
const NOT_SENT_RATIO = 0.001;
/** Twice the value that exponential gaps exceed once in a hundred times, as Lancet has it (methods A.5, check 5). */
const LAW_STATISTIC = 3.914;
/** A pause of the machine of 20 ms in every second joins 2 % of requests (methods A.6); a pacer of 1 ms at 500/s a third. */
const TOGETHER_RATIO = 0.05;
const MOSTLY_TOGETHER_RATIO = 0.5;
const LEAST_PAIRS = 100;
/** From here on a difference between routes could be the probe's own (methods A.5, check 14). */
const BLANK_RATIO = 0.5;
/** What the probe adds may be a tenth of what is reported (methods A.5, check 14). */
const BLANK_RISE_RATIO = 0.1;

/** Every check that could be made, whatever came out; empty where nothing was sent. */
export function probeChecks(quality: ProbeQuality): readonly ProbeCheck[] {
  const { instrument, latenessCount } = quality;
  if (latenessCount === 0 && instrument === undefined) return [];
  return [
    ...(latenessCount === 0 ? [] : [singleLateness(quality)]),
    capCheck(quality),
    ...(instrument === undefined ? [] : recordedChecks(instrument, quality)),
  ];
}

function recordedChecks(facts: InstrumentFacts, quality: ProbeQuality): ProbeCheck[] {
  return [
    biasCheck(facts),
    ...pacingChecks(facts),
    ...driftChecks(facts),
    ...reuseChecks(facts),
    collectorCheck(facts, quality),
    booksCheck(facts),
    blankCheck(facts, quality),
    ...blankAfterCheck(facts, quality),
    ...threadsCheck(facts),
    ...machineChecks(facts, quality),
  ];
}

/** Checks that make a run worthless. */
export function invalidChecks(quality: ProbeQuality): readonly string[] {
  return probeChecks(quality).flatMap(({ state, text }) => (state === 'invalid' ? [text] : []));
}

function singleLateness({ latenessUs: { max }, medianServiceUs }: ProbeQuality): ProbeCheck {
  const about = { id: 'lateness', title: 'the latest request' };
  return max <= Math.max(SINGLE_LATE_US, medianServiceUs)
    ? { ...about, state: 'good', text: `left ${formatDuration(max)} after it was due` }
    : {
        ...about,
        state: 'caution',
        text: `One request left ${formatDuration(max)} after it was due: the slowest single times may be up to ${formatDuration(max)} too long, because the probe stood still.`,
      };
}

function capCheck({ notSentCap, latenessCount }: ProbeQuality): ProbeCheck {
  const about = { id: 'open-loop', title: 'requests that were due and had no room' };
  const due = latenessCount + notSentCap;
  if (notSentCap === 0)
    return { ...about, state: 'good', text: 'none: the target was asked whether or not it answered' };
  const share = notSentCap / due;
  const text = `${formatNumber(notSentCap)} of ${formatNumber(due)} requests were not sent, because as many as limits.maxInFlight were unanswered`;
  if (share <= NOT_SENT_RATIO) return { ...about, state: 'good', text };
  return {
    ...about,
    state: 'caution',
    text: `${text}: from then on the target was asked only as fast as it answered, as in a closed loop. Times above p${formatNumber(Math.floor((1 - share) * 1_000) / 10)} are at least what is said and may be much longer, because requests that were left out would have waited longest.`,
  };
}

function biasCheck({ bias }: InstrumentFacts): ProbeCheck {
  const about = { id: 'bias', title: 'what late sending added' };
  const known = (bias ?? []).filter(({ p, count }) => p <= 0.5 || count >= SUPPORTS_P99);
  if (known.length === 0) return { ...about, state: 'unknown', text: 'nothing was answered in an open loop' };
  const excess = known.filter(
    ({ responseUs, serviceUs }) => responseUs - serviceUs > Math.max(BIAS_FLOOR_US, BIAS_RATIO * responseUs),
  );
  const [first] = excess;
  if (first === undefined) {
    const texts = known.map(
      ({ p, responseUs, serviceUs }) =>
        `${formatDuration(Math.max(0, responseUs - serviceUs))} at p${formatNumber(p * 100)}`,
    );
    return { ...about, state: 'good', text: texts.join(', ') };
  }
  const addedUs = Math.max(...excess.map(({ responseUs, serviceUs }) => responseUs - serviceUs));
  return {
    ...about,
    state: 'caution',
    text: `Response times above ${formatDuration(first.responseUs)} may be up to ${formatDuration(addedUs)} too long, because the probe sent late (p${formatNumber(first.p * 100)} of the same answers from when they were sent: ${formatDuration(first.serviceUs)}).`,
  };
}

function pacingChecks({ arrivals }: InstrumentFacts): ProbeCheck[] {
  if (arrivals === undefined) return [];
  const { pairs, together, law } = arrivals;
  const pacer = { id: 'pacer', title: 'requests that left together though due apart' };
  const share = pairs === 0 ? 0 : together / pairs;
  const checks: ProbeCheck[] = [];
  if (pairs < LEAST_PAIRS)
    checks.push({ ...pacer, state: 'unknown', text: `too few to tell (${formatNumber(pairs)})` });
  else if (share <= TOGETHER_RATIO)
    checks.push({ ...pacer, state: 'good', text: `${formatNumber(together)} of ${formatNumber(pairs)}` });
  else
    checks.push({
      ...pacer,
      state: share > MOSTLY_TOGETHER_RATIO ? 'invalid' : 'caution',
      text: `${formatRatio(share)} of requests left together with the one before, although they were due apart: the target was hit in bursts that nobody planned, so waiting times in its queues are too long. This machine wakes the probe too coarsely; run it where there is free processor time.`,
    });
  if (law === undefined) return checks;
  const arrival = { id: 'arrival-law', title: 'gaps between requests, against those of independent users' };
  const measured = `Anderson-Darling ${formatNumber(Math.round(law.sent * 100) / 100)} over ${formatNumber(law.gaps)} gaps`;
  checks.push(
    law.sent <= LAW_STATISTIC
      ? { ...arrival, state: 'good', text: measured }
      : {
          ...arrival,
          state: 'caution',
          text: `The gaps between requests that left are not those of independent users, as planned (${measured}; chance exceeds 1.96 once in a hundred runs, the plan had ${formatNumber(Math.round(law.planned * 100) / 100)}): requests waited for answers or left together, so waiting times in the target's queues are those of other traffic than was asked for.`,
        },
  );
  return checks;
}

function collectorCheck({ collector }: InstrumentFacts, { gcPauseMaxUs }: ProbeQuality): ProbeCheck {
  const about = { id: 'collector', title: 'requests that memory collection touched' };
  if (collector === undefined) return { ...about, state: 'unknown', text: 'nothing was answered' };
  const { requests, touched, p99Us, untouchedP99Us } = collector;
  const text = `${formatNumber(touched)} of ${formatNumber(requests)}`;
  // Slow requests meet more pauses: what a pause can have added is at most its own length.
  const addedUs = Math.min(p99Us - untouchedP99Us, gcPauseMaxUs);
  if (requests < SUPPORTS_P99 || touched === 0 || addedUs <= Math.max(BIAS_FLOOR_US, BIAS_RATIO * p99Us))
    return { ...about, state: 'good', text };
  return {
    ...about,
    state: 'caution',
    text: `Service times above ${formatDuration(untouchedP99Us)} may be up to ${formatDuration(addedUs)} too long, because memory collection in the probe stopped ${text} requests under way.`,
  };
}

function booksCheck({ books }: InstrumentFacts): ProbeCheck {
  const about = { id: 'books', title: 'requests launched and recorded' };
  if (books === undefined) return { ...about, state: 'unknown', text: 'not counted' };
  const { launched, recorded } = books;
  if (launched === recorded) return { ...about, state: 'good', text: `${formatNumber(recorded)} of each` };
  const missing = Math.abs(launched - recorded);
  return {
    ...about,
    state: missing / Math.max(1, launched) > NOT_SENT_RATIO ? 'invalid' : 'caution',
    text: `The books do not balance: ${formatNumber(launched)} requests were launched and ${formatNumber(recorded)} recorded, so every count and share in this report is wrong by up to ${formatNumber(missing)} requests. This is a fault of the probe; please report it.`,
  };
}

/** Nothing where one thread sends: it is judged by all other checks. */
function threadsCheck({ threads }: InstrumentFacts): ProbeCheck[] {
  if (threads === undefined) return [];
  const about = { id: 'threads', title: 'the sending threads' };
  const ended = threads.flatMap((thread) => thread.ended ?? []);
  if (ended.length === 0) {
    const each = threads.map(
      ({ launched, busyRatio = 0 }) => `${formatNumber(launched)} requests (busy ${formatRatio(busyRatio)})`,
    );
    return [{ ...about, state: 'good', text: each.join(', ') }];
  }
  const lost = ended.reduce((sum, one) => sum + one.lost, 0);
  return [
    {
      ...about,
      state: 'invalid',
      text: `${formatNumber(ended.length)} of ${formatNumber(threads.length)} sending threads ended early (${ended.map(({ because }) => because).join('; ')}): ${formatNumber(lost)} of their requests were not sent, or nobody knows how they ended, and what these threads did to the times of the others is not known. This is a fault of the probe; please report it.`,
    },
  ];
}

function blankCheck({ blankUs }: InstrumentFacts, { medianServiceUs }: ProbeQuality): ProbeCheck {
  const about = { id: 'blank', title: 'an answer with nothing in between' };
  if (blankUs === undefined) return { ...about, state: 'unknown', text: 'this machine had no free loopback port' };
  const text = `takes ${formatDuration(blankUs)}`;
  if (medianServiceUs === 0 || blankUs < BLANK_RATIO * medianServiceUs) return { ...about, state: 'good', text };
  return {
    ...about,
    state: 'caution',
    text: `About ${formatDuration(blankUs)} of every time may be the probe's and this machine's own, because an answer with nothing in between ${text} here, and half of those measured took at most ${formatDuration(medianServiceUs)}: differences below that say nothing.`,
  };
}

/** A machine that became slower while it measured makes the end of a run look like a slower target. */
function blankAfterCheck({ blankUs, blankAfterUs }: InstrumentFacts, { medianServiceUs }: ProbeQuality): ProbeCheck[] {
  if (blankUs === undefined || blankAfterUs === undefined) return [];
  const about = { id: 'blank-after', title: 'the same before and after the traffic' };
  const text = `${formatDuration(blankUs)} before, ${formatDuration(blankAfterUs)} after`;
  const changeUs = blankAfterUs - blankUs;
  if (Math.abs(changeUs) <= Math.max(BIAS_FLOOR_US, BLANK_RISE_RATIO * medianServiceUs))
    return [{ ...about, state: 'good', text }];
  const [slower, way] = changeUs > 0 ? ['end', 'rise'] : ['beginning', 'fall'];
  return [
    {
      ...about,
      state: 'caution',
      text: `Times at the ${slower} of the run may be ${formatDuration(Math.abs(changeUs))} longer through this machine alone, because an answer with nothing in between took ${text} the traffic: a ${way} of that size is not the target's.`,
    },
  ];
}
