import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cohortOf, type Exchange } from '../../src/model/exchange.ts';
import type { Window } from '../../src/model/recording.ts';
import { decodeHistogram, histogramOf } from '../../src/recording/histogram.ts';
import { createOpenWindows, mergeWindows } from '../../src/recording/windows.ts';
import { BAD_GATEWAY, exchange, NOT_SENT, OK, TIMEOUT } from './traffic.ts';

function windowsOf(exchanges: readonly Exchange[]): Window[] {
  const open = createOpenWindows();
  for (const one of exchanges) open.add(one, cohortOf(one));
  return open.close(Number.POSITIVE_INFINITY);
}

const { connection: _none, ...unconnected } = exchange(1);

for (const { name, of, expected } of [
  { name: 'ok, warm, no tag', of: exchange(1), expected: { cohort: 'ok', connection: 'warm', role: 'none' } },
  {
    name: 'a new connection',
    of: exchange(1, { connection: { id: 1, isNew: true, ageUs: 0, idleUs: 0 }, tag: { kind: 'load' } }),
    expected: { cohort: 'ok', connection: 'new', role: 'load' },
  },
  { name: 'a failure', of: exchange(1, { outcome: BAD_GATEWAY }), expected: { cohort: 'error', outcomes: { 502: 1 } } },
  {
    name: 'a timeout',
    of: exchange(1, { outcome: TIMEOUT }),
    expected: { cohort: 'timeout', outcomes: { 'timeout:headers': 1 } },
  },
  {
    name: 'not sent: counted, without a service time',
    of: exchange(1, { outcome: NOT_SENT, tag: { kind: 'canary' } }),
    expected: { cohort: 'not-sent', role: 'canary', count: 1, maxServiceUs: 0, outcomes: { 'not-sent:cap': 1 } },
  },
  { name: 'aborted', of: exchange(1, { outcome: { kind: 'aborted' } }), expected: { cohort: 'aborted', count: 1 } },
  {
    name: 'failed to connect: about a new connection',
    of: {
      ...unconnected,
      outcome: { kind: 'connection-error', phase: 'connect', code: 'refused', detail: '', bytesReceived: 0 } as const,
    },
    expected: { cohort: 'error', connection: 'new', outcomes: { 'error:refused': 1 } },
  },
  {
    name: 'a slot that was not sent keeps its arm',
    of: { ...exchange(1, { outcome: NOT_SENT }), tag: { kind: 'slot', arm: 'new' } as const },
    expected: { connection: 'new', role: 'slot' },
  },
  {
    name: 'times from due and from sent',
    of: exchange(1, { dueUs: 2_999_999, sentUs: 3_000_099, endUs: 3_001_000 }),
    expected: { startUs: 2_000_000, lengthUs: 1_000_000, maxResponseUs: 1_001, maxServiceUs: 901 },
  },
]) {
  test(`window key: ${name}`, () => {
    const [window, ...others] = windowsOf([of]);
    assert.equal(others.length, 0);
    assert.partialDeepStrictEqual(window, expected);
  });
}

test('names with any characters never fall into one window', () => {
  const pairs = [
    exchange(1, { experimentId: 'a', requestName: 'b c' }),
    exchange(2, { experimentId: 'a b', requestName: 'c' }),
    exchange(3, { experimentId: 'a', requestName: 'b' }),
  ];
  assert.equal(windowsOf(pairs).length, 3);
});

test('an exchange that ends after its window was closed opens it again', () => {
  const open = createOpenWindows();
  open.add(exchange(1, { dueUs: 10 }), 'ok');
  open.add(exchange(2, { dueUs: 1_000_000 }), 'ok');
  assert.deepEqual(
    open.close(1_999_999).map(({ startUs }) => startUs),
    [0],
  );
  open.add(exchange(3, { dueUs: 20, endUs: 3_600_000_020 }), 'ok');
  const late = open.close(Number.POSITIVE_INFINITY);
  assert.deepEqual(
    late.map(({ startUs, count }) => [startUs, count]),
    [
      [0, 1],
      [1_000_000, 1],
    ],
  );
  assert.equal(late[0]?.maxResponseUs, 3_600_000_000);
  assert.deepEqual(open.close(Number.POSITIVE_INFINITY), []);
});

