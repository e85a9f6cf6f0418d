import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { periodicErrors } from '../../src/detectors/periodic-errors.ts';
import { GATEWAY, memberOf } from '../../src/model/route.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import {
  type Answered,
  type Asked,
  DAY_US,
  FROM_AT_US,
  HOUR_US,
  historyRecording,
  ordinary,
} from '../helpers/synthetic-history.ts';
import { detect } from './candidates.ts';

const MIN_US = 60_000_000;
type Farm = {
  readonly days?: number;
  readonly seed?: number;
  readonly noise?: 0 | 1 | 10;
  readonly answer: (asked: Asked) => Answered;
};
const judge = ({ days = 12, seed = 1, noise = 1, answer }: Farm) =>
  detect(
    periodicErrors,
    historyRecording({ days, seed, noise, level: '1h', everyUs: 60_000_000, members: ['web1', 'web2'], answer }),
  );

const failing = { us: 3_000, status: 503 } as const;
/** web1, and a third of what goes through the gateway. */
const isHit = ({ route, random }: Asked): boolean =>
  memberOf(route) === 'web1' || (route === GATEWAY && random.next() < 1 / 3);
const daily =
  (fromUs: number, lengthUs: number) =>
  (asked: Asked): Answered => {
    const inDay = (asked.atUs - FROM_AT_US) % DAY_US;
    return inDay >= fromUs && inDay < fromUs + lengthUs && isHit(asked) ? failing : ordinary(asked);
  };
/** Beside it, failures at any time: one request in a thousand. */
const alsoAnytime =
  (answer: (asked: Asked) => Answered) =>
  (asked: Asked): Answered =>
    asked.random.next() < 0.0003 ? failing : answer(asked);

describe('failures by the clock', () => {
  for (const noise of [0, 1, 10] as const)
    test(`a nightly job at one member is found with its time, noise ${noise}`, () => {
      const found = judge({ noise, answer: alsoAnytime(daily(3 * HOUR_US + 17 * MIN_US, 5 * MIN_US)) });
      assert.ok(found.state === 'candidates', JSON.stringify(found));
      assert.deepEqual(
        found.candidates.map(({ scope }) => scope.member),
        ['web1'],
        'the gateway passes it on',
      );
      const [{ title, p, measured }] = found.candidates as [(typeof found.candidates)[number]];
      assert.match(
        title,
        /^Requests to web1, asked directly, fail at a fixed time: about 03:(1\d|2[0-4]) UTC, in 1[12] of 12 days/,
      );
      assert.ok(p < 1e-9, `${p}`);
      assert.equal(measured['periodUs']?.value, DAY_US);
    });

  test('every hour at one minute', () => {
    const hourly = (asked: Asked): Answered =>
      asked.atUs % HOUR_US >= 40 * MIN_US && asked.atUs % HOUR_US < 42 * MIN_US && isHit(asked)
        ? failing
        : ordinary(asked);
    const found = judge({ days: 2, answer: alsoAnytime(hourly) });
    assert.ok(found.state === 'candidates');
    assert.match(found.candidates[0]?.title ?? '', /about minute 4[0-2] of the hour, in \d+ of \d+ hours/);
  });

  test('a load of the afternoon is a span of hours', () => {
    const afternoon = (asked: Asked): Answered => {
      const hour = (asked.atUs % DAY_US) / HOUR_US;
      return hour >= 13.5 && hour < 15.5 && asked.random.next() < 0.02 ? failing : ordinary(asked);
    };
    const found = judge({ days: 14, answer: afternoon });
    assert.ok(found.state === 'candidates');
    assert.match(found.candidates[0]?.title ?? '', /between 1[23]:\d\d and 1[567]:\d\d UTC/);
  });

  test('before five days: how many more', () => {
    const found = judge({ days: 3, answer: daily(3 * HOUR_US, 5 * MIN_US) });
    assert.ok(found.state === 'insufficient-data');
    assert.match(found.have, /^3: 2 more days needed$/);
  });

  test('one bad afternoon, and failures at any time: clear', () => {
    const once = (asked: Asked): Answered => {
      const hours = (asked.atUs - FROM_AT_US) / HOUR_US;
      return hours > 61 && hours < 66 && asked.random.next() < 0.1 ? failing : ordinary(asked);
    };
    assert.equal(judge({ answer: alsoAnytime(once) }).state, 'clear');
  });

  test('not applicable without history; clear where nothing fails', () => {
    assert.equal(detect(periodicErrors, makeRecording({}).build()).state, 'not-applicable');
    assert.equal(judge({ days: 1, answer: ordinary }).state, 'clear');
  });

  test('40 farms that fail at random: nothing that could pass the judge', () => {
    for (let seed = 0; seed < 40; seed++) {
      const found = judge({ seed, days: 6, noise: 10, answer: alsoAnytime(ordinary) });
      for (const { p } of found.state === 'candidates' ? found.candidates : [])
        assert.ok(p > 1e-4, `seed ${seed}: ${p}`);
    }
  });
});
