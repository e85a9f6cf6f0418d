import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failureEvidence, type SprtRule, sprtCleanCount, sprtDecision } from '../../src/analysis/sequential.ts';
import { createRandom } from '../../src/model/random.ts';

const RULE: SprtRule = { healthyRatio: 0.01, faultRatio: 0.1, alpha: 0.01, beta: 0.05 };

describe('the sequential ratio test', () => {
  const table: readonly (readonly [failed: number, count: number, decision: string])[] = [
    [0, 0, 'undecided'],
    [0, 31, 'undecided'],
    [0, 32, 'healthy'],
    [1, 2, 'undecided'],
    [2, 2, 'fault'],
    [2, 10, 'undecided'],
    [3, 20, 'fault'],
    [3, 40, 'undecided'],
    [12, 12, 'fault'],
  ];
  for (const [failed, count, decision] of table) {
    test(`${failed} of ${count}: ${decision}`, () => assert.equal(sprtDecision(failed, count, RULE), decision));
  }

  test('tells how many clean requests it needs', () => assert.equal(sprtCleanCount(RULE), 32));

  /** Share of simulated targets with this failure ratio that the test decides so, asked after each request. */
  function shareDecided(ratio: number, decision: string, seed: number): { share: number; meanCount: number } {
    const random = createRandom(seed);
    let decided = 0;
    let total = 0;
    const runs = 2_000;
    for (let run = 0; run < runs; run++) {
      let failed = 0;
      for (let count = 1; count <= 1_000; count++) {
        if (random.next() < ratio) failed++;
        const now = sprtDecision(failed, count, RULE);
        if (now === 'undecided') continue;
        if (now === decision) decided++;
        total += count;
        break;
      }
    }
    return { share: decided / runs, meanCount: total / runs };
  }

  test('keeps its error rates in simulation', () => {
    const healthy = shareDecided(0.01, 'fault', 1);
    const faulty = shareDecided(0.1, 'healthy', 2);
    // Wald bounds: alpha / (1 - beta), beta / (1 - alpha); four standard errors of 2000 runs.
    assert.ok(healthy.share <= 0.0105 + 4 * 0.0023, `called faulty ${healthy.share}`);
    assert.ok(faulty.share <= 0.0505 + 4 * 0.0049, `called healthy ${faulty.share}`);
    // The table of methods F.1: 42 requests on a healthy target, 35 on a faulty one.
    assert.ok(Math.abs(healthy.meanCount - 42) < 4, `${healthy.meanCount}`);
    assert.ok(Math.abs(faulty.meanCount - 35) < 4, `${faulty.meanCount}`);
  });
});

describe('the e-value of failures', () => {
  test('is 1 before the first request', () => assert.ok(Math.abs(failureEvidence(0, 0, 1e-3) - 1) < 1e-9));

  test('falls with every success and grows with every failure', () => {
    assert.ok(failureEvidence(0, 20, 1e-3) < 1);
    assert.ok(failureEvidence(1, 20, 1e-3) > failureEvidence(0, 20, 1e-3));
    assert.ok(failureEvidence(3, 20, 1e-3) > 1e4);
    assert.ok(failureEvidence(2, 2, 1e-3) > 1e4);
  });

  test('has a mean of 1 where nothing is wrong, so that looking often does no harm', () => {
    // Exact, over all counts of failures of ten requests at the healthy ratio itself.
    const healthyRatio = 0.2;
    const count = 10;
    let mean = 0;
    let ways = 1;
    for (let failed = 0; failed <= count; failed++) {
      const probability = ways * healthyRatio ** failed * (1 - healthyRatio) ** (count - failed);
      mean += probability * failureEvidence(failed, count, healthyRatio);
      ways = (ways * (count - failed)) / (failed + 1);
    }
    assert.ok(Math.abs(mean - 1) < 1e-6, `${mean}`);
  });

  test('rejects a healthy target no more often than promised, looked at after each request', () => {
    const random = createRandom(3);
    const alpha = 0.05;
    let rejected = 0;
    for (let run = 0; run < 2_000; run++) {
      let failed = 0;
      for (let count = 1; count <= 200; count++) {
        if (random.next() < 0.02) failed++;
        if (failureEvidence(failed, count, 0.02) < 1 / alpha) continue;
        rejected++;
        break;
      }
    }
    assert.ok(rejected / 2_000 <= alpha + 4 * 0.0049, `${rejected} of 2000`);
  });
});
