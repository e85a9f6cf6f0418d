import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchMachine } from '../../src/traffic/machine-watch.ts';

test('a machine is described on every platform, with what this one tells', () => {
  const watch = watchMachine();
  const untilMs = performance.now() + 120;
  while (performance.now() < untilMs) {}
  const facts = watch.finish();
  assert.ok(facts.durationUs >= 120_000 && facts.processors >= 1);
  assert.ok((facts.localPorts ?? 0) > 0);
  for (const share of [facts.busyRatio, facts.ownRatio, facts.stealRatio])
    assert.ok(share === undefined || (share >= 0 && share <= 2), `${share}`);
  assert.equal(typeof facts.wall.steps, 'number');
  if (process.platform === 'linux') assert.ok(facts.tcp !== undefined && facts.tcp.segments >= 0);
});
