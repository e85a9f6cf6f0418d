/**
 * `npm run bench:healthy -- [runs] [scenario|all] [first seed] [--auto]`: runs a lab scenario with different seeds and counts findings at
 * warning or above, so that false alarms of the healthy farm (and missed faults of the others) are seen. Prints one line per run.
 * `--auto`: the runs choose their experiments, after a pause in which members fall asleep; the requests that they needed are printed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from '../../src/analysis/medians.ts';
import { startFarm } from '../../src/lab/farm.ts';
import type { Scenario } from '../../src/lab/scenario.ts';
import { SCENARIOS } from '../../src/lab/scenarios.ts';
import { isAtLeast } from '../../src/model/severity.ts';
import { DEFAULT_BUDGET, diagnose, recordRun } from '../../src/pipeline.ts';
import { parseProfile } from '../../src/profile/load.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';

/** Members that fall asleep do so after 1 to 2 s in the lab. */
const ASLEEP_MS = 2_500;

type Result = {
  readonly verdict: 'right' | 'WRONG' | 'NOT VALID';
  readonly found: readonly string[];
  readonly wanted: readonly string[];
  readonly lateMs: number;
  readonly seconds: number;
  /** Of the chosen steps, through the gateway. */
  readonly gatewayRequests: number;
  readonly deliberate: number;
};

const { values, positionals } = parseArgs({
  options: { auto: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [runs = '20', name = 'healthy', firstSeed = '1'] = positionals;
const names = name === 'all' ? Object.keys(SCENARIOS).filter((one) => one !== 'demo') : [name];
const results: Result[] = [];
for (const one of names) {
  const scenario = SCENARIOS[one];
  if (scenario === undefined) throw new Error(`scenarios: all, ${Object.keys(SCENARIOS).join(', ')}`);
  for (let seed = Number(firstSeed); seed < Number(firstSeed) + Number(runs); seed++) {
    const result = await runOnce(scenario, seed);
    results.push(result);
    console.log(lineOf(one, seed, result));
  }
}
const count = (verdict: Result['verdict']): number => results.filter((one) => one.verdict === verdict).length;
console.log(
  `${name}: ${count('right')} right, ${count('WRONG')} wrong, ${count('NOT VALID')} not valid of ${results.length}`,
);
const needed = results
  .filter(({ verdict, wanted }) => verdict === 'right' && wanted.length > 0 && !wanted.some((one) => /^cold/.test(one)))
  .map(({ gatewayRequests }) => gatewayRequests);
if (values.auto && needed.length > 0)
  console.log(`median of requests through the gateway to a right verdict, cold starts aside: ${median(needed)}`);

async function runOnce(scenario: Scenario, seed: number): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'gateprobe-bench-'));
  const farm = await startFarm(scenario, { seed });
  try {
    const profile = parseProfile(farm.profileYaml, { file: 'bench.yaml', env: {}, readFile: () => '' });
    if (values.auto) await sleep(ASLEEP_MS);
    const epoch = createEpoch();
    const clock = createClock(epoch);
    const { recording } = await recordRun({
      profile,
      seed,
      version: 'bench',
      clock,
      epoch,
      signal: new AbortController().signal,
      folder,
      ...(values.auto ? { choose: { mode: 'instead', budget: DEFAULT_BUDGET } as const } : {}),
    });
    const report = diagnose(recording);
    const found = report.findings
      .filter(({ severity }) => isAtLeast(severity, 'warning'))
      .map(({ cause, scope }) => [cause, scope.member].filter(Boolean).join('@'));
    const wanted = scenario.truth.map(({ cause, member }) => [cause, member].filter(Boolean).join('@'));
    const isRight =
      found.length === wanted.length &&
      wanted.every((one) => found.some((other) => other === one || one === other.split('@')[0]));
    const steps = recording.manifest.trail?.steps ?? [];
    return {
      verdict: report.validity.ok ? (isRight ? 'right' : 'WRONG') : 'NOT VALID',
      found,
      wanted,
      lateMs: recording.quality.latenessUs.p99 / 1_000,
      seconds: report.durationUs / 1e6,
      gatewayRequests: steps.reduce((sum, step) => sum + step.gatewayRequests, 0),
      deliberate: steps.reduce((sum, step) => sum + step.deliberate, 0),
    };
  } finally {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function lineOf(scenario: string, seed: number, result: Result): string {
  const { verdict, found, wanted, lateMs, seconds, gatewayRequests, deliberate } = result;
  const asked = values.auto
    ? `; ${gatewayRequests} requests through the gateway, ${deliberate} slow or failing on purpose`
    : '';
  return `${scenario} seed ${seed}: ${verdict} — found ${found.join(', ') || 'nothing'}; wanted ${wanted.join(', ') || 'nothing'}; late p99 ${lateMs.toFixed(1)} ms, ${Math.round(seconds)} s${asked}`;
}
