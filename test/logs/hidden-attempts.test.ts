import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { LOG_FORMATS } from '../../src/catalog.ts';
import { readLogs } from '../../src/logs/read-logs.ts';
import { createRandom } from '../../src/model/random.ts';
import { lineReader } from '../../src/pipeline/explain.ts';

const two = (value: number): string => String(value).padStart(2, '0');
const access = (second: number, status: number) =>
  `192.0.2.9 - - [20/Nov/2026:12:00:${two(second)} +0000] "GET /a HTTP/1.1" ${status} 512 "-" "curl/8.0"`;
const error = (second: number) =>
  `2026/11/20 12:00:${two(second)} [error] 8#8: *${second} upstream timed out (110: Connection timed out) while connecting to upstream, client: 192.0.2.9, server: shop, request: "GET /a HTTP/1.1", upstream: "http://192.0.2.12:8080/a", host: "shop"`;

async function notes(lines: readonly string[], errors: readonly string[]): Promise<readonly string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gateprobe-hidden-'));
  try {
    await writeFile(path.join(folder, 'access.log'), `${lines.join('\n')}\n`);
    await writeFile(path.join(folder, 'error.log'), `${errors.join('\n')}\n`);
    const { evidence } = await readLogs({
      specs: [{ from: 'gateway', files: ['*.log'] }],
      baseFolder: folder,
      formats: LOG_FORMATS,
      memberNames: [],
      mask: (one) => one,
      wallMs: () => Date.UTC(2026, 10, 21),
      random: createRandom(1),
      read: lineReader(undefined),
    });
    return evidence.problems.filter((problem) => problem.includes('no failed request tells'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const seconds = Array.from({ length: 10 }, (_, at) => 5 * at);
const good = seconds.map((second) => access(second, 200));

test('attempts that failed behind good answers are told, with the member', async () => {
  const [note, ...rest] = await notes(good, seconds.slice(2, 6).map(error));
  assert.match(
    note ?? '',
    /^4 attempts at 192\.0\.2\.12:8080 failed that no failed request tells \(“upstream timed out .* while connecting to upstream”, 2026-11-20 12:00:10 to 2026-11-20 12:00:25 UTC\)/,
  );
  assert.deepEqual(rest, []);
});

test('two are a chance', async () => {
  assert.deepEqual(await notes(good, seconds.slice(2, 4).map(error)), []);
});

test('lines of requests that failed are theirs', async () => {
  const failed = seconds.map((second) => access(second, 504));
  assert.deepEqual(await notes(failed, seconds.map(error)), []);
});

test('a failure without a line may have any of them', async () => {
  assert.deepEqual(await notes([...good, access(59, 502)], seconds.slice(2, 6).map(error)), []);
});
