/** Records of JSON for tests of formats that are documents. */
import assert from 'node:assert/strict';
import type { DocumentReader, LogFormat } from '../../../src/logs/format.ts';
import { createRandom } from '../../../src/model/random.ts';

const PIECES = [
  '"',
  '\\',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '\n',
  '\n{',
  '9'.repeat(40),
  '{"__proto__":',
  'null',
  '\0',
  'é',
];

export function record(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

/** Mutated text in pieces of any length: nothing may throw, hang or grow, and what is read afterwards is read. */
export function fuzzDocument(format: LogFormat, text: string, seed = 1, count = 300): void {
  if (format.reading.unit !== 'document') throw new Error(`${format.id} is made of lines`);
  const random = createRandom(seed);
  const upTo = (limit: number): number => Math.floor(random.next() * limit);
  for (let i = 0; i < count; i++) {
    let mutated = text;
    for (let changes = 1 + upTo(6); changes > 0; changes--) {
      const at = upTo(mutated.length);
      const piece = random.next() < 0.5 ? (PIECES[upTo(PIECES.length)] ?? '') : '';
      mutated = mutated.slice(0, at) + piece + mutated.slice(at + upTo(random.next() < 0.2 ? 200 : 3));
    }
    const context = `${format.id}, seed ${seed}, text ${i}: ${JSON.stringify(mutated)}`;
    const reader: DocumentReader = format.reading.open({});
    for (let at = 0; at < mutated.length; ) {
      const end = at + 1 + upTo(500);
      for (const entry of reader.push(mutated.slice(at, end))) {
        assert.ok(Number.isSafeInteger(entry.atUs), context);
        assert.ok(entry.durationUs === undefined || (Number.isSafeInteger(entry.durationUs) && entry.durationUs >= 0));
        assert.ok(JSON.stringify(entry).length < 2 * mutated.length + 2_000, context);
      }
      at = end;
    }
    assert.deepEqual(reader.end(), [], context);
    assert.ok(reader.bad().length <= 20, context);
  }
}
