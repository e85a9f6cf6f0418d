import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settleByRate } from '../../src/detectors/limit-by-rate.ts';

const WIDE = { kind: 'limit', limit: 6, low: 2, high: 7, periodUs: 88_000, waves: [] } as const;

test('rate times service time settles which limit is meant', () => {
  const settled = settleByRate(WIDE, { value: 53.2, low: 51.9, high: 54.5 }, 58_300);
  assert.deepEqual([settled?.limit, settled?.low, settled?.high], [3, 3, 3]);
  assert.equal(
    settled?.note,
    " Volleys alone leave 2 to 7 at a time open; 53.2/s of 58.3 ms each are 3 (Little's law).",
  );
  const { high: _, ...open } = WIDE;
  assert.match(settleByRate(open, { value: 53.2 }, 58_300)?.note ?? '', /2 or more at a time/);
});

for (const [what, estimate, rate, insideUs] of [
  ['volleys that are exact already', { ...WIDE, low: 6, high: 6 }, { value: 53.2 }, 58_300],
  ['no time of one request', WIDE, { value: 53.2 }, undefined],
  ['half way between two', WIDE, { value: 60 }, 58_300],
  ['outside of what volleys leave open', { ...WIDE, low: 5 }, { value: 53.2 }, 58_300],
  ['a rate that is too uncertain', WIDE, { value: 53.2, low: 42, high: 64 }, 58_300],
  ['so large that 5 % are another', { ...WIDE, limit: 20, low: 16, high: 24 }, { value: 200 }, 100_000],
] as const)
  test(`${what}: nothing is settled`, () => assert.equal(settleByRate(estimate, rate, insideUs), undefined));
