import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROW, ROW_LENGTH } from '../../src/model/answer-rows.ts';
import { type Exchange, outcomeKey } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createLedger, dutyOf } from '../../src/traffic/firing-ledger.ts';
import { packSchedule } from '../../src/traffic/schedule.ts';
import { RUN_ID } from './sending-setup.ts';

const NUMBERS = { first: 101, step: 3 };

function reported(place: number, sentUs?: number): Exchange {
  return {
    seq: NUMBERS.first + place * NUMBERS.step,
    requestId: '',
    experimentId: 'burst-1',
    route: GATEWAY,
    requestName: 'home',
    dueUs: 0,
    ...(sentUs === undefined ? {} : { sentUs }),
    endUs: 0,
    outcome: { kind: 'aborted' },
  };
}

test('each due request that was not reported becomes an exchange of its own, with its number, due time and reason', () => {
  const schedule = packSchedule(
    [0, 1, 2, 3, 4].map((i) => ({
      dueUs: i * 1_000,
      route: GATEWAY,
      request: 'home',
      connection: 'warm' as const,
      tag: { kind: 'load' as const },
      ...(i === 4 ? { slot: 7 } : {}),
    })),
  );
  const ledger = createLedger('burst-1', RUN_ID, NUMBERS, dutyOf(schedule, 500));
  ledger.see([reported(1, 5), reported(0)]);
  const lost = ledger.lost(3, 2_600);
  assert.equal(ledger.sent(), 1);
  assert.deepEqual(
    lost.map(({ seq, dueUs, endUs, slot, outcome }) => [seq, dueUs, endUs, slot, outcomeKey(outcome)]),
    [
      [107, 2_500, 2_600, undefined, 'aborted'],
      [110, 3_500, 3_500, undefined, 'not-sent:thread'],
      [113, 4_500, 4_500, 7, 'not-sent:thread'],
    ],
  );
  assert.deepEqual(
    lost.map(({ requestId }) => requestId),
    ['012345670000006b', '012345670000006e', '0123456700000071'],
  );
  assert.ok(lost.every(({ tag, sentUs }) => tag?.kind === 'load' && sentUs === undefined));
});

test('a loop is owed only as far as it began, and its rows count', () => {
  const about = { route: GATEWAY, requestName: 'home' };
  const ledger = createLedger('burst-1', RUN_ID, NUMBERS, { count: 0, about: () => about });
  assert.deepEqual(ledger.lost(0, 9), []);
  const count = 5_000;
  const values = new Float64Array(count * ROW_LENGTH);
  for (let row = 0; row < count; row++) values[row * ROW_LENGTH + ROW.seq] = NUMBERS.first + row * NUMBERS.step;
  ledger.seeRows({ runId: RUN_ID, experimentId: 'burst-1', ...about, count, values, members: [] });
  ledger.see([reported(count + 1, 1)]);
  const lost = ledger.lost(count + 2, 9);
  assert.deepEqual(
    lost.map(({ seq, dueUs, outcome }) => [seq, dueUs, outcomeKey(outcome)]),
    [[NUMBERS.first + count * NUMBERS.step, 9, 'aborted']],
  );
  assert.equal(ledger.sent(), count + 1);
});
