/**
 * One closed loop of gateprobe, recorded as in a run (windows on disk, kept exchanges, live estimates), in a process of its own:
 * its argument is an `OursOrder` as JSON. Prints one line of JSON.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GATEWAY } from '../../../src/model/route.ts';
import { createBatchSink } from '../../../src/pipeline/batch-sink.ts';
import { keepYoungGenerationSmall } from '../../../src/pipeline/memory-guard.ts';
import { makeFolder } from '../../../src/pipeline/writing.ts';
import { parseProfile } from '../../../src/profile/load.ts';
import { createRecorder } from '../../../src/recording/recorder.ts';
import { createClock, createEpoch } from '../../../src/traffic/clock.ts';
import { resolveTargets } from '../../../src/traffic/resolve.ts';
import { startSender } from '../../../src/traffic/sender.ts';

export type OursOrder = {
  readonly url: string;
  readonly connections: number;
  readonly durationMs: number;
  readonly engine: 'wire' | 'autocannon';
  readonly caFile: string;
};
export type OursResult = {
  readonly due: number;
  readonly recorded: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** From the order to send until the last exchange is recorded; µs. */
  readonly cpuUs: number;
  readonly seconds: number;
  readonly peakRssMiB: number;
  readonly failed?: string;
};

// As `gateprobe run` does.
keepYoungGenerationSmall();
const order = JSON.parse(process.argv[2] ?? '') as OursOrder;
const { origin, pathname } = new URL(order.url);
const profile = parseProfile(
  `name: bench
gateway: { url: "${origin}"${order.url.startsWith('https') ? ', tls: { ca: ca.pem }' : ''} }
members: [{ name: web1, url: "http://localhost:1" }]
requests: [{ name: home, path: "${pathname}" }]
experiments: [{ burst: { connections: ${order.connections}, for: ${order.durationMs}ms } }]
limits: { maxRate: 1000000/s, maxRequests: 100000000, maxInFlight: 1000, maxNewConnections: 1000000/s }
`,
  { file: 'bench.yaml', env: {}, readFile: () => readFileSync(order.caFile, 'utf8') },
);
const folder = mkdtempSync(join(tmpdir(), 'gateprobe-engine-'));
await makeFolder(folder);
const epoch = createEpoch();
const clock = createClock(epoch);
const recorder = createRecorder({ folder, seed: 1, isOpenLoop: () => false });
const sink = createBatchSink(profile, recorder);
const sender = await startSender({
  profile,
  targets: await resolveTargets(profile, clock),
  runId: '0123456789abcdef'.repeat(2),
  version: 'bench',
  epoch,
  clock,
  sink: sink.take,
  rowSink: sink.takeRows,
});
try {
  const cpu = process.cpuUsage();
  const beganUs = clock.nowUs();
  const result = await sender.burst('burst-1', {
    route: GATEWAY,
    request: 'home',
    connections: order.connections,
    durationUs: order.durationMs * 1_000,
    engine: order.engine,
  });
  const used = process.cpuUsage(cpu);
  const seconds = (clock.nowUs() - beganUs) / 1e6;
  await sender.close();
  const traffic = sink.finish();
  const printed: OursResult = {
    due: result.due,
    recorded: traffic.exchangeCount,
    outcomes: sink.outcomes,
    cpuUs: used.user + used.system,
    seconds,
    peakRssMiB: process.resourceUsage().maxRSS / 1_024,
    ...(result.failed === undefined ? {} : { failed: result.failed }),
  };
  console.log(JSON.stringify(printed));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
