import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/model/random.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { type Baseline, createBaseline } from '../../src/monitor/baseline.ts';
import { exchangeOf, statusOf } from './exchanges.ts';

const took = (us: number) => exchangeOf(GATEWAY, statusOf(200), { endUs: us });

function learned(count: number, timeUs: () => number): Baseline {
  const baseline = createBaseline();
  for (let i = 0; i < count; i++) baseline.add(took(timeUs()));
  return baseline;
}

for (const { name, count = 120, firstUs, cold } of [
  { name: 'a first request like the others is warm', firstUs: 11_000, cold: false },
  { name: 'one that takes seconds is cold', firstUs: 3_000_000, cold: true },
  { name: 'slower than all others, and felt by nobody: warm', firstUs: 60_000, cold: false },
  { name: 'with 98 others nothing can be told', count: 98, firstUs: 3_000_000, cold: undefined },
]) {
  test(name, () => assert.equal(learned(count, () => 10_000).isCold(took(firstUs)), cold));
}

test('a failure is neither warm nor cold, and is no part of what is ordinary', () => {
  const baseline = learned(120, () => 10_000);
  assert.equal(baseline.isCold(exchangeOf(GATEWAY, statusOf(503), { endUs: 3_000_000 })), undefined);
  for (let i = 0; i < 200; i++) baseline.add(exchangeOf(GATEWAY, statusOf(503), { endUs: 3_000_000 }));
  assert.equal(baseline.isCold(took(3_000_000)), true);
});

test('of 40 healthy farms with a long tail almost no first request is called cold', () => {
  let cold = 0;
  for (let seed = 0; seed < 40; seed++) {
    const random = createRandom(seed);
    const timeUs = () => 20_000 * Math.exp(1.2 * (random.next() + random.next() + random.next() + random.next() - 2));
    const baseline = learned(200, timeUs);
    for (let i = 0; i < 10; i++) if (baseline.isCold(took(timeUs()))) cold++;
  }
  assert.ok(cold <= 4, `${cold} of 400`);
});

test('new and kept connections have baselines of their own', () => {
  const baseline = learned(120, () => 10_000);
  const warm = { ...took(3_000_000), connection: { id: 1, isNew: false, ageUs: 1, idleUs: 1 } };
  assert.equal(baseline.isSlow(warm), false);
  assert.equal(baseline.isSlow(took(3_000_000)), true);
  assert.ok(baseline.isReady(GATEWAY, 'home') && !baseline.isReady(GATEWAY, 'other'));
});
