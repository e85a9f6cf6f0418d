import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adjustForDiscovery, changeBetween, neededFactor } from '../../src/analysis/change.ts';
import { isCentral, judgeChanges, type RunMetrics } from '../../src/analysis/change-judgement.ts';
import { runErrors, runQuantiles } from '../../src/analysis/change-metrics.ts';
import { quantileStatistic } from '../../src/analysis/change-statistic.ts';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { distributionOf } from '../../src/analysis/distribution.ts';
import { normalInverse } from '../../src/analysis/special.ts';
import type { ChangeState, MetricChange } from '../../src/model/comparison.ts';
import type { Recording } from '../../src/model/recording.ts';
import { fails, makeRecording, sometimes } from '../helpers/make-recording.ts';

type Farm = { readonly seed: number; readonly memberUs?: number; readonly addedUs?: number; readonly noise?: 1 | 10 };

function farm({ seed, memberUs = 40_000, addedUs = 2_000, noise = 1 }: Farm, durationUs = 40e6): Recording {
  const gateway = () => ({ us: memberUs + addedUs });
  return makeRecording({ seed, noise }).compare({ durationUs, ratePerSec: 10, member: memberUs, gateway }).build();
}

function changesOf(base: Recording, head: Recording): readonly MetricChange[] {
  const [b, h] = [base, head].map((recording) => {
    const measures = createMeasures(recording);
    return { quantiles: runQuantiles(measures), errors: runErrors(measures) };
  });
  return judgeChanges(b!, h!);
}

function stateOf(changes: readonly MetricChange[], id: string): ChangeState | undefined {
  return changes.find((change) => change.id === id)?.state;
}

test('a change of two statistics has the interval of Welch', () => {
  const base = { value: 10, standardError: 0.3, degrees: 59 };
  const head = { value: 11, standardError: 0.4, degrees: 59 };
  const change = changeBetween(base, head, 2);
  assert.equal(change.value, 1);
  // t(108.8; 0.975) = 1.982, standard error 0.5
  assert.ok(Math.abs(change.low - 0.009) < 0.002, `${change.low}`);
  assert.ok(Math.abs(change.high - 1.991) < 0.002, `${change.high}`);
  assert.ok(Math.abs(change.p - 0.048) < 0.001, `${change.p}`);
  // t(108.8; 0.95) = 1.659: 1.83 is within 2, not within 1.8
  assert.equal(change.isEquivalent, true);
  assert.equal(changeBetween(base, head, 1.8).isEquivalent, false);
});

test('more requests are asked for as the root of their number tells', () => {
  const of = (standardError: number) =>
    changeBetween({ value: 0, standardError, degrees: 50 }, { value: 0, standardError: 0, degrees: 50 }, 1);
  const ratio = neededFactor(of(2), 1, 0.01) / neededFactor(of(1), 1, 0.01);
  assert.ok(Math.abs(ratio - 4) < 1e-9);
});

test('p-values are adjusted as by Benjamini and Hochberg', () => {
  // R: p.adjust(c(0.01, 0.04, 0.03, 0.5), "BH")
  const adjusted = adjustForDiscovery([0.01, 0.04, 0.03, 0.5]);
  [0.04, 0.16 / 3, 0.16 / 3, 0.5].forEach((expected, at) => {
    assert.ok(Math.abs(adjusted[at]! - expected) < 1e-12, `${adjusted[at]}`);
  });
  assert.deepEqual(adjustForDiscovery([]), []);
});

test('a statistic needs blocks, and an arm that is asked for', () => {
  const block = distributionOf([10, 11, 12]);
  const few = Array.from({ length: 7 }, () => block);
  assert.equal(quantileStatistic({ gateway: few, members: [] }, 0.5), undefined);
  const enough = [...few, block];
  assert.equal(quantileStatistic({ gateway: enough, members: [[]] }, 0.5), undefined);
  const alone = quantileStatistic({ gateway: enough, members: [] }, 0.5);
  assert.equal(alone?.levelUs, 11);
  assert.equal(alone?.controlUs, undefined);
});

const cases: readonly {
  readonly name: string;
  readonly base: Farm;
  readonly head: Farm;
  readonly gateway: ChangeState;
  /** Undefined: neither worse nor better. Without a control a minute is often too short for "no change". */
  readonly member?: ChangeState;
}[] = [
  { name: 'nothing changed', base: { seed: 1 }, head: { seed: 2 }, gateway: 'same' },
  { name: 'the gateway adds', base: { seed: 3 }, head: { seed: 4, addedUs: 8_000 }, gateway: 'worse' },
  { name: 'it adds less', base: { seed: 5, addedUs: 8_000 }, head: { seed: 6 }, gateway: 'better' },
  { name: 'members slower', base: { seed: 7 }, head: { seed: 8, memberUs: 60_000 }, gateway: 'same', member: 'worse' },
];
for (const { name, base, head, gateway, member } of cases) {
  test(`${name}: the gateway is ${gateway}, the members are ${member ?? 'not called changed'}`, () => {
    const changes = changesOf(farm(base), farm(head));
    assert.equal(stateOf(changes, 'gateway home p50'), gateway);
    assert.equal(stateOf(changes, 'gateway home p95'), gateway);
    for (const id of ['direct:web1 home p50', 'direct:web2 home p50']) {
      const state = stateOf(changes, id);
      if (member === undefined) assert.ok(state === 'same' || state === 'inconclusive', `${id} ${state}`);
      else assert.equal(state, member, id);
    }
  });
}

