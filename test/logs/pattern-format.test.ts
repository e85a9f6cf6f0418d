import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatsOfPattern } from '../../src/logs/pattern-format.ts';

for (const [pattern, formats] of [
  ['$time_iso8601|$status', ['nginx']],
  ["log_format a escape=json '{}';", ['nginx']],
  ['LogFormat "%t %>s" a', ['apache']],
  ['%t %>s %{ms}T', ['apache', 'varnish']],
  ['%{Varnish:time_firstbyte}x', ['apache', 'varnish']],
  ['100% of it', []],
] as const)
  test(`the pattern ${pattern} is of ${formats.join(' or ') || 'none'}`, () =>
    assert.deepEqual(formatsOfPattern(pattern), formats));
