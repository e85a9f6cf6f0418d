import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeasures } from '../../src/analysis/create-measures.ts';
import { settledStatuses } from '../../src/analysis/settled-status.ts';
import { fails, makeRecording, OK, type Responder } from '../helpers/make-recording.ts';

/** 60 answers; `odd` of them have another status. */
const mostly =
  (status: number, odd: number, other: number): Responder =>
  ({ index }) => ({ us: 10_000, outcome: { ...OK, status: index < odd ? other : status } });

const ROWS: readonly (readonly [what: string, answers: Responder, status: number | undefined])[] = [
  ['one status', mostly(200, 0, 0), 200],
  ['another one in 3 of 60', mostly(200, 3, 404), 200],
  ['another one in 4 of 60', mostly(200, 4, 404), undefined],
  ['failures beside it do not count', mostly(404, 30, 503), 404],
  ['failures alone are no rule', () => fails(10_000, 502, 3), undefined],
];
for (const [what, gateway, status] of ROWS) {
  test(`what a route answers as a rule: ${what}`, () => {
    const measures = createMeasures(
      makeRecording({ seed: 1, members: ['web1'] })
        .compare({ ratePerSec: 2, durationUs: 30_000_000, gateway })
        .build(),
    );
    const [home] = settledStatuses(measures);
    assert.equal(home?.requestName, 'home');
    assert.equal(home?.statuses.find(({ route }) => route === 'gateway')?.status, status);
    assert.equal(home?.statuses.find(({ route }) => route === 'direct:web1')?.status, 200);
  });
}
