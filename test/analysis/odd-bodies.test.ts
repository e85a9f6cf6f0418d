import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { oddBodies, sizeOf } from '../../src/analysis/odd-bodies.ts';
import { makeRecording, OK, type Responder } from '../helpers/make-recording.ts';

/** The first `odd` answers have another body. */
const page =
  (odd: number, bytes = 57): Responder =>
  ({ index }) => ({
    us: 10_000,
    outcome: index < odd ? { ...OK, bodyDigest: 9, bodyBytes: bytes } : { ...OK, bodyDigest: 7 },
  });

const ROWS: readonly (readonly [what: string, gateway: Responder, member: Responder, odd: number])[] = [
  ['none', page(0), page(0), 0],
  ['two, which could be one incident', page(2), page(0), 0],
  ['three', page(3), page(0), 3],
  ['the same size, another content', page(3, 120), page(0), 3],
  ['all but four: the gateway changes bodies on purpose', page(36), page(0), 0],
  ['a member has others as well', page(3), page(1), 0],
];
for (const [what, gateway, member, odd] of ROWS) {
  test(`odd bodies: ${what}`, () => {
    const found = oddBodies(
      createMeasures(
        makeRecording({ seed: 1, members: ['web1'] })
          .compare({ ratePerSec: 2, durationUs: 20_000_000, gateway, member })
          .build(),
      ),
    );
    assert.equal(found.length, odd === 0 ? 0 : 1);
    assert.equal(found[0]?.odd.length ?? 0, odd);
    if (found[0] !== undefined)
      assert.deepEqual([found[0].of, found[0].bytes, found[0].requestName], [40, 120, 'home']);
    for (const one of found[0]?.odd ?? []) assert.ok([57, 120].includes(sizeOf(one)));
  });
}
