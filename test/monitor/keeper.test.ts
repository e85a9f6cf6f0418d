import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEvent, Round, WriteProblem } from '../../src/model/history.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createKeeper } from '../../src/monitor/keeper.ts';
import { createMemoryHistory } from '../helpers/memory-history.ts';

const ROUND: Round = { profile: 'shop', kind: 'scheduled', startedAtUs: 1, endedAtUs: 2, lagUs: 0, exchanges: [] };
const FULL: WriteProblem = { reason: 'full', text: 'no room' };
const EVER = { profile: 'shop', fromAtUs: 0, toAtUs: 1e15 };
const event = (title: string): HistoryEvent => ({
  ...{ id: 'e', profile: 'shop', kind: 'failing', severity: 'error', fromAtUs: 5, toAtUs: 6, title, facts: {} },
});

test('a pause is told once, and its end with what was lost; events and silences are made up for', () => {
  const history = createMemoryHistory();
  const told: string[] = [];
  const keeper = createKeeper(history, {
    onPause: ({ reason }) => told.push(`paused ${reason}`),
    onResume: ({ sinceAtUs, rounds }) => told.push(`resumed after ${sinceAtUs}, ${rounds} lost`),
  });
  keeper.keep(ROUND, [], 10);
  history.failWith(FULL);
  keeper.keep(ROUND, [], 20);
  keeper.keep(ROUND, [], 30);
  keeper.keepEvent(event('old'), 31);
  keeper.keepEvent(event('new'), 32);
  keeper.keepQuiet({ profile: 'shop', route: GATEWAY, fromAtUs: 1, toAtUs: 2, why: 'planned' }, 33);
  keeper.maintain(34);
  assert.deepEqual(keeper.paused(), { ...FULL, sinceAtUs: 20, roundsLost: 2 });
  history.failWith(undefined);
  keeper.maintain(40);
  assert.equal(keeper.paused(), undefined);
  assert.deepEqual(told, ['paused full', 'resumed after 20, 2 lost']);
  assert.deepEqual(
    history.events(EVER).map(({ title }) => title),
    ['new'],
  );
  assert.equal(history.quiet(EVER).length, 1);
});

test('a round that is kept ends a pause too', () => {
  const history = createMemoryHistory();
  const keeper = createKeeper(history, { onPause: () => {}, onResume: () => {} });
  history.failWith({ reason: 'locked', text: 'another process writes' });
  keeper.keep(ROUND, [], 10);
  history.failWith(undefined);
  keeper.keep(ROUND, [], 20);
  assert.equal(keeper.paused(), undefined);
});
