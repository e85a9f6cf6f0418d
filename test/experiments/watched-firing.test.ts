import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fireWatched } from '../../src/experiments/watched-firing.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { packSchedule } from '../../src/traffic/schedule.ts';
import { answered, fakeContext } from './fake-context.ts';

const scheduleOf = (count: number, gapUs: number) =>
  packSchedule(
    Array.from({ length: count }, (_, i) => ({
      dueUs: i * gapUs,
      route: GATEWAY,
      request: 'home',
      connection: 'warm' as const,
    })),
  );

describe('fireWatched', () => {
  test('stops within 100 ms of the failures; the rest is recorded as aborted', async () => {
    const fake = fakeContext({ reply: ({ dueUs }) => answered(dueUs >= 1_000_000 ? 500 : 200) });
    const end = await fake.finish(fireWatched('x', scheduleOf(300, 10_000), fake.context));
    assert.equal(end.stop, 'abort-rule');
    const exchanges = fake.context.live.ofExperiment('x');
    assert.equal(exchanges.length, 300);
    const failed = exchanges.filter(({ outcome }) => outcome.kind === 'response' && outcome.status === 500).length;
    assert.ok(failed >= 2 && failed <= 12, `${failed}`);
    assert.ok(exchanges.slice(100 + failed).every(({ outcome }) => outcome.kind === 'not-sent'));
  });

  test('failures that are over before anybody asks are a reason as well', async () => {
    const fake = fakeContext({ reply: () => answered(503) });
    const end = await fake.finish(fireWatched('x', scheduleOf(8, 0), fake.context));
    assert.equal(end.stop, 'abort-rule');
  });

  test('an interruption is not taken for a stop by the rule', async () => {
    const fake = fakeContext({ reply: () => answered(503) });
    const running = fireWatched('x', scheduleOf(1, 0), fake.context);
    fake.interrupt();
    assert.equal((await fake.finish(running)).stop, 'interrupted');
  });

  test('a firing that cannot be done rejects', async () => {
    const fake = fakeContext();
    const sender = { ...fake.context.sender, fire: () => Promise.reject(new Error('the thread is gone')) };
    const running = fireWatched('x', scheduleOf(1, 0), { ...fake.context, sender });
    await assert.rejects(fake.finish(running), /the thread is gone/);
  });
});
