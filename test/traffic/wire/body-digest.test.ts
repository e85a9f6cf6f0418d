import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { createRandom } from '../../../src/model/random.ts';
import { createKnownPiece, digestOf, digestOfKnown } from '../../../src/traffic/wire/body-digest.ts';

const random = createRandom(7);
const whole = Buffer.from(Array.from({ length: 200_000 }, () => Math.floor(random.next() * 256)));

test('a digest is that of zlib, wherever the body is cut', () => {
  for (const length of [0, 1, 12, 64, 65, 511, 512, 10_240, 65_536, 65_537, 200_000]) {
    for (const cut of [0, 1, 63, Math.floor(length / 2), length]) {
      const at = Math.min(cut, length);
      const expected = crc32(whole.subarray(0, length));
      assert.equal(digestOf(whole, at, length, digestOf(whole, 0, at, 0)), expected, `${length} cut at ${at}`);
      const known = createKnownPiece();
      for (let again = 0; again < 3; again++) {
        const begun = digestOfKnown(known, whole, 0, at, 0);
        assert.equal(digestOfKnown(known, whole, at, length, begun), expected, `${length} cut at ${at}, known`);
      }
    }
  }
});

test('the same piece behind another one, one that differs in its last byte, a shorter one: each has its own digest', () => {
  const known = createKnownPiece();
  const page = Buffer.from(whole.subarray(0, 2_000));
  const other = Buffer.from(page);
  other[1_999] = (other[1_999] as number) ^ 1;
  for (const [bytes, to, before] of [
    [page, 2_000, 0],
    [page, 2_000, 0],
    [page, 2_000, 5],
    [other, 2_000, 5],
    [page, 2_000, 5],
    [page, 1_999, 5],
    [page, 2_000, 0],
  ] as const)
    assert.equal(digestOfKnown(known, bytes, 0, to, before), crc32(bytes.subarray(0, to), before));
});

test('pieces that never come again are seldom kept any more, until one does', () => {
  const known = createKnownPiece();
  let kept = 0;
  for (let id = 0; id < 200; id++) {
    digestOfKnown(known, whole, id, id + 600, 0);
    if (id >= 20 && known.digest === crc32(whole.subarray(id, id + 600))) kept++;
  }
  assert.ok(kept >= 1 && kept <= 4, `${kept}`);
  for (let again = 0; again < 100; again++) digestOfKnown(known, whole, 9, 700, 0);
  assert.equal(known.misses, 0, 'it is known again');
});
