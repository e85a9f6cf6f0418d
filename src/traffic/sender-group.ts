/**
 * The main thread's handle on all sending threads, one or several: an experiment orders what it wants sent, and does not know how many
 * threads send it. One thread gets its orders as they are; among several each gets its part, and what they tell is put together.
 */
import { dealConnections, dealSchedule, needsOneThread } from './dealing.ts';
import { aboutShape, type Duty, dutyOf } from './firing-ledger.ts';
import type { ClosedLoop, Command, FiringResult, SenderEnd, SenderSetup, SeqNumbers } from './protocol.ts';
import type { Sender, SenderOptions } from './sender.ts';
import { type SenderThread, startSenderThread, type ThreadOutlets } from './sender-thread.ts';
import { startSeveral } from './several-threads.ts';

/** Between the order to fire and the first due time: the order must reach all threads first. */
const LEAD_US = 20_000;
/** How long requests in flight may still end after a stop. */
const STOP_GRACE_US = 3_000_000;

/** What one thread is to do of a firing. */
export type Part = {
  readonly command: (firing: number, numbers: SeqNumbers | undefined) => Command;
  readonly duty: Duty;
};

export type Outlets = ThreadOutlets & Pick<SenderOptions, 'clock' | 'runId'>;

/** What differs between one thread and several. */
export type Group = {
  /** Threads that take orders now; rejects further work by an error when there are none. */
  size(): number;
  /** Part number i goes to thread number i of those that take orders. */
  perform(experimentId: string, parts: readonly Part[]): Promise<FiringResult>;
  tell(command: Command): void;
  inFlight(): number;
  /** Requests that `limits.maxRequests` no longer allows. */
  sent(): number;
  close(): Promise<Omit<SenderEnd, 'histograms'>>;
};

/** Resolves when all `count` threads are ready to send. */
export async function startSenderGroup(setup: SenderSetup, count: number, outlets: Outlets): Promise<Sender> {
  const group =
    count === 1 ? aloneGroup(await startSenderThread(setup, outlets)) : await startSeveral(setup, count, outlets);
  return createSender(group, setup, outlets);
}

/** Its orders go to the thread as they come, and what it says is taken as it is. */
function aloneGroup(thread: SenderThread): Group {
  return {
    size: () => 1,
    perform: async (_experimentId, [part]) =>
      (await thread.order((firing) => (part as Part).command(firing, undefined))).result,
    tell: thread.post,
    inFlight: thread.inFlight,
    // The thread itself knows.
    sent: () => 0,
    close: thread.close,
  };
}

export function createSender(group: Group, { limits }: SenderSetup, { clock }: Outlets): Sender {
  let closing: ReturnType<Group['close']> | undefined;
  let stray: SenderEnd['stray'] = [];
  /** Where the thread knows by itself what is left, this is the limit alone. */
  const bounded = (load: ClosedLoop): ClosedLoop => {
    const most = Math.max(1, Math.min(limits.maxInFlight, limits.maxRequests - group.sent()));
    return { ...load, connections: Math.min(load.connections, most) };
  };
  return {
    async fire(experimentId, schedule) {
      const pieces = needsOneThread(schedule) ? [schedule] : dealSchedule(schedule, group.size());
      const startUs = clock.nowUs() + LEAD_US;
      const parts = pieces.map((piece) => ({
        command: (firing: number, numbers: SeqNumbers | undefined): Command => ({
          type: 'fire',
          firing,
          experimentId,
          schedule: piece,
          startUs,
          ...(numbers === undefined ? {} : { numbers }),
        }),
        duty: dutyOf(piece, startUs),
      }));
      return group.perform(experimentId, parts);
    },
    async burst(experimentId, load) {
      const about = { route: load.route, requestName: load.request, tag: { kind: 'load' } } as const;
      const parts = dealConnections(bounded(load), group.size()).map((own) => ({
        command: (firing: number, numbers: SeqNumbers | undefined): Command => ({
          type: 'closed',
          firing,
          experimentId,
          load: own,
          ...(numbers === undefined ? {} : { numbers }),
        }),
        duty: { count: 0, about: () => about },
      }));
      return group.perform(experimentId, parts);
    },
    chain: async (experimentId, chain) =>
      group.perform(experimentId, [
        {
          command: (firing, numbers) => ({
            type: 'chain',
            firing,
            experimentId,
            chain,
            ...(numbers === undefined ? {} : { numbers }),
          }),
          duty: {
            count: 0,
            about: (place) => aboutShape((chain.steps[place] as (typeof chain.steps)[number]).shape),
          },
        },
      ]),
    prepare: async (route, connections) => {
      const duty: Duty = { count: 0, about: () => ({ route, requestName: '' }) };
      await group.perform('', [{ command: (firing) => ({ type: 'prepare', firing, route, connections }), duty }]);
    },
    stop: (reason) => group.tell({ type: 'stop', reason, graceUs: STOP_GRACE_US }),
    closeIdle: () => group.tell({ type: 'quiet' }),
    setCookie: (route, cookie) => group.tell({ type: 'cookies', route, cookie }),
    inFlight: group.inFlight,
    stray: () => stray,
    // Whoever asks again gets the same answer: the threads end once.
    close: async () => {
      closing ??= group.close();
      const end = await closing;
      stray = end.stray;
      return end.quality;
    },
  };
}
