import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineChecks } from '../../src/detectors/machine-checks.ts';
import type { InstrumentFacts, MachineFacts } from '../../src/model/instrument.ts';
import type { ProbeCheck } from '../../src/model/report.ts';
import { GOOD_INSTRUMENT, GOOD_MACHINE } from './instrument-facts.ts';

type Case = readonly [
  what: string,
  id: string,
  state: ProbeCheck['state'],
  text: RegExp,
  machine: Partial<MachineFacts>,
  facts?: Partial<InstrumentFacts>,
  loopDelayP99Us?: number,
];

const tcp = (retransmitted: number, listenDrops = 0, segments = 10_000): Partial<MachineFacts> => ({
  tcp: { segments, retransmitted, listenDrops },
});
const wall = (steps: number, largestStepUs: number, driftUs: number): Partial<MachineFacts> => ({
  wall: { steps, largestStepUs, driftUs },
});
const starved = (starvedUs: number, worstSecondUs: number, delayP50Us = 400): Partial<InstrumentFacts> => ({
  starvation: { activeUs: 2_000_000, starvedUs, worstSecondUs, delayP50Us },
});
const answers = (count: number): Partial<InstrumentFacts> => ({
  bias: [
    { p: 0.5, responseUs: 10_020, serviceUs: 10_000, count },
    { p: 0.99, responseUs: 400_090, serviceUs: 400_000, count },
  ],
});

const CASES: readonly Case[] = [
  ['a processor of its own', 'processor', 'good', /1 % of its working time/, {}, starved(20_000, 9_000)],
  [
    'another program with half of it, and a loop 9 ms late at p99',
    'processor',
    'caution',
    /^p99 \(40 ms\) may be up to 9 ms too long, because answers lay unread.*50 % of its working time.*Other programs used 80 %/,
    { busyRatio: 0.9, ownRatio: 0.1 },
    starved(1_000_000, 300_000),
    9_000,
  ],
  [
    'the same taken in crumbs: no answer lay unread',
    'processor',
    'good',
    /within a second/,
    {},
    starved(1_000_000, 300_000),
    1_900,
  ],
  ['a loop that is late by its own work', 'processor', 'good', /within a second/, {}, starved(400_000, 1_500), 9_000],
  [
    'less than 2 % of p99',
    'processor',
    'good',
    /within a second/,
    {},
    { ...starved(1_000_000, 300_000), ...answers(5_000) },
    7_900,
  ],
  [
    'more than 2 % of p99',
    'processor',
    'caution',
    /^p99 \(400 ms\) may be up to 8\.1 ms too long/,
    {},
    { ...starved(1_000_000, 300_000), ...answers(5_000) },
    8_100,
  ],
  [
    'too few answers for a p99',
    'processor',
    'good',
    /within a second/,
    {},
    { ...starved(1_000_000, 300_000), ...answers(367) },
    15_000,
  ],
  [
    'few answers, and late half of the time',
    'processor',
    'caution',
    /^Half of all times may be 3 ms and more too long, with a median of 10 ms/,
    {},
    { ...starved(1_000_000, 300_000, 3_000), ...answers(60) },
    15_000,
  ],
  ['a tenth of its time', 'processor', 'good', /10 % of its working time/, {}, starved(200_000, 90_000, 5_000), 15_000],
  ['no quota', 'quota', 'good', /never/, {}],
  [
    'a quota that reaches p99.9',
    'quota',
    'caution',
    /0\.5 % of times may be 50 ms and more too long/,
    { throttledUs: 300_000, throttledPeriods: 6 },
  ],
  [
    'a quota that makes p99',
    'quota',
    'invalid',
    /held its programs back 60 times/,
    { throttledUs: 3_000_000, throttledPeriods: 60 },
  ],
  ['no host above', 'steal', 'good', /0 %/, {}],
  ['a host with other guests', 'steal', 'caution', /Up to 5 % of times/, { stealRatio: 0.05 }],
  ['a way that loses nothing', 'network', 'good', /3 of 100,000/, {}],
  ['a way that loses 3 %', 'network', 'caution', /About 3 % of times may be 200 ms and more too long/, tcp(300)],
  ['one bad moment in little traffic', 'network', 'good', /9 of 100/, tcp(9, 0, 100)],
  ['an accept queue that was full', 'accept-queue', 'caution', /dropped 4 attempts/, tcp(0, 4)],
  ['ports enough', 'ports', 'good', /300; this machine has 28,232/, {}],
  ['most ports taken', 'ports', 'caution', /opened 20,000 connections/, {}, { newConnectionsPerMinute: 20_000 }],
  ['a clock left alone', 'clock', 'good', /was not set/, {}],
  ['a clock set back', 'clock', 'caution', /was set once, by up to 3\.2 s back/, wall(1, -3_200_000, 0)],
  ['a clock set twice', 'clock', 'caution', /was set 2 times/, wall(2, 40_000, 0)],
  [
    'a clock that drifts',
    'clock',
    'caution',
    /drifted by 60 ms forward.*Latencies do not hang on it/,
    wall(0, 0, 60_000),
  ],
];

for (const [what, id, state, text, machine, facts, loopDelayP99Us = 900] of CASES) {
  test(`${what}: ${state}`, () => {
    const whole = { ...GOOD_INSTRUMENT, ...facts, machine: { ...GOOD_MACHINE, ...machine } };
    const checks = machineChecks(whole, { loopDelayP99Us });
    const found = checks.find((check) => check.id === id);
    assert.equal(found?.state, state, found?.text);
    assert.match(found?.text ?? '', text);
    assert.ok(
      checks.every((check) => check.id === id || check.state === 'good'),
      'the others stay good',
    );
  });
}

test('what a platform does not tell is not called good', () => {
  const { durationUs, processors, wall: clock } = GOOD_MACHINE;
  const states = machineChecks({ machine: { durationUs, processors, wall: clock } }, { loopDelayP99Us: 0 }).map(
    ({ id, state }) => [id, state],
  );
  assert.deepEqual(states, [
    ['processor', 'unknown'],
    ['quota', 'unknown'],
    ['steal', 'unknown'],
    ['network', 'unknown'],
    ['ports', 'unknown'],
    ['clock', 'good'],
  ]);
});
