import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTimeZone, monthOf, zoneToUtc } from '../../src/logs/wall-time.ts';

const utc = (text: string): number => Date.parse(`${text}Z`);
const shown = (ms: number): string => (Number.isNaN(ms) ? 'NaN' : new Date(ms).toISOString().slice(0, 19));

const CASES: readonly (readonly [zone: string, local: string, utc: string, why: string])[] = [
  ['UTC', '2026-03-29T02:30:00', '2026-03-29T02:30:00', 'no zone at all'],
  ['Z', '2026-03-29T02:30:00', '2026-03-29T02:30:00', 'the letter'],
  ['+02:00', '2026-03-29T02:30:00', '2026-03-29T00:30:00', 'a fixed offset'],
  ['-05:30', '2026-12-31T23:45:00', '2027-01-01T05:15:00', 'over the end of a year'],
  ['Europe/Berlin', '2026-01-15T12:00:00', '2026-01-15T11:00:00', 'winter'],
  ['Europe/Berlin', '2026-07-15T12:00:00', '2026-07-15T10:00:00', 'summer'],
  ['Europe/Berlin', '2026-03-29T01:59:59', '2026-03-29T00:59:59', 'the last second of winter'],
  ['Europe/Berlin', '2026-03-29T02:30:00', '2026-03-29T01:30:00', 'does not exist: an hour later, 03:30'],
  ['Europe/Berlin', '2026-03-29T03:00:00', '2026-03-29T01:00:00', 'the first second of summer'],
  ['Europe/Berlin', '2026-10-25T01:59:59', '2026-10-24T23:59:59', 'before the hour that comes twice'],
  ['Europe/Berlin', '2026-10-25T02:30:00', '2026-10-25T00:30:00', 'exists twice: the first'],
  ['Europe/Berlin', '2026-10-25T03:00:00', '2026-10-25T02:00:00', 'behind the hour that comes twice'],
  ['America/New_York', '2026-03-08T02:30:00', '2026-03-08T07:30:00', 'does not exist, west of Greenwich'],
  ['America/New_York', '2026-11-01T01:30:00', '2026-11-01T05:30:00', 'exists twice, west of Greenwich'],
  ['Australia/Sydney', '2026-04-05T02:30:00', '2026-04-04T15:30:00', 'summer ends in April'],
  ['Australia/Lord_Howe', '2026-04-05T01:45:00', '2026-04-04T14:45:00', 'half an hour comes twice'],
  ['Australia/Lord_Howe', '2026-04-05T02:05:00', '2026-04-04T15:35:00', 'behind the half hour'],
  ['Australia/Lord_Howe', '2026-10-04T02:15:00', '2026-10-03T15:45:00', 'half an hour does not exist'],
  ['Australia/Lord_Howe', '2026-10-04T02:30:00', '2026-10-03T15:30:00', 'same hour, behind the gap'],
  ['Asia/Kathmandu', '2026-06-01T00:10:00', '2026-05-31T18:25:00', '+05:45'],
  ['Asia/Kathmandu', '2026-06-01T05:44:59', '2026-05-31T23:59:59', '+05:45, the last second of a UTC day'],
];

for (const [zone, local, expected, why] of CASES) {
  test(`${local} in ${zone}: ${why}`, () => {
    assert.equal(shown(zoneToUtc(zone)(utc(local))), expected);
  });
}

test('what was asked before changes nothing', () => {
  // A day around each change in steps of five minutes, forwards, backwards and mixed, against a converter that is asked once.
  for (const [zone, day] of [
    ['Europe/Berlin', '2026-03-29T00:00:00'],
    ['Europe/Berlin', '2026-10-25T00:00:00'],
    ['Australia/Lord_Howe', '2026-04-05T00:00:00'],
    ['Asia/Kathmandu', '2026-04-05T00:00:00'],
  ] as const) {
    const times = Array.from({ length: 48 }, (_, i) => utc(day) + i * 5 * 60_000 + 123);
    const alone = times.map((ms) => zoneToUtc(zone)(ms));
    for (const order of [
      times.keys().toArray(),
      times.keys().toArray().reverse(),
      times.map((_, i) => (i * 31) % 48),
    ]) {
      const toUtc = zoneToUtc(zone);
      for (const i of order) assert.equal(toUtc(times[i] as number), alone[i], `${zone} ${shown(times[i] as number)}`);
    }
  }
});

test('milliseconds are kept', () => {
  assert.equal(zoneToUtc('Europe/Berlin')(utc('2026-07-15T12:00:00') + 7), utc('2026-07-15T10:00:00') + 7);
});

test('times before 1970 are times', () => {
  assert.equal(shown(zoneToUtc('America/New_York')(utc('1969-12-31T19:00:00'))), '1970-01-01T00:00:00');
});

test('what is no time gives NaN and does not throw', () => {
  for (const zone of ['UTC', 'Europe/Berlin', '+02:00'])
    for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, -8.64e15, 8.64e15, 1e300]) {
      const result = zoneToUtc(zone)(ms);
      assert.ok(Number.isNaN(result) || (zone === 'UTC' && result === ms), `${zone} ${ms} gave ${result}`);
    }
});

test('zones are known or refused', () => {
  for (const zone of ['UTC', 'Z', 'GMT', 'Europe/Berlin', 'europe/berlin', '+02:00', '-05:30']) {
    assert.equal(isTimeZone(zone), true, zone);
    zoneToUtc(zone)(0);
  }
  for (const zone of ['', 'Mars/Base', 'CEST', 'W. Europe Standard Time', '+25:00']) {
    assert.equal(isTimeZone(zone), false, zone);
    assert.throws(() => zoneToUtc(zone), RangeError, zone);
  }
});

test('months by their English names', () => {
  const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  assert.deepEqual(
    names.map(monthOf),
    names.map((_, i) => i),
  );
  for (const name of ['', 'J', 'jan', 'anF', 'JanF', 'Foo', 'Okt']) assert.equal(monthOf(name), -1, name);
});
