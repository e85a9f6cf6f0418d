import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { memberNotes } from '../../src/report/member-notes.ts';
import { classOf, evidenceOf, summary } from '../detectors/synthetic-journeys.ts';
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

test('a member whose log is full of refusals that its peers have not is told, with both shares', () => {
  const measures = createMeasures(makeRecording({ seed: 3 }).build());
  const logs = evidenceOf([], {
    sources: [
      summary({ index: 0 }),
      summary({ index: 1, classes: [classOf({ status: 200, count: 1_000, kept: 0 })] }),
      summary({
        index: 2,
        member: 'web2',
        classes: [
          classOf({ status: 200, count: 700, kept: 0 }),
          classOf({ status: 401, substatus: 2, count: 300, kept: 0 }),
        ],
      }),
    ],
  });
  assert.deepEqual(
    memberNotes({ ...measures, logs }).map((note) => note.split('. No fault')[0]),
    [
      'web2 answers otherwise than its peers, by their logs: 401.2 to 300 of 1,000 requests (30 %), the peers to none of 1,000 requests',
    ],
  );
  assert.deepEqual(memberNotes({ ...measures, logs: evidenceOf([]) }), []);
});
