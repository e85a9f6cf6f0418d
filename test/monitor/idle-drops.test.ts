import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Exchange } from '../../src/model/exchange.ts';
import { createRandom } from '../../src/model/random.ts';
import { GATEWAY } from '../../src/model/route.ts';
import { createIdleDrops, type IdleClose } from '../../src/monitor/idle-drops.ts';
import { exchangeOf, REFUSED, statusOf } from './exchanges.ts';

const SEC = 1_000_000;
const CLOSED = { ...REFUSED, code: 'closed' } as const;

function use(idleUs: number, isDrop: boolean, isNew = false): Exchange {
  return exchangeOf(GATEWAY, isDrop ? CLOSED : statusOf(200), { connection: { id: 1, isNew, ageUs: 0, idleUs } });
}

type Watch = {
  readonly seed: number;
  readonly uses?: number;
  /** Of a request after so much idle time. */
  readonly isDropped: (idleUs: number, chance: number) => boolean;
  readonly newIsDropped?: (chance: number) => boolean;
  readonly idleUs?: (chance: number) => number;
};

/** New and kept connections in turn; idle times of a rhythm of 30 s that is moved by all of it, twice. */
function closeAfter({
  seed,
  uses = 200,
  isDropped,
  newIsDropped = () => false,
  ...more
}: Watch): IdleClose | undefined {
  const random = createRandom(seed);
  const idleOf = more.idleUs ?? ((chance: number) => Math.round((20 + 80 * chance) * SEC));
  const drops = createIdleDrops();
  for (let i = 0; i < uses; i++) {
    drops.add(use(0, newIsDropped(random.next()), true));
    const idleUs = idleOf(random.next());
    drops.add(use(idleUs, isDropped(idleUs, random.next())));
  }
  return drops.closeOf(GATEWAY);
}

/** A close is met at the very moment that a connection is used again; those that are closed earlier are seen and left. */
const isAtTimer = (idleUs: number): boolean => Math.abs(idleUs - 60 * SEC) < SEC / 2;

describe('drops on kept connections', () => {
  test('an idle timer is found in most watches of 400 uses, with its time', () => {
    const found = Array.from({ length: 40 }, (_, seed) => closeAfter({ seed, uses: 400, isDropped: isAtTimer }));
    const known = found.filter((close) => close !== undefined);
    assert.ok(known.length >= 30, `${known.length} of 40`);
    for (const { lowUs, highUs, drops, p } of known)
      assert.ok(lowUs > 59 * SEC && highUs < 61 * SEC && drops >= 3 && p < 1e-3);
  });

  for (const ratio of [0.003, 0.01, 0.03, 0.1])
    test(`drops at random, ${ratio * 100} % of all: never called a timer`, () => {
      for (let seed = 0; seed < 40; seed++) {
        const isDropped = (_: number, chance: number) => chance < ratio;
        assert.equal(closeAfter({ seed, isDropped }), undefined, `seed ${seed}`);
      }
    });

  test('idle times that are all alike prove nothing, whatever is dropped', () => {
    const isDropped = (_: number, chance: number) => chance < 0.1;
    assert.equal(closeAfter({ seed: 1, isDropped, idleUs: () => 60 * SEC }), undefined);
  });

  test('new connections that are dropped too speak against a timer', () => {
    const newIsDropped = (chance: number) => chance < 0.05;
    assert.equal(closeAfter({ seed: 3, uses: 400, isDropped: isAtTimer, newIsDropped }), undefined);
  });

  test('too few drops, or too few new connections to compare with', () => {
    const drops = createIdleDrops();
    for (let i = 0; i < 100; i++) drops.add(use((20 + 2 * i) * SEC, false));
    for (let i = 0; i < 2; i++) drops.add(use(60 * SEC, true));
    for (let i = 0; i < 19; i++) drops.add(use(0, false, true));
    assert.equal(drops.closeOf(GATEWAY), undefined);
    drops.add(use(60 * SEC, true));
    assert.equal(drops.closeOf(GATEWAY), undefined, '19 new connections');
    drops.add(use(0, false, true));
    assert.equal(drops.closeOf(GATEWAY)?.drops, 3);
  });
});
