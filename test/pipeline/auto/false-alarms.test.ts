/** Runs that choose their experiments judge themselves after each step: healthy farms must not become faulty by being looked at often. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../../src/analysis/create-measures.ts';
import { DETECTORS, EXPERIMENTS, GATEWAYS } from '../../../src/catalog.ts';
import { alphaOfLook, judge } from '../../../src/detectors/judge.ts';
import { generic } from '../../../src/gateways/generic.ts';
import type { ExperimentSpec } from '../../../src/model/profile.ts';
import { createRandom } from '../../../src/model/random.ts';
import { isAtLeast } from '../../../src/model/severity.ts';
import { type AutoState, type DoneStep, MOST_LOOKS, nextStep } from '../../../src/pipeline/auto/next-step.ts';
import { symptomsOf } from '../../../src/pipeline/auto/symptoms.ts';
import { profileOf, requestOf } from '../../experiments/fake-context.ts';
import {
  balanced,
  fails,
  makeRecording,
  plus,
  type RecordingBuilder,
  type Responder,
  sometimes,
} from '../../helpers/make-recording.ts';
import { CLEAN, SEC } from './states.ts';

const RUNS = 300;
/** Of a whole report, over all detectors and looks (methods C.0). */
const NOMINAL = 0.01;
/** One request in a hundred takes thirty times as long: a cache that is missed. */
const MEMBER = sometimes(0.01, 300_000, 10_000);
/** What fails in a healthy network at the most. */
const LOST = 1e-3;

/** Healthy farms that look odd at first, so that a run goes on and looks again: a young process, a bad day. */
function farmOf(seed: number): { gateway: Responder; member: Responder } {
  let isYoung = seed % 2 === 0;
  const member: Responder = (ask) => {
    if (!isYoung || ask.member === undefined) return MEMBER(ask);
    isYoung = false;
    return 900_000;
  };
  return { member, gateway: sometimes(LOST, fails(4_000, 502), plus(2_000, balanced(MEMBER, MEMBER))) };
}

function carryOut(spec: ExperimentSpec, builder: RecordingBuilder, seed: number): void {
  const farm = farmOf(seed);
  switch (spec.kind) {
    case 'compare':
      return void builder.compare({ ...spec, ...farm });
    case 'idle':
      return void builder.idle({ ...spec, ...farm });
    case 'volley':
      return void builder.volley({ sizes: spec.sizes, rounds: 3, ...farm });
    case 'burst':
      return void builder.burst({ ratePerSec: 40, durationUs: spec.durationUs, ...farm });
    default:
      assert.fail(`a healthy farm gave rise to ${spec.kind}`);
  }
}

/** Titles of all warnings at any look, and how often it was looked. */
function autoRun(seed: number): { readonly warnings: readonly string[]; readonly looks: number } {
  const builder = makeRecording({ seed, noise: seed % 3 === 0 ? 10 : 1 });
  const profile = profileOf({ requests: [requestOf()] });
  const done: DoneStep[] = [];
  const warnings: string[] = [];
  for (let looks = 0; ; looks++) {
    const measures = looks === 0 ? undefined : createMeasures(builder.build());
    const findings =
      measures === undefined ? [] : judge(DETECTORS, GATEWAYS, { measures, gateway: generic }, MOST_LOOKS).findings;
    warnings.push(...findings.filter(({ severity }) => isAtLeast(severity, 'warning')).map(({ title }) => title));
    const state: AutoState = {
      profile,
      guard: { slowRequest: 'never', because: '', gatewayTitle: 'a gateway' },
      symptoms: measures === undefined ? { ...CLEAN, gatewaySent: 0, members: [] } : symptomsOf(measures),
      findings,
      done,
      spent: { durationUs: 0, requests: 0, before: 0, deliberate: 0, looks },
      budget: { durationUs: 300 * SEC, requests: 1_500, deliberate: 4 },
      isCurious: true,
      keepAlive: undefined,
      plan: (one) => EXPERIMENTS[one.kind].plan(one, profile, `${one.kind}-${done.length}`),
    };
    const step = nextStep(state);
    if (step.kind === 'stop') return { warnings, looks };
    done.push({ kind: step.step, spec: step.spec });
    carryOut(step.spec, builder, seed + (done.length > 1 ? 1 - (seed % 2) : 0));
  }
}

test(`${RUNS} healthy runs that choose their steps warn in no more of them than is allowed`, () => {
  let looks = 0;
  const alarms: string[] = [];
  for (let seed = 1; seed <= RUNS; seed++) {
    const run = autoRun(seed);
    looks += run.looks;
    if (run.warnings.length > 0) alarms.push(`seed ${seed}: ${run.warnings.join(' ')}`);
  }
  assert.ok(looks >= 3 * RUNS, `${looks} looks: too few to test what looking often does`);
  assert.ok(alarms.length <= NOMINAL * RUNS, alarms.join('\n'));
});

/** Whether any of `looks` looks at a growing count of fair coins has a one-sided p (normal) below `level`. */
function alarms(seed: number, looks: number, level: number): boolean {
  const random = createRandom(seed);
  const perLook = 40;
  let sum = 0;
  for (let look = 1; look <= looks; look++) {
    for (let i = 0; i < perLook; i++) sum += random.next() < 0.5 ? 1 : -1;
    if (upperTail(sum / Math.sqrt(look * perLook)) < level) return true;
  }
  return false;
}

/** Of the normal distribution (Abramowitz and Stegun 26.2.17, error below 1e-7). */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const t = 1 / (1 + 0.231_641_9 * z);
  const poly =
    t * (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  return (Math.exp(-(z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
}

test('what is divided by the number of looks holds its level, and what is not does not', () => {
  // A level that some thousand runs can show; the judge divides its own in the same way.
  const level = 0.02;
  const runs = 2_000;
  const rateAt = (one: number): number =>
    Array.from({ length: runs }, (_, seed) => alarms(seed + 1, MOST_LOOKS, one)).filter(Boolean).length / runs;
  assert.ok(rateAt(level) > 3 * level, 'looking again and again must be a danger, or this test shows nothing');
  assert.ok(rateAt((level * alphaOfLook(MOST_LOOKS)) / alphaOfLook(1)) <= level);
});
