/** Evidence for the sample reports: seeded, of the shapes that detectors make. */
import type { ExchangeRow, Exhibit, WaterfallLane } from '../../src/model/finding.ts';
import { createRandom, exponential } from '../../src/model/random.ts';

type Point = readonly [number, number];

/** [quantile, µs] of a response time with the given median, for a percentile axis. */
function curve(medianUs: number, tailUs: number, upTo: number): Point[] {
  const points: Point[] = [];
  for (let x = 0; x <= upTo; x += 0.06) {
    const q = 1 - 10 ** -x;
    points.push([q, Math.round(medianUs * (0.7 + x) + tailUs * Math.max(0, x - 1.3) ** 2)]);
  }
  return points;
}

function banded(points: readonly Point[]): (readonly [number, number, number])[] {
  return points.map(([q, us], index) => [q, us * (1 - 0.02 - index / 400), us * (1 + 0.03 + index / 250)]);
}

export function latencyCurves(): Exhibit {
  const gateway = curve(13_800, 90_000, 3.05);
  const web1 = curve(11_900, 30_000, 2.9);
  const web2 = curve(12_200, 42_000, 2.9);
  return {
    kind: 'xy',
    id: 'latency-curves',
    title: 'Response time by percentile',
    reading:
      'Each further nine takes the same room. Where the blue line leaves the green ones, the gateway adds the time.',
    x: { title: 'Share of requests that were faster', unit: 'ratio', scale: 'percentile' },
    y: { title: 'Response time', unit: 'us', scale: 'linear' },
    series: [
      { name: 'gateway', role: 'gateway', style: 'line', points: gateway, band: banded(gateway) },
      { name: 'web1, direct', role: 'direct', style: 'line', points: web1, band: banded(web1) },
      { name: 'web2, direct', role: 'direct', style: 'line', points: web2 },
    ],
  };
}

/** Failures pile up at one elapsed time; good answers, direct ones too, stand below and above it. */
export function timeoutPlane(pointCount: number): Exhibit {
  const random = createRandom(7);
  const points = (count: number, elapsedUs: () => number): Point[] =>
    Array.from({ length: count }, () => [Math.round(random.next() * 60_000_000), Math.round(elapsedUs())]);
  return {
    kind: 'xy',
    id: 'elapsed-by-time',
    title: 'Every request to /report by the time it took',
    reading: 'Failures stand on one line at 2 s, whatever the hour; direct requests pass the line and succeed.',
    x: { title: 'Time in the run', unit: 'us', scale: 'linear' },
    y: { title: 'Response time', unit: 'us', scale: 'linear' },
    series: [
      {
        name: 'gateway, answered',
        role: 'gateway',
        style: 'points',
        points: points(pointCount, () => Math.min(1.98e6, 3e5 + exponential(random, 4e5))),
      },
      {
        name: 'direct, answered',
        role: 'direct',
        style: 'points',
        points: points(pointCount / 2, () => 3e5 + exponential(random, 7e5)),
      },
      {
        name: 'gateway, failed',
        role: 'failure',
        style: 'points',
        points: points(pointCount / 8, () => 2.004e6 + random.next() * 9_000),
      },
    ],
    marks: [{ axis: 'y', value: 2_000_000, label: 'ARR proxy timeout 2 s' }],
  };
}

export function idleGaps(): Exhibit {
  const random = createRandom(11);
  const gaps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 900].map((seconds) => seconds * 1_000_000);
  const first = gaps.flatMap((gap): Point[] =>
    [0, 1, 2].map(() => [gap, Math.round((gap >= 600e6 ? 3.1e6 : 13_000) * (0.9 + random.next() / 5))]),
  );
  return {
    kind: 'xy',
    id: 'first-after-idle',
    title: 'First answer after a pause, by the length of the pause',
    reading: 'Up to 5 min the first answer is as fast as any other; from 10 min on it takes 3 s.',
    x: { title: 'Pause before the request', unit: 'us', scale: 'log' },
    y: { title: 'Response time', unit: 'us', scale: 'log' },
    series: [
      { name: 'first after the pause', role: 'cold', style: 'points', points: first },
      { name: 'second', role: 'warm', style: 'points', points: first.map(([gap], i) => [gap, 12_000 + (i % 5) * 400]) },
    ],
    marks: [
      { axis: 'x', value: 300e6, label: 'still warm at 5 min' },
      { axis: 'x', value: 600e6, label: 'cold at 10 min' },
    ],
  };
}

