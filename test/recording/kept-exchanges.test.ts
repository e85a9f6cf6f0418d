import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Exchange, isFailure } from '../../src/model/exchange.ts';
import { createRandom, shuffled } from '../../src/model/random.ts';
import { createKeptExchanges, DEFAULT_CAPS, type KeepCaps } from '../../src/recording/kept-exchanges.ts';
import { ANSWER, BAD_GATEWAY, exchange, GATEWAY_TIMEOUT, NOT_SENT, TIMEOUT } from './traffic.ts';

function kept(exchanges: readonly Exchange[], caps: Partial<KeepCaps> = {}, seed = 1): readonly Exchange[] {
  const keeper = createKeptExchanges(seed, { ...DEFAULT_CAPS, ...caps });
  for (const one of exchanges) keeper.add(one);
  return keeper.exchanges();
}

const seqs = (exchanges: readonly Exchange[]): number[] => exchanges.map(({ seq }) => seq);
const count = (length: number, make: (seq: number) => Exchange): Exchange[] =>
  Array.from({ length }, (_, seq) => make(seq));

test('below the caps everything is kept, in order of seq', () => {
  const all = count(500, (seq) => exchange(seq, seq % 7 === 0 ? { outcome: BAD_GATEWAY } : {}));
  assert.deepEqual(kept(shuffled(all, createRandom(3))), all);
});

test('failures: all up to the cap, then each outcome keeps its share', () => {
  const all = count(1_000, (seq) => exchange(seq, { outcome: seq % 100 === 0 ? TIMEOUT : BAD_GATEWAY }));
  const some = kept(all, { failures: 100 });
  assert.equal(some.length, 100);
  assert.equal(some.filter(({ outcome }) => outcome.kind === 'timeout').length, 10);
  assert.equal(kept(all, { failures: 1_000 }).length, 1_000);
});

test('the slowest of each experiment and route are kept', () => {
  const slow = new Set([5, 100, 333, 800, 999]);
  const all = count(1_000, (seq) => exchange(seq, slow.has(seq) ? { endUs: seq * 10_000 + 900_000 + seq } : {}));
  const some = kept([...all, exchange(1_000, { route: 'direct:web1' })], { slowest: 3, others: 10 });
  for (const seq of [333, 800, 999, 1_000]) assert.ok(seqs(some).includes(seq), `${seq} is kept`);
  assert.equal(some.length, 3 + 1 + 10);
});

test('with many experiments each keeps fewer of its slowest', () => {
  const all = count(2_000, (seq) => exchange(seq, { experimentId: `ramp-${Math.floor(seq / 100)}` }));
  assert.equal(kept(all, { slowest: 50, slowestTotal: 100, others: 0 }).length, 100);
});

for (const kind of ['canary', 'idle', 'delay', 'volley'] as const) {
  test(`${kind} exchanges stay when load does not`, () => {
    const tags = {
      canary: { kind: 'canary' },
      idle: { kind: 'idle', gapUs: 1, repeat: 0, order: 0 },
      delay: { kind: 'delay', delayUs: 1, purpose: 'ladder' },
      volley: { kind: 'volley', size: 2, round: 0 },
    } as const;
    const all = count(5_000, (seq) => exchange(seq, { tag: seq % 100 === 50 ? tags[kind] : { kind: 'load' } }));
    const special = count(50, (n) => all[n * 100 + 50] as Exchange);
    const some = new Set(seqs(kept(all, { slowest: 5, others: 60 })));
    assert.ok(special.every(({ seq }) => some.has(seq)));
    const failed = all.map((one) => ({ ...one, outcome: BAD_GATEWAY }));
    const someFailed = new Set(seqs(kept(failed, { failures: 60 })));
    assert.ok(special.every(({ seq }) => someFailed.has(seq)));
  });
}

test('slots stay whole on every route', () => {
  const routes = ['gateway', 'direct:web1', 'direct:web2'] as const;
  const all = count(6_000, (seq) =>
    exchange(seq, {
      slot: Math.floor(seq / 3),
      route: routes[seq % 3] ?? 'gateway',
      tag: { kind: 'slot', arm: 'warm' },
    }),
  );
  const some = kept(shuffled(all, createRandom(9)), { slowest: 0, others: 300 });
  const perSlot = Map.groupBy(some, ({ slot }) => slot);
  assert.ok([...perSlot.values()].every((members) => members.length === 3));
  assert.ok(some.length > 290 && some.length <= 300, `${some.length}`);
});

test('the sample is spread over the whole run', () => {
  const some = kept(
    count(20_000, (seq) => exchange(seq, { tag: { kind: 'load' } })),
    { slowest: 0, others: 2_000 },
  );
  const tenths = new Array<number>(10).fill(0);
  for (const { seq } of some) tenths[Math.floor(seq / 2_000)]! += 1;
  // 200 expected in each tenth, with a standard deviation of 13 (hypergeometric): 5 of those on either side.
  assert.ok(
    tenths.every((found) => Math.abs(found - 200) < 65),
    `${tenths}`,
  );
});

test('the same seed chooses the same exchanges in whatever order they arrive; another seed chooses others', () => {
  const all = count(3_000, (seq) =>
    exchange(seq, { tag: { kind: 'load' }, endUs: seq * 10_000 + 5_000 + (seq % 97) * 31 + seq }),
  );
  const caps = { slowest: 10, others: 100 };
  const first = seqs(kept(all, caps, 42));
  assert.deepEqual(seqs(kept(shuffled(all, createRandom(8)), caps, 42)), first);
  assert.notDeepEqual(seqs(kept(all, caps, 43)), first);
});

test('what was not sent takes no room from what was', () => {
  const all = count(10_000, (seq) =>
    exchange(seq, { tag: { kind: 'load' }, ...(seq % 10 === 0 ? {} : { outcome: NOT_SENT }) }),
  );
  const some = kept(all, { slowest: 0, others: 400 });
  assert.equal(some.filter(({ sentUs }) => sentUs !== undefined).length, 200);
});

test('answers: the first of each route, and those of failures', () => {
  const answer = { ...ANSWER, status: 200 };
  const good = count(100, (seq) => exchange(seq, { answer, route: seq % 2 === 0 ? 'gateway' : 'direct:web1' }));
  const withAnswer = kept(good).filter((one) => one.answer !== undefined);
  assert.deepEqual(
    seqs(withAnswer),
    Array.from({ length: 40 }, (_, seq) => seq),
  );
  assert.equal(kept(good).length, 100);

  const bad = count(300, (seq) =>
    exchange(seq, { answer: ANSWER, outcome: seq < 270 ? BAD_GATEWAY : GATEWAY_TIMEOUT }),
  );
  const caps = { failureAnswers: 200 };
  const badWithAnswer = kept(bad, caps).filter((one) => one.answer !== undefined);
  assert.equal(badWithAnswer.length, 220);
  assert.equal(badWithAnswer.filter(({ seq }) => seq >= 270).length, 20);
  assert.equal(kept(bad, caps).length, 300);
  assert.ok(bad.every((one) => one.answer !== undefined && isFailure(one)));
});
