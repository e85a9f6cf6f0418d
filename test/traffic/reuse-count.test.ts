import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExchangeTag } from '../../src/model/exchange.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { countAsked, createReuseCount, reuseFacts } from '../../src/traffic/reuse-count.ts';

const LOAD: ExchangeTag = { kind: 'load' };

test('the first connections, and more for more requests under way, are part of the plan', () => {
  const reuse = createReuseCount();
  for (let i = 0; i < 20; i++) countAsked(reuse, 'burst-1', LOAD, i < 5);
  assert.deepEqual(reuseFacts(GATEWAY, reuse), {
    route: GATEWAY,
    asked: 20,
    replacedAfterAnswer: 0,
    replacedIdle: 0,
  });
});

test('each connection that was lost is replaced once', () => {
  const reuse = createReuseCount();
  countAsked(reuse, 'burst-1', LOAD, true);
  reuse.lostAfterAnswer++;
  reuse.lostIdle++;
  for (let i = 0; i < 4; i++) countAsked(reuse, 'burst-1', LOAD, true);
  countAsked(reuse, 'burst-1', LOAD, false);
  assert.deepEqual(reuseFacts(GATEWAY, reuse), {
    route: GATEWAY,
    asked: 6,
    replacedAfterAnswer: 1,
    replacedIdle: 1,
  });
});

test('what died between two experiments is missed by none', () => {
  const reuse = createReuseCount();
  countAsked(reuse, 'burst-1', LOAD, true);
  reuse.lostIdle = 30;
  for (let i = 0; i < 30; i++) countAsked(reuse, 'burst-2', LOAD, true);
  assert.equal(reuseFacts(GATEWAY, reuse)?.replacedIdle, 0);
});

test('experiments that pause or crowd on purpose are not counted', () => {
  const reuse = createReuseCount();
  const tags: readonly (ExchangeTag | undefined)[] = [
    undefined,
    { kind: 'idle', gapUs: 1, repeat: 0, order: 0 },
    { kind: 'volley', size: 5, round: 0 },
    { kind: 'delay', delayUs: 1, purpose: 'beyond' },
    { kind: 'prepare' },
  ];
  reuse.experimentId = 'any';
  reuse.lostIdle = 9;
  for (const tag of tags) countAsked(reuse, 'any', tag, true);
  assert.equal(reuseFacts(GATEWAY, reuse), undefined);
});
