/** Child of `logs.ts`: counts a log as gateprobe does and says how long it took and how much memory it had at most. */
import { Readable } from 'node:stream';
import { combined } from '../../src/logs/formats/combined.ts';
import { iisW3c } from '../../src/logs/formats/iis-w3c.ts';
import { openLog } from '../../src/logs/reading/chunks.ts';
import { readSource } from '../../src/logs/reading/read-source.ts';
import { createRandom } from '../../src/model/random.ts';
import { blocksOf, combinedLog, iisLog } from './log-writer.ts';
import { peakMiB } from './peak-memory.ts';

export type Counted = {
  readonly bytes: number;
  readonly lines: number;
  readonly bad: number;
  readonly probes: number;
  /** Entries by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Entries by status and substatus. */
  readonly kinds: number;
  readonly seconds: number;
  readonly peakMiB: number;
  /** The same before anything was read: Node and the program itself. */
  readonly emptyMiB: number;
};

const [kind = 'iis', path = '-', madeBytes = '0'] = process.argv.slice(2);

/** One block again and again: nothing is made while it is read that would count as memory of the reading. */
function* repeated(bytes: number): Generator<Buffer> {
  const [block] = blocksOf((kind === 'iis' ? iisLog : combinedLog)(createRandom(2)), 2 << 20);
  if (block !== undefined) for (let made = 0; made < bytes; made += block.length) yield block;
}

async function count(): Promise<Counted> {
  const emptyMiB = peakMiB();
  const started = performance.now();
  const stdin = path === '-' ? Readable.from(repeated(Number(madeBytes)), { objectMode: false }) : undefined;
  const log = await openLog(
    path === '-' ? { kind: 'stdin', name: '-' } : { kind: 'file', path, name: path, sizeBytes: 0 },
    { stdin, wallMs: Date.now },
  );
  // One number of at most six digits per status and substatus.
  const counts = new Int32Array(1_000_000);
  let probes = 0;
  const result = await readSource({
    format: kind === 'iis' ? iisW3c : combined,
    log,
    source: 0,
    mask: (text) => text,
    sink: {
      row: ({ status, substatus }, _line, isProbe) => {
        const at = status * 1_000 + (substatus < 0 ? 0 : substatus);
        counts[at] = (counts[at] ?? 0) + 1;
        if (isProbe) probes++;
        return isProbe;
      },
      entry: () => undefined,
    },
  });
  const seconds = (performance.now() - started) / 1_000;
  const statuses: Record<string, number> = {};
  let kinds = 0;
  for (const [at, number] of counts.entries()) {
    if (number === 0) continue;
    kinds++;
    const status = String(Math.floor(at / 1_000));
    statuses[status] = (statuses[status] ?? 0) + number;
  }
  const { bytes, lines, bad } = result;
  return { bytes, lines, bad: bad.count, probes, statuses, kinds, seconds, peakMiB: peakMiB(), emptyMiB };
}

console.log(JSON.stringify(await count()));
