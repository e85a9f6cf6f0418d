import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { rampExhibits, rampNotes } from '../../src/report/ramp-parts.ts';
import { makeRecording, queueOf, type Responder } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

function notesOf(gateway: Responder, toPerSec: number): { readonly text: string; readonly pictures: number } {
  const measures = createMeasures(
    makeRecording({ seed: 1 })
      .compare({ durationUs: 10 * SEC, gateway: 20_000 })
      .ramp({ fromPerSec: 5, toPerSec, durationUs: 12 * SEC, gateway })
      .build(),
  );
  return {
    text: measures.experiments.flatMap((record) => rampNotes(measures, record)).join(' '),
    pictures: rampExhibits(measures).length,
  };
}

test('a queue: the knee and the rate that keeps its time, with their intervals', () => {
  const { text, pictures } = notesOf(queueOf({ servers: 2, serviceUs: 20_000 }), 200);
  assert.match(text, /^Knee: no more than \d+(\.\d+)?\/s \(.* to .*\/s\) are answered, however many come\./);
  assert.match(text, /99 of 100 answers within .* \(three times the quiet p99, as no threshold says\) up to \d/);
  assert.equal(pictures, 1);
});

test('no limit: neither was reached, and how far it went', () => {
  const { text } = notesOf(20_000, 80);
  assert.match(text, /^No knee: up to \d+(\.\d+)?\/s, where it ended/);
  assert.match(text, /at every rate: the limit was not reached up to \d+/);
});

test('too few requests: it cannot be told, and why', () => {
  const { text, pictures } = notesOf(20_000, 10);
  assert.match(text, /^Which rate holds cannot be told: it takes 300 requests, and \d+ were sent\.$/);
  assert.equal(pictures, 0);
});
