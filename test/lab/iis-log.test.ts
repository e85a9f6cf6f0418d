import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHttpErrLog, openW3cLog, W3C_FIELDS } from '../../src/lab/iis-log.ts';

const BEFORE_MIDNIGHT_MS = Date.UTC(2026, 4, 27, 23, 59, 59, 999);

test('a log has one header per file, a file per UTC day, and marks for what is empty or has blanks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateprobe-iis-log-'));
  try {
    const log = openW3cLog(folder, ['X-ARR-LOG-ID']);
    log.write(['a b', undefined, '', 0], BEFORE_MIDNIGHT_MS);
    log.write(['second'], BEFORE_MIDNIGHT_MS);
    log.write(['next day'], BEFORE_MIDNIGHT_MS + 1);
    await log.flush();
    const files = (await readdir(folder)).sort();
    assert.deepEqual(files, ['u_ex260527_x.log', 'u_ex260528_x.log']);
    assert.equal(
      await readFile(join(folder, 'u_ex260527_x.log'), 'utf8'),
      [
        '#Software: Microsoft Internet Information Services 10.0',
        '#Version: 1.0',
        '#Date: 2026-05-27 23:59:59',
        `#Fields: ${W3C_FIELDS} X-ARR-LOG-ID`,
        '2026-05-27 23:59:59 a+b - - 0',
        '2026-05-27 23:59:59 second',
        '',
      ].join('\r\n'),
    );
    await log.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('rows that cannot be written are told at close', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gateprobe-iis-log-'));
  try {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const log = openHttpErrLog(join(file, 'below'));
    log.write(['x']);
    await assert.rejects(log.close(), /ENOTDIR|EEXIST|ENOENT/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
