/** The farm of the soak: three members whose faults follow lab time, and the lab's gateway before them, in one process. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { startGateway } from '../../../src/lab/arr.ts';
import { drawServiceMs } from '../../../src/lab/member-service.ts';
import { PAGE, PLAIN_GATEWAY } from '../../../src/lab/scenario-demo.ts';
import { createRandom } from '../../../src/model/random.ts';
import { FAULTS, isDown, isSlowTime, MEMBERS, recycleAt } from './faults.ts';
import { labMsAt, type Scale } from './scaled-clock.ts';

export type FarmStarted = {
  readonly gatewayPort: number;
  readonly members: readonly { readonly name: string; readonly port: number }[];
};
/** System time of every request that reached a member: each request of the probe reaches one. */
export type FarmCount = { readonly arrivedAtMs: readonly number[] };

const scale = JSON.parse(process.argv[2] ?? '{}') as Scale;
const minuteNow = (): number => (labMsAt(scale, Date.now()) - scale.labStartMs) / 60_000;
const arrivedAtMs: number[] = [];

type Member = { lastMin: number; recycle: number; startedAtMs: number };

function waitMs(name: string, state: Member, atMin: number): number {
  const idleMin = atMin - state.lastMin;
  state.lastMin = atMin;
  const { cold, recycle } = FAULTS;
  const start = (startMs: number): void => {
    state.startedAtMs = Date.now() + startMs;
  };
  if (name === cold.member && idleMin >= cold.idleMin) start(cold.startMs);
  if (name === recycle.member && recycleAt(atMin) > state.recycle) start(recycle.startMs);
  state.recycle = recycleAt(atMin);
  return Math.max(0, state.startedAtMs - Date.now());
}

async function startMember(name: string, seed: number): Promise<number> {
  const random = createRandom(seed);
  const state: Member = { lastMin: minuteNow(), recycle: recycleAt(minuteNow()), startedAtMs: 0 };
  const server = http.createServer({ noDelay: true, keepAliveTimeout: 120_000 }, (request, response) => {
    request.resume();
    arrivedAtMs.push(Date.now());
    const atMin = minuteNow();
    const isSlow = isSlowTime(atMin) && random.next() < FAULTS.timeout.ratio;
    const isChanged = name === FAULTS.change.member && atMin >= FAULTS.change.from;
    const serviceMs =
      drawServiceMs(PAGE, random) + (isSlow ? FAULTS.timeout.slowMs : 0) + (isChanged ? FAULTS.change.addedMs : 0);
    const status = isDown(name, atMin) ? 503 : 200;
    setTimeout(
      () => response.writeHead(status, { 'X-Member': name }).end(status === 200 ? 'ok' : 'down'),
      waitMs(name, state, atMin) + serviceMs,
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const members = await Promise.all(MEMBERS.map(async (name, i) => ({ name, port: await startMember(name, i + 1) })));
const gateway = await startGateway({
  ...PLAIN_GATEWAY,
  timers: { ...PLAIN_GATEWAY.timers, responseMs: FAULTS.timeout.responseMs },
  ...{ port: 0, seed: 9 },
  members: members.map(({ name, port }) => ({ name, host: '127.0.0.1', port })),
});
process.on('message', () => process.send?.({ arrivedAtMs } satisfies FarmCount, () => process.exit(0)));
process.on('disconnect', () => process.exit(0));
process.send?.({ gatewayPort: gateway.port, members } satisfies FarmStarted);
