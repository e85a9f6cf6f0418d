/** The main thread's handle on the thread that sends the rounds of a monitor. */
import type { Exchange } from '../model/exchange.ts';
import type { Profile } from '../model/profile.ts';
import type { RouteId } from '../model/route.ts';
import type { ClockEpoch } from './clock.ts';
import type { RouteTarget } from './protocol.ts';
import { setupOf } from './sender.ts';
import { startThread } from './thread.ts';
import type { WatchCommand, WatchReply, WatchRound } from './watch-protocol.ts';

export type WatchSender = {
  /** What is sent under this key from now on; an earlier one's connections are closed. */
  open(key: string, profile: Profile, targets: readonly RouteTarget[], runId: string): void;
  /** Resolves when every exchange of the round has ended. Rejects when the thread has crashed, which is a bug. */
  send(key: string, round: WatchRound): Promise<{ readonly startUs: number; readonly exchanges: readonly Exchange[] }>;
  retarget(key: string, targets: readonly RouteTarget[]): void;
  setCookie(key: string, route: RouteId, cookie: string): void;
  closeIdle(key: string): void;
  drop(key: string): void;
  /** What is not sent yet is recorded as not sent; what is in flight may end until `graceUs` is over. */
  stop(graceUs: number): void;
  close(): Promise<void>;
};

/** A monitor holds a few connections and a round's answers: far less than a load run. */
const WATCH_MEMORY = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 128 } as const;

export async function startWatchSender(options: {
  readonly epoch: ClockEpoch;
  readonly version: string;
}): Promise<WatchSender> {
  const { epoch, version } = options;
  const thread = startThread('watch-worker', {
    workerData: { epoch },
    name: 'gateprobe monitor',
    resourceLimits: WATCH_MEMORY,
  });
  type Sent = Extract<WatchReply, { type: 'round' }>;
  const waiting = new Map<number, { resolve(sent: Sent): void; reject(error: Error): void }>();
  let crashed: Error | undefined;
  let nextId = 0;
  const post = (command: WatchCommand): void => thread.postMessage(command);
  function fail(error: Error): void {
    crashed ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  }
  await new Promise<void>((resolve, reject) => {
    thread.on('error', (error) => {
      fail(error);
      reject(error);
    });
    thread.on('exit', () => fail(new Error('the thread of the monitor ended')));
    thread.on('message', (reply: WatchReply) => {
      if (reply.type === 'ready') resolve();
      else if (reply.type === 'crash') fail(new Error(`the thread of the monitor failed: ${reply.error}`));
      else {
        waiting.get(reply.id)?.resolve(reply);
        waiting.delete(reply.id);
      }
    });
  });
  return {
    open: (key, profile, targets, runId) =>
      post({ type: 'open', key, setup: setupOf({ profile, targets, runId, version, epoch }) }),
    send: (key, round) =>
      new Promise((resolve, reject) => {
        if (crashed !== undefined) return reject(crashed);
        const id = nextId++;
        waiting.set(id, { resolve, reject });
        post({ type: 'round', key, id, round });
      }),
    retarget: (key, targets) => post({ type: 'targets', key, targets }),
    setCookie: (key, route, cookie) => post({ type: 'cookies', key, route, cookie }),
    closeIdle: (key) => post({ type: 'quiet', key }),
    drop: (key) => post({ type: 'drop', key }),
    stop: (graceUs) => post({ type: 'stop', graceUs }),
    async close() {
      post({ type: 'close' });
      // A thread that crashed would keep the process alive.
      await thread.terminate();
    },
  };
}
