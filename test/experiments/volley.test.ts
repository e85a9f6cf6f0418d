import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { volley } from '../../src/experiments/volley.ts';
import type { VolleySpec } from '../../src/model/profile.ts';
import { GATEWAY } from '../../src/model/route.ts';
import type { Shot } from '../../src/traffic/schedule.ts';
import { answered, type FakeOptions, fakeContext, profileOf, requestOf } from './fake-context.ts';

const SPEC: VolleySpec = { kind: 'volley', sizes: [4, 8, 16] };

async function run(options: FakeOptions, spec = SPEC) {
  const fake = fakeContext(options);
  const planned = volley.plan(spec, fake.context.profile, 'volley-1');
  const end = await fake.finish(volley.run(planned, spec, fake.context));
  const fired = fake.events.flatMap((event) => (event.type === 'fire' ? [event.shots] : []));
  return { fake, end, fired, order: fired.map((shots) => `${shots[0]?.route} ${shots.length}`) };
}

const sizeOf = ({ tag }: Shot): number => (tag?.kind === 'volley' ? tag.size : 0);

describe('volley', () => {
  test('plans two rounds of each size on every route', () => {
    const planned = volley.plan(SPEC, profileOf(), 'volley-1');
    assert.deepEqual(planned.requestsPerRoute, { gateway: 56, 'direct:web1': 56, 'direct:web2': 56 });
    assert.equal(planned.peakInFlight, 16);
    assert.equal(planned.refused, undefined);
  });

  for (const limits of [{ maxInFlight: 8 }, { maxRatePerSec: 8 }]) {
    test(`leaves out sizes above ${JSON.stringify(limits)}, and says so`, async () => {
      const profile = profileOf({ limits });
      const planned = volley.plan(SPEC, profile, 'volley-1');
      assert.equal(planned.requestsPerRoute.gateway, 24);
      assert.match(planned.describe[1] ?? '', /^1 sizes are above/);
      const { fired } = await run({ profile });
      assert.ok(fired.every(({ length }) => length <= 8));
    });
  }

  test('is refused when every size is above the limits', () => {
    const planned = volley.plan(SPEC, profileOf({ limits: { maxInFlight: 2 } }), 'volley-1');
    assert.match(planned.refused ?? '', /every size/);
    assert.equal(planned.peakInFlight, 0);
  });

  test('members first, the gateway last, growing sizes, each twice, at one instant on prepared connections', async () => {
    const { fake, fired, order, end } = await run({});
    assert.deepEqual(
      order,
      ['direct:web1', 'direct:web2', 'gateway'].flatMap((route) => [4, 4, 8, 8, 16, 16].map((n) => `${route} ${n}`)),
    );
    assert.ok(fired.flat().every(({ dueUs, connection }) => dueUs === 0 && connection === 'warm'));
    assert.deepEqual(
      fired.slice(0, 2).map(([shot]) => shot?.tag),
      [0, 1].map((round) => ({ kind: 'volley', size: 4, round })),
    );
    const prepared = fake.events.flatMap((event) =>
      event.type === 'prepare' ? [`${event.route} ${event.connections}`] : [],
    );
    assert.deepEqual(prepared, order);
    assert.deepEqual(end, { stop: 'completed', notes: [] });
    const times = fake.events.flatMap((event) => (event.type === 'fire' ? [event.atUs] : []));
    assert.ok(times.slice(1).every((at, i) => at - (times[i] as number) >= 250_000));
  });

  test('a quick request beside slow ones: alone first, then during volleys through the gateway, on every route', async () => {
    const profile = profileOf({
      requests: [requestOf({ name: 'home' }), requestOf({ name: 'report', path: '/report' })],
    });
    const spec: VolleySpec = { kind: 'volley', sizes: [4, 8], request: 'report', beside: 'home' };
    const planned = volley.plan(spec, profile, 'volley-1');
    const { fired } = await run({ profile }, spec);
    const sent = fired.flat();
    for (const [route, count] of Object.entries(planned.requestsPerRoute))
      assert.equal(sent.filter((shot) => shot.route === route).length, count, route);
    const alone = fired[0] ?? [];
    assert.ok(alone.length === 24 && alone.every(({ request, tag }) => request === 'home' && tag?.kind === 'beside'));
    for (const shots of fired.slice(1)) {
      const isGateway = shots.some(({ route, tag }) => route === GATEWAY && tag?.kind === 'volley');
      const quick = shots.filter(({ request }) => request === 'home');
      assert.equal(quick.length, isGateway ? 12 : 0);
      assert.ok(quick.every(({ dueUs, tag }) => dueUs > 0 && dueUs < 200_000 && tag?.kind === 'beside'));
    }
    assert.match(planned.describe[1] ?? '', /^home 4 times during each volley through the gateway/);
  });

  test('quick requests count where limits are near', () => {
    const spec: VolleySpec = { kind: 'volley', sizes: [4, 8], request: 'report', beside: 'home' };
    const planned = volley.plan(spec, profileOf({ limits: { maxInFlight: 16 } }), 'volley-1');
    assert.match(planned.describe[0] ?? '', /^volleys of 4 requests/);
    assert.match(planned.describe[2] ?? '', /^1 sizes are above/);
  });

  test('once a size fails, the larger ones are left out on that route alone', async () => {
    const { order, end } = await run({
      reply: (shot) => answered(shot.route === 'direct:web2' && sizeOf(shot) >= 8 ? 503 : 200),
    });
    assert.deepEqual(
      order.filter((name) => name.startsWith('direct:web2')),
      ['direct:web2 4', 'direct:web2 4', 'direct:web2 8'],
    );
    assert.equal(order.length, 15);
    assert.equal(end.notes?.length, 1);
    assert.match(end.notes?.[0] ?? '', /^direct:web2: stopped at volleys of 8: \d of \d requests failed/);
  });

  test('an interruption ends it between two volleys', async () => {
    const fake = fakeContext();
    const planned = volley.plan(SPEC, fake.context.profile, 'volley-1');
    const running = volley.run(planned, SPEC, fake.context);
    await fake.clock.advance(600_000);
    fake.interrupt();
    assert.equal((await fake.finish(running)).stop, 'interrupted');
    assert.ok(fake.shots().length < 56, `${fake.shots().length}`);
  });
});
