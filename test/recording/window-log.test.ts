import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Window } from '../../src/model/recording.ts';
import { encodeValues } from '../../src/recording/histogram.ts';
import { createWindowLog } from '../../src/recording/window-log.ts';
import { temporaryFolder } from './traffic.ts';

const SECOND_US = 1_000_000;

function windowAt(second: number): Window {
  return {
    experimentId: 'ramp-1',
    route: 'gateway',
    requestName: 'home',
    connection: 'warm',
    role: 'load',
    cohort: 'ok',
    startUs: second * SECOND_US,
    lengthUs: SECOND_US,
    count: 1,
    outcomes: { 200: 1 },
    response: encodeValues([second]),
    service: encodeValues([second]),
    maxResponseUs: second,
    maxServiceUs: second,
  };
}

const starts = (windows: Iterable<Window>): number[] => [...windows].map(({ startUs }) => startUs / SECOND_US);
const total = (windows: Iterable<Window>): number => [...windows].reduce((sum, { count }) => sum + count, 0);

test('streams to its file and reads back from it, again and again', (context) => {
  const file = join(temporaryFolder(context), 'recording', 'windows.jsonl');
  const log = createWindowLog(file);
  log.append([windowAt(0)], 0);
  const before = statSync(file).size;
  log.append([windowAt(1), windowAt(2)], SECOND_US);
  assert.ok(statSync(file).size > before);
  const { windows, isComplete, warnings } = log.finish();
  assert.deepEqual(starts(windows()), [0, 1, 2]);
  assert.deepEqual(starts(windows()), [0, 1, 2]);
  assert.deepEqual([isComplete, warnings], [true, []]);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8').split('\n')[1] ?? ''), windowAt(1));
});

test('an older file of the same name is replaced', (context) => {
  const file = join(temporaryFolder(context), 'windows.jsonl');
  writeFileSync(file, 'something old');
  const log = createWindowLog(file);
  log.append([windowAt(7)], 0);
  assert.deepEqual(starts(log.finish().windows()), [7]);
});

test('without a file all stays in memory, without a warning', () => {
  const log = createWindowLog(undefined);
  log.append([windowAt(0), windowAt(1)], 0);
  const { windows, isComplete, warnings } = log.finish();
  assert.deepEqual(starts(windows()), [0, 1]);
  assert.deepEqual([isComplete, warnings], [false, []]);
});

test('a folder that cannot be written: a warning, and all stays in memory', (context) => {
  const blocked = join(temporaryFolder(context), 'a-file');
  writeFileSync(blocked, '');
  const log = createWindowLog(join(blocked, 'recording', 'windows.jsonl'));
  for (let second = 0; second < 100; second++) log.append([windowAt(second)], second * SECOND_US);
  const { windows, isComplete, warnings } = log.finish();
  assert.equal(total(windows()), 100);
  assert.equal(isComplete, false);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0] ?? '',
    /windows\.jsonl could not be written 0 s into the run \(E(NOTDIR|EXIST|NOENT).*in memory/,
  );
});

test('a disk that recovers: what was held is written, nothing is lost', (context) => {
  const folder = temporaryFolder(context);
  const blocked = join(folder, 'recording');
  writeFileSync(blocked, '');
  const log = createWindowLog(join(blocked, 'windows.jsonl'));
  log.append([windowAt(0)], 0);
  log.append([windowAt(1)], SECOND_US);
  rmSync(blocked);
  log.append([windowAt(2)], 2 * SECOND_US);
  assert.equal(statSync(blocked, { throwIfNoEntry: false }), undefined, 'not tried again so soon');
  log.append([windowAt(60)], 60 * SECOND_US);
  assert.ok(statSync(join(blocked, 'windows.jsonl')).size > 0);
  const { windows, isComplete, warnings } = log.finish();
  assert.deepEqual(starts(windows()), [0, 1, 2, 60]);
  assert.equal(isComplete, true);
  assert.match(warnings.join(' '), /could not be written.*nothing is lost/);
});

test('a folder that vanishes: the rest is written again, and the loss is reported', (context) => {
  const file = join(temporaryFolder(context), 'recording', 'windows.jsonl');
  const log = createWindowLog(file);
  log.append([windowAt(0), windowAt(1)], 0);
  rmSync(dirname(file), { recursive: true });
  log.append([windowAt(2)], SECOND_US);
  const { windows, isComplete, warnings } = log.finish();
  assert.deepEqual(starts(windows()), [2]);
  assert.equal(isComplete, false);
  assert.match(warnings.join(' '), /removed or cut during the run: 2 windows are lost/);
});

for (const { name, damage } of [
  { name: 'removed', damage: (file: string) => rmSync(file) },
  { name: 'cut', damage: (file: string) => truncateSync(file, 10) },
]) {
  test(`a file that is ${name} after the last write: reported, and reading does not fail`, (context) => {
    const file = join(temporaryFolder(context), 'windows.jsonl');
    const log = createWindowLog(file);
    log.append([windowAt(0)], 0);
    damage(file);
    const { windows, isComplete, warnings } = log.finish();
    assert.deepEqual([starts(windows()), isComplete], [[], false]);
    assert.match(warnings.join(' '), /1 windows are lost/);
  });
}

test('half a line that a failed write left is removed before the next one', (context) => {
  const file = join(temporaryFolder(context), 'windows.jsonl');
  const log = createWindowLog(file);
  log.append([windowAt(0)], 0);
  appendFileSync(file, '{"experimentId":"ra');
  log.append([windowAt(1)], SECOND_US);
  assert.deepEqual(starts(log.finish().windows()), [0, 1]);
});

test('whole lines that a failed write left are not read: their windows are held in memory', (context) => {
  const file = join(temporaryFolder(context), 'windows.jsonl');
  const log = createWindowLog(file);
  log.append([windowAt(0)], 0);
  const { windows } = log.finish();
  appendFileSync(file, `${JSON.stringify(windowAt(1))}\n`);
  assert.deepEqual(starts(windows()), [0]);
});

test('memory is bounded: windows grow longer, and every exchange is still counted', () => {
  const log = createWindowLog(undefined, 20);
  for (let second = 0; second < 1_000; second++) log.append([windowAt(second)], second * SECOND_US);
  const windows = [...log.finish().windows()];
  assert.ok(windows.length <= 20, `${windows.length}`);
  assert.equal(total(windows), 1_000);
  // 10 windows of 100 s would do; lengths grow by 4.
  assert.ok(windows.every(({ lengthUs }) => lengthUs <= 256 * SECOND_US));
  assert.equal(Math.max(...windows.map(({ maxResponseUs }) => maxResponseUs)), 999);
});
