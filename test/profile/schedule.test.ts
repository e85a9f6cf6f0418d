import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { DEFAULT_SCHEDULE } from '../../src/model/profile.ts';
import { maintenanceOf, scheduleOf } from '../../src/profile/schedule.ts';
import { FIXTURES, loadFixture } from './fixture-profiles.ts';

test('every part of a schedule is built in internal units', async () => {
  const { schedule, maintenance } = await loadFixture(join(FIXTURES, 'valid'), 'everything.yaml');
  assert.deepEqual(schedule, {
    rhythm: { kind: 'every', everyUs: 30_000_000, jitterRatio: 0.2 },
    timezone: 'Europe/Berlin',
    quiet: { fromMinute: 1410, toMinute: 240, windows: 2, longestUs: 1_800_000_000 },
    heavier: [{ cron: '17 3 * * 0', experiments: ['burst', 'idle'] }],
  });
  assert.deepEqual(maintenance, [
    {
      kind: 'once',
      fromAtUs: Date.UTC(2026, 2, 1, 22) * 1000,
      toAtUs: Date.UTC(2026, 2, 1, 23) * 1000,
      reason: 'patch day',
    },
    { kind: 'cron', cron: '0 3 * * 0', durationUs: 3_600_000_000, timezone: 'Europe/Berlin' },
  ]);
});

test('what is left out has its default; a cron line is not moved', () => {
  assert.deepEqual(scheduleOf({ every: 30_000_000 }), DEFAULT_SCHEDULE);
  assert.deepEqual(scheduleOf({ cron: '*/5 * * * *' }), {
    ...DEFAULT_SCHEDULE,
    rhythm: { kind: 'cron', cron: '*/5 * * * *', jitterRatio: 0 },
  });
});

test('a window of maintenance may have no reason', () => {
  assert.deepEqual(maintenanceOf({ cron: '0 3 * * *', for: 1 }), { kind: 'cron', cron: '0 3 * * *', durationUs: 1 });
});
