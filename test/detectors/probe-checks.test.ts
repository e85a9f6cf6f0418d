import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invalidReasons } from '../../src/detectors/probe.ts';
import { invalidChecks, probeChecks } from '../../src/detectors/probe-checks.ts';
import type { InstrumentFacts } from '../../src/model/instrument.ts';
import { type ProbeQuality, UNMEASURED_QUALITY } from '../../src/model/recording.ts';
import type { ProbeCheck } from '../../src/model/report.ts';
import { GOOD_QUALITY } from '../helpers/synthetic-frame.ts';
import { GOOD_INSTRUMENT } from './instrument-facts.ts';

function check(id: string, facts: Partial<InstrumentFacts>, quality: Partial<ProbeQuality> = {}): ProbeCheck {
  const whole = { ...GOOD_QUALITY, ...quality, instrument: { ...GOOD_INSTRUMENT, ...facts } };
  const found = probeChecks(whole).find((one) => one.id === id);
  assert.ok(found !== undefined, `no check ${id}`);
  return found;
}

const bias = (p50: number, p99: number, count = 5_000): Partial<InstrumentFacts> => ({
  bias: [
    { p: 0.5, responseUs: 10_000 + p50, serviceUs: 10_000, count },
    { p: 0.99, responseUs: 200_000 + p99, serviceUs: 200_000, count },
  ],
});
const arrivals = (together: number, pairs = 1_000): Partial<InstrumentFacts> => ({ arrivals: { pairs, together } });
const law = (sent: number): Partial<InstrumentFacts> => ({
  arrivals: { pairs: 1_000, together: 0, law: { gaps: 999, planned: 0.8, sent } },
});
const collector = (touched: number, p99Us: number, requests = 5_000): Partial<InstrumentFacts> => ({
  collector: { requests, touched, p99Us, untouchedP99Us: 30_000 },
});

type Case = readonly [
  what: string,
  id: string,
  state: ProbeCheck['state'],
  text: RegExp,
  facts: Partial<InstrumentFacts>,
  quality?: Partial<ProbeQuality>,
];

