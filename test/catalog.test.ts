import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DETECTORS, GATEWAYS, LOG_FORMATS, WRITERS } from '../src/catalog.ts';
import { CAUSES } from '../src/model/causes.ts';

test('each cause has one detector, and nothing else is listed twice', () => {
  assert.deepEqual(DETECTORS.map(({ cause }) => cause).sort(), Object.keys(CAUSES).sort());
  for (const list of [GATEWAYS.map(({ kind }) => kind), LOG_FORMATS.map(({ id }) => id), WRITERS.map(({ id }) => id)])
    assert.deepEqual([...new Set(list)], list);
});
