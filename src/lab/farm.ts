import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { GatewayOptions, LabMessage, MemberOptions } from './options.ts';
import type { Scenario } from './scenario.ts';

const HOST = '127.0.0.1';

/** A process of the lab listens after some tenths of a second; this is for a machine that does much else. */
const STARTS_WITHIN_MS = 20_000;

/** The processes end themselves within this time; what still runs then is killed. */
const STOPS_WITHIN_MS = 2_000;

/** What a process wrote before it died is told up to this length. */
const MOST_COMPLAINT_CHARS = 2_000;

export type FarmMember = {
  readonly name: string;
  readonly url: string;
  /** Absent when nothing runs behind the port. */
  readonly pid?: number;
};

/** A gateway with its members, each a process of its own on the loopback. */
export type Farm = {
  readonly scenario: Scenario;
  readonly gatewayUrl: string;
  readonly gatewayPid: number;
  readonly members: readonly FarmMember[];
  /** The profile that shows the scenario's faults, with the addresses of this farm. */
  readonly profileYaml: string;
  /** Resolves with the reason when a process ends by itself; stays pending otherwise. */
  readonly failed: Promise<Error>;
  /** Ends all processes; may be called again. Resolves when none is left. */
  stop(): Promise<void>;
};

export type FarmOptions = {
  readonly seed: number;
  /** Logs are written into a folder for each process: `gateway`, and one named after each member. */
  readonly logFolder?: string;
};

type LabProcess = { readonly name: string; readonly child: ChildProcess; complaint(): string };

/** Starts the members of a scenario, then its gateway. Rejects, with nothing left running, when one of them does not start. */
export async function startFarm(scenario: Scenario, options: FarmOptions): Promise<Farm> {
  const processes: LabProcess[] = [];
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= Promise.all(processes.map(({ child }) => endProcess(child))).then(() => {});
    return stopping;
  };
  // Told here at once; a process would notice it only when it writes.
  if (options.logFolder !== undefined) await mkdir(options.logFolder, { recursive: true });
  try {
    const members = await startMembers(scenario, options, processes);
    const settings = gatewayOptions(scenario, members, options);
    const gateway = await startProcess('gateway', 'gateway-process', settings, processes);
    const gatewayUrl = `http://${HOST}:${gateway.port}`;
    const shown = members.map(({ name, port, pid }): FarmMember => {
      const url = `http://${HOST}:${port}`;
      return pid === undefined ? { name, url } : { name, url, pid };
    });
    return {
      scenario,
      gatewayUrl,
      gatewayPid: gateway.pid,
      members: shown,
      profileYaml: scenario.profile({
        gateway: gatewayUrl,
        members: shown,
        ...(options.logFolder === undefined ? {} : { logs: options.logFolder }),
      }),
      failed: firstFailure(processes, () => stopping !== undefined),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Place = { readonly name: string; readonly port: number; readonly pid?: number };

async function startMembers(scenario: Scenario, options: FarmOptions, processes: LabProcess[]): Promise<Place[]> {
  const starts = scenario.members.map(async (member, index): Promise<Place> => {
    const { name } = member;
    if (member.closed === true) return { name, port: await closedPort() };
    const settings: MemberOptions = {
      ...member.behaviour,
      name,
      port: 0,
      // Far enough apart that members of neighbouring seeds do not share their draws.
      seed: options.seed * 1_000 + index + 1,
      memberHeader: true,
      ...logFolderOf(options, name),
    };
    return { name, ...(await startProcess(name, 'member-process', settings, processes)) };
  });
  // All are waited for, also after one has failed: what starts late must be known to be ended.
  const settled = await Promise.allSettled(starts);
  return settled.map((start) => {
    if (start.status === 'rejected') throw start.reason;
    return start.value;
  });
}

function gatewayOptions(scenario: Scenario, members: readonly Place[], options: FarmOptions): GatewayOptions {
  return {
    ...scenario.gateway,
    port: 0,
    seed: options.seed * 1_000,
    members: members.map(({ name, port }) => ({ name, host: HOST, port })),
    ...logFolderOf(options, 'gateway'),
  };
}

function logFolderOf({ logFolder }: FarmOptions, name: string): { readonly logFolder?: string } {
  return logFolder === undefined ? {} : { logFolder: join(logFolder, name) };
}

/**
 * A port that was free a moment ago and is closed again. Systems hand out ports in turn or at random from thousands, so that nobody
 * else gets this one by chance within the minutes that a lab runs; and whoever did would be seen as a member that answers.
 */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Forks an entry of this folder: `.ts` from a checkout, `.js` as published. */
async function startProcess(
  name: string,
  entry: 'member-process' | 'gateway-process',
  settings: MemberOptions | GatewayOptions,
  processes: LabProcess[],
): Promise<{ readonly port: number; readonly pid: number }> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const file = fileURLToPath(new URL(`./${entry}.${extension}`, import.meta.url));
  const child = fork(file, [JSON.stringify(settings)], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    complaint = (complaint + part).slice(-MOST_COMPLAINT_CHARS);
  });
  // A process that cannot be spawned or reached tells so by events, which are read below and in `firstFailure`.
  child.on('error', () => {});
  const started: LabProcess = { name, child, complaint: () => complaint.trim() };
  processes.push(started);
  const message = await firstMessage(started);
  if (message.type === 'failed') throw new Error(`the lab's ${name} did not start: ${message.error}`);
  return { port: message.port, pid: child.pid as number };
}

async function firstMessage(started: LabProcess): Promise<LabMessage> {
  const { name, child } = started;
  const late = new AbortController();
  try {
    return await Promise.race([
      once(child, 'message', { signal: late.signal }).then(([message]) => message as LabMessage),
      once(child, 'exit', { signal: late.signal }).then(() => {
        throw endedByItself(started);
      }),
      sleep(STARTS_WITHIN_MS, undefined, { signal: late.signal }).then(() => {
        throw new Error(`the lab's ${name} did not listen within ${STARTS_WITHIN_MS / 1_000} s`);
      }),
    ]);
  } finally {
    late.abort();
  }
}

function firstFailure(processes: readonly LabProcess[], isStopping: () => boolean): Promise<Error> {
  return new Promise((resolve) => {
    for (const started of processes) {
      const report = (): void => {
        if (!isStopping()) resolve(endedByItself(started));
      };
      if (hasEnded(started.child)) report();
      else started.child.once('exit', report);
    }
  });
}

function endedByItself({ name, child, complaint }: LabProcess): Error {
  const how = child.signalCode === null ? `exit code ${child.exitCode}` : child.signalCode;
  const said = complaint();
  return new Error(`the lab's ${name} ended by itself (${how})${said === '' ? '' : `: ${said}`}`);
}

function hasEnded(child: ChildProcess): boolean {
  // Without a pid it was never there.
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

/** Asks a process to end, and kills it when it does not. */
async function endProcess(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
  // One that has ended meanwhile cannot be told; its exit is on its way.
  if (child.connected) child.send('stop', () => {});
  await ended;
  clearTimeout(timer);
}
