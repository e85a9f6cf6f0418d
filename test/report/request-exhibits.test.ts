import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { Exchange } from '../../src/model/exchange.ts';
import type { Exhibit } from '../../src/model/finding.ts';
import { drainExhibits, waterfallExhibits } from '../../src/report/request-exhibits.ts';
import { fails, makeRecording, plus, queueOf, sometimes } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

function waterfall(exhibit: Exhibit | undefined): Exhibit & { kind: 'waterfall' } {
  assert.ok(exhibit?.kind === 'waterfall');
  return exhibit;
}

test('a typical request and the slowest, each beside the members in its slot; every microsecond is in a step', () => {
  const recording = makeRecording({ seed: 4, noise: 0 })
    .compare({ newConnectionRatio: 0.25, gateway: sometimes(0.02, fails(2_000_000, 504), 12_000), member: 10_000 })
    .build();
  const [first, second, more] = waterfallExhibits(createMeasures(recording));
  assert.equal(more, undefined);
  const [typical, slowest] = [waterfall(first), waterfall(second)];
  assert.equal(typical.title, 'A typical request: 12 ms, 200');
  assert.match(typical.reading, /connection already in use\. .* \d+(\.\d)? % of it was wait/);
  assert.match(typical.reading, /to the members, in the same slot/);
  assert.match(slowest.title, /^The slowest request: 2 s, 504$/);
  for (const { lanes, reading } of [typical, slowest]) {
    assert.deepEqual(
      lanes.map(({ name }) => name.split(':')[0]),
      ['gateway', 'web1, direct', 'web2, direct'],
    );
    assert.match(reading, /^Request [\w-]+ \(home\) of compare-1/);
    for (const { steps } of lanes) {
      assert.equal(steps[0]?.startUs, 0);
      for (const [index, { startUs, endUs }] of steps.entries()) {
        assert.equal(startUs, steps[index - 1]?.endUs ?? 0, 'no gap, no overlap');
        assert.ok(endUs > startUs);
      }
    }
  }
  const total = (exhibit: typeof typical, lane: number) => exhibit.lanes[lane]?.steps.at(-1)?.endUs ?? 0;
  assert.equal(Math.round(total(typical, 0)), 12_000);
  assert.equal(Math.round(total(typical, 1)), 10_000);
  assert.ok(total(slowest, 0) >= 2_000_000);
});

test('steps come in the order of time; what no phase covers is named by where it lies', () => {
  const base = makeRecording({ seed: 4, noise: 0 }).compare({ gateway: 12_000, member: 10_000 }).build();
  const typical = base.exchanges.find(({ route }) => route === 'gateway')!;
  const changed = (change: Partial<Exchange>) => {
    const one = { ...typical, ...change };
    const exchanges = base.exchanges.map((each) => (each === typical ? one : each));
    const measures = createMeasures({ ...base, exchanges });
    return waterfall(waterfallExhibits(measures)[1]).lanes[0]?.steps.map(
      ({ phase, startUs, endUs }) => `${phase} ${startUs} ${endUs}`,
    );
  };
  const { dueUs } = typical;
  const phasesUs = { connect: 200, send: 50, wait: 90_000 };
  const times = { sentUs: dueUs + 1_000, endUs: dueUs + 91_550, phasesUs };
  assert.deepEqual(changed({ ...times, firstByteUs: times.endUs }), [
    'not sent yet 0 1000',
    'connect 1000 1200',
    'in between 1200 1500',
    'send 1500 1550',
    'wait 1550 91550',
  ]);
  const { firstByteUs: _, ...silent } = typical;
  const exchanges = base.exchanges.map((each) =>
    each === typical ? { ...silent, ...times, phasesUs: { send: 50 } } : each,
  );
  const [, slowest] = waterfallExhibits(createMeasures({ ...base, exchanges }));
  assert.deepEqual(waterfall(slowest).lanes[0]?.steps.at(-1), {
    phase: 'nothing came',
    startUs: 1_050,
    endUs: 91_550,
  });
});

test('of a large farm some members are shown, and that is said', () => {
  const members = Array.from({ length: 7 }, (_, index) => `web${index + 1}`);
  const [typical] = waterfallExhibits(createMeasures(makeRecording({ seed: 4, members }).compare().build()));
  assert.equal(waterfall(typical).lanes.length, 5);
  assert.match(typical?.reading ?? '', /to 4 of 7 members/);
});

test('where nothing was answered well, or nothing sent, no request is shown as typical', () => {
  assert.deepEqual(waterfallExhibits(createMeasures(makeRecording().build())), []);
  const down = makeRecording()
    .compare({ gateway: fails(1_000, 503) })
    .build();
  assert.deepEqual(waterfallExhibits(createMeasures(down)), []);
});

test('a burst that fills a queue: how many were left at its end, and how fast they went', () => {
  const queue = queueOf({ servers: 2, serviceUs: 100_000 });
  const recording = makeRecording({ seed: 1 })
    .burst({ ratePerSec: 40, durationUs: 3 * SEC, gateway: plus(2_000, queue), member: queue })
    .build();
  const [drain] = drainExhibits(createMeasures(recording));
  assert.ok(drain?.kind === 'xy');
  // 40 come and 20 go in a second, canaries among them: after three, more than half of all are left.
  const left = Number(/ due, (\d+) had/.exec(drain.reading)?.[1]);
  const perSec = Number(/, ([\d.]+) per second/.exec(drain.reading)?.[1]);
  assert.ok(left >= 60 && left <= 80, drain.reading);
  assert.ok(perSec >= 15 && perSec <= 20, drain.reading);
  const points = drain.series[0]?.points ?? [];
  assert.equal(points.at(-1)?.[1], 0, 'it ends empty');
  assert.ok(Math.max(...points.map(([, open]) => open)) >= left);
  assert.deepEqual(
    drain.marks?.map(({ label }) => label),
    ['last request', 'drained'],
  );
});

test('a burst that is kept up with has nothing to drain', () => {
  const quick = makeRecording({ seed: 1 })
    .burst({ ratePerSec: 40, durationUs: 3 * SEC, gateway: 5_000, member: 4_000 })
    .build();
  assert.deepEqual(drainExhibits(createMeasures(quick)), []);
});
