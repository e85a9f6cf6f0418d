/** Defects of the probe, each made on purpose: what watches it must see them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { machineChecks } from '../../src/detectors/machine-checks.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';
import { createQualityWatch, type QualityWatch, TICK_MS } from '../../src/traffic/quality.ts';

const clock = createClock(createEpoch());

function hog(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {}
}

/** As the sending thread does; ends with the test. */
function ticking(t: TestContext): QualityWatch {
  const watch = createQualityWatch(clock);
  const timer = setInterval(watch.tick, TICK_MS);
  t.after(() => clearInterval(timer));
  return watch;
}

test('a thread that is kept from its loop is seen as busy, and its answers as read late', async (t) => {
  const watch = ticking(t);
  watch.begin();
  for (let i = 0; i < 6; i++) {
    hog(60);
    await sleep(1);
  }
  watch.end();
  const quality = watch.finish();
  assert.ok(quality.loopDelayP99Us > 20_000, `loop delay ${quality.loopDelayP99Us} µs`);
  assert.ok(quality.busyRatio > 0.5, `busy ${quality.busyRatio}`);
});

test('the time between two experiments is no delay of the loop', async (t) => {
  const watch = ticking(t);
  for (let round = 0; round < 3; round++) {
    watch.begin();
    await sleep(60);
    watch.end();
    // Off, and kept from its loop: nobody waits for an answer now.
    hog(400);
  }
  const { loopDelayP99Us } = watch.finish();
  assert.ok(loopDelayP99Us < 300_000, `loop delay ${loopDelayP99Us} µs`);
});

test('memory that is thrown away is seen as collector time', async () => {
  const watch = createQualityWatch(clock);
  watch.begin();
  const kept: unknown[][] = [];
  for (let round = 0; round < 20; round++) {
    // Large enough that V8 must collect, whatever its young generation is.
    kept[round % 4] = Array.from({ length: 100_000 }, (_, i) => ({ i, text: `${i}` }));
    await sleep(0);
  }
  // The observer is told in a turn of its own.
  await sleep(20);
  watch.end();
  const quality = watch.finish();
  assert.ok(quality.gcTotalUs > 0 && quality.gcPauseMaxUs > 0, JSON.stringify(quality));
});

test('a thread that has work and no processor is seen as starved', async (t) => {
  const watch = ticking(t);
  const never = new Int32Array(new SharedArrayBuffer(4));
  watch.begin();
  for (let i = 0; i < 5; i++) {
    // The loop is not idle, and no processor time is used: what happens when the system runs another program.
    Atomics.wait(never, 0, 0, 60);
    await sleep(1);
  }
  watch.end();
  const { starvation, loopDelayP99Us } = watch.finish();
  assert.ok((starvation?.starvedUs ?? 0) > 200_000, JSON.stringify(starvation));
  assert.ok((starvation?.delayP50Us ?? 0) > 20_000, 'its answers lay unread meanwhile');
  // Told with its effect on answers as fast as these, and silent where they take so long that it changes nothing.
  for (const [serviceUs, state] of [
    [5_000, 'caution'],
    [1e9, 'good'],
  ] as const) {
    const bias = [{ p: 0.5, responseUs: serviceUs, serviceUs, count: 5 }];
    const facts = { bias, ...(starvation === undefined ? {} : { starvation }) };
    const [told] = machineChecks(facts, { loopDelayP99Us });
    assert.equal(told?.state, state, told?.text);
    assert.match(
      told?.text ?? '',
      state === 'caution' ? /Half of all times may be .* too long/ : /of its working time/,
    );
  }
  assert.ok((starvation?.starvedUs ?? 0) <= (starvation?.activeUs ?? 0));
});

test('missing ports are counted, and nothing is seen where nothing ran', () => {
  const watch = createQualityWatch(clock);
  watch.portShortage();
  watch.portShortage();
  const quality = watch.finish();
  assert.equal(quality.portShortages, 2);
  assert.equal(quality.busyRatio, 0);
  assert.equal(quality.gcTotalUs, 0);
});
