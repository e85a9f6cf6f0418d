/** Runs the command as a user does: a process of its own, from the source, with its real exit code. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '..', '..');
const CLI = join(REPOSITORY, 'src', 'cli.ts');
const DEFAULT_TIMEOUT_MS = 60_000;

export type CliOptions = {
  /** Added to the environment of the test; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly stdin?: string;
  /** Leaves the input open, as a terminal does: commands that run until stopped end with their input. */
  readonly keepStdinOpen?: boolean;
  /** Sends `signal` once, this long after the start. */
  readonly signalAfterMs?: number;
  /** Sends `signal` once, as soon as what was printed so far satisfies this. Not both. */
  readonly signalWhen?: (stdout: string) => boolean;
  /** Default SIGINT (Ctrl-C). On Windows every signal ends the process at once. */
  readonly signal?: NodeJS.Signals;
  /** After this the process is killed and the promise rejects with what it printed. Default 60 s. */
  readonly timeoutMs?: number;
};

export type CliResult = {
  /** Undefined when a signal ended it; then `signal` says which. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
};

/** Runs `gateprobe …args`. Rejects only when it does not start or does not end in time. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: options.cwd ?? REPOSITORY,
    env: environment(options.env ?? {}),
    stdio: 'pipe',
    windowsHide: true,
  });
  const printed = { stdout: '', stderr: '' };
  let pending = options.signalWhen;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed.stdout += text;
    if (pending?.(printed.stdout) !== true) return;
    pending = undefined;
    child.kill(options.signal ?? 'SIGINT');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed.stderr += text;
  });
  // A command that does not read its input may be gone before all of it is written.
  child.stdin.on('error', () => {});
  child.stdin.write(options.stdin ?? '');
  if (options.keepStdinOpen !== true) child.stdin.end();

  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    let late = false;
    const timeLimit = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, timeoutMs);
    const interruption =
      options.signalAfterMs === undefined
        ? undefined
        : setTimeout(() => child.kill(options.signal ?? 'SIGINT'), options.signalAfterMs);
    const finish = (): void => {
      clearTimeout(timeLimit);
      clearTimeout(interruption);
    };
    child.once('error', (error) => {
      finish();
      reject(error);
    });
    child.once('close', (code, signal) => {
      finish();
      if (late) {
        const command = `gateprobe ${args.join(' ')}`;
        reject(new Error(`${command}: not ended after ${timeoutMs} ms\n${printed.stdout}\n${printed.stderr}`));
        return;
      }
      const durationMs = performance.now() - startedMs;
      resolve({ code: code ?? undefined, signal: signal ?? undefined, ...printed, durationMs });
    });
  });
}

/** Colours and the test runner's own settings would change what the command prints. */
function environment(changes: Readonly<Record<string, string | undefined>>): NodeJS.ProcessEnv {
  const result: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1' };
  delete result['FORCE_COLOR'];
  delete result['NODE_TEST_CONTEXT'];
  // On a build server the command speaks to it; tests that want that set them again.
  for (const name of ['GITHUB_ACTIONS', 'GITHUB_STEP_SUMMARY', 'TF_BUILD']) delete result[name];
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete result[name];
    else result[name] = value;
  }
  return result;
}
