/** Every experiment keeps the limits by itself, whatever it is asked for. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { burst } from '../../src/experiments/burst.ts';
import { compare } from '../../src/experiments/compare.ts';
import type { Experiment } from '../../src/experiments/experiment.ts';
import { idle } from '../../src/experiments/idle.ts';
import { ramp } from '../../src/experiments/ramp.ts';
import { timeout } from '../../src/experiments/timeout.ts';
import { volley } from '../../src/experiments/volley.ts';
import type { PlannedExperiment } from '../../src/model/plan.ts';
import type { ExperimentSpec, Limits } from '../../src/model/profile.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import { type Fake, fakeContext, profileOf, requestOf, SLOW } from './fake-context.ts';

type Ran = { readonly fake: Fake; readonly planned: PlannedExperiment; readonly due: readonly Due[] };
type Due = { readonly route: string; readonly atUs: number };

/** All requests by the moment they were due. The target answers at once, so that nothing but the experiment itself holds it back. */
async function run<S extends ExperimentSpec>(
  experiment: Experiment<S>,
  spec: S,
  limits: Partial<Limits>,
  members = 2,
): Promise<Ran> {
  const requests = [requestOf(), { ...SLOW, safe: true }];
  const fake = fakeContext({ profile: profileOf({ limits, members, requests }) });
  const planned = experiment.plan(spec, fake.context.profile, 'one');
  const running = experiment.run(planned, spec, fake.context);
  await fake.clock.runAll(24 * 3_600 * US_PER_SEC);
  await running;
  const due = fake.events.flatMap((event) =>
    event.type === 'fire' ? event.shots.map(({ route, dueUs }) => ({ route, atUs: event.atUs + dueUs })) : [],
  );
  return { fake, planned, due };
}

/** The most that are due within any second. */
function peakOf(due: readonly Due[]): number {
  const times = due.map(({ atUs }) => atUs).sort((a, b) => a - b);
  let peak = 0;
  for (let first = 0, last = 0; last < times.length; last++) {
    while ((times[last] as number) - (times[first] as number) >= US_PER_SEC) first++;
    peak = Math.max(peak, last - first + 1);
  }
  return peak;
}

/** The highest peak of any single route. */
function routePeakOf(due: readonly Due[]): number {
  return Math.max(0, ...[...Map.groupBy(due, ({ route }) => route).values()].map(peakOf));
}

const BURST = { kind: 'burst', durationUs: 5_000_000, arrival: 'uniform' } as const;
const open = (ratePerSec: number) => ({ ...BURST, load: { loop: 'open', ratePerSec } }) as const;
const closed = (connections: number) => ({ ...BURST, load: { loop: 'closed', connections } }) as const;
const COMPARE = {
  kind: 'compare',
  ratePerSec: 500,
  durationUs: 5_000_000,
  newConnectionRatio: 1,
  arrival: 'uniform',
} as const;
const RAMP = { kind: 'ramp', fromPerSec: 300, toPerSec: 900, durationUs: 5_000_000 } as const;
const DAYS_US = 20 * 86_400 * US_PER_SEC;