export function burstRamp(): Exhibit {
  const random = createRandom(3);
  const rise = (slope: number): Point[] =>
    Array.from({ length: 150 }, (_, i) => [
      i * 33_333,
      Math.round(14_000 + slope * i * 33_333 + random.next() * 9_000),
    ]);
  return {
    kind: 'xy',
    id: 'burst-slope',
    title: 'Response time in a burst of 300/s',
    reading: 'Through the gateway each request waits longer than the one before; the direct canary does not.',
    x: { title: 'Time since the burst began', unit: 'us', scale: 'linear' },
    y: { title: 'Response time', unit: 'us', scale: 'linear' },
    series: [
      { name: 'gateway', role: 'gateway', style: 'points', points: rise(0.19) },
      { name: 'canary to web1', role: 'canary', style: 'points', points: rise(0).filter((_, i) => i % 5 === 0) },
      {
        name: 'slope 0.19 s per s',
        role: 'model',
        style: 'line',
        points: [
          [0, 14_000],
          [5_000_000, 964_000],
        ],
      },
    ],
  };
}

export function failedRequests(count: number, outcome: string): Exhibit {
  const random = createRandom(count);
  const rows = Array.from(
    { length: Math.min(count, 40) },
    (_, i): ExchangeRow => ({
      requestId: Math.floor(random.next() * 2 ** 52)
        .toString(16)
        .padStart(16, '0'),
      dueUs: i * 1_537_211 + 412_345,
      route: 'gateway',
      requestName: i % 3 === 0 ? 'report' : 'home',
      outcome,
      elapsedUs: 2_004_000 + Math.round(random.next() * 9_000),
      ...(i % 4 === 0 && { detail: 'X-ARR-LOG-ID 6c1e7d1c-5b0e-4a3e' }),
    }),
  );
  return {
    kind: 'exchanges',
    id: 'failed-requests',
    title: 'The failed requests',
    reading: 'Search the gateway log for the request id: it is in the User-Agent of each request.',
    rows,
    total: count,
  };
}

export function outcomeBars(): Exhibit {
  return {
    kind: 'bars',
    id: 'outcomes',
    title: 'How requests ended, by route',
    reading: 'Only the route through the gateway has failures.',
    categories: ['gateway', 'web1, direct', 'web2, direct'],
    unit: 'count',
    stacked: true,
    series: [
      { name: '200', values: [2286, 1204, 1198] },
      { name: '502.3', values: [74, 0, 0] },
      { name: 'error:reset', values: [0, 0, 9] },
      { name: 'not-sent:cap', values: [40, 0, 0] },
    ],
  };
}

export function phaseBars(): Exhibit {
  return {
    kind: 'bars',
    id: 'phases',
    title: 'Where the time goes (median)',
    reading: 'Nearly all of it is the wait for the answer; connecting costs little.',
    categories: ['dns', 'connect', 'tls', 'send', 'wait', 'receive'],
    unit: 'us',
    stacked: false,
    series: [
      { name: 'gateway', values: [180, 410, 3_900, 60, 13_100, 240] },
      { name: 'direct web1', values: [0, 390, 0, 50, 11_400, 210] },
      { name: 'direct web2', values: [0, 400, 0, 55, 11_700, 220] },
    ],
  };
}

export function timerTable(): Exhibit {
  return {
    kind: 'table',
    id: 'timeout-proof',
    title: 'The same request, shorter and longer than the timer',
    reading: 'Just below 2 s it succeeds, just above it fails; directly the same work succeeds.',
    columns: [
      { title: 'Request', unit: 'text' },
      { title: 'Asked to take', unit: 'us' },
      { title: 'Route', unit: 'text' },
      { title: 'Took', unit: 'us' },
      { title: 'Outcome', unit: 'text' },
    ],
    rows: [
      ['/report?ms=1800', 1_800_000, 'gateway', 1_812_400, '200'],
      ['/report?ms=2200', 2_200_000, 'gateway', 2_006_900, '502.3'],
      ['/report?ms=2200', 2_200_000, 'web1, direct', 2_211_000, '200'],
      ['/report?ms=60000', 60_000_000, 'web2, direct', null, 'not tried'],
    ],
  };
}

