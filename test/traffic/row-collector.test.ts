import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exchangeOfRow, exchangesOfRows, ROW, ROW_LENGTH } from '../../src/model/answer-rows.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createRowCollector } from '../../src/traffic/row-collector.ts';
import { RUN_ID } from './sending-setup.ts';

const ABOUT = { runId: RUN_ID, experimentId: 'burst-1', route: GATEWAY, requestName: 'home' };

describe('rows', () => {
  test('are taken once each, however many there were, and numbers stay what they were', () => {
    const collector = createRowCollector(ABOUT);
    assert.equal(collector.take(), undefined);
    for (let i = 0; i < 10_000; i++) {
      const place = collector.next();
      collector.values.fill(i, place, place + ROW_LENGTH);
    }
    const rows = collector.take();
    assert.ok(rows !== undefined);
    collector.values.fill(-1);
    assert.equal(rows.count, 10_000);
    assert.deepEqual(
      [...rows.values].filter((value, index) => value !== Math.floor(index / ROW_LENGTH)),
      [],
    );
    assert.equal([...exchangesOfRows(rows)].flat().length, 10_000);
    assert.equal(collector.take(), undefined);
  });

  test('a row is the exchange that it stands for', () => {
    const collector = createRowCollector(ABOUT);
    const row = [10, 1_000, 1_350, 1_700, 1_800, 200, 12, 77, 3, 5_555, 1_300, -1, 200, 80, 0, 1];
    collector.next();
    collector.values.set(row, 0);
    assert.equal(collector.memberPlace('web1'), 0);
    const rows = collector.take();
    assert.ok(rows !== undefined);
    assert.deepEqual(exchangeOfRow(rows, 0), {
      seq: 10,
      requestId: '012345670000000a',
      experimentId: 'burst-1',
      route: GATEWAY,
      requestName: 'home',
      tag: { kind: 'load' },
      dueUs: 1_000,
      sentUs: 1_000,
      firstByteUs: 1_700,
      endUs: 1_800,
      connection: { id: 3, isNew: true, localPort: 5_555, ageUs: 0, idleUs: 0 },
      phasesUs: { connect: 200, tls: 80, send: 50, wait: 350, receive: 100 },
      outcome: { kind: 'response', status: 200, bodyBytes: 12, complete: true, bodyDigest: 77 },
      unmet: [],
      answeredBy: 'web1',
    });
  });

  test('names beyond those of any farm have no place', () => {
    const collector = createRowCollector(ABOUT);
    const places = Array.from({ length: 1_100 }, (_, i) => collector.memberPlace(`web${i}`));
    assert.deepEqual(places.slice(1_020, 1_028), [1_020, 1_021, 1_022, 1_023, -1, -1, -1, -1]);
    assert.equal(collector.memberPlace('web5'), 5);
    assert.equal(ROW.isMet + 1, ROW_LENGTH);
  });
});
