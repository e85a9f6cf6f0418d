import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { unlikeBodies } from '../../src/analysis/unlike-bodies.ts';
import { makeRecording, OK, type Responder } from '../helpers/make-recording.ts';

/** Pages of about so many bytes, each with another token in it. */
const dynamic =
  (bytes: number, spread: number, status = 200): Responder =>
  ({ index }) => ({
    us: 9_000,
    outcome: { ...OK, status, bodyDigest: index, bodyBytes: bytes + (index % 3) * spread },
  });

const ROWS: readonly (readonly [
  what: string,
  members: Readonly<Record<string, Responder>>,
  expected: readonly [shorter: string, longer: string] | undefined,
  seconds?: number,
])[] = [
  ['all alike', { web1: dynamic(500, 2), web2: dynamic(500, 2) }, undefined],
  ['a name in the page', { web1: dynamic(500, 2), web2: dynamic(520, 2) }, undefined],
  ['an error page on one', { web1: dynamic(500, 2), web2: dynamic(90, 1) }, ['web2', 'web1']],
  ['lengths that overlap', { web1: dynamic(500, 200), web2: dynamic(600, 200) }, undefined],
  ['a refusal on one is told by its status', { web1: dynamic(500, 2), web2: dynamic(90, 1, 404) }, undefined],
  ['too few answers', { web1: dynamic(500, 2), web2: dynamic(90, 1) }, undefined, 2],
  [
    'two of four',
    { web1: dynamic(500, 2), web2: dynamic(90, 1), web3: dynamic(510, 2), web4: dynamic(91, 1) },
    ['web2 web4', 'web1 web3'],
  ],
];

for (const [what, member, expected, seconds = 20] of ROWS)
  test(`members with pages of different length: ${what}`, () => {
    const found = unlikeBodies(
      createMeasures(
        makeRecording({ seed: 4, members: Object.keys(member) })
          .compare({ ratePerSec: 2, durationUs: seconds * 1_000_000, gateway: dynamic(500, 2), member })
          .build(),
      ),
    );
    assert.deepEqual(
      found.map(({ shorter, longer }) => [shorter.members.join(' '), longer.members.join(' ')]),
      expected === undefined ? [] : [expected],
    );
  });

test('one member that falls out of three is told as its own difference, not here', () => {
  const page =
    (bytes: number): Responder =>
    () => ({ us: 9_000, outcome: { ...OK, bodyDigest: bytes, bodyBytes: bytes } });
  const measures = createMeasures(
    makeRecording({ seed: 4, members: ['web1', 'web2', 'web3'] })
      .compare({
        ratePerSec: 2,
        durationUs: 20_000_000,
        gateway: page(500),
        member: { web1: page(500), web2: page(90), web3: page(500) },
      })
      .build(),
  );
  assert.deepEqual(unlikeBodies(measures), []);
});
