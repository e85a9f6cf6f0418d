import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quarterHours, takesZone, zoneText } from '../../src/logs/zone-offset.ts';

const HOUR_US = 3_600_000_000;

for (const [offsetUs, quarters, text] of [
  [2 * HOUR_US + 4e6, 8, '+02:00'],
  [-5.5 * HOUR_US - 4e6, -22, '-05:30'],
  [5.75 * HOUR_US, 23, '+05:45'],
  [HOUR_US + 6e6, 0, '+00:00'],
  [4e6, 0, '+00:00'],
  [24 * HOUR_US, 0, '+00:00'],
] as const)
  test(`an offset of ${offsetUs} µs is ${quarters} quarters of an hour`, () => {
    assert.equal(quarterHours(offsetUs, 5e6), quarters);
    assert.equal(zoneText(quarters), text);
  });

test('a zone is asked for only where lines do not say theirs', () => {
  assert.deepEqual([takesZone('haproxy'), takesZone('nginx-error'), takesZone('iis-w3c')], [true, true, false]);
});
