/**
 * Synthetic recordings for tests of detectors, measures and reports: seeded, without any traffic, all exchanges kept, windows
 * made by the recorder's own code, everything frozen.
 *
 *   // A healthy farm: 60 s of slots, members at 10 ms, the gateway 2 ms above.
 *   makeRecording({ seed: 1, noise: 1 }).compare().build();
 *
 *   // 2 % of the proxied requests fail with 502.3 after 30 s; direct ones take 45 s and succeed.
 *   makeRecording({ seed: 2 })
 *     .compare({ member: sometimes(0.02, 45_000_000, 10_000), gateway: sometimes(0.02, fails(30_010_000, 502, 3), 12_000) })
 *     .build();
 *
 *   // Members differ; one of them is down.
 *   makeRecording({ members: ['web1', 'web2'] }).compare({ member: { web1: 10_000, web2: refused() } });
 *
 *   // A burst that queues in the member: load and canaries share one queue.
 *   const queue = queueOf({ servers: 2, serviceUs: 100_000 });
 *   makeRecording().burst({ ratePerSec: 40, durationUs: 3_000_000, gateway: plus(2_000, queue), member: queue });
 *
 *   // A concurrency limit of 5, an idle threshold of 20 min, a gateway timeout of 30 s.
 *   makeRecording()
 *     .volley({ sizes: [2, 4, 8, 16], gateway: queueOf({ servers: 5, serviceUs: 300_000 }), member: 300_000 })
 *     .idle({ gapsUs: [60e6, 1_260e6], isCold: ({ gapUs }) => gapUs > 1_200e6 })
 *     .timeout({ gatewayTimeoutUs: 30_000_000, upToUs: 60_000_000 });
 *
 *   // Anything else: exchanges one by one; `dueUs` counts from the start of the experiment, `us` is the service time.
 *   makeRecording().experiment('compare', [{ route: 'gateway', us: 4_000 }, { route: directTo('web1'), dueUs: 10, us: 3_000 }]);
 *
 * Responders (`gateway`, `member`) are a service time in µs, a reply (`synthetic-replies.ts`), or a function of the request asked;
 * functions are called in order of due time, over all routes. Experiments follow one another with a pause of 1 s.
 * `noise`: 0 nothing is random, every time is exactly as given; 1 a quiet network (3 %); 10 a bad day (30 %, and drift that all routes
 * share). Replies marked `exact` (timers, queues) get no noise.
 */
import type { Exchange } from '../../src/model/exchange.ts';
import type { ExperimentKind, ExperimentSpec } from '../../src/model/profile.ts';
import { createRandom } from '../../src/model/random.ts';
import type {
  ExperimentRecord,
  MaskedProfile,
  ProbeQuality,
  RecognisedGateway,
  Recording,
  ResolvedTarget,
} from '../../src/model/recording.ts';
import { directTo, GATEWAY, memberOf } from '../../src/model/route.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import { memoryRecording } from '../../src/recording/memory.ts';
import { type Due, type LooseExchange, looseDue, runSynthetic, type Synthetic } from './synthetic-exchanges.ts';
import {
  anySpec,
  type BurstOptions,
  burst,
  type CompareOptions,
  compare,
  farmOf,
  type IdleOptions,
  idle,
  type RampOptions,
  ramp,
  type TimeoutOptions,
  timeout,
  type VolleyOptions,
  volley,
} from './synthetic-experiments.ts';
import { GOOD_QUALITY, syntheticManifest, syntheticProfile, syntheticRecord } from './synthetic-frame.ts';

export type { LooseExchange } from './synthetic-exchanges.ts';
export { CONNECT_US } from './synthetic-exchanges.ts';
export type * from './synthetic-experiments.ts';
export * from './synthetic-replies.ts';

export type RecordingOptions = {
  readonly seed?: number;
  readonly members?: readonly string[];
  readonly noise?: 0 | 1 | 10;
  /** Name of the request that experiments send (default `home`). */
  readonly request?: string;
  readonly quality?: Partial<ProbeQuality>;
  readonly recognised?: Partial<RecognisedGateway>;
  readonly profile?: Partial<MaskedProfile>;
  readonly targets?: readonly ResolvedTarget[];
};

