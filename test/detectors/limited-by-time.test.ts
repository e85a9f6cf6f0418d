import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { limitedByTime } from '../../src/detectors/limited-by-time.ts';
import { rateLimited } from '../../src/detectors/rate-limited.ts';
import { directTo, GATEWAY, type RouteId } from '../../src/model/route.ts';
import { fails, makeRecording, queueOf, type Responder, sometimes } from '../helpers/make-recording.ts';
import { assertPresentable, NOISES, onlyCandidate, SEC } from './expectation.ts';

const REFUSED = fails(1_500, 503);

/** nginx `limit_req`: the first `capacity` at once, then `perSec`; the rest is refused with 503. */
function bucket(perSec: number, capacity: number, answer = 20_000): Responder {
  let [tokens, lastUs] = [capacity, 0];
  return ({ atUs }) => {
    tokens = Math.min(capacity, tokens + ((atUs - lastUs) * perSec) / SEC);
    lastUs = atUs;
    if (tokens < 1) return REFUSED;
    tokens--;
    return answer;
  };
}

/** Arrivals are drawn: of even ones every k-th is refused, and a round robin looks the same. */
function farm(replies: Responder, seed = 1, noise: 0 | 1 | 10 = 1, route: RouteId = GATEWAY) {
  const own = route === GATEWAY ? { gateway: replies, member: 18_000 } : { gateway: 20_000, member: replies };
  return makeRecording({ seed, noise, members: ['web1', 'web2'] })
    .burst({ ratePerSec: 8, durationUs: 20 * SEC, arrival: 'poisson', canaryPerSec: 0, route, ...own })
    .build();
}

describe('a limiter that answers 503', () => {
  for (const noise of NOISES) {
    for (const [perSec, capacity] of [
      [5, 3],
      [3, 1],
      [2, 5],
    ] as const) {
      test(`${perSec}/s, ${capacity} at once, noise ${noise}`, () => {
        const candidate = onlyCandidate(rateLimited, farm(bucket(perSec, capacity), 3, noise));
        assertPresentable(candidate);
        assert.match(candidate.title, /^The gateway lets through about .* refuses the others at once \(503\)/);
        const limit = candidate.measured['limitPerSec'];
        assert.ok(Math.abs((limit?.value ?? 0) / perSec - 1) < 0.1, `${limit?.value}/s`);
        assert.ok(Math.abs((candidate.measured['burstLimit']?.value ?? 0) - capacity) <= 1);
        assert.ok(candidate.p < 1e-5);
        assert.deepEqual([candidate.severity, candidate.confidence], ['warning', 'likely']);
      });
    }
  }

  test('of a member asked directly', () => {
    const recording = farm(bucket(4, 2, 18_000), 3, 1, directTo('web2'));
    const candidate = onlyCandidate(rateLimited, recording);
    assert.match(candidate.title, /^web2 lets through/);
    const refused = recording.exchanges.filter(
      ({ route, outcome }) => route === directTo('web2') && outcome.kind === 'response' && outcome.status === 503,
    );
    assert.equal(candidate.explains.size, refused.length);
  });
});

describe('what is no limiter', () => {
  const half = queueOf({ servers: 1, serviceUs: 60_000 });
  let turn = 0;
  let before = Number.NEGATIVE_INFINITY;
  const others: readonly { title: string; gateway: () => Responder }[] = [
    { title: 'a healthy gateway', gateway: () => 20_000 },
    { title: 'refusals by chance', gateway: () => sometimes(0.4, REFUSED, 20_000) },
    { title: 'one of two that fails, in turn', gateway: () => () => (turn++ % 2 === 0 ? REFUSED : 20_000) },
    {
      title: 'an outage',
      gateway:
        () =>
        ({ atUs }) =>
          atUs > 8 * SEC && atUs < 14 * SEC ? REFUSED : 20_000,
    },
    { title: 'a slow queue', gateway: () => half },
    {
      title: 'one at a time: refused while another is under way',
      gateway:
        () =>
        ({ atUs }) => {
          if (atUs < before) return REFUSED;
          before = atUs + 100_000;
          return 100_000;
        },
    },
  ];
  for (const { title, gateway } of others) {
    test(title, () => {
      for (let seed = 1; seed <= 40; seed++) {
        turn = 0;
        before = Number.NEGATIVE_INFINITY;
        const candidate = limitedByTime(createMeasures(farm(gateway(), seed)));
        assert.ok(candidate === undefined || candidate.p > 1e-4, `seed ${seed}: ${candidate?.title}`);
      }
    });
  }

  test('arrivals so even that a round robin would look the same', () => {
    const even = makeRecording({ seed: 2, members: ['web1'] })
      .compare({ durationUs: 20 * SEC, ratePerSec: 8, gateway: bucket(3, 1) })
      .build();
    assert.equal(limitedByTime(createMeasures(even)), undefined);
  });

  test('a handful of refusals', () => {
    const few = makeRecording({ seed: 2, members: ['web1'] })
      .compare({ durationUs: 3 * SEC, ratePerSec: 6, gateway: bucket(3, 1) })
      .build();
    assert.equal(limitedByTime(createMeasures(few)), undefined);
  });
});
