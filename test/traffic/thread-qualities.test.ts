import assert from 'node:assert/strict';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { test } from 'node:test';
import { createRandom, exponential } from '../../src/model/random.ts';
import { GATEWAY } from '../../src/model/route.ts';
import type { SenderEnd, ThreadQuality } from '../../src/traffic/protocol.ts';
import { joinQualities, joinStray } from '../../src/traffic/thread-qualities.ts';

function histogramOf(values: readonly number[]): RecordableHistogram {
  const histogram = createHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function times(seed: number, mean: number, count: number): readonly number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => 1 + Math.round(exponential(random, mean)));
}

function endOf(delays: readonly number[], services: readonly number[], more: Partial<ThreadQuality>): SenderEnd {
  const quality = {
    busyRatio: 0,
    busyRatioMax: 0,
    gcPauseMaxUs: 0,
    gcTotalUs: 0,
    loopDelayP99Us: 0,
    portShortages: 0,
    launched: 0,
    ...more,
  };
  const histograms = {
    delays: histogramOf(delays),
    services: histogramOf(services),
    untouched: histogramOf(services.slice(0, -1)),
  };
  return { quality, histograms, stray: [] };
}

test('quantiles are those of all values together, limits are judged by the worst, counts add up', () => {
  const delays = [times(1, 300, 900), times(2, 9_000, 100)] as const;
  const services = [times(3, 1_000, 2_000), times(4, 50_000, 30)] as const;
  const joined = joinQualities(
    [
      endOf(delays[0], services[0], {
        busyRatio: 0.7,
        busyRatioMax: 0.8,
        gcPauseMaxUs: 5,
        gcTotalUs: 10,
        portShortages: 1,
        blankUs: 200,
        collector: { requests: 2_000, touched: 4, p99Us: 1, untouchedP99Us: 1 },
        starvation: { activeUs: 100, starvedUs: 10, worstSecondUs: 8 },
      }),
      endOf(delays[1], services[1], {
        busyRatio: 0.2,
        busyRatioMax: 0.9,
        gcPauseMaxUs: 9,
        gcTotalUs: 10,
        portShortages: 2,
        blankUs: 150,
        collector: { requests: 30, touched: 3, p99Us: 1, untouchedP99Us: 1 },
        starvation: { activeUs: 300, starvedUs: 200, worstSecondUs: 90 },
      }),
    ],
    [
      { launched: 2_000, busyRatio: 0.7 },
      { launched: 31, busyRatio: 0.2 },
      { launched: 5, ended: { because: 'x', lost: 2 } },
    ],
    { pairs: 7, together: 1 },
  );
  const p99Of = (values: readonly number[]): number => histogramOf(values).percentile(99);
  assert.equal(joined.loopDelayP99Us, p99Of([...delays[0], ...delays[1]]));
  assert.notEqual(joined.loopDelayP99Us, p99Of(delays[0]));
  assert.deepEqual(joined.collector, {
    requests: 2_030,
    touched: 7,
    p99Us: p99Of([...services[0], ...services[1]]),
    untouchedP99Us: p99Of([...services[0].slice(0, -1), ...services[1].slice(0, -1)]),
  });
  const { busyRatio, busyRatioMax, gcPauseMaxUs, gcTotalUs, portShortages, launched, blankUs } = joined;
  assert.deepEqual(
    { busyRatio, busyRatioMax, gcPauseMaxUs, gcTotalUs, portShortages, launched, blankUs },
    {
      busyRatio: 0.7,
      busyRatioMax: 0.9,
      gcPauseMaxUs: 9,
      gcTotalUs: 20,
      portShortages: 3,
      launched: 2_036,
      blankUs: 200,
    },
  );
  assert.deepEqual(joined.starvation, {
    activeUs: 400,
    starvedUs: 210,
    worstSecondUs: 90,
    delayP50Us: histogramOf([...delays[0], ...delays[1]]).percentile(50),
  });
  assert.deepEqual(joined.arrivals, { pairs: 7, together: 1 });
  assert.equal(joined.threads?.length, 3);
});

test('what nobody measured is left out', () => {
  const joined = joinQualities([endOf([], [], {})], [{ launched: 0, busyRatio: 0 }], undefined);
  assert.equal(joined.loopDelayP99Us, 0);
  for (const key of ['arrivals', 'starvation', 'collector', 'blankUs'] as const)
    assert.equal(joined[key], undefined, key);
});

test('stray bytes of a route are added up', () => {
  const stray = { route: GATEWAY, bytesBehindAnswers: 3, bytesIdle: 1, connections: 1 };
  const other = { ...stray, route: 'direct:web1' as const };
  assert.deepEqual(joinStray([[stray], [], [stray, other]]), [
    { route: GATEWAY, bytesBehindAnswers: 6, bytesIdle: 2, connections: 2 },
    other,
  ]);
});

test('what each thread tells of its own connections and of its machine is not lost', () => {
  const reuse = (route: string, asked: number, replacedIdle: number) => ({
    route: route as typeof GATEWAY,
    asked,
    replacedAfterAnswer: 1,
    replacedIdle,
  });
  const joined = joinQualities(
    [
      endOf([1], [1], { blankAfterUs: 300, reuse: [reuse(GATEWAY, 10, 2)] }),
      endOf([1], [1], { blankAfterUs: 200, reuse: [reuse(GATEWAY, 5, 0), reuse('direct:web1', 7, 1)] }),
      endOf([1], [1], {}),
    ],
    [],
    undefined,
  );
  assert.equal(joined.blankAfterUs, 300);
  assert.deepEqual(joined.reuse, [
    { route: GATEWAY, asked: 15, replacedAfterAnswer: 2, replacedIdle: 2 },
    { route: 'direct:web1', asked: 7, replacedAfterAnswer: 1, replacedIdle: 1 },
  ]);
});