export function latenessCurve(): Exhibit {
  return {
    kind: 'xy',
    id: 'probe-lateness',
    title: 'How late the probe itself was',
    reading: 'Far below the times it measures: the probe did not make them.',
    x: { title: 'Share of requests', unit: 'ratio', scale: 'percentile' },
    y: { title: 'Sent after its due time', unit: 'us', scale: 'log' },
    series: [{ name: 'probe', role: 'model', style: 'step', points: curve(12, 60, 3.4) }],
    marks: [{ axis: 'y', value: 5_000, label: 'not valid above 5 ms' }],
  };
}

export function heatMap(): Exhibit {
  const random = createRandom(13);
  const cell = (second: number, stepMs: number, count: number) =>
    [second * 1e6, (second + 1) * 1e6, stepMs * 1e3, stepMs * 1.5e3, count] as const;
  const answered = Array.from({ length: 60 }, (_, second) => [
    cell(second, 12, 30 + Math.round(random.next() * 9)),
    ...(second % 3 === 0 ? [cell(second, 18, 4)] : []),
    ...(second > 30 ? [cell(second, 200 + second * 9, 2)] : []),
  ]);
  return {
    kind: 'heat',
    id: 'latency-over-time',
    title: 'Every request by when it was due and how long it took',
    reading: 'The darker a field the more requests; failures are red.',
    x: { title: 'time in the run', unit: 'us', scale: 'linear' },
    y: { title: 'response time', unit: 'us', scale: 'log' },
    layers: [
      { name: 'answered', role: 'gateway', cells: answered.flat() },
      { name: 'failed', role: 'failure', cells: [cell(31, 2_000, 1), cell(40, 2_000, 9)] },
    ],
    marks: [
      { axis: 'x', value: 0, label: 'compare-1' },
      { axis: 'x', value: 30e6, label: 'burst-1' },
      { axis: 'x', value: 52e6, label: 'timeout-1' },
    ],
  };
}

export function smallMultiples(): Exhibit {
  const random = createRandom(17);
  const ways = ['gateway', 'web1, direct', 'web2, direct', 'web3, direct'];
  return {
    kind: 'xy',
    id: 'ways-over-time',
    title: 'Each way by itself',
    reading: 'All plots have the same axes; web2 stands apart.',
    x: { title: 'time in the run', unit: 'us', scale: 'linear' },
    y: { title: 'response time', unit: 'us', scale: 'log' },
    series: ways.flatMap((panel, index) => {
      const points = Array.from({ length: 40 }, (_, second): Point => {
        const us = (index === 2 ? 60_000 : 11_000) * (1 + random.next() / 4);
        return [second * 1e6, second === 20 ? Number.NaN : us];
      });
      return [
        {
          name: panel,
          panel,
          role: index === 0 ? ('gateway' as const) : ('direct' as const),
          style: 'line' as const,
          points,
          band: banded(points),
        },
        ...(index === 2
          ? [
              {
                name: `${panel}: failed`,
                panel,
                role: 'failure' as const,
                style: 'points' as const,
                points: [[9e6, 2e6] as const],
              },
            ]
          : []),
      ];
    }),
  };
}

export function waterfallSample(): Exhibit {
  const lane = (name: string, ...lengths: readonly (readonly [string, number])[]): WaterfallLane => {
    let endUs = 0;
    const steps = lengths.map(([phase, us]) => {
      const startUs = endUs;
      endUs += us;
      return { phase, startUs, endUs };
    });
    return { name, steps };
  };
  return {
    kind: 'waterfall',
    id: 'slowest-request',
    title: 'The slowest request: 2.01 s, 502',
    reading: 'Each step begins where the one before ends. 99.8 % of it was wait: until the first byte of the answer.',
    lanes: [
      lane('gateway: 2.01 s, 502', ['not sent yet', 400], ['connect', 3_600], ['send', 180], ['wait', 2_004_000]),
      lane('web1, direct: 1.5 s, 200', ['connect', 900], ['send', 90], ['wait', 1_500_000], ['receive', 700]),
      lane('web2, direct: 2.95 s, 200', ['send', 110], ['wait', 2_943_000], ['receive', 8_000]),
    ],
  };
}

/** What belongs to no single finding. */
export function measurements(): readonly Exhibit[] {
  return [latencyCurves(), heatMap(), smallMultiples(), waterfallSample(), phaseBars(), outcomeBars(), latenessCurve()];
}
