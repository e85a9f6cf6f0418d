import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SCHEDULE } from '../../src/model/profile.ts';
import type { Clock } from '../../src/model/time.ts';
import type { VirtualClock } from '../helpers/virtual-clock.ts';
import { farmOf } from './exchanges.ts';
import { START_MS, startFarm } from './farm.ts';

const LATE_US = 2_000_000;

test('a monitor that wakes late shows it', async () => {
  let own: VirtualClock | undefined;
  const late: Clock = {
    nowUs: () => own?.nowUs() ?? 0,
    wallMs: () => own?.wallMs() ?? START_MS,
    // As on a machine that is busy with something else.
    sleep: async (durationUs, signal) => own?.sleep(durationUs + LATE_US, signal),
  };
  const farm = startFarm({ ...farmOf(['web1']), schedule: DEFAULT_SCHEDULE }, () => ({}), { clock: late });
  own = farm.clock;
  await farm.advance(600_000_000);
  const [state] = farm.daemon.feed.state().profiles;
  await farm.stop();
  assert.equal(state?.lag.p99Us, LATE_US);
});