describe('limits.maxRate', () => {
  for (const maxRatePerSec of [0.5, 4, 20])
    for (const members of [1, 6]) {
      const limits = { maxRatePerSec };
      // A rate is a mean: places within a round and within the rhythm of a canary vary by one request on each route.
      const most = maxRatePerSec + 1 + members;
      test(`${maxRatePerSec}/s with ${members} members: compare, ramp and burst keep it on all routes together`, async () => {
        const ran = [
          await run(compare, { ...COMPARE, durationUs: 60_000_000 }, limits, members),
          await run(ramp, RAMP, limits, members),
          await run(burst, { ...open(500), durationUs: 20_000_000 }, limits, members),
        ];
        for (const { planned, due } of ran) {
          assert.ok(planned.peakRatePerSec <= maxRatePerSec + 1e-9, `${planned.kind}: ${planned.peakRatePerSec}`);
          assert.ok(due.length > 0 && peakOf(due) <= most, `${planned.kind}: ${peakOf(due)}`);
          const meanPerSec = (due.length * US_PER_SEC) / planned.durationUs;
          assert.ok(meanPerSec <= maxRatePerSec + 0.1, `${planned.kind}: ${meanPerSec}`);
        }
      });

      test(`${maxRatePerSec}/s with ${members} members: volley, idle and timeout keep it on each route`, async () => {
        const ran = [
          await run(volley, { kind: 'volley', sizes: [1, 2, 4, 8, 16, 32] }, limits, members),
          await run(idle, { kind: 'idle', gapsUs: [5_000_000], repeats: 2 }, limits, members),
          await run(timeout, { kind: 'timeout', upToUs: 2_000_000 }, limits, members),
        ];
        for (const { planned, due } of ran) {
          assert.ok(due.length > 0 || planned.refused !== undefined, planned.kind);
          assert.ok(routePeakOf(due) <= Math.max(1, maxRatePerSec), `${planned.kind}: ${routePeakOf(due)}`);
          assert.ok(peakOf(due) <= Math.max(1 + members, planned.peakRatePerSec), `${planned.kind}: ${peakOf(due)}`);
        }
      });
    }

  test('the steps of a gentle timeout ladder keep it as well, when every answer comes at once', async () => {
    const profile = profileOf({ requests: [{ ...SLOW, safe: true }], limits: { maxRatePerSec: 0.5 } });
    const fake = fakeContext({ profile, guard: { slowRequest: 'all-members' } });
    const spec = { kind: 'timeout', upToUs: 35_000_000 } as const;
    const running = timeout.run(timeout.plan(spec, profile, 'one'), spec, fake.context);
    await fake.clock.runAll();
    await running;
    const times = fake.events.flatMap((event) => (event.type === 'fire' ? [event.atUs] : []));
    assert.ok(times.length > 5);
    assert.ok(times.slice(1).every((at, i) => at - (times[i] as number) >= 2_000_000));
  });

  test('a ramp that falls says where it begins, one that rises where it ends', () => {
    const profile = profileOf({ limits: { maxRatePerSec: 20 } });
    const falling = ramp.plan({ ...RAMP, fromPerSec: 300, toPerSec: 5 }, profile, 'one').describe.slice(1);
    assert.deepEqual(falling, ['limits.maxRate begins the ramp at 20/s instead of 300/s']);
    const rising = ramp.plan({ ...RAMP, fromPerSec: 5, toPerSec: 300 }, profile, 'one').describe.slice(1);
    assert.deepEqual(rising, ['limits.maxRate ends the ramp at 20/s instead of 300/s']);
  });

  test('volleys far below it follow each other without the longer pause', async () => {
    const { planned } = await run(volley, { kind: 'volley', sizes: [2, 5] }, { maxRatePerSec: 20 });
    assert.equal(planned.peakRatePerSec, 20);
    const { planned: longer } = await run(volley, { kind: 'volley', sizes: [2, 6] }, { maxRatePerSec: 20 });
    assert.equal(longer.peakRatePerSec, 6);
    assert.ok(longer.durationUs > planned.durationUs);
  });

  test('idle is refused where its warm requests would be as far apart as the silence is long', () => {
    const spec = { kind: 'idle', gapsUs: [60_000_000, 1_500_000], repeats: 1 } as const;
    assert.equal(idle.plan(spec, profileOf({ limits: { maxRatePerSec: 1 } }), 'one').refused, undefined);
    assert.match(
      idle.plan(spec, profileOf({ limits: { maxRatePerSec: 0.5 } }), 'one').refused ?? '',
      /limits\.maxRate/,
    );
  });
});

