import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ExperimentSpec, Profile } from '../../src/model/profile.ts';
import { GATEWAY } from '../../src/model/route.ts';
import type { Clock } from '../../src/model/time.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { runClosedLoop } from '../../src/traffic/closed-loop.ts';
import type { SenderSetup } from '../../src/traffic/protocol.ts';
import { createQualityWatch, type QualityWatch } from '../../src/traffic/quality.ts';
import { resolveTargets } from '../../src/traffic/resolve.ts';
import { packSchedule } from '../../src/traffic/schedule.ts';
import { setupOf } from '../../src/traffic/sender.ts';
import { createSending, type Pacer } from '../../src/traffic/sending.ts';
import { createServers, profileOf, RUN_ID, targetOf } from './sending-setup.ts';

const servers = createServers();
after(() => servers.close());

const CLOSED = { kind: 'burst', load: { loop: 'closed', connections: 2 } } as ExperimentSpec;
const OPEN = { kind: 'burst', load: { loop: 'open', ratePerSec: 100 } } as ExperimentSpec;
const COMPARE = { kind: 'compare', ratePerSec: 10 } as ExperimentSpec;

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

async function setupFor(experiments: readonly ExperimentSpec[]): Promise<SenderSetup> {
  const port = await servers.raw((socket) => socket.write(OK));
  const profile: Profile = { ...profileOf({ gateway: targetOf(`http://127.0.0.1:${port}`) }), experiments };
  const epoch = createEpoch();
  const targets = await resolveTargets(profile, createClock(epoch));
  return setupOf({ profile, targets, runId: RUN_ID, version: '0.0.0-test', epoch });
}

test('a pacing thread is expected wherever something is due at a moment', async () => {
  const cases = [
    [[CLOSED], true],
    [[CLOSED, CLOSED], true],
    [[CLOSED, OPEN], undefined],
    [[COMPARE], undefined],
    [[], undefined],
  ] as const;
  for (const [experiments, expected] of cases) assert.equal((await setupFor(experiments)).isUnpaced, expected);
});

/** Wakes the sender once for all: how exactly is the pacing thread's matter. */
function wakingOnce(clock: Clock, onWake: (learn: (lateUs: number) => void, reached: number) => void): Pacer {
  return {
    ready: Promise.resolve(),
    start: (dueUs, startUs) =>
      setTimeout(() => onWake(() => {}, dueUs.length), (startUs + (dueUs.at(-1) ?? 0) - clock.nowUs()) / 1_000 + 1),
    stop() {},
    close() {},
  };
}

test('closed loops alone start no pacing thread; what is due at a moment after all starts it', async () => {
  const setup = await setupFor([CLOSED]);
  const clock = createClock(setup.epoch);
  let started = 0;
  const sending = createSending(setup, createQualityWatch(clock), (_, onWake) => {
    started++;
    return wakingOnce(clock, onWake);
  });
  await sending.ready;
  const load = { route: GATEWAY, request: 'home', connections: 2, durationUs: 50_000, engine: 'wire' } as const;
  const closed = await runClosedLoop({ type: 'closed', firing: 1, experimentId: 'burst-1', load }, setup, sending);
  assert.ok(closed.sent > 0, JSON.stringify(closed));
  assert.equal(started, 0);
  const schedule = packSchedule(
    [0, 1_000].map((dueUs) => ({ dueUs, route: GATEWAY, request: 'home', connection: 'warm' as const })),
  );
  const startUs = clock.nowUs() + 10_000;
  assert.deepEqual(await sending.fire({ type: 'fire', firing: 2, experimentId: 'compare-1', schedule, startUs }), {
    due: 2,
    sent: 2,
  });
  assert.equal(started, 1);
  sending.close();
});

test('what only prepares is sent and not watched: the thread may be late there', async () => {
  const setup = await setupFor([OPEN]);
  const clock = createClock(setup.epoch);
  const quality = createQualityWatch(clock);
  const began: string[] = [];
  const watch: QualityWatch = { ...quality, begin: () => began.push('begin'), end: () => began.push('end') };
  const sending = createSending(setup, watch, (_, onWake) => wakingOnce(clock, onWake));
  await sending.ready;
  for (const [tags, expected] of [
    [['prepare', 'prepare'], []],
    [
      ['prepare', 'load'],
      ['begin', 'end'],
    ],
  ] as const) {
    const schedule = packSchedule(
      tags.map((kind, i) => ({
        dueUs: i * 1_000,
        route: GATEWAY,
        request: 'home',
        connection: 'warm' as const,
        tag: { kind },
      })),
    );
    const startUs = clock.nowUs() + 5_000;
    const result = await sending.fire({ type: 'fire', firing: 1, experimentId: 'warm-up', schedule, startUs });
    assert.equal(result.sent, 2);
    assert.deepEqual(began.splice(0), expected);
  }
  sending.close();
});
