import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { openHistory } from '../../src/store/history.ts';
import { MIGRATIONS, migrate, versionOf } from '../../src/store/schema.ts';
import { DAY_US, MONDAY_US, roundOf } from './rounds.ts';

/** 25 hours of one gateway and one member, every 10 minutes; written by the first version of the file. */
const OLD_FILE = join(import.meta.dirname, '..', 'fixtures', 'history', 'version-1.sqlite.gz');
const ALL = { profile: 'shop', fromAtUs: 0, toAtUs: MONDAY_US + 400 * DAY_US };

function withOldFile(use: (file: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-schema-'));
  const file = join(folder, 'history.sqlite');
  writeFileSync(file, gunzipSync(readFileSync(OLD_FILE)));
  try {
    use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a file of the first version is brought to this one, with all that is in it', () =>
  withOldFile((file) => {
    assert.throws(() => openHistory(file, { isReadOnly: true }), /older gateprobe/);
    const history = openHistory(file);
    assert.deepEqual(history.check(), []);
    const days = history.intervals({ ...ALL, level: '1d' });
    assert.deepEqual(
      days.map(({ route, count }) => [route, count]),
      [
        ['gateway', 144],
        ['direct:web1', 144],
        ['gateway', 6],
        ['direct:web1', 6],
      ],
    );
    assert.equal(
      history.kept(ALL).length,
      days.reduce((sum, { failed }) => sum + failed, 0),
    );
    assert.equal(history.quiet(ALL)[0]?.why, 'nightly');
    assert.equal(history.event('failing-1')?.title, 'gateway fails');
    assert.deepEqual(history.rounds(ALL), []);
    assert.equal(
      history.append(roundOf(MONDAY_US + 26 * 3_600e6, [{ route: 'gateway', elapsedUs: 5 }]), []),
      undefined,
    );
    assert.equal(history.rounds(ALL).length, 1);
    history.close();
    openHistory(file, { isReadOnly: true }).close();
  }));

test('a migration that fails half way changes nothing', () =>
  withOldFile((file) => {
    const connection = new DatabaseSync(file);
    const tables = () => connection.prepare('SELECT name FROM sqlite_schema ORDER BY name').all().length;
    const before = tables();
    const [first = ''] = MIGRATIONS;
    assert.throws(
      () => migrate(connection, file, [first, 'CREATE TABLE a (x); CREATE TABLE a (x);']),
      /already exists/,
    );
    assert.deepEqual([tables(), versionOf(connection), connection.isTransaction], [before, 1, false]);
    migrate(connection, file, [first, 'CREATE TABLE a (x);', 'CREATE TABLE b (x);']);
    assert.deepEqual([tables(), versionOf(connection)], [before + 2, 3]);
    connection.close();
  }));
