import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CASES } from '../../src/commands/selftest.ts';
import {
  type Case,
  capacityOf,
  capacityStep,
  describeCapacity,
  describeFloor,
  describeRow,
  floorOf,
  rowOf,
} from '../../src/commands/selftest-rows.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import { GOOD_QUALITY } from '../helpers/synthetic-frame.ts';

const CASE: Case = { title: 'constant 50 ms', path: '/', ratePerSec: 200, seconds: 5 };

/** 1000 answers of 50 ms, each `errorUs(i)` too long, sent `lateUs(i)` late. */
function measured(errorUs: (i: number) => number, lateUs: (i: number) => number = () => 0) {
  const exchanges = Array.from(
    { length: 1_000 },
    (_, i): Exchange => ({
      seq: i,
      requestId: String(i),
      experimentId: 'selftest',
      route: 'gateway',
      requestName: 'home',
      dueUs: i * 5_000,
      sentUs: i * 5_000 + lateUs(i),
      endUs: i * 5_000 + 50_000 + errorUs(i),
      outcome: { kind: 'response', status: 200, bodyBytes: 2, complete: true, bodyDigest: 0 },
    }),
  );
  return { exchanges, trueUs: exchanges.map(() => 50_000), cores: 0.05 };
}

const ROWS: readonly (readonly [what: string, errorUs: (i: number) => number, isWithin: boolean])[] = [
  ['exact', () => 0, true],
  ['0.9 ms too long, below 0.5 ms + 1 %', () => 900, true],
  ['1.1 ms too long', () => 1_100, false],
  ['1 % of answers 1.9 ms too long', (i) => (i < 15 ? 1_900 : 100), true],
  ['1 % of answers 3 ms too long', (i) => (i < 15 ? 3_000 : 100), false],
  ['one answer a second too long', (i) => (i === 7 ? 1_000_000 : 100), true],
];
for (const [what, errorUs, isWithin] of ROWS) {
  test(`a probe whose answers are ${what} is ${isWithin ? 'within' : 'outside'} what is allowed`, () => {
    const row = rowOf(CASE, measured(errorUs));
    assert.equal(row.isWithin, isWithin);
    assert.match(describeRow(row), isWithin ? /\n {2}within what/ : /\n {2}OUTSIDE what/);
  });
}

test('the gap error is that between two requests, however late both are', () => {
  const evenly = rowOf(
    CASE,
    measured(
      () => 0,
      () => 400,
    ),
  );
  assert.deepEqual(evenly.gapErrorUs, { p50: 0, p99: 0, max: 0 });
  const inTurn = rowOf(
    CASE,
    measured(
      () => 0,
      (i) => (i % 2) * 300,
    ),
  );
  assert.equal(inTurn.gapErrorUs.p50, 300);
  assert.match(describeRow(inTurn), /gaps between requests wrong by p50 300 µs/);
});

test('the law of a stall is asked for at p95 and p99', () => {
  const one = { ...CASE, stall: { everyMs: 10_000, lengthMs: 1_000 } };
  // 1 % of requests wait 900 ms or more: 10 % are spread evenly over the second.
  const inStall = (i: number): number => (i % 10 === 0 ? i * 1_000 - 40_000 : -50_000);
  assert.equal(rowOf(one, measured(inStall)).isWithin, true);
  assert.equal(
    rowOf(
      one,
      measured(() => -49_000),
    ).isWithin,
    false,
  );
  // Right at p99, 3 % too much at p95: what piled up took its time.
  const piled = rowOf(
    one,
    measured((i) => inStall(i) + (i % 10 === 0 && i > 450 && i < 550 ? 15_000 : 0)),
  );
  assert.equal(piled.isWithin, false);
});

test('the floor of the machine is told in words', () => {
  const floor = floorOf(Array.from({ length: 101 }, (_, i) => i * 10));
  assert.deepEqual(floor, { p50Us: 500, p90Us: 900, p99Us: 990 });
  assert.match(describeFloor(floor), /without the probe[\s\S]*p99 990 µs/);
});

test('the capacity ends at the first rate that does not pass', () => {
  const step = (ratePerSec: number, busyRatio: number, sent = ratePerSec) =>
    capacityStep({ ratePerSec, due: ratePerSec, sent, quality: { ...GOOD_QUALITY, busyRatio } });
  const capacity = capacityOf([step(1_000, 0.2), step(2_000, 0.4), step(5_000, 0.95)]);
  assert.equal(capacity.passedPerSec, 2_000);
  assert.match(describeCapacity(capacity, 2), /up to 2,000\/s\. Ask for no more/);
  assert.match(describeCapacity(capacity, 2), /DOES NOT PASS\n {4}The sending thread was busy 95 %/);
  assert.equal(capacityOf([step(1_000, 0.2, 900)]).passedPerSec, undefined);
  assert.match(describeCapacity(capacityOf([step(1_000, 0.2, 900)]), 2), /100 of 1000 requests were not sent/);
  assert.match(describeCapacity(capacityOf([step(1_000, 0.2)]), 2), /every rate that was tried, up to 1,000\/s/);
});

test('no request of a constant delay is due while the server waits out the end of another', () => {
  const constants = CASES.flatMap(({ path, ratePerSec }) => {
    const delayMs = Number(/ms=(\d+)/.exec(path)?.[1] ?? 0);
    return delayMs === 0 ? [] : [{ delayMs, gapMs: 1_000 / ratePerSec }];
  });
  assert.equal(constants.length, 3);
  for (const { delayMs, gapMs } of constants) {
    // When the requests after it are due, seen from the moment at which the answer leaves.
    const beforeMs = delayMs % gapMs;
    assert.ok(delayMs < gapMs || (beforeMs > 2 && gapMs - beforeMs > 0.5), `${delayMs} ms every ${gapMs} ms`);
  }
});

test('the capacity of several threads names each, and tells what a run would be cautious about', () => {
  const instrument = {
    threads: [
      { launched: 500, busyRatio: 0.3 },
      { launched: 500, busyRatio: 0.4 },
    ],
    books: { launched: 5_000, recorded: 4_999 },
  };
  const one = { ratePerSec: 1_000, due: 1_000, sent: 1_000 };
  const step = capacityStep({ ...one, quality: { ...GOOD_QUALITY, instrument } });
  const text = describeCapacity(capacityOf([step], 2), 4);
  assert.match(text, /How much 2 sending threads can send \(4 cores/);
  assert.match(
    text,
    /sending threads busy 30 % and 40 %: passes\n {4}with a caution about .*requests launched and recorded/,
  );
  assert.match(text, /2 sending threads pass their self-checks at every rate/);
  // What makes a run not valid makes a rate not pass.
  const lost = capacityStep({
    ...one,
    quality: { ...GOOD_QUALITY, instrument: { books: { launched: 50, recorded: 9 } } },
  });
  assert.equal(capacityOf([lost], 2).passedPerSec, undefined);
  assert.match(describeCapacity(capacityOf([lost], 2), 4), /DOES NOT PASS\n {4}The books do not balance/);
});
