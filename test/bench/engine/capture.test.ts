import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exchangesOf } from './capture.ts';

const PORT = 8080;
type Packet = { readonly atUs: number; readonly client: number; readonly isAnswer?: boolean; readonly bytes: number };

/** A capture file of IPv4 packets; TCP with 12 bytes of options, as Linux sends it. */
function captureOf(packets: readonly Packet[]): Buffer {
  const records = packets.map(({ atUs, client, isAnswer = false, bytes }) => {
    const frame = Buffer.alloc(14 + 20 + 32 + bytes);
    frame[14] = 0x45;
    frame.writeUInt16BE(20 + 32 + bytes, 16);
    frame.writeUInt16BE(isAnswer ? PORT : client, 34);
    frame.writeUInt16BE(isAnswer ? client : PORT, 36);
    frame[46] = 8 << 4;
    const kept = frame.subarray(0, 128);
    const head = Buffer.alloc(16);
    head.writeUInt32LE(1_700_000_000 + Math.floor(atUs / 1e6), 0);
    head.writeUInt32LE((atUs % 1e6) * 1e3, 4);
    head.writeUInt32LE(kept.length, 8);
    head.writeUInt32LE(frame.length, 12);
    return Buffer.concat([head, kept]);
  });
  return Buffer.concat([Buffer.alloc(24), ...records]);
}

const ROWS: readonly (readonly [what: string, packets: readonly Packet[], expected: readonly [number, number][]])[] = [
  ['nothing', [], []],
  [
    'an answer in pieces ends with its last',
    [
      { atUs: 100, client: 5000, bytes: 90 },
      { atUs: 300, client: 5000, isAnswer: true, bytes: 1_000 },
      { atUs: 450, client: 5000, isAnswer: true, bytes: 500 },
    ],
    [[100, 350]],
  ],
  [
    'two connections at once, and one that is used again a second later',
    [
      { atUs: 0, client: 5000, bytes: 90 },
      { atUs: 10, client: 5001, bytes: 90 },
      { atUs: 20, client: 5001, isAnswer: true, bytes: 70 },
      { atUs: 50, client: 5000, isAnswer: true, bytes: 70 },
      { atUs: 1_000_000, client: 5000, bytes: 90 },
      { atUs: 1_000_040, client: 5000, isAnswer: true, bytes: 70 },
    ],
    [
      [0, 50],
      [10, 10],
      [1_000_000, 40],
    ],
  ],
  [
    'acknowledgements and a request that nobody answers are no exchange',
    [
      { atUs: 0, client: 5000, bytes: 0 },
      { atUs: 5, client: 5000, bytes: 90 },
      { atUs: 8, client: 5000, isAnswer: true, bytes: 0 },
    ],
    [],
  ],
];
for (const [what, packets, expected] of ROWS) {
  test(`exchanges of a capture: ${what}`, () => {
    const found = exchangesOf(captureOf(packets), PORT).map(({ sentUs, serviceUs }) => [sentUs, serviceUs]);
    assert.deepEqual(found, expected);
  });
}
