import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram, missingProgram } from '../../helpers/requires.ts';
import { scaledRules } from './scaled-rules.ts';

const shipped = readFileSync(
  join(import.meta.dirname, '..', '..', '..', 'docs', 'integrations', 'prometheus', 'gateprobe.rules.yml'),
  'utf8',
);
const scale = { anchorMs: 1_800_000_000_000, labStartMs: 1_767_571_200_000, speed: 120 };

test('only durations and the clock of the shipped rules change', () => {
  const [before, after] = [shipped.split('\n'), scaledRules(shipped, scale).split('\n')];
  assert.equal(after.length, before.length);
  const changed = before.flatMap((line, i) => (line === after[i] ? [] : [{ line, scaled: after[i] ?? '' }]));
  for (const { line, scaled } of changed) {
    const bare = (text: string): string =>
      text
        .replaceAll(/\(1767571200 \+ \(time\(\) - 1800000000\) \* 120\)/g, 'time()')
        .replaceAll(/\[\d+m?[smhd]\]/g, '[]')
        .replace(/^( +for: )\d+m?[smhd]$/, '$1');
    assert.equal(bare(scaled), bare(line));
    assert.ok(!line.trimStart().startsWith('#') && !/^ +(summary|description|alert|record):/.test(line), line);
  }
  // Every `for:`, range and clock there is.
  const durations = shipped.match(/^ +for: .*$|\[\d+[smhd]\]|time\(\)/gm) ?? [];
  assert.ok(durations.length > 20);
  assert.equal(
    changed.reduce((sum, { line }) => sum + (line.match(/^ +for: .*$|\[\d+[smhd]\]|time\(\)/g)?.length ?? 0), 0),
    durations.length,
  );
});

for (const [text, expected] of [
  ['        for: 1m', '        for: 500ms'],
  ['        expr: increase(x[3d]) > 10', '        expr: increase(x[2160000ms]) > 10'],
  ['a[5m] and b[1h]', 'a[2500ms] and b[30000ms]'],
  ['    # for: 5m of it', '    # for: 5m of it'],
  ['x > 1800', 'x > 1800'],
] as const)
  test(`${text.trim()} at 120 times the pace`, () => assert.equal(scaledRules(text, scale), expected));

test('promtool takes the scaled rules', { skip: missingProgram('promtool') }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateprobe-scaled-rules-'));
  try {
    const file = join(folder, 'rules.yml');
    writeFileSync(file, scaledRules(shipped, scale));
    const { status, stdout, stderr } = spawnSync(findProgram('promtool') ?? '', ['check', 'rules', file], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
