import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { memberNotes } from '../../src/report/member-notes.ts';
import { makeRecording, OK, type Responder } from '../helpers/make-recording.ts';

test('one sentence for the member that differs, none where all are alike', () => {
  const page =
    (bodyDigest: number): Responder =>
    () => ({ us: 10_000, outcome: { ...OK, bodyDigest } });
  const notesOf = (odd: number) =>
    memberNotes(
      createMeasures(
        makeRecording({ seed: 3, members: ['web1', 'web2', 'web3'] })
          .compare({ ratePerSec: 2, durationUs: 20_000_000, member: { web1: page(7), web2: page(odd), web3: page(7) } })
          .build(),
      ),
    );
  const [note, ...more] = notesOf(9);
  assert.match(
    note ?? '',
    /^web2 answers otherwise than its peers, which answer alike: body of home \(120 bytes, checksum 00000009; its peers: 120 bytes, checksum 00000007\)/,
  );
  assert.equal(more.length, 0);
  assert.deepEqual(notesOf(7), []);
});
