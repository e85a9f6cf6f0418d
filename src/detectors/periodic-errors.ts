/** Failures that come at one minute of the hour, or at one time of the day. */
import { historyBlocks } from '../analysis/history-blocks.ts';
import type { Measures } from '../analysis/measures.ts';
import { onsetsOf, turnOf } from '../analysis/periods.ts';
import { type PhaseFit, type PhaseWindow, phaseFit } from '../analysis/phases.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Exhibit } from '../model/finding.ts';
import { type HistoryEvidence, LEVEL_US } from '../model/history.ts';
import { formatRatio } from '../model/quantity.ts';
import { GATEWAY, memberOf, type RouteId, routesTo } from '../model/route.ts';
import {
  type Candidate,
  candidatesOr,
  type Detection,
  type Detector,
  insufficient,
  notApplicable,
} from './detector.ts';
import { exchangesExhibit } from './evidence.ts';

const MIN_US = 60_000_000;
const HOUR_US = LEVEL_US['1h'];
const DAY_US = LEVEL_US['1d'];
/** Failures closer than five rounds of a minute are one episode (methods C.9). */
const ONE_EPISODE_US = 5 * MIN_US;
/**
 * A job by a cron line, with its run time: a few minutes of the hour or ten of the day; a load of the day: three hours. The
 * widest comes last: what keeps to a minute keeps to the hours around it as well.
 */
const WINDOWS: readonly PhaseWindow[] = [
  { periodUs: DAY_US, halfUs: 10 * MIN_US },
  { periodUs: HOUR_US, halfUs: 2.5 * MIN_US },
  { periodUs: DAY_US, halfUs: 90 * MIN_US },
];
/** Four days alike are a habit to nobody. */
const LEAST_TURNS = 5;
/** Of the days (hours) with failures so many have one then; below it most failures are something else. */
const LEAST_SHARE = 0.6;
/** The narrowest window is told that holds nearly as many turns as the best: of a load of hours one of minutes holds some, too. */
const ALIKE_SHARE = 0.1;
/** As a level for saying anything; the judge asks for more before it warns. */
const LARGEST_P = 0.01;

type Course = { readonly route: RouteId; readonly onsets: readonly number[]; readonly failures: readonly Exchange[] };
type Found = { readonly course: Course; readonly fit: PhaseFit };

function courseOf(route: RouteId, history: HistoryEvidence): Course {
  const kept = history.kept.filter(
    // Bursts after a failure ask because something failed.
    ({ reason, exchange }) => reason === 'failure' && exchange.route === route && exchange.experimentId !== 'confirm',
  );
  return {
    route,
    onsets: onsetsOf(
      kept.map(({ atUs }) => atUs),
      ONE_EPISODE_US,
    ),
    failures: kept.map(({ exchange }) => exchange),
  };
}

/** Share of all requests of the route that were asked in a window of the day; of the hour every minute is asked alike. */
function askedShare(route: RouteId, history: HistoryEvidence, { periodUs, halfUs }: PhaseWindow) {
  const nominal = (2 * halfUs) / periodUs;
  if (periodUs !== DAY_US) return () => nominal;
  const hours = new Array<number>(24).fill(0);
  let all = 0;
  for (const { startAtUs, count } of historyBlocks(history, { route }, Math.max(HOUR_US, LEVEL_US[history.level]))) {
    hours[Math.floor((startAtUs % DAY_US) / HOUR_US)]! += count;
    all += count;
  }
  return (phaseUs: number): number => {
    let asked = 0;
    for (let hour = 0; hour < 24; hour++) {
      const offUs = Math.abs(turnOf(hour * HOUR_US + HOUR_US / 2, { periodUs, phaseUs }).offUs);
      // How much of that hour lies in the window.
      const inside = Math.max(0, Math.min(HOUR_US, halfUs + HOUR_US / 2 - offUs, 2 * halfUs));
      asked += ((hours[hour] ?? 0) * inside) / HOUR_US;
    }
    return all === 0 ? nominal : asked / all;
  };
}

function fitOf(course: Course, history: HistoryEvidence, tests: number): Found | undefined {
  const fits = WINDOWS.flatMap((window): readonly PhaseFit[] => {
    const fit = phaseFit(course.onsets, window, askedShare(course.route, history, window));
    if (fit === undefined || fit.kept < LEAST_TURNS || fit.kept < LEAST_SHARE * fit.turns) return [];
    const p = Math.min(1, fit.p * tests);
    return p <= LARGEST_P ? [{ ...fit, p }] : [];
  });
  const shareOf = ({ kept, turns }: PhaseFit): number => kept / turns;
  const best = Math.max(0, ...fits.map(shareOf));
  const fit = fits.find((one) => shareOf(one) >= best - ALIKE_SHARE);
  return fit === undefined ? undefined : { course, fit };
}

const clock = (us: number): string => new Date(us / 1_000).toISOString().slice(11, 16);

function whenOf({ window: { periodUs, halfUs }, phaseUs }: PhaseFit): string {
  const minutes = halfUs / MIN_US;
  if (periodUs === HOUR_US) return `about minute ${Math.round(phaseUs / MIN_US) % 60} of the hour`;
  return minutes > 30
    ? `between ${clock((phaseUs - halfUs + DAY_US) % DAY_US)} and ${clock((phaseUs + halfUs) % DAY_US)} UTC`
    : `about ${clock(phaseUs)} UTC`;
}