const CASES: readonly Case[] = [
  ['nothing added', 'bias', 'good', /at p50, .* at p99/, bias(20, 90)],
  [
    '30 ms at p99',
    'bias',
    'caution',
    /above 230 ms may be up to 30 ms too long, because the probe sent late/,
    bias(20, 30_000),
  ],
  ['3 ms of 200 ms', 'bias', 'good', /3 ms at p99/, bias(20, 3_000)],
  ['30 ms at a p99 that the sample does not support', 'bias', 'good', /at p50$/, bias(20, 30_000, 367)],
  ['5 ms at the median', 'bias', 'caution', /above 15 ms may be up to 5 ms too long/, bias(5_000, 0)],
  ['nothing answered', 'bias', 'unknown', /nothing was answered/, { bias: [] }],
  ['one in a hundred together', 'pacer', 'good', /10 of 1,000/, arrivals(10)],
  ['a tenth together', 'pacer', 'caution', /10 % of requests left together/, arrivals(100)],
  ['nearly all together', 'pacer', 'invalid', /in bursts that nobody planned/, arrivals(900)],
  ['few pairs', 'pacer', 'unknown', /too few/, arrivals(99, 99)],
  ['the planned law', 'arrival-law', 'good', /Anderson-Darling 0\.9 over 999 gaps/, law(0.9)],
  ['another law', 'arrival-law', 'caution', /not those of independent users/, law(25)],
  ['collections that touch nothing slow', 'collector', 'good', /40 of 5,000/, collector(40, 30_400)],
  [
    'collections that make p99',
    'collector',
    'caution',
    /above 30 ms may be up to 20 ms too long/,
    collector(40, 90_000),
    { gcPauseMaxUs: 20_000 },
  ],
  [
    'collections in few requests',
    'collector',
    'good',
    /40 of 300/,
    collector(40, 90_000, 300),
    { gcPauseMaxUs: 20_000 },
  ],
  ['books that balance', 'books', 'good', /5,000/, { books: { launched: 5_000, recorded: 5_000 } }],
  [
    'three requests lost',
    'books',
    'caution',
    /wrong by up to 3 requests/,
    { books: { launched: 5_000, recorded: 4_997 } },
  ],
  [
    '1 % of requests lost',
    'books',
    'invalid',
    /5,000 requests were launched and 4,950 recorded/,
    { books: { launched: 5_000, recorded: 4_950 } },
  ],
  ['a short blank', 'blank', 'good', /takes 0\.2 ms|takes 200 µs/, { blankUs: 200 }],
  [
    'a blank as long as the answers',
    'blank',
    'caution',
    /differences below that say nothing/,
    { blankUs: 300 },
    { medianServiceUs: 500 },
  ],
  ['a machine as fast as before', 'blank-after', 'good', /120 µs before, 400 µs after/, { blankAfterUs: 400 }],
  [
    'a machine that became slow',
    'blank-after',
    'caution',
    /at the end of the run may be 4\.88 ms longer .* 120 µs before, 5 ms after the traffic: a rise of that size/,
    { blankAfterUs: 5_000 },
  ],
  [
    'as much, far below what was measured',
    'blank-after',
    'good',
    /5 ms after/,
    { blankAfterUs: 5_000 },
    { medianServiceUs: 60_000 },
  ],
  [
    'a machine that was slow at first',
    'blank-after',
    'caution',
    /at the beginning of the run may be 2\.9 ms longer .* a fall of that size/,
    { blankUs: 3_000, blankAfterUs: 100 },
  ],
  ['room for every request', 'open-loop', 'good', /none/, {}],
  ['one of many without room', 'open-loop', 'good', /1 of 5,001/, {}, { notSentCap: 1 }],
  [
    'a quarter without room',
    'open-loop',
    'caution',
    /as in a closed loop\. Times above p75 are at least/,
    {},
    { latenessCount: 3_000, notSentCap: 1_000 },
  ],
  ['a request 900 µs late', 'lateness', 'good', /900 µs|0\.9 ms/, {}],
  [
    'one request 1.2 s late',
    'lateness',
    'caution',
    /up to 1\.2 s too long/,
    {},
    { latenessUs: { p50: 20, p99: 90, p999: 300, max: 1_200_000 } },
  ],
  [
    'two threads that sent',
    'threads',
    'good',
    /^2,500 requests \(busy 12 %\), 2,499 requests \(busy 9 %\)$/,
    {
      threads: [
        { launched: 2_500, busyRatio: 0.12 },
        { launched: 2_499, busyRatio: 0.09 },
      ],
    },
  ],
  [
    'a thread that ended early',
    'threads',
    'invalid',
    /1 of 2 sending threads ended early \(number 2: out of memory\): 40 of their requests were not sent/,
    {
      threads: [
        { launched: 2_500, busyRatio: 0.12 },
        { launched: 2_499, ended: { because: 'number 2: out of memory', lost: 40 } },
      ],
    },
  ],
];

for (const [what, id, state, text, facts, quality] of CASES) {
  test(`${what}: ${state}`, () => {
    const found = check(id, facts, quality);
    assert.equal(found.state, state, found.text);
    assert.match(found.text, text);
  });
}

test('one thread that sends is judged by the other checks alone', () => {
  const ids = probeChecks({ ...GOOD_QUALITY, instrument: GOOD_INSTRUMENT }).map(({ id }) => id);
  assert.ok(!ids.includes('threads'));
});

test('a good probe has no caution, and every check has its own name', () => {
  const checks = probeChecks({ ...GOOD_QUALITY, instrument: GOOD_INSTRUMENT });
  assert.deepEqual(
    checks.filter(({ state }) => state !== 'good'),
    [],
  );
  assert.equal(new Set(checks.map(({ id }) => id)).size, checks.length);
});

test('what makes a run worthless is a reason why it is not valid; a caution is none', () => {
  const lost = { ...GOOD_QUALITY, instrument: { ...GOOD_INSTRUMENT, books: { launched: 100, recorded: 50 } } };
  assert.equal(invalidChecks(lost).length, 1);
  assert.match(invalidReasons(lost).join(' '), /books do not balance/);
  assert.deepEqual(invalidReasons({ ...GOOD_QUALITY, instrument: { ...GOOD_INSTRUMENT, ...bias(20, 30_000) } }), []);
});

test('recordings from before these checks, and those without traffic, are judged as far as they go', () => {
  assert.deepEqual(
    probeChecks(GOOD_QUALITY).map(({ id, state }) => [id, state]),
    [
      ['lateness', 'good'],
      ['open-loop', 'good'],
    ],
  );
  assert.deepEqual(probeChecks(UNMEASURED_QUALITY), []);
});
