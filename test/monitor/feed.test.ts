import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFeed, type FeedMessage, type MonitorState } from '../../src/monitor/feed.ts';

const STATE: MonitorState = {
  version: '0',
  startedAtUs: 0,
  nowAtUs: 1,
  dataFolder: 'data',
  profiles: [],
  refused: [],
  isStopping: false,
};

test('every listener gets every message until it leaves', () => {
  const feed = createFeed(() => STATE, assert.ifError);
  const seen: FeedMessage['kind'][] = [];
  const leave = feed.subscribe(({ kind }) => seen.push(kind));
  feed.publish({ kind: 'state' });
  leave();
  feed.publish({ kind: 'state' });
  assert.deepEqual(seen, ['state']);
  assert.equal(feed.state(), STATE);
});

test('a listener that throws loses its place, is reported, and stops nobody', () => {
  const errors: unknown[] = [];
  const feed = createFeed(
    () => STATE,
    (error) => errors.push(error),
  );
  let calls = 0;
  feed.subscribe(() => {
    throw new Error('full');
  });
  feed.subscribe(() => calls++);
  feed.publish({ kind: 'state' });
  feed.publish({ kind: 'state' });
  assert.equal(errors.length, 1);
  assert.equal(calls, 2);
});
