/** Processes of a stage: they tell their port, and end when they are told to or when this process does. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LabMessage } from '../../../src/lab/options.ts';

const STARTS_WITHIN_MS = 15_000;
const STOPS_WITHIN_MS = 2_000;
const MOST_COMPLAINT_CHARS = 2_000;

export type Child = { readonly port: number; stop(): Promise<void> };

/** Rejects, with nothing left running, when it does not listen in time. */
export async function startChild(entry: URL, options: unknown): Promise<Child> {
  const child = fork(fileURLToPath(entry), [JSON.stringify(options)], {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    complaint = (complaint + part).slice(-MOST_COMPLAINT_CHARS);
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
    if (child.connected) child.send('stop', () => {});
    await exited;
    clearTimeout(timer);
  };
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), STARTS_WITHIN_MS);
  try {
    const message = await Promise.race([
      once(child, 'message', { signal: late.signal }).then(([first]) => first as LabMessage),
      exited.then((): LabMessage => ({ type: 'failed', error: complaint })),
    ]);
    if (message.type === 'failed') throw new Error(message.error);
    return { port: message.port, stop };
  } catch (error) {
    await stop();
    throw new Error(`${entry.pathname.split('/').at(-1)} did not start: ${String(error)} ${complaint}`);
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}
