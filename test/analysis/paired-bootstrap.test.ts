import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Distribution, distributionOf, EMPTY_DISTRIBUTION } from '../../src/analysis/distribution.ts';
import { overheadEstimate } from '../../src/analysis/overhead.ts';
import { pairedQuantileDifference } from '../../src/analysis/paired-bootstrap.ts';
import { createRandom } from '../../src/model/random.ts';
import { blocksOf, drift, normal } from './noise.ts';

const shifted = (block: Distribution, us: number): Distribution =>
  distributionOf([...block.values].map((value) => value + us));

test('the same thing on every route differs from itself in at most a tenth of all runs', () => {
  const random = createRandom(21);
  const runs = 120;
  for (const p of [0.5, 0.95]) {
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      // Heavy noise that all arms share, as interleaved requests do.
      const levels = drift(random, 0.9, 40);
      const [gateway, a, b] = [0, 1, 2].map(() => blocksOf(random, levels, 0.3, 12)) as [
        Distribution[],
        Distribution[],
        Distribution[],
      ];
      const difference = pairedQuantileDifference({ gateway, members: [a, b] }, p, { random, replicates: 300 });
      assert.ok(difference);
      if (difference.low > 0 || difference.high < 0) alarms++;
    }
    assert.ok(alarms / runs <= 0.1, `p ${p}: ${alarms} of ${runs}`);
  }
});

test('a constant overhead is found within its interval, through noise ten times as large', () => {
  const random = createRandom(22);
  let covered = 0;
  for (let run = 0; run < 40; run++) {
    const levels = drift(random, 0.9, 60);
    const gateway = blocksOf(random, levels, 0.3, 20).map((block) => shifted(block, 3_000));
    const members = [blocksOf(random, levels, 0.3, 20), blocksOf(random, levels, 0.3, 20)];
    const difference = pairedQuantileDifference({ gateway, members }, 0.5, { random, replicates: 300 });
    assert.ok(difference && difference.low > 0, 'an overhead of 3 ms is seen');
    if (difference.low <= 3_000 && 3_000 <= difference.high) covered++;
  }
  assert.ok(covered >= 34, `${covered} of 40`);
});

test('intervals are as wide as theory says for independent values', () => {
  const random = createRandom(23);
  const calm = new Array<number>(60).fill(0);
  let width = 0;
  for (let run = 0; run < 30; run++) {
    const sample = { gateway: blocksOf(random, calm, 0, 20), members: [blocksOf(random, calm, 0, 20)] };
    const difference = pairedQuantileDifference(sample, 0.5, { random, replicates: 300 });
    width += (difference!.high - difference!.low) / 30;
  }
  // Standard error of a median: 1 / (2 f sqrt(n)), f the density of a log-normal of spread 0.5 at its median of 20 ms; two arms.
  const density = 1 / (20_000 * 0.5 * Math.sqrt(2 * Math.PI));
  const expected = (2 * 2.0 * Math.SQRT2) / (2 * density * Math.sqrt(1_200));
  assert.ok(Math.abs(width / expected - 1) < 0.15, `${width} µs, expected ${expected} µs`);
});

test('replicates on the grid agree with merging the drawn blocks', () => {
  // One block that is drawn every time: the interval is the estimate.
  const gateway = [distributionOf([5, 7, 9, 11]), distributionOf([5, 7, 9, 11]), distributionOf([5, 7, 9, 11])];
  const members = [[2, 4].map(Number), [3, 8, 9]].map((values) => gateway.map(() => distributionOf(values)));
  for (const p of [0.1, 0.5, 0.75, 0.99]) {
    const difference = pairedQuantileDifference({ gateway, members }, p, { random: createRandom(1), replicates: 50 });
    assert.ok(difference);
    assert.ok(Math.abs(difference.low - difference.value) < 1e-9, `p ${p}: ${JSON.stringify(difference)}`);
    assert.ok(Math.abs(difference.high - difference.value) < 1e-9);
  }
});

