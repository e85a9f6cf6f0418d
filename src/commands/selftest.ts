import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Command } from 'commander';
import { distributionOf } from '../analysis/distribution.ts';
import { EXIT } from '../errors.ts';
import type { LabMessage } from '../lab/options.ts';
import { type Exchange, latenessUs, responseTimeUs } from '../model/exchange.ts';
import { formatDuration, formatNumber, formatRatio } from '../model/quantity.ts';
import { createRandom } from '../model/random.ts';
import { GATEWAY } from '../model/route.ts';
import { US_PER_SEC } from '../model/time.ts';
import { adhocProfile } from '../profile/adhoc.ts';
import { createClock, createEpoch } from '../traffic/clock.ts';
import { resolveTargets } from '../traffic/resolve.ts';
import { arrivals, packSchedule } from '../traffic/schedule.ts';
import { startSender } from '../traffic/sender.ts';
import { print, printError } from './output.ts';
import { packageVersion } from './version.ts';

type Case = {
  readonly title: string;
  readonly path: string;
  readonly ratePerSec: number;
  readonly seconds: number;
  readonly stall?: { readonly everyMs: number; readonly lengthMs: number };
};
const STALL = { everyMs: 10_000, lengthMs: 1_000 };
const CASES: readonly Case[] = [
  { title: 'constant 1 ms', path: '/constant?ms=1', ratePerSec: 200, seconds: 5 },
  { title: 'constant 10 ms', path: '/constant?ms=10', ratePerSec: 200, seconds: 5 },
  { title: 'constant 50 ms', path: '/constant?ms=50', ratePerSec: 200, seconds: 5 },
  { title: 'fast answers, 1000/s', path: '/', ratePerSec: 1_000, seconds: 10 },
  { title: 'stalls 1 s in every 10 s', path: '/', ratePerSec: 500, seconds: 30, stall: STALL },
];
const QUANTILES = [0.5, 0.9, 0.95, 0.99, 0.999];

type Measured = { readonly exchanges: readonly Exchange[]; readonly trueUs: readonly number[]; readonly cores: number };

export function selftestCommand(): Command {
  return new Command('selftest')
    .description("measure this machine's own error: reported against true quantiles of a server with known delays")
    .option('--json', 'print the figures as JSON')
    .action(async (options: { json?: boolean }) => {
      const rows: Row[] = [];
      for (const one of CASES) {
        printError(`${one.title}: ${one.ratePerSec}/s for ${one.seconds} s …`);
        rows.push(rowOf(one, await measure(one)));
      }
      print(options.json === true ? JSON.stringify(rows) : rows.map(describe).join('\n\n'));
      process.exitCode = rows.every(({ isWithin }) => isWithin) ? EXIT.ok : EXIT.invalidRun;
    });
}

/** Fires the case at a truth server in its own process; the first second, in which code is compiled, goes into a warm-up. */
async function measure({ path, ratePerSec, seconds, stall }: Case): Promise<Measured> {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const server = fork(new URL(`../lab/truth-process${extension}`, import.meta.url), [
    JSON.stringify(stall === undefined ? {} : { stall }),
  ]);
  const [message] = (await once(server, 'message')) as [LabMessage];
  if (message.type === 'failed') throw new Error(message.error);
  const url = `http://127.0.0.1:${message.port}`;
  const base = adhocProfile({
    gatewayUrl: `${url}${path}`,
    memberUrls: [`http://127.0.0.1:${message.port + 1 > 65_535 ? 1 : message.port + 1}`],
  });
  const profile = {
    ...base,
    limits: {
      ...base.limits,
      maxInFlight: 5_000,
      maxRequests: 1_000_000,
      maxRatePerSec: 10_000,
      requestTimeoutUs: 20 * US_PER_SEC,
    },
  };
  const epoch = createEpoch();
  const clock = createClock(epoch);
  const exchanges: Exchange[] = [];
  const sender = await startSender({
    profile,
    targets: await resolveTargets(profile, clock),
    runId: '0'.repeat(32),
    version: packageVersion(),
    epoch,
    clock,
    sink: (batch) => void exchanges.push(...batch),
  });
  const fire = (durationUs: number, warmPath: boolean) =>
    sender.fire(
      'selftest',
      packSchedule(
        arrivals('uniform', ratePerSec, durationUs, createRandom(1)).map((dueUs) => ({
          dueUs,
          route: GATEWAY,
          request: profile.requests[0]?.name ?? 'home',
          connection: 'warm' as const,
          ...(warmPath ? { tag: { kind: 'prepare' as const } } : {}),
        })),
      ),
    );
  try {
    if (stall === undefined) await fire(2 * US_PER_SEC, true);
    await (await fetch(`${url}/truth`)).arrayBuffer();
    exchanges.length = 0;
    const cpu = process.cpuUsage();
    await fire(seconds * US_PER_SEC, false);
    const { user, system } = process.cpuUsage(cpu);
    const trueUs = ((await (await fetch(`${url}/truth`)).json()) as number[]).map((ms) => ms * 1_000);
    return { exchanges: [...exchanges], trueUs, cores: (user + system) / (seconds * US_PER_SEC) };
  } finally {
    await sender.close();
    server.send('stop');
    await once(server, 'exit');
  }
}