function candidateOf({ course, fit }: Found, history: HistoryEvidence): Candidate {
  const { route, onsets, failures } = course;
  const { window, phaseUs, kept, turns, p } = fit;
  const member = memberOf(route);
  const unit = window.periodUs === HOUR_US ? 'hours' : 'days';
  const near = onsets.filter(
    (atUs) => Math.abs(turnOf(atUs, { periodUs: window.periodUs, phaseUs }).offUs) <= window.halfUs,
  );
  const who = member === undefined ? 'Requests through the gateway' : `Requests to ${member}, asked directly,`;
  return {
    cause: 'change/errors',
    scope: member === undefined ? { route: 'gateway' } : { route: 'direct', member },
    severity: 'warning',
    confidence: 'likely',
    p,
    title: `${who} fail at a fixed time: ${whenOf(fit)}, in ${kept} of ${turns} ${unit} with failures.`,
    meaning: `${near.length} of ${onsets.length} episodes of failures began within ${formatMinutes(window.halfUs)} of it (${formatRatio(near.length / Math.max(1, onsets.length))}). They come and go with the clock, where a lasting change would stay. Something by the clock does it: a job, a backup, a restart, a load that comes then. ${member === undefined ? 'No member, asked directly, failed at that time.' : 'It shows when the member is asked directly: it is the member, not the gateway.'}`,
    measured: {
      periodUs: { value: window.periodUs },
      phaseUs: {
        value: Math.round(phaseUs),
        low: Math.round(phaseUs - window.halfUs),
        high: Math.round(phaseUs + window.halfUs),
      },
      keptRatio: { value: kept / turns },
    },
    affected: { count: near.length, of: onsets.length },
    rivals: [
      {
        cause: 'member/flapping',
        whyNot: 'the failures keep to the clock, which a member that comes and goes does not',
      },
    ],
    exhibits: [
      phasesExhibit(course, fit),
      exchangesExhibit(
        `periodic-requests-${route.replace(':', '-')}`,
        'Requests that failed',
        'Failures that were kept, the oldest first.',
        failures,
      ),
    ].slice(0, history.kept.length === 0 ? 1 : 2),
    // Why they fail then is for other causes to say.
    explains: new Set(),
  };
}

function formatMinutes(us: number): string {
  return `${us / MIN_US} min`;
}

function phasesExhibit({ route, onsets }: Course, { window: { periodUs }, phaseUs }: PhaseFit): Exhibit {
  const firstTurn = Math.floor((onsets[0] ?? 0) / periodUs);
  return {
    kind: 'xy',
    id: `periodic-${route.replace(':', '-')}`,
    title: `When failures began, folded at ${periodUs === HOUR_US ? 'an hour' : 'a day'}`,
    reading:
      'Each point is an episode of failures: in which turn it came, and when in it. A fixed time makes a flat line.',
    x: { title: periodUs === HOUR_US ? 'hour' : 'day', unit: 'count', scale: 'linear' },
    y: { title: periodUs === HOUR_US ? 'in the hour' : 'in the day (UTC)', unit: 'us', scale: 'linear' },
    series: [
      {
        name: memberOf(route) ?? 'gateway',
        role: 'failure',
        style: 'points',
        points: onsets.map((atUs): [number, number] => [Math.floor(atUs / periodUs) - firstTurn, atUs % periodUs]),
      },
    ],
    marks: [{ axis: 'y', value: phaseUs, label: 'usual time' }],
  };
}

/** A gateway passes on what its members do at the same time. */
function isSameTime(a: PhaseFit, b: PhaseFit): boolean {
  const { periodUs } = a.window;
  const halfUs = a.window.halfUs + b.window.halfUs;
  return (
    periodUs === b.window.periodUs && Math.abs(turnOf(b.phaseUs, { periodUs, phaseUs: a.phaseUs }).offUs) <= halfUs
  );
}

function detect({ measures }: { readonly measures: Measures }): Detection {
  const { history, members } = measures;
  if (history === undefined) return notApplicable('only a history (gateprobe monitor) can show it, and none was given');
  const courses = routesTo(members).map((route) => courseOf(route, history));
  const days = Math.max(
    0,
    ...courses.map(({ onsets }) => new Set(onsets.map((atUs) => Math.floor(atUs / DAY_US))).size),
  );
  const found = courses.flatMap((course) => fitOf(course, history, WINDOWS.length * courses.length) ?? []);
  const ofMembers = found.filter(({ course }) => course.route !== GATEWAY);
  const own = found.filter(
    ({ course, fit }) => course.route !== GATEWAY || !ofMembers.some((one) => isSameTime(one.fit, fit)),
  );
  if (own.length === 0 && days > 0 && days < LEAST_TURNS)
    return insufficient(
      `${LEAST_TURNS} days with failures on one route, to tell a time of the day`,
      `${days}: ${LEAST_TURNS - days} more ${LEAST_TURNS - days === 1 ? 'day' : 'days'} needed`,
    );
  return candidatesOr(
    own.map((one) => candidateOf(one, history)),
    days === 0 ? 'nothing failed' : 'failures keep to no minute of the hour and no time of the day',
  );
}

/** Scan over phases of an hour and a day, against onsets that know nothing of the clock. */
export const periodicErrors: Detector = { cause: 'change/errors', detect };
