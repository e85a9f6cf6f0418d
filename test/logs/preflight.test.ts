import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preflight } from '../../src/logs/preflight.ts';
import type { ClockEstimate, LogSourceSummary } from '../../src/model/journey.ts';

function summary(more: Partial<LogSourceSummary>): LogSourceSummary {
  return {
    index: 0,
    role: 'gateway',
    format: 'iis-w3c',
    files: ['a.log'],
    addresses: [],
    lines: 1,
    entries: 1,
    bad: 0,
    badFirst: [],
    bytes: 1,
    missing: [],
    torn: false,
    probeLines: 0,
    healthChecks: 0,
    classes: [],
    minutes: [],
    ...more,
  };
}

function clock(offsetUs: number, known = true): ClockEstimate {
  return { source: 0, offsetUs, errorUs: 1, basedOn: 9, agreeRatio: 1, known };
}

const MEMBER = summary({ index: 1, role: 'member', member: 'web1' });

for (const [what, sources, clocks, withArrIds, expected] of [
  ['nothing is missing', [summary({})], [], [], []],
  ['fields of IIS', [summary({ missing: ['time-taken'] })], [], [], [/no time-taken/]],
  ['a member behind ARR without its id', [summary({}), MEMBER], [], [0], [/web1 has no X-ARR-LOG-ID/]],
  ['a member behind ARR with its id', [summary({}), MEMBER], [], [0, 1], []],
  ['a member behind something else', [summary({ format: 'nginx' }), MEMBER], [], [], []],
  ['a common log', [summary({ format: 'combined' })], [], [], [/how long a request took/]],
  ['a zone', [summary({})], [clock(-19_800e6)], [], [/-05:30/]],
  ['a clock that is wrong by minutes', [summary({})], [clock(420e6)], [], []],
  ['a clock that is not known', [summary({})], [clock(3_600e6, false)], [], []],
] as const)
  test(`preflight: ${what}`, () => {
    const advice = preflight(sources, clocks, new Set<number>(withArrIds));
    assert.equal(advice.length, expected.length, JSON.stringify(advice));
    for (const [index, pattern] of expected.entries()) assert.match(advice[index]?.what ?? '', pattern);
    assert.ok(advice.every(({ command }) => command.length > 5));
  });
