import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { EXIT } from '../errors.ts';
import { spinOption, threadsOption } from './options.ts';
import { print, printError } from './output.ts';
import {
  type Capacity,
  type Case,
  capacityOf,
  capacityStep,
  describeCapacity,
  describeFloor,
  describeRow,
  floorOf,
  type Row,
  rowOf,
} from './selftest-rows.ts';
import { bareRoundTripsUs, measureLoad, measureRate, type SendingOptions } from './selftest-traffic.ts';

/**
 * The server waits out the last 2 ms of each delay on a processor. At 200/s a request would be due in just that moment of
 * every 10 and 50 ms: three threads would want two processors, and requests left late by 0.9 ms at p90 instead of 0.1
 * [measured], which is the server's doing and none of the probe's. At 170/s they never meet.
 */
const CONSTANT_PER_SEC = 170;
export const CASES: readonly Case[] = [
  { title: 'constant 1 ms', path: '/constant?ms=1', ratePerSec: CONSTANT_PER_SEC, seconds: 6 },
  { title: 'constant 10 ms', path: '/constant?ms=10', ratePerSec: CONSTANT_PER_SEC, seconds: 6 },
  { title: 'constant 50 ms', path: '/constant?ms=50', ratePerSec: CONSTANT_PER_SEC, seconds: 6 },
  { title: 'fast answers, 1000/s', path: '/', ratePerSec: 1_000, seconds: 10 },
  // What piles up in a stall is answered one after the other, 35 µs each on both sides [measured]: at 500/s that is 17 ms which the
  // law does not know. 103 a second are few, and no divisor of the period, so that all moments of a stall are met.
  {
    title: 'stalls 1 s in every 10 s',
    path: '/',
    ratePerSec: 103,
    seconds: 30,
    stall: { everyMs: 10_000, lengthMs: 1_000 },
  },
];
/** One thread is honest to about 1 to 2 thousand requests a second by methods A.3; tenfold shows where it ends. */
const CAPACITY_RATES = [1_000, 2_000, 5_000, 10_000, 20_000];
const CAPACITY_SECONDS = 3;

type Options = SendingOptions & { readonly json?: boolean; readonly capacity?: boolean };

export function selftestCommand(): Command {
  return new Command('selftest')
    .description("measure this machine's own error: reported against true quantiles of a server with known delays")
    .option('--capacity', 'instead: up to which rate the probe passes its own checks here')
    .addOption(spinOption())
    .addOption(threadsOption())
    .option('--json', 'print the figures as JSON')
    .action((options: Options) => (options.capacity === true ? tellCapacity(options) : tellErrors(options)));
}

async function tellErrors({ json, spin = false, threads = 1 }: Options): Promise<void> {
  printError('a bare socket …');
  const floor = floorOf(await bareRoundTripsUs());
  const rows: Row[] = [];
  for (const one of CASES) {
    printError(`${one.title}: ${one.ratePerSec}/s for ${one.seconds} s …`);
    rows.push(rowOf(one, await measureLoad({ ...one, spin, threads })));
  }
  print(
    json === true ? JSON.stringify({ floor, rows }) : [describeFloor(floor), ...rows.map(describeRow)].join('\n\n'),
  );
  process.exitCode = rows.every(({ isWithin }) => isWithin) ? EXIT.ok : EXIT.invalidRun;
}

/** What one thread passes, and what several do: whether more of them help is for each machine to show. */
async function tellCapacity({ json, spin = false, threads = 2 }: Options): Promise<void> {
  const capacities: Capacity[] = [];
  for (const count of new Set([1, threads])) capacities.push(await measureCapacity({ spin, threads: count }));
  const cpus = availableParallelism();
  print(
    json === true
      ? JSON.stringify({ capacities })
      : capacities.map((capacity) => describeCapacity(capacity, cpus)).join('\n\n'),
  );
  process.exitCode = capacities[0]?.passedPerSec === undefined ? EXIT.invalidRun : EXIT.ok;
}

/** Ends at the first rate that does not pass: what comes after it would only be late. */
async function measureCapacity(sending: Required<SendingOptions>): Promise<Capacity> {
  const { threads } = sending;
  const steps: Capacity['steps'][number][] = [];
  for (const ratePerSec of CAPACITY_RATES) {
    printError(`${ratePerSec}/s for ${CAPACITY_SECONDS} s, ${threads === 1 ? '1 thread' : `${threads} threads`} …`);
    const step = capacityStep(await measureRate(ratePerSec, CAPACITY_SECONDS, sending));
    steps.push(step);
    if (step.reasons.length > 0) break;
  }
  return capacityOf(steps, threads);
}
