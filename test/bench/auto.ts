/**
 * `node test/bench/auto.ts [runs] [scenario…]`: lets runs choose their experiments on lab scenarios, and counts requests
 * through the gateway until the verdict. Prints one line per run, and medians; STEPS=1 prints the steps, FIRST_SEED the first seed.
 */
import { median } from '../../src/analysis/medians.ts';
import { startFarm } from '../../src/lab/farm.ts';
import type { Scenario } from '../../src/lab/scenario.ts';
import { SCENARIOS } from '../../src/lab/scenarios.ts';
import { isAtLeast } from '../../src/model/severity.ts';
import { DEFAULT_BUDGET, diagnose, recordRun } from '../../src/pipeline.ts';
import { parseProfile } from '../../src/profile/load.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';

const runs = Number(process.argv[2] ?? 5);
const names = process.argv.slice(3);
const firstSeed = Number(process.env['FIRST_SEED'] ?? 1);
const isTalkative = process.env['STEPS'] === '1';
const perScenario: number[] = [];

for (const name of names.length > 0 ? names : ['timeout', 'dropped', 'queue-at-gateway', 'cold-start', 'healthy']) {
  const scenario = SCENARIOS[name];
  if (scenario === undefined) throw new Error(`scenarios: ${Object.keys(SCENARIOS).join(', ')}`);
  const counts: number[] = [];
  let right = 0;
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const one = await runOnce(scenario, seed);
    counts.push(one.gatewayRequests);
    if (one.isRight) right++;
    console.log(one.line);
  }
  perScenario.push(median(counts));
  console.log(`${name}: ${right} of ${runs} right, median ${median(counts)} requests through the gateway`);
}
console.log(`median of scenarios: ${median(perScenario)} requests through the gateway`);

async function runOnce(scenario: Scenario, seed: number) {
  const farm = await startFarm(scenario, { seed });
  try {
    // A farm that was quiet before the run, as one that falls asleep has to be.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const profile = parseProfile(farm.profileYaml, { file: 'bench.yaml', env: {}, readFile: () => '' });
    const epoch = createEpoch();
    const { recording } = await recordRun({
      profile,
      seed,
      version: 'bench',
      clock: createClock(epoch),
      epoch,
      signal: new AbortController().signal,
      choose: { mode: 'instead', budget: DEFAULT_BUDGET, onStep: (line) => isTalkative && console.log(`  ${line}`) },
    });
    const report = diagnose(recording);
    const { trail } = recording.manifest;
    if (isTalkative) for (const step of trail?.steps ?? []) console.log(`  ${step.experimentId}: ${step.result}`);
    const found = report.findings
      .filter(({ severity }) => isAtLeast(severity, 'warning'))
      .map(({ cause, scope, confidence }) => `${[cause, scope.member].filter(Boolean).join('@')} (${confidence})`);
    const wanted = scenario.truth.map(({ cause, member }) => [cause, member].filter(Boolean).join('@'));
    const isRight =
      found.length === wanted.length &&
      wanted.every((one) =>
        found.some((other) => other.startsWith(one) || one.startsWith(other.split(/[@ ]/)[0] ?? '')),
      );
    const gatewayRequests = (trail?.steps ?? []).reduce((sum, step) => sum + step.gatewayRequests, 0);
    return {
      isRight,
      gatewayRequests,
      line: `${scenario.name} seed ${seed}: ${report.validity.ok ? (isRight ? 'right' : 'WRONG') : 'NOT VALID'}, ${gatewayRequests} through the gateway in ${trail?.steps.length} steps and ${Math.round(report.durationUs / 1e6)} s, ended ${trail?.end} — found ${found.join(', ') || 'nothing'}; wanted ${wanted.join(', ') || 'nothing'}`,
    };
  } finally {
    await farm.stop();
  }
}
