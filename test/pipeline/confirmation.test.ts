import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CompareSpec } from '../../src/model/profile.ts';
import { createRandom } from '../../src/model/random.ts';
import { confirmingCompares } from '../../src/pipeline/confirmation.ts';

function compare(ratePerSec: number, seconds: number): CompareSpec {
  return {
    kind: 'compare',
    ratePerSec,
    durationUs: seconds * 1e6,
    arrival: 'poisson',
    newConnectionRatio: 0.5,
  };
}

test('one compare stays as it is: its slots hold both arms already', () => {
  const one = [compare(10, 60)];
  assert.equal(confirmingCompares(one, createRandom(1)), one);
});

test('several take turns in blocks of about 10 s, each as long as before in sum', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const order = confirmingCompares([compare(10, 60), compare(40, 25), compare(5, 4)], createRandom(seed));
    const lengthsOf = (rate: number): readonly number[] =>
      order.filter(({ ratePerSec }) => ratePerSec === rate).map(({ durationUs }) => durationUs / 1e6);
    const sumOf = (rate: number): number => lengthsOf(rate).reduce((sum, seconds) => sum + seconds, 0);
    assert.deepEqual([sumOf(10), Math.round(sumOf(40)), sumOf(5)], [60, 25, 4]);
    assert.ok(order.every(({ durationUs }) => durationUs <= 15e6));
    // The shorter compare is not all at one end.
    const places = order.flatMap(({ ratePerSec }, at) => (ratePerSec === 40 ? [at] : []));
    assert.ok(places[0]! < order.length / 2 && places.at(-1)! >= order.length / 2, places.join(' '));
  }
});

test('the order is drawn: of two alike each is first in about half of the turns', () => {
  const firsts = Array.from({ length: 100 }, (_, seed) => {
    const [first] = confirmingCompares([compare(10, 20), compare(40, 20)], createRandom(seed));
    return first?.ratePerSec;
  });
  const share = firsts.filter((rate) => rate === 10).length;
  assert.ok(share > 30 && share < 70, `${share}`);
});
