/**
 * How often `gateprobe diff` is wrong, of one look, before anything is repeated:
 *
 * - pairs of runs between which nothing changed: how often the 95 % interval of each metric excludes zero before floors (wanted 2–8 %),
 *   and how often the whole gate calls worse or better (wanted ≤ 1 %);
 * - pairs whose gateway is slower by twice the floor, + 10 % and + 20 %: how often p50 and p95 are called worse (wanted ≥ 95 %), and, where
 *   they are open, how often another pair with as many more requests as were asked for is (wanted ≥ 80 %; made-up runs only).
 *
 * The runs have 10 slots/s. Without `--lab` they are made up, members at 40 ms with noise that all routes share; with it they are put
 * together from recordings of the lab in that folder, which `--record` makes first; `--any` takes also those whose probe was late.
 *
 *   node test/bench/diff.ts [--pairs 200] [--noise 1|10] [--seconds 60] [--seed 1]
 *   node test/bench/diff.ts --lab <folder> [--record 12] [--any] [--seconds 60] [--pairs 200] [--seed 1]
 */
import { parseArgs } from 'node:util';
import { judgeChanges, type RunMetrics } from '../../src/analysis/change-judgement.ts';
import { runErrors, runQuantiles } from '../../src/analysis/change-metrics.ts';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { binomialTail } from '../../src/analysis/proportion.ts';
import type { MetricChange } from '../../src/model/comparison.ts';
import { createRandom } from '../../src/model/random.ts';
import type { Recording } from '../../src/model/recording.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import { makeRecording } from '../helpers/make-recording.ts';
import { exchangedPair, readLabRuns, recordLabRuns, slowedGateway } from './diff/lab-runs.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '200' },
    noise: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    lab: { type: 'string' },
    record: { type: 'string' },
    any: { type: 'boolean', default: false },
  },
});
const pairs = Number(values.pairs);
const noise = values.noise === '10' ? 10 : 1;
const durationUs = Number(values.seconds) * US_PER_SEC;
const firstSeed = Number(values.seed);
const MEMBER_US = 40_000;
const GATEWAY_US = 42_000;

type Pair = { readonly base: Recording; readonly head: Recording };

if (values.lab !== undefined && values.record !== undefined) {
  await recordLabRuns(values.lab, Number(values.record), Number(values.seconds), firstSeed);
}
const labRuns = values.lab === undefined ? [] : await readLabRuns(values.lab, values.any);
if (values.lab !== undefined && labRuns.length < 2)
  throw new Error(`${values.lab} holds ${labRuns.length} runs to compare`);

function made(seed: number, lengthUs = durationUs): Recording {
  const gateway = () => ({ us: GATEWAY_US });
  return makeRecording({ seed, noise })
    .compare({ durationUs: lengthUs, ratePerSec: 10, member: MEMBER_US, gateway })
    .build();
}

function pairOf(number: number): Pair {
  const seed = firstSeed * 100_000 + 2 * number;
  if (labRuns.length === 0) return { base: made(seed), head: made(seed + 1) };
  const random = createRandom(seed);
  const first = Math.floor(random.next() * labRuns.length);
  const second = (first + 1 + Math.floor(random.next() * (labRuns.length - 1))) % labRuns.length;
  const [base, head] = exchangedPair(labRuns[first]!, labRuns[second]!, random);
  return { base, head };
}

function metricsOf(recording: Recording): RunMetrics {
  const measures = createMeasures(recording);
  return { quantiles: runQuantiles(measures), errors: runErrors(measures) };
}

function isCalled({ state }: MetricChange): boolean {
  return state === 'worse' || state === 'better';
}

/** The share with its exact interval (Clopper and Pearson), and whether it is as wanted. */
function told(what: string, hits: number, of: number, least: number, most: number): string {
  const ratio = hits / of;
  const word = ratio >= least && ratio <= most ? 'PASS' : 'FAIL';
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const [low, high] = [boundOf(hits, of, 'low'), boundOf(hits, of, 'high')];
  return `  ${word}  ${what}: ${hits}/${of} = ${percent(ratio)} (95 %: ${percent(low)} to ${percent(high)})`;
}