test('times that are no times are counted as exchanges and reported', () => {
  const open = createOpenWindows();
  open.add(exchange(1, { dueUs: Number.NaN }), 'ok');
  open.add(exchange(2, { dueUs: 5, sentUs: 5, endUs: 3_600_000_006 }), 'ok');
  const windows = open.close(Number.POSITIVE_INFINITY);
  assert.equal(windows[0]?.count, 2);
  assert.equal(decodeHistogram(windows[0]?.response ?? '').length, 1);
  assert.equal(open.clampedCount, 1);
  assert.equal(open.rejectedCount, 2);
});

const someExchange = fc
  .record({
    dueUs: fc.nat(8_000_000),
    latenessUs: fc.nat(1_000),
    serviceUs: fc.oneof(fc.nat(20_000), fc.nat(5_000_000)),
    outcome: fc.constantFrom(OK, BAD_GATEWAY, TIMEOUT, NOT_SENT, { kind: 'aborted' as const }),
    route: fc.constantFrom('gateway' as const, 'direct:web1' as const),
  })
  .map(({ dueUs, latenessUs, serviceUs, outcome, route }) => ({
    ...exchange(0, { dueUs, outcome, route, sentUs: dueUs + latenessUs }),
    endUs: dueUs + latenessUs + serviceUs,
  }));

test('in whatever order they arrive and are closed, each exchange is counted once and its time is within 0.1 %', () => {
  fc.assert(
    fc.property(fc.array(someExchange, { maxLength: 80 }), fc.nat(2_000_000), (exchanges, graceUs) => {
      const open = createOpenWindows();
      const closed: Window[] = [];
      for (const one of exchanges) {
        open.add(one, cohortOf(one));
        closed.push(...open.close(one.endUs - graceUs));
      }
      closed.push(...open.close(Number.POSITIVE_INFINITY));
      const merged = mergeWindows(closed);
      assert.deepEqual(comparable(merged), comparable(windowsOf(exchanges)));
      for (const window of merged) {
        const members = exchanges.filter((one) => belongs(one, window));
        assert.equal(window.count, members.length);
        const times = members.map((one) => one.endUs - one.dueUs).sort((a, b) => a - b);
        const median = times[Math.ceil(times.length / 2) - 1] as number;
        const response = histogramOf(window.response);
        assert.equal(response.count, times.length);
        assert.ok(Math.abs(response.quantile(0.5) - median) <= median * 0.001);
        assert.equal(window.maxResponseUs, times.at(-1));
      }
      assert.equal(
        merged.reduce((sum, window) => sum + window.count, 0),
        exchanges.length,
      );
    }),
    { numRuns: 60 },
  );
});

test('merging into longer windows loses nothing but the time within', () => {
  fc.assert(
    fc.property(fc.array(someExchange, { maxLength: 60 }), (exchanges) => {
      const windows = windowsOf(exchanges);
      const longer = mergeWindows(windows, 4_000_000);
      for (const window of longer) {
        assert.equal(window.startUs % 4_000_000, 0);
        assert.equal(window.lengthUs, 4_000_000);
        const parts = windows.filter(
          (part) =>
            Math.floor(part.startUs / 4_000_000) * 4_000_000 === window.startUs &&
            part.route === window.route &&
            part.cohort === window.cohort,
        );
        assert.equal(
          window.count,
          parts.reduce((sum, part) => sum + part.count, 0),
        );
        assert.equal(window.maxServiceUs, Math.max(...parts.map((part) => part.maxServiceUs)));
        const values = decodeHistogram(window.response);
        assert.equal(
          values.reduce((sum, [, count]) => sum + count, 0),
          window.count,
        );
      }
      assert.equal(
        longer.reduce((sum, window) => sum + window.count, 0),
        exchanges.length,
      );
    }),
    { numRuns: 40 },
  );
});

function belongs(one: Exchange, window: Window): boolean {
  return (
    one.route === window.route &&
    cohortOf(one) === window.cohort &&
    Math.floor(one.dueUs / 1_000_000) * 1_000_000 === window.startUs &&
    (one.connection === undefined || window.connection === 'warm')
  );
}

/** Windows of one start may come in any order, and so may the outcomes in them. */
function comparable(windows: readonly Window[]): string[] {
  return windows.map((one) => JSON.stringify({ ...one, outcomes: Object.entries(one.outcomes).sort() })).sort();
}
