/** What a history must live through: kills, a full disk, another writer, files of other versions and of other programs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { UserError } from '../../src/errors.ts';
import { createRandom } from '../../src/model/random.ts';
import { openHistory } from '../../src/store/history.ts';
import { DAY_US, HOUR_US, MONDAY_US, randomRound, roundOf } from './rounds.ts';
import { withHistory } from './with-history.ts';

const ALL = { profile: 'shop', fromAtUs: 0, toAtUs: MONDAY_US + 400 * DAY_US };
const CHILD = join(import.meta.dirname, 'kill-child.ts');
const KILLS = 12;
const MAX_BYTES = 600_000;

async function killedAfter(folder: string, seed: number, rounds: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, folder, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let written = 0;
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += String(text);
  });
  child.stdout.on('data', (dots: Buffer) => {
    written += dots.length;
    if (written >= rounds) child.kill('SIGKILL');
  });
  await once(child, 'close');
  assert.equal(errors, '');
  return written;
}

test('killed at any moment, it loses at most the round in flight and is never damaged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-kill-'));
  const random = createRandom(31);
  try {
    let told = 0;
    let had = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      told += await killedAfter(folder, kill, 1 + Math.floor(random.next() * 150));
      const history = openHistory(folder);
      assert.deepEqual(history.check(), [], `after kill ${kill}`);
      const rounds = history.rounds(ALL);
      // A round that was written just before the kill may not have been told any more.
      const found = rounds.length - had;
      assert.ok(found >= told && found <= told + 1, `${found} rounds of ${told}`);
      had = rounds.length;
      told = 0;
      const days = history.intervals({ ...ALL, level: '1d' });
      const sums = new Map<string, number>();
      for (const { route, count } of days) sums.set(route, (sums.get(route) ?? 0) + count);
      assert.deepEqual(
        [...sums.values()],
        Array.from({ length: 9 }, () => rounds.length),
        'only whole rounds',
      );
      const failed = rounds.reduce((sum, round) => sum + round.failed, 0);
      assert.equal(history.kept(ALL).length, failed);
      history.close();
    }
    assert.ok(had > KILLS);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a full file pauses writing, says so, can still be read, and goes on when there is room', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-full-'));
  const random = createRandom(32);
  let history = openHistory(folder, { maxBytes: MAX_BYTES });
  try {
    let atUs = MONDAY_US;
    let written = 0;
    const fill = () => {
      for (;;) {
        atUs += 30_000_000;
        const { round, kept } = randomRound(random, atUs, { failureRatio: 0.05 });
        const problem = history.append(round, kept);
        if (problem !== undefined) return problem;
        written++;
        assert.ok(written < 100_000, 'never full');
      }
    };
    const problem = fill();
    assert.equal(problem.reason, 'full');
    assert.match(problem.text, /maxSize/);
    assert.equal(history.rounds(ALL).length, written, 'the round that had no room is not there in part');
    assert.deepEqual(history.check(), []);
    assert.equal(
      history.putEvent({
        id: 'a',
        profile: 'shop',
        kind: 'monitor',
        severity: 'info',
        fromAtUs: atUs,
        title: '',
        facts: {},
      })?.reason ?? 'full',
      'full',
    );

    assert.equal(history.maintain(atUs), undefined, 'deletes the oldest');
    const before = written;
    assert.equal(fill().reason, 'full');
    assert.ok(written > before, 'writes again');
    assert.deepEqual(history.check(), []);

    history.close();
    const grownBytes = statSync(history.file).size;
    assert.ok(grownBytes <= 1.5 * MAX_BYTES, `${grownBytes}`);
    history = openHistory(folder, { maxBytes: 10 * MAX_BYTES });
    assert.equal(history.append(randomRound(random, atUs + 30_000_000).round, []), undefined);
  } finally {
    history.close();
    rmSync(folder, { recursive: true });
  }
});

test('while another program holds the file, writing is refused as locked, and goes on afterwards', () =>
  withHistory((history) => {
    const round = roundOf(MONDAY_US, [{ route: 'gateway', elapsedUs: 5_000 }]);
    const other = new DatabaseSync(history.file);
    other.exec('BEGIN IMMEDIATE');
    const problem = history.append(round, []);
    assert.equal(problem?.reason, 'locked');
    assert.match(problem?.text ?? '', /another program/);
    assert.equal(history.maintain(MONDAY_US + DAY_US)?.reason, 'locked');
    assert.deepEqual(history.intervals(ALL), [], 'reading goes on');
    other.exec('ROLLBACK');
    other.close();
    assert.equal(history.append(round, []), undefined);
    assert.equal(history.intervals(ALL).length, 1);
  }));

test('a name that was taken back with its write is given anew', () =>
  withHistory((history) => {
    const other = new DatabaseSync(history.file);
    const one = { profile: 'shop', atUs: MONDAY_US, reason: 'failure' } as const;
    const bad = { ...one, exchange: undefined as never };
    // What is wrong with the caller is thrown, and nothing of it is kept.
    assert.throws(() => history.append(roundOf(MONDAY_US, [{ route: 'gateway', elapsedUs: 1 }]), [bad]), TypeError);
    other.exec("INSERT INTO series (profile, route, request, connection) VALUES ('other', 'gateway', 'home', 'warm')");
    other.close();
    history.append(roundOf(MONDAY_US, [{ route: 'gateway', elapsedUs: 1 }]), []);
    assert.deepEqual(
      history.intervals(ALL).map(({ profile, count }) => [profile, count]),
      [['shop', 1]],
    );
    assert.deepEqual(history.check(), []);
  }));

test('a damaged file is named, and what is wrong with it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-damage-'));
  const file = join(folder, 'history.sqlite');
  try {
    const history = openHistory(folder);
    const random = createRandom(33);
    for (let i = 0; i < 300; i++) history.append(randomRound(random, MONDAY_US + i * 30_000_000).round, []);
    history.maintain(MONDAY_US + 3 * HOUR_US);
    history.close();
    const other = new DatabaseSync(file);
    other.exec(
      "UPDATE interval_10s SET response = x'0180' WHERE slot = (SELECT MIN(slot) FROM interval_10s) AND series = 1",
    );
    other.exec(
      'UPDATE interval_5m SET count = count + 1 WHERE slot = (SELECT MIN(slot) FROM interval_5m) AND series = 2',
    );
    other.close();
    const damaged = openHistory(folder, { isReadOnly: true });
    const problems = damaged.check();
    damaged.close();
    assert.match(problems[0] ?? '', /interval 10s of 2026-01-05T00:00:00.000Z, series 1: its histogram is damaged/);
    assert.ok(
      problems.some((problem) => /parts of 10s/.test(problem)),
      problems.join('\n'),
    );

    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xff, 40_000, 80_000));
    const torn = openHistory(folder, { isReadOnly: true });
    assert.notDeepEqual(torn.check(), []);
    torn.close();
    truncateSync(file, 60_000);
    assert.throws(() => openHistory(folder, { isReadOnly: true }), /cannot be opened as history: .*malformed/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const FOREIGN: readonly { readonly name: string; readonly make: (file: string) => void; readonly message: RegExp }[] = [
  {
    name: 'no SQLite file',
    make: (file) => writeFileSync(file, 'hello '.repeat(1_000)),
    message: /cannot be opened as history/,
  },
  {
    name: 'a file of another program',
    make: (file) => {
      const other = new DatabaseSync(file);
      other.exec('CREATE TABLE t (x)');
      other.close();
    },
    message: /another program/,
  },
  {
    name: 'a file of a newer gateprobe',
    make: (file) => {
      openHistory(file).close();
      const other = new DatabaseSync(file);
      other.exec('PRAGMA user_version = 99');
      other.close();
    },
    message: /newer gateprobe: its version is 99/,
  },
];

for (const { name, make, message } of FOREIGN) {
  test(`refuses ${name} and leaves it as it is`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'gateprobe-foreign-'));
    const file = join(folder, 'some.sqlite');
    try {
      make(file);
      const before = readFileSync(file);
      for (const isReadOnly of [true, false])
        assert.throws(
          () => openHistory(file, { isReadOnly }),
          (error) => error instanceof UserError && message.test(error.message) && error.hint !== undefined,
        );
      assert.ok(before.equals(readFileSync(file)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}

test('an empty place has no history to read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-empty-'));
  try {
    assert.throws(() => openHistory(folder, { isReadOnly: true }), /there is no history/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