test('the mixture is weighted by member, not by request', () => {
  const many = Array.from({ length: 20 }, () => distributionOf(new Array<number>(50).fill(10_000)));
  const few = Array.from({ length: 20 }, () => distributionOf(new Array<number>(5).fill(30_000)));
  const gateway = Array.from({ length: 20 }, () =>
    distributionOf([...new Array<number>(10).fill(10_000), ...new Array<number>(10).fill(30_000)]),
  );
  const options = { random: createRandom(2) };
  // In every replicate, too: the blocks are all alike.
  const even = pairedQuantileDifference({ gateway, members: [many, few] }, 0.9, options);
  assert.deepEqual(even, { value: 0, low: 0, high: 0 });
  assert.equal(pairedQuantileDifference({ gateway, members: [many] }, 0.9, options)?.value, 20_000);
  assert.equal(
    pairedQuantileDifference({ gateway, members: [many, few] }, 0.4, { ...options, weights: [0, 1] })?.value,
    -20_000,
  );
});

test('an arm without values, or fewer than three blocks, give no difference', () => {
  const blocks = [1, 2, 3].map((x) => distributionOf([x, x + 1]));
  const random = createRandom(3);
  assert.equal(pairedQuantileDifference({ gateway: blocks, members: [] }, 0.5, { random }), undefined);
  assert.equal(
    pairedQuantileDifference({ gateway: blocks, members: [[EMPTY_DISTRIBUTION]] }, 0.5, { random }),
    undefined,
  );
  assert.equal(
    pairedQuantileDifference({ gateway: blocks.slice(0, 2), members: [blocks.slice(0, 2)] }, 0.5, { random }),
    undefined,
  );
  // A block in which a member was silent does no harm.
  const gappy = [blocks[0]!, EMPTY_DISTRIBUTION, blocks[2]!];
  assert.ok(pairedQuantileDifference({ gateway: blocks, members: [gappy] }, 0.5, { random }));
});

test('sixty blocks of four arms with 300 values each take well under a second', () => {
  const random = createRandom(4);
  const arm = () =>
    Array.from({ length: 60 }, () =>
      distributionOf(Array.from({ length: 600 }, () => Math.round(20_000 + 300 * Math.abs(normal(random))))),
    );
  const sample = { gateway: arm(), members: [arm(), arm(), arm()] };
  const before = process.cpuUsage();
  pairedQuantileDifference(sample, 0.99, { random });
  const elapsedMs = process.cpuUsage(before).user / 1_000;
  // 0.09 s on a 2-core machine; the bound only catches a change of complexity.
  assert.ok(elapsedMs < 3_000, `${elapsedMs} ms`);
});

test('an overhead is available as soon as the samples are, and says what is missing', () => {
  const random = createRandom(5);
  const arm = (blocks: number, perBlock: number) => blocksOf(random, new Array<number>(blocks).fill(0), 0, perBlock);
  assert.equal(overheadEstimate({ gateway: arm(20, 20), members: [arm(20, 20)] }, 0.99, random).state, 'known');
  assert.deepEqual(overheadEstimate({ gateway: arm(20, 10), members: [arm(20, 20)] }, 0.99, random), {
    state: 'n/a',
    need: 368,
    have: 200,
  });
  // 400 and 20 answers, equally weighted, are as good as 76.
  assert.deepEqual(overheadEstimate({ gateway: arm(20, 50), members: [arm(20, 20), arm(20, 1)] }, 0.99, random), {
    state: 'n/a',
    need: 368,
    have: 76,
  });
  assert.deepEqual(overheadEstimate({ gateway: arm(20, 50), members: [] }, 0.5, random), {
    state: 'n/a',
    need: 6,
    have: 0,
  });
  assert.deepEqual(overheadEstimate({ gateway: arm(2, 50), members: [arm(2, 50)] }, 0.5, random), {
    state: 'n/a',
    need: 150,
    have: 100,
  });
});