describe('limits.maxInFlight', () => {
  test('is the most connections of a closed loop; rate and requests are as well, because each sends at once', async () => {
    for (const [maxInFlight, maxRatePerSec, expected, named] of [
      [50, 100, 50, 'maxInFlight'],
      [50, 20, 20, 'maxRate'],
      [50, 0.5, 1, 'maxRate'],
      [90, 100, 80, undefined],
      [90, 100, 30, 'maxRequests'],
    ] as const) {
      const limits = { maxInFlight, maxRatePerSec, maxRequests: named === 'maxRequests' ? expected : 10_000 };
      const { fake, planned } = await run(burst, closed(80), limits);
      const loads = fake.events.flatMap((event) => (event.type === 'burst' ? [event.load.connections] : []));
      assert.deepEqual(loads, [expected]);
      assert.equal(planned.peakInFlight, expected);
      assert.equal(/limits\.(\w+) lowers/.exec(planned.describe[1] ?? '')?.[1], named);
    }
  });

  test('is never planned to be passed', async () => {
    const limits = { maxInFlight: 8 };
    for (const { planned } of [
      await run(compare, COMPARE, limits),
      await run(ramp, RAMP, limits),
      await run(burst, open(500), limits),
      await run(volley, { kind: 'volley', sizes: [4, 8, 16] }, limits),
      await run(idle, { kind: 'idle', gapsUs: [1_000_000], repeats: 1 }, limits),
      await run(timeout, { kind: 'timeout', upToUs: 2_000_000 }, limits),
    ])
      assert.ok(planned.peakInFlight <= 8, `${planned.kind}: ${planned.peakInFlight}`);
  });
});

describe('limits.maxRequests', () => {
  test('ends what is paced by a rate, instead of a schedule of days that is never sent', async () => {
    const limits = { maxRequests: 300 };
    for (const { planned, due } of [
      await run(compare, { ...COMPARE, durationUs: DAYS_US }, limits),
      await run(ramp, { ...RAMP, durationUs: DAYS_US }, limits),
      await run(ramp, { ...RAMP, fromPerSec: 1, toPerSec: 50, durationUs: 60_000_000 }, limits),
      await run(burst, { ...open(500), durationUs: DAYS_US }, limits),
    ]) {
      // The canary of a burst goes on for three seconds around it; the sender counts exactly.
      const most = planned.kind === 'burst' ? 300 + 3 * 4 * 2 + 2 : 300;
      assert.ok(due.length <= most && due.length > 290, `${planned.kind}: ${due.length}`);
      const plannedCount = Object.values(planned.requestsPerRoute).reduce(
        (sum: number, count) => sum + (count ?? 0),
        0,
      );
      assert.ok(plannedCount <= most && plannedCount > 290, `${planned.kind}: ${plannedCount} planned`);
      assert.match(planned.describe.at(-1) ?? '', /^limits\.maxRequests ends it after .+ instead of /);
      const lastUs = Math.max(...due.map(({ atUs }) => atUs));
      assert.ok(lastUs <= planned.durationUs && lastUs > 0.8 * planned.durationUs, `${planned.kind}: ${lastUs}`);
    }
  });

  test('leaves alone what stays below it', async () => {
    for (const { planned } of [
      await run(compare, { ...COMPARE, ratePerSec: 5 }, { maxRequests: 75 }),
      await run(ramp, { ...RAMP, fromPerSec: 10, toPerSec: 20 }, { maxRequests: 75 }),
    ]) {
      assert.equal(planned.durationUs, 5_000_000);
      assert.ok(planned.describe.every((line) => !line.includes('maxRequests')));
    }
  });
});

describe('limits.requestTimeout and limits.maxNewConnections', () => {
  test('a timeout experiment asks for no delay that leaves no room below the timeout, and never waits longer', async () => {
    const { fake, planned } = await run(timeout, { kind: 'timeout', upToUs: 150_000_000 }, { requestTimeoutUs: 6e6 });
    assert.match(
      planned.describe.at(-1) ?? '',
      /^limits\.requestTimeout lowers the longest delay from 2\.5 min to 5 s$/,
    );
    const shots = fake.shots();
    assert.equal(shots[0]?.delayMs, 5_000);
    assert.ok(shots.every(({ limitUs = 0 }) => limitUs > 0 && limitUs <= 6_000_000));
  });

  test('the share of new connections of a compare, and the pace of idle', async () => {
    const ran = await run(
      compare,
      { ...COMPARE, ratePerSec: 20, durationUs: 60_000_000 },
      { maxNewConnectionsPerSec: 6 },
    );
    const opened = ran.fake.shots().filter(({ connection }) => connection === 'new').length;
    assert.ok(opened > 200 && opened < 520, `${opened} in 60 s`);
    const { due } = await run(idle, { kind: 'idle', gapsUs: [1e6], repeats: 1 }, { maxNewConnectionsPerSec: 2 });
    assert.equal(routePeakOf(due), 2);
  });
});
