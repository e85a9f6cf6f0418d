import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExchangeTag } from '../../src/model/exchange.ts';
import { createRandom } from '../../src/model/random.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import { dealConnections, dealSchedule, needsOneThread } from '../../src/traffic/dealing.ts';
import { arrivals, packSchedule, type Schedule, type Shot } from '../../src/traffic/schedule.ts';

function scheduleOf(seed: number): Schedule {
  const times = [...arrivals('poisson', 50, 2e6, createRandom(seed))];
  return packSchedule(
    times.map((dueUs, slot) => ({
      dueUs,
      slot,
      route: slot % 3 === 0 ? directTo('web1') : GATEWAY,
      request: 'home',
      connection: 'warm' as const,
    })),
  );
}

const rows = ({ dueUs, shapeIndex, slot, shapes }: Schedule) =>
  Array.from(dueUs, (due, i) => ({ due, slot: slot[i], shape: shapes[shapeIndex[i] as number] }));

for (const count of [1, 2, 3, 8]) {
  test(`${count} parts, put together again in turn, are the plan`, () => {
    for (const seed of [1, 2, 3]) {
      const whole = scheduleOf(seed);
      const parts = dealSchedule(whole, count).map(rows);
      assert.equal(parts.length, count);
      const joined = Array.from({ length: whole.dueUs.length }, (_, i) => parts[i % count]?.[Math.floor(i / count)]);
      assert.deepEqual(joined, rows(whole));
      assert.equal(
        parts.reduce((sum, part) => sum + part.length, 0),
        whole.dueUs.length,
      );
    }
  });
}

test('one part is the plan itself, and no part is empty', () => {
  const whole = scheduleOf(1);
  assert.equal(dealSchedule(whole, 1)[0], whole);
  const two = packSchedule([0, 1].map((dueUs) => ({ dueUs, route: GATEWAY, request: 'home', connection: 'warm' })));
  assert.deepEqual(
    dealSchedule(two, 8).map(({ dueUs }) => dueUs.length),
    [1, 1],
  );
  const none = packSchedule([]);
  assert.deepEqual(dealSchedule(none, 3), [none]);
});

const TAGS: readonly (readonly [ExchangeTag | undefined, boolean])[] = [
  [undefined, false],
  [{ kind: 'slot', arm: 'warm' }, false],
  [{ kind: 'load' }, false],
  [{ kind: 'canary' }, false],
  [{ kind: 'volley', size: 3, round: 1 }, true],
  [{ kind: 'beside', size: 3, round: 1 }, true],
  [{ kind: 'idle', gapUs: 1, repeat: 0, order: 0 }, true],
  [{ kind: 'delay', delayUs: 1, purpose: 'beyond' }, true],
  [{ kind: 'keep-alive', part: 'pool', step: 'fill', gapUs: 1, round: 0 }, true],
  [{ kind: 'prepare' }, true],
];
test('what belongs together stays in one thread', () => {
  const shot: Shot = { dueUs: 0, route: GATEWAY, request: 'home', connection: 'warm' };
  for (const [tag, isOne] of TAGS) {
    const tagged = tag === undefined ? shot : { ...shot, tag };
    assert.equal(needsOneThread(packSchedule([shot, tagged])), isOne, tag?.kind);
  }
  assert.equal(needsOneThread(packSchedule([shot, { ...shot, holdUs: 5 }])), true);
});

test('the connections of a closed loop are divided, and none is lost', () => {
  const load = { route: GATEWAY, request: 'home', connections: 7, durationUs: 1e6 };
  for (const [connections, count, wanted] of [
    [7, 1, [7]],
    [7, 2, [4, 3]],
    [7, 3, [3, 2, 2]],
    [2, 3, [1, 1]],
    [1, 8, [1]],
    [8, 8, [1, 1, 1, 1, 1, 1, 1, 1]],
  ] as const) {
    const parts = dealConnections({ ...load, connections }, count);
    assert.deepEqual(
      parts.map((part) => part.connections),
      wanted,
    );
    const numbers = parts.flatMap((part) =>
      Array.from({ length: part.connections }, (_, i) => (part.share?.first ?? 0) + i * (part.share?.step ?? 1)),
    );
    assert.deepEqual(
      numbers.sort((a, b) => a - b),
      Array.from({ length: connections }, (_, i) => i),
    );
  }
  assert.deepEqual(dealConnections({ ...load, engine: 'autocannon' }, 3), [{ ...load, engine: 'autocannon' }]);
});
