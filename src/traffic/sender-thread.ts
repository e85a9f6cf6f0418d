/** The main thread's handle on one sending thread. */
import type { AnswerRows } from '../model/answer-rows.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Command, Done, Reply, SenderEnd, SenderSetup } from './protocol.ts';
import { startThread } from './thread.ts';

/**
 * Exchanges leave the thread within some ms; V8 would let hundreds of MB of their remains lie about before it collects them.
 * The old generation is what a full in-flight cap with kept bodies may need.
 */
const SENDER_MEMORY = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 256 } as const;

export type ThreadOutlets = {
  readonly sink: (exchanges: readonly Exchange[]) => void;
  /** The rows are gone when it has returned. */
  readonly rowSink: (rows: AnswerRows) => void;
};

export type SenderThread = {
  /** Resolves when all that was ordered has ended and was reported. Rejects when the thread ends before. */
  order(make: (firing: number) => Command): Promise<Done>;
  post(command: Command): void;
  inFlight(): number;
  /** Why it takes no more orders; undefined while it does. */
  failure(): Error | undefined;
  /** Rejects when it ended by itself before. */
  close(): Promise<SenderEnd>;
  /** Ends it at once; resolves when nothing can come from it any more. */
  terminate(): Promise<void>;
};

/** Resolves when it is ready to send. */
export async function startSenderThread(
  setup: SenderSetup,
  outlets: ThreadOutlets,
  name = 'gateprobe sender',
): Promise<SenderThread> {
  const thread = startThread('worker', { workerData: setup, name, resourceLimits: SENDER_MEMORY });
  const waiting = new Map<number, { resolve(done: Done): void; reject(error: Error): void }>();
  const closed = Promise.withResolvers<SenderEnd>();
  // Whoever does not close it does not care how it ended.
  closed.promise.catch(() => {});
  let failure: Error | undefined;
  let inFlight = 0;
  let nextFiring = 0;

  function fail(error: Error): void {
    failure ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    closed.reject(error);
  }
  await new Promise<void>((resolve, reject) => {
    thread.on('error', (error) => {
      fail(error);
      reject(error);
    });
    thread.on('exit', () => {
      const error = new Error('the sending thread ended early');
      fail(error);
      reject(error);
    });
    thread.on('message', (reply: Reply) => {
      if (reply.type === 'ready') resolve();
      else if (reply.type === 'exchanges') {
        inFlight = reply.inFlight;
        outlets.sink(reply.exchanges);
      } else if (reply.type === 'rows') {
        inFlight = reply.inFlight;
        outlets.rowSink(reply.rows);
        // Given back at once: 16 MB of them come in a second of full load, and the collector looks at objects, not at what they hold.
        (reply.rows.values.buffer as ArrayBuffer).transfer(0);
      } else if (reply.type === 'done') {
        waiting.get(reply.firing)?.resolve(reply);
        waiting.delete(reply.firing);
      } else if (reply.type === 'closed') closed.resolve(reply);
      else fail(new Error(`the sending thread failed: ${reply.error}`));
    });
  });

  async function terminate(): Promise<void> {
    await thread.terminate();
  }
  return {
    order(make) {
      if (failure !== undefined) return Promise.reject(failure);
      const firing = nextFiring++;
      return new Promise((resolve, reject) => {
        waiting.set(firing, { resolve, reject });
        thread.postMessage(make(firing));
      });
    },
    post: (command) => thread.postMessage(command),
    inFlight: () => inFlight,
    failure: () => failure,
    async close() {
      thread.postMessage({ type: 'close' } satisfies Command);
      try {
        return await closed.promise;
      } finally {
        // A thread that crashed would keep the process alive.
        await terminate();
      }
    },
    terminate,
  };
}
