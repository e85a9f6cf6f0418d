/** Cold starts that come back on a period although the member was asked all the time. */
import { historyBeginUs, historyDistribution } from '../analysis/history-blocks.ts';
import type { Measures } from '../analysis/measures.ts';
import { median } from '../analysis/medians.ts';
import {
  CANDIDATE_PERIODS_US,
  modalPhaseUs,
  onsetsOf,
  type PeriodTest,
  periodTest,
  turnOf,
} from '../analysis/periods.ts';
import { isFailure, serviceTimeUs } from '../model/exchange.ts';
import type { Exhibit } from '../model/finding.ts';
import type { HistoryEvidence, KeptExchange } from '../model/history.ts';
import { formatDuration } from '../model/quantity.ts';
import { directTo } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit, seqsOf } from './evidence.ts';

/** What is felt as a cold start: three times an ordinary answer, and 100 ms more (methods C.5). */
const LEAST_RATIO = 3;
const LEAST_EXCESS_US = 100_000;
/** A start and what it warms up after it are one event: applications take up to some minutes. */
const ONE_START_US = 300_000_000;
/** Methods C.5: with fewer events no period can be told, z is at most twice their number. */
const LEAST_EVENTS = 7;
/** Rejection at 1 % over the eight candidates (methods C.5: z above 13.4). */
const LARGEST_P = 0.01;
/**
 * How near to its turn an event must come: half a minute of probing and what a timer of whole minutes adds, at long
 * periods 2 %; what merely follows the load of a day spreads over hours.
 */
const LEAST_NEAR_US = 180_000_000;
const NEAR_RATIO = 0.02;
/** Of all events, and of all turns of the period while somebody watched; below it something else is the rule. */
const LEAST_SHARE = 0.6;
const LEAST_TURNS_SHARE = 0.6;

type Start = { readonly atUs: number; readonly excessUs: number; readonly kept: KeptExchange };

/** Slow answers of the member itself that did not follow a silence, with what they took beyond an ordinary one. */
function startsOf(member: string, history: HistoryEvidence): readonly Start[] {
  const route = directTo(member);
  const ordinary = historyDistribution(history, { route }, 'service');
  if (ordinary.count === 0) return [];
  const baseUs = ordinary.quantile(0.5);
  const floorUs = Math.max(LEAST_RATIO * baseUs, baseUs + LEAST_EXCESS_US);
  const quietEnds = history.quiet.filter((span) => span.route === route).map(({ toAtUs }) => toAtUs);
  return history.kept.flatMap((kept) => {
    const { exchange, atUs, reason } = kept;
    if (exchange.route !== route || reason === 'first' || isFailure(exchange)) return [];
    const { dns = 0, connect = 0, tls = 0 } = exchange.phasesUs ?? {};
    const waitUs = (serviceTimeUs(exchange) ?? 0) - dns - connect - tls;
    // What comes after a silence is the idle timeout's cold start, not the recycle's.
    const isAfterQuiet = quietEnds.some((endUs) => endUs <= atUs && atUs - endUs < ONE_START_US);
    return waitUs < floorUs || isAfterQuiet ? [] : [{ atUs, excessUs: waitUs - baseUs, kept }];
  });
}

type Rhythm = {
  readonly test: PeriodTest;
  readonly near: readonly number[];
  readonly turns: number;
};

/**
 * Events that come every 24 h also keep step with 12 h and 1 h. The longest period that they keep is theirs: of a longer
 * one than theirs they fall on several phases.
 */
function rhythmOf(onsets: readonly number[], history: HistoryEvidence): Rhythm | undefined {
  for (const periodUs of [...CANDIDATE_PERIODS_US].reverse()) {
    const test = periodTest(onsets, periodUs);
    if (test.p * CANDIDATE_PERIODS_US.length > LARGEST_P) continue;
    const withinUs = Math.max(LEAST_NEAR_US, NEAR_RATIO * periodUs);
    const phaseUs = modalPhaseUs(onsets, periodUs, withinUs);
    const place = { periodUs, phaseUs };
    const near = onsets.filter((atUs) => Math.abs(turnOf(atUs, place).offUs) <= withinUs);
    const turns = Math.max(1, watchedTurns(place, history));
    const kept = new Set(near.map((atUs) => turnOf(atUs, place).turn)).size;
    // Some bad hours lie on one phase of a week: what came within one turn is one event of that period.
    if (kept < LEAST_EVENTS) continue;
    if (near.length >= LEAST_SHARE * onsets.length && kept >= LEAST_TURNS_SHARE * turns)
      return { test: { ...test, phaseUs }, near, turns };
  }
  return undefined;
}

/** Turns of the period while the farm was watched: since the first round, and but for the times at which nothing was sent. */
function watchedTurns(place: Pick<PeriodTest, 'periodUs' | 'phaseUs'>, history: HistoryEvidence): number {
  const first = Math.ceil((historyBeginUs(history) - place.phaseUs) / place.periodUs);
  const last = Math.floor((history.toAtUs - place.phaseUs) / place.periodUs);
  let turns = 0;
  for (let turn = first; turn <= last; turn++) {
    const atUs = place.phaseUs + turn * place.periodUs;
    if (!history.quiet.some(({ fromAtUs, toAtUs }) => fromAtUs <= atUs && atUs < toAtUs)) turns++;
  }
  return turns;
}

