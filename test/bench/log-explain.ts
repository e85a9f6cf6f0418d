/** One log explained from file to report, as a process of its own: `log-explain.ts <log> <folder>` prints seconds and peak memory as JSON. */
import { diagnose, explainLogs, writeRun } from '../../src/pipeline.ts';
import { logsProfile } from '../../src/profile/logs-profile.ts';
import { peakMiB } from './peak-memory.ts';

export type ExplainCost = {
  readonly seconds: number;
  readonly peakMiB: number;
  readonly lines: number;
  readonly findings: readonly string[];
};

const [path = '', folder = ''] = process.argv.slice(2);
const started = performance.now();
const { recording } = await explainLogs({
  specs: [{ files: [path] }],
  baseFolder: process.cwd(),
  profile: logsProfile('logs'),
  seed: 1,
  version: '0.0.0',
  wallMs: Date.now,
});
const report = diagnose(recording);
await writeRun(folder, report, { recording, windowsOnDisk: false });
const cost: ExplainCost = {
  seconds: (performance.now() - started) / 1_000,
  peakMiB: peakMiB(),
  lines: (recording.logs?.sources ?? []).reduce((sum, { lines }) => sum + lines, 0),
  findings: report.findings.map(({ cause, severity }) => `${cause} (${severity})`),
};
console.log(JSON.stringify(cost));
