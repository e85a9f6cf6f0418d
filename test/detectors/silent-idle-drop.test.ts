import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentIdleDrop } from '../../src/detectors/silent-idle-drop.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { fails, type IdleOptions, makeRecording, type Responder } from '../helpers/make-recording.ts';
import {
  ALPHA,
  assertClear,
  assertInsufficient,
  assertNotApplicable,
  assertPresentable,
  assertSilent,
  NOISES,
  onlyCandidate,
  SEC,
} from './expectation.ts';

const MINUTE = 60 * SEC;
const GAPS = [30 * SEC, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE];
const LIMIT_US = 4 * MINUTE;
const TIMER_US = 2 * SEC;
const GIVEN_UP: Responder = { ...fails(TIMER_US, 504), exact: true };

const isForgotten: IdleOptions['isCold'] = ({ route, gapUs }) => route === GATEWAY && gapUs > LIMIT_US;

function farm(seed: number, noise: 0 | 1 | 10, options: IdleOptions, members = ['web1', 'web2']) {
  return makeRecording({ seed, noise, members })
    .compare({ durationUs: 60 * SEC })
    .idle({ gapsUs: GAPS, ...options });
}

for (const noise of NOISES) {
  test(`requests after a pause hang until the gateway's timer and fail (noise ${noise})`, () => {
    const candidate = onlyCandidate(
      silentIdleDrop,
      farm(1, noise, { isCold: isForgotten, coldReply: GIVEN_UP }).build(),
    );
    assertPresentable(candidate);
    assert.deepEqual(candidate.scope, { route: 'gateway' });
    assert.equal(candidate.severity, 'error');
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    const limit = candidate.measured['idleLimitUs'];
    assert.ok((limit?.low ?? 0) >= 2 * MINUTE && (limit?.low ?? 0) < LIMIT_US, JSON.stringify(limit));
    assert.ok((limit?.high ?? 0) > LIMIT_US && (limit?.high ?? 0) < 6 * MINUTE, JSON.stringify(limit));
    assert.equal(candidate.measured['hangUs']?.value, TIMER_US);
    assert.equal(candidate.explains.size, 4);
  });

  test(`the gateway repeats them, and they are late by its timer (noise ${noise})`, () => {
    const repeated = { us: TIMER_US + 12_000, exact: true };
    const candidate = onlyCandidate(
      silentIdleDrop,
      farm(2, noise, { isCold: isForgotten, coldReply: repeated }).build(),
    );
    assert.equal(candidate.severity, 'warning');
    assert.match(candidate.title, /before it is repeated/);
  });

  test(`nothing is forgotten: clear (noise ${noise})`, () => {
    assertClear(silentIdleDrop, farm(3, noise, {}).build());
  });
}

for (const noise of NOISES) {
  test(`the timer that ends the wait has run since the last byte: later requests hang for less (noise ${noise})`, () => {
    let lastEndUs = 0;
    const gateway: Responder = ({ dueUs }) => {
      lastEndUs = dueUs + 12_000;
      return { us: 12_000, exact: true };
    };
    const coldReply: Responder = ({ dueUs }) => ({ us: lastEndUs + 120 * SEC - dueUs, exact: true });
    const run = makeRecording({ seed: 11, noise, members: ['web1'] })
      .compare({ durationUs: 60 * SEC })
      .idle({
        gapsUs: [30 * SEC, 60 * SEC, 100 * SEC, 110 * SEC],
        gateway,
        // The others come when the first has ended.
        coldUs: 15 * SEC,
        coldReply,
        isCold: ({ route, gapUs }) => route === GATEWAY && gapUs > 80 * SEC,
      })
      .build();
    const candidate = onlyCandidate(silentIdleDrop, run);
    assert.equal(candidate.severity, 'warning');
    assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
    const { value = 0, low = 0, high = 0 } = candidate.measured['idleLimitUs'] ?? {};
    assert.ok(low >= 55 * SEC && high <= 125 * SEC && value > low && value < high, `${low} ${value} ${high}`);
  });
}

test('a member that was asleep as well, a gateway that starts in its own time, one hang alone: nothing is said', () => {
  const asleep: IdleOptions['isCold'] = ({ gapUs }) => gapUs > LIMIT_US;
  assertSilent(silentIdleDrop, farm(4, 0, { isCold: asleep, coldReply: GIVEN_UP }).build());
  let started = 0;
  const starting: Responder = () => ({ us: 1_500_000 + 400_000 * (started++ % 4), exact: true });
  assertSilent(silentIdleDrop, farm(5, 0, { isCold: isForgotten, coldReply: starting }).build());
  const once: IdleOptions['isCold'] = (what) => isForgotten(what) && what.gapUs > 5 * MINUTE && what.repeat === 0;
  assertSilent(silentIdleDrop, farm(6, 0, { isCold: once, coldReply: GIVEN_UP }).build());
});

test('hangs after any pause, short ones too, and short ones only, are another cause', () => {
  const any: IdleOptions['isCold'] = ({ route, repeat }) => route === GATEWAY && repeat === 0;
  assertSilent(silentIdleDrop, farm(7, 0, { isCold: any, coldReply: GIVEN_UP }).build());
  const short: IdleOptions['isCold'] = ({ route, gapUs }) => route === GATEWAY && gapUs < LIMIT_US;
  assertSilent(silentIdleDrop, farm(8, 0, { isCold: short, coldReply: GIVEN_UP }).build());
});

test('what is needed is said', () => {
  const without = makeRecording({ seed: 9 }).compare({ durationUs: 30 * SEC });
  assertInsufficient(silentIdleDrop, without.build(), /idle ladder/, /none in this run/);
  assertNotApplicable(silentIdleDrop, farm(10, 0, {}, []).build(), /no members/);
});

test('40 healthy farms: nothing', () => {
  for (let seed = 100; seed < 140; seed++)
    assertSilent(silentIdleDrop, farm(seed, NOISES[seed % 3] ?? 1, {}).build(), `seed ${seed}`);
});
