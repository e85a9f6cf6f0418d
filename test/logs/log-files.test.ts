import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { LOG_FORMATS } from '../../src/catalog.ts';
import { httperr } from '../../src/logs/formats/httperr.ts';
import { iisW3c } from '../../src/logs/formats/iis-w3c.ts';
import { type FileOptions, type LogSpec, openFiles } from '../../src/logs/log-files.ts';
import { readSource } from '../../src/logs/reading/read-source.ts';

function options(specs: readonly LogSpec[], more: Partial<FileOptions> = {}): FileOptions {
  return {
    specs,
    baseFolder: 'test/fixtures/logs/iis/seed-dropped',
    formats: [iisW3c, httperr],
    memberNames: [],
    mask: (text) => text,
    wallMs: () => 0,
    ...more,
  };
}

test('what the user says about a file is taken, the rest is told from its lines', async () => {
  const { files, problems } = await openFiles(
    options([{ from: 'web1', files: ['member-httperr.log'], writtenUntilUs: 5 }, { files: ['arr.log'] }]),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    files.map(({ role, member, format, writtenUntilUs }) => [role, member, format.id, writtenUntilUs]),
    [
      ['member', 'web1', 'httperr', 5],
      ['gateway', undefined, 'iis-w3c', undefined],
    ],
  );
  assert.match(files[1]?.roleBecause ?? '', /ARR/);
});

test('a format that does not fit is taken with a doubt; a file that is not there is a problem', async () => {
  const { files, problems } = await openFiles(options([{ format: 'httperr', files: ['arr.log', 'none.log'] }]));
  assert.deepEqual(
    files.map(({ format }) => format.id),
    ['httperr'],
  );
  assert.deepEqual(problems.map(({ path }) => path).sort(), ['arr.log', 'none.log']);
});

for (const [program, error, forced, expected] of [
  [
    'Apache',
    '[Fri Nov 20 12:00:00.000000 2026] [proxy:error] [pid 9:tid 9] [client 192.0.2.9:5000] AH00898: Error reading from remote server returned by /a',
    undefined,
    'apache',
  ],
  [
    'nginx',
    '2026/11/20 12:00:00 [error] 8#8: *1 upstream timed out, client: 192.0.2.9, upstream: "http://192.0.2.12/a"',
    undefined,
    'nginx',
  ],
  ['nobody', '', undefined, 'combined'],
  [
    'Apache, but the user named the format',
    '[Fri Nov 20 12:00:00.000000 2026] [proxy:error] [pid 9:tid 9] AH00898: x',
    'combined',
    'combined',
  ],
] as const)
  test(`a combined access log beside the error log of ${program}`, async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'gateprobe-files-'));
    try {
      const line = '192.0.2.9 - - [20/Nov/2026:12:00:00 +0000] "GET /a HTTP/1.1" 502 12 "-" "curl"\n';
      await writeFile(path.join(folder, 'access.log'), line);
      await writeFile(path.join(folder, 'error.log'), error === '' ? '' : `${error}\n`);
      const access = { from: 'gateway', files: ['access.log'], ...(forced === undefined ? {} : { format: forced }) };
      const { files } = await openFiles({
        ...options([access, { from: 'gateway', files: ['error.log'] }]),
        baseFolder: folder,
        formats: LOG_FORMATS,
      });
      assert.equal(files.find(({ name }) => name === 'access.log')?.format.id, expected);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

test('the head that a role was told from is read again from standard input', async () => {
  const text = '2026-11-20 12:00:00 10.0.0.9 1 10.0.0.2 80 HTTP/1.1 GET /a 503 1 QueueFull Pool\n'.repeat(3_000);
  const { files } = await openFiles(options([{ files: ['-'] }], { stdin: Readable.from([Buffer.from(text)]) }));
  const [file] = files;
  assert.ok(file !== undefined);
  let count = 0;
  await readSource({
    format: file.format,
    log: await file.open(),
    source: 0,
    mask: (one) => one,
    sink: {
      row: () => {
        count++;
        return false;
      },
      entry: () => undefined,
    },
  });
  assert.equal(count, 3_000);
});
