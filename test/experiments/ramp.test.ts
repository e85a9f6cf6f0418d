import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ramp } from '../../src/experiments/ramp.ts';
import type { RampSpec } from '../../src/model/profile.ts';
import { answered, fakeContext, profileOf } from './fake-context.ts';

const SPEC: RampSpec = { kind: 'ramp', fromPerSec: 10, toPerSec: 50, durationUs: 10_000_000 };

describe('ramp', () => {
  test('plans and sends the integral of the rate through the gateway', async () => {
    const fake = fakeContext();
    const planned = ramp.plan(SPEC, fake.context.profile, 'ramp-1');
    assert.deepEqual(planned.requestsPerRoute, { gateway: 300 });
    assert.equal(planned.peakRatePerSec, 50);
    assert.equal(planned.describe.length, 1);
    assert.deepEqual(await fake.finish(ramp.run(planned, SPEC, fake.context)), { stop: 'completed' });
    assert.equal(fake.shots().length, 300);
    assert.ok(fake.shots().every(({ route, tag }) => route === 'gateway' && tag?.kind === 'load'));
  });

  test('limits.maxRate ends it earlier, and says so', async () => {
    const profile = profileOf({ limits: { maxRatePerSec: 30 } });
    const planned = ramp.plan(SPEC, profile, 'ramp-1');
    assert.deepEqual(planned.requestsPerRoute, { gateway: 200 });
    assert.match(planned.describe[1] ?? '', /limits\.maxRate ends the ramp at 30\/s instead of 50\/s/);
    const fake = fakeContext({ profile });
    await fake.finish(ramp.run(planned, SPEC, fake.context));
    assert.equal(fake.shots().length, 200);
  });

  test('stops when failures rise', async () => {
    const fake = fakeContext({ reply: ({ dueUs }) => answered(dueUs > 5_000_000 ? 503 : 200) });
    const planned = ramp.plan(SPEC, fake.context.profile, 'ramp-1');
    const end = await fake.finish(ramp.run(planned, SPEC, fake.context));
    assert.equal(end.stop, 'abort-rule');
    const sent = fake.context.live.ofExperiment('ramp-1').filter(({ outcome }) => outcome.kind !== 'not-sent');
    assert.ok(sent.length > 95 && sent.length < 120, `${sent.length}`);
  });
});
