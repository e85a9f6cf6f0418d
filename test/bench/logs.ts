/**
 * `npm run bench:logs -- [--size 200MB]`: writes an IIS log and a combined log of that size, counts the statuses in them with
 * gateprobe, wc, awk and goaccess on the same file, and prints the speeds side by side. gateprobe runs as a process of its own,
 * so that the memory is its own. goaccess makes a whole report where the others only count. A program that is missing is said to be missing. Exit code 1: the counts differ.
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/model/random.ts';
import type { Counted } from './log-count.ts';
import type { ExplainCost } from './log-explain.ts';
import { blocksOf, combinedLog, iisLog, type LogWriter } from './log-writer.ts';

type Kind = {
  readonly name: 'iis' | 'combined';
  readonly writer: LogWriter;
  readonly awk: string;
  readonly goaccess: readonly string[];
};

const KINDS: readonly Kind[] = [
  {
    name: 'iis',
    writer: iisLog(createRandom(1)),
    awk: '!/^#/ { n[$12]++ } END { for (s in n) print s, n[s] }',
    goaccess: [
      '--log-format=%d %t %^ %m %U %q %^ %^ %h %u %R %s %^ %^ %L',
      '--date-format=%Y-%m-%d',
      '--time-format=%H:%M:%S',
    ],
  },
  {
    name: 'combined',
    writer: combinedLog(createRandom(1)),
    awk: '{ n[$9]++ } END { for (s in n) print s, n[s] }',
    goaccess: ['--log-format=COMBINED'],
  },
];
/** Made in memory, to see that a long stream needs no more than a short one. */
const STREAM_BYTES = [30e6, 300e6];
const MEGA = 1e6;

function sizeOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(MB|GB)$/i.exec(text) ?? [];
  if (number === undefined) throw new Error(`--size: expected a size such as 200MB or 1GB, found ${text}`);
  return Number(number) * (unit?.toUpperCase() === 'GB' ? 1e9 : 1e6);
}

type Timed = { readonly seconds: number; readonly output: string } | undefined;

/** Undefined: the program is not there. */
function timed(command: string, args: readonly string[]): Timed {
  const started = performance.now();
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: 'C' },
  });
  const seconds = (performance.now() - started) / 1_000;
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
  if (error !== undefined || status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return { seconds, output: stdout };
}

function countLog(kind: Kind['name'], path: string, bytes = 0): Counted & { readonly wallSeconds: number } {
  const script = join(import.meta.dirname, 'log-count.ts');
  const child = timed(process.execPath, [script, kind, path, String(bytes)]);
  if (child === undefined) throw new Error('Node is missing');
  return { ...(JSON.parse(child.output) as Counted), wallSeconds: child.seconds };
}

function explainLog(path: string, folder: string): ExplainCost {
  const child = timed(process.execPath, [join(import.meta.dirname, 'log-explain.ts'), path, folder]);
  if (child === undefined) throw new Error('Node is missing');
  return JSON.parse(child.output) as ExplainCost;
}

function print(name: string, bytes: number, seconds: number, ours: number, more = ''): void {
  const speed = `${(bytes / MEGA / seconds).toFixed(0)} MB/s`.padStart(10);
  console.log(
    `  ${name.padEnd(34)} ${seconds.toFixed(2).padStart(6)} s ${speed}  gateprobe is ${(seconds / ours).toFixed(2)} x as fast${more}`,
  );
}

/** Prints the comparison; whether all counted the same. */
function compare(kind: Kind, path: string, bytes: number): boolean {
  // Once before, so that every program finds the file in the cache.
  const lines = timed('wc', ['-l', path]);
  const counted = countLog(kind.name, path);
  const entries = Object.values(counted.statuses).reduce((sum, n) => sum + n, 0);
  console.log(
    `${kind.name}: ${(bytes / MEGA).toFixed(0)} MB, ${counted.lines} lines, ${entries} entries, ${counted.kinds} kinds of status, ${counted.probes} of the probe, ${counted.bad} bad`,
  );
  const memory = `, peak memory ${counted.peakMiB.toFixed(0)} MiB (${counted.emptyMiB.toFixed(0)} before reading)`;
  print('gateprobe, reading', bytes, counted.seconds, counted.seconds, memory);
  print('gateprobe, with the start of Node', bytes, counted.wallSeconds, counted.seconds);
  const explained = explainLog(path, `${path}.report`);
  const needed = `, peak memory ${explained.peakMiB.toFixed(0)} MiB; found: ${explained.findings.join(', ') || 'nothing'}`;
  print('gateprobe explain, to the report', bytes, explained.seconds, counted.seconds, needed);
  const again = timed('wc', ['-l', path]);
  const awk = timed('awk', [kind.awk, path]);
  const goaccess = timed('goaccess', [
    path,
    ...kind.goaccess,
    '--no-progress',
    '--no-global-config',
    '-o',
    `${path}.json`,
  ]);
  for (const [name, run] of [
    ['wc -l', again],
    ['awk, counting by status', awk],
    ['goaccess', goaccess],
  ] as const) {
    if (run === undefined) console.log(`  ${name.padEnd(34)} is missing on this machine`);
    else print(name, bytes, run.seconds, counted.seconds);
  }
  const sameLines = lines === undefined || Number.parseInt(lines.output, 10) === counted.lines;
  const sameCounts = awk === undefined || sorted(awk.output) === sorted(pairs(counted.statuses));
  if (!sameLines || !sameCounts || counted.bad > 0)
    console.log(`  counts differ: ${pairs(counted.statuses)} and ${awk?.output}`);
  return sameLines && sameCounts && counted.bad === 0;
}

function pairs(statuses: Readonly<Record<string, number>>): string {
  return Object.entries(statuses)
    .map(([status, n]) => `${status} ${n}`)
    .join('\n');
}

function sorted(text: string): string {
  return text.trim().split('\n').sort().join(', ');
}

const { values } = parseArgs({ options: { size: { type: 'string', default: '200MB' } } });
const size = sizeOf(values.size);
const folder = await mkdtemp(join(tmpdir(), 'gateprobe-logs-'));
try {
  console.log(`Node ${process.version}, ${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown processor'}`);
  for (const kind of KINDS) {
    const path = join(folder, `${kind.name}.log`);
    await pipeline(Readable.from(blocksOf(kind.writer, size)), createWriteStream(path));
    if (!compare(kind, path, (await stat(path)).size)) process.exitCode = 1;
    await rm(path);
  }
  for (const bytes of STREAM_BYTES) {
    const stream = countLog('iis', '-', bytes);
    console.log(
      `stream of ${(bytes / MEGA).toFixed(0)} MB: ${stream.lines} lines, peak memory ${stream.peakMiB.toFixed(0)} MiB (${stream.emptyMiB.toFixed(0)} before reading)`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
