import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEvidence, LogSourceSummary } from '../../src/model/journey.ts';
import { isLogExhibit, logExhibits } from '../../src/report/log-exhibits.ts';
import { gatewaySource, logEvidence, utc } from './sample-logs.ts';

const MINUTE = 60_000_000;
const with1 = (source: LogSourceSummary): LogEvidence => ({ ...logEvidence(), sources: [source] });
const minutesAt = (...ats: readonly number[]) =>
  with1({
    ...gatewaySource(),
    minutes: ats.map((at) => ({
      atUs: utc('2011-07-18T16:00:00Z') + at * MINUTE,
      count: 10,
      failed: at === 0 ? 2 : 0,
    })),
  });

function seriesOf(logs: LogEvidence, id: string) {
  const exhibit = logExhibits(logs).find((one) => one.id === id);
  assert.ok(exhibit?.kind === 'xy', id);
  return exhibit;
}

test('failures at the gateway and at the members stand apart, requests together', () => {
  const exhibits = logExhibits(logEvidence());
  assert.deepEqual(
    exhibits.map(({ id }) => id),
    ['log-failures', 'log-failures-members', 'log-requests'],
  );
  assert.ok(exhibits.every(isLogExhibit));
  assert.deepEqual(
    seriesOf(logEvidence(), 'log-requests').series.map(({ name, role }) => [name, role]),
    [
      ['gateway', 'gateway'],
      ['web1, iis-w3c', 'direct'],
      ['web2, nginx', 'direct'],
    ],
  );
});

test('each minute has its step, also the silent ones, and the last one its end', () => {
  const { series, x, y } = seriesOf(minutesAt(0, 3), 'log-requests');
  assert.deepEqual(series[0]?.points, [
    [0, 10],
    [MINUTE, 0],
    [2 * MINUTE, 0],
    [3 * MINUTE, 10],
    [4 * MINUTE, 10],
  ]);
  assert.deepEqual([x.title, y.title], ['time since 18 July 2011, 16:00 UTC', 'requests per minute']);
});

test('a long log is told in coarser steps, and nothing is lost', () => {
  const { series, y } = seriesOf(minutesAt(...Array.from({ length: 2_000 }, (_, at) => at)), 'log-requests');
  const points = series[0]?.points ?? [];
  assert.ok(points.length <= 241, String(points.length));
  assert.equal(
    points.slice(0, -1).reduce((sum, [, height]) => sum + height, 0),
    20_000,
  );
  assert.equal(y.title, 'requests per 16 min');
});

test('nothing failed, or nothing to see over time', () => {
  const calm = minutesAt(1, 2, 3, 4);
  assert.deepEqual(
    logExhibits(calm).map(({ id }) => id),
    ['log-requests'],
  );
  assert.deepEqual(logExhibits(minutesAt(0, 1)), []);
  assert.deepEqual(logExhibits({ ...logEvidence(), sources: [] }), []);
});

test('of many members those with most failures are shown', () => {
  const sources = Array.from(
    { length: 9 },
    (_, index): LogSourceSummary => ({
      ...gatewaySource(),
      index,
      role: 'member',
      member: `web${index}`,
      minutes: gatewaySource().minutes.map((minute) => ({ ...minute, failed: index })),
    }),
  );
  const { series } = seriesOf({ ...logEvidence(), sources }, 'log-failures-members');
  assert.deepEqual(
    series.map(({ name }) => name),
    ['web3', 'web4', 'web5', 'web6', 'web7', 'web8'],
  );
});
