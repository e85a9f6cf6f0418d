/** The machine while traffic runs: read when it begins and when it ends; the wall clock once a second in between. */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { MachineFacts } from '../model/instrument.ts';
import {
  controlGroups,
  readPortRange,
  readSteal,
  readTcp,
  readThrottle,
  type StealReading,
  type TcpReading,
  type ThrottleReading,
} from './machine-readings.ts';
import { createWallWatch, readOffset, WALL_READ_EVERY_MS } from './wall-watch.ts';

export type MachineWatch = { finish(): MachineFacts };

/** Ports for connections of one's own where no file tells: 49152 to 65535 on Windows and macOS (RFC 6335, section 6). */
const USUAL_PORTS = 16_384;

type Readings = {
  readonly atMs: number;
  readonly busyMs: number;
  readonly totalMs: number;
  readonly ownUs: number;
  readonly steal: StealReading | undefined;
  readonly throttle: ThrottleReading | undefined;
  readonly tcp: TcpReading | undefined;
};

export function watchMachine(): MachineWatch {
  const first = readAll();
  const wall = createWallWatch();
  const readWall = (): void => {
    const { offsetUs, spreadUs } = readOffset(() => performance.now(), Date.now);
    wall.reading(offsetUs, spreadUs);
  };
  readWall();
  const timer = setInterval(readWall, WALL_READ_EVERY_MS).unref();
  return {
    finish() {
      clearInterval(timer);
      readWall();
      return { ...factsBetween(first, readAll()), localPorts: localPorts(), wall: wall.facts() };
    },
  };
}

function readAll(): Readings {
  const processors = cpus().map(({ times }) => times);
  const idleMs = processors.reduce((sum, { idle }) => sum + idle, 0);
  const totalMs = processors.reduce((sum, times) => sum + Object.values(times).reduce((a, b) => a + b, 0), 0);
  const { user, system } = process.cpuUsage();
  const isLinux = process.platform === 'linux';
  return {
    atMs: performance.now(),
    busyMs: totalMs - idleMs,
    totalMs,
    ownUs: user + system,
    steal: isLinux ? readSteal(textOf('/proc/stat')) : undefined,
    throttle: isLinux ? throttle() : undefined,
    tcp: isLinux ? readTcp(textOf('/proc/net/snmp'), textOf('/proc/net/netstat')) : undefined,
  };
}

function factsBetween(from: Readings, to: Readings): Omit<MachineFacts, 'wall' | 'localPorts'> {
  const totalMs = to.totalMs - from.totalMs;
  const ticks = (to.steal?.totalTicks ?? 0) - (from.steal?.totalTicks ?? 0);
  return {
    durationUs: Math.round((to.atMs - from.atMs) * 1_000),
    processors: cpus().length,
    ...(totalMs <= 0
      ? {}
      : { busyRatio: (to.busyMs - from.busyMs) / totalMs, ownRatio: (to.ownUs - from.ownUs) / 1_000 / totalMs }),
    ...(ticks <= 0 || to.steal === undefined || from.steal === undefined
      ? {}
      : { stealRatio: (to.steal.stealTicks - from.steal.stealTicks) / ticks }),
    ...(to.throttle === undefined || from.throttle === undefined
      ? {}
      : {
          throttledUs: to.throttle.throttledUs - from.throttle.throttledUs,
          throttledPeriods: to.throttle.periods - from.throttle.periods,
        }),
    ...(to.tcp === undefined || from.tcp === undefined
      ? {}
      : {
          tcp: {
            segments: to.tcp.segments - from.tcp.segments,
            retransmitted: Math.max(0, to.tcp.retransmitted - from.tcp.retransmitted),
            listenDrops: to.tcp.listenDrops - from.tcp.listenDrops,
          },
        }),
  };
}

function throttle(): ThrottleReading | undefined {
  for (const folder of controlGroups(textOf('/proc/self/cgroup'))) {
    const found = readThrottle(textOf(join('/sys/fs/cgroup', folder, 'cpu.stat')));
    if (found !== undefined) return found;
  }
  return undefined;
}

function localPorts(): number {
  const told =
    process.platform === 'linux' ? readPortRange(textOf('/proc/sys/net/ipv4/ip_local_port_range')) : undefined;
  return told ?? USUAL_PORTS;
}

/** A file that this system does not have, or does not let us read, tells nothing. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
