import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LOG_FORMATS } from '../../src/catalog.ts';
import { APACHE_FORMAT, NGINX_FORMAT, preflight } from '../../src/logs/preflight.ts';
import { recogniseFormat } from '../../src/logs/reading/recognise.ts';
import type { ClockEstimate, LogSourceSummary } from '../../src/model/journey.ts';
import type { LogEntry } from '../../src/model/log.ts';
import { startApache } from '../helpers/gateways/apache.ts';
import { startNginx } from '../helpers/gateways/nginx.ts';
import { readLines } from '../helpers/read-log.ts';
import { missingProgram } from '../helpers/requires.ts';

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
  [
    'a gateway that does not name its member',
    [summary({ format: 'apache', missing: ['%X'] })],
    [],
    [],
    [/has no %X\.$/],
  ],
  [
    'a member is not asked for members of its own',
    [summary({ role: 'member', member: 'web1', format: 'nginx', missing: ['$upstream_addr', '$connection'] })],
    [],
    [],
    [/web1 has no \$connection\.$/],
  ],
  ['a member that lacks only those', [{ ...MEMBER, format: 'apache', missing: ['%{error-notes}n'] }], [], [], []],
  ['a common log', [summary({ format: 'combined' })], [], [], [/how long a request took/]],
  ['a zone', [summary({ format: 'haproxy' })], [clock(-19_800e6)], [], [/-05:30 .* local times/]],
  ['a clock that is wrong by hours', [summary({})], [clock(-19_800e6)], [], [/-05:30 .* its clock is wrong/]],
  ['a clock that is wrong by minutes', [summary({})], [clock(420e6)], [], []],
  ['a clock that is not known', [summary({})], [clock(3_600e6, false)], [], []],
] as const)
  test(`preflight: ${what}`, () => {
    const advice = preflight(sources, clocks, new Set<number>(withArrIds));
    assert.equal(advice.length, expected.length, JSON.stringify(advice));
    for (const [index, pattern] of expected.entries()) assert.match(advice[index]?.what ?? '', pattern);
    assert.ok(advice.every(({ command }) => command.length > 5));
  });

test('preflight: sizes are asked for only where slow answers need them', () => {
  const slow = summary({ okDurationUs: { count: 500, p50: 36_000, p90: 112_000, p99: 69_000_000, max: 84_000_000 } });
  const quick = summary({ okDurationUs: { count: 500, p50: 36_000, p90: 112_000, p99: 300_000, max: 900_000 } });
  const said = (source: LogSourceSummary, without: readonly number[]) =>
    preflight([source], [], new Set(), new Set(without)).map(({ what }) => what);
  assert.match(said(slow, [0])[0] ?? '', /no sc-bytes: of slow answers it cannot be told/);
  assert.deepEqual([said(slow, []), said(quick, [0]), said(summary({}), [0])], [[], [], []]);
});

test('preflight: the documentation advises the same formats', () => {
  const guide = readFileSync(new URL('../../docs/collecting-logs.md', import.meta.url), 'utf8');
  for (const format of [NGINX_FORMAT, APACHE_FORMAT]) assert.ok(guide.includes(`\`${format}\``), format);
});

for (const { id, program, start, logFormat } of [
  { id: 'nginx', program: 'nginx', start: startNginx, logFormat: NGINX_FORMAT },
  { id: 'apache', program: 'apache2', start: startApache, logFormat: APACHE_FORMAT },
] as const)
  test(`preflight: what ${program} writes with the advised format needs no pattern and lacks nothing`, {
    skip: missingProgram(program),
  }, async () => {
    const member = createServer((_request, response) => response.end('ok'));
    member.listen(0, '127.0.0.1');
    await once(member, 'listening');
    const { port } = member.address() as AddressInfo;
    const gateway = await start({ members: [`127.0.0.1:${port}`], logFormat });
    try {
      for (const path of ['/a?b=c', '/d', '/e']) await (await fetch(gateway.url + path)).text();
      member.closeAllConnections();
      await new Promise((resolve) => member.close(resolve));
      assert.ok((await fetch(`${gateway.url}/gone`)).status >= 500);
      const text = await writtenLines(gateway.accessLog ?? '', 4);
      const known = recogniseFormat(Buffer.from(text), { formats: LOG_FORMATS, name: 'log', mask: (one) => one });
      assert.equal(known.kind, 'known', text);
      assert.ok(known.kind === 'known' && known.format.id === id, text);
      const { entries, bad, missing } = readLines(known.format, text);
      assert.deepEqual(bad, []);
      assert.deepEqual(missing, [], text);
      assert.deepEqual(
        entries.map(({ path }) => path),
        ['/a', '/d', '/e', '/gone'],
      );
      const [first, , , last] = entries as readonly [LogEntry, LogEntry, LogEntry, LogEntry];
      assert.ok(first.durationUs !== undefined && first.resolutionUs <= 1_000, text);
      assert.match(first.upstream?.[0]?.address ?? '', new RegExp(`127\\.0\\.0\\.1:${port}$`));
      assert.equal(first.upstream?.[0]?.status, 200);
      assert.equal(first.query, 'b=c');
      assert.ok((last.status ?? 0) >= 500);
      if (id === 'apache') assert.match(last.ids.local ?? '', /^\S{8,}$/, text);
    } finally {
      await gateway.stop();
      member.close();
    }
  });

/** A line may be written a moment after its answer. */
async function writtenLines(path: string, count: number): Promise<string> {
  for (;;) {
    const text = readFileSync(path, 'utf8');
    if (text.split('\n').length > count) return text;
    await delay(20);
  }
}
