import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { Exhibit } from '../../src/model/finding.ts';
import { drainExhibits, waterfallExhibits } from '../../src/report/request-exhibits.ts';
import { fails, makeRecording, plus, queueOf, sometimes } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

function bars(exhibit: Exhibit | undefined): Exhibit & { kind: 'bars' } {
  assert.ok(exhibit?.kind === 'bars');
  return exhibit;
}

test('a typical request and the slowest, each beside the members in its slot; every microsecond is in a bar', () => {
  const recording = makeRecording({ seed: 4, noise: 0 })
    .compare({ newConnectionRatio: 0.25, gateway: sometimes(0.02, fails(2_000_000, 504), 12_000), member: 10_000 })
    .build();
  const [first, second, more] = waterfallExhibits(createMeasures(recording));
  assert.equal(more, undefined);
  const [typical, slowest] = [bars(first), bars(second)];
  assert.equal(typical.title, 'A typical request: 12 ms, 200');
  assert.match(typical.reading, /connection already in use\. \d+(\.\d)? % of it was wait/);
  assert.match(slowest.title, /^The slowest request: 2 s, 504$/);
  for (const exhibit of [typical, slowest]) {
    assert.deepEqual(exhibit.categories, ['gateway', 'web1, direct', 'web2, direct']);
    assert.match(exhibit.reading, /^Request [\w-]+ \(home\) of compare-1/);
  }
  const total = (exhibit: typeof typical, lane: number) =>
    exhibit.series.reduce((sum, { values }) => sum + (values[lane] ?? 0), 0);
  assert.equal(Math.round(total(typical, 0)), 12_000);
  assert.equal(Math.round(total(typical, 1)), 10_000);
  assert.ok(total(slowest, 0) >= 2_000_000);
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
