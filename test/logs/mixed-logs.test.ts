import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { LOG_FORMATS } from '../../src/catalog.ts';
import { readLogs } from '../../src/logs/read-logs.ts';
import { createRandom } from '../../src/model/random.ts';
import { lineReader } from '../../src/pipeline/explain.ts';

const access = (second: number, status: number) =>
  `192.0.2.9 - - [20/Nov/2026:12:00:${String(second).padStart(2, '0')} +0000] "GET /a HTTP/1.1" ${status} 512 "-" "curl/8.0"\n`;
const error = (second: number) =>
  `2026/11/20 12:00:${String(second).padStart(2, '0')} [error] 8#8: *${second} connect() failed (111: Connection refused) while connecting to upstream, client: 192.0.2.9, server: shop, request: "GET /a HTTP/1.1", upstream: "http://192.0.2.12:8080/a", host: "shop"\n`;

async function read(text: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'gateprobe-mixed-'));
  try {
    await writeFile(path.join(folder, 'pod.log'), text);
    const { evidence } = await readLogs({
      specs: [{ files: ['pod.log'] }],
      baseFolder: folder,
      formats: LOG_FORMATS,
      memberNames: [],
      mask: (one) => one,
      wallMs: () => Date.UTC(2026, 10, 21),
      random: createRandom(1),
      read: lineReader(undefined),
    });
    return evidence;
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('messages between the requests are read as those of the same program, and every line counts once', async () => {
  const lines = Array.from({ length: 40 }, (_, at) => (at % 10 === 9 ? error(at) + access(at, 502) : access(at, 200)));
  const { sources, journeys, problems } = await read(lines.join(''));
  assert.deepEqual(
    sources.map(({ role, format, lines: count, entries, bad }) => [role, format, count, entries, bad]),
    [
      ['gateway', 'combined', 40, 40, 0],
      ['gateway', 'nginx-error', 4, 4, 0],
    ],
  );
  assert.deepEqual(problems, []);
  const failed = journeys.filter(({ gateway }) => gateway.access[0]?.status === 502);
  assert.deepEqual(
    failed.map(({ gateway }) => [gateway.details.length, gateway.reading?.outcome, gateway.reading?.member]),
    Array.from({ length: 4 }, () => [1, 'connect/refused', '192.0.2.12:8080']),
  );
});

test('lines of nothing known stay unread', async () => {
  const { sources } = await read(`${access(1, 200).repeat(20)}starting up\n${access(2, 502)}`);
  assert.deepEqual(
    sources.map(({ format, lines, entries, bad }) => [format, lines, entries, bad]),
    [['combined', 22, 21, 1]],
  );
});
