import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { idle } from '../../src/experiments/idle.ts';
import type { IdleSpec } from '../../src/model/profile.ts';
import { fakeContext, profileOf } from './fake-context.ts';

const SPEC: IdleSpec = { kind: 'idle', gapsUs: [1_000_000, 60_000_000, 600_000_000], repeats: 2 };

describe('idle', () => {
  test('plans six requests per gap, repeat and route, and the time of the silence', () => {
    const planned = idle.plan(SPEC, profileOf(), 'idle-1');
    assert.deepEqual(planned.requestsPerRoute, { gateway: 36, 'direct:web1': 36, 'direct:web2': 36 });
    assert.ok(planned.durationUs > 1_322_000_000 && planned.durationUs < 1_340_000_000, `${planned.durationUs}`);
    assert.match(planned.describe[0] ?? '', /1 s, 60 s, 10 min/);
    assert.equal(planned.refused, undefined);
  });

  test('is refused where not even every route can be asked at once', () => {
    assert.match(idle.plan(SPEC, profileOf({ limits: { maxInFlight: 2 } }), 'idle-1').refused ?? '', /maxInFlight/);
  });

  test('each rung: idle connections closed, the gap slept, then every route at once, all on new connections', async () => {
    const fake = fakeContext();
    const planned = idle.plan(SPEC, fake.context.profile, 'idle-1');
    const end = await fakeFinish(fake, idle.run(planned, SPEC, fake.context));
    assert.deepEqual(end, { stop: 'completed' });
    assert.deepEqual(
      fake.events.map(({ type }) => type),
      Array.from({ length: 6 }, () => ['closeIdle', 'fire']).flat(),
    );
    const rungs: string[] = [];
    for (let i = 0; i < fake.events.length; i += 2) {
      const [quiet, fired] = [fake.events[i], fake.events[i + 1]];
      assert.ok(quiet?.type === 'closeIdle' && fired?.type === 'fire');
      const { tag } = fired.shots[0] ?? {};
      assert.ok(tag?.kind === 'idle');
      assert.equal(fired.atUs - quiet.atUs, tag.gapUs);
      rungs.push(`${tag.gapUs} ${tag.repeat}`);
      assert.ok(fired.shots.every(({ connection }) => connection === 'new'));
      const first = fired.shots.filter(({ tag: one }) => one?.kind === 'idle' && one.order === 0);
      assert.deepEqual(
        first.map(({ route, dueUs }) => `${route} ${dueUs}`),
        ['gateway 0', 'direct:web1 0', 'direct:web2 0'],
      );
      assert.equal(fired.shots.length, 18);
      assert.ok(fired.shots.every(({ dueUs, tag: one }) => one?.kind === 'idle' && one.order > 0 === dueUs > 0));
    }
    const wanted = SPEC.gapsUs.flatMap((gapUs) => [`${gapUs} 0`, `${gapUs} 1`]);
    assert.deepEqual(rungs.toSorted(), wanted.toSorted());
  });

  test('the order of the rungs is random and repeated from the seed', async () => {
    const orderOf = async (seed: number): Promise<string> => {
      const fake = fakeContext({ seed });
      await fakeFinish(fake, idle.run(idle.plan(SPEC, fake.context.profile, 'idle-1'), SPEC, fake.context));
      return fake.events
        .flatMap((event) => (event.type === 'fire' ? [JSON.stringify(event.shots[0]?.tag)] : []))
        .join();
    };
    const orders = await Promise.all([1, 1, 2, 3, 4].map(orderOf));
    assert.equal(orders[0], orders[1]);
    assert.ok(new Set(orders).size >= 3);
  });

  test('an interruption ends the silence at once', async () => {
    const fake = fakeContext();
    const spec = { ...SPEC, gapsUs: [3_600_000_000], repeats: 1 };
    const running = idle.run(idle.plan(spec, fake.context.profile, 'idle-1'), spec, fake.context);
    await fake.clock.advance(1_000_000);
    fake.interrupt();
    assert.equal((await running).stop, 'interrupted');
    assert.equal(fake.shots().length, 0);
    assert.equal(fake.clock.nowUs(), 1_000_000);
  });
});

/** Minutes of silence in one step each. */
async function fakeFinish<T>(fake: ReturnType<typeof fakeContext>, running: Promise<T>): Promise<T> {
  await fake.clock.runAll();
  return running;
}
