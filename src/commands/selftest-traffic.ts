/** Fires at a truth server in its own process: what was reported, what is true, and what it cost. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LabMessage } from '../lab/options.ts';
import type { Exchange } from '../model/exchange.ts';
import type { Profile } from '../model/profile.ts';
import { createRandom } from '../model/random.ts';
import type { ProbeQuality } from '../model/recording.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { probeQuality } from '../pipeline/probe-quality.ts';
import { adhocProfile } from '../profile/adhoc.ts';
import { createRecorder } from '../recording/recorder.ts';
import { createClock, createEpoch } from '../traffic/clock.ts';
import { watchMachine } from '../traffic/machine-watch.ts';
import { resolveTargets } from '../traffic/resolve.ts';
import { arrivals, packSchedule } from '../traffic/schedule.ts';
import { startSender } from '../traffic/sender.ts';
import { packageVersion } from './version.ts';

export type Stall = { readonly everyMs: number; readonly lengthMs: number };
/** How the probe is to send. */
export type SendingOptions = { readonly spin?: boolean; readonly threads?: number };
export type Load = SendingOptions & {
  readonly path: string;
  readonly ratePerSec: number;
  readonly seconds: number;
  readonly stall?: Stall;
};
export type Measured = {
  /** In order of `seq`. */
  readonly exchanges: readonly Exchange[];
  readonly trueUs: readonly number[];
  /** Processor time of this process while it sent, in cores. */
  readonly cores: number;
};

type Truth = { readonly port: number; tell(): Promise<readonly number[]>; stop(): Promise<void> };

async function startTruth(stall: Stall | undefined): Promise<Truth> {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const server = fork(new URL(`../lab/truth-process${extension}`, import.meta.url), [
    JSON.stringify(stall === undefined ? {} : { stall }),
  ]);
  const [message] = (await once(server, 'message')) as [LabMessage];
  if (message.type === 'failed') throw new Error(message.error);
  const { port } = message;
  return {
    port,
    tell: async () =>
      ((await (await fetch(`http://127.0.0.1:${port}/truth`)).json()) as number[]).map((ms) => ms * 1_000),
    async stop() {
      server.send('stop');
      await once(server, 'exit');
    },
  };
}

function profileFor(port: number, path: string, { spin = false, threads = 1 }: SendingOptions): Profile {
  const base = adhocProfile({
    gatewayUrl: `http://127.0.0.1:${port}${path}`,
    memberUrls: [`http://127.0.0.1:${port + 1 > 65_535 ? 1 : port + 1}`],
  });
  return {
    ...base,
    spin,
    threads,
    limits: {
      ...base.limits,
      maxInFlight: 5_000,
      maxRequests: 10_000_000,
      maxRatePerSec: 1_000_000,
      requestTimeoutUs: 20 * US_PER_SEC,
    },
  };
}

async function startProbe(profile: Profile, sink: (batch: readonly Exchange[]) => void) {
  const epoch = createEpoch();
  const clock = createClock(epoch);
  const sender = await startSender({
    profile,
    targets: await resolveTargets(profile, clock),
    runId: '0'.repeat(32),
    version: packageVersion(),
    epoch,
    clock,
    sink,
  });
  const request = profile.requests[0]?.name ?? 'home';
  return {
    fire: (ratePerSec: number, durationUs: number, isWarmUp: boolean) =>
      sender.fire(
        isWarmUp ? 'warm-up' : 'selftest',
        packSchedule(
          arrivals('uniform', ratePerSec, durationUs, createRandom(1)).map((dueUs) => ({
            dueUs,
            route: GATEWAY,
            request,
            connection: 'warm' as const,
            ...(isWarmUp ? { tag: { kind: 'prepare' as const } } : {}),
          })),
        ),
      ),
    close: sender.close,
  };
}

/** The first two seconds, in which code is compiled, go into a warm-up. */
export async function measureLoad({ path, ratePerSec, seconds, stall, ...sending }: Load): Promise<Measured> {
  const truth = await startTruth(stall);
  const exchanges: Exchange[] = [];
  const probe = await startProbe(profileFor(truth.port, path, sending), (batch) => void exchanges.push(...batch));
  try {
    if (stall === undefined) await probe.fire(ratePerSec, 2 * US_PER_SEC, true);
    await truth.tell();
    exchanges.length = 0;
    const cpu = process.cpuUsage();
    await probe.fire(ratePerSec, seconds * US_PER_SEC, false);
    const { user, system } = process.cpuUsage(cpu);
    return {
      exchanges: [...exchanges].sort((a, b) => a.seq - b.seq),
      trueUs: await truth.tell(),
      cores: (user + system) / (seconds * US_PER_SEC),
    };
  } finally {
    await probe.close();
    await truth.stop();
  }
}

/** How the probe judges itself at a rate, and how many requests it sent of those that were due. */
export type RateStep = {
  readonly ratePerSec: number;
  readonly due: number;
  readonly sent: number;
  readonly quality: ProbeQuality;
};

/** Recorded as a run is, so that the cost of recording belongs to what is measured. */
export async function measureRate(ratePerSec: number, seconds: number, sending: SendingOptions): Promise<RateStep> {
  const truth = await startTruth(undefined);
  const recorder = createRecorder({ seed: 1, isOpenLoop: (id) => id === 'selftest' });
  const probe = await startProbe(profileFor(truth.port, '/', sending), recorder.record);
  const machine = watchMachine();
  try {
    // At the same rate: compiling for it takes probe and server some tenths of a second, which are a tenth of so short a load.
    await probe.fire(ratePerSec, US_PER_SEC, true);
    await probe.fire(ratePerSec, seconds * US_PER_SEC, false);
  } finally {
    await truth.stop();
  }
  const thread = await probe.close();
  const { due, sent } = recorder.counts('selftest');
  const quality = probeQuality(thread, recorder.finish(), 0, machine.finish(), sent / Math.max(1, due));
  return { ratePerSec, due, sent, quality };
}

const BARE_REQUESTS = 600;
const BARE_PAUSE_MS = 5;

/**
 * Round trips (µs) of a bare socket with a pause between them, as at 200 requests a second: what this machine and Node
 * take for waking two processes, with no probe in between. No instrument on this machine can be better than that.
 */
export async function bareRoundTripsUs(): Promise<readonly number[]> {
  const truth = await startTruth(undefined);
  const socket = net.connect({ port: truth.port, host: '127.0.0.1', noDelay: true });
  const times: number[] = [];
  try {
    await once(socket, 'connect');
    for (let i = 0; i < BARE_REQUESTS; i++) {
      await sleep(BARE_PAUSE_MS);
      const fromMs = performance.now();
      socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      await once(socket, 'data');
      times.push((performance.now() - fromMs) * 1_000);
    }
  } finally {
    socket.destroy();
    await truth.stop();
  }
  return times;
}
