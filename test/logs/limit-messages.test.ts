import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { LOG_FORMATS } from '../../src/catalog.ts';
import type { ClientRequest } from '../../src/logs/read-logs.ts';
import { readLogs } from '../../src/logs/read-logs.ts';
import { createRandom } from '../../src/model/random.ts';
import { lineReader } from '../../src/pipeline/explain.ts';

const NGINX = [
  '2026/11/20 12:00:01 [notice] 8#8: start worker processes',
  '2026/11/20 12:00:05 [warn] 8#8: 24 worker_connections are not enough, reusing connections',
  '2026/11/20 12:00:09 [alert] 8#8: 24 worker_connections are not enough',
  '2026/11/20 12:00:10 [alert] 8#8: *7 24 worker_connections are not enough while connecting to upstream, client: 192.0.2.9, server: shop, request: "GET /a HTTP/1.1", upstream: "http://192.0.2.12:8080/a", host: "shop"',
];
const APACHE = [
  '[Fri Nov 20 12:00:01.000000 2026] [mpm_event:notice] [pid 9:tid 9] AH00489: Apache/2.4.66 (Debian) configured -- resuming normal operations',
  '[Fri Nov 20 12:00:05.000000 2026] [mpm_event:error] [pid 9:tid 9] AH10159: server is within MinSpareThreads of MaxRequestWorkers, consider raising the MaxRequestWorkers setting',
  '[Fri Nov 20 12:00:06.000000 2026] [mpm_event:error] [pid 9:tid 9] AH00484: server reached MaxRequestWorkers setting, consider raising the MaxRequestWorkers setting',
];

async function notes(lines: readonly string[], from: string, requests?: readonly ClientRequest[]) {
  const folder = await mkdtemp(path.join(tmpdir(), 'gateprobe-limits-'));
  try {
    await writeFile(path.join(folder, 'error.log'), `${lines.join('\n')}\n`);
    const { evidence } = await readLogs({
      specs: [{ from, files: ['error.log'] }],
      baseFolder: folder,
      formats: LOG_FORMATS,
      memberNames: ['web1'],
      mask: (one) => one,
      wallMs: () => Date.UTC(2026, 10, 21),
      random: createRandom(1),
      read: lineReader(undefined),
      ...(requests === undefined ? {} : { requests }),
    });
    return evidence.problems.filter((problem) => problem.startsWith('The error log of'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a limit that nginx says to have reached, without a request', async () => {
  const [note, ...rest] = await notes(NGINX, 'gateway');
  assert.match(
    note ?? '',
    /^The error log of the gateway says 2 times from 2026-11-20 12:00:05 to 2026-11-20 12:00:09 UTC “24 worker_connections are not enough, reusing connections”: .*`worker_connections`/,
  );
  assert.deepEqual(rest, []);
});

test('Apache on a member: the line itself, not the one before it', async () => {
  const found = await notes(APACHE, 'web1');
  assert.equal(found.length, 1);
  assert.match(
    found[0] ?? '',
    /^The error log of web1 says at 2026-11-20 12:00:06 UTC “AH00484: server reached MaxRequestWorkers/,
  );
});

test('in a run only what was said while it asked', async () => {
  const request = (seconds: number): ClientRequest => ({
    seq: 1,
    requestId: '00000000000000aa',
    sentAtUs: Date.UTC(2026, 10, 20, 12, 0, seconds) * 1_000,
    elapsedUs: 10_000,
    outcome: '200',
    isFailure: false,
    requestName: 'home',
    reusedConnection: false,
    idleUs: 0,
  });
  assert.equal((await notes(NGINX, 'gateway', [request(6)])).length, 1);
  assert.deepEqual(await notes(NGINX, 'gateway', [request(40)]), []);
});

test('a log without such a line has no note', async () => {
  assert.deepEqual(await notes(NGINX.slice(0, 1), 'gateway'), []);
});
