import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom, exponential } from '../../src/model/random.ts';
import { createArrivalWatch } from '../../src/traffic/arrival-watch.ts';
import { createDepartureJoin, createDepartureLog } from '../../src/traffic/departures.ts';
import { arrivals } from '../../src/traffic/schedule.ts';

type Departure = readonly [dueUs: number, sentUs: number | undefined];

/** Poisson, some together, some late, some not sent. */
function departures(seed: number): readonly Departure[] {
  const random = createRandom(seed);
  return [...arrivals('poisson', 400, 5e6, random)].map((due, i) => [
    Math.round(due),
    i % 50 === 7 ? undefined : Math.round(due + exponential(random, 800)),
  ]);
}

for (const count of [1, 2, 3, 8]) {
  test(`what ${count} threads saw of a firing is what one would have told of it`, () => {
    const watch = createArrivalWatch();
    const logs = Array.from({ length: count }, createDepartureLog);
    const join = createDepartureJoin();
    for (const seed of [1, 2, 3]) {
      watch.begin();
      for (const log of logs) log.begin();
      for (const [i, [dueUs, sentUs]] of departures(seed).entries()) {
        watch.launched(dueUs, sentUs);
        logs[i % count]?.launched(dueUs, sentUs);
      }
      watch.end();
      for (const log of logs) log.end();
      join.firing(logs.map((log) => log.take() as Float64Array<ArrayBuffer>));
    }
    const facts = watch.facts();
    assert.ok((facts?.pairs ?? 0) > 3_000 && (facts?.together ?? 0) > 0 && facts?.law !== undefined);
    assert.deepEqual(join.facts(), facts);
  });
}

test('a log tells each firing once, and nothing of one that has not ended', () => {
  const log = createDepartureLog();
  assert.equal(log.take(), undefined);
  log.begin();
  log.launched(5, undefined);
  assert.equal(log.take(), undefined);
  log.end();
  assert.deepEqual(log.take(), Float64Array.of(5, Number.NaN));
  assert.equal(log.take(), undefined);
  assert.equal(createDepartureJoin().facts(), undefined);
});