type Row = {
  readonly title: string;
  readonly quantiles: readonly { readonly p: number; readonly reportedUs: number; readonly trueUs: number }[];
  readonly latenessUs: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly cores: number;
  readonly isWithin: boolean;
  readonly allowed: string;
};

/** For a stall of S in every P, even arrivals: Q(p) = S − P·(1 − p) beyond the share that meets it (methods A.1). */
function stallLawUs(p: number, { everyMs, lengthMs }: { everyMs: number; lengthMs: number }): number {
  return Math.max(0, lengthMs - everyMs * (1 - p)) * 1_000;
}

function rowOf(one: Case, { exchanges, trueUs, cores }: Measured): Row {
  const reported = distributionOf(exchanges.map(responseTimeUs));
  const truth = distributionOf(trueUs);
  const { stall } = one;
  const quantiles = QUANTILES.map((p) => ({
    p,
    reportedUs: reported.quantile(p),
    trueUs: stall === undefined ? truth.quantile(p) : stallLawUs(p, stall),
  }));
  const late = distributionOf(exchanges.map((exchange) => latenessUs(exchange) ?? 0));
  const at = (p: number) => quantiles.find((row) => row.p === p) as Row['quantiles'][number];
  const isWithin =
    stall === undefined
      ? [0.5, 0.9].every((p) => Math.abs(at(p).reportedUs - at(p).trueUs) <= 500 + 0.01 * at(p).trueUs)
      : Math.abs(at(0.99).reportedUs / at(0.99).trueUs - 1) <= 0.03;
  return {
    title: `${one.title} (${one.ratePerSec}/s, ${exchanges.length} requests)`,
    quantiles,
    latenessUs: { p50: late.quantile(0.5), p99: late.quantile(0.99), max: late.max },
    cores,
    isWithin,
    allowed: stall === undefined ? 'p50 and p90 within 0.5 ms + 1 %' : 'p99 within 3 % of the law Q(p) = S − P·(1 − p)',
  };
}

function describe({ title, quantiles, latenessUs: late, cores, isWithin, allowed }: Row): string {
  const lines = quantiles.map(
    ({ p, reportedUs, trueUs }) =>
      `  p${formatNumber(p * 100).padEnd(5)} reported ${formatDuration(reportedUs).padStart(9)}   true ${formatDuration(trueUs).padStart(9)}   error ${formatDuration(reportedUs - trueUs).padStart(9)}`,
  );
  return [
    title,
    ...lines,
    `  sent late by p50 ${formatDuration(late.p50)}, p99 ${formatDuration(late.p99)}, max ${formatDuration(late.max)}; the probe used ${formatRatio(cores)} of a core`,
    `  ${isWithin ? 'within' : 'OUTSIDE'} what is allowed: ${allowed}`,
  ].join('\n');
}
