import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../src/model/exchange.ts';
import { directTo, GATEWAY, type RouteId } from '../../src/model/route.ts';
import { classify } from '../../src/monitor/classification.ts';
import {
  confirmedSpell,
  endSpells,
  newlyFailing,
  recalledSpells,
  type Spell,
  type SpellStep,
  stepSpells,
} from '../../src/monitor/spells.ts';
import { exchangeOf, REFUSED, statusOf } from './exchanges.ts';

const SEC = 1_000_000;
const WEB1 = directTo('web1');
const WEB2 = directTo('web2');
const ALL = [GATEWAY, WEB1, WEB2];

function round(...failing: readonly RouteId[]): Exchange[] {
  return ALL.map((route) => exchangeOf(route, failing.includes(route) ? REFUSED : statusOf(200)));
}

/** A round in which these routes fail, and the burst after it if there is something new. */
function play(spells: readonly Spell[], atSec: number, failing: readonly RouteId[], burst = failing): SpellStep {
  const exchanges = round(...failing);
  const stepped = stepSpells(spells, exchanges, { startedAtUs: atSec * SEC, endedAtUs: atSec * SEC + 20_000 });
  const first = newlyFailing(stepped.spells, exchanges);
  if (first.length === 0) return stepped;
  const confirm = [1, 2, 3, 4, 5].flatMap(() => round(...burst));
  const confirmed = confirmedSpell(stepped.spells, {
    profile: 'shop',
    ...{ first, burst: confirm, classification: classify(first, confirm) },
    ...{ fromAtUs: atSec * SEC, endedAtUs: (atSec + 1) * SEC },
  });
  return { spells: confirmed.spells, events: [...stepped.events, ...confirmed.events] };
}

test('one spell from the first failure to the recovery, which two good rounds show', () => {
  let { spells, events } = play([], 100, [WEB1]);
  const [begun] = events;
  assert.equal(begun?.fromAtUs, 100 * SEC);
  assert.equal(begun?.toAtUs, undefined);
  assert.deepEqual([begun?.route, begun?.member, begun?.severity], [WEB1, 'web1', 'error']);
  ({ spells, events } = play(spells, 105, [WEB1]));
  assert.deepEqual(events, []);
  ({ spells, events } = play(spells, 110, []));
  ({ spells, events } = play(spells, 115, [WEB1]));
  ({ spells, events } = play(spells, 120, []));
  assert.deepEqual(events, [], 'one good round is not enough');
  ({ spells, events } = play(spells, 125, []));
  assert.equal(events.length, 1);
  assert.equal(events[0]?.id, begun?.id);
  assert.equal(events[0]?.toAtUs, 120 * SEC, 'it recovered with the first of the good rounds');
  // 1 + 5 of the burst, rounds at 105 and 115; asked in all rounds, and on all routes in the burst.
  assert.equal(events[0]?.facts['failures'], 8);
  assert.equal(Object(events[0]?.facts['requestIds']).length, 8);
});

test('a failure that is gone in the burst is an event that is over, and no spell', () => {
  const { spells, events } = play([], 100, [GATEWAY], []);
  assert.equal(events[0]?.toAtUs, 101 * SEC);
  assert.equal(events[0]?.facts['scope'], 'passing');
  assert.ok(spells.every(({ failing }) => failing.length === 0));
});

test('what fails again soon is the same event, with its number of times; later it is a new one', () => {
  const once = play([], 100, [GATEWAY], []);
  const twice = play(once.spells, 200, [GATEWAY], []);
  assert.equal(twice.events[0]?.id, once.events[0]?.id);
  assert.equal(twice.events[0]?.facts['times'], 2);
  assert.match(twice.events[0]?.title ?? '', /failed 2 times, recovered between/);
  const later = play(play(twice.spells, 700, []).spells, 701, [GATEWAY], []);
  assert.notEqual(later.events[0]?.id, once.events[0]?.id);
});

test('another route that begins to fail is another spell; each ends by itself', () => {
  const first = play([], 100, [WEB1]);
  const both = play(first.spells, 110, [WEB1, GATEWAY]);
  assert.equal(both.spells.filter(({ failing }) => failing.length > 0).length, 2);
  assert.equal(both.events[0]?.severity, 'critical');
  let step = play(both.spells, 120, [WEB1]);
  step = play(step.spells, 130, [WEB1]);
  assert.deepEqual(
    step.spells.filter(({ failing }) => failing.length > 0).map(({ failing }) => failing),
    [[WEB1]],
  );
});

