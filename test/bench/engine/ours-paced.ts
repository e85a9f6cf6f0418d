/** gateprobe's paced traffic at a rate, in a process of its own; prints the service times as one line of JSON. */

import type { Exchange } from '../../../src/model/exchange.ts';
import { createRandom } from '../../../src/model/random.ts';
import { GATEWAY } from '../../../src/model/route.ts';
import { keepYoungGenerationSmall } from '../../../src/pipeline/memory-guard.ts';
import { adhocProfile } from '../../../src/profile/adhoc.ts';
import { createRecorder } from '../../../src/recording/recorder.ts';
import { createClock, createEpoch } from '../../../src/traffic/clock.ts';
import { resolveTargets } from '../../../src/traffic/resolve.ts';
import { arrivals, packSchedule } from '../../../src/traffic/schedule.ts';
import { startSender } from '../../../src/traffic/sender.ts';

type PacedOrder = {
  readonly url: string;
  readonly ratePerSec: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
};

// As `gateprobe run` does.
keepYoungGenerationSmall();
const order = JSON.parse(process.argv[2] ?? '') as PacedOrder;
const base = adhocProfile({ gatewayUrl: order.url, memberUrls: ['http://localhost:1'] });
const profile = { ...base, limits: { ...base.limits, maxInFlight: 1_000, maxRequests: 1e8, maxRatePerSec: 1e6 } };
const epoch = createEpoch();
const clock = createClock(epoch);
const recorder = createRecorder({ seed: 1, isOpenLoop: (id) => id === 'paced' });
const taken: Exchange[] = [];
const sender = await startSender({
  profile,
  targets: await resolveTargets(profile, clock),
  runId: '0123456789abcdef'.repeat(2),
  version: 'bench',
  epoch,
  clock,
  sink: (batch) => {
    recorder.record(batch);
    taken.push(...batch);
  },
});
const request = profile.requests[0]?.name ?? '';
const fire = (id: string, seconds: number) =>
  sender.fire(
    id,
    packSchedule(
      arrivals('uniform', order.ratePerSec, seconds * 1e6, createRandom(1)).map((dueUs) => ({
        dueUs,
        route: GATEWAY,
        request,
        connection: 'warm' as const,
      })),
    ),
  );
await fire('warm-up', order.warmUpSeconds);
taken.length = 0;
const cpu = process.cpuUsage();
await fire('paced', order.seconds);
const { user, system } = process.cpuUsage(cpu);
await sender.close();
const serviceUs = taken.flatMap(({ sentUs, endUs }) => (sentUs === undefined ? [] : [endUs - sentUs]));
console.log(JSON.stringify({ serviceUs, cores: (user + system) / (order.seconds * 1e6) }));
