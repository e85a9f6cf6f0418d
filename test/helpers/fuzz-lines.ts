/** Mutated lines for parsers of logs: nothing may throw, hang or grow. */
import assert from 'node:assert/strict';
import type { FormatOptions, LogFormat } from '../../src/logs/format.ts';
import { createRandom } from '../../src/model/random.ts';
import { linesOf } from './read-log.ts';

/** What breaks parsers: their own signs, long numbers, bytes that are no text. */
export const FUZZ_PIECES = [
  '"',
  '\\',
  ' ',
  '-',
  '#Fields: ',
  '{',
  '}',
  '[',
  ']',
  ',',
  '%',
  '\0',
  '\xff',
  '9'.repeat(40),
  '+',
  '\t',
  'é',
  ':',
];

/** Lines to try in a test; GATEPROBE_FUZZ_LINES sets another number for the long form. */
export const FUZZ_LINES = Number(process.env['GATEPROBE_FUZZ_LINES'] ?? 4_000);

/** Feeds mutated lines of `text` to one reader after the other, each for `linesPerReader`. The seed stands in every failure. */
export function fuzzLines(
  format: LogFormat,
  text: string,
  options: FormatOptions = {},
  seed = 1,
  count = FUZZ_LINES,
  linesPerReader = 500,
): void {
  if (format.reading.unit !== 'lines') throw new Error(`${format.id} is not made of lines`);
  const random = createRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T;
  const lines = linesOf(text);
  let reader = format.reading.open(options);
  for (let i = 0; i < count; i++) {
    if (i % linesPerReader === 0) reader = format.reading.open(options);
    const line = mutate(pick(lines), lines, random.next, pick);
    const context = () => `${format.id}, seed ${seed}, line ${i}: ${JSON.stringify(line.toString('latin1'))}`;
    try {
      const kind = reader.read(line, 0, line.length);
      if (kind !== 'entry') continue;
      const entry = reader.entry();
      assert.ok(Number.isNaN(reader.row.atUs) || Number.isSafeInteger(reader.row.atUs), 'row.atUs');
      for (const value of [reader.row.status, reader.row.substatus, reader.row.win32, reader.row.durationUs])
        assert.ok(Number.isSafeInteger(value) && value >= -1, `row ${value}`);
      assert.ok(Number.isSafeInteger(entry.atUs), `entry.atUs ${entry.atUs}`);
      assert.ok(entry.durationUs === undefined || (Number.isSafeInteger(entry.durationUs) && entry.durationUs >= 0));
      assert.ok(JSON.stringify(entry).length < 40 * line.length + 4_000, 'entry grows');
    } catch (error) {
      throw new Error(`${context()}\n${String(error)}`, { cause: error });
    }
  }
}

function mutate(
  line: Buffer,
  lines: readonly Buffer[],
  next: () => number,
  pick: <T>(from: readonly T[]) => T,
): Buffer {
  let bytes = Buffer.from(line);
  const changes = Math.floor(next() * 4);
  for (let i = 0; i < changes; i++) {
    const at = Math.floor(next() * (bytes.length + 1));
    const kind = Math.floor(next() * 6);
    const rest = bytes.subarray(at);
    if (kind === 0) bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(FUZZ_PIECES), 'latin1'), rest]);
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), rest.subarray(Math.floor(next() * 20))]);
    else if (kind === 2) bytes = bytes.subarray(0, at);
    else if (kind === 3 && at < bytes.length) bytes[at] = Math.floor(next() * 256);
    else if (kind === 4) bytes = Buffer.concat([bytes.subarray(0, at), pick(lines).subarray(Math.floor(next() * 80))]);
    else bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(pick(FUZZ_PIECES), 'latin1'), rest.subarray(1)]);
  }
  return bytes;
}
