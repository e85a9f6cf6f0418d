import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Parsed } from '../../src/profile/parsed.ts';
import {
  formatDurationText,
  formatRateText,
  parseDuration,
  parseRate,
  parseRatio,
  parseSize,
} from '../../src/profile/units.ts';

/** The value, or the hint in brackets, or "refused". */
function shown(parsed: Parsed<number>): number | string {
  if (parsed.ok) return parsed.value;
  return parsed.hint === undefined ? 'refused' : `[${parsed.hint}]`;
}

const DURATIONS: readonly [unknown, number | string][] = [
  ['250ms', 250_000],
  ['30s', 30_000_000],
  ['5m', 300_000_000],
  ['2h', 7_200_000_000],
  ['1d', 86_400_000_000],
  ['1m30s', 90_000_000],
  ['1h 30m', 5_400_000_000],
  ['1d2h3m4s5ms6us', 93_784_005_006],
  ['1.5s', 1_500_000],
  ['0.3ms', 300],
  // Half a microsecond does not exist inside.
  ['1.6us', 2],
  ['500us', 500],
  ['500µs', 500],
  ['30 s', 30_000_000],
  [' 30s ', 30_000_000],
  ['24d', 2_073_600_000_000],
  [30, '[Write 30s or 30ms.]'],
  [1.5, '[Write 1.5s or 1.5ms.]'],
  [-5, 'refused'],
  [Number.NaN, 'refused'],
  ['30', '[Write 30s or 30ms.]'],
  ['30sec', '[Write 30s.]'],
  ['5 minutes', '[Write 5m.]'],
  ['5min', '[Write 5m.]'],
  ['1H', '[Write 1h.]'],
  ['5w', '[Units are ms, s, m, h and d.]'],
  ['30s1m', 'refused'],
  ['30s30s', 'refused'],
  ['-30s', 'refused'],
  ['1e3s', 'refused'],
  ['.5s', 'refused'],
  ['0s', 'refused'],
  ['25d', 'refused'],
  ['', 'refused'],
  ['fast', 'refused'],
  ['5constructor', '[Units are ms, s, m, h and d.]'],
  [`${'9'.repeat(100)}s`, 'refused'],
  [null, 'refused'],
  [['30s'], 'refused'],
];

const RATES: readonly [unknown, number | string][] = [
  ['20/s', 20],
  ['300/min', 5],
  ['2/m', 2 / 60],
  ['10/h', 10 / 3_600],
  ['0.5/s', 0.5],
  ['20 / s', 20],
  ['20/sec', 20],
  [300, '[Write 300/s.]'],
  ['300', '[Write 300/s.]'],
  ['20rps', '[Write 20/s.]'],
  ['20 per second', '[Write 20/s.]'],
  ['20/seconds', '[Write 20/s.]'],
  ['20/d', '[Units are /s, /min and /h.]'],
  ['20/toString', '[Units are /s, /min and /h.]'],
  ['0/s', 'refused'],
  ['1000001/s', 'refused'],
  [true, 'refused'],
];

const RATIOS: readonly [unknown, number | string][] = [
  ['20%', 0.2],
  ['0.1%', 0.001],
  ['0 %', 0],
  ['100%', 1],
  [0, 0],
  [0.25, 0.25],
  [1, 1],
  [50, '[Write 50%.]'],
  ['50', '[Write 50%.]'],
  ['0.001', '[Write 0.1%.]'],
  ['0.07', '[Write 7%.]'],
  ['101%', 'refused'],
  [-0.1, 'refused'],
  [Number.NaN, 'refused'],
  ['half', 'refused'],
];

const SIZES: readonly [unknown, number | string][] = [
  ['64kB', 64_000],
  ['64KB', 64_000],
  ['10MB', 10_000_000],
  ['1MiB', 1_048_576],
  ['512B', 512],
  ['1.5 kB', 1_500],
  ['1GB', 1_000_000_000],
  [64, '[Write 64kB or 64B.]'],
  ['64', '[Write 64kB or 64B.]'],
  ['64k', '[Units are B, kB, MB, GB, KiB, MiB and GiB.]'],
  ['0B', 'refused'],
  ['2GB', 'refused'],
];

for (const [what, parse, cases] of [
  ['duration', parseDuration, DURATIONS],
  ['rate', parseRate, RATES],
  ['ratio', parseRatio, RATIOS],
  ['size', parseSize, SIZES],
] as const) {
  for (const [text, expected] of cases) {
    test(`${what} ${JSON.stringify(text)} is ${expected}`, () => assert.equal(shown(parse(text)), expected));
  }
}

test('a range of durations can be wider or include zero', () => {
  assert.equal(shown(parseDuration('90d', { maxUs: 8_640_000_000_000 })), 7_776_000_000_000);
  assert.equal(shown(parseDuration('0s', { allowZero: true })), 0);
});

test('every duration reads back what its text says', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_073_600_000_000 }), (us) => {
      assert.equal(shown(parseDuration(formatDurationText(us))), us);
    }),
  );
});

test('texts of rates are the ones a user would write', () => {
  assert.deepEqual([20, 0.5, 10 / 3_600, 5 / 60, 1 / 7].map(formatRateText), [
    '20/s',
    '30/min',
    '10/h',
    '5/min',
    '0.142857/s',
  ]);
});
