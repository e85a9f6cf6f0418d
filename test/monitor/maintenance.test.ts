import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MaintenanceSpec } from '../../src/model/profile.ts';
import { maintenanceAt } from '../../src/monitor/maintenance.ts';

const at = (text: string) => Date.parse(text) * 1_000;
const SPECS: readonly MaintenanceSpec[] = [
  { kind: 'once', fromAtUs: at('2026-03-01T22:00Z'), toAtUs: at('2026-03-01T23:00Z'), reason: 'patch day' },
  { kind: 'cron', cron: '0 3 * * 0', durationUs: 3_600_000_000, timezone: 'Europe/Berlin' },
];

for (const { moment, from, reason } of [
  { moment: '2026-03-01T21:59:59Z', from: undefined, reason: undefined },
  { moment: '2026-03-01T22:00:00Z', from: '2026-03-01T22:00Z', reason: 'patch day' },
  { moment: '2026-03-01T23:00:00Z', from: undefined, reason: undefined },
  { moment: '2026-03-08T02:00:00Z', from: '2026-03-08T02:00Z', reason: undefined },
  { moment: '2026-03-08T02:59:59Z', from: '2026-03-08T02:00Z', reason: undefined },
  { moment: '2026-03-08T03:00:00Z', from: undefined, reason: undefined },
]) {
  test(`maintenance at ${moment}: ${from === undefined ? 'none' : `since ${from}`}`, () => {
    const found = maintenanceAt(SPECS, at(moment));
    assert.equal(found?.fromAtUs, from === undefined ? undefined : at(from));
    assert.equal(found?.reason, reason);
  });
}
