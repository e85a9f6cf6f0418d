/** A daemon on a clock advanced by hand, before a farm that a test makes up. */
import type { CertificateFacts, Outcome } from '../../src/model/exchange.ts';
import type { HistoryEvent, Round } from '../../src/model/history.ts';
import type { Profile } from '../../src/model/profile.ts';
import { createRandom } from '../../src/model/random.ts';
import type { RouteId } from '../../src/model/route.ts';
import { createDaemon, type Daemon, type DaemonOptions } from '../../src/monitor/daemon.ts';
import { createLog } from '../../src/monitor/log.ts';
import { createReloader } from '../../src/monitor/reload.ts';
import type { RoundOrder, Watching } from '../../src/pipeline/watch-round.ts';
import { createMemoryHistory, type MemoryHistory } from '../helpers/memory-history.ts';
import { createVirtualClock, type VirtualClock } from '../helpers/virtual-clock.ts';
import { exchangeOf, statusOf } from './exchanges.ts';

export const START_MS = Date.UTC(2026, 0, 5, 12);

/** What a request meets: its outcome, and how long it takes (µs). `silenceUs`: since the route was asked before. */
export type Answer = (asked: {
  readonly route: RouteId;
  readonly atUs: number;
  readonly silenceUs: number;
  readonly order: RoundOrder;
}) => { readonly outcome?: Outcome; readonly us?: number; readonly certificate?: CertificateFacts };

export type TestFarm = {
  readonly clock: VirtualClock;
  readonly history: MemoryHistory;
  readonly daemon: Daemon;
  readonly rounds: readonly Round[];
  readonly events: readonly HistoryEvent[];
  readonly logged: readonly string[];
  /** Calls of `Watching` other than sends. */
  readonly calls: readonly string[];
  /** What the profile's file holds from now on; an error is thrown when it is read. */
  save(profile: Profile | Error): void;
  /** Loads, runs for `durationUs`, and leaves it running. */
  advance(durationUs: number): Promise<void>;
  stop(): Promise<void>;
};

export function startFarm(
  profile: Profile,
  answer: Answer,
  more: Partial<DaemonOptions> & { readonly kept?: MemoryHistory; readonly startMs?: number } = {},
): TestFarm {
  const clock = createVirtualClock(more.startMs ?? START_MS);
  const history = more.kept ?? createMemoryHistory();
  const logged: string[] = [];
  const calls: string[] = [];
  let saved: Profile | Error = profile;
  let version = 0;
  const load = async (): Promise<Profile> => {
    if (saved instanceof Error) throw saved;
    return saved;
  };
  const daemon = createDaemon({
    ...{ clock, history, version: '0', dataFolder: 'data' },
    random: createRandom(7),
    watching: watchingOf(clock, answer, calls),
    log: createLog((line) => logged.push(line), 'text'),
    reloader: createReloader(['shop.yaml'], { load, stamp: async () => String(version) }),
    ...more,
  });
  const rounds: Round[] = [];
  const events: HistoryEvent[] = [];
  daemon.feed.subscribe((message) => {
    if (message.kind === 'round') rounds.push(message.round);
    if (message.kind === 'event') events.push(message.event);
  });
  const stopping = new AbortController();
  let ended: Promise<void> | undefined;
  return {
    ...{ clock, history, daemon, rounds, events, logged, calls },
    save(next) {
      saved = next;
      version++;
    },
    async advance(durationUs) {
      if (ended === undefined) {
        await daemon.load();
        ended = daemon.run(stopping.signal);
      }
      await clock.advance(durationUs);
    },
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}

function watchingOf(clock: VirtualClock, answer: Answer, calls: string[]): Watching {
  const askedAtUs = new Map<string, number>();
  return {
    async open({ name }) {
      calls.push(`open ${name}`);
      return [];
    },
    async send(name, order) {
      const exchanges = order.requests.map(({ route, requestName, tag, connection }, i) => {
        const atUs = clock.nowUs();
        const silenceUs = atUs - (askedAtUs.get(`${name} ${route}`) ?? atUs);
        askedAtUs.set(`${name} ${route}`, atUs);
        const { outcome = statusOf(200), us = 10_000, certificate } = answer({ route, atUs, silenceUs, order });
        const isNew = connection === 'new';
        return exchangeOf(route, outcome, {
          ...{ requestName, tag, dueUs: i * 1_000, endUs: i * 1_000 + us, experimentId: order.kind },
          connection: { id: i, isNew, ageUs: 0, idleUs: isNew ? 0 : silenceUs },
          ...(certificate === undefined ? {} : { certificate }),
        });
      });
      await clock.sleep(Math.max(...exchanges.map(({ endUs }) => endUs)));
      return { delayUs: 0, exchanges };
    },
    closeIdle: (name) => calls.push(`closeIdle ${name}`),
    drop: (name) => calls.push(`drop ${name}`),
    stop: () => calls.push('stop'),
    async close() {
      calls.push('close');
    },
  };
}
