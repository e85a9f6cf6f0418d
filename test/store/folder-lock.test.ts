import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { lockHistory } from '../../src/store/folder-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'gateprobe-lock-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'history.sqlite');
const module = pathToFileURL(join(import.meta.dirname, '../../src/store/folder-lock.ts')).href;

/** What another process hears that wants the same. */
function another(): string {
  const program = `import { lockHistory } from ${JSON.stringify(module)};
    try { lockHistory(${JSON.stringify(file)}); console.log('held'); } catch (error) { console.log(error.name, error.message); }`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stdout.trim();
}

test('a second monitor is refused while the first holds the history, and not after it', () => {
  const lock = lockHistory(file);
  assert.equal(another(), `UserError another monitor keeps its history in ${file}`);
  lock.release();
  assert.equal(another(), 'held');
});

test('a process that ends without a word leaves nothing behind', () => {
  assert.equal(another(), 'held');
  lockHistory(file).release();
});