function candidateOf(member: string, starts: readonly Start[], rhythm: Rhythm, members: number): Candidate {
  const { test, near, turns } = rhythm;
  const own = starts.filter(({ atUs }) => near.some((onset) => atUs >= onset && atUs - onset <= ONE_START_US));
  const excesses = near.map((onset) =>
    Math.max(...own.filter(({ atUs }) => atUs >= onset && atUs - onset <= ONE_START_US).map((one) => one.excessUs)),
  );
  const penalty = {
    value: Math.round(median(excesses)),
    low: Math.round(Math.min(...excesses)),
    high: Math.round(Math.max(...excesses)),
  };
  const offs = near.map((atUs) => Math.abs(turnOf(atUs, test).offUs));
  // Over all turns between the first and the last event an error of one event at either end is shared.
  const spanTurns = Math.max(1, turnOf(near.at(-1) ?? 0, test).turn - turnOf(near[0] ?? 0, test).turn);
  const halfUs = Math.round((2 * Math.max(...offs)) / spanTurns);
  const every = formatDuration(test.periodUs);
  const nextAtUs = test.phaseUs + (turnOf(near.at(-1) ?? 0, test).turn + 1) * test.periodUs;
  return {
    cause: 'cold-start/recycle',
    scope: { route: 'direct', member },
    severity: 'warning',
    confidence: 'likely',
    p: Math.min(1, test.p * CANDIDATE_PERIODS_US.length * members),
    title: `${member} starts cold every ${every} although it was in use: ${near.length} times, each slow by ${formatDuration(penalty.value)}; next at ${stamp(nextAtUs)}.`,
    meaning: `Its slow answers keep step with ${every}, ${near.length} at ${turns} turns of that period, and were asked directly while probing went on: no idle timeout explains them. The worker is ended and started again on a timer${test.periodUs === 29 * 3_600_000_000 ? '; 29 h is the default of IIS, and the hour of the day moves by five each day, which is why it looks random' : ''}.`,
    measured: {
      periodUs: { value: test.periodUs, low: test.periodUs - halfUs, high: test.periodUs + halfUs },
      penaltyUs: penalty,
    },
    expected: 'a restart that warms up the new process before it takes requests',
    rivals: [
      { cause: 'cold-start/idle', whyNot: 'no silence came before them; those that followed one are left out' },
      { cause: 'member/slow', whyNot: `between those instants it answers as usual` },
      { cause: 'stall/pause', whyNot: `pauses of a collector or a lock keep no period of ${every}` },
    ],
    affected: { count: near.length, of: turns },
    exhibits: [
      turnsExhibit(member, starts, test, near),
      exchangesExhibit(
        `recycle-requests-${member}`,
        'Slow requests at these instants',
        'Each was sent straight to the member while it was in use.',
        own.map(({ kept }) => kept.exchange),
      ),
    ],
    explains: seqsOf(own.map(({ kept }) => kept.exchange)),
  };
}

function stamp(atUs: number): string {
  return `${new Date(atUs / 1_000).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function turnsExhibit(member: string, starts: readonly Start[], test: PeriodTest, near: readonly number[]): Exhibit {
  const points = onsetsOf(
    starts.map(({ atUs }) => atUs),
    ONE_START_US,
  ).map((atUs): [number, number] => [
    turnOf(atUs, test).turn - turnOf(near[0] ?? atUs, test).turn,
    turnOf(atUs, test).offUs,
  ]);
  return {
    kind: 'xy',
    id: `recycle-turns-${member}`,
    title: `Slow starts of ${member}, folded at ${formatDuration(test.periodUs)}`,
    reading:
      'Each point is a slow start: in which turn of the period it came, and how far from the expected instant. A recycle makes a flat line at zero.',
    x: { title: `turn of ${formatDuration(test.periodUs)}`, unit: 'count', scale: 'linear' },
    y: { title: 'from the expected instant', unit: 'us', scale: 'linear' },
    series: [{ name: 'slow starts', role: 'cold', style: 'points', points }],
    marks: [{ axis: 'y', value: 0, label: 'expected' }],
  };
}

function detect({ measures }: { readonly measures: Measures }): Detection {
  const { history, members } = measures;
  if (history === undefined)
    return notApplicable(
      'only a history of many days (gateprobe monitor) or logs of the members can show it, and none were given',
    );
  if (members.length === 0) return notApplicable('the profile names no members: nobody was asked directly');
  const candidates: Candidate[] = [];
  let most = 0;
  for (const member of members) {
    const starts = startsOf(member, history);
    const onsets = onsetsOf(
      starts.map(({ atUs }) => atUs),
      ONE_START_US,
    );
    most = Math.max(most, onsets.length);
    const rhythm = onsets.length < LEAST_EVENTS ? undefined : rhythmOf(onsets, history);
    if (rhythm !== undefined) candidates.push(candidateOf(member, starts, rhythm, members.length));
  }
  if (candidates.length === 0 && most > 0 && most < LEAST_EVENTS)
    return insufficient(
      `${LEAST_EVENTS} cold starts of one member while it is in use`,
      `${most}: ${LEAST_EVENTS - most} more needed to tell a period`,
    );
  return candidatesOr(
    candidates,
    most === 0 ? 'no member started cold while it was in use' : 'slow answers came without a period',
  );
}

/** Methods C.5: the period test over a fixed set of candidates. */
export const recycle: Detector = { cause: 'cold-start/recycle', detect };
