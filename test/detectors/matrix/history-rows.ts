/** What shows over days: restarts by the clock, members that come and go, changes that stay. */
import type { Recording } from '../../../src/model/recording.ts';
import { GATEWAY, memberOf } from '../../../src/model/route.ts';
import { makeRecording } from '../../helpers/make-recording.ts';
import {
  type Answered,
  type Asked,
  DAY_US,
  FROM_AT_US,
  type HistoryOptions,
  HOUR_US,
  historyRecording,
  ordinary,
} from '../../helpers/synthetic-history.ts';
import { type Noise, type Row, SEC } from './row.ts';

const EVERY_US = 300 * SEC;
const MINUTE_US = 60 * SEC;

type Answer = (asked: Asked) => Answered;

function watched(
  seed: number,
  noise: Noise,
  days: number,
  answer: Answer = ordinary,
  more: HistoryOptions = {},
): Recording {
  return historyRecording({ seed, noise, days, everyUs: EVERY_US, level: '1h', answer, ...more });
}

const aRun = (): Recording =>
  makeRecording({ seed: 1 })
    .compare({ durationUs: 5 * SEC })
    .build();

/** web1 takes 3 s once in each period. */
function everyPeriod(periodUs: number): Answer {
  return (asked) => {
    const sinceUs = (asked.atUs - FROM_AT_US - 3.5 * HOUR_US + 1_000 * periodUs) % periodUs;
    return memberOf(asked.route) === 'web1' && sinceUs < EVERY_US
      ? { us: ordinary(asked) + 3 * SEC, slow: true }
      : ordinary(asked);
  };
}

/** As many slow answers at random. */
const atRandom: Answer = (asked) =>
  memberOf(asked.route) === 'web1' && asked.random.next() < EVERY_US / (29 * HOUR_US)
    ? { us: ordinary(asked) + 3 * SEC, slow: true }
    : ordinary(asked);

const recycle: Row = {
  cause: 'cold-start/recycle',
  good: {
    make: (seed, noise) => watched(seed, noise, 24, everyPeriod(29 * HOUR_US)),
    scope: { route: 'direct', member: 'web1' },
    severity: 'warning',
    measured: { periodUs: { value: 29 * HOUR_US, within: 0 }, penaltyUs: { value: 3 * SEC, within: 0.5 } },
  },
  healthy: (seed, noise) => watched(seed, noise, 2),
  borderline: {
    below: (seed) => watched(seed, 1, 24, atRandom),
    above: (seed) => watched(seed, 1, 16, everyPeriod(29 * HOUR_US)),
  },
  tooLittle: { recording: () => watched(5, 1, 4, everyPeriod(29 * HOUR_US)), need: /7 cold starts/ },
  notApplicable: { recording: aRun, reason: /history/ },
};

/** web2 is down for `forUs` of every two hours, so many times. */
function goingDown(forUs: number, times = 99): Answer {
  return (asked) => {
    const sinceUs = asked.atUs - FROM_AT_US - HOUR_US;
    const isDown = sinceUs >= 0 && sinceUs % (2 * HOUR_US) < forUs && sinceUs / (2 * HOUR_US) < times;
    return isDown && memberOf(asked.route) === 'web2' ? { us: 300, refused: true } : ordinary(asked);
  };
}

const daily = (seed: number, noise: Noise, answer?: Answer, days = 1): Recording =>
  historyRecording({ seed, noise, days, everyUs: 2 * MINUTE_US, ...(answer === undefined ? {} : { answer }) });

const flapping: Row = {
  cause: 'member/flapping',
  good: {
    make: (seed, noise) => daily(seed, noise, goingDown(15 * MINUTE_US)),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { downUs: { value: 15 * MINUTE_US, within: 0.35 }, upUs: { value: 105 * MINUTE_US, within: 0.1 } },
  },
  healthy: (seed, noise) => daily(seed, noise),
  borderline: {
    below: (seed) => daily(seed, 1, goingDown(15 * MINUTE_US, 2)),
    above: (seed) => daily(seed, 1, goingDown(15 * MINUTE_US, 8)),
  },
  tooLittle: { recording: () => daily(5, 1, undefined, 1 / 24), need: /21 intervals/ },
  notApplicable: { recording: aRun, reason: /history/ },
};

const CHANGED_AT_US = FROM_AT_US + 2 * DAY_US + 10 * HOUR_US;

/** Since a moment web2 takes so much longer, and so does the gateway for every second request. */
const slower =
  (byUs: number, untilUs = Number.POSITIVE_INFINITY): Answer =>
  (asked) => {
    const { route, round, atUs } = asked;
    const isConcerned = memberOf(route) === 'web2' || (route === GATEWAY && round % 2 === 0);
    return ordinary(asked) + (isConcerned && atUs >= CHANGED_AT_US && atUs < untilUs ? byUs : 0);
  };

const changeLatency: Row = {
  cause: 'change/latency',
  good: {
    make: (seed, noise) => watched(seed, noise, 4, slower(15_000)),
    scope: { route: 'direct', member: 'web2' },
    severity: 'warning',
    measured: { afterUs: { value: 26_000, within: 0.15 } },
  },
  healthy: (seed, noise) => watched(seed, noise, 2.5),
  borderline: {
    // Over after three hours: an incident, not a change.
    below: (seed) => watched(seed, 1, 4, slower(30_000, CHANGED_AT_US + 3 * HOUR_US)),
    above: (seed) => watched(seed, 1, 4, slower(13_000)),
  },
  tooLittle: { recording: () => watched(9, 1, 1), need: /30 h of history/ },
  notApplicable: { recording: aRun, reason: /history/ },
};

/** Since a moment so many answers of the gateway are errors. */
const failing =
  (ratio: number): Answer =>
  (asked) =>
    asked.atUs >= CHANGED_AT_US && asked.route === GATEWAY && asked.random.next() < ratio
      ? { us: ordinary(asked), status: 502 }
      : ordinary(asked);

const changeErrors: Row = {
  cause: 'change/errors',
  good: {
    make: (seed, noise) => watched(seed, noise, 4, failing(0.2)),
    scope: { route: 'gateway' },
    severity: 'warning',
    measured: { afterRatio: { value: 0.2, within: 0.35 } },
  },
  healthy: (seed, noise) => watched(seed, noise, 2.5),
  borderline: {
    below: (seed) => watched(seed, 1, 4, failing(0.006)),
    above: (seed) => watched(seed, 1, 4, failing(0.15)),
  },
  tooLittle: { recording: () => watched(9, 1, 1), need: /30 h of history/ },
  notApplicable: { recording: aRun, reason: /history/ },
};

export const HISTORY_ROWS: readonly Row[] = [recycle, flapping, changeLatency, changeErrors];
