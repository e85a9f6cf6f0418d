/**
 * How often `gateprobe diff` is wrong. Pairs of synthetic runs of 10 slots/s, 60 s each unless told otherwise, members at 40 ms:
 *
 * - between which nothing changed: how often the 95 % interval of each metric excludes zero before floors (wanted 2–8 %),
 *   and how often the whole gate calls worse or better (wanted ≤ 1 %);
 * - whose gateway is slower by twice the floor, + 10 % and + 20 %: how often p50 and p95 are called worse (wanted ≥ 95 %).
 *
 *   node test/bench/diff.ts [--pairs 200] [--noise 1|10] [--seconds 60] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { judgeChanges, type RunMetrics } from '../../src/analysis/change-judgement.ts';
import { runErrors, runQuantiles } from '../../src/analysis/change-metrics.ts';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import { makeRecording } from '../helpers/make-recording.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '200' },
    noise: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});
const pairs = Number(values.pairs);
const noise = values.noise === '10' ? 10 : 1;
const durationUs = Number(values.seconds) * US_PER_SEC;
const firstSeed = Number(values.seed);
const MEMBER_US = 40_000;
const GATEWAY_US = 42_000;

function metricsOf(seed: number, slower: number): RunMetrics {
  const gateway = () => ({ us: GATEWAY_US * slower });
  const recording = makeRecording({ seed, noise })
    .compare({ durationUs, ratePerSec: 10, member: MEMBER_US, gateway })
    .build();
  const measures = createMeasures(recording);
  return { quantiles: runQuantiles(measures), errors: runErrors(measures) };
}

function percent(part: number, whole: number): string {
  return `${part}/${whole} = ${((100 * part) / whole).toFixed(1)} %`;
}

const excluded = new Map<string, number>();
const found = { p50: 0, p95: 0 };
let alarms = 0;
let powered = 0;
for (let pair = 0; pair < pairs; pair++) {
  const seed = firstSeed * 100_000 + 2 * pair;
  const base = metricsOf(seed, 1);
  const changes = judgeChanges(base, metricsOf(seed + 1, 1));
  if (changes.some(({ state }) => state === 'worse' || state === 'better')) {
    alarms++;
    const which = changes.filter(({ state }) => state === 'worse' || state === 'better').map(({ id }) => id);
    console.log(`false alarm: seed ${seed}, ${which.join(', ')}`);
  }
  for (const { id, p, what } of changes) {
    if (p !== undefined && what.kind === 'quantile') excluded.set(id, (excluded.get(id) ?? 0) + (p < 0.05 ? 1 : 0));
  }
  if (pair % 2 === 1) continue;
  powered++;
  const isWorse = (slower: number, id: string): boolean =>
    judgeChanges(base, metricsOf(seed + 50_000, slower)).some((change) => change.id === id && change.state === 'worse');
  if (isWorse(1.1, 'gateway home p50')) found.p50++;
  if (isWorse(1.2, 'gateway home p95')) found.p95++;
}

console.log(`noise ${noise}, ${values.seconds} s, ${pairs} unchanged pairs`);
for (const [id, count] of excluded) console.log(`  ${id}: interval excludes zero in ${percent(count, pairs)}`);
console.log(`  gate calls worse or better: ${percent(alarms, pairs)}`);
console.log(`  + 10 % at p50 found: ${percent(found.p50, powered)}`);
console.log(`  + 20 % at p95 found: ${percent(found.p95, powered)}`);