export type RecordingBuilder = {
  compare(options?: CompareOptions): RecordingBuilder;
  burst(options?: BurstOptions): RecordingBuilder;
  ramp(options?: RampOptions): RecordingBuilder;
  volley(options?: VolleyOptions): RecordingBuilder;
  idle(options?: IdleOptions): RecordingBuilder;
  timeout(options?: TimeoutOptions): RecordingBuilder;
  /** Any exchanges as one experiment. */
  experiment(kind: ExperimentKind, exchanges: readonly LooseExchange[]): RecordingBuilder;
  /** One more exchange in the last experiment. */
  exchange(exchange: LooseExchange): RecordingBuilder;
  /** Changes the record of the last experiment, for example how it stopped. */
  record(changes: Partial<ExperimentRecord>): RecordingBuilder;
  build(): Recording;
};

const PAUSE_US = US_PER_SEC;

type Part = {
  readonly id: string;
  readonly spec: ExperimentSpec;
  readonly startUs: number;
  exchanges: Exchange[];
  changes: Partial<ExperimentRecord>;
};

export function makeRecording(options: RecordingOptions = {}): RecordingBuilder {
  const { seed = 1, members = ['web1', 'web2'], noise = 0, request = 'home' } = options;
  const synthetic: Synthetic = {
    random: createRandom(seed).fork('synthetic'),
    noise,
    request,
    nextSeq: 0,
    nextConnection: 1_000,
  };
  const parts: Part[] = [];
  const routes = [GATEWAY, ...members.map(directTo)];

  const add = ({ spec, due }: { spec: ExperimentSpec; due: readonly Due[] }): RecordingBuilder => {
    const last = parts.at(-1);
    const startUs = last === undefined ? 0 : endOf(last) + PAUSE_US;
    const id = `${spec.kind}-${parts.filter((part) => part.spec.kind === spec.kind).length + 1}`;
    parts.push({ id, spec, startUs, exchanges: runSynthetic(synthetic, id, startUs, due), changes: {} });
    return builder;
  };
  const lastPart = (): Part => {
    const part = parts.at(-1);
    if (part === undefined) throw new Error('no experiment yet');
    return part;
  };

  const context = { routes, random: synthetic.random };
  const builder: RecordingBuilder = {
    compare: (o = {}) => add(compare(o, farmOf(o, members), context)),
    burst: (o = {}) => add(burst(o, farmOf(o, members), context)),
    ramp: (o = {}) => add(ramp(o, farmOf(o, members), context)),
    volley: (o = {}) => add(volley(o, farmOf(o, members), context)),
    idle: (o = {}) => add(idle(o, farmOf(o, members), context)),
    timeout: (o = {}) => add(timeout(o, farmOf(o, members), context)),
    experiment: (kind, exchanges) => add({ spec: anySpec(kind), due: exchanges.map(looseDue) }),
    exchange(exchange) {
      const part = lastPart();
      part.exchanges = [...part.exchanges, ...runSynthetic(synthetic, part.id, part.startUs, [looseDue(exchange)])];
      return builder;
    },
    record(changes) {
      const part = lastPart();
      part.changes = { ...part.changes, ...changes };
      return builder;
    },
    build() {
      const durationUs = parts.reduce((latest, part) => Math.max(latest, endOf(part)), US_PER_SEC);
      const profile = { ...syntheticProfile(members, request), ...options.profile };
      const targets = routes.map((route) => ({
        route,
        hostname: `${memberOf(route) ?? 'gateway'}.test`,
        address: '192.0.2.1',
        family: 4 as const,
      }));
      const frame = {
        manifest: syntheticManifest(seed, profile, durationUs),
        targets: options.targets ?? targets,
        gateway: { kind: 'unknown' as const, certainty: 0, because: [], declared: false, ...options.recognised },
        experiments: parts.map((part) => ({
          ...syntheticRecord(part.id, part.spec, part.startUs, part.exchanges),
          ...part.changes,
        })),
        quality: { ...GOOD_QUALITY, ...options.quality },
        warnings: [],
      };
      return deepFreeze(
        memoryRecording(
          frame,
          parts.flatMap((part) => part.exchanges),
        ),
      );
    },
  };
  return builder;
}

function endOf(part: Part): number {
  return part.exchanges.reduce((latest, exchange) => Math.max(latest, exchange.endUs), part.startUs);
}

/** Measured data is never changed: a test that does fails. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const key in value) {
    const child: unknown = value[key];
    if (typeof child === 'object') deepFreeze(child);
  }
  return Object.freeze(value);
}
