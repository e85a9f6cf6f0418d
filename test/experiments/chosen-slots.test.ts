import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compare } from '../../src/experiments/compare.ts';
import type { ChosenSlots, CompareSpec } from '../../src/model/profile.ts';
import type { Shot } from '../../src/traffic/schedule.ts';
import { answered, type FakeOptions, fakeContext, profileOf, requestOf } from './fake-context.ts';

const SPEC: CompareSpec = {
  kind: 'compare',
  ratePerSec: 5,
  durationUs: 8_000_000,
  newConnectionRatio: 0.25,
  arrival: 'uniform',
};

function specOf(chosen: ChosenSlots, more: Partial<CompareSpec> = {}): CompareSpec {
  return { ...SPEC, ...more, chosen };
}

async function run(spec: CompareSpec, options: FakeOptions = {}) {
  const fake = fakeContext(options);
  const planned = compare.plan(spec, fake.context.profile, 'compare-1');
  const end = await fake.finish(compare.run(planned, spec, fake.context));
  const rounds = new Set(fake.shots().map(({ slot }) => slot)).size;
  return { end, rounds, shots: fake.shots(), planned, fake };
}

/** Every so manyth request of a route fails. */
function everyNth(route: string, nth: number, reply = answered(502, 5_000)): FakeOptions {
  let asked = 0;
  return { reply: (shot: Shot) => (shot.route === route && asked++ % nth === nth - 1 ? reply : answered()) };
}

describe('a baseline', () => {
  const baseline = specOf({ until: 'baseline' });

  test('ends clean after 32 of 40 rounds', async () => {
    const { end, rounds, shots } = await run(baseline);
    assert.equal(rounds, 32);
    assert.equal(shots.length, 32 * 3);
    assert.match(end.notes?.[0] ?? '', /after 32 of at most 40 rounds: no route fails as often as one in ten/);
  });

  test('ends after 12 rounds where every request fails', async () => {
    const { rounds, end } = await run(baseline, { reply: () => answered(502, 5_000) });
    assert.equal(rounds, 12);
    assert.match(end.notes?.[0] ?? '', /12 of 12 through the gateway failed/);
  });

  test('ends when one member is told to fail', async () => {
    const { rounds, end } = await run(baseline, everyNth('direct:web2', 4));
    assert.ok(rounds >= 12 && rounds <= 20, `${rounds}`);
    assert.match(end.notes?.[0] ?? '', /directly to web2 failed/);
  });

  test('goes on to its end where one failure leaves it undecided', async () => {
    const { rounds, end } = await run(baseline, everyNth('gateway', 20));
    assert.equal(rounds, 40);
    assert.equal(end.notes, undefined);
  });

  test('asks every kind of request in turn, also on new connections', async () => {
    const requests = [requestOf(), requestOf({ name: 'report', path: '/report', weight: 0.1 })];
    const { shots } = await run(baseline, { profile: profileOf({ requests }) });
    const gateway = shots.filter(({ route }) => route === 'gateway');
    for (const name of ['home', 'report']) {
      const own = gateway.filter(({ request }) => request === name);
      assert.equal(own.length, 16);
      assert.equal(own.filter(({ connection }) => connection === 'new').length, 4);
    }
  });

  test('never asks for a delay', async () => {
    const { shots } = await run(baseline);
    assert.ok(shots.every(({ request, delayMs }) => request === 'home' && delayMs === undefined));
  });

  const SLOW = everyNth('gateway', 1, answered(504, 1_500_000));
  for (const slowRequest of ['one-member', 'all-members', 'unknown'] as const) {
    test(`ends at the first slow failure where ${slowRequest} may be taken out`, async () => {
      const { rounds, end } = await run(baseline, { ...SLOW, guard: { slowRequest } });
      assert.equal(rounds, 4);
      assert.match(end.notes?.[0] ?? '', /failed after 1.5 s, and a reason/);
    });
  }

  test('goes on at slow failures where they harm nobody', async () => {
    assert.equal((await run(baseline, SLOW)).rounds, 12);
    const alone = { ...SLOW, profile: profileOf({ members: 1 }), guard: { slowRequest: 'unknown' as const } };
    assert.equal((await run(baseline, alone)).rounds, 12);
  });

  test('keeps the limits of the profile', async () => {
    const profile = profileOf({ limits: { maxRatePerSec: 6, maxNewConnectionsPerSec: 3 } });
    const { planned, fake } = await run(baseline, { profile });
    assert.ok(planned.peakRatePerSec <= 3 + 1e-9, `${planned.peakRatePerSec}`);
    const due = fake.events.flatMap((event) =>
      event.type === 'fire' ? event.shots.map(({ dueUs }) => event.atUs + dueUs) : [],
    );
    for (const atUs of due) {
      const within = due.filter((other) => other >= atUs && other < atUs + 1_000_000).length;
      assert.ok(within <= 6, `${within} in a second`);
    }
  });

  test('stops where the user interrupts', async () => {
    const fake = fakeContext();
    const running = compare.run(compare.plan(baseline, fake.context.profile, 'compare-1'), baseline, fake.context);
    fake.interrupt();
    assert.equal((await fake.finish(running)).stop, 'interrupted');
  });
});

describe('evidence', () => {
  const evidence = specOf({ until: 'evidence', routes: ['direct:web2'] }, { durationUs: 12_000_000 });

  test('asks only the routes that are named', async () => {
    const { shots, planned } = await run(evidence);
    assert.deepEqual([...new Set(shots.map(({ route }) => route))], ['direct:web2']);
    assert.deepEqual(planned.requestsPerRoute, { 'direct:web2': 60 });
  });

  test('ends with the fourth failure in 28, and clean after 32', async () => {
    assert.ok((await run(evidence, everyNth('direct:web2', 7))).rounds <= 28);
    assert.equal((await run(evidence)).rounds, 32);
  });

  test('is not satisfied by one failure', async () => {
    assert.ok((await run(evidence, everyNth('direct:web2', 58))).rounds >= 32);
  });
});

test('all rounds, where nothing is to be decided', async () => {
  const { rounds, planned } = await run(specOf({ until: 'all' }, { durationUs: 4_000_000 }));
  assert.equal(rounds, 20);
  assert.match(planned.describe[0] ?? '', /^20 rounds at 5\/s/);
});
