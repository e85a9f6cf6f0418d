import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import type { Exhibit } from '../../src/model/finding.ts';
import type { Recording } from '../../src/model/recording.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { heatExhibit, panelExhibit } from '../../src/report/time-exhibits.ts';
import { fails, makeRecording, sometimes } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

function heatOf(recording: Recording): (Exhibit & { kind: 'heat' }) | undefined {
  const exhibit = heatExhibit(createMeasures(recording));
  if (exhibit !== undefined) assert.ok(exhibit.kind === 'heat');
  return exhibit;
}

function panelsOf(recording: Recording): (Exhibit & { kind: 'xy' }) | undefined {
  const exhibit = panelExhibit(createMeasures(recording));
  if (exhibit !== undefined) assert.ok(exhibit.kind === 'xy');
  return exhibit;
}

for (const noise of [0, 1, 10] as const) {
  test(`the heat map holds every request through the gateway, where it belongs (noise ${noise})`, () => {
    const recording = makeRecording({ seed: 5, noise })
      .compare({ gateway: sometimes(0.1, fails(400_000, 502), 12_000) })
      .burst({ ratePerSec: 60, durationUs: 5 * SEC, gateway: 80_000 })
      .build();
    const heat = heatOf(recording);
    const [answered, failed] = heat?.layers ?? [];
    const sum = (cells = answered?.cells) => (cells ?? []).reduce((total, cell) => total + cell[4], 0);
    const counts = createMeasures(recording).counts({ route: GATEWAY });
    assert.equal(sum(), counts.ok);
    assert.equal(sum(failed?.cells), counts.failed);
    assert.equal(failed?.role, 'failure');
    for (const [x0, x1, y0, y1] of [...(answered?.cells ?? []), ...(failed?.cells ?? [])]) {
      assert.ok(x1 > x0 && y1 > y0);
      assert.ok(x0 <= recording.manifest.durationUs);
    }
    // Failures take 400 ms and nothing else does.
    if (noise === 0) assert.ok(failed?.cells.every(([, , y0, y1]) => y0 <= 400_000 && y1 >= 399_000));
    assert.deepEqual(
      heat?.marks?.map(({ label }) => label),
      recording.experiments.map(({ id }) => id),
    );
    assert.match(heat?.reading ?? '', /Failures: [\d,]+ in compare-1\./);
  });
}

test('a long run has no more fields than a short one has room for', () => {
  const heat = heatOf(
    makeRecording({ seed: 3, noise: 10 })
      .compare({ durationUs: 600 * SEC })
      .build(),
  );
  const cells = heat?.layers[0]?.cells ?? [];
  assert.ok(new Set(cells.map(([x0]) => x0)).size <= 62);
  assert.ok(cells.length < 62 * 22);
  assert.match(heat?.reading ?? '', /A column is 1\d s/);
  assert.match(heat?.reading ?? '', /None failed\.$/);
});

test('a handful of requests is no map', () => {
  assert.equal(heatOf(makeRecording().build()), undefined);
  assert.equal(
    heatOf(
      makeRecording()
        .compare({ durationUs: 2 * SEC })
        .build(),
    ),
    undefined,
  );
});

test('each way has a plot of its own; the slow member and the failing one stand apart', () => {
  const panels = panelsOf(
    makeRecording({ seed: 6, noise: 1, members: ['web1', 'web2', 'web3'] })
      .compare({
        member: { web1: 10_000, web2: 90_000, web3: sometimes(0.2, fails(5_000, 500), 10_000) },
      })
      .build(),
  );
  assert.deepEqual(
    [...new Set(panels?.series.map(({ panel }) => panel))],
    ['gateway', 'web1, direct', 'web2, direct', 'web3, direct'],
  );
  const medianOf = (name: string) => {
    const values = panels?.series.find((one) => one.name === name)?.points.map(([, us]) => us) ?? [];
    return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  };
  assert.ok(medianOf('web2, direct') > 5 * medianOf('web1, direct'));
  assert.deepEqual(
    panels?.series.filter(({ role }) => role === 'failure').map(({ panel }) => panel),
    // The gateway passes its failures on.
    ['gateway', 'web3, direct'],
  );
});

test('with many members the slowest are shown, and the reader is told', () => {
  const members = Array.from({ length: 20 }, (_, index) => `web${index + 1}`);
  const panels = panelsOf(
    makeRecording({ members })
      .compare({
        durationUs: 30 * SEC,
        member: Object.fromEntries(members.map((name, i) => [name, 10_000 + i * 1_000])),
      })
      .build(),
  );
  const shown = new Set(panels?.series.map(({ panel }) => panel));
  assert.equal(shown.size, 12);
  assert.ok(shown.has('web20, direct') && !shown.has('web1, direct'));
  assert.match(panels?.reading ?? '', /The 9 quickest members are left out/);
});

test('without requests to members there is nothing to set side by side', () => {
  const burst = { ratePerSec: 50, durationUs: 4 * SEC, gateway: 80_000, canaryPerSec: 0 };
  assert.equal(panelsOf(makeRecording({ members: [] }).burst(burst).build()), undefined);
  assert.equal(panelsOf(makeRecording().build()), undefined);
});
