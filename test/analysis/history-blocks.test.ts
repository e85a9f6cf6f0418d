import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  historyBlocks,
  historyDistribution,
  historyTimes,
  usualConnection,
} from '../../src/analysis/history-blocks.ts';
import type { HistoryEvidence, HistoryInterval } from '../../src/model/history.ts';
import { directTo, GATEWAY, type RouteId } from '../../src/model/route.ts';
import { encodeValues } from '../../src/recording/histogram.ts';

const HOUR = 3_600_000_000;

function interval(
  route: RouteId,
  connection: 'new' | 'warm',
  startAtUs: number,
  times: readonly number[],
  failed = 0,
): HistoryInterval {
  const encoded = encodeValues(times);
  const outcomes = { '200': times.length - failed, '503': failed };
  const key = { profile: 'farm', route, requestName: 'page', connection, level: '5m' as const };
  const maxUs = Math.max(0, ...times);
  return {
    ...key,
    startAtUs,
    count: times.length,
    failed,
    outcomes,
    response: encoded,
    service: encoded,
    maxResponseUs: maxUs,
    maxServiceUs: maxUs,
  };
}

const history: HistoryEvidence = {
  fromAtUs: 0,
  toAtUs: 2 * HOUR,
  level: '5m',
  series: [
    {
      profile: 'farm',
      route: GATEWAY,
      requestName: 'page',
      connection: 'warm',
      intervals: [
        interval(GATEWAY, 'warm', HOUR, [300], 1),
        interval(GATEWAY, 'warm', 0, [100, 200]),
        interval(GATEWAY, 'warm', 300_000_000, []),
      ],
    },
    {
      profile: 'farm',
      route: GATEWAY,
      requestName: 'page',
      connection: 'new',
      intervals: [interval(GATEWAY, 'new', 0, [900])],
    },
    {
      profile: 'farm',
      route: directTo('web1'),
      requestName: 'page',
      connection: 'new',
      intervals: [interval(directTo('web1'), 'new', 0, [50])],
    },
  ],
  kept: [],
  quiet: [],
  events: [],
};

test('blocks add up connections and outcomes, in order, without empty ones', () => {
  assert.deepEqual(historyBlocks(history, { route: GATEWAY }, HOUR), [
    { startAtUs: 0, count: 3, failed: 0, outcomes: { '200': 3, '503': 0 } },
    { startAtUs: HOUR, count: 1, failed: 1, outcomes: { '200': 0, '503': 1 } },
  ]);
  assert.equal(historyBlocks(history, { route: GATEWAY }, 24 * HOUR).length, 1);
});

test('times are those of the connection asked for', () => {
  const warm = historyTimes(history, { route: GATEWAY, connection: 'warm' }, HOUR);
  assert.deepEqual(
    warm.map(({ startAtUs, times }) => [startAtUs, times.count, times.max]),
    [
      [0, 2, 200],
      [HOUR, 1, 300],
    ],
  );
  assert.equal(historyDistribution(history, { route: GATEWAY }).count, 4);
  assert.equal(historyDistribution(history, { route: directTo('none') }).count, 0);
});

test('warm connections are the usual ones where there are any', () => {
  assert.equal(usualConnection(history, GATEWAY), 'warm');
  assert.equal(usualConnection(history, directTo('web1')), 'new');
});
