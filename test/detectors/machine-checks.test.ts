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
];

const tcp = (retransmitted: number, listenDrops = 0, segments = 10_000): Partial<MachineFacts> => ({
  tcp: { segments, retransmitted, listenDrops },
});
const wall = (steps: number, largestStepUs: number, driftUs: number): Partial<MachineFacts> => ({
  wall: { steps, largestStepUs, driftUs },
});
const starved = (starvedUs: number, worstSecondUs: number): Partial<InstrumentFacts> => ({
  starvation: { activeUs: 2_000_000, starvedUs, worstSecondUs },
});

const CASES: readonly Case[] = [
  ['a processor of its own', 'processor', 'good', /1 % of its working time/, {}, starved(20_000, 9_000)],
  [
    'another program with half of it',
    'processor',
    'caution',
    /up to 300 ms too long.*50 % of its working time.*Other programs used 80 %/,
    { busyRatio: 0.9, ownRatio: 0.1 },
    starved(1_000_000, 300_000),
  ],
  ['a share taken in crumbs', 'processor', 'good', /within a second/, {}, starved(1_000_000, 15_000)],
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

for (const [what, id, state, text, machine, facts] of CASES) {
  test(`${what}: ${state}`, () => {
    const checks = machineChecks({ ...GOOD_INSTRUMENT, ...facts, machine: { ...GOOD_MACHINE, ...machine } });
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
  const states = machineChecks({ machine: { durationUs, processors, wall: clock } }).map(({ id, state }) => [
    id,
    state,
  ]);
  assert.deepEqual(states, [
    ['processor', 'unknown'],
    ['quota', 'unknown'],
    ['steal', 'unknown'],
    ['network', 'unknown'],
    ['ports', 'unknown'],
    ['clock', 'good'],
  ]);
});
