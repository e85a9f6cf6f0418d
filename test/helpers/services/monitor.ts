/** `gateprobe monitor` as a process, from the sources, until it is stopped. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CLI = join(import.meta.dirname, '..', '..', '..', 'src', 'cli.ts');
/** A start takes a second or two; this is for a machine that does much else. */
const START_LIMIT_MS = 20_000;

export type RunningMonitor = {
  /** Of the dashboard, without a slash at the end. */
  readonly url: string;
  readonly pid: number;
  /** What it logged so far. */
  log(): string;
  stop(): Promise<void>;
};

export async function startMonitor(
  profiles: readonly string[],
  data: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningMonitor> {
  const child = spawn(process.execPath, [CLI, 'monitor', ...profiles, '--data', data, '--port', '0', '--for', '120s'], {
    env: { ...process.env, ...env, NO_COLOR: '1', NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lastResort = (): boolean => child.kill('SIGKILL');
  process.once('exit', lastResort);
  let logged = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS);
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    url = /^Dashboard (http:\/\/\S+)/.exec(line)?.[1];
    if (url !== undefined) break;
  }
  clearTimeout(limit);
  if (url === undefined) throw new Error(`the monitor did not start:\n${logged}`);
  child.stdout.resume();
  return {
    url,
    pid: child.pid ?? 0,
    log: () => logged,
    async stop() {
      process.off('exit', lastResort);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
