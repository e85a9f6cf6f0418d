import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEvent } from '../../src/model/history.ts';
import { noticeText } from '../../src/monitor/alert-payloads.ts';
import type { Alert } from '../../src/monitor/alerting.ts';
import { createFindingTickets, type FindingTicketOptions } from '../../src/monitor/finding-tickets.ts';

const MIN = 60_000_000;
const AT = Date.UTC(2026, 2, 2, 3) * 1_000;
const FINDING: HistoryEvent = {
  ...{ id: 'finding:shop:member/errors:1', profile: 'shop', kind: 'finding', severity: 'error', fromAtUs: AT },
  ...{ route: 'direct:web1', member: 'web1', cause: 'member/errors', title: 'web1 answers 12 % with errors.' },
  facts: { confidence: 'likely' },
};
const page = (more: Partial<Alert> = {}): Alert => ({
  ...{ id: 'p', profile: 'shop', cause: 'member', urgency: 'page', openedAtUs: AT, routes: ['direct:web1'], rules: [] },
  ...{ title: 't', because: 'b', ...more },
});

/** What is told of one finding at these minutes. */
function told(
  options: Partial<FindingTicketOptions>,
  minutes: readonly number[],
  open: (minute: number) => readonly Alert[] = () => [],
): readonly string[] {
  const tickets = createFindingTickets({ from: 'warning', after: 1, ...options });
  assert.deepEqual(tickets.take(FINDING, AT), []);
  return minutes.flatMap((minute) =>
    tickets.tick(AT + minute * MIN, open(minute)).map(({ kind }) => `${minute}: ${kind}`),
  );
}

test('a finding is told once', () => assert.deepEqual(told({}, [0, 1, 5, 600]), ['0: opened']));
test('one below the least severity never is', () => assert.deepEqual(told({ from: 'critical' }, [0, 600]), []));
test('after three looks means ten minutes after the first', () =>
  assert.deepEqual(told({ after: 3 }, [0, 5, 9, 10, 11]), ['10: opened']));
test('it is told again where the profile says so', () =>
  assert.deepEqual(told({ repeatUs: 60 * MIN }, [0, 59, 60, 119, 120]), [
    '0: opened',
    '60: reminder',
    '120: reminder',
  ]));

for (const [name, alert, holds] of [
  ['the same place', page(), true],
  ['another place', page({ routes: ['direct:web2'] }), false],
  ['another profile', page({ profile: 'other' }), false],
  ['the same place, only as a ticket', page({ urgency: 'ticket' }), false],
] as const)
  test(`somebody is awake for ${name}: ${holds ? 'it waits until that is over' : 'it is told'}`, () =>
    assert.deepEqual(
      told({}, [0, 5], (minute) => (minute < 5 ? [alert] : [])),
      [holds ? '5: opened' : '0: opened'],
    ));

test('one that waited for the end of a page says so, and its end says only that it is not found any more', () => {
  const tickets = createFindingTickets({ from: 'warning', after: 1 });
  tickets.take(FINDING, AT);
  tickets.tick(AT, [page()]);
  const [late] = tickets.tick(AT + 5 * MIN, []);
  const [end] = tickets.take({ ...FINDING, toAtUs: AT + 1_440 * MIN }, AT + 1_440 * MIN);
  assert.ok(late !== undefined && end !== undefined);
  assert.match(noticeText(late), /^Found during an alert that is over: shop: web1 answers 12 %/);
  assert.match(noticeText(end), /^No longer found: shop: web1 answers 12 %/);
  const other = createFindingTickets({ from: 'warning', after: 1 });
  other.take(FINDING, AT);
  const [atOnce] = other.tick(AT, []);
  assert.ok(atOnce !== undefined);
  assert.match(noticeText(atOnce), /^Alert: shop/);
});

test('its end is told to whom its begin was told, also before a restart', () => {
  const over = { ...FINDING, toAtUs: AT + 60 * MIN };
  const silent = createFindingTickets({ from: 'critical', after: 1 });
  silent.take(FINDING, AT);
  silent.tick(AT, []);
  assert.deepEqual(silent.take(over, over.toAtUs), []);
  const tickets = createFindingTickets({ from: 'warning', after: 1 });
  tickets.recall(FINDING);
  assert.deepEqual(tickets.tick(AT + MIN, []), []);
  const [end] = tickets.take(over, over.toAtUs);
  assert.deepEqual([end?.kind, end?.alert.id, end?.alert.urgency], ['recovered', FINDING.id, 'ticket']);
  assert.deepEqual(tickets.tick(over.toAtUs, []), []);
});
