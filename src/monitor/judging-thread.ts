/** The main thread's handle on the thread that judges history. */
import { Worker } from 'node:worker_threads';
import type { Judged, JudgeOrder, JudgeSpan } from './judged-span.ts';

export type JudgingSetup = { readonly file: string; readonly version: string };
export type JudgingCommand = { readonly id: number; readonly order: JudgeOrder };
export type JudgingReply = { readonly id: number } & ({ readonly judged: Judged } | { readonly error: string });

export type JudgingThread = {
  /** One after the other, in their order. Rejects when the history cannot be read, after a bug, or when closed meanwhile. */
  readonly judge: JudgeSpan;
  close(): Promise<void>;
};

/** A month of 9 routes by the hour is some 10 MB as text, and several times that while it is judged. */
const JUDGING_MEMORY = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 512 } as const;

type Waiting = { resolve(judged: Judged): void; reject(error: Error): void };

/** The thread starts with the first look, and again after one that ended it. */
export function startJudgingThread(setup: JudgingSetup): JudgingThread {
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let isClosed = false;
  let nextId = 0;
  function fail(of: Worker, error: Error): void {
    if (worker !== of) return;
    worker = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }
  function start(): Worker {
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    const started = new Worker(new URL(`./judging-worker${extension}`, import.meta.url), {
      workerData: setup,
      name: 'gateprobe judging',
      resourceLimits: JUDGING_MEMORY,
    });
    // A monitor that is told to end does not wait for a look at history.
    started.unref();
    started.on('error', (error) => fail(started, error));
    started.on('exit', () => fail(started, new Error('the thread that judges history ended')));
    started.on('message', (reply: JudgingReply) => {
      const one = waiting.get(reply.id);
      waiting.delete(reply.id);
      if ('judged' in reply) one?.resolve(reply.judged);
      else one?.reject(new Error(reply.error));
    });
    return started;
  }
  return {
    judge: (order) =>
      new Promise((resolve, reject) => {
        if (isClosed) return reject(new Error('the thread that judges history was closed'));
        worker ??= start();
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, order } satisfies JudgingCommand);
      }),
    async close() {
      isClosed = true;
      await worker?.terminate();
    },
  };
}
