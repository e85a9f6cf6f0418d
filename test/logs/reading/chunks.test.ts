import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { HEAD_BYTES } from '../../../src/logs/reading/chunks.ts';
import { NOW_MS, openPath, openPieces, readOpen, readPieces, smallLines } from './small-logs.ts';

const TEXT = '1 200 a ä 漢 😀\r\n2 502 b\n3 200 c\n';
const ROWS = ['1:200:1', '2:502:2', '3:200:3'];

function utf16(text: string, order: 'le' | 'be'): Buffer {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le');
  return order === 'be' ? bytes.swap16() : bytes;
}

const ENCODINGS: readonly (readonly [name: string, bytes: Buffer])[] = [
  ['UTF-8', Buffer.from(TEXT)],
  ['UTF-8 with a mark', Buffer.from(`\ufeff${TEXT}`)],
  ['UTF-16 LE', utf16(TEXT, 'le')],
  ['UTF-16 BE', utf16(TEXT, 'be')],
  ['gzip', gzipSync(TEXT)],
  ['gzip of UTF-16', gzipSync(utf16(TEXT, 'le'))],
  ['gzip of UTF-8 with a mark', gzipSync(`\ufeff${TEXT}`)],
  [
    'gzip of three members',
    Buffer.concat([gzipSync(TEXT.slice(0, 9)), gzipSync(TEXT.slice(9, 25)), gzipSync(TEXT.slice(25))]),
  ],
  ['gzip with zeros behind it, as on tapes', Buffer.concat([gzipSync(TEXT), Buffer.alloc(512)])],
];

describe('encodings', () => {
  for (const [name, bytes] of ENCODINGS) {
    test(`${name}: the same rows wherever it is split`, async () => {
      for (let at = 0; at < bytes.length; at++) {
        const { rows, entries, result } = await readPieces([bytes.subarray(0, at), bytes.subarray(at)]);
        assert.deepEqual(rows, ROWS, `split at ${at}`);
        assert.equal(entries[0]?.raw, '1 200 a ä 漢 😀');
        assert.deepEqual([result.problems, result.bytes, result.torn], [[], Buffer.byteLength(TEXT), 'none']);
      }
    });
    test(`${name}: byte by byte`, async () => {
      assert.deepEqual((await readPieces(Array.from(bytes, (byte) => Buffer.from([byte])))).rows, ROWS);
    });
  }

  test('a long UTF-16 text of wide characters is complete', async () => {
    const lines = Array.from({ length: 30_000 }, (_, i) => `${i} 200 漢字😀${'字'.repeat(i % 40)}`);
    for (const order of ['le', 'be'] as const) {
      const { entries } = await readPieces([utf16(`${lines.join('\n')}\n`, order)]);
      assert.deepEqual(
        entries.map(({ raw }) => raw),
        lines,
      );
    }
  });

  test('half a character at the end of UTF-16 does no harm', async () => {
    const { rows } = await readPieces([Buffer.concat([utf16(TEXT, 'le'), Buffer.from([0x3d])])]);
    assert.deepEqual(rows, ROWS);
  });

  test('the head is decoded text and is read again', async () => {
    const text = '1 200 a line of text\n'.repeat(10_000);
    const log = await openPieces([gzipSync(utf16(text, 'be'))]);
    assert.equal(log.head.toString(), text.slice(0, HEAD_BYTES));
    assert.equal((await readOpen(log)).result.entries, 10_000);
  });
});

describe('what cannot be read', () => {
  const lines = Array.from(
    { length: 50_000 },
    (_, i) => `${i} 200 ${((i * 2_654_435_761) % 4_294_967_296).toString(36)}\n`,
  );
  const packed = gzipSync(lines.join(''));

  test('a gzip file that ends in the middle gives what came before', async () => {
    const { rows, result } = await readPieces([packed.subarray(0, packed.length >> 1)]);
    assert.ok(rows.length > 20_000, `${rows.length} rows`);
    assert.match(result.problems[0]?.message ?? '', /ends in the middle/);
    assert.equal(result.bad.count, 0);
    assert.notEqual(result.torn, 'read');
  });

  test('a corrupt gzip file gives what came before', async () => {
    const corrupt = Buffer.from(packed);
    corrupt.fill(0xff, corrupt.length >> 1, (corrupt.length >> 1) + 64);
    const { rows, result } = await readPieces([corrupt]);
    assert.ok(rows.length > 15_000 && rows.length < 50_000, `${rows.length} rows`);
    assert.equal(result.problems.length, 1);
    assert.match(result.problems[0]?.message ?? '', /corrupt/);
    assert.match(result.problems[0]?.hint ?? '', /gzip -t/);
  });

  test('a wrong checksum is a problem', async () => {
    const corrupt = Buffer.from(packed);
    corrupt[corrupt.length - 6] = (corrupt.at(-6) ?? 0) ^ 0xff;
    const { rows, result } = await readPieces([corrupt]);
    assert.equal(result.problems.length, 1);
    assert.ok(rows.length > 40_000, `${rows.length} rows`);
  });

  test('any byte of a gzip file may be wrong', async () => {
    const small = gzipSync(TEXT);
    for (let at = 2; at < small.length; at++) {
      const corrupt = Buffer.from(small);
      corrupt[at] = (corrupt[at] ?? 0) ^ 0x55;
      const { result } = await readPieces([corrupt]);
      assert.ok(result.problems.length <= 1);
    }
  });

  for (const [start, what, hint] of [
    [Buffer.from('PK\x03\x04rest'), /ZIP/, /Unpack/],
    [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]), /zstd/, /zstd -d/],
    [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), /xz/, /xz -d/],
    [Buffer.from('BZh91AY'), /bzip2/, /bzip2 -d/],
    [Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), /7-Zip/, /Unpack/],
    [Buffer.from('ElfFile\0rest'), /event log/, /wevtutil/],
  ] as const) {
    test(`a file of another kind says so: ${what.source}`, async () => {
      const { rows, result } = await readPieces([start]);
      assert.deepEqual(rows, []);
      assert.equal(result.problems.length, 1);
      assert.match(result.problems[0]?.message ?? '', what);
      assert.match(result.problems[0]?.hint ?? '', hint);
    });
  }

  test('- without a standard input is a problem', async () => {
    const log = await openPieces([], { stdin: undefined });
    assert.match(log.problems[0]?.message ?? '', /no standard input/);
  });
});

