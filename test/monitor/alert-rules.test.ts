import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRandom } from '../../src/model/random.ts';
import type { Random } from '../../src/model/time.ts';
import { alertRules, burnRules, cusum, type Rule, threeOfFive } from '../../src/monitor/alert-rules.ts';

const MINUTE = 60_000_000;
const MONTH = 30 * 1_440;
const SLO = 0.999;
const burn = (id: string) => (): Rule => {
  const found = burnRules(SLO).find((one) => one.id === id);
  assert.ok(found !== undefined);
  return found;
};

/** How often the rule begins to hold in 30 days of one probe a minute. */
function alertsIn(make: () => Rule, fails: (minute: number) => boolean): number {
  const own = make();
  let alerts = 0;
  let held = false;
  for (let minute = 0; minute < MONTH; minute++) {
    const holds = own.take({ atUs: minute * MINUTE, count: 1, failed: fails(minute) ? 1 : 0 });
    if (holds && !held) alerts++;
    held = holds;
  }
  return alerts;
}

type Pattern = (random: Random) => (minute: number) => boolean;
const atRandom =
  (ratio: number): Pattern =>
  (random) =>
  () =>
    random.next() < ratio;
/** One blip of so many probes a day, at a random minute of it. */
const blips =
  (length: number): Pattern =>
  (random) => {
    const bad = new Set<number>();
    for (let day = 0; day < 30; day++) {
      const start = day * 1_440 + Math.floor(random.next() * 1_400);
      for (let i = 0; i < length; i++) bad.add(start + i);
    }
    return (minute) => bad.has(minute);
  };

/** Mean of several months. */
function falseAlerts(make: () => Rule, pattern: Pattern, months = 12): number {
  let sum = 0;
  for (let seed = 1; seed <= months; seed++) sum += alertsIn(make, pattern(createRandom(seed)));
  return sum / months;
}

/** Median minutes until the rule holds, at a lasting share of failures that begins after two quiet hours. */
function minutesToDetect(make: () => Rule, ratio: number, runs = 101): number {
  const minutes = Array.from({ length: runs }, (_, run) => {
    const random = createRandom(run + 1);
    const own = make();
    for (let minute = 0; minute < 5_000; minute++) {
      const isBad = minute >= 120 && random.next() < ratio;
      if (own.take({ atUs: minute * MINUTE, count: 1, failed: isBad ? 1 : 0 })) return minute - 119;
    }
    return Number.POSITIVE_INFINITY;
  });
  return minutes.sort((a, b) => a - b)[runs >> 1] ?? Number.NaN;
}

/** False alerts in 30 days, with how far the mean of twelve simulated months may lie off by chance. */
const FALSE_ALERTS: readonly (readonly [string, () => Rule, Pattern, number, number])[] = [
  ['3 of 5, one in a thousand', threeOfFive, atRandom(0.001), 0, 0.1],
  ['3 of 5, one in two hundred', threeOfFive, atRandom(0.005), 0, 0.35],
  ['3 of 5, blips of one', threeOfFive, blips(1), 0, 0],
  ['3 of 5, blips of two', threeOfFive, blips(2), 0, 0.25],
  ['3 of 5, blips of three', threeOfFive, blips(3), 28, 30],
  ['burn 14.4, one in a thousand', burn('burn-14.4'), atRandom(0.001), 0, 0.4],
  ['burn 14.4, one in two hundred', burn('burn-14.4'), atRandom(0.005), 5, 12],
  ['burn 14.4, blips of one', burn('burn-14.4'), blips(1), 0, 0.2],
  ['burn 14.4, blips of two', burn('burn-14.4'), blips(2), 0, 3],
  ['burn 14.4, blips of three', burn('burn-14.4'), blips(3), 27, 30],
  ['burn 6, one in a thousand', burn('burn-6'), atRandom(0.001), 0, 1.2],
  ['CUSUM, one in a thousand', cusum, atRandom(0.001), 0.2, 2.2],
];

for (const [name, make, pattern, low, high] of FALSE_ALERTS)
  test(`false alerts in 30 days: ${name}`, () => {
    const mean = falseAlerts(make, pattern);
    assert.ok(mean >= low && mean <= high, `${mean.toFixed(2)} is not in ${low}…${high}`);
  });

