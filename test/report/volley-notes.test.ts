import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { volleyNotes } from '../../src/report/volley-notes.ts';
import { makeRecording, plus, queueOf, type RecordingBuilder } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

function farm(servers: number | undefined, seed = 1): RecordingBuilder {
  const member = servers === undefined ? 80_000 : queueOf({ servers, serviceUs: 80_000 });
  return makeRecording({ seed, noise: 1, members: ['web1', 'web2'] })
    .compare({ ratePerSec: 2, durationUs: 10 * SEC, gateway: 82_000, member: 80_000 })
    .volley({
      sizes: [2, 4, 8, 12],
      rounds: 2,
      gateway: plus(2_000, 80_000),
      member: { web1: 80_000, web2: member },
    });
}

const notesOf = (builder: RecordingBuilder): readonly string[] => volleyNotes(createMeasures(builder.build()));

test('a member that works on three at a time is told, with what the last of a volley waits', () => {
  const [note, ...rest] = notesOf(farm(3));
  assert.match(
    note ?? '',
    /^Of requests that came at one instant web2 worked on 3 at a time, .*the last of 12 was answered after 3\d\d/,
  );
  assert.deepEqual(rest, []);
});

test('where a burst judged it nothing is added', () => {
  assert.deepEqual(notesOf(farm(3).burst({ ratePerSec: 20, durationUs: 2 * SEC, member: 80_000 })), []);
});

test('healthy members have no waves, 40 seeds', () => {
  for (let seed = 1; seed <= 40; seed++) assert.deepEqual(notesOf(farm(undefined, seed)), [], `seed ${seed}`);
});

test('without volleys there is nothing to say', () => {
  assert.deepEqual(notesOf(makeRecording().compare({ durationUs: 5 * SEC })), []);
});
