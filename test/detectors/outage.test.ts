import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAtLeast } from '../../src/model/severity.ts';
import { judged, placeOf } from '../helpers/judged.ts';
import { fails, makeRecording, type Responder, refused } from '../helpers/make-recording.ts';

const SEC = 1_000_000;

/** Three attempts to connect, a second apart, as HAProxy makes them. */
const TRIED = { ...fails(3 * SEC, 503), exact: true };

/** Findings that call somebody, of a gateway that answers all requests with this 503 while web2 is closed. */
function found(gateway: Responder, web1: Responder = 10_000, noise: 0 | 1 | 10 = 1) {
  const recording = makeRecording({ seed: 6, noise, members: ['web1', 'web2'] })
    .compare({ ratePerSec: 4, durationUs: 15 * SEC, gateway, member: { web1, web2: refused() } })
    .build();
  return judged(recording).findings.filter(({ severity }) => isAtLeast(severity, 'warning'));
}

for (const noise of [0, 1, 10] as const)
  test(`a session that sticks to a dead member is no gateway without members, noise ${noise}`, () => {
    const all = found(TRIED, 10_000, noise);
    assert.deepEqual(all.map(placeOf), ['connection/refused@web2']);
    assert.match(
      all[0]?.title ?? '',
      /Nearly every request through the gateway goes there all the same: a session that sticks/,
    );
  });

test('refused without a wait: the gateway takes nobody for up, and the closed member stands beside it', () => {
  const all = found(fails(1_000, 503));
  assert.deepEqual(all.map(placeOf), ['member/none-available@gateway', 'connection/refused@web2']);
});

test('after a wait, with every member closed: nobody is left', () => {
  const all = found(TRIED, refused());
  assert.ok(all.map(placeOf).includes('member/none-available@gateway'), all.map(placeOf).join());
  assert.ok(all.every(({ title }) => !title.includes('goes there all the same')));
});
