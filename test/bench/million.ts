/**
 * `npm run bench:million -- [requests] [loop]`: records a run of a million exchanges against a fast server in another
 * process and prints the peak memory of this process, the size of the report, its exhibits and the time to build it.
 * A short compare before the load gives the report every picture that a run can have.
 * `loop`: `closed` (autocannon) or `open` (5000/s, takes 200 s).
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepYoungGenerationSmall } from '../../src/pipeline/memory-guard.ts';
import { diagnose, recordRun, writeRun } from '../../src/pipeline.ts';
import { parseProfile } from '../../src/profile/load.ts';
import { createClock, createEpoch } from '../../src/traffic/clock.ts';

// As `gateprobe run` does.
keepYoungGenerationSmall();
const requests = Number(process.argv[2] ?? 1_000_000);
const loop = process.argv[3] ?? 'closed';
const OPEN_PER_SEC = 5_000;
const server = fork(join(import.meta.dirname, '..', '..', 'src', 'lab', 'truth-process.ts'), ['{}']);
const [{ port }] = (await once(server, 'message')) as [{ port: number }];
const folder = await mkdtemp(join(tmpdir(), 'gateprobe-million-'));
const load =
  loop === 'closed'
    ? 'connections: 50, for: 300s'
    : `rate: ${OPEN_PER_SEC}/s, for: ${Math.round(requests / OPEN_PER_SEC)}s`;
const profile = parseProfile(
  `name: million
gateway: { url: "http://127.0.0.1:${port}" }
members: [{ name: web1, url: "http://localhost:${port}", host: localhost }]
experiments: [{ compare: { rate: 50/s, for: 20s } }, { burst: { ${load} } }]
limits: { maxRate: 100000/s, maxRequests: ${requests}, maxInFlight: 1000, maxNewConnections: 1000/s }
`,
  { file: 'million.yaml', env: {}, readFile: () => '' },
);
const epoch = createEpoch();
const clock = createClock(epoch);
try {
  const beganMs = performance.now();
  const recorded = await recordRun({
    profile,
    seed: 1,
    version: 'bench',
    clock,
    epoch,
    signal: new AbortController().signal,
    folder,
  });
  const recordedMs = performance.now();
  const rssAfterRecording = process.resourceUsage().maxRSS / 1_024;
  const report = diagnose(recorded.recording);
  const judgedMs = performance.now();
  const rssAfterJudging = process.resourceUsage().maxRSS / 1_024;
  await writeRun(folder, report, recorded);
  const writtenMs = performance.now();
  const files = await Promise.all(
    (await readdir(folder)).map(
      async (name) => `${name} ${((await stat(join(folder, name))).size / 1_000).toFixed(0)} kB`,
    ),
  );
  console.log(
    `${recorded.recording.exchangeCount} exchanges in ${((recordedMs - beganMs) / 1_000).toFixed(1)} s (${loop} loop), ${recorded.recording.exchanges.length} kept`,
  );
  console.log(
    `peak resident memory: ${rssAfterRecording.toFixed(0)} MiB after recording, ${rssAfterJudging.toFixed(0)} MiB after judging, ${(process.resourceUsage().maxRSS / 1_024).toFixed(0)} MiB at the end`,
  );
  console.log(
    `judged in ${((judgedMs - recordedMs) / 1_000).toFixed(2)} s, written in ${((writtenMs - judgedMs) / 1_000).toFixed(2)} s`,
  );
  console.log(files.join(', '));
  const shown = [...report.findings.flatMap(({ exhibits }) => exhibits), ...report.exhibits];
  console.log(`${shown.length} exhibits: ${shown.map(({ id }) => id).join(', ')}`);
} finally {
  await rm(folder, { recursive: true, force: true });
  server.send('stop');
}
