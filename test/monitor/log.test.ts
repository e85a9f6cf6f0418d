import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog, readableLine } from '../../src/monitor/log.ts';

function lines(format: 'json' | 'text'): readonly string[] {
  const written: string[] = [];
  const log = createLog((line) => written.push(line), format);
  log.info({ profile: 'shop' }, 'watched');
  log.error({ err: new Error('boom') }, 'a round was lost');
  return written;
}

test('one JSON object a line, with time and profile, for machines', () => {
  const [first = '', second = ''] = lines('json');
  const { time, ...rest } = JSON.parse(first) as Record<string, unknown>;
  assert.deepEqual(rest, { level: 30, profile: 'shop', msg: 'watched' });
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
  assert.match(second, /"stack":"Error: boom/);
  assert.ok(second.endsWith('\n'));
});

test('a line for people on a terminal', () => {
  const [first = '', second = ''] = lines('text');
  assert.match(first, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d shop: watched\n$/);
  assert.match(second, /^\S+ \S+ ERROR a round was lost \(boom\)\n$/);
});

test('what controls a terminal is shown as a dot', () => {
  const line = JSON.stringify({ time: '2026-01-01T00:00:00.000Z', level: 40, msg: 'a\u001b[2Jb\nc' });
  assert.equal(readableLine(line), '2026-01-01 00:00:00 WARNING a·[2Jb·c\n');
});
