import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExperimentEnd } from '../../src/experiments/experiment.ts';
import { timeout } from '../../src/experiments/timeout.ts';
import type { TimeoutSpec } from '../../src/model/profile.ts';
import type { Shot } from '../../src/traffic/schedule.ts';
import {
  answered,
  type Fake,
  type FakeOptions,
  fakeContext,
  profileOf,
  type Reply,
  requestOf,
  SLOW,
} from './fake-context.ts';

const SPEC: TimeoutSpec = { kind: 'timeout', upToUs: 35_000_000 };
const SAFE = { ...SLOW, safe: true };
const safeProfile = profileOf({ requests: [requestOf(), SAFE] });

/** A gateway with a timer in front of members that answer after the delay asked for; our own limit ends what is longer. */
function farmWith(timerUs: number, status = 504): (shot: Shot) => Reply {
  return ({ route, delayMs = 0, limitUs = 60_000_000 }) => {
    const delayUs = delayMs * 1_000 + 3_000;
    const cut = route === 'gateway' && timerUs < delayUs;
    const serviceUs = cut ? timerUs : delayUs;
    if (serviceUs < limitUs) return answered(cut ? status : 200, serviceUs);
    return { outcome: { kind: 'timeout', waitingFor: 'headers', limitUs, bytesReceived: 0 }, serviceUs: limitUs };
  };
}

type Asked = { readonly purpose: string; readonly route: string; readonly delayUs: number; readonly limitUs: number };
async function run(
  options: FakeOptions,
  spec = SPEC,
): Promise<{ fake: Fake; end: ExperimentEnd; asked: readonly Asked[] }> {
  const fake = fakeContext(options);
  const planned = timeout.plan(spec, fake.context.profile, 'timeout-1');
  const running = timeout.run(planned, spec, fake.context);
  await fake.clock.runAll();
  const asked = fake.shots().map(({ route, tag, limitUs = 0, delayMs = 0, request, connection }) => {
    assert.ok(tag?.kind === 'delay');
    assert.equal(tag.delayUs, delayMs * 1_000);
    assert.equal(request, 'slow');
    assert.equal(connection, 'new');
    return { purpose: tag.purpose, route, delayUs: tag.delayUs, limitUs };
  });
  return { fake, end: await running, asked };
}

const words = (asked: readonly Asked[]): string[] =>
  asked.map(({ purpose, delayUs }) => `${purpose} ${delayUs / 1_000}`);

describe('timeout where a slow request takes nobody out', () => {
  test('three requests and a direct one find the timer: 2 % below it comes back, 2 % above fails', async () => {
    const { asked, end } = await run({ reply: farmWith(30_000_000) });
    assert.deepEqual(words(asked), ['beyond 35000', 'direct 35000', 'below 29400', 'above 30600']);
    assert.deepEqual(
      asked.map(({ route }) => route),
      ['gateway', 'direct:web1', 'gateway', 'gateway'],
    );
    assert.ok(asked.every(({ limitUs, delayUs }) => limitUs >= delayUs + 2_000_000));
    assert.deepEqual(end, { stop: 'completed' });
  });

  test('a short timer: the margin is 200 ms at least, the direct request a quarter longer than the timer', async () => {
    const { asked } = await run({ reply: farmWith(2_000_000) });
    assert.deepEqual(words(asked), ['beyond 35000', 'direct 2800', 'below 1800', 'above 2200']);
  });

  test('a timer shorter than the margin: nothing is sent below it', async () => {
    const { asked } = await run({ reply: farmWith(150_000) });
    assert.deepEqual(words(asked), ['beyond 35000', 'direct 488', 'above 350']);
  });

  test('everything comes back: no timer is shorter, said and not searched further', async () => {
    const { asked, end } = await run({ reply: farmWith(60_000_000) });
    assert.deepEqual(words(asked), ['beyond 35000', 'direct 35000']);
    assert.match(end.notes?.[0] ?? '', /a request of 35 s came back: no timer of the gateway is shorter/);
  });

  test('a timer that answers with a reset counts as well', async () => {
    const reset = { kind: 'connection-error', phase: 'wait', code: 'reset', detail: '', bytesReceived: 0 } as const;
    const farm = farmWith(10_000_000);
    const { asked } = await run({
      reply: (shot) => {
        const reply = farm(shot);
        return reply.outcome.kind === 'response' && reply.outcome.status === 504 ? { ...reply, outcome: reset } : reply;
      },
    });
    assert.deepEqual(words(asked).slice(2), ['below 9800', 'above 10200']);
  });

  test('one member: nobody else can be taken out, so the guard is not asked', async () => {
    const profile = profileOf({ members: 1 });
    const { asked } = await run({ profile, reply: farmWith(30_000_000), guard: { slowRequest: 'all-members' } });
    assert.equal(asked.length, 4);
  });

  test('an interruption while waiting: nothing more is sent', async () => {
    const fake = fakeContext({ reply: farmWith(30_000_000) });
    const running = timeout.run(timeout.plan(SPEC, fake.context.profile, 'timeout-1'), SPEC, fake.context);
    await fake.clock.advance(1_000_000);
    fake.interrupt();
    await fake.clock.runAll();
    assert.equal((await running).stop, 'interrupted');
    assert.equal(fake.shots().length, 1);
  });
});