function boundOf(hits: number, of: number, side: 'low' | 'high'): number {
  if (side === 'low' ? hits === 0 : hits === of) return hits / of;
  let [from, to] = [0, 1];
  for (let step = 0; step < 40; step++) {
    const middle = (from + to) / 2;
    const tail = side === 'low' ? binomialTail(hits, of, middle) : 1 - binomialTail(hits + 1, of, middle);
    // The lower tail rises with the share, the upper one falls.
    if (side === 'low' ? tail > 0.025 : tail < 0.025) to = middle;
    else from = middle;
  }
  return (from + to) / 2;
}

type Advice = { asked: number; kept: number; unasked: number };

/** Longer runs take their time: so many of them tell enough. */
const MOST_ASKED = 40;

/** Whether a new pair, as much longer as the open change asked for, shows it. A quarter of an hour is as far as it goes. */
function follow(advice: Advice, open: MetricChange, factor: number, seed: number): void {
  if (open.needMore === undefined) {
    advice.unasked++;
    return;
  }
  if (advice.asked === MOST_ASKED) return;
  advice.asked++;
  const lengthUs = Math.min(900 * US_PER_SEC, durationUs * (1 + open.needMore / open.headCount));
  const [before, now] = [made(seed, lengthUs), slowedGateway(made(seed + 1, lengthUs), factor)].map(metricsOf);
  if (judgeChanges(before!, now!).some(({ id, state }) => id === open.id && state === 'worse')) advice.kept++;
}

const excluded = new Map<string, { hits: number; of: number }>();
const found = { p50: 0, p95: 0 };
const advice: Advice = { asked: 0, kept: 0, unasked: 0 };
let alarms = 0;
let powered = 0;
for (let number = 0; number < pairs; number++) {
  const { base, head } = pairOf(number);
  const [before, now] = [metricsOf(base), metricsOf(head)];
  const changes = judgeChanges(before, now);
  if (changes.some(isCalled)) {
    alarms++;
    console.log(`false alarm: pair ${number}, ${changes.filter(isCalled).map(({ id, state }) => `${id} ${state}`)}`);
  }
  for (const { id, p, what } of changes) {
    if (p === undefined || what.kind !== 'quantile') continue;
    const entry = excluded.get(id) ?? { hits: 0, of: 0 };
    excluded.set(id, { hits: entry.hits + (p < 0.05 ? 1 : 0), of: entry.of + 1 });
  }
  if (number % 2 === 1) continue;
  powered++;
  const isWorse = (factor: number, quantile: string): boolean => {
    const slowed = judgeChanges(before, metricsOf(slowedGateway(head, factor)));
    const change = slowed.find(({ id }) => id === `gateway home ${quantile}`);
    if (change?.state === 'inconclusive' && labRuns.length === 0)
      follow(advice, change, factor, firstSeed * 100_000 + 50_000 + 2 * number);
    return change?.state === 'worse';
  };
  if (isWorse(1.1, 'p50')) found.p50++;
  if (isWorse(1.2, 'p95')) found.p95++;
}

const source =
  labRuns.length === 0
    ? `noise ${noise}, ${values.seconds} s`
    : `${labRuns.length} recordings of the lab${values.any ? ', also late ones' : ''}, stretches exchanged`;
console.log(`${source}, ${pairs} unchanged pairs, ${powered} changed ones`);
for (const [id, { hits, of }] of excluded) console.log(told(`${id} excludes zero`, hits, of, 0.02, 0.08));
console.log(told('the gate calls worse or better', alarms, pairs, 0, 0.01));
console.log(told('+ 10 % at p50 found', found.p50, powered, 0.95, 1));
console.log(told('+ 20 % at p95 found', found.p95, powered, 0.95, 1));
if (advice.asked > 0)
  console.log(
    told('of the open ones found with as many more requests as asked for', advice.kept, advice.asked, 0.8, 1),
  );
if (advice.unasked > 0) console.log(`  ${advice.unasked} open ones said that more requests would not help`);