/** The gateway fails in `of5` of the five rounds of the burst, the member in all of them. */
function meets(spells: readonly Spell[], atSec: number, of5: number): SpellStep {
  const exchanges = round(WEB1, GATEWAY);
  const stepped = stepSpells(spells, exchanges, { startedAtUs: atSec * SEC, endedAtUs: atSec * SEC + 20_000 });
  const first = newlyFailing(stepped.spells, exchanges);
  const burst = [1, 2, 3, 4, 5].flatMap((turn) => (turn <= of5 ? round(WEB1, GATEWAY) : round(WEB1)));
  const confirmed = confirmedSpell(stepped.spells, {
    profile: 'shop',
    ...{ first, burst, classification: classify(first, burst) },
    ...{ fromAtUs: atSec * SEC, endedAtUs: (atSec + 1) * SEC },
  });
  return { spells: confirmed.spells, events: [...stepped.events, ...confirmed.events] };
}

test('a gateway that now and then meets a member that is down is the trouble of the member, told once and over once', () => {
  const first = play([], 100, [WEB1]);
  let step = meets(first.spells, 110, 2);
  assert.equal(step.events.length, 1, 'it reaches users now');
  assert.equal(step.events[0]?.id, first.events[0]?.id);
  assert.match(step.events[0]?.title ?? '', /through the gateway now and then, 2 of 5/);
  for (let at = 120; at < 200; at += 40) {
    step = play(step.spells, at, [WEB1]);
    step = play(step.spells, at + 10, [WEB1]);
    assert.deepEqual(step.events, [], 'the gateway did not meet it twice: nothing is over');
    step = meets(step.spells, at + 20, at === 120 ? 0 : 1);
    assert.deepEqual(step.events, [], 'it is known');
  }
  step = play(play(step.spells, 300, []).spells, 305, []);
  assert.deepEqual(
    step.events.map(({ id, toAtUs }) => [id, toAtUs]),
    [[first.events[0]?.id, 300 * SEC]],
  );
  assert.ok(step.spells.every(({ failing }) => failing.length === 0));
});

test('a gateway that goes down on top of it is told by itself', () => {
  const first = play([], 100, [WEB1]);
  const step = meets(first.spells, 110, 5);
  assert.notEqual(step.events[0]?.id, first.events[0]?.id);
  assert.match(
    step.events[0]?.title ?? '',
    /^The gateway goes down as well: 5 of 5 .*; web1 failed before, asked directly$/,
  );
  const back = play(play(step.spells, 120, [WEB1]).spells, 125, [WEB1]);
  assert.equal(back.events.length, 1);
  assert.doesNotMatch(back.events[0]?.title ?? '', /^Member web1/);
});

test('routes that are not asked, or not sent, neither fail nor recover', () => {
  const { spells } = play([], 100, [WEB1]);
  const unsent = [exchangeOf(WEB1, { kind: 'not-sent', reason: 'retry-after' }), exchangeOf(GATEWAY)];
  let step: SpellStep = { spells, events: [] };
  for (let i = 0; i < 5; i++)
    step = stepSpells(step.spells, unsent, { startedAtUs: (110 + i) * SEC, endedAtUs: (110 + i) * SEC });
  assert.deepEqual(step.spells[0]?.failing, [WEB1]);
});

test('a route that is no longer watched ends its spell, and says why', () => {
  const { spells } = play([], 100, [WEB1, WEB2]);
  const one = endSpells(spells, (route) => route === WEB1, 200 * SEC);
  assert.deepEqual(one.events, []);
  const none = endSpells(one.spells, (route) => route === WEB2, 300 * SEC);
  assert.equal(none.events[0]?.toAtUs, 300 * SEC);
  assert.equal(none.events[0]?.facts['endedBecause'], 'no longer watched');
});

test('a spell that lasted over a stop goes on, and ends when its routes answer', () => {
  const { events } = play([], 100, [WEB1]);
  const spells = recalledSpells([...events, ...play([], 90, [GATEWAY], []).events]);
  assert.deepEqual(
    spells.map(({ failing }) => failing),
    [[WEB1]],
  );
  assert.deepEqual(newlyFailing(spells, round(WEB1)), []);
  const over = play(play(spells, 500, []).spells, 505, []);
  assert.equal(over.events[0]?.toAtUs, 500 * SEC);
});
