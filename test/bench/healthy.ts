/**
 * `npm run bench:healthy -- [runs] [scenario]`: runs a lab scenario with different seeds and counts findings at warning or
 * above, so that false alarms of the healthy farm (and missed faults of the others) are seen. Prints one line per run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFarm } from '../../src/lab/farm.ts';
import { SCENARIOS } from '../../src/lab/scenarios.ts';
import { isAtLeast } from '../../src/model/severity.ts';
import { diagnose, recordRun } from '../../src/pipeline.ts';
import { parseProfile } from '../../src/profile/load.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';

const runs = Number(process.argv[2] ?? 20);
const scenario = SCENARIOS[process.argv[3] ?? 'healthy'];
const firstSeed = Number(process.argv[4] ?? 1);
if (scenario === undefined) throw new Error(`scenarios: ${Object.keys(SCENARIOS).join(', ')}`);
const tally = { right: 0, wrong: 0, invalid: 0 };
for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
  const folder = await mkdtemp(join(tmpdir(), 'gateprobe-bench-'));
  const farm = await startFarm(scenario, { seed });
  try {
    const profile = parseProfile(farm.profileYaml, { file: 'bench.yaml', env: {}, readFile: () => '' });
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
    });
    const report = diagnose(recording);
    const found = report.findings
      .filter(({ severity }) => isAtLeast(severity, 'warning'))
      .map(({ cause, scope }) => [cause, scope.member].filter(Boolean).join('@'));
    const wanted = scenario.truth.map(({ cause, member }) => [cause, member].filter(Boolean).join('@'));
    const isRight =
      found.length === wanted.length &&
      wanted.every((one) => found.some((other) => other === one || one === other.split('@')[0]));
    if (!report.validity.ok) tally.invalid++;
    else if (isRight) tally.right++;
    else tally.wrong++;
    const lateMs = (recording.quality.latenessUs.p99 / 1_000).toFixed(1);
    console.log(
      `${scenario.name} seed ${seed}: ${report.validity.ok ? (isRight ? 'right' : 'WRONG') : 'NOT VALID'} — found ${found.join(', ') || 'nothing'}; wanted ${wanted.join(', ') || 'nothing'}; late p99 ${lateMs} ms, ${Math.round(report.durationUs / 1e6)} s`,
    );
  } finally {
    await farm.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
console.log(`${scenario.name}: ${tally.right} right, ${tally.wrong} wrong, ${tally.invalid} not valid of ${runs}`);
