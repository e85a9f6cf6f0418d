import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRandom } from '../../src/model/random.ts';
import { directTo, GATEWAY } from '../../src/model/route.ts';
import {
  gapOf,
  type IdleObservation,
  idleBounds,
  isSettled,
  planWindow,
  type QuietPlan,
  remembered,
} from '../../src/monitor/quiet.ts';

const MIN = 60_000_000;
const DAY = 1_440 * MIN;
const NIGHT = { fromAtUs: 20_001 * DAY + 120 * MIN, toAtUs: 20_001 * DAY + 300 * MIN };
const SPEC = { fromMinute: 120, toMinute: 300, windows: 3, longestUs: 45 * MIN };
const LEAST = MIN;
const WEB1 = directTo('web1');

const seen = (...gaps: readonly number[]): IdleObservation[] =>
  gaps.map((minutes) => ({ gapUs: Math.abs(minutes) * MIN, isCold: minutes < 0 }));

function plan(more: Partial<QuietPlan> = {}) {
  return planWindow({
    ...{ spec: SPEC, night: NIGHT, done: 0, nowAtUs: NIGHT.fromAtUs, leastUs: LEAST, random: createRandom(1) },
    members: [{ route: WEB1, observations: [] }],
    ...more,
  });
}

describe('the bounds of the idle threshold', () => {
  // Minutes; negative: cold.
  for (const { name, gaps, warm, cold } of [
    { name: 'nothing seen', gaps: [], warm: undefined, cold: undefined },
    { name: 'only warm', gaps: [5, 45], warm: 45, cold: undefined },
    { name: 'only cold', gaps: [-45, -20], warm: undefined, cold: 20 },
    { name: 'both, in any order', gaps: [-45, 10, -22, 19], warm: 19, cold: 22 },
    { name: 'one that was slow by chance is outvoted', gaps: [-5, 10, 12, 19, -22, -45], warm: 19, cold: 22 },
    { name: 'one that other traffic kept warm is outvoted', gaps: [10, -22, -30, 40, -45], warm: 10, cold: 22 },
  ]) {
    test(name, () => {
      const bounds = idleBounds(seen(...gaps));
      assert.equal(bounds.longestWarmUs, warm === undefined ? undefined : warm * MIN);
      assert.equal(bounds.shortestColdUs, cold === undefined ? undefined : cold * MIN);
    });
  }
});

test('of a thousand nights no more is held than is looked at, and the bounds are the same', () => {
  const all = Array.from(
    { length: 1_000 },
    (_, i): IdleObservation => ({ gapUs: (i % 50) * MIN, isCold: i % 50 > 20 }),
  );
  const held = all.reduce<readonly IdleObservation[]>(remembered, []);
  assert.ok(held.length < 100, `${held.length} held`);
  assert.deepEqual(idleBounds(held), idleBounds(all));
});

test('a long silence first; then the geometric mean of what is still possible; nothing once it is narrow', () => {
  const gap = (observations: readonly IdleObservation[], why: 'planned' | 'nightly') =>
    gapOf(observations, why, { leastUs: LEAST, longestUs: SPEC.longestUs });
  assert.equal(gap([], 'nightly'), 45 * MIN);
  assert.equal(gap([], 'planned'), undefined);
  assert.equal(gap(seen(-36), 'planned'), 6 * MIN);
  assert.equal(gap(seen(4, -36), 'planned'), 12 * MIN);
  assert.equal(gap(seen(19.5, -20), 'planned'), undefined);
  assert.equal(gap(seen(19.5, -20), 'nightly'), 22 * MIN);
});

test('night by night the threshold is narrowed to a minute, from any seed', () => {
  for (let seed = 0; seed < 40; seed++) {
    const thresholdUs = (5 + 35 * createRandom(seed).next()) * MIN;
    const observations: IdleObservation[] = [];
    let windows = 0;
    for (let day = 1; day <= 6; day++) {
      const night = { fromAtUs: NIGHT.fromAtUs + day * DAY, toAtUs: NIGHT.toAtUs + day * DAY };
      let nowAtUs = night.fromAtUs;
      for (let done = 0; done < SPEC.windows; done++) {
        const window = plan({
          night,
          nowAtUs,
          done,
          members: [{ route: WEB1, observations }],
          random: createRandom(seed),
        });
        if (window === undefined) break;
        windows++;
        const untilAtUs = window.untilAtUs.get(WEB1) ?? 0;
        const gapUs = untilAtUs - window.fromAtUs;
        assert.ok(window.fromAtUs >= nowAtUs && untilAtUs <= night.toAtUs && gapUs <= SPEC.longestUs);
        observations.push({ gapUs, isCold: gapUs >= thresholdUs });
        nowAtUs = untilAtUs;
      }
    }
    const { longestWarmUs = 0, shortestColdUs = 0 } = idleBounds(observations);
    assert.ok(longestWarmUs < thresholdUs && shortestColdUs >= thresholdUs, `seed ${seed}`);
    assert.ok(shortestColdUs - longestWarmUs <= Math.max(MIN, 0.05 * shortestColdUs), `seed ${seed}`);
    assert.ok(windows <= 14, `${windows} windows`);
  }
});

describe('a window', () => {
  test('all fall silent at one moment, each member to its own end, the gateway to the last', () => {
    const window = plan({
      done: 1,
      members: [
        { route: WEB1, observations: seen(4, -36) },
        { route: directTo('web2'), observations: seen(-36) },
        { route: directTo('web3'), observations: seen(19.5, -20) },
      ],
    });
    const gaps = [...(window?.untilAtUs ?? [])].map(([route, at]) => [route, (at - (window?.fromAtUs ?? 0)) / MIN]);
    assert.deepEqual(gaps, [
      [WEB1, 12],
      [directTo('web2'), 6],
      [GATEWAY, 12],
    ]);
    assert.equal(window?.why, 'planned');
  });

  test('not twice at the same time of night, never before the farm is warm again', () => {
    const begins = Array.from({ length: 40 }, (_, seed) => plan({ random: createRandom(seed) })?.fromAtUs ?? 0);
    assert.ok(new Set(begins).size > 35);
    assert.ok(begins.every((at) => at >= NIGHT.fromAtUs + 10 * MIN && at <= NIGHT.toAtUs - 45 * MIN));
  });

  for (const { name, more } of [
    { name: 'the night has had its windows', more: { done: 3 } },
    { name: 'windows: 0', more: { spec: { ...SPEC, windows: 0 } } },
    { name: 'no room is left in the night', more: { nowAtUs: NIGHT.toAtUs - 50 * MIN } },
    { name: 'there is no member', more: { members: [] } },
    { name: 'everything is known', more: { members: [{ route: WEB1, observations: seen(19.5, -20) }] } },
    { name: 'three long silences were warm', more: { members: [{ route: WEB1, observations: seen(45, 45, 45) }] } },
  ] satisfies { name: string; more: Partial<QuietPlan> }[]) {
    test(`none: ${name}`, () => assert.equal(plan(more), undefined));
  }

  test('one night in seven looks whether what is known still holds', () => {
    const members = [{ route: WEB1, observations: seen(19.5, -20) }];
    assert.ok(isSettled(members[0]?.observations ?? [], LEAST, SPEC.longestUs));
    const nights = Array.from({ length: 14 }, (_, day) => {
      const night = { fromAtUs: NIGHT.fromAtUs + day * DAY, toAtUs: NIGHT.toAtUs + day * DAY };
      return plan({ night, nowAtUs: night.fromAtUs, members }) !== undefined;
    });
    assert.equal(nights.filter(Boolean).length, 2);
  });
});