describe('timeout where slow requests take members out', () => {
  for (const slowRequest of ['one-member', 'all-members', 'unknown'] as const) {
    test(`${slowRequest}: nothing is sent unless the request is marked safe`, async () => {
      const { asked, end } = await run({ guard: { slowRequest, because: 'nginx would' } });
      assert.deepEqual(asked, []);
      assert.equal(end.stop, 'guard');
      assert.match(end.stopReason ?? '', /nginx would\. Mark request slow with safe: true/);
    });
  }

  test('a profile without members does not say how many there are: the guard holds', async () => {
    const profile = profileOf({ members: 0 });
    const { asked, end } = await run({ profile, guard: { slowRequest: 'all-members' } });
    assert.deepEqual(asked, []);
    assert.equal(end.stop, 'guard');
  });

  const GUARD = { slowRequest: 'all-members', because: 'it tries the next member.', holdUs: 10_000_000 } as const;

  test('safe: growing steps until the first failure, one direct, a wait, then the confirmation', async () => {
    const { fake, asked, end } = await run({ profile: safeProfile, guard: GUARD, reply: farmWith(2_000_000) });
    assert.deepEqual(words(asked), [
      'ladder 250',
      'ladder 307',
      'ladder 408',
      'ladder 587',
      'ladder 904',
      'ladder 1466',
      'ladder 2462',
      'direct 2462',
      'below 1800',
      'above 2200',
    ]);
    assert.equal(end.stop, 'completed');
    assert.match(end.notes?.[0] ?? '', /because it tries the next member\. Ended at the first failure \(2\.46 s\)/);
    const times = fake.events.flatMap((event) => (event.type === 'fire' ? [event.atUs] : []));
    assert.ok(
      (times[8] as number) - (times[7] as number) >= 2_462_000 + 10_000_000,
      'the member is back before the next',
    );
  });

  test('our own limit comes before a second member has waited for a whole timer', async () => {
    for (const timerUs of [255_000, 300_000, 430_000, 700_000, 1_000_000, 2_000_000, 5_000_000, 20_000_000]) {
      const { asked } = await run({ profile: safeProfile, guard: GUARD, reply: farmWith(timerUs) });
      const gentle = asked.filter(({ route }) => route === 'gateway');
      assert.ok(gentle.length > 2 && gentle.at(-1)?.purpose === 'above', `${timerUs}`);
      for (const { limitUs, delayUs } of gentle)
        assert.ok(limitUs < 2 * timerUs, `${timerUs}: ${limitUs} for ${delayUs}`);
    }
  });

  test('a gateway that tries on: our own limit ends it, and no timer is made up from that', async () => {
    const { asked, end } = await run({
      profile: safeProfile,
      guard: GUARD,
      reply: (shot) => {
        const { limitUs = 0, delayMs = 0 } = shot;
        if (shot.route !== 'gateway' || delayMs < 2_000) return farmWith(60_000_000)(shot);
        return { outcome: { kind: 'timeout', waitingFor: 'headers', limitUs, bytesReceived: 0 }, serviceUs: limitUs };
      },
    });
    assert.deepEqual(words(asked).slice(-2), ['ladder 2462', 'direct 2462']);
    assert.match(end.notes?.[1] ?? '', /may be trying another member/);
  });

  test('everything comes back: the last step is the longest delay of the profile', async () => {
    const { asked, end } = await run({ profile: safeProfile, guard: GUARD, reply: farmWith(60_000_000) });
    assert.equal(words(asked).at(-1), 'ladder 35000');
    const steps = asked.map(({ delayUs }) => delayUs);
    assert.ok(steps.slice(1).every((step, i) => step > (steps[i] as number) && step < 1.75 * (steps[i] as number)));
    assert.match(end.notes?.[0] ?? '', /no timer of the gateway is shorter/);
  });
});

describe('the plan of timeout', () => {
  test('never less than what is sent', async () => {
    for (const profile of [profileOf({ members: 0 }), profileOf({ members: 1 }), profileOf(), safeProfile]) {
      for (const slowRequest of ['never', 'all-members'] as const) {
        const planned = timeout.plan(SPEC, profile, 'timeout-1').requestsPerRoute;
        for (const timerUs of [300_000, 2_000_000, 34_000_000, 60_000_000]) {
          const { asked } = await run({ profile, guard: { slowRequest }, reply: farmWith(timerUs) });
          for (const [route, own] of Map.groupBy(asked, ({ route: name }) => name))
            assert.ok(own.length <= (planned[route as 'gateway'] ?? 0), `${route}: ${own.length}`);
        }
      }
    }
  });

  test('without a request with {delayMs} nothing is sent', async () => {
    const profile = profileOf({ requests: [requestOf()] });
    assert.deepEqual(timeout.plan(SPEC, profile, 'timeout-1').requestsPerRoute, {});
    const { asked, end } = await run({ profile });
    assert.deepEqual(asked, []);
    assert.match(end.notes?.[0] ?? '', /no request with \{delayMs\}/);
  });
});
