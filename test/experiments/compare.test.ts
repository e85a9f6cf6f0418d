import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compare, compareShots } from '../../src/experiments/compare.ts';
import type { CompareSpec } from '../../src/model/profile.ts';
import { createRandom } from '../../src/model/random.ts';
import type { Shot } from '../../src/traffic/schedule.ts';
import { answered, fakeContext, profileOf, requestOf, SLOW } from './fake-context.ts';

const SPEC: CompareSpec = {
  kind: 'compare',
  ratePerSec: 5,
  durationUs: 60_000_000,
  newConnectionRatio: 0.3,
  arrival: 'uniform',
};
const ROUTES = ['direct:web1', 'direct:web2', 'gateway'];

function slotsOf(shots: readonly Shot[]): readonly (readonly Shot[])[] {
  return [...Map.groupBy(shots, ({ slot }) => slot).values()];
}
const shotsFor = (spec: Partial<CompareSpec>, profile = profileOf(), seed = 1): readonly Shot[] => [
  ...compareShots({ ...SPEC, ...spec }, profile, createRandom(seed)),
];

describe('compareShots', () => {
  test('each slot asks every route once, the same request on the same kind of connection, close together', () => {
    const slots = slotsOf(shotsFor({}));
    assert.equal(slots.length, 300);
    for (const [index, slot] of slots.entries()) {
      assert.deepEqual(slot.map(({ route }) => route).sort(), ROUTES);
      assert.equal(new Set(slot.map(({ request, connection }) => `${request} ${connection}`)).size, 1);
      assert.ok(slot.every(({ slot: number }) => number === index));
      assert.ok(slot.every(({ tag, connection }) => tag?.kind === 'slot' && tag.arm === connection));
      // 5 slots a second: a slot is 200 ms long, of which 60 % are used.
      assert.ok(slot.every(({ dueUs }) => dueUs >= index * 200_000 && dueUs <= index * 200_000 + 120_000));
    }
  });

  test('the order within slots is random: each route is first, second and last about equally often', () => {
    const slots = slotsOf(shotsFor({}));
    for (const route of ROUTES) {
      for (const place of [0, 1, 2]) {
        const count = slots.filter((slot) => slot.toSorted((a, b) => a.dueUs - b.dueUs)[place]?.route === route).length;
        assert.ok(count > 65 && count < 135, `${route} at ${place}: ${count} of 300`);
      }
    }
  });

  test('the share of new connections is the one ordered', () => {
    for (const share of [0, 0.3, 1]) {
      const slots = slotsOf(shotsFor({ newConnectionRatio: share }));
      const count = slots.filter(([first]) => first?.connection === 'new').length;
      assert.ok(Math.abs(count / 300 - share) < 0.1, `${count}`);
    }
  });

  test('the same seed gives the same shots, another seed others', () => {
    assert.deepEqual(shotsFor({ arrival: 'poisson' }), shotsFor({ arrival: 'poisson' }));
    assert.notDeepEqual(shotsFor({}), shotsFor({}, profileOf(), 2));
  });

  test('draws ordinary requests by weight, or only the named ones', () => {
    const requests = [requestOf({ weight: 3 }), requestOf({ name: 'rare' }), SLOW];
    const drawn = slotsOf(shotsFor({}, profileOf({ requests }))).map(([first]) => first?.request);
    assert.deepEqual([...new Set(drawn)].sort(), ['home', 'rare']);
    const rare = drawn.filter((name) => name === 'rare').length;
    assert.ok(rare > 45 && rare < 105, `${rare} of 300`);
    const named = shotsFor({ requests: ['rare'] }, profileOf({ requests }));
    assert.ok(named.every(({ request }) => request === 'rare'));
  });
});

describe('compare', () => {
  test('plans one request per slot and route', () => {
    const planned = compare.plan(SPEC, profileOf(), 'compare-1');
    assert.deepEqual(planned.requestsPerRoute, { gateway: 300, 'direct:web1': 300, 'direct:web2': 300 });
    assert.equal(planned.peakRatePerSec, 15);
    assert.equal(planned.describe.length, 1);
    assert.match(planned.describe[0] ?? '', /^300 slots in 60 s: .* 2 members.* 30 % of them on new connections$/);
  });

  test('limits.maxRate lowers the slots, and says so; what is sent keeps to it', () => {
    const profile = profileOf({ limits: { maxRatePerSec: 6 } });
    const planned = compare.plan(SPEC, profile, 'compare-1');
    assert.equal(planned.requestsPerRoute.gateway, 120);
    assert.equal(planned.peakRatePerSec, 6);
    assert.match(planned.describe[1] ?? '', /limits\.maxRate lowers it to 2 slots\/s/);
    assert.equal(shotsFor({}, profile).length, 360);
  });

  test('limits.maxNewConnections lowers their share, and says so', () => {
    const profile = profileOf({ limits: { maxNewConnectionsPerSec: 1.5 } });
    const planned = compare.plan({ ...SPEC, newConnectionRatio: 1 }, profile, 'compare-1');
    assert.match(planned.describe[1] ?? '', /limits\.maxNewConnections lowers .* to 10 %/);
    const slots = slotsOf(shotsFor({ newConnectionRatio: 1 }, profile));
    const count = slots.filter(([first]) => first?.connection === 'new').length;
    assert.ok(count > 12 && count < 50, `${count} of 300`);
  });

  test('runs what it planned and goes on although everything fails', async () => {
    const spec = { ...SPEC, durationUs: 10_000_000 };
    const fake = fakeContext({ reply: () => answered(503) });
    const planned = compare.plan(spec, fake.context.profile, 'compare-1');
    assert.deepEqual(await fake.finish(compare.run(planned, spec, fake.context)), { stop: 'completed' });
    assert.equal(fake.shots().length, 150);
    assert.ok(fake.events.every(({ type }) => type === 'fire'));
  });

  test('an interruption is named', async () => {
    const fake = fakeContext();
    const planned = compare.plan(SPEC, fake.context.profile, 'compare-1');
    const running = compare.run(planned, SPEC, fake.context);
    await fake.clock.advance(1_000_000);
    fake.interrupt();
    assert.equal((await fake.finish(running)).stop, 'interrupted');
  });
});
