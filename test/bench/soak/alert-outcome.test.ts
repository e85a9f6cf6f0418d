import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alertOutcome, type FiredAlert, type ReceivedAlert } from './alert-outcome.ts';
import { FAULTS } from './faults.ts';

/** A lab minute is a second here. */
const minuteOfMs = (ms: number): number => ms / 1_000;
const END_MIN = 1_000;
const WEB2 = { alertname: 'GateprobeMemberFails', route: 'direct', member: 'web2' };
const { flapping } = FAULTS;

const firedAt = (fromMin: number, toMin: number, labels: FiredAlert['labels'] = WEB2): FiredAlert => ({
  ...{ labels, fromMs: fromMin * 1_000, toMs: toMin * 1_000 },
});
const receivedAt = (atMin: number, labels = WEB2): ReceivedAlert => ({ atMs: atMin * 1_000, status: 'firing', labels });
const outcomeOf = (
  fired: readonly FiredAlert[],
  received: readonly ReceivedAlert[],
  endMin = END_MIN,
  toldAtMin?: number,
) =>
  alertOutcome(fired, received, {
    ...{ minuteOfMs, endMs: endMin * 1_000, downMs: [{ fromMs: 600_000, toMs: 610_000 }], toldAtMin },
  });
const memberState = (...args: Parameters<typeof outcomeOf>) =>
  outcomeOf(...args).expected.find(({ alert }) => alert.name === WEB2.alertname)?.state;
const planted = firedAt(flapping.from + 2, flapping.from + 10);

test('an alert of what was planted, handed on', () => {
  const { others, lost } = outcomeOf([planted], [receivedAt(flapping.from + 3)]);
  assert.equal(memberState([planted], [receivedAt(flapping.from + 3)]), 'received');
  assert.deepEqual([others, lost], [[], []]);
});

test('an alert that fired and was not handed on is lost', () => {
  const others = [receivedAt(flapping.from, { ...WEB2, member: 'web1' }), { ...receivedAt(1), status: 'resolved' }];
  assert.equal(memberState([planted], others), 'fired');
  assert.deepEqual(outcomeOf([planted], others).lost, [planted]);
});

test('an alert that did not fire is missed, or not yet due', () => {
  assert.equal(memberState([], []), 'missed');
  assert.equal(memberState([], [], flapping.from), 'not-due');
});

for (const [name, fired, isOther] of [
  ['before the fault began', firedAt(flapping.from - 5, flapping.from + 5), true],
  ['for long after it', firedAt(flapping.from, flapping.to + 60), true],
  ['at another member', firedAt(flapping.from + 2, flapping.from + 5, { ...WEB2, member: 'web1' }), true],
  ['by a rule of the monitor itself', firedAt(400, 401, { alertname: 'GateprobeJudgingStands' }), true],
  ['because the monitor was killed', firedAt(602, 608, { alertname: 'GateprobeMonitorDown' }), false],
  ['because the monitor was gone without a kill', firedAt(700, 708, { alertname: 'GateprobeMonitorDown' }), true],
] as const)
  test(`an alert ${name} is ${isOther ? '' : 'not '}one that should not have fired`, () =>
    assert.deepEqual(outcomeOf([fired], []).others, isOther ? [fired] : []));

const errorsOf = (member: string) => ({
  ...{ alertname: 'GateprobeFinding', cause: 'member/errors', route: 'direct', member },
});
const LATE = flapping.to + 60;
for (const [name, fired, toldAtMin, isOther] of [
  ['before that is told, however late', firedAt(LATE - 30, LATE + 5, errorsOf('web2')), LATE, false],
  ['though that is never told', firedAt(LATE - 30, LATE + 5, errorsOf('web2')), undefined, false],
  [
    'on after that was told',
    firedAt(flapping.from + 30, flapping.from + 90, errorsOf('web2')),
    flapping.from + 70,
    true,
  ],
  ['before it began', firedAt(flapping.from - 5, flapping.from + 5, errorsOf('web2')), LATE, true],
  ['at another member', firedAt(flapping.from + 5, flapping.from + 15, errorsOf('web1')), LATE, true],
] as const)
  test(`errors of the member that goes up and down, ${name}, are ${isOther ? 'nothing that was planted' : 'right'}`, () =>
    assert.deepEqual(outcomeOf([fired], [], END_MIN, toldAtMin).others, isOther ? [fired] : []));

test('the alert of a finding that is told when history says it is due from then on', () => {
  const stateOf = (toldAtMin: number | undefined) =>
    outcomeOf([], [], END_MIN, toldAtMin).expected.find(({ alert }) => alert.where['cause'] === 'member/flapping')
      ?.state;
  assert.deepEqual([stateOf(undefined), stateOf(END_MIN - 5), stateOf(END_MIN - 50)], ['not-due', 'not-due', 'missed']);
});
