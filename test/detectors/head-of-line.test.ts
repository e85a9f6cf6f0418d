import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gatewayQueue } from '../../src/detectors/queue.ts';
import { createRandom } from '../../src/model/random.ts';
import type { Recording } from '../../src/model/recording.ts';
import { directTo, GATEWAY, type RouteId } from '../../src/model/route.ts';
import { type LooseExchange, makeRecording } from '../helpers/make-recording.ts';
import { ALPHA, assertPresentable, detect, NOISES, onlyCandidate, SEC } from './expectation.ts';

type Noise = (typeof NOISES)[number];
type Given = {
  readonly seed?: number;
  readonly noise?: Noise;
  readonly sizes?: readonly number[];
  readonly slowUs?: number;
  /** Places in the gateway that all requests share; without it there is no limit. */
  readonly places?: number;
  /** Members share the limit instead. */
  readonly isInMembers?: boolean;
  /** Something else holds everything up in one volley. */
  readonly pauseIn?: number;
};

const ROUTES: readonly RouteId[] = [GATEWAY, directTo('web1'), directTo('web2')];
const QUICK_US = 10_000;
const MOMENTS = [30_000, 60_000, 90_000, 120_000];

/** As the volley experiment sends it: eight quick ones alone, then four beside each volley through the gateway, on every route. */
function farm(given: Given): Recording {
  const { seed = 1, noise = 1, sizes = [2, 4, 8, 16], slowUs = 400_000, places, isInMembers, pauseIn } = given;
  const random = createRandom(seed).fork('quick');
  const noisy = (us: number): number =>
    Math.round(us * Math.exp(0.03 * noise * (random.next() + random.next() - 1) * 2));
  const exchanges: LooseExchange[] = [];
  const quick = (route: RouteId, dueUs: number, waitUs: number, size: number, round: number): void => {
    const base = route === GATEWAY ? QUICK_US + 2_000 : QUICK_US;
    exchanges.push({
      route,
      dueUs,
      us: noisy(base) + waitUs,
      requestName: 'home',
      tag: { kind: 'beside', size, round },
    });
  };
  for (const route of ROUTES) for (let i = 0; i < 8; i++) quick(route, i * 50_000, 0, 0, 0);
  let atUs = SEC;
  for (const [volley, size] of sizes.flatMap((one) => [one, one]).entries()) {
    const round = volley % 2;
    for (let i = 0; i < size; i++) {
      const wave = places === undefined ? 1 : Math.floor(i / places) + 1;
      exchanges.push({
        route: GATEWAY,
        dueUs: atUs,
        us: noisy(slowUs) * wave,
        requestName: 'report',
        tag: { kind: 'volley', size, round },
      });
    }
    for (const route of ROUTES) {
      for (const offset of MOMENTS) {
        const isFull = places !== undefined && size >= places && (route === GATEWAY || isInMembers === true);
        const held = isFull ? slowUs * Math.floor(size / places) - offset : volley === pauseIn ? 300_000 : 0;
        quick(route, atUs + offset, Math.max(0, held), size, round);
      }
    }
    atUs += 4 * SEC;
  }
  return makeRecording({ seed, noise, members: ['web1', 'web2'], request: 'home' })
    .compare({ durationUs: 5 * SEC, ratePerSec: 4 })
    .experiment('volley', exchanges)
    .build();
}

function saidOf(recording: Recording): string {
  const detection = detect(gatewayQueue, recording);
  if (detection.state === 'insufficient-data') return detection.have;
  return detection.state === 'clear' ? detection.checked : JSON.stringify(detection);
}

describe('slow requests that hold up quick ones', () => {
  for (const noise of NOISES)
    test(`in the gateway, from the number on that fills it (noise ${noise})`, () => {
      const candidate = onlyCandidate(gatewayQueue, farm({ places: 6, noise }));
      assertPresentable(candidate);
      assert.deepEqual(candidate.scope, { route: 'gateway', requestName: 'home' });
      assert.deepEqual([candidate.severity, candidate.confidence], ['warning', 'likely']);
      assert.ok(candidate.p < ALPHA, `p ${candidate.p}`);
      const { value = 0, low = 0, high = 0 } = candidate.measured['concurrencyLimit'] ?? {};
      assert.ok(low <= 6 && 6 <= high && value >= low && value <= high, JSON.stringify(candidate.measured));
      assert.match(
        candidate.title,
        /^Slow requests hold up quick ones in the gateway: while report was under way 8 times/,
      );
      assert.match(candidate.meaning, /With 4 of them under way home did not wait/);
      assert.deepEqual(candidate.affected, { count: 16, of: 32 });
    });

  test('one at a time: already the smallest volley does it', () => {
    const candidate = onlyCandidate(gatewayQueue, farm({ places: 1 }));
    assert.match(candidate.meaning, /Already 2 of them do/);
  });
});

describe('nothing is said', () => {
  test('about 40 healthy farms', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const recording = farm({ seed, noise: NOISES[seed % 3] as Noise });
      assert.match(saidOf(recording), /home did not wait for slow requests beside it/, `seed ${seed}`);
    }
  });

  test('where members asked directly wait as well: then it is theirs', () => {
    assert.match(saidOf(farm({ places: 6, isInMembers: true })), /also where web1, web2 were asked directly/);
  });

  test('about one volley in which all stood still', () => {
    assert.match(saidOf(farm({ pauseIn: 7 })), /did not wait/);
    assert.match(saidOf(farm({ pauseIn: 4 })), /did not wait/);
  });
});

test('too little: nothing was slow enough to hold anything up', () => {
  const recording = farm({ slowUs: 20_000, places: 6 });
  assert.match(
    saidOf(recording),
    /^none; whether slow requests hold up quick ones cannot be told: 0 quick requests met/,
  );
});

test('not tried: the verdict says how it is', () => {
  const recording = makeRecording({ seed: 1 })
    .compare({ durationUs: 20 * SEC })
    .burst({ durationUs: 4 * SEC, canaryPerSec: 10 })
    .build();
  assert.match(saidOf(recording), /was not tried \(volley: \{ request: <slow>, beside: <quick> \}\)/);
});
