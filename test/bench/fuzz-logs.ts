/**
 * `npm run fuzz:logs -- [--lines 1000000] [--seed 1] [format…]`: mutates so many lines for the reader of each log format and reads them, one
 * process for each at the lowest priority. One reader reads them all, so that what it keeps by mistake shows as memory. Prints time, speed
 * and memory; exit code 1 where one threw, hung (10 min) or needed more heap than
 * it may have.
 */
import { spawnSync } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LOG_FORMATS } from '../../src/catalog.ts';
import { formatNamed, fuzzFormat } from '../helpers/fuzz-formats.ts';

/** A million lines take seconds to a minute, as XML two minutes, on a machine that is busy with other work; the rest is room. */
const LIMIT_MS = 600_000;
/** V8 may let garbage lie about up to here; a reader that keeps what it read ends in `heap out of memory`. */
const HEAP = '--max-old-space-size=96';

type Cost = { readonly sec: number; readonly peakMb: number };

const { values, positionals } = parseArgs({
  options: {
    lines: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    one: { type: 'string' },
  },
  allowPositionals: true,
});
const lines = Number(values.lines);
const seed = Number(values.seed);

if (values.one === undefined) process.exitCode = all(positionals);
else process.stdout.write(JSON.stringify(costOf(values.one)));

function costOf(id: string): Cost {
  setPriority(constants.priority.PRIORITY_LOW);
  const format = formatNamed(id);
  const startedAt = performance.now();
  fuzzFormat(format, lines, seed, lines);
  const sec = (performance.now() - startedAt) / 1_000;
  return { sec, peakMb: process.resourceUsage().maxRSS / 1_000 };
}

function all(ids: readonly string[]): number {
  const formats = ids.length === 0 ? LOG_FORMATS.map(({ id }) => id) : ids.map((id) => formatNamed(id).id);
  let failed = 0;
  console.log(`${'format'.padEnd(26)}${'s'.padStart(8)}${'lines/s'.padStart(12)}${'peak MB'.padStart(10)}`);
  for (const id of formats) {
    const self = fileURLToPath(import.meta.url);
    const args = [HEAP, self, '--one', id, '--lines', String(lines), '--seed', String(seed)];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: LIMIT_MS });
    if (status !== 0) {
      failed++;
      console.log(`${id.padEnd(26)}failed: ${stderr.slice(0, 2_000) || 'no end after 10 min'}`);
      continue;
    }
    const { sec, peakMb } = JSON.parse(stdout) as Cost;
    const speed = Math.round(lines / sec).toLocaleString('en-US');
    console.log(`${id.padEnd(26)}${sec.toFixed(1).padStart(8)}${speed.padStart(12)}${peakMb.toFixed(0).padStart(10)}`);
  }
  return failed === 0 ? 0 : 1;
}
