import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../src/model/exchange.ts';
import { createCollectorWatch } from '../../src/traffic/collector-watch.ts';

function exchange(sentUs: number, endUs: number): Exchange {
  return {
    seq: 0,
    requestId: 'r',
    experimentId: 'e',
    route: 'gateway',
    requestName: 'home',
    dueUs: sentUs,
    sentUs,
    endUs,
    outcome: { kind: 'response', status: 200, httpVersion: '1.1', bytes: 0, truncated: false },
  } as unknown as Exchange;
}

/** 1000 requests of 2 ms, one every 10 ms; the given ones took 50 ms more. */
function requests(slow: (i: number) => boolean): Exchange[] {
  return Array.from({ length: 1_000 }, (_, i) => exchange(i * 10_000, i * 10_000 + (slow(i) ? 52_000 : 2_000)));
}

test('requests under way during a pause are told, with what the others show without them', () => {
  const watch = createCollectorWatch();
  for (let i = 0; i < 1_000; i += 20) watch.pause(i * 10_000 + 500, i * 10_000 + 50_500);
  watch.seen(requests((i) => i % 20 === 0));
  const facts = watch.facts();
  assert.equal(facts?.requests, 1_000);
  // A pause of 50 ms meets the request that it stops and the four that are sent into it.
  assert.ok((facts?.touched ?? 0) >= 50 && (facts?.touched ?? 0) <= 300, `${facts?.touched}`);
  assert.ok((facts?.p99Us ?? 0) > 50_000 && (facts?.untouchedP99Us ?? 0) < 3_000, JSON.stringify(facts));
});

test('short pauses and slow answers without one touch nothing', () => {
  const watch = createCollectorWatch();
  watch.pause(500, 1_400);
  watch.seen(requests((i) => i % 20 === 0));
  assert.equal(watch.facts()?.touched, 0);
});

test('pauses that are told after their requests ended still count', () => {
  const watch = createCollectorWatch();
  watch.seen([exchange(0, 9_000)]);
  watch.pause(1_000, 8_000);
  watch.seen([]);
  assert.equal(watch.facts()?.touched, 1);
});

test('nothing answered, nothing told', () => assert.equal(createCollectorWatch().facts(), undefined));
