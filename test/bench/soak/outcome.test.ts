import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEvent } from '../../../src/model/history.ts';
import { FAULTS } from './faults.ts';
import { faultToldAtMin, type Life, memorySlope, otherFindings } from './outcome.ts';

const { flapping } = FAULTS;
const MIN_US = 60_000_000;
const minuteOf = (atUs: number): number => atUs / MIN_US;

const finding = (cause: string, member: string, atMin: number): HistoryEvent => ({
  ...{ id: `${cause} ${member} ${atMin}`, profile: 'soak', kind: 'finding', severity: 'error', title: cause },
  facts: {},
  ...{ fromAtUs: atMin * MIN_US, cause: cause as NonNullable<HistoryEvent['cause']>, member },
});

test('errors of the member that goes up and down are right until that is told, also where that is late', () => {
  const told = flapping.to + 30;
  const flaps = finding('member/flapping', flapping.member, told);
  const others = (...events: readonly HistoryEvent[]) => otherFindings([...events, flaps], minuteOf).length;
  assert.equal(faultToldAtMin([flaps], minuteOf), told);
  assert.equal(others(finding('member/errors', flapping.member, told - 5)), 0);
  assert.equal(others(finding('member/errors', flapping.member, told + 5)), 1);
  assert.equal(others(finding('member/errors', flapping.member, flapping.from - 5)), 1);
  assert.equal(others(finding('member/errors', 'web1', told - 5)), 1);
});

/** A life with a report every 2 s of so many seconds. */
function lifeOf(seconds: number, bytesAt: (sec: number) => number): Life {
  const reports = Array.from({ length: seconds / 2 }, (_, i) => ({
    ...{ upMs: i * 2_000, dataBytes: bytesAt(i * 2), codeBytes: 0, rssBytes: 0, cpuUs: 0 },
  }));
  return { startedAtMs: 0, endedAtMs: seconds * 1_000, nextAtMs: undefined, isKilled: false, reports };
}

const FULL_SEC = 200;
/** Fills with 80 kB; the rest is what is just in use. */
const filling = (sec: number): number => 40e6 + 400 * Math.min(sec, FULL_SEC) + (sec % 14) * 1_000;

test('a window that fills is no leak once it is full, and 16 bytes of each of 960 requests a minute are one', () => {
  const slopeOf = (fromSec: number, bytesAt: (sec: number) => number, seconds = 600) =>
    memorySlope([lifeOf(100, filling), lifeOf(seconds, bytesAt)], fromSec * 1_000, ({ dataBytes }) => dataBytes).slope;
  const [leakKb, limitKb] = [2 * 7.68, 7.68];
  assert.ok((slopeOf(0, filling, FULL_SEC)?.low ?? 0) > limitKb, 'while it fills it looks like one');
  assert.ok(Math.abs(slopeOf(FULL_SEC, filling)?.slope ?? 99) < 1);
  const leaking = (sec: number): number => filling(sec) + (sec / 60) * leakKb * 1_000;
  assert.ok((slopeOf(FULL_SEC, leaking)?.low ?? 0) > limitKb);
  assert.equal(slopeOf(FULL_SEC, leaking, FULL_SEC + 100), undefined, 'too few reports tell nothing');
  const short = memorySlope([lifeOf(100, filling)], FULL_SEC * 1_000, ({ dataBytes }) => dataBytes);
  assert.equal(short.lastBytes, filling(98), 'what is held is told all the same');
});