test('members that halve their time do not make an unchanged hop look slower', () => {
  const changes = changesOf(farm({ seed: 1, addedUs: 10_000 }), farm({ seed: 2, memberUs: 20_000, addedUs: 10_000 }));
  // The ratio of gateway to members rises from 1.25 to 1.5; what the gateway adds stays.
  assert.notEqual(stateOf(changes, 'gateway home p50'), 'worse');
  assert.equal(stateOf(changes, 'direct:web1 home p50'), 'better');
});

test('the measured change is near the true one', () => {
  const changes = changesOf(farm({ seed: 3 }), farm({ seed: 4, addedUs: 8_000 }));
  const p50 = changes.find(({ id }) => id === 'gateway home p50');
  assert.ok(Math.abs((p50?.change?.value ?? 0) - 6_000) < 600, JSON.stringify(p50?.change));
  assert.ok((p50?.change?.low ?? 0) < 6_000 && (p50?.change?.high ?? 0) > 6_000, JSON.stringify(p50?.change));
});

test('too short or too noisy runs say what is missing', () => {
  const short = changesOf(farm({ seed: 1 }, 4e6), farm({ seed: 2 }, 4e6));
  const central = short.filter(isCentral);
  assert.equal(central.length, 2);
  for (const { state, needMore } of central) {
    assert.equal(state, 'insufficient');
    assert.ok((needMore ?? 0) >= 1);
  }
  const noisy = changesOf(farm({ seed: 1, noise: 10 }), farm({ seed: 2, noise: 10 }));
  const p95 = noisy.find(({ id }) => id === 'gateway home p95');
  assert.equal(p95?.state, 'inconclusive');
  assert.ok((p95?.needMore ?? 0) > 100, `${p95?.needMore}`);
});

test('so many requests are asked for that the change measured is found, among as many metrics as there are', () => {
  const noisy = (seed: number, addedUs: number) => {
    const measures = createMeasures(farm({ seed, noise: 10, addedUs }, 60e6));
    return { quantiles: runQuantiles(measures), errors: runErrors(measures) };
  };
  const isAsked = ({ id }: { readonly id: string }): boolean => id === 'gateway home p50';
  const needed = (b: RunMetrics, h: RunMetrics): number => judgeChanges(b, h).find(isAsked)?.needMore ?? 0;
  const only = ({ quantiles }: RunMetrics): RunMetrics => ({ quantiles: quantiles.filter(isAsked), errors: [] });
  let [open, larger] = [0, 0];
  for (let seed = 1; seed <= 12; seed++) {
    const [base, head] = [noisy(2 * seed, 2_000), noisy(2 * seed + 1, 6_200)];
    const [one, all] = [needed(only(base), only(head)), needed(base, head)];
    // Beyond the floor the level counts; below it "no change" is what is asked about, and the level does not.
    if (one === 0) continue;
    open++;
    if (all > one) larger++;
    assert.ok(all >= one, `${seed}: ${one} alone, ${all} among ${base.quantiles.length}`);
  }
  assert.ok(open >= 2 && larger >= 1, `${open} of 12 are open, ${larger} ask for more`);
  for (const level of [0.01, 0.001]) {
    const before = changeBetween(
      { value: 0, standardError: 2, degrees: 1e6 },
      { value: 3, standardError: 2, degrees: 1e6 },
      1,
    );
    const error = before.standardError / Math.sqrt(neededFactor(before, 1, level));
    // Normal distribution: 95 % lie above the mean less 1.6449 standard errors.
    assert.ok(Math.abs(3 / error - normalInverse(1 - level / 2) - 1.6449) < 0.001, `${level}`);
  }
});

test('failures: new ones are worse, a few in a burst are not, none in both is no proof of 0.1 %', () => {
  const broken = (seed: number, ratio: number): Recording =>
    makeRecording({ seed, noise: 1 })
      .compare({ durationUs: 40e6, gateway: sometimes(ratio, fails(10_000, 502), 12_000) })
      .build();
  const healthy = farm({ seed: 1 });
  assert.equal(stateOf(changesOf(healthy, broken(2, 0.1)), 'gateway home errors'), 'worse');
  assert.equal(stateOf(changesOf(broken(2, 0.1), healthy), 'gateway home errors'), 'better');
  assert.equal(stateOf(changesOf(healthy, farm({ seed: 2 })), 'gateway home errors'), 'inconclusive');
});

test('forty healthy pairs, quiet and noisy: nothing is worse or better', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const noise = seed % 2 === 0 ? 10 : 1;
    const changes = changesOf(farm({ seed, noise }, 20e6), farm({ seed: seed + 1_000, noise }, 20e6));
    const wrong = changes.filter(({ state }) => state === 'worse' || state === 'better');
    assert.deepEqual(wrong, [], `seed ${seed}`);
  }
});
