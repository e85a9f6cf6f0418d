import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chosenExperiments } from '../../src/experiments/chosen.ts';
import { profileOf, requestOf } from './fake-context.ts';

describe('chosenExperiments', () => {
  test('compare and volley; timeout only where a delay can be asked for', () => {
    assert.deepEqual(
      chosenExperiments(profileOf({ requests: [requestOf()] })).map(({ kind }) => kind),
      ['compare', 'volley'],
    );
    const withDelay = chosenExperiments(profileOf());
    assert.deepEqual(
      withDelay.map(({ kind }) => kind),
      ['compare', 'volley', 'timeout'],
    );
    assert.deepEqual(withDelay[2], { kind: 'timeout', request: 'slow', upToUs: 35_000_000 });
  });

  const RATES = [
    { maxRatePerSec: 100, members: 2, ratePerSec: 5 },
    { maxRatePerSec: 12, members: 2, ratePerSec: 2 },
    { maxRatePerSec: 1, members: 4, ratePerSec: 0.1 },
  ];
  for (const { maxRatePerSec, members, ratePerSec } of RATES) {
    test(`at most half of ${maxRatePerSec}/s for ${members} members and the gateway: ${ratePerSec} slots/s`, () => {
      const [compare] = chosenExperiments(profileOf({ members, limits: { maxRatePerSec } }));
      assert.ok(compare?.kind === 'compare');
      assert.equal(compare.ratePerSec, ratePerSec);
    });
  }
});
