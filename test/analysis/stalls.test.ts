import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findStalls, type Passage, periodOf, type Stall } from '../../src/analysis/stalls.ts';
import { createRandom } from '../../src/model/random.ts';

const MS = 1_000;

/** Requests every 50 ms that take about 20 ms; in [fromMs, toMs) nothing is answered, and what waited is worked on then. */
function traffic(pauses: readonly (readonly [fromMs: number, toMs: number])[], seed = 1): Passage[] {
  const random = createRandom(seed);
  return Array.from({ length: 200 }, (_, seq) => {
    const arrivalUs = 50 * MS * seq;
    const pause = pauses.find(([fromMs, toMs]) => arrivalUs >= fromMs * MS && arrivalUs < toMs * MS);
    const beginUs = pause === undefined ? arrivalUs : pause[1] * MS;
    return { seq, arrivalUs, endUs: Math.round(beginUs + (18 + 4 * random.next()) * MS) };
  });
}

const pauseAt = (releaseUs: number): Stall => ({ fromUs: releaseUs - 1, releaseUs, aliveUs: 0, held: [] });

describe('findStalls', () => {
  test('the requests of each pause, from the first that waited to the common end', () => {
    const found = findStalls(
      traffic([
        [1_000, 1_300],
        [3_020, 3_280],
        [6_000, 6_400],
      ]),
    );
    assert.deepEqual(
      found.stalls.map(({ fromUs, held }) => [fromUs / MS, held.length]),
      [
        [1_000, 6],
        [3_050, 5],
        [6_000, 8],
      ],
    );
    for (const [i, releaseMs] of [1_300, 3_280, 6_400].entries()) {
      const stall = found.stalls[i] as Stall;
      assert.ok(Math.abs(stall.releaseUs - releaseMs * MS) < 5 * MS, `${stall.releaseUs}`);
      assert.ok(stall.aliveUs <= stall.fromUs);
    }
    assert.ok(found.together >= 14 && found.mirrored === 0, `${found.together} ${found.mirrored}`);
    assert.ok(found.p < 1e-4);
  });

  test('half of all requests may be held', () => {
    const pauses = Array.from({ length: 9 }, (_, i) => [1_000 * i + 310, 1_000 * i + 780] as const);
    const found = findStalls(traffic(pauses));
    assert.equal(found.stalls.length, 9);
    assert.ok(found.quietUs < 25 * MS);
  });

  test('one request that gets through: nothing has stopped', () => {
    const requests = traffic([[1_000, 1_400]]).map((one) =>
      one.seq === 23 ? { ...one, endUs: one.arrivalUs + 20 * MS } : one,
    );
    assert.equal(findStalls(requests).stalls.filter(({ fromUs }) => fromUs < 1_150 * MS).length, 0);
  });

  const shapes: readonly { readonly title: string; readonly elapsedMs: (seq: number, chance: number) => number }[] = [
    { title: 'slow each for itself', elapsedMs: (_, chance) => (chance < 0.3 ? 20 + 1_300 * chance : 20 + 5 * chance) },
    { title: 'a spell in which all are slower', elapsedMs: (seq) => (seq >= 50 && seq < 90 ? 420 : 20) },
    { title: 'a swing', elapsedMs: (seq, chance) => 120 + 100 * Math.sin(seq / 15) + 5 * chance },
    { title: 'a timer', elapsedMs: (_, chance) => (chance < 0.2 ? 300 : 20) },
    { title: 'two kinds of work', elapsedMs: (_, chance) => (chance < 0.5 ? 20 : 250) + 20 * chance },
    { title: 'a heavy tail', elapsedMs: (_, chance) => 20 / Math.sqrt(1.001 - chance) },
    { title: 'growing waits that end at once', elapsedMs: (seq) => 20 + 25 * (seq % 20) },
  ];
  for (const { title, elapsedMs } of shapes) {
    test(`no evidence: ${title}`, () => {
      for (let seed = 1; seed <= 40; seed++) {
        const random = createRandom(seed);
        const requests = Array.from({ length: 200 }, (_, seq) => {
          const arrivalUs = 50 * MS * seq;
          return { seq, arrivalUs, endUs: arrivalUs + Math.round(elapsedMs(seq, random.next()) * MS) };
        });
        const { p, together, mirrored } = findStalls(requests);
        assert.ok(p > 1e-3, `seed ${seed}: ${together} ${mirrored} p ${p}`);
      }
    });
  }

  test('nothing, and next to nothing', () => {
    assert.deepEqual(findStalls([]).stalls, []);
    assert.equal(findStalls([]).p, 1);
    assert.deepEqual(findStalls(traffic([[1_000, 1_300]]).slice(0, 2)).stalls, []);
  });
});

test('a period is told when it is kept, also where a pause was missed', () => {
  const period = periodOf([1_000, 2_010, 3_000, 5_005, 6_000].map((ms) => pauseAt(ms * MS)));
  assert.ok(period !== undefined && Math.abs(period - 1_000 * MS) < 10 * MS, `${period}`);
  assert.equal(periodOf([1_000, 2_300, 2_900, 5_005, 6_000].map((ms) => pauseAt(ms * MS))), undefined);
  assert.equal(periodOf([1_000, 2_000, 3_000].map((ms) => pauseAt(ms * MS))), undefined);
});
