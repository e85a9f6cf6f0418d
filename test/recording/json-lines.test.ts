import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UserError } from '../../src/errors.ts';
import { isTorn, readJsonLines } from '../../src/recording/json-lines.ts';
import { temporaryFolder } from './traffic.ts';

for (const { name, text, values, torn = false } of [
  { name: 'an empty file', text: '', values: [] },
  { name: 'complete lines', text: '{"a":1}\n{"a":2}\n', values: [{ a: 1 }, { a: 2 }] },
  { name: 'a last line without its newline', text: '{"a":1}\n{"a":2}', values: [{ a: 1 }, { a: 2 }] },
  { name: 'blank lines and Windows line ends', text: '{"a":1}\r\n\n{"a":2}\r\n', values: [{ a: 1 }, { a: 2 }] },
  { name: 'a torn last line', text: '{"a":1}\n{"a":', values: [{ a: 1 }], torn: true },
  { name: 'only a torn line', text: '{"a', values: [], torn: true },
  { name: 'zeros that a crash left', text: '{"a":1}\n\0\0\0\n', values: [{ a: 1 }], torn: true },
]) {
  test(`reads ${name}`, (context) => {
    const file = join(temporaryFolder(context), 'lines.jsonl');
    writeFileSync(file, text);
    let tornCalls = 0;
    assert.deepEqual([...readJsonLines(file, () => tornCalls++)], values);
    assert.equal(tornCalls, torn ? 1 : 0);
    assert.equal(isTorn(file), torn);
  });
}

test('lines across pieces of the file, with characters of several bytes', (context) => {
  const file = join(temporaryFolder(context), 'lines.jsonl');
  const values = Array.from({ length: 40 }, (_, n) => ({ n, text: 'é\u2028€😀'.repeat(n * 100) }));
  writeFileSync(file, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  assert.deepEqual([...readJsonLines(file)], values);
  assert.equal(isTorn(file), false);
});

test('a damaged line is named, blank lines included in the count', (context) => {
  const file = join(temporaryFolder(context), 'lines.jsonl');
  writeFileSync(file, '{"a":1}\n\nnonsense\n{"a":3}\n');
  const lines = readJsonLines(file);
  assert.deepEqual(lines.next().value, { a: 1 });
  assert.throws(
    () => lines.next(),
    (error) => error instanceof UserError && /lines\.jsonl, line 3: not valid JSON/.test(error.message),
  );
});

test('a line without end is refused, not gathered in memory', (context) => {
  const file = join(temporaryFolder(context), 'lines.jsonl');
  writeFileSync(file, Buffer.alloc(6 * 1024 * 1024, 0x20));
  assert.throws(() => [...readJsonLines(file)], /longer than 4 MB/);
});
