import assert from 'node:assert/strict';
import { test } from 'node:test';
import { burst, burstShots } from '../../src/experiments/burst.ts';
import { ramp } from '../../src/experiments/ramp.ts';
import { busiestSecond, positionsOf, replayTimes } from '../../src/experiments/replay.ts';
import type { BurstSpec, RampSpec } from '../../src/model/profile.ts';
import { createRandom, exponential } from '../../src/model/random.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { profileOf, targetOf } from '../traffic/sending-setup.ts';

const SEC = 1_000_000;
const WIDE = { durationUs: 3_600 * SEC, mostPerSec: 1_000, mostCount: 100_000 };

/** 60 s of a log: one request a second, and crowds of 30 within 100 ms at second 20 and 40. */
const CROWDS = [
  ...Array.from({ length: 60 }, (_, i) => i * SEC),
  ...[20, 40].flatMap((at) => Array.from({ length: 30 }, (_, i) => at * SEC + 1_000 + i * 3_000)),
].sort((a, b) => a - b);

test('moments of the log are kept as they are, or in half the time at twice the speed', () => {
  assert.deepEqual(replayTimes(CROWDS, 1, WIDE).dueUs, CROWDS);
  assert.deepEqual(
    replayTimes(CROWDS, 2, WIDE).dueUs,
    CROWDS.map((us) => Math.round(us / 2)),
  );
});

test('no second has more than the limit, nothing is moved, and what is left out is counted', () => {
  for (const mostPerSec of [1, 5, 20.9, 31]) {
    const { dueUs, aboveRate } = replayTimes(CROWDS, 1, { ...WIDE, mostPerSec });
    assert.ok(busiestSecond(dueUs) <= Math.floor(mostPerSec), `${busiestSecond(dueUs)} of ${mostPerSec}`);
    assert.equal(dueUs.length + aboveRate, CROWDS.length);
    assert.ok(dueUs.every((at) => CROWDS.includes(at)));
  }
  assert.equal(replayTimes(CROWDS, 1, { ...WIDE, mostPerSec: 31 }).aboveRate, 0);
  const slow = replayTimes(CROWDS, 1, { ...WIDE, mostPerSec: 0.2 }).dueUs;
  assert.ok(slow.every((at, i) => i === 0 || at - (slow[i - 1] as number) >= 5 * SEC));
});

test('time and count end a replay, and only what the count cuts off is told as such', () => {
  assert.equal(replayTimes(CROWDS, 1, { ...WIDE, durationUs: 10 * SEC }).dueUs.length, 10);
  const cut = replayTimes(CROWDS, 1, { ...WIDE, mostCount: 100 });
  assert.deepEqual([cut.dueUs.length, cut.aboveCount, cut.aboveRate], [100, 20, 0]);
  assert.deepEqual(replayTimes([], 1, WIDE), { dueUs: [], aboveRate: 0, aboveCount: 0 });
});

test('positions keep the mean, and begin again where the log is too short', () => {
  assert.deepEqual([...positionsOf([0, 10, 20, 30], 6)], [0, 1, 2, 3, 4, 5]);
  assert.deepEqual([...positionsOf([0, 0, 0], 3)], [0, 1, 2]);
  const random = createRandom(4);
  const times: number[] = [];
  for (let at = 0; times.length < 1_000; at += exponential(random, 20_000)) times.push(Math.round(at));
  const zero = times.map((us) => us - (times[0] as number));
  const last = [...positionsOf(zero, 2_000)].at(-1) ?? 0;
  assert.ok(Math.abs(last - 1_999) < 2, `${last}`);
});

const gateway = targetOf('http://gateway.test');
const members = { web1: targetOf('http://web1.test'), web2: targetOf('http://web2.test') };
const profile = profileOf({ gateway, members, limits: { maxRatePerSec: 20, maxRequests: 5_000 } });
const spec: BurstSpec = {
  kind: 'burst',
  load: { loop: 'open', ratePerSec: 2, replay: { log: 'access.log', speed: 2, timesUs: CROWDS } },
  durationUs: 60 * SEC,
  arrival: 'uniform',
};

test('a burst sends at the moments of the log, and its plan says how many, how fast, and what is left out', () => {
  const plan = burst.plan(spec, profile, 'burst-1');
  const shots = [...burstShots(spec, 2, profile, createRandom(1))].filter(({ route }) => route === GATEWAY);
  // Two canaries of 4/s leave 12/s of the 20/s.
  assert.equal(shots.length, plan.requestsPerRoute.gateway);
  assert.ok(busiestSecond(shots.map(({ dueUs }) => dueUs)) <= 12);
  assert.ok(shots.every(({ dueUs }) => CROWDS.some((at) => Math.round(at / 2) + SEC === dueUs)));
  assert.match(
    plan.describe[0] ?? '',
    /requests through the gateway within 29\.5 s, at the moments of those in access\.log at 2 times their speed, 12 in the busiest second, and a canary/,
  );
  assert.match(plan.describe.join('\n'), /limits\.maxRate \(with the canary\) leaves out \d+ requests/);
  assert.ok(plan.peakRatePerSec <= 20);
});

test('a burst whose log was not read is not run', () => {
  const unread: BurstSpec = { ...spec, load: { loop: 'open', ratePerSec: 0, replay: { log: 'access.log', speed: 1 } } };
  assert.match(burst.plan(unread, profile, 'burst-1').refused ?? '', /no moment of access\.log/);
});

test('a ramp with a log has its crowds, at the rates of a ramp and within the limit', () => {
  const even: RampSpec = { kind: 'ramp', fromPerSec: 2, toPerSec: 10, durationUs: 60 * SEC };
  const crowded = ramp.plan({ ...even, replay: { log: 'access.log', speed: 1, timesUs: CROWDS } }, profile, 'ramp-1');
  const plain = ramp.plan(even, profile, 'ramp-1');
  const [most, count] = [plain.requestsPerRoute.gateway ?? 0, crowded.requestsPerRoute.gateway ?? 0];
  assert.ok(count <= most && count > most / 3, `${count} of ${most}`);
  assert.match(crowded.describe.join('\n'), /with the crowds and pauses of access\.log.*\n.*leaves out/);
});
