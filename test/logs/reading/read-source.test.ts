import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_LINE_BYTES } from '../../../src/logs/reading/lines.ts';
import { type EntrySink, readSource } from '../../../src/logs/reading/read-source.ts';
import { openPieces, readPieces, smallDocument, smallLines } from './small-logs.ts';

const PROBE = 'gateprobe/1 (run=0123abcd; id=0123abcd00000007)';
const LOG = [
  '#Fields: a b',
  `10 200 erste Zeile mit Ä und 漢字`,
  `11 502 ${PROBE}`,
  '',
  'not a line',
  '9 404 \0 within',
  '+part one',
  `+part two ${PROBE}`,
  '12 500 record',
  '- 503 no time',
  '13 200 last',
].join('\r\n');
const ROWS = ['2:200:10', '3:502:11!', '6:404:9', '7:500:12!', '10:503:NaN', '11:200:13'];

describe('lines', () => {
  test('a log is counted, placed and told apart', async () => {
    const { rows, entries, result } = await readPieces([`${LOG}\n`]);
    assert.deepEqual(rows, ROWS);
    assert.deepEqual(
      { ...result, problems: result.problems.length },
      {
        lines: 11,
        entries: 6,
        directives: 1,
        blanks: 1,
        bad: { count: 1, first: [{ line: 5, text: 'not a line', reason: 'not a line of small lines' }] },
        torn: 'none',
        firstAtUs: 9_000_000,
        lastAtUs: 13_000_000,
        missing: ['time-taken'],
        breaks: [{ line: 3, atUs: 5 }],
        bytes: Buffer.byteLength(LOG) + 1,
        problems: 0,
        isAborted: false,
      },
    );
    assert.deepEqual(
      entries.map(({ source, line, raw }) => [source, line, raw]),
      [
        [3, 2, '10 200 erste Zeile mit Ä und 漢字'],
        [3, 3, `11 502 ${PROBE}`],
        [3, 6, '9 404 \\x00 within'],
        [3, 7, `+part one\n+part two ${PROBE}\n12 500 record`],
        [3, 10, '- 503 no time'],
        [3, 11, '13 200 last'],
      ],
    );
  });

  test('split at every byte it says the same', async () => {
    const bytes = Buffer.from(`\ufeff${LOG}`);
    const whole = await readPieces([bytes]);
    assert.deepEqual(whole.rows, ROWS);
    for (let at = 1; at < bytes.length; at++) {
      const split = await readPieces([bytes.subarray(0, at), bytes.subarray(at)]);
      assert.deepEqual(split, whole, `split at byte ${at}`);
    }
  });

  test('byte by byte it says the same', async () => {
    const bytes = Buffer.from(LOG);
    const single = await readPieces(Array.from(bytes, (byte) => Buffer.from([byte])));
    assert.deepEqual(single, await readPieces([bytes]));
  });

  test('only wanted entries are made', async () => {
    const wanted: number[] = [];
    const sink: EntrySink = {
      row: (row) => row.status >= 500,
      entry: ({ line }) => wanted.push(line),
    };
    const { result } = await readPieces([LOG], smallLines, { sink });
    assert.deepEqual(wanted, [3, 7, 10]);
    assert.equal(result.entries, 6);
  });

  test('secrets and control characters do not get out', async () => {
    const { entries, result } = await readPieces([
      '1 200 \x1b[31msecret\n',
      'bad \x1b secret \u202e\n',
      `1 200 ${'x'.repeat(5_000)}\n`,
    ]);
    assert.equal(entries[0]?.raw, '1 200 \\x1b[31m***');
    assert.equal(result.bad.first[0]?.text, 'bad \\x1b *** \\u202e');
    assert.equal(entries[1]?.raw.length, 2_000);
  });

  test('a secret at the cut is hidden as a whole', async () => {
    const { entries } = await readPieces([`1 200 ${'x'.repeat(1_991)}secret\n`]);
    assert.ok(!entries[0]?.raw.includes('s'), entries[0]?.raw.slice(-20));
  });

  test('bad lines are all counted and the first ones kept', async () => {
    const { result } = await readPieces(['x\n'.repeat(1_000)]);
    assert.equal(result.bad.count, 1_000);
    assert.deepEqual(
      result.bad.first.map(({ line }) => line),
      [1, 2, 3, 4, 5],
    );
  });

  test('a record that is never completed does not mark the next one', async () => {
    const { rows, entries } = await readPieces([`+part ${PROBE}\nbad\n1 200 alone\n`]);
    assert.deepEqual(rows, ['3:200:1']);
    assert.equal(entries[0]?.raw, '1 200 alone');
  });

  test('of a record of any length only the beginning is kept', async () => {
    const { entries } = await readPieces([`${'+part\n'.repeat(100_000)}1 200 end\n`]);
    assert.equal(entries[0]?.raw.length, 2_000);
    assert.equal(entries[0]?.line, 1);
  });
});

