import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from '../../src/model/random.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { type Baseline, createBaseline, recallBaseline } from '../../src/monitor/baseline.ts';
import { everyRhythm } from '../../src/monitor/schedule.ts';
import { createMemoryHistory } from '../helpers/memory-history.ts';
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

test('after a restart what was ordinary is known from history, of the last rounds alone', () => {
  const history = createMemoryHistory();
  const everyUs = 30_000_000;
  const ordinary = everyRhythm(everyUs, 1, createRandom(1));
  const nowAtUs = 86_400_000_000_000;
  for (let i = 0; i < 800; i++) {
    const isNew = i % 2 === 0;
    const connection = { id: i, isNew, ageUs: 0, idleUs: 0 };
    // Twice as slow until 400 rounds ago; and now and then something fails.
    const us = i < 400 ? 20_000 : 10_000;
    const exchange = exchangeOf(GATEWAY, statusOf(i % 50 === 0 ? 503 : 200), { endUs: us, connection });
    const startedAtUs = nowAtUs - (800 - i) * everyUs;
    const round = { profile: 'shop', kind: 'scheduled' as const, startedAtUs, endedAtUs: startedAtUs + us, lagUs: 0 };
    history.append({ ...round, exchanges: [exchange] }, []);
  }
  const baseline = createBaseline();
  assert.equal(baseline.isReady(GATEWAY, 'home'), false);
  recallBaseline(history, { profile: 'shop', baseline, ordinary }, nowAtUs);
  assert.equal(baseline.isReady(GATEWAY, 'home'), true);
  const medianUs = baseline.medianUs(took(1)) ?? 0;
  assert.ok(Math.abs(medianUs - 10_000) < 20, `${medianUs}`);
  assert.equal(baseline.isCold(took(500_000)), true);
  assert.equal(baseline.isCold(took(10_500)), false);
  const long = createBaseline();
  recallBaseline(history, { profile: 'shop', baseline: long, ordinary }, nowAtUs + 86_400_000_000);
  assert.equal(long.isReady(GATEWAY, 'home'), false, 'stopped for a day: it may be another load');
});
