/**
 * How true the reported times are: each tool asks a server of known delays at a rate, and what it reports is held against what the
 * kernel saw on the loopback meanwhile.
 */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { distributionOf } from '../../../src/analysis/distribution.ts';
import type { LabMessage } from '../../../src/lab/options.ts';
import { findProgram } from '../../helpers/requires.ts';
import { startCapture, type WireExchange } from './capture.ts';

export const FIDELITY_QUANTILES = [0.5, 0.99, 0.999] as const;
export type FidelityCase = { readonly title: string; readonly path: string; readonly ratePerSec: number };
/** At no rate a request is due while the server waits out the end of another's delay (see the selftest). */
export const FIDELITY_CASES: readonly FidelityCase[] = [
  { title: 'at once, 100/s', path: '/', ratePerSec: 100 },
  { title: 'at once, 500/s', path: '/', ratePerSec: 500 },
  { title: 'at once, 1000/s', path: '/', ratePerSec: 1_000 },
  { title: '50 ms, 170/s', path: '/constant?ms=50', ratePerSec: 170 },
];
export type Reported = {
  /** By quantile, as in `FIDELITY_QUANTILES`; NaN where the tool does not tell it. */
  readonly quantilesUs: readonly number[];
  /** Processor time over the time of the load; undefined where it cannot be told apart from the start. */
  readonly cores?: number;
};
export type Fidelity = {
  readonly requests: number;
  /** Reported minus captured, by quantile. */
  readonly errorsUs: readonly number[];
  /** How far the gaps between two requests on the wire were from even ones. */
  readonly gapErrorUs: { readonly p50: number; readonly p99: number };
  readonly cores?: number;
};
type Ask = (url: string, ratePerSec: number, seconds: number) => Promise<Reported>;
export type FidelityTool = { readonly name: string; readonly isThere: () => boolean; readonly ask: Ask };

const run = promisify(execFile);
const NODE = process.execPath;
const ROOT = join(import.meta.dirname, '..', '..', '..');
/** Code is compiled and connections are opened in this time: left out of what is compared. */
const WARM_UP_SECONDS = 2;
/** Enough for 50 ms at every rate here. */
const CONNECTIONS = 32;
const WRK2 = process.env['WRK2'];

export const FIDELITY_TOOLS: readonly FidelityTool[] = [
  { name: 'gateprobe', isThere: () => true, ask: askOurs },
  { name: 'autocannon', isThere: () => true, ask: askAutocannon },
  { name: 'hey', isThere: () => findProgram('hey') !== undefined, ask: askHey },
  { name: 'wrk2', isThere: () => WRK2 !== undefined, ask: askWrk2 },
];

export async function measureFidelity(
  tool: FidelityTool,
  { path, ratePerSec }: FidelityCase,
  seconds: number,
): Promise<Fidelity> {
  const server = fork(join(ROOT, 'src', 'lab', 'truth-process.ts'), ['{}']);
  const [message] = (await once(server, 'message')) as [LabMessage];
  if (message.type === 'failed') throw new Error(message.error);
  const capture = await startCapture(message.port);
  try {
    const reported = await tool.ask(`http://127.0.0.1:${message.port}${path}`, ratePerSec, seconds);
    return compare(await capture.finish(), reported, ratePerSec, seconds);
  } finally {
    server.send('stop');
  }
}

/** Of the last `seconds` of the load: before that is the warm-up, which gateprobe has and tells nothing of. */
function compare(
  wire: readonly WireExchange[],
  { quantilesUs, cores }: Reported,
  ratePerSec: number,
  seconds: number,
): Fidelity {
  const lastUs = wire.at(-1)?.sentUs ?? 0;
  const counted = wire.filter(({ sentUs }) => sentUs > lastUs - seconds * 1e6);
  const truth = distributionOf(counted.map(({ serviceUs }) => serviceUs));
  const gaps = counted.slice(1).map(({ sentUs }, i) => sentUs - (counted[i] as WireExchange).sentUs);
  const errors = distributionOf(gaps.map((gapUs) => Math.abs(gapUs - 1e6 / ratePerSec)));
  return {
    requests: counted.length,
    errorsUs: FIDELITY_QUANTILES.map((p, i) => (quantilesUs[i] ?? Number.NaN) - truth.quantile(p)),
    gapErrorUs: { p50: errors.quantile(0.5), p99: errors.quantile(0.99) },
    ...(cores === undefined ? {} : { cores }),
  };
}

async function askOurs(url: string, ratePerSec: number, seconds: number): Promise<Reported> {
  const order = { url, ratePerSec, seconds, warmUpSeconds: WARM_UP_SECONDS };
  const { stdout } = await run(NODE, [join(import.meta.dirname, 'ours-paced.ts'), JSON.stringify(order)]);
  const { serviceUs, cores } = JSON.parse(stdout) as { serviceUs: number[]; cores: number };
  const reported = distributionOf(serviceUs);
  return { quantilesUs: FIDELITY_QUANTILES.map((p) => reported.quantile(p)), cores };
}

async function askAutocannon(url: string, ratePerSec: number, seconds: number): Promise<Reported> {
  const script = join(ROOT, 'node_modules', 'autocannon', 'autocannon.js');
  const args = ['-j', '-n', '-R', String(ratePerSec), '-c', String(CONNECTIONS), '-d', String(seconds), url];
  const { stdout } = await run(NODE, [script, ...args]);
  const { latency } = JSON.parse(stdout) as { latency: Record<string, number> };
  return { quantilesUs: ['p50', 'p99', 'p99_9'].map((name) => (latency[name] ?? Number.NaN) * 1e3) };
}

/** Its workers each keep a rate of their own; it lists every request. */
async function askHey(url: string, ratePerSec: number, seconds: number): Promise<Reported> {
  const workers = 10;
  const args = ['-z', `${seconds}s`, '-c', String(workers), '-q', String(ratePerSec / workers), '-o', 'csv', url];
  const { stdout } = await run('hey', args, { maxBuffer: 1e8 });
  const times = stdout
    .split('\n')
    .slice(1)
    .map((line) => Number.parseFloat(line) * 1e6)
    .filter((time) => time > 0);
  const reported = distributionOf(times);
  return { quantilesUs: FIDELITY_QUANTILES.map((p) => reported.quantile(p)) };
}

async function askWrk2(url: string, ratePerSec: number, seconds: number): Promise<Reported> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, `-R${ratePerSec}`, '--latency', url];
  const { stdout } = await run(WRK2 as string, args);
  const told = (label: string): number => {
    const [, value, unit] = new RegExp(`^\\s*${label}%\\s+([\\d.]+)(us|ms|s)`, 'm').exec(stdout) ?? [];
    return Number(value) * (unit === 's' ? 1e6 : unit === 'ms' ? 1e3 : 1);
  };
  return { quantilesUs: ['50\\.000', '99\\.000', '99\\.900'].map(told) };
}