describe('probe marks', () => {
  test('are found in each line that has them and in no other', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => {
      const text = i % 7 === 0 ? `${PROBE} ${PROBE}` : i % 11 === 0 ? 'gateprobe' : '/';
      return `${i} 200 ${'x'.repeat(i % 300)} ${text}\n`;
    });
    const { rows } = await readPieces([lines.join('')]);
    assert.deepEqual(
      rows,
      lines.map((line, i) => `${i + 1}:200:${i}${line.includes('gateprobe/') ? '!' : ''}`),
    );
  });

  test('bytes left over from an earlier buffer are no marks', async () => {
    async function* pieces() {
      yield Buffer.from(`1 200 ${'x'.repeat(100)} ${PROBE}\n`);
      for (let i = 0; i < 5; i++) yield Buffer.from('2 200 short\n');
    }
    const { rows } = await readPieces(pieces());
    assert.deepEqual(
      rows.map((row) => row.endsWith('!')),
      [true, false, false, false, false, false],
    );
  });
});

describe('edges', () => {
  const cases: readonly (readonly [name: string, text: string | Buffer, rows: readonly string[], lines: number])[] = [
    ['an empty log', '', [], 0],
    ['only line ends', '\n\r\n\n', [], 3],
    ['only directives', '#a\n#b\n', [], 2],
    ['only NULs', Buffer.alloc(70_000), [], 0],
    ['a hole before the text', Buffer.concat([Buffer.alloc(200_000), Buffer.from('1 200 a\n')]), ['1:200:1'], 1],
    ['NULs before a line', '1 200 a\n\0\0\0\x002 200 b\n', ['1:200:1', '2:200:2'], 2],
    [
      'a hole longer than a line',
      Buffer.concat([Buffer.from('1 200 a\n'), Buffer.alloc(3 * MAX_LINE_BYTES), Buffer.from('2 200 b\n')]),
      ['1:200:1', '2:200:2'],
      2,
    ],
    [
      'NULs at the end, as http.sys leaves them',
      Buffer.concat([Buffer.from('1 200 a\n'), Buffer.alloc(5_000)]),
      ['1:200:1'],
      1,
    ],
    ['a CR alone is no line end', '1 200 a\rb\n', ['1:200:1'], 1],
    [
      'bytes that are not UTF-8',
      Buffer.from([0x31, 0x20, 0x32, 0x30, 0x30, 0x20, 0xff, 0xfe, 0xc3, 10]),
      ['1:200:1'],
      1,
    ],
  ];
  for (const [name, text, rows, lines] of cases) {
    test(name, async () => {
      const read = await readPieces([text]);
      assert.deepEqual(read.rows, rows);
      assert.equal(read.result.lines, lines);
      assert.equal(read.result.bad.count, 0);
      assert.deepEqual(read.result.problems, []);
      assert.equal(read.result.torn, 'none');
    });
  }

  test('times are left out where no line has one', async () => {
    const { result } = await readPieces(['- 200 a\n']);
    assert.ok(!('firstAtUs' in result) && !('lastAtUs' in result));
  });

  test('a line of exactly the greatest length is read, a longer one cut and counted, wherever it is split', async () => {
    const line = (length: number): string => `1 200 ${'x'.repeat(length - 6)}`;
    const text = Buffer.from(
      ['0 200 a', line(MAX_LINE_BYTES), line(MAX_LINE_BYTES + 1), line(5 * MAX_LINE_BYTES), '2 200 b', ''].join('\r\n'),
    );
    for (const pieceLength of [4_093, 700_001, MAX_LINE_BYTES, text.length]) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < text.length; at += pieceLength) pieces.push(text.subarray(at, at + pieceLength));
      const { rows, result } = await readPieces(pieces);
      assert.deepEqual(rows, ['1:200:0', '2:200:1', '5:200:2'], `pieces of ${pieceLength}`);
      assert.equal(result.lines, 5);
      assert.deepEqual(
        result.bad.first.map(({ line: number, text: shown, reason }) => [number, shown.length, reason]),
        [3, 4].map((number) => [number, 300, `longer than ${MAX_LINE_BYTES} bytes`]),
      );
    }
  });

  test('a line that is too long and has no end is counted once', async () => {
    const { result } = await readPieces(['1 200 a\n', 'y'.repeat(3 * MAX_LINE_BYTES)]);
    assert.deepEqual([result.lines, result.entries, result.bad.count, result.torn], [2, 1, 1, 'none']);
  });
});

