import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { isoTime } from '../../src/commands/history-export.ts';
import type { HistoryInterval } from '../../src/model/history.ts';
import { createRandom } from '../../src/model/random.ts';
import { decodeHistogram } from '../../src/recording/histogram.ts';
import { openHistory } from '../../src/store/history.ts';
import { runCli } from '../helpers/cli.ts';
import { HOUR_US, MINUTE_US, MONDAY_US, randomRound } from '../store/rounds.ts';

const ROUNDS = 26 * 12;
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gateprobe-history-'));
  const history = openHistory(folder);
  const random = createRandom(51);
  for (let i = 0; i < ROUNDS; i++) {
    const { round, kept } = randomRound(random, MONDAY_US + i * 5 * MINUTE_US, { members: 1, failureRatio: 0.1 });
    history.append(round, kept);
  }
  const event = {
    id: 'a',
    profile: 'shop',
    kind: 'failing',
    severity: 'error',
    fromAtUs: MONDAY_US,
    facts: {},
  } as const;
  history.putEvent({ ...event, title: 'gateway \u001b[31mfails' });
  history.maintain(MONDAY_US + 26 * HOUR_US);
  history.close();
});
after(() => rmSync(folder, { recursive: true }));

const history = async (...args: readonly string[]) => runCli(['history', ...args]);

test('list says what is there, in words and as JSON', async () => {
  const text = await history('list', '--data', folder);
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /shop: 624 requests, \d+ failed; 2026-01-05T00:00:00.000Z to 2026-01-06T01:55/);
  assert.ok(!text.stdout.includes('\u001b'), 'nothing steers the terminal');
  const json = JSON.parse((await history('list', '--data', folder, '--json')).stdout);
  assert.equal(json.schemaVersion, 1);
  assert.equal(json.size.intervals['1d'], 2);
  assert.deepEqual(
    json.profiles.map((one: { profile: string; requests: number }) => [one.profile, one.requests]),
    [['shop', 624]],
  );
});

test('export as JSON holds every request once, of any level', async () => {
  for (const level of [[], ['--level', '5m'], ['--level', '1h'], ['--level', '1d']]) {
    const { stdout, code, stderr } = await history('export', '--data', folder, ...level);
    assert.equal(code, 0, stderr);
    const exported = JSON.parse(stdout) as { intervals: HistoryInterval[]; exchanges: unknown[]; events: unknown[] };
    assert.equal(
      exported.intervals.reduce((sum, { count }) => sum + count, 0),
      2 * ROUNDS,
    );
    const failed = exported.intervals.reduce((sum, interval) => sum + interval.failed, 0);
    assert.equal(exported.exchanges.length, failed);
    assert.equal(exported.events.length, 1);
    assert.equal(exported.intervals[0]?.level, level[1] ?? '10s');
  }
});

test('export as CSV has a row for each interval of the time and route', async () => {
  const from = isoTime(MONDAY_US + HOUR_US);
  const to = isoTime(MONDAY_US + 3 * HOUR_US);
  const part = ['--format', 'csv', '--level', '1h', '--route', 'gateway', '--from', from, '--to', to];
  const { stdout } = await history('export', '--data', folder, ...part);
  const [head, ...rows] = stdout.trimEnd().split('\r\n');
  assert.match(head ?? '', /^profile,route,request,connection,level,start,count,failed,outcomes,p50_ms/);
  assert.equal(rows.length, 2);
  assert.match(
    rows[0] ?? '',
    /^shop,gateway,home,warm,1h,2026-01-05T01:00:00.000Z,12,\d+,200=\d+[^,]*,[\d.]+,[\d.]+,[\d.]+,[\d.]+,[\d.]+$/,
  );
});

test('export as HdrHistogram log is written whole into a file', async () => {
  const out = join(folder, 'shop.hlog');
  const { code, stderr } = await history('export', '--data', folder, '--format', 'hlog', '--level', '1h', '--out', out);
  assert.equal(code, 0, stderr);
  const lines = readFileSync(out, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tag='));
  assert.equal(lines.length, 2 * 26);
  const [tag, start, length, , text = ''] = (lines[0] ?? '').split(',');
  assert.deepEqual([tag, start, length], ['Tag=gateway', (MONDAY_US / 1e6).toFixed(3), '3600.000']);
  assert.ok(decodeHistogram(text).length > 0);
});

test('check is silent about a whole file, names what is wrong, and prune deletes the old', async () => {
  assert.equal((await history('check', '--data', folder)).code, 0);
  const pruned = await history('prune', '--data', folder, '--older-than', '1d');
  assert.equal(pruned.code, 0, pruned.stderr);
  assert.match(pruned.stdout, /\d+ intervals and \d+ exchanges deleted/);
  const { size } = JSON.parse((await history('list', '--data', folder, '--json')).stdout);
  assert.equal(size.intervals['10s'], 0);
  assert.equal(size.events, 1, 'it still goes on');
  const other = new DatabaseSync(join(folder, 'history.sqlite'));
  other.exec("INSERT INTO interval_10s VALUES (5, 77, 1, 0, '{}', NULL, NULL, 0, 0)");
  other.close();
  const damaged = await history('check', '--data', folder);
  assert.equal(damaged.code, 1);
  assert.match(damaged.stderr, /series 77: 1 requests, but 0 outcomes/);
});

for (const [name, args, message] of [
  ['a folder without history', ['list', '--data', join('no', 'such', 'folder')], /there is no history/],
  ['pruning a folder without history', ['prune', '--older-than', '1d', '--data', 'nowhere'], /there is no history/],
  ['an unknown profile', ['export', '--profile', 'other', '--data', ''], /no profile other.*\n.*shop/],
  ['a moment that is none', ['export', '--from', 'yesterday', '--data', ''], /--from: expected a moment/],
  ['a route that is none', ['export', '--route', 'web1', '--data', ''], /expected gateway or direct:<member>/],
] as const) {
  test(`${name} is told`, async () => {
    const { code, stderr } = await history(...args.map((arg) => (arg === '' ? folder : arg)));
    assert.equal(code, 2);
    assert.match(stderr, message);
  });
}

test('an export that cannot be written is told, with what to do', async () => {
  const out = join(folder, 'history.sqlite', 'out.csv');
  const { code, stderr } = await history('export', '--data', folder, '--format', 'csv', '--out', out);
  assert.equal(code, 2, stderr);
  assert.match(stderr, /out\.csv cannot be written[\s\S]*Choose another file/);
});
