import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gatewayResponseTimeout } from '../../src/detectors/timeout.ts';
import type { Profile } from '../../src/model/profile.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { recordingOfHistory } from '../../src/pipeline/history-recording.ts';
import {
  type Answered,
  type Asked,
  type HistoryOptions,
  HOUR_US,
  makeHistory,
  ordinary,
} from '../helpers/synthetic-history.ts';
import { membersAt, profileOf, targetOf } from '../traffic/sending-setup.ts';
import { detect } from './candidates.ts';

const BARE = profileOf({ gateway: targetOf('http://127.0.0.1:9'), members: membersAt({ web1: 10, web2: 11 }) });
const PROFILE: Profile = {
  ...BARE,
  name: 'farm',
  requests: BARE.requests.slice(0, 1).map((request) => ({ ...request, name: 'page' })),
};
const TIMER_US = 2_000_000;

function detectIn(options: HistoryOptions) {
  const history = makeHistory(options);
  const reader = {
    intervals: () => history.series.flatMap(({ intervals }) => intervals),
    kept: () => history.kept,
    quiet: () => history.quiet,
    events: () => history.events,
  };
  const { fromAtUs, toAtUs } = history;
  const recording = recordingOfHistory(reader, { profile: PROFILE, fromAtUs, toAtUs, version: '0' });
  return detect(gatewayResponseTimeout, recording);
}

/** For an hour every third request is work of 3 s, for which the gateway does not wait. */
function timedOut(directUs = 3_000_000): (asked: Asked) => Answered {
  return (asked) => {
    const hour = Math.floor((asked.atUs % (24 * HOUR_US)) / HOUR_US);
    const isSlow = asked.random.next() < 1 / 3 && hour === 10;
    if (!isSlow) return ordinary(asked);
    return asked.route === GATEWAY ? { us: TIMER_US, status: 502 } : directUs;
  };
}

describe('the timer of the gateway in a history', () => {
  test('is found from failures at one time and longer answers of the members meanwhile', () => {
    const found = detectIn({ days: 1, noise: 0, answer: timedOut() });
    assert.equal(found.state, 'candidates');
    const [candidate] = found.state === 'candidates' ? found.candidates : [];
    const { value = 0, low = 0, high = 0 } = candidate?.measured['timeoutUs'] ?? {};
    assert.ok(low <= TIMER_US + 30_000 && high >= TIMER_US - 30_000 && Math.abs(value - TIMER_US) < 50_000, `${value}`);
    assert.match(candidate?.title ?? '', /members need up to 3 s/);
    assert.ok((candidate?.p ?? 1) < 1e-9);
  });

  test('members that answered as late only at another time of the day are no evidence', () => {
    const later = (asked: Asked): Answered => {
      const answered = timedOut(10_000)(asked);
      const isNight = asked.atUs % (24 * HOUR_US) < HOUR_US;
      return asked.route === directTo('web1') && isNight ? 3_000_000 : answered;
    };
    assert.notEqual(detectIn({ days: 1, noise: 0, answer: later }).state, 'candidates');
  });

  test('an answer that came through the gateway later than the failures: no timer', () => {
    let once = 0;
    const through = (asked: Asked): Answered =>
      asked.route === GATEWAY && ++once === 300 ? 2_500_000 : timedOut()(asked);
    assert.notEqual(detectIn({ days: 1, noise: 0, answer: through }).state, 'candidates');
  });

  test('fast farms are said to be fast, with the time that was seen', () => {
    const found = detectIn({ days: 0.2, noise: 1 });
    assert.equal(found.state, 'insufficient-data');
    assert.match(JSON.stringify(found), /the longest answer took 1\d(\.\d+)? ms/);
  });

  test('40 healthy histories at each noise: nothing', () => {
    for (const noise of [0, 1, 10] as const)
      for (let seed = 0; seed < 14; seed++)
        assert.notEqual(detectIn({ seed, days: 0.1, noise }).state, 'candidates', `seed ${seed}, noise ${noise}`);
  });
});