describe('documents', () => {
  const XML = `<?xml version="1.0"?>\n<all>\n<r at="1" s="200">a</r>\n\n<r at="2" s="502">\n${PROBE} ä secret</r><r at="4" s="500">c</r>\n<bad/>\n<r at="3" s="200">d</r></all>\n`;

  test('entries have their line and their text', async () => {
    const { rows, entries, result } = await readPieces([XML], smallDocument);
    assert.deepEqual(rows, ['1:200:1', '5:502:2!', '6:500:4', '7:200:3']);
    assert.deepEqual(entries.map(({ raw }) => raw).slice(1), [
      `<r at="2" s="502">\n${PROBE} ä ***</r>`,
      '<r at="4" s="500">c</r>',
      '<bad/>\n<r at="3" s="200">d</r>',
    ]);
    assert.deepEqual([result.entries, result.lines, result.torn], [4, 8, 'none']);
    assert.deepEqual([result.firstAtUs, result.lastAtUs], [1_000_000, 4_000_000]);
    assert.deepEqual(result.bad, { count: 1, first: [{ line: 7, text: '<bad/>', reason: 'bad is bad' }] });
  });

  test('split at every byte it says the same', async () => {
    const bytes = Buffer.from(XML);
    const whole = await readPieces([bytes], smallDocument);
    for (let at = 1; at < bytes.length; at++)
      assert.deepEqual(await readPieces([bytes.subarray(0, at), bytes.subarray(at)], smallDocument), whole, `at ${at}`);
  });

  test('text without tags or lines does not pile up, an empty document has no lines', async () => {
    const { result } = await readPieces(['x'.repeat(2_000_000)], smallDocument);
    assert.deepEqual([result.entries, result.lines, result.bytes], [0, 1, 2_000_000]);
    assert.equal((await readPieces([''], smallDocument)).result.lines, 0);
  });

  test('only wanted entries are handed on', async () => {
    const got: number[] = [];
    await readPieces([XML], smallDocument, {
      sink: { row: (row) => row.status === 502, entry: ({ line }) => got.push(line) },
    });
    assert.deepEqual(got, [5]);
  });
});

describe('ends', () => {
  test('an abort stops a stream that says nothing more', async () => {
    for (const format of [smallLines, smallDocument]) {
      const controller = new AbortController();
      async function* pieces() {
        yield Buffer.from('1 200 a\n'.repeat(20_000));
        setImmediate(() => controller.abort());
        await new Promise(() => undefined);
      }
      const { result } = await readPieces(pieces(), format, { signal: controller.signal });
      assert.equal(result.isAborted, true);
      assert.equal(result.torn, 'none');
    }
  });

  test('an abort beforehand reads nothing', async () => {
    const { result } = await readPieces(['1 200 a\n'], smallLines, { signal: AbortSignal.abort() });
    assert.deepEqual([result.isAborted, result.entries], [true, 0]);
  });

  test('an abort in the middle keeps what was read', async () => {
    const controller = new AbortController();
    let rows = 0;
    const sink: EntrySink = {
      row: () => {
        if (rows++ === 0) controller.abort();
        return false;
      },
      entry: () => undefined,
    };
    const { result } = await readPieces(['1 200 a\n'.repeat(1_000_000)], smallLines, {
      sink,
      signal: controller.signal,
    });
    assert.equal(result.isAborted, true);
    assert.ok(result.entries > 0 && result.entries < 1_000_000, `${result.entries} entries`);
  });

  test('a stream that breaks gives what came before and a problem', async () => {
    async function* pieces() {
      yield Buffer.from('1 200 a\n2 2');
      throw new Error('pipe broke');
    }
    const { rows, result } = await readPieces(pieces());
    assert.deepEqual(rows, ['1:200:1']);
    assert.equal(result.torn, 'left');
    assert.match(result.problems[0]?.message ?? '', /pipe broke/);
    assert.equal(result.problems[0]?.path, 'standard input');
  });

  test('a sink that throws is the only thing that rejects, and the log is closed', async () => {
    const log = await openPieces(['1 200 a\n']);
    let closed = 0;
    const close = async (): Promise<void> => {
      closed++;
      await log.close();
    };
    const sink: EntrySink = {
      row: () => {
        throw new Error('sink');
      },
      entry: () => undefined,
    };
    await assert.rejects(
      readSource({ format: smallLines, log: { ...log, close }, source: 0, sink, mask: (text) => text }),
      /sink/,
    );
    assert.equal(closed, 1);
  });

  test('the event loop gets its turn', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await readPieces(['1 200 some text of a line\n'.repeat(300_000)]);
    clearInterval(timer);
    assert.ok(turns > 2, `${turns} turns`);
  });
});
