/** `gateprobe monitor` as it is, on a faster clock; tells its parent what memory it holds. */
import { getHeapSpaceStatistics } from 'node:v8';
import { runMonitor } from '../../../src/commands/monitor.ts';
import { type Scale, scaledClock } from './scaled-clock.ts';

export type DaemonOrder = {
  readonly scale: Scale;
  readonly profile: string;
  readonly data: string;
  readonly reports: string;
  /** The same in all lives, so that Prometheus finds each. */
  readonly port: number;
};
/** After a collection: what is left is held, as data or as what the compiler made of the program. */
export type DaemonReport = {
  readonly upMs: number;
  readonly dataBytes: number;
  readonly codeBytes: number;
  readonly rssBytes: number;
  readonly cpuUs: number;
};

/** Collecting costs some ms: this often it does not disturb. */
const REPORT_EVERY_MS = 2_000;

/** Instructions, and bytecode with what belongs to it: it grows as functions are called often, and ends where the program ends. */
const CODE_SPACES = /^(code|trusted)_/;

const { scale, profile, data, reports, port } = JSON.parse(process.argv[2] ?? '{}') as DaemonOrder;
const timer = setInterval(() => {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const codeBytes = getHeapSpaceStatistics()
    .filter(({ space_name }) => CODE_SPACES.test(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, 0);
  const report = {
    ...{ upMs: process.uptime() * 1_000, rssBytes: rss },
    ...{ dataBytes: heapUsed + external - codeBytes, codeBytes },
  };
  process.send?.({ ...report, cpuUs: user + system } satisfies DaemonReport);
}, REPORT_EVERY_MS);
timer.unref();
// Its parent is gone: nobody would ever end it.
const abandoned = (): never => process.exit(1);
process.on('disconnect', abandoned);
const options = { data, reports, host: '127.0.0.1', port, seed: 1 };
process.exitCode = await runMonitor([profile], options, (clock) => scaledClock(clock, scale));
process.off('disconnect', abandoned);
clearInterval(timer);
process.disconnect();
