import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { burst, burstShots } from '../../src/experiments/burst.ts';
import type { BurstSpec } from '../../src/model/profile.ts';
import { createRandom } from '../../src/model/random.ts';
import { answered, fakeContext, profileOf, requestOf } from './fake-context.ts';

const OPEN: BurstSpec = {
  kind: 'burst',
  load: { loop: 'open', ratePerSec: 50 },
  durationUs: 10_000_000,
  arrival: 'uniform',
};
const CLOSED: BurstSpec = { ...OPEN, load: { loop: 'closed', connections: 80 } };

describe('burstShots', () => {
  const shots = [...burstShots(OPEN, 50, profileOf(), createRandom(1))];

  test('the load goes through the gateway, a second after the start', () => {
    const load = shots.filter(({ tag }) => tag?.kind === 'load');
    assert.equal(load.length, 500);
    assert.ok(load.every(({ route, connection }) => route === 'gateway' && connection === 'warm'));
    assert.equal(Math.min(...load.map(({ dueUs }) => dueUs)), 1_000_000);
    assert.ok(load.every(({ dueUs }) => dueUs < 11_000_000));
  });

  test('a canary asks every member directly, 4 times a second, before, during and after, no two in step', () => {
    const canaries = Map.groupBy(
      shots.filter(({ tag }) => tag?.kind === 'canary'),
      ({ route }) => route,
    );
    assert.deepEqual([...canaries.keys()], ['direct:web1', 'direct:web2']);
    for (const own of canaries.values()) {
      const due = own.map(({ dueUs }) => dueUs).sort((a, b) => a - b);
      assert.equal(due.length, 4 * 13);
      assert.ok((due[0] as number) < 250_000 && (due.at(-1) as number) > 12_500_000);
      assert.ok(
        due.every((at, i) => Math.floor(at / 250_000) === i),
        'one in each quarter of a second',
      );
    }
    const times = [...canaries.values()].map((own) => own.map(({ dueUs }) => Math.round(dueUs)).join());
    assert.notEqual(times[0], times[1]);
  });

  test('is repeated from its seed', () => {
    assert.deepEqual([...burstShots(OPEN, 50, profileOf(), createRandom(1))], shots);
  });
});

describe('burst', () => {
  test('plans load and canary', () => {
    const planned = burst.plan(OPEN, profileOf(), 'burst-1');
    assert.deepEqual(planned.requestsPerRoute, { gateway: 500, 'direct:web1': 52, 'direct:web2': 52 });
    assert.equal(planned.peakRatePerSec, 58);
    assert.equal(planned.durationUs, 13_000_000);
    assert.equal(planned.describe.length, 1);
    assert.equal(burst.loop(OPEN), 'open');
  });

  test('limits.maxRate holds for load and canary together', async () => {
    const profile = profileOf({ limits: { maxRatePerSec: 30 } });
    const planned = burst.plan(OPEN, profile, 'burst-1');
    assert.equal(planned.requestsPerRoute.gateway, 220);
    assert.equal(planned.peakRatePerSec, 30);
    assert.match(planned.describe[1] ?? '', /limits\.maxRate \(with the canary\) lowers the burst from 50\/s to 22\/s/);
    const fake = fakeContext({ profile });
    await fake.finish(burst.run(planned, OPEN, fake.context));
    assert.equal(fake.shots().filter(({ route }) => route === 'gateway').length, 220);
  });

  test('stops when the load fails', async () => {
    const fake = fakeContext({ reply: ({ route, dueUs }) => answered(route === 'gateway' && dueUs > 3e6 ? 503 : 200) });
    const planned = burst.plan(OPEN, fake.context.profile, 'burst-1');
    const end = await fake.finish(burst.run(planned, OPEN, fake.context));
    assert.equal(end.stop, 'abort-rule');
    assert.match(end.stopReason ?? '', /requests failed, far more than before/);
    assert.equal(fake.events.filter(({ type }) => type === 'stop').length, 1);
    const sent = fake.context.live.ofExperiment('burst-1').filter(({ outcome }) => outcome.kind !== 'not-sent');
    assert.ok(sent.length > 100 && sent.length < 180, `${sent.length} of ${fake.shots().length}`);
  });

  test('runs to its end when all is well', async () => {
    const fake = fakeContext();
    const planned = burst.plan(OPEN, fake.context.profile, 'burst-1');
    assert.deepEqual(await fake.finish(burst.run(planned, OPEN, fake.context)), { stop: 'completed' });
    assert.ok(fake.events.every(({ type }) => type === 'fire'));
  });

  test('closed loop: connections within limits.maxInFlight; what the engine lost is told', async () => {
    const requests = [requestOf(), requestOf({ name: 'heavy', weight: 5 })];
    const fake = fakeContext({ profile: profileOf({ requests }), burstResult: { unaccounted: 3, failed: 'oops' } });
    const planned = burst.plan(CLOSED, fake.context.profile, 'burst-1');
    assert.deepEqual(planned.requestsPerRoute, { gateway: 1_000 });
    assert.equal(planned.peakInFlight, 50);
    assert.match(planned.describe[1] ?? '', /limits\.maxInFlight lowers the connections from 80 to 50/);
    assert.equal(burst.loop(CLOSED), 'closed');
    const end = await fake.finish(burst.run(planned, CLOSED, fake.context));
    assert.deepEqual(fake.events, [
      { type: 'burst', load: { route: 'gateway', request: 'heavy', connections: 50, durationUs: 10_000_000 } },
    ]);
    assert.equal(end.stop, 'completed');
    assert.match(end.notes?.[0] ?? '', /^3 requests were closed without an answer/);
    assert.match(end.notes?.[1] ?? '', /oops/);
  });

  test('closed loop: never plans more than limits.maxRequests', () => {
    const planned = burst.plan(CLOSED, profileOf({ limits: { maxRequests: 120 } }), 'burst-1');
    assert.equal(planned.requestsPerRoute.gateway, 120);
  });
});
