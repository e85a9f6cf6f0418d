/** What the real gateways have in common: a temp folder, a free port, a foreground process, a clean end. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../requires.ts';
import { descendants, isRunning, kill, listensOn } from './process-tree.ts';

export type GatewayOptions = {
  /** host:port of each member; several are used in turn. */
  readonly members: readonly string[];
  /** How long the gateway waits for a member's answer; Apache rounds up to whole seconds. Default 30 s. */
  readonly readTimeoutMs?: number;
  /** Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** More lines of the gateway's own configuration; where they go stands at each gateway. */
  readonly extra?: string;
};

export interface RunningGateway {
  /** http://127.0.0.1:port, without a slash at the end. */
  readonly url: string;
  readonly version: string;
  readonly pid: number;
  /** Its configuration, as written for it. */
  readonly configText: string;
  /** Gone after `stop`. */
  readonly accessLog?: string;
  readonly errorLog?: string;
  /** Ends the process and its children and removes the folder; may be called twice. */
  stop(): Promise<void>;
}

export type GatewayProgram = {
  readonly program: string;
  readonly versionArgs: readonly string[];
  /** Writes nothing itself: files by name in the folder, and the arguments. */
  readonly configure: (place: Place) => Setup;
};
export type Place = { readonly folder: string; readonly port: number };
export type Setup = {
  readonly files: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly accessLog?: string;
  readonly errorLog?: string;
};

/** Standard output and error of the process, in its folder. */
export const OUTPUT_FILE = 'output.log';
/** Five times a slow start of the slowest (Varnish compiles its configuration with a C compiler: 1 to 3 s). */
const START_LIMIT_MS = 15_000;
const STOP_LIMIT_MS = 3_000;
const ATTEMPTS = 4;
const CLASH = /address (already )?in use|cannot bind|could not bind/i;

export const isRoot = process.getuid?.() === 0;

/** Starts the program on a free port and waits until it accepts; takes another port when somebody was faster. */
export async function startGateway(gateway: GatewayProgram): Promise<RunningGateway> {
  const path = findProgram(gateway.program);
  if (path === undefined) throw new Error(`${gateway.program} is not on this machine`);
  for (let attempt = 1; ; attempt++) {
    const started = await tryStart(path, gateway);
    if ('url' in started) return started;
    if (!CLASH.test(started.output) || attempt === ATTEMPTS)
      throw new Error(`${gateway.program} did not start:\n${started.output}`);
  }
}

async function tryStart(path: string, gateway: GatewayProgram): Promise<RunningGateway | { output: string }> {
  const folder = mkdtempSync(join(tmpdir(), `gateprobe-${gateway.program}-`));
  // Some give up root and must still reach their files.
  chmodSync(folder, 0o755);
  const port = await freePort();
  const setup = gateway.configure({ folder, port });
  for (const [name, text] of Object.entries(setup.files)) writeFileSync(join(folder, name), text);
  const child = launch(path, setup.args, folder);
  const stop = createStop(child, folder);
  const output = (): string => readFileSync(join(folder, OUTPUT_FILE), 'utf8');
  if (await accepts(child, port, () => CLASH.test(output()))) {
    return {
      url: `http://127.0.0.1:${port}`,
      version: readVersion(path, gateway.versionArgs),
      pid: child.pid ?? 0,
      configText: Object.values(setup.files).join('\n'),
      ...(setup.accessLog !== undefined && { accessLog: join(folder, setup.accessLog) }),
      ...(setup.errorLog !== undefined && { errorLog: join(folder, setup.errorLog) }),
      stop,
    };
  }
  const said = output();
  await stop();
  return { output: said };
}

function launch(path: string, args: readonly string[], folder: string): ChildProcess {
  const home = join(folder, 'home');
  mkdirSync(home);
  const output = openSync(join(folder, OUTPUT_FILE), 'a');
  const env = { PATH: process.env['PATH'], HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home };
  const child = spawn(path, [...args], { cwd: folder, env, stdio: ['ignore', output, output] });
  closeSync(output);
  return child;
}

/** On a clash somebody else accepts, and nginx even tries for seconds to get the port: so the port must be the child's. */
async function accepts(child: ChildProcess, port: number, hasClash: () => boolean): Promise<boolean> {
  const failed = new AbortController();
  child.once('error', () => failed.abort());
  const deadlineMs = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadlineMs && !failed.signal.aborted && child.exitCode === null) {
    if (hasClash()) return false;
    if ((await canConnect(port)) && listensOn(child.pid, port)) return true;
    await delay(20);
  }
  return false;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (connected: boolean): void => {
      socket.destroy();
      resolve(connected);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}

function createStop(child: ChildProcess, folder: string): () => Promise<void> {
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  // A test that fails before its `stop` must not leave a server behind.
  const lastResort = (): void => {
    child.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  const interrupted = (): void => process.exit(130);
  process.once('exit', lastResort).once('SIGTERM', interrupted).once('SIGINT', interrupted);
  return async () => {
    process.off('exit', lastResort).off('SIGTERM', interrupted).off('SIGINT', interrupted);
    const children = descendants(child.pid);
    child.kill('SIGTERM');
    const force = setTimeout(() => {
      child.kill('SIGKILL');
      for (const pid of children) kill(pid);
    }, STOP_LIMIT_MS);
    await ended;
    clearTimeout(force);
    await allGone(children);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
}

async function allGone(pids: readonly number[]): Promise<void> {
  const deadlineMs = performance.now() + STOP_LIMIT_MS;
  while (pids.some(isRunning)) {
    if (performance.now() > deadlineMs) throw new Error(`still running after stop: ${pids.filter(isRunning).join()}`);
    await delay(20);
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function readVersion(path: string, args: readonly string[]): string {
  // nginx and Varnish print it on standard error.
  const text = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', path, ...args], { encoding: 'utf8' });
  return /\d+(?:\.\d+)+/.exec(text)?.[0] ?? text.trim();
}
