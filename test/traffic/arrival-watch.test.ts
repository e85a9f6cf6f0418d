/** What leaves against what was planned: each defect made on purpose, without any clock. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ArrivalFacts } from '../../src/model/instrument.ts';
import { createRandom } from '../../src/model/random.ts';
import { createArrivalWatch } from '../../src/traffic/arrival-watch.ts';
import { arrivals } from '../../src/traffic/schedule.ts';

type Send = (dueUs: number, index: number) => number | undefined;

function watched(
  law: 'poisson' | 'uniform',
  ratePerSec: number,
  seconds: number,
  send: Send,
): ArrivalFacts | undefined {
  const watch = createArrivalWatch();
  watch.begin();
  let index = 0;
  for (const at of arrivals(law, ratePerSec, seconds * 1e6, createRandom(7))) {
    const dueUs = Math.round(at);
    watch.launched(dueUs, send(dueUs, index++));
  }
  watch.end();
  return watch.facts();
}

const jitter = createRandom(3);
const inTime: Send = (dueUs) => dueUs + Math.floor(60 * jitter.next());
const tick =
  (us: number): Send =>
  (dueUs) =>
    Math.ceil(dueUs / us) * us;

/** Sends only when the one before was answered, after `serviceUs`. */
function closedLoop(serviceUs: number): Send {
  let freeUs = 0;
  return (dueUs) => {
    if (dueUs < freeUs) return undefined;
    freeUs = dueUs + serviceUs;
    return dueUs;
  };
}

const shareTogether = (facts: ArrivalFacts | undefined): number =>
  facts === undefined ? 0 : facts.together / facts.pairs;

test('what leaves in time keeps its law, and nothing leaves together', () => {
  for (const rate of [50, 200, 1_000]) {
    const facts = watched('poisson', rate, 10, inTime);
    assert.equal(facts?.together, 0);
    assert.ok(facts?.law !== undefined && facts.law.sent < 1.957, JSON.stringify(facts));
  }
});

test('a pacer with ticks of 10 ms sends together what was due apart, and breaks the law', () => {
  const facts = watched('poisson', 500, 10, tick(10_000));
  assert.ok(shareTogether(facts) > 0.5, JSON.stringify(facts));
  assert.ok((facts?.law?.sent ?? 0) > 20, JSON.stringify(facts));
  assert.ok(shareTogether(watched('uniform', 500, 10, tick(10_000))) > 0.5);
});

test('a tick that is short against the gaps joins next to nothing', () => {
  assert.ok(shareTogether(watched('poisson', 50, 20, tick(1_000))) < 0.05);
});

test('requests that leave only after an answer are those of a closed loop', () => {
  const facts = watched('poisson', 400, 20, closedLoop(20_000));
  assert.ok((facts?.law?.sent ?? 0) > 20, JSON.stringify(facts));
});

test('a plan of constant gaps is not asked for its law', () => {
  assert.equal(watched('uniform', 200, 10, inTime)?.law, undefined);
});

test('one request in twenty that is missing does not break the law: it is counted elsewhere', () => {
  const facts = watched('poisson', 200, 10, (dueUs, index) => (index % 20 === 0 ? undefined : dueUs));
  assert.ok(facts?.law !== undefined && facts.law.sent < 3.914, JSON.stringify(facts));
});

test('gaps between two firings are no gaps, and nothing watched is nothing told', () => {
  const watch = createArrivalWatch();
  for (const startUs of [0, 5e6]) {
    watch.begin();
    watch.launched(startUs, startUs);
    watch.end();
  }
  assert.equal(watch.facts(), undefined);
});