/** Median minutes to detect a lasting share of failures. */
const DETECTION: readonly (readonly [string, () => Rule, readonly (readonly [number, number, number])[]])[] = [
  [
    '3 of 5',
    threeOfFive,
    [
      [1, 3, 3],
      [0.5, 5, 7],
      [0.2, 22, 44],
    ],
  ],
  [
    'burn 14.4',
    burn('burn-14.4'),
    [
      [1, 3, 3],
      [0.5, 5, 7],
      [0.2, 10, 18],
      [0.05, 40, 75],
    ],
  ],
  [
    'CUSUM',
    cusum,
    [
      [1, 2, 2],
      [0.5, 3, 5],
      [0.2, 6, 12],
      [0.05, 25, 48],
    ],
  ],
];
for (const [name, make, rows] of DETECTION)
  test(`minutes to detect: ${name}`, () => {
    for (const [ratio, low, high] of rows) {
      const minutes = minutesToDetect(make, ratio);
      assert.ok(minutes >= low && minutes <= high, `${ratio}: ${minutes} is not in ${low}…${high}`);
    }
  });

test('a slow burn over days is a ticket, and rules end when all is well', () => {
  const own = alertRules(SLO);
  const held = new Set<string>();
  let minute = 0;
  const take = (isBad: boolean): string[] => {
    const check = { atUs: minute++ * MINUTE, count: 1, failed: isBad ? 1 : 0 };
    return own.filter((one) => one.take(check)).map(({ id }) => id);
  };
  for (let i = 0; i < 2 * 1_440; i++) for (const id of take(i % 120 === 7)) held.add(id);
  assert.deepEqual([...held], ['burn-1'], 'one in 120');
  let last: string[] = [];
  for (let i = 0; i < 1_440; i++) last = take(false);
  assert.deepEqual(last, []);
});

test('a window of three days holds what a sum of every check would, at rounds every 30 s', () => {
  const own = burn('burn-1')();
  const rounds: { atUs: number; failed: number }[] = [];
  const failuresIn = (spanUs: number, atUs: number): number[] => {
    const inside = rounds.filter((one) => one.atUs > atUs - spanUs);
    return [inside.reduce((sum, { failed }) => sum + failed, 0), inside.length];
  };
  const random = createRandom(5);
  let [differences, held] = [0, 0];
  for (let i = 0; i < 10_000; i++) {
    const check = { atUs: (i * MINUTE) / 2, count: 1, failed: random.next() < 0.002 ? 1 : 0 };
    rounds.push(check);
    const holds = own.take(check);
    if (i % 50 !== 0) continue;
    const [longFailed = 0, longCount = 0] = failuresIn(3 * 1_440 * MINUTE, check.atUs);
    const [shortFailed = 0, shortCount = 0] = failuresIn(360 * MINUTE, check.atUs);
    const exact = longFailed >= 10 && longFailed >= 0.001 * longCount && shortFailed >= 0.001 * shortCount;
    if (holds) held++;
    // Only where a failure leaves the window within a thousandth of it may they differ.
    if (exact !== holds) differences++;
  }
  assert.ok(held > 10 && differences <= 2, `${held} held, ${differences} differ`);
});

test('what the rules of a route hold is taken at the beginning, and does not grow', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held = (): number => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const ROUTES = 20;
  const before = held();
  const routes = Array.from({ length: ROUTES }, () => alertRules(SLO));
  const begun = held();
  // Four days of a round every 30 s: all windows are full, and much has left them.
  for (let round = 0; round < 4 * 2_880; round++)
    for (const rules of routes) for (const rule of rules) rule.take({ atUs: round * 30_000_000, count: 1, failed: 0 });
  const grown = (held() - begun) / ROUTES;
  // Six windows of four columns, eight bytes for each of a thousand stretches; code is compiled meanwhile.
  assert.ok((begun - before) / ROUTES < 250_000, `${(begun - before) / ROUTES} bytes for each route`);
  assert.ok(grown < 20_000, `${grown.toFixed(0)} bytes more for each route`);
  assert.ok(routes.length === ROUTES);
});
