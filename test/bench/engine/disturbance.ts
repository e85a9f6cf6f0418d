/** What the machine did besides the tool and the server: processor time by /proc, so on Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

export type MachineTime = { readonly atMs: number; readonly busyUs: number };

/** USER_HZ, as proc(5) has it on all platforms that Node runs on. */
const TICK_US = 10_000;
/** user, nice, system, then (behind idle and iowait) irq, softirq and steal: what other machines took is a disturbance as well. */
const BUSY_COLUMNS = [0, 1, 2, 5, 6, 7];

/** Undefined where the platform does not tell. */
export function machineTime(): MachineTime | undefined {
  const line = readOrNothing('/proc/stat')?.split('\n', 1)[0];
  if (line === undefined) return undefined;
  const columns = line.trim().split(/\s+/).slice(1).map(Number);
  const ticks = BUSY_COLUMNS.reduce((sum, column) => sum + (columns[column] ?? 0), 0);
  return { atMs: performance.now(), busyUs: ticks * TICK_US };
}

/** Of a process and its children so far. */
export function processTimeUs(pid: number): number {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  if (stat === undefined) return 0;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = (Number(fields[11]) + Number(fields[12])) * TICK_US;
  return childrenOf(pid).reduce((sum, child) => sum + processTimeUs(child), own);
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      (readOrNothing(`/proc/${pid}/task/${thread}/children`) ?? '').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Cores that neither the tool nor the server used; undefined where unknown. */
export function othersCores(
  before: MachineTime | undefined,
  after: MachineTime | undefined,
  knownUs: number,
): number | undefined {
  if (before === undefined || after === undefined) return undefined;
  return Math.max(0, (after.busyUs - before.busyUs - knownUs) / ((after.atMs - before.atMs) * 1e3));
}