describe('files', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gateprobe-chunks-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function write(name: string, text: string | Buffer, ageMs: number): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    await utimes(path, new Date(NOW_MS), new Date(NOW_MS - ageMs));
    return path;
  }

  const torn: readonly (readonly [name: string, text: string | Buffer, ageMs: number, torn: string, rows: number])[] = [
    ['an old file with a whole last line', '1 200 a\n2 200 b', 121_000, 'read', 2],
    ['an old file with half a last line', '1 200 a\n2 20', 121_000, 'left', 1],
    ['a live file', '1 200 a\n2 200 b', 119_000, 'left', 1],
    ['a live file that ends with its line', '1 200 a\n2 200 b\n', 0, 'none', 2],
    ['a file from the future', '1 200 a\n2 200 b', -60_000, 'left', 1],
    ['a gzip file that was just written', gzipSync('1 200 a\n2 200 b'), 0, 'read', 2],
    ['a gzip file that is cut', gzipSync('1 200 a\n2 200 b').subarray(0, -4), 121_000, 'left', 1],
    ['one line without an end', '1 200 a\r', 121_000, 'read', 1],
  ];
  for (const [name, text, ageMs, expected, rows] of torn) {
    test(`last line of ${name}: ${expected}`, async () => {
      const read = await readOpen(await openPath(await write('torn.log', text, ageMs)));
      assert.deepEqual([read.result.torn, read.rows.length], [expected, rows]);
      assert.equal(read.result.bad.count, 0);
    });
  }

  test('last line of standard input is read', async () => {
    assert.equal((await readPieces(['1 200 a'])).result.torn, 'read');
  });

  test('a file that grows is read up to its size at the start', async () => {
    const path = await write('grows.log', '1 200 a\n2 200 b', 200_000);
    const log = await openPath(path);
    await appendFile(path, ' more\n3 200 c\n');
    const { rows, result } = await readOpen(log);
    assert.deepEqual(rows, ['1:200:1']);
    assert.equal(result.torn, 'left');
  });

  test('a file that shrinks ends where it ends', async () => {
    const path = await write('shrinks.log', '1 200 a\n'.repeat(100_000), 200_000);
    const log = await openPath(path);
    await truncate(path, 0);
    const { result } = await readOpen(log);
    assert.ok(result.entries < 100_000);
    assert.equal(result.bad.count, 0);
  });

  test('a file that vanished after it was listed is a problem', async () => {
    const { rows, result } = await readOpen(await openPath(join(folder, 'gone.log')));
    assert.deepEqual(rows, []);
    assert.match(result.problems[0]?.message ?? '', /no such file/);
    assert.match(result.problems[0]?.hint ?? '', /rotated/);
  });

  test('a folder is a problem', async () => {
    await mkdir(join(folder, 'logs'), { recursive: true });
    const log = await openPath(join(folder, 'logs'));
    assert.match(log.problems[0]?.message ?? '', /folder/);
    assert.equal((await readOpen(log)).result.entries, 0);
  });

  test('name and time of change reach the format', async () => {
    const path = await write('u_ex261121.log.gz', gzipSync('1 200 a\n'), 5_000);
    const log = await openPath(path);
    assert.deepEqual([log.fileName, log.modifiedAtMs], ['u_ex261121.log', NOW_MS - 5_000]);
    let given: unknown;
    const reading = {
      unit: 'lines',
      open: (options: object) => {
        given = options;
        if (smallLines.reading.unit !== 'lines') throw new Error('not lines');
        return smallLines.reading.open(options);
      },
    } as const;
    await readOpen(log, { ...smallLines, reading }, { formatOptions: { timeZone: '+02:00', fileName: 'told.log' } });
    assert.deepEqual(given, { fileName: 'told.log', modifiedAtMs: NOW_MS - 5_000, timeZone: '+02:00' });
  });

  test('reading takes little memory for small files', async () => {
    const path = await write('small.log', '1 200 a\n', 200_000);
    assert.equal((await openPath(path)).maxTextBytes, 12);
  });
});
