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
import { createRandom, shuffled } from '../../src/model/random.ts';
import type { Exchange, ExchangeTag } from '../../src/model/exchange.ts';
import type { ExperimentKind, ExperimentSpec } from '../../src/model/profile.ts';
import type { ExperimentRecord, Manifest, MaskedProfile, ProbeQuality, RecognisedGateway, Recording } from '../../src/model/recording.ts';
import { directTo, GATEWAY, memberOf, type RouteId } from '../../src/model/route.ts';
import { US_PER_SEC } from '../../src/model/time.ts';
import { memoryRecording } from '../../src/recording/memory.ts';
import { syntheticManifest, syntheticProfile, syntheticRecord, GOOD_QUALITY } from './synthetic-frame.ts';
import { type Ask, fails, OK, type Reply, type Responder, replyOf } from './synthetic-replies.ts';

export * from './synthetic-replies.ts';
